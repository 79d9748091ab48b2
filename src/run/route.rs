//! `orchestrate run auto`: which profile suits the request, by the word of the router profile.
//!
//! The router reads the request and the list of profiles that have a `route`, and can answer with one of
//! their names only. Whatever goes wrong with it costs nobody their answer: `default_profile` takes the
//! request, and standard error says why.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::prepare::{Asked, Chosen, choose as choose_profile, find};
use super::{RunError, RunRequest, incident};
use crate::dialect::{Program, choice};
use crate::engine::{End, Failure, Interruption, Outcome, Session, SessionEvent};
use crate::incidents::Incidents;
use crate::profile::{Backend, Constraint, ROUTER, Route, routes};
use crate::store::Paths;
use crate::ui::{Console, Interrupts, Live, Step, Suspensions};
use crate::units::Limit;
use crate::vendor::{Install, LocateError};

/// Lines of the router's log that are kept for `--log-file`.
const MOST_LINES: usize = 2000;
/// The sampler has nothing to draw at temperature 0; a fixed seed says so.
const SEED: u32 = 0;

/// A profile that was chosen, and how.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Routed {
    /// The profile.
    pub(super) profile: String,
    /// How long the choice took.
    pub(super) took: Duration,
    /// What the router's program logged.
    pub(super) log: Vec<String>,
    how: How,
}

#[derive(Debug, Clone, PartialEq)]
enum How {
    /// The router chose it.
    Router {
        /// Its share of probability among the names, where the build tells.
        share: Option<f64>,
        /// How many there were to choose from.
        among: usize,
    },
    /// There was no other.
    Only,
    /// It is the `default_profile`, for this reason.
    Fallback(String),
}

impl Routed {
    /// The profile that chose it, if one did.
    pub(super) fn router(&self) -> Option<&str> {
        matches!(self.how, How::Router { .. }).then_some(ROUTER)
    }

    /// The router's share of probability for it, 0 to 1, where the build tells.
    pub(super) fn share(&self) -> Option<f64> {
        match self.how {
            How::Router { share, .. } => share,
            How::Only | How::Fallback(_) => None,
        }
    }

    /// Why it is the `default_profile`, where it is for that reason.
    pub(super) fn fallback(&self) -> Option<&str> {
        match &self.how {
            How::Fallback(reason) => Some(reason),
            How::Router { .. } | How::Only => None,
        }
    }
}

impl fmt::Display for Routed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = crate::units::duration::short(self.took);
        match &self.how {
            How::Router { share, among } => {
                write!(f, "chosen by \"{ROUTER}\" among {among} in {took}")?;
                match share {
                    Some(share) => write!(f, ", share of probability {:.1} %", share * 100.0),
                    None => Ok(()),
                }
            }
            How::Only => f.write_str("the only profile with a \"route\""),
            How::Fallback(reason) => write!(f, "default_profile: {reason}"),
        }
    }
}

/// Chooses a profile.
///
/// # Errors
/// When somebody asks for the end meanwhile.
pub(super) async fn choose(
    request: &RunRequest,
    asked: &Asked,
    paths: &Paths,
    console: Console,
    interrupts: &mut Interrupts,
) -> Result<Routed, Interruption> {
    let began = Instant::now();
    let mut log = Vec::new();
    let (routes, broken) = routes(&asked.profiles);
    for error in broken {
        console.note(&format_args!("left out of the choice: {error}"));
    }
    let how = match routes.as_slice() {
        [] => Err("no profile has a \"route\"".to_owned()),
        [only] => Ok((only.profile.clone(), How::Only)),
        routes => {
            let asking = Asking {
                request,
                asked,
                paths,
                console,
                routes,
            };
            match asking.ask(interrupts, &mut log).await {
                Ok(choice) => Ok(choice),
                Err(Failed::Interrupted(interruption)) => return Err(interruption),
                Err(Failed::Reason(reason)) => {
                    Err(format!("profile \"{ROUTER}\" failed: {reason}"))
                }
            }
        }
    };
    let (profile, how) = how.unwrap_or_else(|reason| {
        let default = asked.config.default_profile.clone();
        console.note(&format_args!(
            "{reason}; \"{default}\" takes the request (default_profile)"
        ));
        (default, How::Fallback(reason))
    });
    Ok(Routed {
        profile,
        took: began.elapsed(),
        log,
        how,
    })
}

/// Why there is no choice.
enum Failed {
    Interrupted(Interruption),
    Reason(String),
}

impl Failed {
    /// The same, with the name of the record of what was seen.
    fn with(self, incident: Option<&str>) -> Self {
        match (self, incident) {
            (Self::Reason(reason), Some(id)) => Self::Reason(format!("{reason} (incident {id})")),
            (failed, _) => failed,
        }
    }
}

impl From<RunError> for Failed {
    fn from(error: RunError) -> Self {
        Self::Reason(error.to_string())
    }
}

struct Asking<'a> {
    request: &'a RunRequest,
    asked: &'a Asked,
    paths: &'a Paths,
    console: Console,
    routes: &'a [Route],
}

impl Asking<'_> {
    async fn ask(
        &self,
        interrupts: &mut Interrupts,
        log: &mut Vec<String>,
    ) -> Result<(String, How), Failed> {
        let router = self.asked.profiles.resolve(ROUTER, &[]);
        let router = router.map_err(|error| Failed::from(RunError::Profile(error)))?;
        if !router.profile.prompt.lists_routes() {
            return Err(Failed::Reason(
                "its template does not list the profiles: it has no {{routes}}".to_owned(),
            ));
        }
        // Variables of this run are the chosen profile's.
        let mut chosen = choose_profile(self.asked, router, &BTreeMap::new(), self.paths)?;
        self.constrain(&mut chosen);
        let found = interrupts.or(self.find(chosen.profile.backend)).await;
        let install = found
            .map_err(Failed::Interrupted)?
            .map_err(|error| Failed::from(RunError::Locate(error)))?;
        // One that does not hold is no concern of who asks something else.
        let _ = chosen.take_up_tuned(&self.asked.profiles, &[], &install);
        let (name, model) = (chosen.profile.name.clone(), chosen.model.path.clone());
        let request = chosen.put_to(install.clone(), choice::PROBABILITIES, self.asked.accepted);
        let not_started = |error| Failed::from(RunError::Start(error));
        let prepared = request.prepare().map_err(not_started)?;
        let args = prepared.args_as_text();
        let session = Session::start(prepared).map_err(not_started)?;
        let (text, outcome) = self.follow(session, interrupts, log).await?;
        let subject = incident::Subject {
            profile: &name,
            model: &model,
            install: &install,
            args: &args,
        };
        let incident = self.record(subject, &outcome);
        self.judge(text.trim(), &outcome)
            .map_err(|failed| failed.with(incident.as_deref()))
    }

    /// Records what had to be ended or crashed, as of any run; its name.
    fn record(&self, subject: incident::Subject<'_>, outcome: &Outcome) -> Option<String> {
        let incidents = Incidents::new(self.paths.incidents());
        let recorded = incident::record(&incidents, subject, outcome);
        recorded.unwrap_or_else(|error| {
            self.console.warning(&format_args!("failed to {error}"));
            None
        })
    }

    /// Nothing but a name, and nothing left to chance.
    fn constrain(&self, chosen: &mut Chosen) {
        let profile = &mut chosen.profile;
        profile.constraint = Some(Constraint::Grammar(choice::grammar(self.names())));
        profile.sampling.temperature = Some(0.0);
        profile.seed = Some(SEED);
        profile.stop.clear();
        profile.ignore_eos = false;
        // A token is a character at least; the space before it and the end of the text come on top.
        let longest = self.names().map(str::len).max().unwrap_or(0);
        let enough = u32::try_from(longest + 2).unwrap_or(u32::MAX);
        profile.max_tokens = profile.max_tokens.min(enough);
        let patience = self.patience();
        let limits = profile.limits.timeout.fixed().into_iter().chain(patience);
        profile.limits.timeout = limits.min().map_or(profile.limits.timeout, Limit::Fixed);
    }

    /// How long the choice may take, where time is limited at all: the answer's limit counts from the
    /// same moment, and whoever takes the request in place of a router that hangs needs the other half.
    fn patience(&self) -> Option<Duration> {
        let default = &self.asked.config.default_profile;
        let resolved = self
            .asked
            .profiles
            .resolve(default, &self.request.overrides);
        // One that is wrong is told when it is needed.
        Some(resolved.ok()?.profile.limits.patience()? / 2)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.profile.as_str())
    }

    /// A server tells how sure the model was; where there is none, llama-completion chooses as well.
    async fn find(&self, backend: Backend) -> Result<Install, LocateError> {
        let find = |program| {
            find(
                program,
                self.request.llama_dir.as_ref(),
                self.asked,
                self.paths,
            )
        };
        match backend {
            Backend::Server => find(Program::Server).await,
            Backend::Completion => find(Program::Completion).await,
            Backend::Auto => match find(Program::Server).await {
                Ok(install) => Ok(install),
                Err(_) => find(Program::Completion).await,
            },
        }
    }

    async fn follow(
        &self,
        mut session: Session,
        interrupts: &mut Interrupts,
        log: &mut Vec<String>,
    ) -> Result<(String, Outcome), Failed> {
        let mut suspensions = Suspensions::listen()
            .map_err(|error| Failed::Reason(format!("signals cannot be caught: {error}")))?;
        let mut live = Live::new(self.console, ROUTER, false);
        let period = live.period();
        let (mut text, mut interrupted) = (String::new(), None);
        let outcome = loop {
            let frame = async {
                match period {
                    Some(period) => tokio::time::sleep(period).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                interruption = interrupts.next() => {
                    interrupted.get_or_insert(interruption);
                    session.interrupt(interruption);
                }
                () = suspensions.next() => {
                    live.clear();
                    session.suspend();
                }
                event = session.next() => match event {
                    Some(SessionEvent::Text(piece)) => text.push_str(&piece),
                    Some(SessionEvent::Log(line)) if log.len() < MOST_LINES => log.push(line),
                    Some(SessionEvent::Finished(outcome)) => break outcome,
                    Some(_) => {}
                    None => return Err(Failed::Reason("it ended without an outcome".to_owned())),
                },
                () = frame => live.draw(Step::Choosing, self.asked.accepted.elapsed(), 0),
            }
        };
        live.clear();
        match interrupted {
            Some(interruption) => Err(Failed::Interrupted(interruption)),
            None => Ok((text, *outcome)),
        }
    }

    fn judge(&self, text: &str, outcome: &Outcome) -> Result<(String, How), Failed> {
        match &outcome.end {
            End::EndOfText | End::TokenLimit => {}
            // What the failure advises is for a run of that profile.
            End::Failed(Failure::Crashed { status, .. }) => {
                return Err(Failed::Reason(format!("its process crashed: {status}")));
            }
            End::Failed(Failure::PromptTooLong { tokens, max }) => {
                return Err(Failed::Reason(format!(
                    "the request makes a prompt of {tokens} tokens, and its context takes {max}"
                )));
            }
            End::Failed(failure) => return Err(Failed::Reason(failure.to_string())),
            end => return Err(Failed::Reason(end.to_string())),
        }
        let names: Vec<_> = self.names().collect();
        if !names.contains(&text) {
            // The context was full, or the build ignores grammars.
            return Err(Failed::Reason(format!("it answered {text:?}")));
        }
        let how = How::Router {
            share: choice::share(&outcome.places, &names),
            among: names.len(),
        };
        Ok((text.to_owned(), how))
    }
}
