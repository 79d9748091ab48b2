//! Child processes, owned from the first to the last moment. Knows nothing of llama.cpp.
//!
//! # Theory of operation
//!
//! **One owner.** [`Job::spawn`] starts a program and gives it to an owner task, which alone reads
//! its pipes, signals it and reaps it. The caller holds a [`Job`]: it receives [`Event`]s and sends
//! requests (`stop`, `kill`). It never sees a number that could be reused for a stranger.
//!
//! **A group of its own.** The child leads a new process group, so that one signal reaches all of
//! it, and a Ctrl-C at the terminal reaches only the supervisor, which then decides.
//!
//! **Output always flows.** Both pipes are read while the child works, while the ladder climbs and
//! until both are at their end. The channel to the caller is bounded: a caller that does not take
//! its events stops the reading, and so the child, but never a signal or the reaping. On Linux the
//! child's standard output is a packet pipe (`O_DIRECT`): each `write(2)` of the child arrives as one
//! event, so that the caller can tell apart what was written apart.
//!
//! **The ladder.** A stop climbs a [`Ladder`]: a signal, patience, the next signal, at last SIGKILL.
//! A stopped child (SIGSTOP, Ctrl-Z) is continued first, or it could not hear the polite ones.
//!
//! **The end is proven.** The leader's exit is noticed through a pidfd *without reaping it*: as
//! long as it is a zombie, its number, which is also the group's, cannot be given to anyone else.
//! In that moment the whole group is swept with SIGKILL, whatever way the leader left. Then the
//! leader is reaped with `wait4`, which also tells the peak memory of this very child, and the group
//! is looked at until it is empty. Only then is [`Event::Exited`] sent, always as the last one. It
//! never waits for an inherited pipe: one that a process outside of the group holds open is
//! given up after a moment, and reported.
//!
//! **If we die**, the kernel kills the child (`PR_SET_PDEATHSIG`). That fires when the *thread* that
//! spawned it ends, so [`Job::spawn`] belongs on a thread that lives as long as the program: the
//! one that runs a current-thread runtime. Elsewhere than on Linux nothing does that yet.

mod child;
mod group;
mod job;
mod ladder;
mod owner;
mod pipes;
pub mod proc_text;
mod report;
mod sys;
mod tree;

pub use job::{Event, Job, SpawnError, Spec};
pub use ladder::{Ladder, Rung, StopSignal};
pub use pipes::BURST;
pub use report::{ExitReport, LadderStep, Status, Usage};
pub use sys::die_with_parent;
pub use tree::{ask_group_to_end, end_tree};
