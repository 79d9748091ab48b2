//! Child processes, owned from the first to the last moment. Knows nothing of llama.cpp.
//!
//! # Theory of operation
//!
//! **One owner.** [`Job::spawn`] starts a program and gives it to an owner task, which alone reads
//! its pipes, signals it and reaps it. The caller holds a [`Job`]: it receives [`Event`]s and sends
//! requests (`stop`, `suspend`, `kill`). It never sees a number that could be reused for a stranger.
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
//! **Who belongs to it.** The group, and whatever left it (`setsid`, a daemon): `kin.rs` follows the
//! lines of parents down from the leader, and notes by number and start whom it found, once a second
//! and before each signal. As we are a child subreaper, a process whose parent has ended is handed to
//! us and not to init, so that all of a job stays among our descendants; to which job an orphan belongs
//! is told by having been noted, or by the mark in its environment, `ORCHESTRATE_JOB`. What escapes
//! that is a process that within a second cleared its environment, left the group and lost its parent.
//! A signal to a process outside of the group goes through a pidfd, opened before its start is looked
//! at. Orphans are reaped by number, never by a wait for any child: helpers have waiters of their own.
//!
//! **Ctrl-Z** stops the child with us, as the terminal reaches only our own group: whoever catches SIGTSTP
//! calls [`Job::suspend`]. The child is stopped, then we are, and continued when we are.
//!
//! **The end is proven.** The leader's exit is noticed through a pidfd *without reaping it*: as
//! long as it is a zombie, its number, which is also the group's, cannot be given to anyone else.
//! In that moment the whole group is swept with SIGKILL, whatever way the leader left, and so is
//! everybody else of the job. Then the leader is reaped with `wait4`, which also tells the peak memory
//! of this very child, and the job is looked at until two looks in a row find nobody. Only then is
//! [`Event::Exited`] sent, always as the last one. It never waits for an inherited pipe: one that
//! somebody outside of the job holds open is given up after a moment, and reported.
//!
//! **What cannot be ended** (uninterruptible sleep, a frozen cgroup) is not waited for: a second after
//! the sweep, and three after the last rung if it is the leader, the job ends with it in
//! [`ExitReport::quarantined`]. The owner task goes on, and reaps it when it wakes.
//!
//! **What it is doing** is told by [`Vitals`]: facts from `/proc` and the cgroups, without a verdict. A
//! [`Probe`] takes them from any thread; it reads through a descriptor of each process's directory, so
//! that a number that is used again shows nothing, and it finds nothing once the leader is reaped.
//!
//! **If we die**, the kernel kills the child (`PR_SET_PDEATHSIG`). That fires when the *thread* that
//! spawned it ends, so [`Job::spawn`] belongs on a thread that lives as long as the program: the
//! one that runs a current-thread runtime. Its own children do not inherit that. So a job may be kept on
//! record ([`Register`]), from before its program starts until nothing of it is left, and
//! [`sweep_orphans`] ends what the records of dead supervisors still name, and removes their files.
//!
//! **Elsewhere than on Linux** there is no `/proc`, no subreaper and no signal at our death: the ladder,
//! the sweep of the group and its proof are all there is, vitals are empty, and records are kept alone.
//!
//! **No cgroup** is made for a job, though `cgroup.kill` would end it whole: to move a process into one
//! takes the kernel 14 ms (median of 30, Linux 6.18), which every run would wait for.

mod adopted;
mod child;
mod group;
mod job;
mod kin;
mod ladder;
mod owner;
mod pipes;
pub mod proc_text;
mod processes;
mod register;
mod report;
mod sweep;
mod sys;
mod tree;
pub mod vitals;

pub use group::{can_be_continued, running_children, stop_ourselves};
pub use job::{Event, Job, SpawnError, Spec};
pub use ladder::{Ladder, Rung, StopSignal};
pub use pipes::BURST;
#[cfg(fuzzing)]
pub use register::check_record;
pub use register::{Orphans, Register, sweep_orphans};
pub use report::{ExitReport, LadderStep, Quarantined, Status, Usage};
pub use sys::die_with_parent;
pub use tree::{ask_group_to_end, end_tree};
pub use vitals::{Probe, ProcessVitals, Vitals};
