//! `orchestrate bench`: whether something became slower, by how much, and since when.
//!
//! [`crate::suite`] decides what is measured next and what comes of it; this module does it, each trial a
//! supervised process of its own, and writes every trial to [`crate::history`] as it comes.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `setup` | from a request to cases with two arms each |
//! | `arm` | a profile with its model and its program |
//! | `anchor` | the arm that was frozen once |
//! | `measure` | one trial |
//! | `disturbance` | what on the machine has disturbed it |
//! | `night` | the loop, and what of it is kept |
//! | `finding` | what the night comes to, for every form of the report |
//! | `report` | what people and programs are told |

mod anchor;
mod arm;
mod disturbance;
mod error;
mod finding;
mod measure;
mod night;
mod report;
mod setup;

use std::io::Write;
use std::path::PathBuf;

use tokio::time::Instant;

pub use error::BenchError;

use crate::engine::Interruption;
use crate::exit::Exit;
use crate::run::RunError;
use crate::store::Paths;
use crate::suite::Against;
use crate::supervise;
use crate::trial::Wishes;
use crate::ui::{Console, Status};
use night::Measuring;
use setup::Setup;

/// What is to be measured, and how it is told.
#[derive(Debug, Clone)]
pub struct BenchRequest {
    /// The name of a built-in suite, or its file.
    pub suite: String,
    /// Measure these profiles, whatever the suite says; empty leaves that to it.
    pub profiles: Vec<String>,
    /// Pairs of each case, in place of the suite's.
    pub pairs: Option<u32>,
    /// What every random draw comes from; `None` takes the time of day.
    pub seed: Option<u64>,
    /// The second arm, in place of the suite's.
    pub against: Option<Against>,
    /// Where llama.cpp's programs are, when the user says so.
    pub llama_dir: Option<PathBuf>,
    /// Go on with a night that was not done.
    pub resume: bool,
    /// Make what is measured today the anchor.
    pub freeze_anchor: bool,
    /// Say what would be measured, and start nothing.
    pub dry_run: bool,
    /// In which form it is told.
    pub form: Form,
    /// A JUnit file to write.
    pub junit: Option<PathBuf>,
    /// When the command was accepted.
    pub accepted: Instant,
}

/// In which form a night is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// A table for people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// A line for each trial.
    Csv,
    /// A table as GitHub and GitLab show it.
    Markdown,
}

/// The profile that is measured where neither suite nor command name one.
const PROFILE: &str = "coder";

/// Measures a night, and says what came of it; the exit code is 8 where something became slower.
///
/// # Errors
/// [`BenchError`] when nothing could be measured, or what was found could not be told.
pub async fn bench(
    request: &BenchRequest,
    paths: &Paths,
    console: Console,
    out: &mut dyn Write,
) -> Result<Exit, BenchError> {
    let mut wishes = Wishes::listen().map_err(RunError::Setup)?;
    supervise::sweep_orphans(&paths.jobs()).await;
    let setup = wishes.interrupts.or(Setup::find(request, paths)).await;
    let setup = match setup {
        Ok(setup) => setup?,
        Err(interruption) => return Ok(interruption.exit()),
    };
    for note in &setup.notes {
        console.note(note);
    }
    if request.dry_run {
        report::plan(&setup, request, out)?;
        return Ok(Exit::Done);
    }
    // A file that cannot be written is told before hours are spent.
    let junit = request.junit.as_deref().map(report::created).transpose()?;
    let mut measuring = Measuring::begin(&setup, request, paths, console);
    let mut progress = Status::new(console);
    let interruption = measuring.drive(&mut progress, &mut wishes).await;
    drop(progress);
    let told = measuring.finish(interruption);
    if let Some(mut file) = junit {
        report::junit(&told, &mut file)?;
    }
    report::write(&told, request.form, out)?;
    if interruption.is_some() && told.night.is_some() {
        let suite = &request.suite;
        console.note(&format_args!(
            "what was measured is kept; go on with: orchestrate bench {suite} --resume"
        ));
    }
    Ok(match interruption {
        Some(interruption) => Interruption::exit(interruption),
        None if told.has_regression() => Exit::CheckFailed,
        // A night without a figure says nothing of speed: it is told as a run tells its failure.
        None if !told.has_figures() => told.last_failure.unwrap_or(Exit::CheckFailed),
        None => Exit::Done,
    })
}
