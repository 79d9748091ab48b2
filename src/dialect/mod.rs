//! llama.cpp's dialect: what its programs print and accept, build by build.
//!
//! The programs change their flags and their log lines every few weeks. Everything that knows such
//! a thing is here, and nothing here ever fails on what a program prints: a parser returns what it
//! understood, and the rest as it came.

mod argv;
mod capabilities;
pub mod ending;
pub mod environment;
mod extra;
mod help;
mod json;
mod log;
mod program;
mod timings;

pub use argv::{ArgsError, Argv, GenerationArgs, completion_args};
pub use capabilities::Capabilities;
pub use ending::{Boundaries, HowItEnded, OutputFilter, Style, Tail};
pub use extra::ExtraError;
pub use help::HelpOption;
pub use json::{JsonLine, MemoryRow, PromptProgress, StreamEvent};
pub use log::{Fact, LogEvent, Memory, Severity, Slot};
pub use program::Program;
pub use timings::{Stage, TimingLine, Timings};
