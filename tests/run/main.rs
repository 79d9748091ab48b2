//! What `orchestrate run` promises, held against the real binary and a scripted llama.cpp: standard
//! output to the byte, the line that says what happened, the exit code, and that nothing is left.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod bench_report;
mod chat;
mod doctor;
mod ending;
mod environment;
mod failure;
mod flood;
mod history;
mod memory;
mod phases;
mod prompt;
mod prompt_command;
mod report;
mod router;
mod server;
mod slots;
mod soak;
mod stall;
mod story;
mod text;
mod tune;
