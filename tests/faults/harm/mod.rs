//! What is done to a running llama.cpp from outside, by means of the system. Each thing is undone by its
//! guard, also when a case fails; what a machine does not offer is a reason in words.

pub(crate) mod cgroup;
pub(crate) mod terminal;
pub(crate) mod tmpfs;
pub(crate) mod victim;

pub(crate) use cgroup::Cgroup;
pub(crate) use terminal::Terminal;
pub(crate) use tmpfs::Tmpfs;
pub(crate) use victim::{DutyCycle, Victim};
