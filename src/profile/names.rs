//! Keys by the names that other tools have for them, for whoever reads the files of such tools.
//!
//! It is the same table that the messages follow: what they suggest for a name, an import takes
//! the name for.

use toml::Value;

use super::keys::{CONFIG, Found, Key, PROFILE, find, named, nearest_path};

/// The keys of one kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// A profile.
    Profile,
    /// `orchestrate.toml`.
    Config,
}

/// A key that a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyName {
    /// Its dotted path; a last part `*` stands for any name.
    pub path: &'static str,
    /// How good the name is: 0 is the key's own, higher ones are other tools'.
    pub rank: usize,
}

impl Keys {
    fn table(self) -> &'static [Key] {
        match self {
            Self::Profile => PROFILE,
            Self::Config => CONFIG,
        }
    }

    /// The key that is called `word`, by its own name without its table or by another name.
    #[must_use]
    pub fn named(self, word: &str) -> Option<KeyName> {
        let (key, rank) = named(self.table(), word)?;
        let path = key.path;
        Some(KeyName { path, rank })
    }

    /// The key of a dotted path, if there is one.
    #[must_use]
    pub fn at(self, path: &str) -> Option<&'static str> {
        match find(self.table(), path) {
            Found::Key(key) => Some(key.path),
            Found::Section | Found::Unknown(_) => None,
        }
    }

    /// The key that is spelt most like `word`, if one is near.
    #[must_use]
    pub fn nearest(self, word: &str) -> Option<&'static str> {
        nearest_path(self.table(), word)
    }

    /// Whether `word` is the name of a table with keys in it.
    #[must_use]
    pub fn is_section(self, word: &str) -> bool {
        matches!(find(self.table(), word), Found::Section)
    }

    /// Where a key stands in its file, as a number to sort by: keys without a table first, tables
    /// in the order of their first keys.
    #[must_use]
    pub fn order(self, path: &str) -> (usize, usize) {
        let keys = self.table();
        let last = keys.len();
        let Found::Key(key) = find(keys, path) else {
            return (last, last);
        };
        let place = |found: &dyn Fn(&Key) -> bool| keys.iter().position(found).unwrap_or(last);
        let section = key.path.rsplit_once('.').map_or(0, |(section, _)| {
            1 + place(&|other| {
                other
                    .path
                    .rsplit_once('.')
                    .is_some_and(|(of, _)| of == section)
            })
        });
        (section, place(&|other| other.path == key.path))
    }

    /// Checks a value against what its key takes.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment that names the key and what it takes.
    pub fn check(self, path: &str, value: &Value) -> Result<(), String> {
        let Found::Key(key) = find(self.table(), path) else {
            return Err(format!("there is no key \"{path}\""));
        };
        key.kind
            .check(path, value)
            .map_err(|misfit| match misfit.nearest {
                Some(nearest) => format!("{}; did you mean \"{nearest}\"?", misfit.what),
                None => misfit.what,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyName, Keys, PROFILE};

    #[test]
    fn a_key_is_found_by_its_own_and_by_other_names() {
        let found = |word| Keys::Profile.named(word).map(|name| (name.path, name.rank));
        assert_eq!(found("context"), Some(("context", 0)));
        assert_eq!(found("n_ctx").unwrap().0, "context");
        assert_eq!(found("top_k"), Some(("sampling.top_k", 0)));
        assert_eq!(found("environment"), Some(("environment.*", 0)));
        assert_eq!(found("variables"), Some(("prompt.variables.*", 0)));
        assert_eq!(found("*"), None);
        assert_eq!(found("prompt"), None);
        let path = "memory_budget";
        let budget = Some(KeyName { path, rank: 0 });
        assert_eq!(Keys::Config.named("memory_budget"), budget);
    }

    #[test]
    fn no_name_stands_for_two_keys() {
        for key in PROFILE {
            for name in key.also {
                let path = Keys::Profile.named(name).unwrap().path;
                assert_eq!(path, key.path, "{name}");
            }
        }
    }

    #[test]
    fn tables_come_last() {
        let mut paths: Vec<_> = PROFILE.iter().map(|key| key.path).collect();
        paths.sort_by_key(|path| Keys::Profile.order(path));
        let first_table = paths.iter().position(|path| path.contains('.')).unwrap();
        assert!(paths[first_table..].iter().all(|path| path.contains('.')));
        assert_eq!(paths[0], "description");
    }
}
