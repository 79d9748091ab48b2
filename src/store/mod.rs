//! Where things live: configuration, cache, state, and the embedded model.
//!
//! Every path that orchestrate reads or writes on its own account comes from [`Paths`], so that
//! one look here tells what is kept where, and a test can move all of it.

mod config;
mod paths;

pub use config::{ConfigError, Places};
pub use paths::{Paths, PathsError};
