//! `orchestrate model`: what is to be known of a model without running it. One file or folder for each
//! thing to ask.

pub mod inspect;
pub mod list;
pub mod pull;
pub mod synth;
pub mod target;
pub mod verify;
mod words;
