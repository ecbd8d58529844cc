//! Names of functions and tests: paths, and the ends of paths that stand for one of them.

/// The path of a function: `module::function` or `module::Type::function`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Without the modules that are private: an item of theirs is reached by what the module around them
    /// exports, wherever its file is.
    pub public: String,
    /// With every module.
    pub full: String,
}

impl Name {
    /// Is `end` this path, or the last of its parts?
    fn ends_with(&self, end: &str) -> bool {
        let ends = |path: &str| {
            let before = path.strip_suffix(end);
            before.is_some_and(|before| before.is_empty() || before.ends_with("::"))
        };
        ends(&self.public) || ends(&self.full)
    }
}

/// The place of the one name that ends with `end`.
///
/// # Errors
/// If there is none, or more than one: with those that it could be.
pub fn resolve<'n>(
    what: &str,
    end: &str,
    names: impl Iterator<Item = &'n Name> + Clone,
) -> Result<usize, String> {
    let list = |names: &[&Name]| {
        let names: Vec<&str> = names.iter().map(|name| name.full.as_str()).collect();
        names.join(", ")
    };
    let fits = |name: &&Name| name.ends_with(end);
    match &*names.clone().filter(fits).collect::<Vec<_>>() {
        [_] => Ok(names.clone().take_while(|name| !fits(name)).count()),
        [] => {
            let (parent, last) = end.rsplit_once("::").unwrap_or(("", end));
            let alike = names.clone().filter(|name| name.ends_with(last));
            let mut alike: Vec<&Name> = alike.collect();
            if alike.is_empty() {
                let beside = |name: &str| {
                    let of = name.rsplit_once("::").map_or("", |(of, _)| of);
                    !parent.is_empty() && of.ends_with(parent)
                };
                alike = names.filter(|name| beside(&name.public)).collect();
            }
            Err(match &*alike {
                [] => format!("there is no {what} {end}"),
                alike => format!("there is no {what} {end}; there are {}", list(alike)),
            })
        }
        several => Err(format!("{what} {end} is one of {}", list(several))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_names_one_function() {
        let name = |public: &str, full: &str| Name {
            public: public.to_owned(),
            full: full.to_owned(),
        };
        let names = [
            name("clip::open", "clip::manifest::open"),
            name("announcement::open", "stream::announcement::open"),
            name(
                "owner::Owner::share",
                "device::owner::sharing::Owner::share",
            ),
        ];
        let found = |end| resolve("function", end, names.iter());
        assert_eq!(found("clip::open"), Ok(0));
        assert_eq!(found("manifest::open"), Ok(0));
        assert_eq!(found("Owner::share"), Ok(2));
        assert_eq!(found("owner::Owner::share"), Ok(2));
        let ambiguous = "function open is one of clip::manifest::open, stream::announcement::open";
        assert_eq!(found("open"), Err(ambiguous.to_owned()));
        let missing =
            "there is no function Phone::share; there are device::owner::sharing::Owner::share";
        assert_eq!(found("Phone::share"), Err(missing.to_owned()));
        let missing =
            "there is no function Owner::sell; there are device::owner::sharing::Owner::share";
        assert_eq!(found("Owner::sell"), Err(missing.to_owned()));
        assert_eq!(
            found("wner::share"),
            Err(
                "there is no function wner::share; there are device::owner::sharing::Owner::share"
                    .to_owned()
            )
        );
        assert_eq!(found("sell"), Err("there is no function sell".to_owned()));
    }
}
