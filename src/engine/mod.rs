//! One supervised generation: a [`supervise`](crate::supervise) job, read through the
//! [`dialect`](crate::dialect) of llama.cpp, ended by its limits or by whoever asks.
//!
//! A [`Session`] drives; every decision is taken by the state machine in `generation`, which sees
//! events and a time and answers with actions, and can so be tested without a process or a clock.

mod drill;
mod exchange;
mod form;
mod generation;
mod inquiry;
mod llama_bench;
mod outcome;
mod question;
mod reading;
mod replay;
mod request;
mod served;
mod session;
mod tokens;
mod watch;
mod words;

pub use drill::{Asked, Companion, Drill, Together, WarmUp};
pub use form::{FormError, Formed, form};
pub use generation::Phase;
pub use llama_bench::{BenchError, BenchRequest, llama_bench};
pub use outcome::{End, Evidence, Failure, Gaps, Interruption, Measured, Outcome};
pub use request::{Prepared, Request, StartError};
pub use session::{Session, SessionEvent};
pub use tokens::{Uncounted, count_tokens};
pub use words::{projection, slow, slow_in_short};
