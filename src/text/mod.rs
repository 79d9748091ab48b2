//! Streams of bytes turned into text that can be shown: whole lines of a log.

mod lines;

pub use lines::{LONGEST_LINE, LineSplitter};
