//! What each profile needs of the machine.

use crate::doctor::Surroundings;
use crate::doctor::facts::{Model, Needs};
use crate::memory::{CacheType, ContextShape};
use crate::profile::{Config, KvType, LoadMode, ModelRef, Profile, Resolved, Threads};
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
            let tokens = u64::from(profile.context).min(trained);
            let shape = ContextShape::of(&file.header);
            let (keys, values) = (at_least(profile.kv_type_k), at_least(profile.kv_type_v));
            let batch = u64::from(profile.micro_batch);
            Model::File {
                path: file.path,
                bytes: file.bytes,
                context_bytes: shape.map(|shape| shape.bytes(tokens, keys, values, batch)),
            }
        }
    }
}

/// The type itself, or the next smaller one whose size is known.
fn at_least(kind: KvType) -> CacheType {
    match kind {
        KvType::F32 => CacheType::F32,
        KvType::F16 => CacheType::F16,
        KvType::Bf16 => CacheType::Bf16,
        KvType::Q8_0 => CacheType::Q8_0,
        KvType::Q5_1 | KvType::Q5_0 => CacheType::Q5_0,
        KvType::Q4_1 | KvType::Q4_0 | KvType::Iq4Nl => CacheType::Q4_0,
    }
}
