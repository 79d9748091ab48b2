//! What a model takes of the memory, every term by itself, and what it has to read for a token.
//!
//! Pure arithmetic on a [`GgufHeader`](crate::gguf::GgufHeader). The rules are llama.cpp's (b11434); each
//! is named where it is applied, as they change from time to time. `make plan-check` holds every term
//! against what llama.cpp reports, and the whole against the peak of its process.
//!
//! Begin with [`MemoryModel`]. A [`MemoryEstimate`] knows two sums. What llama.cpp *reports* are the
//! buffers that it allocates. What a process *takes* at its peak is another thing: it lacks the part of
//! the compute buffer that a run never writes, and has what nobody reports: the program, its vocabulary,
//! the space in which matrices are multiplied.

mod context;
mod estimate;
mod graph;
#[cfg(test)]
mod tests;
mod weights;
mod windows;

pub use context::{CacheType, ContextShape, Layer};
pub use estimate::{MemoryEstimate, MemoryModel, Program, Setup};
pub use weights::{CpuFeatures, active_bytes};
