//! `profiles new`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::ProfilesError;
use crate::profile::{AUTO, BUILT_IN_MODELS, HUB_PREFIX, Level, ModelRef, Profile, Source};
use crate::store::Places;

/// A profile to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// Its name: a-z, 0-9, `_` and `-`.
    pub name: String,
    /// A built-in model or the path of a GGUF file, relative to the current directory.
    pub model: String,
    /// The profile to inherit from.
    pub extends: String,
    /// Replace a file that is there.
    pub force: bool,
}

impl NewProfile {
    /// Writes the file: into `./profiles` where there is such a directory, else into the user's
    /// configuration directory. Nothing is written unless the profile would work.
    pub(super) fn write(&self, places: &Places, out: &mut dyn Write) -> Result<(), ProfilesError> {
        check_name(&self.name)?;
        let (dir, level) = target(places);
        let path = dir.join(format!("{}.toml", self.name));
        let set = places.profiles()?;
        let parent = set.resolve(&self.extends, &[])?.profile;
        let text = self.text(&self.model_text(places, level), &parent);
        let source = Source {
            name: self.name.clone(),
            origin: places.shown(&path),
            dir: dir.clone(),
            level,
            text: Ok(text.clone()),
        };
        let profile = set.with(source).resolve(&self.name, &[])?.profile;
        let unwritable = |path: &Path, source| ProfilesError::Unwritable {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(&dir).map_err(|error| unwritable(&dir, error))?;
        write_file(&path, &text, self.force).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                ProfilesError::Exists(PathBuf::from(places.shown(&path)))
            }
            _ => unwritable(&path, error),
        })?;
        writeln!(out, "wrote {}", places.shown(&path))?;
        if let ModelRef::File(model) = &profile.model
            && !model.exists()
        {
            writeln!(out, "warning: the model {} is missing", model.display())?;
        }
        writeln!(out, "try it: orchestrate run {} \"…\"", self.name)?;
        Ok(())
    }

    /// The model as the file names it. Paths there are relative to the file; in a project, where
    /// other people may have the same files in other places, they stay relative.
    fn model_text(&self, places: &Places, level: Level) -> String {
        let model = self.model.as_str();
        let is_name = BUILT_IN_MODELS.contains(&model) || model.starts_with(HUB_PREFIX);
        if is_name || model.starts_with("~/") || model.starts_with('/') {
            return model.to_owned();
        }
        let relative = model.strip_prefix("./").unwrap_or(model);
        match level {
            Level::Project => format!("../{relative}"),
            Level::User | Level::BuiltIn => places.current.join(relative).display().to_string(),
        }
    }

    fn text(&self, model: &str, parent: &Profile) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let (name, extends) = (&self.name, &self.extends);
        let file = Path::new(model)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        format!(
            "# {name}: all that is not said here is as in {extends}. See all values, and where they come\n\
             # from: orchestrate profiles show {name}\n\
             \n\
             description = {description}\n\
             extends = {extends_value}\n\
             model = {model_value}\n\
             \n\
             # Take the # away to change a value.\n\
             # context = {context}\n\
             # max_tokens = {max_tokens}\n\
             \n\
             # [limits]\n\
             # timeout = \"{timeout}\"\n",
            description = quoted(&format!("{extends} with {file}").replace(['\n', '\r'], " ")),
            extends_value = quoted(extends),
            model_value = quoted(model),
            context = parent.context,
            max_tokens = parent.max_tokens,
            timeout = parent.limits.timeout,
        )
    }
}

/// Where new profiles go: into `./profiles` where there is such a directory, else into the user's
/// configuration directory.
pub(super) fn target(places: &Places) -> (PathBuf, Level) {
    let project = places.project_profiles();
    if project.is_dir() {
        (project, Level::Project)
    } else {
        (places.user_profiles(), Level::User)
    }
}

pub(super) fn check_name(name: &str) -> Result<(), ProfilesError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    // A leading dash would be taken for an option wherever the name is used.
    if name.is_empty() || name.starts_with('-') || !name.chars().all(allowed) {
        return Err(ProfilesError::BadName(name.to_owned()));
    }
    if name == AUTO {
        return Err(ProfilesError::Reserved);
    }
    Ok(())
}

fn write_file(path: &Path, text: &str, force: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path)?.write_all(text.as_bytes())
}
