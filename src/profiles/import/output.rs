//! Writing the new files, all or none, and telling what was done.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::{Builder, NamedTempFile};

use super::convert::{NewFile, What};
use super::report::Report;
use super::surroundings::Surroundings;
use super::{Import, ProfilesError};

/// A new file with its place.
#[derive(Debug)]
pub(super) struct Planned {
    path: PathBuf,
    /// The path as people write it.
    pub(super) shown: String,
    /// Whether something is there already.
    pub(super) exists: bool,
    file: NewFile,
}

impl Planned {
    /// Gives each file its place, and notes what the files name and is not there.
    pub(super) fn all(
        files: Vec<NewFile>,
        around: &Surroundings<'_>,
        report: &mut Report,
    ) -> Vec<Self> {
        let mut all = Vec::new();
        for file in files {
            let path = match &file.what {
                What::Profile(name) => around.profiles.join(format!("{name}.toml")),
                What::Config => around.config_dir().join("orchestrate.toml"),
            };
            if let Some((from, needed)) = &file.settled.needs
                && !needed.exists()
            {
                let needed = around.places.shown(&around.straight(needed));
                report.note(from, format!("{needed} is missing"));
            }
            all.push(Self {
                shown: around.places.shown(&path),
                // A link that leads nowhere is something as well.
                exists: fs::symlink_metadata(&path).is_ok(),
                path,
                file,
            });
        }
        all
    }

    /// What it holds, in a few words.
    fn holds(&self) -> String {
        let entries = &self.file.settled.entries;
        match &self.file.what {
            What::Profile(name) => {
                let plural = if entries.len() == 1 { "" } else { "s" };
                format!("profile {name}, {} key{plural}", entries.len())
            }
            What::Config => {
                let keys: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
                keys.join(", ")
            }
        }
    }
}

/// Writes the files. Everything that can go wrong (a full disk, a directory that must not be
/// written to) does so before the first of them gets its name.
pub(super) fn write(planned: &[Planned], around: &Surroundings<'_>) -> Result<(), ProfilesError> {
    let unwritable = |path: &Path, source: io::Error| ProfilesError::Unwritable {
        path: path.to_owned(),
        source,
    };
    let dir = &around.profiles;
    fs::create_dir_all(dir).map_err(|error| unwritable(dir, error))?;
    let mut ready: Vec<(NamedTempFile, PathBuf, bool)> = Vec::new();
    for planned in planned {
        // Behind a link the file itself is replaced, not the link.
        let path = fs::canonicalize(&planned.path).unwrap_or_else(|_| planned.path.clone());
        if path.is_dir() {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(unwritable(&path, error));
        }
        let file = temporary(&path, &planned.file.settled.text)
            .map_err(|error| unwritable(&path, error))?;
        ready.push((file, path, planned.exists));
    }
    for (file, path, replaces) in ready {
        let named = if replaces {
            file.persist(&path)
        } else {
            // Somebody may have made one meanwhile.
            file.persist_noclobber(&path)
        };
        named.map_err(|error| unwritable(&path, error.error))?;
    }
    Ok(())
}

/// The text in a file beside its place, with the permissions that a new file has.
fn temporary(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt;
        // The process's own mask takes from these what it always takes.
        fs::Permissions::from_mode(0o666)
    };
    let mut builder = Builder::new();
    builder.prefix(".orchestrate-");
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_data()?;
    Ok(file)
}

/// Tells what was written, or would be, and all there is to say about it.
pub(super) fn tell(
    import: &Import,
    planned: &[Planned],
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    if import.json {
        return tell_json(import, planned, report, out);
    }
    for planned in planned {
        let wrote = match (import.dry_run, planned.exists) {
            (true, false) => "would write",
            (true, true) => "would replace",
            (false, false) => "wrote",
            (false, true) => "replaced",
        };
        writeln!(out, "{wrote} {}: {}", planned.shown, planned.holds())?;
        if import.dry_run {
            writeln!(out)?;
            for line in planned.file.settled.text.lines() {
                let indent = if line.is_empty() { "" } else { "    " };
                writeln!(out, "{indent}{line}")?;
            }
            writeln!(out)?;
        }
    }
    for remark in &report.left_out {
        writeln!(out, "left out: {remark}")?;
    }
    for remark in &report.notes {
        writeln!(out, "note: {remark}")?;
    }
    match to_try(planned) {
        Some(name) if !import.dry_run => {
            writeln!(out, "try it: orchestrate run {name} \"…\"")
        }
        _ => Ok(()),
    }
}

/// The default profile, or else the first.
fn to_try(planned: &[Planned]) -> Option<&str> {
    let entries = planned.iter().flat_map(|plan| &plan.file.settled.entries);
    let mut defaults = entries.filter(|entry| entry.key == "default_profile");
    defaults
        .next()
        .and_then(|entry| entry.value.as_str())
        .or_else(|| {
            planned.iter().find_map(|plan| match &plan.file.what {
                What::Profile(name) => Some(name.as_str()),
                What::Config => None,
            })
        })
}

/// The same for programs. Fields may be added, not changed.
fn tell_json(
    import: &Import,
    planned: &[Planned],
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let files: Vec<_> = planned
        .iter()
        .map(|planned| {
            let from: serde_json::Map<_, _> = planned
                .file
                .settled
                .entries
                .iter()
                .map(|entry| (entry.key.clone(), json!(entry.from)))
                .collect();
            json!({
                "path": planned.path.display().to_string(),
                "profile": match &planned.file.what {
                    What::Profile(name) => Some(name),
                    What::Config => None,
                },
                "existed": planned.exists,
                "keys": from,
                "text": planned.file.settled.text,
            })
        })
        .collect();
    let answer = json!({
        "written": !import.dry_run && !planned.is_empty(),
        "files": files,
        "left_out": report.left_out,
        "notes": report.notes,
    });
    writeln!(out, "{answer:#}")
}
