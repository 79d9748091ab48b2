//! Text as it streams: bytes into whole characters and whole lines, and stop sequences found on
//! the way.
//!
//! A model's output arrives in pieces that end anywhere, inside a character or inside a stop
//! sequence. [`Utf8Stream`] gives characters out only when they are whole; [`StopMatcher`] gives
//! text out only when it can no longer become part of a stop sequence. Both keep a few bytes at
//! most, look at each byte once, and give the same text however the pieces were cut.
//! [`LineSplitter`] does the same for the lines of a log.

mod lines;
mod stop;
mod utf8;

pub use lines::LineSplitter;
pub use stop::{Step, StopMatcher};
pub use utf8::Utf8Stream;
