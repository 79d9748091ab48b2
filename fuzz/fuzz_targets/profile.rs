//! Whatever a profile, an override or `orchestrate.toml` says: nothing panics, and it is a profile or a
//! list of problems; a profile that was shown as a file is the same when that file is read.
#![no_main]

use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use orchestrate::profile::{Bases, Config, Level, Override, ProfileSet, Source, parse_variable};

const NAME: &str = "fuzzed";
/// What an override begins with.
const SET: &str = "#set ";

fn source(text: &str) -> Source {
    Source {
        name: NAME.to_owned(),
        origin: format!("profiles/{NAME}.toml"),
        dir: PathBuf::from("/profiles"),
        level: Level::Project,
        text: Ok(text.to_owned()),
    }
}

fn set(text: &str) -> ProfileSet {
    let bases = Bases {
        home: Some(PathBuf::from("/home/user")),
        current: PathBuf::from("/current"),
    };
    ProfileSet::new(vec![source(text)], bases)
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let overrides: Vec<Override> = text
        .lines()
        .filter_map(|line| line.strip_prefix(SET)?.split_once('='))
        .map(|(key, value)| Override::new("--set", key, value))
        .collect();
    let _ = parse_variable(&text);
    let home = Path::new("/home/user");
    if let Err(problems) = Config::read(vec![source(&text)], Some(home)) {
        assert!(!problems.to_string().is_empty());
    }
    match set(&text).resolve(NAME, &overrides) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(resolved) => {
            let shown = resolved.to_toml();
            let profile = resolved.profile;
            // What it means is not looked at: a template may well loop for as long as its author likes.
            let _ = profile.prompt.used();
            let again = set(&shown).resolve(NAME, &[]);
            let again = again.unwrap_or_else(|error| panic!("{error}\n{shown}"));
            assert_eq!(again.profile, profile, "{shown}");
        }
    }
});
