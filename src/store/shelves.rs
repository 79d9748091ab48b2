//! Where models usually are: our own directory, and those of other programs, each with its own order.

mod ollama;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Paths;
use crate::hub;

/// Whose directory it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShelfKind {
    /// Orchestrate's cache.
    Orchestrate,
    /// llama.cpp's cache.
    LlamaCpp,
    /// The cache of Hugging Face's hub, which newer builds of llama.cpp share.
    HuggingFace,
    /// Ollama's models.
    Ollama,
    /// LM Studio's models.
    LmStudio,
    /// The directory of a profile's model.
    Profile,
}

impl ShelfKind {
    /// A short name for tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orchestrate => "orchestrate",
            Self::Profile => "profile",
            Self::LlamaCpp => "llama.cpp",
            Self::HuggingFace => "huggingface",
            Self::Ollama => "ollama",
            Self::LmStudio => "lmstudio",
        }
    }
}

/// A directory with models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    /// Whose it is.
    pub kind: ShelfKind,
    /// Where it is; it need not exist.
    pub directory: PathBuf,
}

/// A file that should be a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it was found.
    pub kind: ShelfKind,
    /// What people call it there.
    pub name: String,
    /// The file, or a link to it.
    pub path: PathBuf,
}

/// All directories where models are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelves(pub Vec<Shelf>);

/// How deep directories are looked into: publishers, models and their variants take three.
const DEEPEST: usize = 6;
/// Where Ollama's own service keeps its models on Linux, and where some distributions do.
const OLLAMA_SERVICE: [&str; 2] = ["/usr/share/ollama/.ollama/models", "/var/lib/ollama/models"];

impl Shelves {
    /// Finds the directories, by the variables that those programs themselves read, else their defaults
    /// below the home directory. `models` are files that profiles name.
    #[must_use]
    pub fn discover(paths: &Paths, home: Option<&Path>, models: &[PathBuf]) -> Self {
        let given = |name: &str| {
            let value = env::var_os(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        Self::resolve(paths, home, models, &given)
    }

    fn resolve(
        paths: &Paths,
        home: Option<&Path>,
        models: &[PathBuf],
        given: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Self {
        let below_home = |path: &str| home.map(|home| home.join(path));
        let cache = given("XDG_CACHE_HOME").or_else(|| below_home(".cache"));
        let below_cache = |path: &str| cache.as_ref().map(|cache| cache.join(path));
        let llama = given("LLAMA_CACHE").or_else(|| {
            if cfg!(target_os = "macos") {
                below_home("Library/Caches/llama.cpp")
            } else {
                below_cache("llama.cpp")
            }
        });
        let hub = hub::cache_directory(given, cache.as_deref());
        // As Ollama itself: its variable replaces all else.
        let ollama = match given("OLLAMA_MODELS") {
            Some(only) => vec![only],
            None => below_home(".ollama/models")
                .into_iter()
                .chain(OLLAMA_SERVICE.map(PathBuf::from))
                .collect(),
        };
        let studio = [".lmstudio/models", ".cache/lm-studio/models"];
        let beside: BTreeSet<PathBuf> = models
            .iter()
            .filter_map(|model| model.parent().map(Path::to_owned))
            .collect();
        let one =
            |kind, directory: Option<PathBuf>| directory.into_iter().map(move |dir| (kind, dir));
        let all = one(ShelfKind::Orchestrate, Some(paths.cache.join("models")))
            .chain(one(ShelfKind::LlamaCpp, llama))
            .chain(one(ShelfKind::HuggingFace, hub))
            .chain(ollama.into_iter().map(|dir| (ShelfKind::Ollama, dir)))
            .chain(
                studio
                    .into_iter()
                    .filter_map(below_home)
                    .map(|dir| (ShelfKind::LmStudio, dir)),
            )
            // Last: a name of one of the others tells more.
            .chain(beside.into_iter().map(|dir| (ShelfKind::Profile, dir)));
        Self(
            all.map(|(kind, directory)| Shelf { kind, directory })
                .collect(),
        )
    }

    /// Finds the models of all directories, those of one in the order of their names, and what could not
    /// be looked into. No file is opened but Ollama's manifests.
    #[must_use]
    pub fn find(&self) -> (Vec<Found>, Vec<(PathBuf, io::Error)>) {
        let mut search = Search::default();
        for shelf in &self.0 {
            let before = search.found.len();
            match shelf.kind {
                ShelfKind::HuggingFace => search.hub(&shelf.directory),
                ShelfKind::Ollama => ollama::search(&mut search, &shelf.directory),
                // A profile's model may lie in a home directory, with all that is below it.
                ShelfKind::Profile => search.walk(shelf.kind, &shelf.directory, "", 1),
                _ => search.walk(shelf.kind, &shelf.directory, "", DEEPEST),
            }
            search.found[before..].sort_by(|one, other| one.name.cmp(&other.name));
        }
        (search.found, search.unreadable)
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Search {
    found: Vec<Found>,
    unreadable: Vec<(PathBuf, io::Error)>,
}

impl Search {
    /// The entries of a directory; none of one that is not there.
    fn entries(&mut self, directory: &Path) -> Vec<fs::DirEntry> {
        let read = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        match read {
            Ok(entries) => entries,
            Err(error) => {
                let is_absent = matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                );
                if !is_absent {
                    self.unreadable.push((directory.to_owned(), error));
                }
                Vec::new()
            }
        }
    }

    /// Looks for `.gguf` files, not through links to directories, which may lead in circles. Names begin
    /// with `prefix`.
    fn walk(&mut self, kind: ShelfKind, directory: &Path, prefix: &str, depth: usize) {
        for entry in self.entries(directory) {
            let file_name = entry.file_name();
            let file_name = file_name.to_string_lossy();
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && depth > 1 {
                let prefix = format!("{prefix}{file_name}/");
                self.walk(kind, &entry.path(), &prefix, depth - 1);
            } else if let Some(stem) = without_ending(&file_name).filter(|_| !is_directory) {
                self.found.push(Found {
                    kind,
                    name: format!("{prefix}{stem}"),
                    path: entry.path(),
                });
            }
        }
    }

    /// Looks into the hub's cache: `models--OWNER--NAME/snapshots/REVISION/…`, links to blobs. Blobs
    /// themselves have no names, and may be half downloaded.
    fn hub(&mut self, directory: &Path) {
        for repository in self.entries(directory) {
            let name = repository.file_name();
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix("models--")) else {
                continue;
            };
            let prefix = format!("{}/", name.replacen("--", "/", 1));
            for revision in self.entries(&repository.path().join("snapshots")) {
                self.walk(ShelfKind::HuggingFace, &revision.path(), &prefix, DEEPEST);
            }
        }
    }
}

/// A file's name without `.gguf`; `None` of another file.
fn without_ending(file_name: &str) -> Option<&str> {
    let (stem, ending) = file_name.rsplit_once('.')?;
    (ending.eq_ignore_ascii_case("gguf") && !stem.is_empty()).then_some(stem)
}
