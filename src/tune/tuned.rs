//! The file of tuned settings: written when something better was confirmed, and removed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use toml::Value;

use super::report::SCHEMA;
use super::setup::Setup;
use super::{TuneError, TuneRequest};
use crate::host::unix_ms;
use crate::past::when::exact;
use crate::profile::{Profile, TUNED_KEYS, tuned_text};
use crate::run::RunError;
use crate::search::{Outcome, Setting};
use crate::store::Places;

/// Writes what was confirmed; where to, if there was something.
pub(super) fn write(
    setup: &Setup,
    request: &TuneRequest,
    outcome: &Outcome,
) -> Result<Option<PathBuf>, TuneError> {
    let Some(confirmation) = &outcome.accepted else {
        return Ok(None);
    };
    let path = setup.places.tuned(&request.profile);
    let against = confirmation
        .against_default
        .or(confirmation.against_standing);
    let ratio = against.map(|found| ("ratio_to_default", Value::from(found.ratio)));
    let facts: Vec<(&str, Value)> = [
        ("objective", request.objective.name().into()),
        (
            "machine",
            format!("{}, {} CPUs", setup.host.cpu_model, setup.host.cpus).into(),
        ),
        ("when", exact(unix_ms()).into()),
    ]
    .into_iter()
    .chain(ratio)
    .collect();
    let name = &request.profile;
    let head = format!(
        "# Found by `orchestrate tune {name}`. Holds on this machine, with this build of llama.cpp and this\n\
         # model alone; your own keys win. `orchestrate tune {name} --remove` removes it.\n"
    );
    let values = changes(setup, &outcome.standing);
    let text = tuned_text(&head, &setup.ground, &facts, &values);
    replace(&path, &text).map_err(|source| TuneError::File {
        what: "write",
        path: path.clone(),
        source,
    })?;
    Ok(Some(path))
}

/// The keys that a setting changes in the profile as it is used today.
pub(super) fn changes(setup: &Setup, setting: &Setting) -> Vec<(String, Value)> {
    let values = |profile: &Profile| {
        let values = profile.values();
        TUNED_KEYS.map(|key| values.iter().find(|(path, _)| path == key).cloned())
    };
    let tuned = setup.knobs.apply(setting, &setup.profile);
    let (before, after) = (values(&setup.profile), values(&tuned));
    let pairs = before.into_iter().zip(after);
    let changed = pairs.filter(|(before, after)| before != after);
    changed.filter_map(|(_, after)| after).collect()
}

/// Beside it, and then in its place: never half written.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Removes the tuned settings of a profile, wherever they hold, and says so.
///
/// # Errors
/// [`TuneError::File`] when they are there and cannot be removed; [`TuneError::Output`].
pub fn remove(
    profile: &str,
    places: &Places,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), TuneError> {
    let path = places.tuned(profile);
    // A name that is there, and no path to somewhere else.
    let known = places.profiles().map_err(RunError::from)?;
    let removed = match known.tuned(profile).map(|_| fs::remove_file(&path)) {
        None => false,
        Some(Ok(())) => true,
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => false,
        Some(Err(source)) => {
            return Err(TuneError::File {
                what: "remove",
                path,
                source,
            });
        }
    };
    let shown = places.shown(&path);
    if json {
        let answer = serde_json::json!({ "schema": SCHEMA, "profile": profile, "file": shown, "removed": removed });
        writeln!(out, "{answer:#}")?;
    } else if removed {
        writeln!(out, "removed {shown}")?;
    } else {
        writeln!(out, "profile \"{profile}\" has no tuned settings ({shown})")?;
    }
    Ok(())
}
