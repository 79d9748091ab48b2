//! Hugging Face's cache, as `huggingface_hub` lays it out, so that its tools and ours share what was
//! fetched once:
//!
//! ```text
//! models--OWNER--REPO/blobs/SHA256                    the bytes; SHA256.incomplete while they come
//! models--OWNER--REPO/snapshots/COMMIT/NAME.gguf      a link to them
//! models--OWNER--REPO/refs/main                       the commit that was the latest
//! ```

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::choose::choose;
use crate::profile::HubModel;

/// How deep files lie in a snapshot: some repositories have a directory for each quantisation.
const DEPTH: usize = 3;

/// The files of a model that the cache has, the first part first; `None` where it has not all of them.
#[must_use]
pub fn find(cache: &Path, model: &HubModel) -> Option<Vec<PathBuf>> {
    let repository = Repository::new(cache, model);
    repository.snapshots().into_iter().find_map(|snapshot| {
        let mut names = Vec::new();
        collect(&snapshot, "", DEPTH, &mut names);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let chosen = choose(&names, model.quant.as_deref()).ok()?;
        Some(chosen.into_iter().map(|name| snapshot.join(name)).collect())
    })
}

fn collect(directory: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // Follows links: one whose bytes are gone is no file.
        let Ok(metadata) = fs::metadata(entry.path()) else {
            continue;
        };
        let name = format!("{prefix}{name}");
        if metadata.is_file() {
            names.push(name);
        } else if depth > 1 {
            collect(&entry.path(), &format!("{name}/"), depth - 1, names);
        }
    }
}

/// The directory of one repository.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    root: PathBuf,
    locks: PathBuf,
}

impl Repository {
    pub(super) fn new(cache: &Path, model: &HubModel) -> Self {
        let name = format!("models--{}--{}", model.owner, model.repo);
        Self {
            root: cache.join(&name),
            locks: cache.join(".locks").join(name),
        }
    }

    pub(super) fn blob(&self, sha256: &str) -> PathBuf {
        self.root.join("blobs").join(sha256)
    }

    /// Where a blob is collected. `huggingface_hub` goes on with it too.
    pub(super) fn incomplete(&self, sha256: &str) -> PathBuf {
        self.root.join("blobs").join(format!("{sha256}.incomplete"))
    }

    /// What is locked (`flock`) while a blob comes, by us as by `huggingface_hub`.
    pub(super) fn lock(&self, sha256: &str) -> PathBuf {
        self.locks.join(format!("{sha256}.lock"))
    }

    /// Gives a blob its name in a snapshot.
    pub(super) fn link(&self, commit: &str, name: &str, sha256: &str) -> io::Result<PathBuf> {
        let path = self.root.join("snapshots").join(commit).join(name);
        // From snapshots/COMMIT/… up to the repository.
        let up = "../".repeat(2 + name.matches('/').count());
        let target = PathBuf::from(format!("{up}blobs/{sha256}"));
        if fs::read_link(&path).is_ok_and(|there| there == target) {
            return Ok(path);
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(target, &path)?;
        Ok(path)
    }

    /// Notes the latest commit.
    pub(super) fn set_main(&self, commit: &str) -> io::Result<()> {
        let refs = self.root.join("refs");
        fs::create_dir_all(&refs)?;
        let mut file = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(&refs)?;
        io::Write::write_all(&mut file, commit.as_bytes())?;
        file.persist(refs.join("main"))
            .map_err(|error| error.error)?;
        Ok(())
    }

    /// All snapshots, the latest known commit first, then the newest.
    fn snapshots(&self) -> Vec<PathBuf> {
        let main = fs::read_to_string(self.root.join("refs/main")).unwrap_or_default();
        let entries = fs::read_dir(self.root.join("snapshots"));
        let mut found: Vec<_> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| {
                let is_main = entry.file_name() == main.trim();
                let changed = entry
                    .metadata()
                    .and_then(|metadata| metadata.modified())
                    .ok();
                (is_main, changed, entry.path())
            })
            .collect();
        found.sort();
        found.into_iter().rev().map(|(_, _, path)| path).collect()
    }
}
