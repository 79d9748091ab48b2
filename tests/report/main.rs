//! `orchestrate report` on histories that were made for it: what it says, and how a browser shows it.

mod browser;
mod looked_at;
mod made;
#[path = "../common/nights.rs"]
mod nights;
mod set_up;
mod told;
