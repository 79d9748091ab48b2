//! `orchestrate report` on histories that were made for it: what it says.

mod made;
#[path = "../common/nights.rs"]
mod nights;
mod told;
