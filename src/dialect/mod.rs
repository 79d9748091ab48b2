//! llama.cpp's dialect: what its programs print and accept, build by build.
//!
//! The programs change their flags and their log lines every few weeks. Everything that knows such
//! a thing is here, and nothing here ever fails on what a program prints: a parser returns what it
//! understood, and the rest as it came.
//!
//! | question | answer |
//! | --- | --- |
//! | which program is this file, and what does this build of it know? | [`Program`], [`Capabilities`] |
//! | for which instruction sets was it compiled, on which devices can it compute? | [`build_info`] |
//! | which arguments make it run this profile? | [`completion_args`], [`server_args`] |
//! | what is a server asked, and what does its refusal say? | [`completion_request`], [`Refusal`] |
//! | where does a server tell how far it is? | [`Counting`] |
//! | how are tokens counted? | [`tokenize_args`], [`listed_tokens`] |
//! | how does llama-bench measure, and what? | [`bench_args`], [`bench_rows`] |
//! | how is a model made to choose among names? | [`choice`] |
//! | which environment does it get? | [`environment`] |
//! | what does this line of its log say? | [`LogEvent`], [`JsonLine`] |
//! | how long did things take? | [`Timings`] |
//! | what of its output did the model write? | [`OutputFilter`] |
//!
//! The logs and help texts that it was built against are in `tests/data`.

mod argv;
pub mod build_info;
mod capabilities;
pub mod choice;
mod counters;
pub mod ending;
pub mod environment;
mod extra;
mod help;
mod json;
mod llama_bench;
mod log;
mod program;
pub mod server;
mod timings;
mod tokenize;

pub use argv::{ArgsError, Argv, GenerationArgs, completion_args};
pub use capabilities::{Capabilities, OLDEST_SUPPORTED_BUILD};
pub use counters::{Counting, SlotState, Told};
pub use ending::{Boundaries, HowItEnded, OutputFilter, Style, Tail};
pub use extra::ExtraError;
pub use help::HelpOption;
pub use json::{JsonLine, MemoryRow, PromptProgress, StreamEvent};
pub use llama_bench::{BenchArgs, BenchRow, bench_args, bench_rows, is_bench_progress};
pub use log::{Fact, LogEvent, Memory, Severity, Slot};
pub use program::Program;
pub use server::{Refusal, completion_request, server_args};
pub use timings::{Stage, TimingLine, Timings};
pub use tokenize::{listed_tokens, tokenize_args};
