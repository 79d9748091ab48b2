//! `llama-completion`: the bare program with the same arguments and input.

use crate::arm::{Arm, supervised};
use crate::{Failure, Measured, Options, Series};

/// Most that the median run may take longer, in milliseconds (promised in the README).
const MOST_ADDED_MS: f64 = 5.0;

/// What orchestrate's summary says when a run was repeated (see `engine::session`).
const REPEATED: &str = " times (llama.cpp#22142)";
/// What the bare program writes last to standard output and to its log, unless it is lost.
const LAST_WRITTEN: &str = "\n\n";
const LAST_LOGGED: &str = " total time =";

/// One run.
pub(crate) struct Run {
    /// From before the start until it has exited and everything that it wrote is read.
    ms: f64,
    text: String,
    /// Whether the program lost its last lines: a bare run then ends so, orchestrate repeats it.
    cut_short: bool,
}

/// What is compared.
pub(crate) struct Completion {
    bare: Arm,
    supervised: Arm,
    /// Runs, bare and supervised, of which the program lost some lines.
    cut: [usize; 2],
}

impl Completion {
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let (supervised, prepared) = supervised(options, "completion")?;
        Ok(Self {
            bare: Arm::bare(&prepared),
            supervised,
            cut: [0; 2],
        })
    }
}

impl Series for Completion {
    const NAME: &'static str = "llama-completion";
    const MOST_ADDED_MS: f64 = MOST_ADDED_MS;
    type Run = Run;

    fn supervised(&self) -> &Arm {
        &self.supervised
    }

    fn run_bare(&self) -> Result<Self::Run, Failure> {
        let (ms, text, log) = self.bare.run()?;
        Ok(Run {
            ms,
            cut_short: !(text.ends_with(LAST_WRITTEN) && log.contains(LAST_LOGGED)),
            text,
        })
    }

    fn run_supervised(&self) -> Result<Self::Run, Failure> {
        let (ms, text, summary) = self.supervised.run()?;
        Ok(Run {
            ms,
            text,
            cut_short: summary.contains(REPEATED),
        })
    }

    fn keep(&mut self, [bare, again, supervised]: [Run; 3]) -> Result<Measured, Failure> {
        for bare in [&bare, &again] {
            if !bare.cut_short && !bare.text.starts_with(supervised.text.trim_end()) {
                return Err(format!(
                    "the texts differ\n  bare: {:?}\n  orchestrate: {:?}",
                    bare.text, supervised.text
                )
                .into());
            }
        }
        self.cut[0] += usize::from(bare.cut_short);
        self.cut[1] += usize::from(supervised.cut_short);
        Ok(Measured {
            bare: bare.ms,
            again: again.ms,
            supervised: supervised.ms,
        })
    }

    fn remarks(&self) -> bool {
        let [cut, repeated] = self.cut;
        if repeated + cut > 0 {
            println!(
                "llama.cpp lost its last lines at the exit (llama.cpp#22142) in some runs, warm-up included:\n\
                 {cut} bare ones ended so, {repeated} of orchestrate's were repeated; all are counted"
            );
        }
        true
    }
}
