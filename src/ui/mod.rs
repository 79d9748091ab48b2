//! What people see and press: progress, colours, the text itself, Ctrl-C. Never blocks a child.

mod console;
mod interrupts;
mod live;
mod output;
mod progress;
mod status;
pub mod steps;
pub(crate) mod table;
mod tone;
mod waiting;

pub use console::{ColorChoice, Console};
pub use interrupts::{Interrupts, Suspensions};
pub use live::{Live, Step};
pub use output::{Output, Reader, Room};
pub use progress::Progress;
pub use status::Status;
pub use tone::{Tone, stdout};
pub use waiting::while_waiting;
