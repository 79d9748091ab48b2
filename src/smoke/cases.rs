//! The cases that there are: those in the binary, or those of a directory.

use std::io;
use std::path::{Path, PathBuf};

use super::SmokeError;
use super::case::Case;
use super::parse::parse;
use crate::profile::{Problem, Problems};
use crate::store::{Places, read_regular};

/// The cases in the binary, in the order in which they are run: what depends on least comes first.
pub(super) const EMBEDDED: [(&str, &str); 14] = [
    ("arguments", include_str!("../../smoke/arguments.toml")),
    ("starts", include_str!("../../smoke/starts.toml")),
    ("streams", include_str!("../../smoke/streams.toml")),
    ("token-limit", include_str!("../../smoke/token-limit.toml")),
    (
        "stop-sequence",
        include_str!("../../smoke/stop-sequence.toml"),
    ),
    ("grammar", include_str!("../../smoke/grammar.toml")),
    ("seed", include_str!("../../smoke/seed.toml")),
    ("timings", include_str!("../../smoke/timings.toml")),
    ("long-prompt", include_str!("../../smoke/long-prompt.toml")),
    (
        "corrupt-model",
        include_str!("../../smoke/corrupt-model.toml"),
    ),
    ("interrupted", include_str!("../../smoke/interrupted.toml")),
    ("frozen-load", include_str!("../../smoke/frozen-load.toml")),
    ("frozen", include_str!("../../smoke/frozen.toml")),
    ("own-model", include_str!("../../smoke/own-model.toml")),
];

/// Reads them: those of `dir`, in the order of their names, or those in the binary.
///
/// # Errors
/// When the directory cannot be read or has no case, or with everything that is wrong in the cases.
pub(super) fn read(dir: Option<&Path>, places: &Places) -> Result<Vec<Case>, SmokeError> {
    let Some(dir) = dir else {
        let texts = EMBEDDED.iter().map(|(name, text)| {
            let origin = format!("built-in smoke/{name}.toml");
            ((*name).to_owned(), origin, Ok((*text).to_owned()))
        });
        return parsed(texts.collect());
    };
    let unreadable = |source| SmokeError::Unreadable {
        path: dir.to_owned(),
        source,
    };
    let files = files_of(dir).map_err(unreadable)?;
    if files.is_empty() {
        return Err(SmokeError::NoCases {
            path: dir.to_owned(),
        });
    }
    let texts = files.iter().map(|path| {
        let text = read_regular(path).map_err(|error| format!("cannot be read: {error}"));
        let text = text.and_then(|bytes| {
            let not_text = |_| "is not UTF-8".to_owned();
            String::from_utf8(bytes).map_err(not_text)
        });
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        (name.into_owned(), places.shown(path), text)
    });
    parsed(texts.collect())
}

/// (name, file as people know it, its text or why there is none)
type Source = (String, String, Result<String, String>);

fn parsed(sources: Vec<Source>) -> Result<Vec<Case>, SmokeError> {
    let (mut cases, mut problems) = (Vec::new(), Vec::<Problem>::new());
    for (name, origin, text) in sources {
        match text {
            Ok(text) => match parse(&name, &origin, &text) {
                Ok(case) => cases.push(case),
                Err(wrong) => problems.extend(wrong.iter().cloned()),
            },
            Err(why) => problems.push(Problem::new(crate::profile::Place::file(origin), why)),
        }
    }
    Problems::none_of(problems)?;
    Ok(cases)
}

fn files_of(dir: &Path) -> io::Result<Vec<PathBuf>> {
    // So that a file is told as people would name it, wherever that is seen from.
    let dir = std::path::absolute(dir)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.extension().is_some_and(|ending| ending == "toml") && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
