//! Asks a binary once what it is: `--version` and `--help`, with a deadline, an empty standard
//! input and an environment without llama.cpp's own variables.
//!
//! The answer is kept in `<cache>/probes/`, one small file per binary: the hot path reads only the
//! one it needs, two processes never overwrite each other's answers, and damage stays small. It
//! holds while path, size and modification time of the binary are the same.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files;
use super::process::{Call, CallError};
use crate::dialect::{Capabilities, Program, build_info, environment};

/// Version of the stored answers. To be raised when [`Capabilities`] or its parser changes: an
/// answer of another version is asked for again.
const FORMAT: u32 = 1;

/// A healthy binary answers in 30 ms; a cold disk or a busy machine may need seconds.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why a binary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It could not be looked at.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The binary.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be run, or did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It is something else.
    #[error("{} does not answer like a program of llama.cpp", .0.display())]
    NotLlama(PathBuf),
    /// It ended in a way that no answer explains, such as an illegal instruction.
    #[error("{} does not run on this machine ({ending})", path.display())]
    Broken {
        /// The binary.
        path: PathBuf,
        /// How it ended, and its last words.
        ending: String,
    },
    /// It is `llama-cli` of a build in which `llama-completion` does its old work.
    #[error(
        "{} takes no single prompt; it is probably the chat program of a newer build, which has \
         llama-completion for that",
        .0.display()
    )]
    ChatProgram(PathBuf),
}

/// What is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u32,
    /// Of orchestrate: another version may understand the answers otherwise.
    by: String,
    path: PathBuf,
    size: u64,
    mtime_s: i64,
    mtime_ns: i64,
    capabilities: Capabilities,
}

/// Tells what `path` can do, from the cache if it is known.
///
/// # Errors
/// [`ProbeError`] when it is no program of llama.cpp, or does not run.
pub async fn probe(
    path: &Path,
    program: Program,
    cache: &Path,
) -> Result<Capabilities, ProbeError> {
    let metadata = fs::metadata(path).map_err(|source| ProbeError::Read {
        path: path.to_owned(),
        source,
    })?;
    let file = cache.join("probes").join(format!(
        "{}.json",
        &files::hash_text(&path.to_string_lossy())[..16]
    ));
    if let Some(known) = recall(&file, path, program, &metadata) {
        return usable(path, known);
    }
    let capabilities = ask(path, program).await?;
    // An answer that cannot be kept is asked for again next time; nothing is wrong with it.
    let _ = keep(&file, path, &metadata, &capabilities);
    usable(path, capabilities)
}

/// The verdict is made anew each time and the plain answer is kept: a binary that is refused is
/// then not run again either.
fn usable(path: &Path, capabilities: Capabilities) -> Result<Capabilities, ProbeError> {
    if !capabilities.is_llama_cpp() {
        return Err(ProbeError::NotLlama(path.to_owned()));
    }
    if Program::GENERATORS.contains(&capabilities.program) && !capabilities.can_generate() {
        return Err(ProbeError::ChatProgram(path.to_owned()));
    }
    Ok(capabilities)
}

fn recall(file: &Path, path: &Path, program: Program, metadata: &Metadata) -> Option<Capabilities> {
    let stored: Stored = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let same = stored.version == FORMAT
        && stored.by == env!("CARGO_PKG_VERSION")
        && stored.path == path
        && stored.capabilities.program == program
        && (stored.size, stored.mtime_s, stored.mtime_ns)
            == (metadata.size(), metadata.mtime(), metadata.mtime_nsec());
    same.then_some(stored.capabilities)
}

fn keep(
    file: &Path,
    path: &Path,
    metadata: &Metadata,
    capabilities: &Capabilities,
) -> io::Result<()> {
    let stored = Stored {
        version: FORMAT,
        by: env!("CARGO_PKG_VERSION").to_owned(),
        path: path.to_owned(),
        size: metadata.size(),
        mtime_s: metadata.mtime(),
        mtime_ns: metadata.mtime_nsec(),
        capabilities: capabilities.clone(),
    };
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir)?;
    }
    files::write_whole(file, &serde_json::to_vec(&stored)?)
}

/// Both texts, whatever the exit codes: some programs know no `--version` and leave with 1.
async fn ask(path: &Path, program: Program) -> Result<Capabilities, ProbeError> {
    let mut texts = Vec::new();
    for flag in ["--version", "--help"] {
        let output = scrubbed(Call::new(path))
            .arg(flag)
            .capture(DEADLINE)
            .await?;
        // Not even a loader's complaint (127) or a signal leaves help behind.
        if output.status.code().is_none_or(|code| code == 127) {
            let words = output.stderr.lines().next().unwrap_or("no message");
            return Err(ProbeError::Broken {
                path: path.to_owned(),
                ending: format!("{}: {words}", output.status),
            });
        }
        texts.push(format!("{}{}", output.stdout, output.stderr));
    }
    let text = |index: usize| texts.get(index).map_or("", String::as_str);
    Ok(Capabilities::parse(program, text(0), text(1)))
}

/// The devices besides the CPU on which this build can compute on this machine; `None` where it cannot say.
pub async fn devices(path: &Path, capabilities: &Capabilities) -> Option<Vec<String>> {
    if !capabilities.supports(build_info::LIST_DEVICES) {
        return None;
    }
    let call = scrubbed(Call::new(path)).arg(build_info::LIST_DEVICES);
    let output = call.capture(DEADLINE).await.ok()?;
    let text = format!("{}{}", output.stdout, output.stderr);
    output.status.success().then(|| build_info::devices(&text))
}

/// Gives it the environment that every llama.cpp child gets.
fn scrubbed(mut call: Call) -> Call {
    for (name, _) in std::env::vars_os() {
        if environment::withheld(&name.to_string_lossy()).is_some() {
            call = call.env_remove(&name);
        }
    }
    environment::PROVIDED
        .iter()
        .fold(call, |call, (name, value)| call.env(name, value))
}
