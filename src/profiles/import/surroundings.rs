//! What the conversion has to know of the world: it reads and writes nothing itself.

use std::path::{Path, PathBuf};

use crate::dialect::Program;
use crate::profile::{BUILT_IN_MODELS, Level};
use crate::store::Places;

/// Where the older file is, and where the new ones will be.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    /// The older file as comments name it: without its directory.
    pub(super) source: String,
    /// What relative paths in it are relative to: its directory, absolute.
    pub(super) base: PathBuf,
    pub(super) places: &'a Places,
    /// Whether the new files are the user's or the project's.
    pub(super) level: Level,
    /// The directory of the new profiles; the new `orchestrate.toml` is above it.
    pub(super) profiles: PathBuf,
    /// Whether the schema for editors is in that directory.
    pub(super) has_schema: bool,
}

impl Surroundings<'_> {
    /// The directory of the new `orchestrate.toml`.
    pub(super) fn config_dir(&self) -> &Path {
        self.profiles.parent().unwrap_or(&self.profiles)
    }

    /// A path that leads out of the directory of the profiles, without that detour.
    pub(super) fn straight(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.profiles.join("..")) {
            Ok(below) => self.config_dir().join(below),
            Err(_) => path.to_owned(),
        }
    }

    /// A model of the older file as a profile names it.
    pub(super) fn model_text(&self, text: &str) -> String {
        if BUILT_IN_MODELS.contains(&text) {
            return text.to_owned();
        }
        self.path_text(text, "../")
    }

    /// The directory of llama.cpp's programs as `orchestrate.toml` names it; older files may name
    /// one of the programs.
    ///
    /// # Errors
    /// When that program is without a directory.
    pub(super) fn llama_dir_text(
        &self,
        text: &str,
        notes: &mut Vec<String>,
    ) -> Result<String, String> {
        let (dir, file) = text.rsplit_once('/').unwrap_or(("", text));
        let program = file.strip_suffix(".exe").unwrap_or(file);
        if !Program::ALL
            .iter()
            .any(|known| known.file_names().contains(&program))
        {
            return Ok(self.path_text(text, "./"));
        }
        if dir.is_empty() {
            return Err(format!(
                "\"llama_dir\" is a directory, and \"{program}\" has none; what is on PATH is found \
                 without it"
            ));
        }
        notes.push(format!("the directory of {program} is taken"));
        Ok(self.path_text(dir, "./"))
    }

    /// A path that means the same file from where it will be written. In a project, where other
    /// people may have the same files in other places, it stays relative; `up` leads to the
    /// project's directory.
    fn path_text(&self, text: &str, up: &str) -> String {
        if text.is_empty() || text.starts_with(['/', '~']) {
            return text.to_owned();
        }
        let path = self.base.join(text.strip_prefix("./").unwrap_or(text));
        if let (Level::Project, Ok(below)) = (self.level, path.strip_prefix(&self.places.current)) {
            return format!("{up}{}", below.display());
        }
        let home = self.places.home.as_deref();
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) => format!("~/{}", below.display()),
            None => path.display().to_string(),
        }
    }
}
