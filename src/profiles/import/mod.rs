//! `profiles import`: the JSON of an older launcher as profiles and `orchestrate.toml`.
//!
//! [`convert`](convert::convert) does the work without reading or writing anything; here is what is
//! around it: reading the one file, looking for the others, and writing them all or none.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `convert` | the whole: models → drafts of files |
//! | `entries` | the members of an object → keys with values |
//! | `words` | a word → the key it stands for |
//! | `value` | a JSON value → one that fits its key |
//! | `template` | `{prompt}` → `{{prompt}}` |
//! | `names` | names of models → names of profiles |
//! | `settle` | drafts held against the rules; what these refuse is left out |
//! | `surroundings` | where things are |
//! | `report` | what was left out, and notes |
//! | `source` | reading the JSON |
//! | `output` | writing the files, and telling it |

mod convert;
mod entries;
mod names;
mod output;
mod report;
mod settle;
mod source;
mod surroundings;
mod template;
#[cfg(test)]
mod tests;
mod value;
mod words;

use std::io::Write;
use std::path::PathBuf;

use super::{ProfilesError, new};
use crate::exit::Exit;
use crate::store::Places;
use convert::Conversion;
use output::Planned;
use surroundings::Surroundings;

/// An older configuration to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The JSON file, relative to the current directory; `-` is standard input.
    pub from: PathBuf,
    /// Replace files that are there.
    pub force: bool,
    /// Write nothing, and show what would be written.
    pub dry_run: bool,
    /// Tell it as JSON.
    pub json: bool,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The older file cannot be read.
    #[error("failed to read {name}: {source}")]
    Unreadable {
        /// The file as it was named.
        name: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The older file is no text.
    #[error("{name}: not valid UTF-8 at byte {at}")]
    NotUtf8 {
        /// The file as it was named.
        name: String,
        /// Bytes before the first that is wrong.
        at: usize,
    },
    /// The older file is no JSON.
    #[error("{name}:{line}:{column}: no JSON: {reason}")]
    NotJson {
        /// The file as it was named.
        name: String,
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
        /// What was wrong.
        reason: String,
    },
    /// There is nothing in it that could be carried over.
    #[error(
        "nothing to import from {0}: no model could become a profile; it needs \
         {{\"models\": {{\"NAME\": {{\"path\": \"FILE.gguf\"}}}}}}"
    )]
    Nothing(String),
    /// Some of the new files are there already.
    #[error("{}", exist(.0))]
    Exist(Vec<String>),
}

fn exist(files: &[String]) -> String {
    let (are, them) = if files.len() == 1 {
        ("is", "it")
    } else {
        ("are", "them")
    };
    format!(
        "{} {are} there already, so nothing was written; --force replaces {them}",
        files.join(", ")
    )
}

impl ImportError {
    /// The exit code that tells a script: what the command line names wrongly is a usage error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Unreadable { .. } | Self::Exist(_) => Exit::Usage,
            Self::NotUtf8 { .. } | Self::NotJson { .. } | Self::Nothing(_) => Exit::Configuration,
        }
    }
}

impl Import {
    /// Reads the older file and writes the new ones, where [`super::NewProfile`] writes too.
    pub(super) fn execute(
        &self,
        places: &Places,
        out: &mut dyn Write,
    ) -> Result<(), ProfilesError> {
        let read = source::read(&self.from, places)?;
        let (profiles, level) = new::target(places);
        let around = Surroundings {
            source: read.file_name,
            base: read.base,
            places,
            level,
            has_schema: profiles.join("profile.schema.json").is_file(),
            profiles,
        };
        let conversion = convert::convert(&read.json, &places.profiles()?, &around);
        let models = read.json.get("models").is_some();
        let Conversion { files, mut report } = conversion;
        let without_profile = !files
            .iter()
            .any(|file| matches!(file.what, convert::What::Profile(_)));
        let nothing = files.is_empty() || (models && without_profile);
        let planned = if nothing {
            Vec::new()
        } else {
            Planned::all(files, &around, &mut report)
        };
        let there: Vec<String> = planned
            .iter()
            .filter(|planned| planned.exists)
            .map(|planned| planned.shown.clone())
            .collect();
        let refused = !there.is_empty() && !self.force;
        if nothing {
            output::tell(self, &planned, &report, out)?;
            return Err(ImportError::Nothing(read.name).into());
        }
        if !self.dry_run && !refused {
            output::write(&planned, &around)?;
        }
        if self.dry_run || !refused {
            output::tell(self, &planned, &report, out)?;
        }
        if refused {
            return Err(ImportError::Exist(there).into());
        }
        Ok(())
    }
}
