//! What earlier runs say of a profile's time limit, without a run.

use std::path::PathBuf;

use super::prepare::{backend, lower_context, program};
use super::recall::look_up;
use crate::history::Settings;
use crate::profile::{Config, Profile};
use crate::store::{ModelFile, Paths, open_model};
use crate::vendor::{LocateRequest, locate};
use crate::watchdog::{Expected, Projection, project_beforehand};

/// What the fixed limit of this profile would do to a run of it on this machine, with the model, build and
/// settings of today. `None` where it holds, there is no such limit, or the history has no such run; also
/// where the model or the program is missing, which a run tells. Reads the history and nothing else of it;
/// a program that was never asked what it knows is asked.
pub(crate) async fn foresee(
    profile: &Profile,
    llama_dir: Option<PathBuf>,
    config: &Config,
    paths: &Paths,
) -> Option<Projection> {
    let limit = profile.limits.timeout.fixed()?;
    // Before the built-in model is unpacked for nothing.
    if !config.history.enabled || !paths.history().is_file() {
        return None;
    }
    let mut profile = profile.clone();
    let model = open_model(&profile.model, paths).ok()?;
    let _ = lower_context(&mut profile, &model);
    let expected = remembered(&profile, &model, llama_dir, config, paths).await?;
    project_beforehand(&expected, u64::from(profile.max_tokens), limit)
}

/// What earlier runs say of this profile, whose context is lowered already, with this model and the build
/// of today. `None` where there were none like it, nobody wants a history, or there is no program.
pub(crate) async fn remembered(
    profile: &Profile,
    model: &ModelFile,
    llama_dir: Option<PathBuf>,
    config: &Config,
    paths: &Paths,
) -> Option<Expected> {
    let history = paths.history();
    if !config.history.enabled || !history.is_file() {
        return None;
    }
    let program = program(profile.backend);
    let dir = llama_dir.or_else(|| config.llama_dir.clone());
    let install = locate(&LocateRequest::new(program, dir, &paths.cache)).await;
    let install = install.ok()?;
    let settings = Settings::of(profile, backend(install.kind));
    look_up(&history, model, &install.capabilities, &settings)
}
