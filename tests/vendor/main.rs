//! Fetching, building, locating and probing, on a toy project and on fake programs.
//!
//! Nothing here builds llama.cpp and nothing changes the machine: packages are never installed, and
//! all files are below temporary directories. One test downloads cmake and ninja from PyPI, as a
//! fresh machine would.

#![expect(
    clippy::unwrap_used,
    reason = "clippy lets tests unwrap, but not their helpers; here all is test"
)]

mod build;
mod cli;
mod locate;
mod setup;
mod source;
mod support;
mod tools;
