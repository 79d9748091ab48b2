//! The embedded model, run for a few tokens: the surest way to know whether a build runs on this CPU, and
//! the only one in which it says what it was compiled for.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::time::Instant;

use super::facts::Trial;
use crate::dialect::build_info::features;
use crate::engine::{Drill, End, Failure, Outcome, Request, Session, SessionEvent};
use crate::host::proc::Sight;
use crate::profile::{Override, Profile};
use crate::store::{DEMO, Paths, Places, open_model};
use crate::supervise::Status;
use crate::vendor::Install;
use crate::watchdog::Expected;

/// What the shipped profile is changed in: little of everything, and an end in any case. The embedded model
/// answers within 100 ms, and within seconds where the machine is busy.
const CHANGES: [(&str, &str); 9] = [
    ("model", DEMO),
    ("threads", "1"),
    ("batch_threads", "1"),
    ("context", "256"),
    ("max_tokens", "4"),
    ("seed", "1"),
    ("limits.timeout", "10s"),
    ("backend", "completion"),
    ("prompt.template", "{{prompt}}"),
];
/// What the model is asked.
const PROMPT: &str = "def";

/// Runs it.
pub(super) async fn run(install: Install, paths: &Paths) -> Trial {
    let began = Instant::now();
    let request = match request(install, paths, began) {
        Ok(request) => request,
        Err(reason) => return Trial::NotTried(reason),
    };
    let started = request
        .prepare()
        .and_then(Session::start)
        .map_err(|error| error.to_string());
    let mut session = match started {
        Ok(session) => session,
        Err(reason) => return failed(reason, began),
    };
    let (mut compiled_for, mut sight) = (Vec::new(), None);
    while let Some(event) = session.next().await {
        match event {
            SessionEvent::Started { pid } => sight = Some(Sight::of(pid)),
            SessionEvent::Log(line) => compiled_for = features(&line).unwrap_or(compiled_for),
            SessionEvent::Finished(outcome) => {
                return Trial::Tried {
                    failure: failure(&outcome),
                    illegal_instruction: is_illegal_instruction(&outcome),
                    took: began.elapsed(),
                    features: compiled_for,
                    sight,
                };
            }
            _ => {}
        }
    }
    failed("it ended without an outcome".to_owned(), began)
}

fn request(install: Install, paths: &Paths, accepted: Instant) -> Result<Request, String> {
    let profile = profile()?;
    let model = open_model(&profile.model, paths).map_err(|error| error.to_string())?;
    let prompt = profile.prompt.render(PROMPT, &BTreeMap::new(), "");
    Ok(Request {
        install,
        context: profile.context,
        model: model.path,
        prompt: prompt.map_err(|error| error.to_string())?,
        probabilities: 0,
        drill: Drill::default(),
        expected: Expected::default(),
        jobs: Some(paths.jobs()),
        accepted,
        profile,
    })
}

/// The shipped profile, whatever the user has made of it.
fn profile() -> Result<Profile, String> {
    // No file is below a device, so that only what is in the binary is found.
    let nowhere = Path::new("/dev/null");
    let places = Places {
        user: nowhere.to_owned(),
        current: nowhere.to_owned(),
        home: None,
    };
    let set = places.profiles().map_err(|error| error.to_string())?;
    let changes = CHANGES.map(|(key, value)| Override::new("doctor", key, value));
    let resolved = set.resolve("coder", &changes);
    Ok(resolved.map_err(|error| error.to_string())?.profile)
}

fn failed(reason: String, began: Instant) -> Trial {
    Trial::Tried {
        failure: Some(reason),
        illegal_instruction: false,
        took: began.elapsed(),
        features: Vec::new(),
        sight: None,
    }
}

fn failure(outcome: &Outcome) -> Option<String> {
    match &outcome.end {
        End::EndOfText | End::StopWord(_) | End::TokenLimit => None,
        End::Failed(failure) => Some(failure.to_string()),
        other => Some(other.to_string()),
    }
}

fn is_illegal_instruction(outcome: &Outcome) -> bool {
    let crashed = |status| status == Status::Signal(libc::SIGILL);
    matches!(outcome.end, End::Failed(Failure::Crashed { status, .. }) if crashed(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ModelRef;

    #[test]
    fn the_profile_of_the_trial_can_be_resolved() {
        let profile = profile().expect("shipped");
        assert_eq!(profile.model, ModelRef::BuiltIn(DEMO.to_owned()));
        assert_eq!(profile.max_tokens, 4);
        assert!(profile.limits.timeout.fixed().is_some());
    }
}
