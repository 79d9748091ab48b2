//! Profiles: what to run a model with, from TOML text to resolved values.
//!
//! A profile is written as TOML with every key optional, may `extend` another one, and is resolved
//! into a [`Profile`], in which every question has an answer. Files are read by [`crate::store`];
//! this module only sees their text, so that it can be tested without a disk.
//!
//! The way through it: a [`ProfileSet`] holds the text of all files. [`ProfileSet::resolve`] reads
//! the ones that a name needs into settings (dotted key → value and place), lays them over each
//! other, the farthest first, lays the [`Override`]s of this run on top, fills in the defaults and
//! checks what several keys together can get wrong. [`PromptTemplate::render`] then makes the prompt.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `keys` | the table of all keys: type, range, what for; everything else follows it |
//! | `kind` | one value against its key |
//! | `raw` | one file: key by key, with places |
//! | `set` | all files: nearness and `extends` |
//! | `overrides` | `--set` and the flags |
//! | `tuned` | what `orchestrate tune` has found, and where that holds |
//! | `resolve` | defaults, and checks across keys |
//! | `template` | request → prompt |
//! | `routes` | the profiles among which `run auto` chooses |
//! | `schema` | the JSON schema, made from the table of keys |
//! | `names` | keys by the names that other tools have for them |
//! | `write` | keys and values as TOML that reads like written by hand |
//! | `show` | a resolved profile as a file again |
//! | `config` | `orchestrate.toml`, with the same machinery |
//! | `error` | problems with their places |

mod config;
mod error;
mod hub;
mod keys;
mod kind;
mod names;
mod overrides;
mod raw;
mod resolve;
mod resolved;
mod routes;
mod schema;
mod set;
mod show;
mod template;
#[cfg(test)]
mod tests;
mod tuned;
mod write;

/// How strict files are read, for formats beside the profile's.
pub(crate) mod strict {
    pub(crate) use super::keys::{Key, Kind, MAX, PROFILE};
    pub(crate) use super::kind::time;
    pub(crate) use super::raw::{Document, Settings, read_table};
    pub(crate) use super::resolve::path;
}

pub use config::{Config, HistoryPolicy};
pub(crate) use error::nearest;
pub use error::{Place, Problem, Problems, ProfileError};
pub use hub::{HUB_PREFIX, HubModel, NotAHubModel};
pub use names::{KeyName, Keys};
pub use overrides::{NotAnAssignment, Override};
pub use resolve::BUILT_IN_MODELS;
pub use resolved::{
    Backend, Constraint, FlashAttention, KvType, Limits, LoadMode, ModelRef, Named, Profile,
    Prompt, PromptMode, PromptTemplate, Sampling, Threads, Watch,
};
pub use routes::{AUTO, ROUTER, Route, listed, routes};
pub use schema::schema;
pub use set::{Bases, Level, ProfileSet, Resolved, Source};
pub use template::{PromptError, TemplateError, check_prompt, parse_variable};
pub use tuned::{Ground, OnGround, TUNED_KEYS, TUNED_SUFFIX, is_tuned, tuned_text};
pub use write::{Written, write};
