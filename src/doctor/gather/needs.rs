//! What each profile needs of the machine.

use crate::doctor::Surroundings;
use crate::doctor::facts::{Model, Needs};
use crate::profile::{Config, LoadMode, ModelRef, Profile, Resolved, Threads};
use crate::run::{memory_of, setup_here};
use crate::store::{Paths, open_model};

/// Those that can be resolved; the others are told by the check of profiles.
pub(super) fn of_profiles(surroundings: &Surroundings<'_>, config: Option<&Config>) -> Vec<Needs> {
    let Some(set) = surroundings
        .places
        .as_ref()
        .ok()
        .and_then(|places| places.profiles().ok())
    else {
        return Vec::new();
    };
    let resolved = set.names().filter_map(|name| set.resolve(name, &[]).ok());
    resolved
        .map(|resolved| {
            let name = &resolved.profile.name;
            let is_default = config.is_some_and(|config| &config.default_profile == name);
            needs(&resolved, is_default, surroundings.paths)
        })
        .collect()
}

fn needs(resolved: &Resolved, is_default: bool, paths: &Paths) -> Needs {
    let profile = &resolved.profile;
    let keys = [
        ("threads", profile.threads),
        ("batch_threads", profile.batch_threads),
    ];
    let fixed = keys.into_iter().filter_map(|(key, threads)| match threads {
        Threads::Auto => None,
        Threads::Count(count) => {
            let at = resolved
                .origins
                .get(key)
                .map_or_else(String::new, ToString::to_string);
            Some((key, count, at))
        }
    });
    Needs {
        profile: profile.name.clone(),
        is_default,
        threads: fixed.collect(),
        gpu_layers: profile.gpu_layers,
        locks_memory: profile.load_mode == LoadMode::Mlock,
        model: model(profile, paths),
    }
}

fn model(profile: &Profile, paths: &Paths) -> Model {
    if matches!(profile.model, ModelRef::BuiltIn(_)) {
        return Model::BuiltIn;
    }
    match open_model(&profile.model, paths) {
        Err(error) => Model::Unusable(error.to_string()),
        Ok(file) => {
            let trained = file.header.context_length().unwrap_or(u64::MAX);
            let lowered = Profile {
                context: profile
                    .context
                    .min(u32::try_from(trained).unwrap_or(u32::MAX)),
                ..profile.clone()
            };
            let memory = memory_of(&lowered, &file);
            let peak = memory.map(|memory| memory.estimate(&setup_here(&lowered)).peak());
            Model::File {
                path: file.path,
                bytes: file.bytes,
                peak_bytes: peak,
            }
        }
    }
}
