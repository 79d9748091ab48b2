//! How many tokens a text has, by llama-tokenize.

use std::path::Path;

use tokio::time::Instant;

use super::outcome::Interruption;
use super::request::environment;
use super::session::until_instant;
use crate::dialect::{listed_tokens, tokenize_args};
use crate::profile::Profile;
use crate::supervise::{Event, Job, Spec, Status};
use crate::vendor::Install;

/// What is kept of what the program prints: a list of ten million tokens has 80 MB at most.
const LONGEST: usize = 128 << 20;

/// Why tokens are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uncounted {
    /// Somebody asked for the end.
    Interrupted(Interruption),
    /// It could not be done, for this reason.
    Reason(String),
}

/// Counts the tokens of a text, as a prompt would be read. Returns when nothing is left of the program.
///
/// # Errors
/// [`Uncounted`], with the reason in words that follow "tokens not counted: ".
pub async fn count_tokens(
    install: &Install,
    profile: &Profile,
    model: &Path,
    text: &str,
    deadline: Option<Instant>,
    wish: impl Future<Output = Interruption>,
) -> Result<u64, Uncounted> {
    let reason = |text: &str| Uncounted::Reason(text.to_owned());
    let build = install.capabilities.build_name();
    let args = tokenize_args(&install.capabilities, model)
        .ok_or_else(|| Uncounted::Reason(format!("{build} cannot read a prompt from a pipe")))?;
    let job = Job::spawn(Spec {
        program: install.program.clone(),
        args,
        environment: environment(profile),
        stdin: text.as_bytes().to_vec(),
        register: None,
    });
    let mut job = job.map_err(|error| Uncounted::Reason(format!("failed to {error}")))?;
    let late = until_instant(deadline);
    tokio::pin!(late, wish);
    let (mut printed, mut status, mut stopped) = (Vec::new(), None, None);
    // To its end, whatever comes: nothing of it is to be left.
    loop {
        tokio::select! {
            event = job.next() => match event {
                Some(Event::Stdout(bytes)) if printed.len() < LONGEST => printed.extend(bytes),
                Some(Event::Exited(report)) => status = Some(report.status),
                Some(_) => {}
                None => break,
            },
            interruption = &mut wish, if stopped.is_none() => {
                stopped = Some(Uncounted::Interrupted(interruption));
                job.kill();
            }
            () = &mut late, if stopped.is_none() => {
                stopped = Some(reason("the time limit ran out"));
                job.kill();
            }
        }
    }
    match (stopped, status) {
        (Some(stopped), _) => Err(stopped),
        (None, Some(Status::Code(0))) => listed_tokens(&String::from_utf8_lossy(&printed))
            .ok_or_else(|| Uncounted::Reason(format!("{build} printed no list of tokens"))),
        (None, Some(status)) => Err(Uncounted::Reason(format!("{build} failed: {status}"))),
        (None, None) => Err(Uncounted::Reason(format!("{build} could not be collected"))),
    }
}
