//! Which key a word of the older file stands for, and in which unit its number is.

use crate::profile::Keys;

/// The unit that a word names, as `timeout_ms` does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// None.
    Unsaid,
    /// So many seconds.
    Seconds(f64),
    /// A unit of memory, as [`crate::units::Bytes`] reads it.
    Memory(&'static str),
}

/// A key that a word stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Meant {
    /// The key's path; a last part `*` stands for any name.
    pub(super) key: &'static str,
    /// How good the word is: 0 is the key's own name.
    pub(super) rank: usize,
    pub(super) unit: Unit,
}

const TIMES: &[(&str, f64)] = &[
    ("_ms", 0.001),
    ("_milliseconds", 0.001),
    ("_s", 1.0),
    ("_sec", 1.0),
    ("_secs", 1.0),
    ("_seconds", 1.0),
    ("_min", 60.0),
    ("_minutes", 60.0),
];

const MEMORIES: &[(&str, &str)] = &[
    ("_bytes", "B"),
    ("_kb", "kB"),
    ("_mb", "MB"),
    ("_gb", "GB"),
    ("_kib", "KiB"),
    ("_mib", "MiB"),
    ("_gib", "GiB"),
];

/// The key that a word stands for, also written as `contextSize` or `context-size`.
pub(super) fn meant(keys: Keys, word: &str) -> Option<Meant> {
    exactly(keys, word).or_else(|| exactly(keys, &snake_case(word)))
}

/// What to say about a word that stands for no key.
pub(super) fn unknown(keys: &[Keys], word: &str) -> String {
    let place = match keys {
        [Keys::Profile] => "in a profile",
        _ => "in a profile or in orchestrate.toml",
    };
    let nearest = keys.iter().find_map(|keys| keys.nearest(&snake_case(word)));
    let meant = nearest.map_or_else(String::new, |key| format!("; did you mean \"{key}\"?"));
    format!("there is no such key {place}{meant}")
}

fn exactly(keys: Keys, word: &str) -> Option<Meant> {
    if let Some(name) = keys.named(word) {
        return Some(Meant {
            key: name.path,
            rank: name.rank,
            unit: Unit::Unsaid,
        });
    }
    let times = TIMES
        .iter()
        .map(|(suffix, seconds)| (*suffix, Unit::Seconds(*seconds)));
    let memories = MEMORIES
        .iter()
        .map(|(suffix, unit)| (*suffix, Unit::Memory(unit)));
    times.chain(memories).find_map(|(suffix, unit)| {
        let name = keys.named(word.strip_suffix(suffix)?)?;
        let fits = match unit {
            Unit::Seconds(_) => name.path.starts_with("limits."),
            Unit::Memory(_) => name.path == "memory_budget",
            Unit::Unsaid => false,
        };
        fits.then_some(Meant {
            key: name.path,
            rank: name.rank,
            unit,
        })
    })
}

fn snake_case(word: &str) -> String {
    let mut text = String::new();
    for c in word.chars() {
        match c {
            '-' | ' ' => text.push('_'),
            c if c.is_ascii_uppercase() => {
                if text.ends_with(|last: char| last.is_ascii_lowercase()) {
                    text.push('_');
                }
                text.push(c.to_ascii_lowercase());
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Keys, Unit, meant, unknown};

    #[test]
    fn words_are_known_with_their_units() {
        let profile = |word| meant(Keys::Profile, word).map(|meant| (meant.key, meant.unit));
        for word in ["context_size", "contextSize", "context-size", "n_ctx"] {
            assert_eq!(profile(word), Some(("context", Unit::Unsaid)), "{word}");
        }
        let timeout = |seconds| Some(("limits.timeout", Unit::Seconds(seconds)));
        assert_eq!(profile("timeout_seconds"), timeout(1.0));
        assert_eq!(profile("timeoutMs"), timeout(0.001));
        assert_eq!(profile("context_mb"), None);
        let config = |word| meant(Keys::Config, word).map(|meant| (meant.key, meant.unit));
        let budget = |unit| Some(("memory_budget", Unit::Memory(unit)));
        assert_eq!(config("memory_budget_mb"), budget("MB"));
        assert_eq!(config("memory_limit_gib"), budget("GiB"));
        assert_eq!(config("default_model").unwrap().0, "default_profile");
        assert_eq!(config("llama_cpp_path").unwrap().0, "llama_dir");
    }

    #[test]
    fn an_unknown_word_gets_the_nearest_key() {
        assert_eq!(
            unknown(&[Keys::Profile], "temprature"),
            "there is no such key in a profile; did you mean \"sampling.temperature\"?"
        );
        assert_eq!(
            unknown(&[Keys::Profile], "owner"),
            "there is no such key in a profile"
        );
    }
}
