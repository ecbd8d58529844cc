//! Tables and the page, out of the record.

use std::fmt::Write as _;

use super::Section;
use super::record::{
    Bound, Clock, Figure, Group, Machine, Record, Section as Recorded, Target, Unit,
};

/// What is said before all sections.
const HEAD: &str = include_str!("../../text/head.md");

/// One line on a group that was just measured.
pub fn line(group: &Group) -> String {
    let one = |measured: &super::record::Measured| {
        let median = measured.median(group.clock());
        format!("{} {}", measured.name, amount(group.unit, median))
    };
    let all: Vec<String> = group.contenders.iter().map(one).collect();
    format!("{}, {}: {}", group.table, group.row, all.join(", "))
}

/// The page: every section that was measured, in the order of `sections`.
pub fn page(sections: &[Section], record: &Record) -> String {
    let mut out = format!("{}\n", HEAD.trim_end());
    let measured = sections
        .iter()
        .filter_map(|section| Some((section, record.sections.get(section.name)?)));
    let measured: Vec<(&Section, &Recorded)> = measured.collect();
    out.push_str("\n| section | held | missed |\n|---|--:|--:|\n");
    for (section, recorded) in &measured {
        let verdicts = recorded.verdicts();
        let held = verdicts.iter().filter(|held| **held).count();
        let anchor = section.title.to_lowercase().replace(' ', "-");
        let anchor: String = anchor
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == '-')
            .collect();
        let _ = writeln!(
            out,
            "| [{}](#{anchor}) | {held} | {} |",
            section.title,
            verdicts.len() - held
        );
    }
    for (section, recorded) in measured {
        out.push_str(&section_text(section, recorded));
    }
    out
}

/// A section: its prose, where it was measured, its tables and plots.
pub fn section_text(section: &Section, recorded: &Recorded) -> String {
    let mut out = format!(
        "\n## {}\n\n{}\n\n{}\n",
        section.title,
        section.text.trim(),
        place(&recorded.machine)
    );
    out.push_str(&tables(recorded));
    for plot in (section.plots)(recorded) {
        let _ = write!(
            out,
            "\n![{}](benches/plots/{}.svg)\n",
            plot.title, plot.file
        );
    }
    out
}

/// A section's tables.
pub fn tables(recorded: &Recorded) -> String {
    let mut out = String::new();
    for (title, groups) in recorded.tables() {
        let _ = write!(out, "\n### {title}\n\n{}", contenders(&groups));
        let asked = targets(&groups);
        if !asked.is_empty() {
            let _ = write!(out, "\n{asked}");
        }
    }
    for (title, figures) in recorded.figure_tables() {
        let _ = write!(out, "\n### {title}\n\n{}", figure_table(&figures));
    }
    for note in &recorded.notes {
        let _ = write!(out, "\n{note}\n");
    }
    out
}

fn place(machine: &Machine) -> String {
    let Machine {
        date,
        processor,
        processors,
        kernel,
        compiler,
        load,
        commit,
        versions,
        quick,
    } = machine;
    let versions: Vec<String> = versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let quick = if *quick { ", **a quick look**" } else { "" };
    format!(
        "<sub>Measured {date} at commit {commit}{quick}: {processors} processors, {processor}; {kernel}; \
        {compiler}; load {load} before. {}.</sub>",
        versions.join(", ")
    )
}

/// A row for each group, a column for each contender.
fn contenders(groups: &[&Group]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for contender in groups.iter().flat_map(|group| &group.contenders) {
        if !names.contains(&contender.name.as_str()) {
            names.push(&contender.name);
        }
    }
    let mut rows = vec![header("", &names)];
    for group in groups {
        let cell = |name: &&str| {
            let Some(measured) = group.contender(name) else {
                return "–".to_owned();
            };
            let mut cell = amount(group.unit, measured.median(group.clock()));
            if let Some(memory) = measured.memory {
                let _ = write!(cell, ", {:.0} MiB", memory as f64 / f64::from(1 << 20));
            }
            cell
        };
        let mut row = vec![group.row.clone()];
        row.extend(names.iter().map(cell));
        rows.push(row);
    }
    table(&rows)
}

fn header(first: &str, rest: &[&str]) -> Vec<String> {
    std::iter::once(&first)
        .chain(rest)
        .map(|cell| (*cell).to_owned())
        .collect()
}

fn targets(groups: &[&Group]) -> String {
    let mut rows = vec![header(
        "ratio",
        &["of", "median (quartiles)", "rounds", "target", ""],
    )];
    for group in groups {
        for target in &group.targets {
            rows.push(target_row(group, target));
        }
    }
    if rows.len() == 1 {
        String::new()
    } else {
        table(&rows)
    }
}

fn target_row(group: &Group, target: &Target) -> Vec<String> {
    let clock = if target.clock == Clock::Wall {
        ", time that passes"
    } else {
        ""
    };
    let what = format!("{} / {}{clock}", target.ours, target.over);
    let rounds = group
        .contender(&target.ours)
        .map_or(0, |measured| measured.cpu.len());
    let (ratio, verdict) = match group.ratio(target) {
        Some(ratio) => {
            let (low, high) = ratio.quartiles;
            let text = format!("{} ({} – {})", short(ratio.median), short(low), short(high));
            (text, verdict(target.bound, ratio.median))
        }
        None => ("not measured".to_owned(), ""),
    };
    vec![
        what,
        group.row.clone(),
        ratio,
        rounds.to_string(),
        bound(target.bound),
        verdict.to_owned(),
    ]
}

fn figure_table(figures: &[&Figure]) -> String {
    if figures.iter().all(|figure| figure.bound == Bound::None) {
        return across(figures);
    }
    let mut rows = vec![header("", &["what", "value", "target", ""])];
    for figure in figures {
        let value = format!("{} {}", short(figure.value), figure.unit);
        let verdict = verdict(figure.bound, figure.value).to_owned();
        rows.push(vec![
            figure.row.clone(),
            figure.name.clone(),
            value,
            bound(figure.bound),
            verdict,
        ]);
    }
    table(&rows)
}

/// Figures of which nothing is asked: a row for each row, a column for each name.
fn across(figures: &[&Figure]) -> String {
    let (mut rows, mut names): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for figure in figures {
        if !rows.contains(&&*figure.row) {
            rows.push(&figure.row);
        }
        if !names.contains(&&*figure.name) {
            names.push(&figure.name);
        }
    }
    let cell = |row: &str, name: &str| {
        let found = figures.iter().find(|f| f.row == row && f.name == name);
        found.map_or_else(
            || "–".to_owned(),
            |f| format!("{} {}", short(f.value), f.unit),
        )
    };
    let line = |row: &&str| {
        let cells = names.iter().map(|name| cell(row, name).trim().to_owned());
        std::iter::once((*row).to_owned()).chain(cells).collect()
    };
    let lines: Vec<Vec<String>> = std::iter::once(header("", &names))
        .chain(rows.iter().map(line))
        .collect();
    table(&lines)
}

fn verdict(bound: Bound, value: f64) -> &'static str {
    match bound.held(value) {
        Some(true) => "held",
        Some(false) => "**missed**",
        None => "",
    }
}

fn bound(bound: Bound) -> String {
    match bound {
        Bound::AtMost(most) => format!("≤ {}", short(most)),
        Bound::AtLeast(least) => format!("≥ {}", short(least)),
        Bound::None => String::new(),
    }
}

/// The time of a call in a unit that suits it, or how much goes through in a second.
pub fn amount(unit: Unit, seconds: f64) -> String {
    match unit {
        Unit::Bytes(bytes) => format!(
            "{:.2} GB/s ({})",
            bytes as f64 / seconds / 1e9,
            time(seconds)
        ),
        Unit::Call => time(seconds),
    }
}

fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    format!("{} {unit}", short(value))
}

/// Three digits that count.
fn short(value: f64) -> String {
    let text = match value.abs() {
        v if v >= 99.95 => return thousands(value),
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.0995 || v == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("-{out}") } else { out }
}

/// A Markdown table whose columns are as wide as what is in them, so that it reads on a terminal as well.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let wide = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    };
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "| {cell:width$} ");
        }
        out.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(out, "|{:-<width$}", "", width = width + 2);
            }
            out.push_str("|\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases = [
            (0.0, "0"),
            (0.0123, "0.012"),
            (1.05, "1.05"),
            (0.8, "0.8"),
            (12.34, "12.3"),
        ];
        for (value, text) in
            cases
                .into_iter()
                .chain([(100.0, "100"), (1_234_567.0, "1,234,567"), (10.0, "10")])
        {
            assert_eq!(short(value), text);
        }
        assert_eq!(time(0.000_012_3), "12.3 µs");
        assert_eq!(amount(Unit::Bytes(2_000_000_000), 1.0), "2.00 GB/s (1 s)");
    }

    #[test]
    fn tables_are_aligned() {
        let rows = vec![header("a", &["b"]), header("long one", &["c"])];
        assert_eq!(
            table(&rows),
            "| a        | b   |\n|----------|-----|\n| long one | c   |\n"
        );
    }

    /// Where nothing is asked, figures stand beside each other.
    #[test]
    fn figures_without_bounds() {
        let figure = |row: &str, name: &str, bound| Figure {
            table: String::new(),
            row: row.to_owned(),
            x: 0.0,
            name: name.to_owned(),
            value: 1.5,
            unit: "s".to_owned(),
            bound,
        };
        let all = [
            figure("a", "x", Bound::None),
            figure("b", "y", Bound::None),
            figure("c", "x", Bound::AtMost(2.0)),
        ];
        let free: Vec<&Figure> = all[..2].iter().collect();
        let text = figure_table(&free);
        assert_eq!(
            text.lines().nth(2),
            Some("| a   | 1.5 s | –     |"),
            "{text}"
        );
        let every: Vec<&Figure> = all.iter().collect();
        assert!(figure_table(&every).contains("held"));
    }

    #[test]
    fn verdicts() {
        assert_eq!(verdict(Bound::AtMost(1.0), 1.0), "held");
        assert_eq!(verdict(Bound::AtMost(1.0), 1.01), "**missed**");
        assert_eq!(verdict(Bound::AtLeast(2.0), 1.0), "**missed**");
        assert_eq!(verdict(Bound::None, 1.0), "");
    }
}
