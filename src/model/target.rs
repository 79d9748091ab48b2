//! Which model is meant: a file, a profile's, or one that orchestrate brings along.

use std::path::Path;

use crate::exit::Exit;
use crate::profile::{HubModel, ModelRef, NotAHubModel, ProfileError, ProfileSet};
use crate::store::{ConfigError, DEMO, Places};

/// Why a word names no model.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It is neither a file nor a profile.
    #[error(
        "failed to find \"{word}\": it is neither a file nor a profile; give the path of a GGUF file, \
         or a name of `orchestrate profiles list`"
    )]
    Neither {
        /// The word.
        word: String,
    },
    /// It begins like the name of a model on the hub.
    #[error("failed to understand \"{word}\": {source}")]
    Hub {
        /// The word.
        word: String,
        /// The form that it should have.
        source: NotAHubModel,
    },
    /// The profile is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Configuration cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl TargetError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Neither { .. } => Exit::Model,
            Self::Hub { .. } => Exit::Usage,
            Self::Profile(error) => error.exit(),
            Self::Config(_) => Exit::Configuration,
        }
    }
}

/// Finds what a word on the command line means: a model of the hub (`hf:…`), a path (with a slash or the
/// ending `.gguf`), a profile, the embedded model, or a file of the current directory, in this order.
///
/// # Errors
/// [`TargetError`] where it is none of these, or a profile that is wrong.
pub fn resolve(word: &str, places: &Places) -> Result<ModelRef, TargetError> {
    if let Some(named) = HubModel::parse(word) {
        return named.map(ModelRef::Hub).map_err(|source| TargetError::Hub {
            word: word.to_owned(),
            source,
        });
    }
    let file = || ModelRef::File(Path::new(word).to_owned());
    if word.contains('/') || word.to_lowercase().ends_with(".gguf") {
        return Ok(file());
    }
    let profiles = places.profiles()?;
    if is_profile(&profiles, word) {
        return Ok(profiles.resolve(word, &[])?.profile.model);
    }
    if word == DEMO {
        return Ok(ModelRef::BuiltIn(word.to_owned()));
    }
    if Path::new(word).exists() {
        return Ok(file());
    }
    Err(TargetError::Neither {
        word: word.to_owned(),
    })
}

fn is_profile(profiles: &ProfileSet, word: &str) -> bool {
    profiles.names().any(|name| name == word)
}
