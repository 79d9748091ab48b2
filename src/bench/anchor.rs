//! The anchor: programs, profile and model as they were once, to hold every later night against.
//!
//! A directory for each profile: the programs are copied, as a build may be removed; the profile is written
//! out with every value, as defaults may change; of the model, which is large, path and fingerprint are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::arm::{Arm, World};
use super::{BenchError, BenchRequest};
use crate::dialect::Program;
use crate::history::ModelFacts;
use crate::host::unix_ms;
use crate::past::finding::day;
use crate::profile::{Bases, Level, ProfileSet, Source};
use crate::run::{self, RunError};
use crate::store::{create_private, read_model};
use crate::vendor::names;

/// What is kept beside programs and profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Frozen {
    created_unix_ms: u64,
    model_path: PathBuf,
    model_fingerprint: String,
}

const FACTS: &str = "anchor.toml";
const PROFILE: &str = "profile.toml";
const PROGRAMS: &str = "bin";

fn place(world: &World<'_>, profile: &str) -> PathBuf {
    world.paths.state.join("anchor").join(profile)
}

/// The anchor of the candidate's profile, which becomes the anchor where there is none, or where a new one is
/// wanted. Says whether it did.
pub(super) async fn of(
    candidate: &Arm,
    request: &BenchRequest,
    world: &World<'_>,
) -> Result<(Arm, bool), BenchError> {
    let dir = place(world, &candidate.profile.name);
    let is_new = request.freeze_anchor || !dir.join(FACTS).exists();
    if is_new && request.dry_run {
        return Ok((candidate.clone(), true));
    }
    if is_new {
        freeze(candidate, &dir).map_err(|source| BenchError::Freeze {
            path: dir.clone(),
            source,
        })?;
    }
    Ok((thaw(candidate, &dir, world).await?, is_new))
}

/// Beside it, and then in its place.
fn freeze(candidate: &Arm, dir: &Path) -> io::Result<()> {
    let above = dir.parent().unwrap_or(Path::new("."));
    create_private(above)?;
    let made = tempfile::tempdir_in(above)?;
    let programs = made.path().join(PROGRAMS);
    fs::create_dir(&programs)?;
    let beside = candidate.install.program.parent().unwrap_or(Path::new("."));
    for (name, _) in [Program::Completion, Program::Server]
        .into_iter()
        .flat_map(names)
    {
        let program = beside.join(name);
        if program.is_file() {
            fs::copy(&program, programs.join(name))?;
        }
    }
    let facts = Frozen {
        created_unix_ms: unix_ms(),
        model_path: candidate.model.path.clone(),
        model_fingerprint: ModelFacts::from(&candidate.model).fingerprint,
    };
    fs::write(made.path().join(PROFILE), &candidate.as_toml)?;
    let facts = toml::to_string(&facts).map_err(io::Error::other)?;
    fs::write(made.path().join(FACTS), facts)?;
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(made.keep(), dir)
}

async fn thaw(candidate: &Arm, dir: &Path, world: &World<'_>) -> Result<Arm, BenchError> {
    let name = &candidate.profile.name;
    let unusable = |why: String| BenchError::Anchor {
        profile: name.clone(),
        why,
    };
    let read = |name: &str| {
        let path = dir.join(name);
        fs::read_to_string(&path).map_err(|source| BenchError::Unreadable { path, source })
    };
    let facts: Frozen =
        toml::from_str(&read(FACTS)?).map_err(|error| unusable(error.message().to_owned()))?;
    let source = Source {
        name: name.clone(),
        origin: dir.join(PROFILE).display().to_string(),
        dir: dir.to_owned(),
        level: Level::Project,
        text: Ok(read(PROFILE)?),
    };
    let set = ProfileSet::new(vec![source], Bases::default());
    let resolved = set.resolve(name, &[]).map_err(RunError::from)?;
    let as_toml = resolved.to_toml();
    let mut profile = resolved.profile;
    let model = read_model(&facts.model_path)
        .map_err(|error| unusable(format!("its model is gone: failed to {error}")))?;
    if ModelFacts::from(&model).fingerprint != facts.model_fingerprint {
        let path = facts.model_path.display();
        return Err(unusable(format!("the model {path} has changed since")));
    }
    let notes = run::lower_context(&mut profile, &model)
        .into_iter()
        .collect();
    let programs = dir.join(PROGRAMS);
    let install = world.program(candidate.install.kind, Some(&programs)).await;
    let install = install.map_err(|error| unusable(format!("failed to {error}")))?;
    let day = day(facts.created_unix_ms);
    Ok(Arm {
        label: format!("anchor of {day}"),
        profile,
        as_toml,
        model,
        install,
        notes,
    })
}
