//! What a model takes of the memory, every term by itself.
//!
//! Pure arithmetic on a [`GgufHeader`](crate::gguf::GgufHeader). The rules are llama.cpp's (b11434); each
//! is named where it is applied, as they change from time to time.
//!
//! So far: the shape of a model as its context sees it ([`ContextShape`]), and what the context takes.

mod context;
#[cfg(test)]
mod tests;
mod windows;

pub use context::{CacheType, ContextShape, Layer};
