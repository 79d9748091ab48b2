//! What `orchestrate tune` has found for a profile, taken up where it holds.

use std::path::PathBuf;

use super::prepare::{lower_context, program};
use super::recall::build;
use crate::dialect::Capabilities;
use crate::history::ModelFacts;
use crate::host::Host;
use crate::profile::{Config, Ground, Override, Profile, ProfileError, ProfileSet, Resolved};
use crate::store::{ModelFile, Paths, open_model};
use crate::vendor::{LocateRequest, locate};

/// What tuned settings of this model and build on this machine hold for.
pub(crate) fn ground(model: &ModelFile, capabilities: &Capabilities) -> Ground {
    Ground {
        host: Host::detect().fingerprint(),
        build: build(capabilities),
        model: ModelFacts::from(model).fingerprint,
    }
}

/// Gives a profile its tuned settings, if there are some and they hold; why they do not, else.
pub(super) fn take_up(
    profile: &mut Profile,
    profiles: &ProfileSet,
    overrides: &[Override],
    model: &ModelFile,
    capabilities: &Capabilities,
) -> Option<String> {
    profiles.tuned(&profile.name)?;
    let ground = ground(model, capabilities);
    // It was resolved before: what is wrong with it was told.
    let found = profiles
        .resolve_on(&profile.name, overrides, &ground)
        .ok()?;
    if found.is_tuned {
        profile.take_tuned(&found.resolved.profile);
    }
    found.hint
}

/// A profile as it would be run here, with its tuned settings where they hold; and why they do not.
/// Looks for model and program only where there are any.
pub(crate) async fn as_run(
    profiles: &ProfileSet,
    name: &str,
    overrides: &[Override],
    llama_dir: Option<PathBuf>,
    config: Option<&Config>,
    paths: &Paths,
) -> Result<(Resolved, Option<String>), ProfileError> {
    let resolved = profiles.resolve(name, overrides)?;
    let Some(source) = profiles.tuned(name) else {
        return Ok((resolved, None));
    };
    let cannot = |what: String| format!("{} is not taken up: failed to {what}", source.origin);
    let mut profile = resolved.profile.clone();
    let model = match open_model(&profile.model, paths) {
        Ok(model) => model,
        Err(error) => return Ok((resolved, Some(cannot(error.to_string())))),
    };
    let _ = lower_context(&mut profile, &model);
    let dir = llama_dir.or_else(|| config.and_then(|config| config.llama_dir.clone()));
    let request = LocateRequest::new(program(profile.backend), dir, &paths.cache);
    match locate(&request).await {
        Ok(install) => {
            let ground = ground(&model, &install.capabilities);
            let found = profiles.resolve_on(name, overrides, &ground)?;
            Ok((found.resolved, found.hint))
        }
        Err(error) => Ok((resolved, Some(cannot(error.to_string())))),
    }
}
