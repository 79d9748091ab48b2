//! A world with the real programs, and a run in it that is met in a phase.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use tokio::time::Instant;

use crate::case::{Backend, Case, Found, Name, Phase};
use crate::common::{Run, Running, World};
use crate::expected::{Complaint, Expected};
use crate::fake::SLOW_CANARY;
use crate::harm::Victim;
use crate::observed::Observed;

/// Context, in tokens: 130 MB to be cleared, which takes a third of a second.
pub(crate) const CONTEXT: &str = "32768";
/// The same for a load that is to be met: 260 MB.
pub(crate) const CONTEXT_OF_A_LONG_LOAD: &str = "65536";
/// Tokens of an answer that lasts until somebody ends it.
pub(crate) const ENDLESS: &str = "30000";
/// Tokens of an answer whose whole text is known. Each costs more than the last: 3000 take ten times as long.
pub(crate) const WHOLE: usize = 1200;
/// Words, each a token, of a prompt that is read for half a second or more.
pub(crate) const LONG_PROMPT: usize = 1500;

/// The directory of the programs that orchestrate uses when nobody says otherwise.
static LLAMA: LazyLock<PathBuf> = LazyLock::new(|| {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_orchestrate"))
        .args(["llama", "--json"])
        .output()
        .expect("it starts");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let candidates = found["candidates"].as_array().into_iter().flatten();
    let mut used = candidates.filter(|candidate| candidate["used"] == true);
    let program = used.find(|candidate| candidate["program"] == "llama-completion");
    let path = program.and_then(|program| program["path"].as_str());
    let path = path.expect("no llama-completion: run `make test` or `orchestrate build`");
    let dir = Path::new(path).parent().expect("a directory");
    dir.to_owned()
});

/// What the model writes for the request `words`, undisturbed.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let stage = Stage::new(Backend::Completion);
    let whole = WHOLE.to_string();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_orchestrate"));
    command.args(["run", "real", "words", "-n", &whole]);
    command.current_dir(stage.world.path("work"));
    for (name, value) in stage.environment() {
        command.env(name, value);
    }
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
});

/// A case on the real programs.
pub(crate) fn case<F>(
    phase: Phase,
    fault: impl Into<String>,
    backend: Backend,
    trying: impl FnOnce() -> F + Send + 'static,
) -> Case
where
    F: Future<Output = Result<Tried, String>> + 'static,
{
    let fault = fault.into();
    let name = Name {
        llama: "real",
        phase,
        fault,
        backend,
    };
    Case::new(name, move || {
        let trying = trying();
        async move {
            match trying.await {
                Ok((observed, complaints)) => Found::Tried(Box::new(observed), complaints),
                Err(reason) => Found::Skipped(reason),
            }
        }
    })
}

/// What was observed, and the promises that were broken.
pub(crate) type Tried = (Observed, Vec<Complaint>);

/// How often a run is tried again whose end llama-completion has lost.
const TRIES: u32 = 3;

/// Tries it again where llama-completion did not print its last words (llama.cpp#22142), which has nothing
/// to do with the fault: a run that took long is not repeated by orchestrate, but told with exit code 7.
pub(crate) async fn unless_lost<F>(mut trying: impl FnMut() -> F) -> Result<Tried, String>
where
    F: Future<Output = Result<Tried, String>>,
{
    for _ in 0..TRIES {
        let (observed, complaints) = trying().await?;
        let lost = observed.verdict.as_deref() == Some("crashed")
            && observed.stderr.contains("llama.cpp#22142");
        if !lost {
            return Ok((observed, complaints));
        }
    }
    Err(format!(
        "llama-completion has lost its last words {TRIES} times (llama.cpp#22142)"
    ))
}

/// A world with the real programs.
pub(crate) struct Stage {
    pub(crate) world: World,
    before: BTreeSet<String>,
}

impl Stage {
    pub(crate) fn new(backend: Backend) -> Self {
        let world = World::new();
        let model = world.file("endless.gguf", endless());
        let kind = match backend {
            Backend::Completion => "completion",
            Backend::Server => "server",
        };
        world.profile(
            "real",
            &format!(
                "model = '{model}'\nbackend = \"{kind}\"\ncontext = {CONTEXT}\nmax_tokens = 64\n\
                 threads = 1\nbatch_threads = 1\nbatch = 2048\nseed = 7\nignore_eos = true\nstop = []\n\
                 [sampling]\ntemperature = 0\n\
                 [limits]\ntimeout = \"none\"\nload = \"none\"\n\
                 [watch]\nloops = false # the model repeats itself\n\
                 [prompt]\ntemplate = \"Write Python code for: {{{{prompt}}}}\\n\\nCode:\"\n"
            ),
        );
        let before = world.listing();
        Self { world, before }
    }

    /// The environment of a command in it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let path = |name| self.world.path(name);
        vec![
            ("ORCHESTRATE_CONFIG_DIR", path("config")),
            ("ORCHESTRATE_CACHE_DIR", path("cache")),
            ("ORCHESTRATE_STATE_DIR", path("state")),
            ("ORCHESTRATE_RUNTIME_DIR", path("run")),
            ("ORCHESTRATE_LLAMA_DIR", LLAMA.clone()),
        ]
    }

    /// A command in it.
    pub(crate) fn dress<'w>(&self, mut run: Run<'w>) -> Run<'w> {
        for (name, value) in self.environment() {
            run = run.env(name, value);
        }
        run
    }

    /// `orchestrate run` with `--jsonl`.
    pub(crate) async fn start(&self, args: &[&str]) -> Live<'_> {
        let first = ["real", "--jsonl"];
        let run = self.world.run(first.iter().chain(args));
        self.start_dressed(run).await
    }

    /// A command of this world that is, or becomes, `orchestrate run --jsonl`.
    pub(crate) async fn start_dressed<'w>(&'w self, run: Run<'w>) -> Live<'w> {
        let began = Instant::now();
        let running = self.dress(run).start().await;
        Live {
            stage: self,
            running,
            began,
            blow: None,
        }
    }

    /// What is left in it: processes, and files that were not there before.
    pub(crate) fn look(&self, observed: &mut Observed) {
        observed.processes = self.world.processes();
        observed.files = &self.world.listing() - &self.before;
        // Not in the world's own place for them, as the guard of a small disk has to know theirs.
        observed
            .files
            .retain(|path| !matches!(path.as_str(), "run" | "run/lock"));
    }
}

/// A request that takes long to read.
pub(crate) fn long_prompt() -> String {
    "word ".repeat(LONG_PROMPT)
}

/// The embedded model, but for its trained context, which is made long.
pub(crate) fn endless() -> Vec<u8> {
    const KEY: &[u8] = b"llama.context_length";
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.gguf");
    let mut bytes = fs::read(demo).expect("the demo model");
    let at = bytes.windows(KEY.len()).position(|part| part == KEY);
    // After the key comes the type of the value (u32), then the value.
    let value = at.expect("the key") + KEY.len() + 4;
    bytes[value..value + 4].copy_from_slice(&1_000_000_u32.to_le_bytes());
    bytes
}

/// A started run.
pub(crate) struct Live<'w> {
    stage: &'w Stage,
    pub(crate) running: Running<'w>,
    began: Instant,
    blow: Option<Instant>,
}

impl Live<'_> {
    /// Waits until the run is in this phase, and returns its llama.cpp.
    pub(crate) async fn reaches(&mut self, phase: Phase) -> Victim {
        self.running.shows("\"event\":\"started\"").await;
        match phase {
            Phase::Load => {}
            Phase::Prefill => self.running.shows("\"phase\":\"prefill\"").await,
            _ => self.running.shows("\"event\":\"text\"").await,
        }
        self.llama().expect("it lives")
    }

    /// The llama.cpp that was started last; `None` when it has ended.
    fn llama(&self) -> Option<Victim> {
        let so_far = self.running.so_far();
        let events = so_far.lines().filter_map(|line| {
            let event: Value = serde_json::from_str(line).ok()?;
            event["pid"].as_u64()
        });
        let mut latest = events.rev();
        Victim::of(u32::try_from(latest.next()?).ok()?)
    }

    /// Something has just been done to it: times count from here.
    pub(crate) fn struck(&mut self) {
        self.blow = Some(Instant::now());
    }

    /// Follows it to its end, and holds it against what is promised.
    pub(crate) async fn end(self, expected: &Expected) -> Tried {
        let observed = self.observe().await;
        let complaints = judge(expected, &observed);
        (observed, complaints)
    }

    /// Follows it to its end.
    pub(crate) async fn observe(self) -> Observed {
        let Self {
            stage,
            running,
            began,
            blow,
        } = self;
        let ended = running.end_unlooked(SLOW_CANARY).await;
        let mut observed = Observed::of(&ended, began.elapsed());
        if observed.to_verdict.is_none()
            && let Some(blow) = blow
        {
            let whole = blow.elapsed();
            observed.to_verdict = Some(whole.saturating_sub(observed.to_end.unwrap_or_default()));
        }
        stage.look(&mut observed);
        observed
    }
}

/// Holds it against what is promised, its text against what the model writes.
pub(crate) fn judge(expected: &Expected, observed: &Observed) -> Vec<Complaint> {
    let mut complaints = expected.complaints(observed);
    let text: &str = &observed.text;
    if !(TEXT.starts_with(text) || text.starts_with(&**TEXT)) {
        complaints.push(Complaint {
            what: "text",
            detail: format!("it is not what the model writes: {text:?}"),
        });
    }
    complaints
}

/// A promise that was broken, unless it holds.
pub(crate) fn promise(
    complaints: &mut Vec<Complaint>,
    what: &'static str,
    holds: bool,
    found: String,
) {
    if !holds {
        complaints.push(Complaint {
            what,
            detail: found,
        });
    }
}

/// The whole of an answer of so many tokens must have come.
pub(crate) fn whole(complaints: &mut Vec<Complaint>, observed: &Observed) {
    let found = format!("{} of {} bytes came", observed.text.len(), TEXT.len());
    promise(complaints, "whole text", observed.text == *TEXT, found);
}
