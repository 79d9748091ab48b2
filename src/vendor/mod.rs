//! llama.cpp itself: where its sources come from, how they are built, which binary is used.
//!
//! Two questions are answered here, and they share little. **Building** ([`build()`]) is slow and
//! rare: it finds or installs the tools ([`tools`]), fills the source directory from the pinned
//! package ([`lock`], [`source`]), configures and compiles in stages, and publishes the programs
//! below `<cache>/llama/` ([`install`]). **Locating** ([`locate()`]) is on the way of every
//! `orchestrate run` and must cost next to nothing: it follows the `current` pointer that a build
//! has left, or looks into a given directory or along `PATH`, and asks a binary only once what it
//! is and which flags it knows ([`probe`]).
//!
//! Nothing here prints: progress goes out as [`Event`]s, and every failure is a typed error. Every
//! helper process goes through one place (`process`), where dropping the future ends its group.
//! Tests: beside the code, and `tests/vendor_*.rs` for whole builds of a toy project.

mod compile_log;
mod files;
mod process;
mod unpack;
mod venv;

pub mod build;
pub mod build_lock;
pub mod install;
pub mod locate;
pub mod lock;
pub mod probe;
pub mod recipe;
pub mod source;
pub mod tools;

pub use build::{BuildError, BuildRequest, Built, build};
pub(crate) use files::free_space;
pub use files::size_of;
pub(crate) use locate::names;
pub use locate::{
    Candidate, Install, LocateError, LocateRequest, Origin, Rejection, candidates, locate, survey,
};
pub use process::CallError;

/// What goes on during a build, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step begins, such as `configuring llama.cpp b11434`; the one before it is done.
    Step(String),
    /// Bytes of a download that have arrived.
    Download {
        /// The file.
        name: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Bytes of an archive that have been unpacked.
    Unpack {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The compiler's progress, as ninja or make tells it.
    Compile {
        /// Steps done.
        done: u32,
        /// Steps in all (100 where only a percentage is known).
        total: u32,
        /// What was just done, such as `ggml.c.o`.
        what: String,
    },
    /// A program can be used from now on.
    Ready(String),
    /// Another build holds the lock.
    Waiting {
        /// The process that holds it, where known.
        pid: Option<u32>,
    },
    /// Something the user may want to know.
    Note(String),
}

/// Where events go. Called from the task that awaits, never from another thread.
pub type Report<'a> = &'a (dyn Fn(Event) + Send + Sync);
