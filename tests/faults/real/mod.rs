//! The real llama.cpp, with the embedded model, and what can be done to it.
//!
//! The model writes 2 000 tokens per second and is loaded in some milliseconds, too fast to be met in a
//! phase. So its trained context is made longer: a load then has much memory to clear, a long prompt is
//! read for seconds, and an answer does not end. What has to be slow is slowed by the system for so long as
//! the case wants, and may then hurry to its end, which must be the whole text.
//!
//! A load that reads slowly is left to the fault kit: the model is mapped, and 2 MB of it are read in one
//! breath however slow the disk; a limit of memory that makes it page meets the OOM killer first, and a
//! limit of the disk's rate slows the program's own pages as well.

mod disk;
mod frozen;
mod killed;
mod memory;
mod model;
mod phases;
mod slowed;
mod stage;
mod suspended;

use crate::case::Case;

/// All cases of the real programs.
pub(crate) fn cases() -> Vec<Case> {
    [
        phases::cases(),
        slowed::cases(),
        model::cases(),
        memory::cases(),
        frozen::cases(),
        disk::cases(),
        suspended::cases(),
        killed::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
