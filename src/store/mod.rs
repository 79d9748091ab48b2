//! Where things live: configuration, cache, state, and the embedded model.
//!
//! Every path that orchestrate reads or writes on its own account comes from [`Paths`], so that
//! one look here tells what is kept where, and a test can move all of it. Sockets are the exception:
//! their paths have to be short, so [`SocketDir`] has places of its own.

mod config;
mod model;
mod paths;
mod sockets;

pub use config::{ConfigError, Places};
pub(crate) use config::{MAX_SIZE, read_regular, too_large};
pub use model::{DEMO, ModelError, ModelFile, open_model};
pub use paths::{Paths, PathsError, create_private};
pub use sockets::{SocketDir, SocketDirError};
