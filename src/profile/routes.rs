//! The profiles among which `orchestrate run auto` chooses.

use super::error::ProfileError;
use super::set::ProfileSet;

/// What stands in place of a profile's name where one is to be chosen.
pub const AUTO: &str = "auto";
/// The profile that chooses.
pub const ROUTER: &str = "router";

/// A profile that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub profile: String,
    /// What requests it suits, in one line.
    pub suits: String,
}

/// The profiles that have a route, by name, and what is wrong with those that could not be read: a
/// broken profile is in nobody's way.
#[must_use]
pub fn routes(set: &ProfileSet) -> (Vec<Route>, Vec<ProfileError>) {
    let (mut routes, mut broken) = (Vec::new(), Vec::new());
    for name in set.names() {
        match set.resolve(name, &[]) {
            Ok(resolved) => routes.extend(resolved.profile.route.map(|suits| Route {
                profile: name.to_owned(),
                suits,
            })),
            Err(error) => broken.push(error),
        }
    }
    (routes, broken)
}

/// The list as a router reads it: `name: what it suits`, one on each line.
#[must_use]
pub fn listed(routes: &[Route]) -> String {
    let lines: Vec<_> = routes
        .iter()
        .map(|route| format!("{}: {}", route.profile, route.suits))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::{Bases, Level, ProfileSet, Source};
    use super::*;

    fn set(files: &[(&str, Level, &str)]) -> ProfileSet {
        let source = |(name, level, text): &(&str, Level, &str)| Source {
            name: (*name).to_owned(),
            origin: format!("{name}.toml"),
            dir: "/".into(),
            level: *level,
            text: Ok((*text).to_owned()),
        };
        ProfileSet::new(files.iter().map(source).collect(), Bases::default())
    }

    #[test]
    fn a_route_belongs_to_one_name() {
        let set = set(&[
            ("a", Level::BuiltIn, "model = \"demo\"\nroute = \"short\""),
            ("a", Level::User, "max_tokens = 5"),
            ("b", Level::User, "extends = \"a\""),
            ("c", Level::User, "extends = \"a\"\nroute = \"long\""),
            ("d", Level::User, "nonsense"),
        ]);
        let (routes, broken) = routes(&set);
        assert_eq!(listed(&routes), "a: short\nc: long");
        assert_eq!(broken.len(), 1);
    }
}
