//! One of the two ways to do the same work: a program, started the same way each time.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use orchestrate::engine::Prepared;
use orchestrate::profile::Override;
use orchestrate::run::{Format, PromptSource, RunRequest, prepared};
use orchestrate::store::Paths;
use orchestrate::ui::Console;

use crate::{Failure, Options};

const PROFILE: &str = "coder";
const PROMPT: &str = "Create functions for add, subtract, multiply, and divide";

/// How often the memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A program with its arguments, environment and input.
pub(crate) struct Arm {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) stdin: Vec<u8>,
}

/// `orchestrate run` with a backend, and what it would start.
pub(crate) fn supervised(options: &Options, backend: &str) -> Result<(Arm, Prepared), Failure> {
    let values = [
        ("seed", "1".to_owned()),
        ("threads", options.threads.to_string()),
        ("batch_threads", options.threads.to_string()),
        ("max_tokens", options.tokens.to_string()),
        // They end orchestrate's run only: the bare program does not know them, and would go on.
        ("stop", "[]".to_owned()),
        ("backend", backend.to_owned()),
    ];
    let mut args: Vec<OsString> = ["run", PROFILE, PROMPT].map(OsString::from).into();
    for (key, value) in &values {
        args.extend(["--set".into(), format!("{key}={value}").into()]);
    }
    let arm = Arm {
        program: env!("CARGO_BIN_EXE_orchestrate").into(),
        args,
        environment: std::env::vars_os().collect(),
        stdin: Vec::new(),
    };
    let request = RunRequest {
        profile: PROFILE.to_owned(),
        prompt: PromptSource::Argument(PROMPT.to_owned()),
        overrides: values
            .iter()
            .map(|(key, value)| Override::new("--set", key, value))
            .collect(),
        variables: std::collections::BTreeMap::new(),
        llama_dir: std::env::var_os("ORCHESTRATE_LLAMA_DIR").map(PathBuf::from),
        format: Format::Text,
        verbose: false,
        log_file: None,
        force: false,
        accepted: tokio::time::Instant::now(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let paths = Paths::discover()?;
    let prepared = runtime.block_on(prepared(&request, &paths, Console::detect(true)))?;
    Ok((arm, prepared))
}

impl Arm {
    /// What a prepared run would start.
    pub(crate) fn bare(prepared: &Prepared) -> Self {
        let spec = prepared.spec().clone();
        Self {
            program: spec.program,
            args: spec.args,
            environment: spec.environment,
            stdin: spec.stdin,
        }
    }

    pub(crate) fn start(&self, stdout: Stdio, stderr: Stdio) -> std::io::Result<Child> {
        let mut child = Command::new(&self.program)
            // Not among the user's own runs.
            .env(
                "ORCHESTRATE_STATE_DIR",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/state"),
            )
            .args(&self.args)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()?;
        // Far less than a pipe holds, so that this cannot wait for the child. Taken: it is closed.
        child
            .stdin
            .take()
            .map_or(Ok(()), |mut stdin| stdin.write_all(&self.stdin))?;
        Ok(child)
    }

    /// Runs it to its end: (milliseconds, standard output, standard error).
    pub(crate) fn run(&self) -> Result<(f64, String, String), Failure> {
        let began = Instant::now();
        let output = self
            .start(Stdio::piped(), Stdio::piped())?
            .wait_with_output()?;
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            let program = self.program.display();
            return Err(format!("{program} ended with {}:\n{stderr}", output.status).into());
        }
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((ms, stdout, stderr))
    }

    /// The peak resident set of this process alone, in bytes, in one run.
    ///
    /// The figure of `wait4` would be wrong here: the kernel hands out the larger of a process's own
    /// peak and that of the children it has reaped (RUSAGE_BOTH), and llama.cpp takes more than its
    /// supervisor. VmHWM (proc(5)) is of the process alone. It is a high-water mark, so looking now
    /// and then misses nothing but what is allocated after the last look.
    pub(crate) fn peak_memory(&self) -> Result<u64, Failure> {
        let mut child = self.start(Stdio::null(), Stdio::null())?;
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        let ended = loop {
            let marks = fs::read_to_string(&status).unwrap_or_default();
            peak = peak.max(high_water_mark(&marks).unwrap_or(0));
            if let Some(ended) = child.try_wait()? {
                break ended;
            }
            thread::sleep(LOOK_EVERY);
        };
        match (ended.success(), peak) {
            (false, _) => Err(format!("orchestrate ended with {ended}").into()),
            (true, 0) => Err("no VmHWM in /proc: the memory cannot be measured here".into()),
            (true, peak) => Ok(peak),
        }
    }
}

/// VmHWM of `/proc/PID/status`, in bytes; a process that has ended has none any more.
fn high_water_mark(status: &str) -> Option<u64> {
    let mark = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = mark.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
