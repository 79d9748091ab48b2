//! What came of it, for people and for programs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::setup::Setup;
use super::{TuneRequest, tuned};
use crate::engine::Interruption;
use crate::search::{Confirmation, LeftOut, Outcome, PAIRS, Search, Setting, Tried, Verdict};
use crate::stats::{Comparison, Finding};
use crate::ui::table;
use crate::units::duration;

/// The number changes when a field changes its meaning; all that `--json` prints has it.
pub(super) const SCHEMA: &str = "orchestrate.tune/1";

/// A tuning that is over.
pub(super) struct Told<'a> {
    pub(super) setup: &'a Setup,
    pub(super) request: &'a TuneRequest,
    pub(super) outcome: &'a Outcome,
    pub(super) trials: usize,
    pub(super) took: Duration,
    pub(super) interruption: Option<Interruption>,
    pub(super) written: Option<PathBuf>,
}

/// The same, as `--json` tells it. Fields may be added, not changed.
#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: &'static str,
    profile: &'a str,
    objective: &'static str,
    build: &'a str,
    cpu_model: &'a str,
    cpus: u32,
    depth_tokens: u32,
    generated_tokens: u32,
    budget_seconds: f64,
    took_seconds: f64,
    trials: usize,
    discarded_trials: usize,
    interrupted: Option<&'static str>,
    /// Of llama.cpp's defaults, by the anchors.
    default_cost_ms: Option<f64>,
    /// What was confirmed, as keys of the profile; `null` keeps the profile as it is.
    tuned: Option<serde_json::Map<String, serde_json::Value>>,
    written: Option<String>,
    confirmation: Option<Confirmed>,
    not_confirmed: Option<Confirmed>,
    no_time_to_confirm: Option<String>,
    tried: Vec<Row<'a>>,
    not_tried: Vec<NotTried<'a>>,
    /// What was not varied, and why.
    fixed: &'a [String],
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    dimension: &'a str,
    option: &'a str,
    runs: usize,
    cost_ms: Option<f64>,
    ratio_to_default: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    verdict: &'static str,
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct NotTried<'a> {
    dimension: &'a str,
    options: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Confirmed {
    setting: String,
    pairs: usize,
    smallest_effect: Option<f64>,
    against_default: Option<Compared>,
    against_before: Option<Compared>,
}

#[derive(Debug, Serialize)]
struct Compared {
    ratio: f64,
    ratio_low: f64,
    ratio_high: f64,
    finding: &'static str,
}

impl Compared {
    fn new(found: &Comparison) -> Self {
        Self {
            ratio: found.ratio,
            ratio_low: found.interval.low,
            ratio_high: found.interval.high,
            finding: match found.finding {
                Finding::Worse => "worse",
                Finding::Better => "better",
                Finding::Same => "same",
                Finding::Inconclusive => "inconclusive",
            },
        }
    }
}

fn verdict(verdict: &Verdict) -> (&'static str, Option<&str>) {
    match verdict {
        Verdict::Chosen => ("chosen", None),
        Verdict::Slower => ("not better", None),
        Verdict::Refused(why) => ("refused", Some(why)),
        Verdict::Failed(why) => ("failed", Some(why)),
        Verdict::Unfinished => ("undecided", None),
    }
}

impl<'a> Told<'a> {
    fn dimension(&self, at: usize) -> &'a str {
        self.setup.knobs.knobs.get(at).map_or("", |knob| knob.name)
    }

    fn labels(&self) -> Vec<Vec<String>> {
        let space = self.setup.knobs.space();
        let dimensions = space.dimensions.into_iter();
        dimensions.map(|dimension| dimension.options).collect()
    }

    fn confirmed(&self, found: &Confirmation) -> Confirmed {
        let any = found.against_default.or(found.against_standing);
        Confirmed {
            setting: self.setup.knobs.words(&found.candidate),
            pairs: PAIRS,
            smallest_effect: any.map(|found| found.smallest_effect),
            against_default: found.against_default.as_ref().map(Compared::new),
            against_before: found.against_standing.as_ref().map(Compared::new),
        }
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let (setup, request, outcome) = (self.setup, self.request, self.outcome);
        let labels = self.labels();
        let row = |one: &'_ Tried| -> Option<(usize, usize)> { Some((one.dimension, one.option)) };
        let tried = outcome.tried.iter().map(|one| {
            let (dimension, option) = row(one).unwrap_or_default();
            let (verdict, reason) = verdict(&one.verdict);
            Row {
                dimension: self.dimension(dimension),
                option: &labels[dimension][option],
                runs: one.runs,
                cost_ms: one.cost,
                ratio_to_default: one.ratio,
                ratio_low: one.interval.map(|interval| interval.low),
                ratio_high: one.interval.map(|interval| interval.high),
                verdict,
                reason,
            }
        });
        let not_tried = outcome.left_out.iter().map(|left_out| NotTried {
            dimension: self.dimension(left_out.dimension),
            options: options(left_out, &labels).collect(),
        });
        let report = Report {
            schema: SCHEMA,
            profile: &request.profile,
            objective: request.objective.name(),
            build: &setup.ground.build,
            cpu_model: &setup.host.cpu_model,
            cpus: setup.host.cpus,
            depth_tokens: setup.depth,
            generated_tokens: setup.tokens,
            budget_seconds: request.budget.as_secs_f64(),
            took_seconds: self.took.as_secs_f64(),
            trials: self.trials,
            discarded_trials: outcome.discarded,
            interrupted: self.interruption.map(Interruption::name),
            default_cost_ms: outcome.default_cost,
            tuned: outcome.accepted.as_ref().map(|found| {
                let changes = tuned::changes(setup, &found.candidate).into_iter();
                let json = |value| serde_json::to_value(value).unwrap_or_default();
                changes.map(|(key, value)| (key, json(value))).collect()
            }),
            written: self.written.as_ref().map(|path| setup.places.shown(path)),
            confirmation: outcome.accepted.as_ref().map(|found| self.confirmed(found)),
            not_confirmed: outcome.rejected.as_ref().map(|found| self.confirmed(found)),
            no_time_to_confirm: outcome.cut.as_ref().map(|cut| setup.knobs.words(cut)),
            tried: tried.collect(),
            not_tried: not_tried.collect(),
            fixed: &setup.knobs.fixed,
        };
        let text = serde_json::to_string_pretty(&report).map_err(io::Error::from)?;
        writeln!(out, "{text}")
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let labels = self.labels();
        let head = [
            "WHAT",
            "SETTING",
            self.request.objective.unit(),
            "TO DEFAULT",
            "VERDICT",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let mut reasons = Vec::new();
        for one in &self.outcome.tried {
            let label = &labels[one.dimension][one.option];
            let (verdict, reason) = verdict(&one.verdict);
            let ratio =
                one.ratio
                    .zip(one.interval)
                    .map_or_else(String::new, |(ratio, interval)| {
                        format!("{ratio:.2} ({:.2} to {:.2})", interval.low, interval.high)
                    });
            rows.push(vec![
                self.dimension(one.dimension).to_owned(),
                label.clone(),
                one.cost
                    .map_or_else(|| "-".to_owned(), |cost| format!("{cost:.2}")),
                ratio,
                verdict.to_owned(),
            ]);
            reasons.extend(reason.map(|reason| {
                format!(
                    "{} {label} {verdict}: {reason}",
                    self.dimension(one.dimension)
                )
            }));
        }
        if rows.len() > 1 {
            table::write(&rows, &[2], out)?;
            writeln!(out)?;
        }
        for reason in reasons {
            writeln!(out, "{reason}")?;
        }
        Ok(())
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.table(out)?;
        let (setup, outcome) = (self.setup, self.outcome);
        for fixed in &setup.knobs.fixed {
            writeln!(out, "not varied: {fixed}")?;
        }
        let labels = self.labels();
        for left_out in &outcome.left_out {
            let options: Vec<_> = options(left_out, &labels).collect();
            writeln!(
                out,
                "no time for {}: {}",
                self.dimension(left_out.dimension),
                options.join(", ")
            )?;
        }
        if !(outcome.left_out.is_empty() && outcome.cut.is_none()) && self.interruption.is_none() {
            writeln!(
                out,
                "more time: --budget {}",
                duration::exact(self.request.budget * 2)
            )?;
        }
        if let Some(interruption) = self.interruption {
            writeln!(out, "{} ended the search", interruption.name())?;
        }
        self.verdict(out)?;
        let took = duration::short(self.took);
        let discarded = match outcome.discarded {
            0 => String::new(),
            some => format!(", {some} discarded as the machine changed meanwhile"),
        };
        writeln!(out, "{} trials in {took}{discarded}", self.trials)
    }

    /// What is used from now on, and why.
    fn verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        let (setup, outcome) = (self.setup, self.outcome);
        let name = &self.request.profile;
        if let Some(found) = &outcome.accepted {
            writeln!(
                out,
                "confirmed: {}",
                self.setup.knobs.words(&found.candidate)
            )?;
            self.compared(found, out)?;
        }
        if let Some(found) = &outcome.rejected {
            writeln!(
                out,
                "not confirmed: {}",
                self.setup.knobs.words(&found.candidate)
            )?;
            self.compared(found, out)?;
        }
        if let Some(cut) = &outcome.cut {
            writeln!(out, "no time to confirm: {}", setup.knobs.words(cut))?;
        }
        match &self.written {
            Some(path) => {
                writeln!(out, "written to {}", setup.places.shown(path))?;
                writeln!(out, "`orchestrate run {name}` uses it from now on")
            }
            None => {
                writeln!(
                    out,
                    "nothing better was confirmed: \"{name}\" stays as it is"
                )?;
                let path = setup.places.tuned(name);
                if path.exists() {
                    let path = setup.places.shown(&path);
                    writeln!(out, "{path} is from before; --remove removes it")?;
                }
                Ok(())
            }
        }
    }

    fn compared(&self, found: &Confirmation, out: &mut dyn Write) -> io::Result<()> {
        let against = [
            ("llama.cpp's defaults", &found.against_default),
            ("what was used before", &found.against_standing),
        ];
        for (what, comparison) in against {
            let Some(comparison) = comparison else {
                continue;
            };
            writeln!(
                out,
                "  {:.3} of {what} ({:.3} to {:.3}), {} pairs: {}",
                comparison.ratio,
                comparison.interval.low,
                comparison.interval.high,
                comparison.pairs,
                Compared::new(comparison).finding
            )?;
        }
        let any = found.against_default.or(found.against_standing);
        match any {
            Some(any) => writeln!(
                out,
                "  on this machine less than {:.1} % is no difference",
                any.smallest_effect * 100.0
            ),
            None => Ok(()),
        }
    }
}

fn options<'l>(left_out: &LeftOut, labels: &'l [Vec<String>]) -> impl Iterator<Item = &'l str> {
    let labels = labels.get(left_out.dimension);
    let options = left_out.options.iter();
    let found: Vec<&str> = options
        .filter_map(|option| Some(labels?.get(*option)?.as_str()))
        .collect();
    found.into_iter()
}

/// Tells what came of it.
pub(super) fn write(told: &Told<'_>, out: &mut dyn Write) -> io::Result<()> {
    let written = if told.request.json {
        told.json(out)
    } else {
        told.text(out)
    };
    quietly(written)
}

/// A reader that goes away early, such as `head`, is no error.
fn quietly(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// What would be tried, as `--json` tells it.
#[derive(Debug, Serialize)]
struct Plan<'a> {
    schema: &'static str,
    profile: &'a str,
    objective: &'static str,
    build: &'a str,
    depth_tokens: u32,
    generated_tokens: u32,
    budget_seconds: f64,
    /// About so many where time is no matter.
    trials: usize,
    default: String,
    before: String,
    dimensions: Vec<NotTried<'a>>,
    fixed: &'a [String],
}

/// Says what would be tried.
pub(super) fn plan(setup: &Setup, request: &TuneRequest, out: &mut dyn Write) -> io::Result<()> {
    let space = setup.knobs.space();
    let words = |setting: &Setting| setup.knobs.words(setting);
    let plan = Plan {
        schema: SCHEMA,
        profile: &request.profile,
        objective: request.objective.name(),
        build: &setup.ground.build,
        depth_tokens: setup.depth,
        generated_tokens: setup.tokens,
        budget_seconds: request.budget.as_secs_f64(),
        trials: Search::trials(&space),
        default: words(&space.default),
        before: words(&space.start),
        dimensions: space
            .dimensions
            .iter()
            .map(|dimension| NotTried {
                dimension: &dimension.name,
                options: dimension.options.iter().map(String::as_str).collect(),
            })
            .collect(),
        fixed: &setup.knobs.fixed,
    };
    quietly(if request.json {
        let text = serde_json::to_string_pretty(&plan).map_err(io::Error::from)?;
        writeln!(out, "{text}")
    } else {
        plan_as_text(&plan, request, out)
    })
}

fn plan_as_text(plan: &Plan<'_>, request: &TuneRequest, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "would tune {} for {} speed: prompts of up to {} tokens, {} generated",
        plan.profile, plan.objective, plan.depth_tokens, plan.generated_tokens
    )?;
    writeln!(out)?;
    let mut rows = vec![
        ["WHAT", "SETTINGS, LLAMA.CPP'S DEFAULT FIRST"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for dimension in &plan.dimensions {
        rows.push(vec![
            dimension.dimension.to_owned(),
            dimension.options.join(", "),
        ]);
    }
    table::write(&rows, &[], out)?;
    writeln!(out)?;
    for fixed in plan.fixed {
        writeln!(out, "not varied: {fixed}")?;
    }
    writeln!(out, "used today: {}", plan.before)?;
    writeln!(
        out,
        "about {} trials, or as many as fit into {}",
        plan.trials,
        duration::exact(request.budget)
    )
}
