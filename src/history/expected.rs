//! How fast the next run will be, by those like it.

use rusqlite::named_params;

use super::record::verdict;
use super::stored::as_number;
use super::{History, HistoryError};

/// Runs that are looked at, the latest first. Enough for a median that one strange run does not move,
/// few enough to follow a machine that has become slower.
const MOST_RUNS: u32 = 20;

/// Tokens that a run must have generated to count: from so many on the watchdog trusts a run's own
/// gaps, too. The first few tokens are the slowest.
const LEAST_GENERATED: u32 = 16;

/// Tokens that must have been evaluated for the speed of the prompt to count: below, it is the time of
/// one batch that is half empty.
const LEAST_EVALUATED: u32 = 16;

/// What to expect of a run, by those on the same host with the same model, build and settings which
/// ended by themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The runs that it rests on, at least 1.
    pub runs: u32,
    /// Median time to load the model, in milliseconds.
    pub load_ms: Option<f64>,
    /// Median speed of the evaluation of a prompt, in tokens per second.
    pub prefill_tokens_per_second: Option<f64>,
    /// Median speed of the generation, in milliseconds per token.
    pub ms_per_token: Option<f64>,
    /// The largest 99th percentile of the gaps between pieces of text that any of them had, in
    /// milliseconds. Not the median: a window that is made of it must hold for the slowest of these
    /// runs as well, which came to its end. One that was slow for a strange reason only makes hangs
    /// be noticed later, for as long as it is among the latest runs.
    pub gap_p99_ms: Option<f64>,
}

impl History {
    /// What to expect of a run on this host (fingerprint) with this model (fingerprint), build and
    /// settings (hash): from the latest 20 at most of those that ended by themselves with at least 16
    /// tokens. `None` where there are none.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn expected(
        &mut self,
        host: &str,
        model: &str,
        build: &str,
        settings: &str,
    ) -> Result<Option<Expected>, HistoryError> {
        self.with(|connection| {
            let mut statement = connection.prepare(
                "SELECT load_ms,
                     CASE WHEN prompt_tokens >= :evaluated THEN prefill_tokens_per_second END,
                     ms_per_token, gap_p99_ms
                 FROM runs
                 WHERE settings_hash = :settings AND model_fingerprint = :model
                     AND host_fingerprint = :host AND build = :build
                     AND verdict = :done AND generated_tokens >= :generated
                 ORDER BY id DESC LIMIT :runs",
            )?;
            let mut rows = statement.query(named_params! {
                ":host": host,
                ":model": model,
                ":build": build,
                ":settings": settings,
                ":done": verdict::DONE,
                ":generated": LEAST_GENERATED,
                ":evaluated": LEAST_EVALUATED,
                ":runs": MOST_RUNS,
            })?;
            let mut runs = 0;
            let mut columns: [Vec<f64>; 4] = Default::default();
            while let Some(row) = rows.next()? {
                runs += 1;
                for (index, column) in columns.iter_mut().enumerate() {
                    // What took no time, or had no speed, was not measured.
                    let number = as_number(row.get_ref(index)?);
                    column.extend(number.filter(|number| *number > 0.0));
                }
            }
            let [load, prefill, token, gap] = columns;
            Ok((runs > 0).then(|| Expected {
                runs,
                load_ms: median(load),
                prefill_tokens_per_second: median(prefill),
                ms_per_token: median(token),
                gap_p99_ms: gap.into_iter().max_by(f64::total_cmp),
            }))
        })
    }
}

/// The middle one, or the mean of the two in the middle.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *numbers.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}
