//! The settings that a run's speed depends on, as one text that can be compared.

use serde::Serialize;

use crate::digest;
use crate::host::usable_cpus;
use crate::profile::{Constraint, Named, Profile, Threads};

/// Settings in their canonical form: two runs with the same text can be expected to be equally fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// 16 hexadecimal digits of the text's SHA-256.
    pub hash: String,
    /// One JSON object on one line, its keys in alphabetical order.
    pub json: String,
}

/// The text. A field that is added makes all earlier runs runs with other settings, which is right
/// if it matters, and otherwise a reason not to add it.
#[derive(Serialize)]
struct Canonical<'a> {
    backend: &'a str,
    batch: u32,
    batch_threads: u32,
    /// A grammar takes time with every token.
    constraint: &'static str,
    context: u32,
    /// What the user adds by hand may hold secrets: it is compared, not kept.
    environment: Option<String>,
    extra_args: Option<String>,
    flash_attention: &'static str,
    gpu_layers: u32,
    kv_type_k: &'static str,
    kv_type_v: &'static str,
    load_mode: &'static str,
    micro_batch: u32,
    threads: u32,
}

impl Settings {
    /// The settings of a profile as it runs here, with this backend (`completion` or `server`): its
    /// context is lowered to what the model was trained for, and "auto" threads are as many as this
    /// process may use.
    #[must_use]
    pub fn of(profile: &Profile, backend: &str) -> Self {
        let environment = profile.environment.iter();
        let environment: Vec<_> = environment.map(|(name, value)| [name, value]).collect();
        let canonical = Canonical {
            backend,
            batch: profile.batch,
            batch_threads: count(profile.batch_threads),
            constraint: match profile.constraint {
                None => "none",
                Some(Constraint::Grammar(_)) => "grammar",
                Some(Constraint::JsonSchema(_)) => "json_schema",
            },
            context: profile.context,
            environment: digest_of(&environment),
            extra_args: digest_of(&profile.extra_args),
            flash_attention: profile.flash_attention.name(),
            gpu_layers: profile.gpu_layers,
            kv_type_k: profile.kv_type_k.name(),
            kv_type_v: profile.kv_type_v.name(),
            load_mode: profile.load_mode.name(),
            micro_batch: profile.micro_batch,
            threads: count(profile.threads),
        };
        // A plain struct of strings and numbers: serialising it cannot fail.
        let json = serde_json::to_string(&canonical).unwrap_or_default();
        Self {
            hash: digest::short(&json),
            json,
        }
    }
}

fn count(threads: Threads) -> u32 {
    match threads {
        Threads::Auto => usable_cpus().get(),
        Threads::Count(count) => count,
    }
}

/// A digest of a list, unless it is empty.
fn digest_of<T: Serialize>(list: &[T]) -> Option<String> {
    let json = serde_json::to_string(list).unwrap_or_default();
    (!list.is_empty()).then(|| digest::short(&json))
}
