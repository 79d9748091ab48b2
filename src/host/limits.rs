//! What the system allows a process (`ulimit`).

use rustix::process::{Resource, getrlimit};

/// A limit that a process may raise by itself up to another one. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What holds now.
    pub soft: Option<u64>,
    /// What it may be raised to.
    pub hard: Option<u64>,
}

/// Open files of this process (`ulimit -n`).
#[must_use]
pub fn open_files() -> Limit {
    of(Resource::Nofile)
}

/// Bytes of memory that this process may lock (`ulimit -l`, there in KiB).
#[must_use]
pub fn locked_memory() -> Limit {
    of(Resource::Memlock)
}

fn of(resource: Resource) -> Limit {
    let limit = getrlimit(resource);
    Limit {
        soft: limit.current,
        hard: limit.maximum,
    }
}
