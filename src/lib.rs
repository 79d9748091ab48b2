//! **orchestrate** supervises llama.cpp: it builds and spawns `llama-completion` per model profile,
//! feeds it a simplified prompt over stdin, streams the answer, reads the timing output into
//! milliseconds per token, and says what happened.
//!
//! The modules stand on four floors; a module uses modules of lower floors only (and, without
//! cycles, of its own). `tests/architecture.rs` holds the code to that.
//!
//! | floor | modules |
//! | --- | --- |
//! | 0 pure: no clock, file, process, environment or async | [`exit`], [`units`], [`digest`], [`text`], [`gguf`], [`profile`], [`dialect`], [`watchdog`], [`memory`], [`stats`], [`search`], [`suite`], [`synth`], [`ci`] |
//! | 1 parts: one piece of the outside world each | [`supervise`], [`client`], [`vendor`], [`host`], [`hub`], [`store`], [`history`], [`incidents`] |
//! | 2 engine: parts put together | [`engine`] |
//! | 3 faces: one thing a user can ask for | [`run`], [`plan`], [`tune`], [`profiles`], [`past`], [`postmortem`], [`model`], [`doctor`], [`smoke`], [`mod@bench`], [`mod@report`], [`build`], [`llama`], [`clean`], [`cli`], [`ui`] |
//!
//! `ARCHITECTURE.md` says why, and which way a request takes through them.

#![deny(unsafe_code)]

pub mod bench;
pub mod build;
pub mod ci;
pub mod clean;
pub mod cli;
pub mod client;
pub mod dialect;
pub mod digest;
pub mod doctor;
pub mod engine;
pub mod exit;
pub mod gguf;
pub mod history;
pub mod host;
pub mod hub;
pub mod incidents;
pub mod llama;
pub mod memory;
pub mod model;
pub mod past;
pub mod plan;
pub mod postmortem;
pub mod profile;
pub mod profiles;
pub mod prompt;
pub mod report;
pub mod run;
pub mod search;
pub mod smoke;
pub mod stats;
pub mod store;
pub mod suite;
pub mod supervise;
pub mod synth;
pub mod text;
mod trial;
pub mod tune;
pub mod ui;
pub mod units;
pub mod vendor;
pub mod watchdog;
