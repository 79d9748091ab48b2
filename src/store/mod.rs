//! Where things live: configuration, cache, state, and the embedded model.
//!
//! Every path that orchestrate reads or writes on its own account comes from [`Paths`], so that
//! one look here tells what is kept where, and a test can move all of it. Sockets are the exception:
//! their paths have to be short, so [`SocketDir`] has places of its own.

mod config;
mod model;
mod parts;
mod paths;
mod shelves;
mod sockets;

pub use config::{ConfigError, Places};
pub(crate) use config::{MAX_SIZE, read_regular, too_large};
pub use model::{DEMO, ModelError, ModelFile, locate_model, open_model, open_regular, read_model};
pub use parts::{ModelParts, read_parts};
pub use paths::{Paths, PathsError, create_private};
pub use shelves::{Found, Shelf, ShelfKind, Shelves};
pub use sockets::{SocketDir, SocketDirError, SocketPlace};
