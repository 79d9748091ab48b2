//! Models from the Hugging Face hub, into the cache that its own tools use.
//!
//! [`pull`] asks the hub for the files of a repository, chooses ([`choose`]), and fetches each into a
//! partial file that the next call goes on with; a file gets its name when its bytes have the SHA-256
//! that the hub tells, and never before. [`find`] looks into the cache alone. Nothing is fetched unless
//! [`pull`] is called.
//!
//! The transfer is `reqwest`'s. `hf-hub` (1.0) would know the hub, but neither goes on with a partial
//! file nor compares checksums, which are what this is for.

mod cache;
mod choose;
mod error;
mod fetch;
mod index;
mod settings;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use cache::find;
pub use choose::{ChooseError, DEFAULT_QUANT, choose};
pub use error::{FetchError, PullError};
pub use settings::{HubSettings, Patience, Token, cache_directory};

use crate::profile::HubModel;
use crate::units::Bytes;
use crate::vendor;
use cache::Repository;
use fetch::Fetcher;

/// What goes on during a pull, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullEvent {
    /// A step begins.
    Step(String),
    /// Bytes of the step that are done.
    Bytes {
        /// So far.
        done: u64,
        /// In all.
        total: u64,
    },
    /// Something went wrong and is tried again.
    Note(String),
}

/// What a pull has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The files, the first part first.
    pub files: Vec<PathBuf>,
    /// Their names in the repository.
    pub names: Vec<String>,
    /// Their size in bytes, all together.
    pub bytes: u64,
    /// How many of these were fetched by this call.
    pub fetched_bytes: u64,
    /// The commit they are of; `None` offline.
    pub commit: Option<String>,
}

/// Where events go.
pub type Report<'a> = &'a dyn Fn(PullEvent);

/// Whether the cache of this user has a model.
#[must_use]
pub fn is_cached(model: &HubModel) -> bool {
    HubSettings::from_environment().is_some_and(|hub| find(&hub.cache, model).is_some())
}

/// Sees to it that the cache has a model. Cancel safe: what has come stays, and the next call goes on.
///
/// # Errors
/// [`PullError`]; no file has its name then that was not verified.
pub async fn pull(
    settings: &HubSettings,
    model: &HubModel,
    report: Report<'_>,
) -> Result<Pulled, PullError> {
    if settings.is_offline {
        return from_cache(settings, model);
    }
    let fetcher = Fetcher::new(settings, report)?;
    report(PullEvent::Step(format!("asking {}", settings.endpoint)));
    let index = fetcher.index(model).await?;
    let names: Vec<&str> = index.files.iter().map(|file| file.name.as_str()).collect();
    let chosen = choose(&names, model.quant.as_deref()).map_err(|source| PullError::Choose {
        repository: model.repository(),
        source,
    })?;
    let files = chosen.iter().map(|name| index.file(name, model));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let repository = Repository::new(&settings.cache, model);
    require_room(settings, &repository, &files)?;
    let mut pulled = Pulled {
        files: Vec::new(),
        names: chosen.iter().map(|&name| name.to_owned()).collect(),
        bytes: sum(files.iter().map(|file| file.bytes)),
        fetched_bytes: 0,
        commit: Some(index.commit.clone()),
    };
    for file in &files {
        pulled.fetched_bytes += fetcher
            .blob(model, &index.commit, file, &repository)
            .await?;
    }
    // Only when all parts are there do they get their names.
    for file in &files {
        let path = repository.link(&index.commit, &file.name, &file.sha256);
        pulled
            .files
            .push(path.map_err(PullError::file("name", &settings.cache))?);
    }
    let noted = repository.set_main(&index.commit);
    noted.map_err(PullError::file("write to", &settings.cache))?;
    Ok(pulled)
}

fn from_cache(settings: &HubSettings, model: &HubModel) -> Result<Pulled, PullError> {
    let files = find(&settings.cache, model).ok_or_else(|| PullError::Offline {
        model: model.clone(),
        cache: settings.cache.clone(),
    })?;
    let sizes = files
        .iter()
        .map(|file| std::fs::metadata(file).map_or(0, |file| file.len()));
    let name = |file: &PathBuf| {
        file.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    Ok(Pulled {
        bytes: sizes.sum(),
        names: files.iter().map(name).collect(),
        files,
        fetched_bytes: 0,
        commit: None,
    })
}

/// A hub may say whatever it likes of a size.
fn sum(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

/// Compares what is still to come with what is free.
fn require_room(
    settings: &HubSettings,
    repository: &Repository,
    files: &[&index::RemoteFile],
) -> Result<(), PullError> {
    let length = |path: PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    let missing = files.iter().map(|file| {
        if length(repository.blob(&file.sha256)) == file.bytes {
            return 0;
        }
        file.bytes
            .saturating_sub(length(repository.incomplete(&file.sha256)))
    });
    let needed = sum(missing);
    let free = vendor::free_space(&settings.cache);
    let free = free.map_err(PullError::file("look for free space at", &settings.cache))?;
    if needed > free {
        return Err(PullError::NoSpace {
            cache: settings.cache.clone(),
            needed: Bytes(needed),
            free: Bytes(free),
        });
    }
    Ok(())
}
