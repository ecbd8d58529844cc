//! Plots as SVG, out of the record.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

use super::record::{Clock, Group};

/// A drawing of lines over an axis.
pub struct Plot {
    /// Its file's name, without `.svg`.
    pub file: &'static str,
    /// What it shows.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines: each with a name and its points.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

pub struct Axis {
    /// What it is, with its unit.
    pub label: &'static str,
    /// In powers of ten?
    pub logarithmic: bool,
}

impl Axis {
    /// An axis in equal steps, from zero.
    pub fn linear(label: &'static str) -> Self {
        Self {
            label,
            logarithmic: false,
        }
    }

    /// An axis in powers of ten.
    pub fn logarithmic(label: &'static str) -> Self {
        Self {
            label,
            logarithmic: true,
        }
    }
}

/// One line for each contender of these groups: over `x`, what `y` makes of the median time in seconds.
pub fn lines(
    groups: &[&Group],
    clock: Clock,
    y: impl Fn(&Group, f64) -> f64,
) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut lines: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for group in groups {
        for contender in &group.contenders {
            let point = (group.x, y(group, contender.median(clock)));
            match lines.iter_mut().find(|(name, _)| *name == contender.name) {
                Some((_, points)) => points.push(point),
                None => lines.push((contender.name.clone(), vec![point])),
            }
        }
    }
    lines
}

const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
    RGBColor(160, 60, 60),
];

/// Draws into `folder`. A plot without points is not drawn.
///
/// # Errors
/// If the file cannot be written.
pub fn draw(folder: &Path, plot: &Plot) -> Result<()> {
    let points = || plot.lines.iter().flat_map(|(_, points)| points).copied();
    if points().next().is_none() {
        return Ok(());
    }
    let x = range(points().map(|point| point.0), plot.x.logarithmic);
    let y = range(points().map(|point| point.1), plot.y.logarithmic);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (760, 440)).into_drawing_area();
        let drawn = match (plot.x.logarithmic, plot.y.logarithmic) {
            (false, false) => onto(&area, plot, x, y),
            (true, false) => onto(&area, plot, x.log_scale(), y),
            (false, true) => onto(&area, plot, x, y.log_scale()),
            (true, true) => onto(&area, plot, x.log_scale(), y.log_scale()),
        };
        drawn.with_context(|| format!("drawing {}", plot.file))?;
    }
    std::fs::create_dir_all(folder)?;
    let path = folder.join(plot.file).with_extension("svg");
    super::super::write_whole(&path, &text)
}

fn onto<X, Y>(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    plot: &Plot,
    x: X,
    y: Y,
) -> Result<()>
where
    X: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
    Y: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let failed = |why: DrawingAreaErrorKind<_>| anyhow!("{why}");
    area.fill(&WHITE).map_err(failed)?;
    let mut chart = ChartBuilder::on(area)
        .caption(&plot.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(68)
        .build_cartesian_2d(x, y)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc(plot.x.label)
        .y_desc(plot.y.label)
        .x_label_formatter(&|value| number(*value))
        .y_label_formatter(&|value| number(*value))
        .draw()
        .map_err(failed)?;
    for ((name, points), colour) in plot.lines.iter().zip(COLOURS.iter().cycle()) {
        let line = LineSeries::new(points.clone(), colour.stroke_width(2)).point_size(3);
        chart
            .draw_series(line)
            .map_err(failed)?
            .label(name)
            .legend(move |(x, y)| {
                PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2))
            });
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()
        .map_err(failed)?;
    area.present().map_err(failed)
}

/// From the least to the greatest, with some room; an axis in equal steps starts at zero.
fn range(values: impl Iterator<Item = f64>, logarithmic: bool) -> std::ops::Range<f64> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match logarithmic {
        true => (least / 1.3)..(most * 1.3),
        false => 0.0..(most * 1.1).max(f64::MIN_POSITIVE),
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1e9 => format!("{}G", value / 1e9),
        v if v >= 1e6 => format!("{}M", value / 1e6),
        v if v >= 1e3 => format!("{}k", value / 1e3),
        v if v >= 0.01 || v == 0.0 => format!("{}", (value * 1e4).round() / 1e4),
        _ => format!("{value:.0e}"),
    }
}
