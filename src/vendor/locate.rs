//! Which binary is used: a directory that the user names, the vendored build, `PATH`.
//!
//! Whoever names a directory means it: a program that is missing there is an error, not a reason
//! to look elsewhere and mix builds. [`locate()`] returns at the first usable candidate;
//! [`survey`] looks at all of them and keeps the reasons, for `orchestrate llama`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::install::{Installs, NoCurrent};
use super::probe::{self, ProbeError};
use crate::dialect::{Capabilities, Program};

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub struct LocateRequest {
    /// What it must be able to do. [`Program::Completion`] also finds the older names.
    pub program: Program,
    /// A directory that the user names, with `--llama-dir` or in the configuration.
    pub llama_dir: Option<PathBuf>,
    /// The user's cache directory.
    pub cache: PathBuf,
    /// The directories to search last, as in `PATH`.
    pub path: OsString,
}

/// A binary that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The file.
    pub program: PathBuf,
    /// Which program it is, by its name.
    pub kind: Program,
    /// What it says about itself.
    pub capabilities: Capabilities,
    /// How it was found.
    pub origin: Origin,
}

/// How a binary was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the directory that the user names.
    Directory(PathBuf),
    /// Built by `orchestrate build`; the key of the build.
    Vendored(String),
    /// On `PATH`.
    Path,
}

/// One place that was looked at.
#[derive(Debug)]
pub struct Candidate {
    /// The program that was looked for.
    pub wanted: Program,
    /// The program that it is, by its name: an older name may stand for a newer one.
    pub kind: Program,
    /// The file, or the directory in which there was none.
    pub path: PathBuf,
    /// How it was come by.
    pub origin: Origin,
    /// What became of it.
    pub verdict: Result<Capabilities, Rejection>,
}

/// Why a place was passed over.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// There is no such file.
    #[error("there is none")]
    Absent,
    /// Nothing has been built.
    #[error("nothing has been built yet")]
    NotBuilt,
    /// What was built is gone or damaged.
    #[error("the build is incomplete or damaged")]
    BrokenBuild,
    /// What was built does not fit this CPU.
    #[error("it was built for another CPU")]
    OtherCpu,
    /// The build has not come to this program yet.
    #[error("this build has no such program (an interrupted `orchestrate build`?)")]
    NotInBuild,
    /// It is there and cannot be used.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// Why there is no binary to use.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The directory that the user names has none, or one that cannot be used.
    #[error("find {name} in {}: {reason}; correct --llama-dir (llama_dir in orchestrate.toml), or leave it out and run `orchestrate build`", dir.display())]
    InDirectory {
        /// The program.
        name: &'static str,
        /// The directory.
        dir: PathBuf,
        /// What is wrong.
        reason: Rejection,
    },
    /// There is none anywhere.
    #[error(
        "find {name}: {vendored}, and {on_path}; next step: `orchestrate build` (about 9 minutes \
         on two cores), or name a directory with --llama-dir"
    )]
    Nowhere {
        /// The program.
        name: &'static str,
        /// Why not the vendored build.
        vendored: String,
        /// Why none on `PATH`.
        on_path: String,
    },
}

impl LocateRequest {
    /// A search with the process's own `PATH`.
    #[must_use]
    pub fn new(program: Program, llama_dir: Option<PathBuf>, cache: &Path) -> Self {
        Self {
            program,
            llama_dir,
            cache: cache.to_owned(),
            path: std::env::var_os("PATH").unwrap_or_default(),
        }
    }
}

/// File names to look for, in the order of preference, each with the program that it is.
pub(crate) fn names(program: Program) -> Vec<(&'static str, Program)> {
    // Before December 2025 llama-completion was called llama-cli, before mid-2024 main.
    let kinds: &[Program] = match program {
        Program::Completion => &Program::GENERATORS,
        ref other => std::slice::from_ref(other),
    };
    let named = |&kind: &Program| kind.file_names().iter().map(move |&name| (name, kind));
    kinds.iter().flat_map(named).collect()
}

/// Programs that [`survey`] asks for.
pub const SURVEYED: [Program; 6] = [
    Program::Completion,
    Program::Server,
    Program::Bench,
    Program::Quantize,
    Program::Tokenize,
    Program::RpcServer,
];

/// Finds the binary to use.
///
/// # Errors
/// [`LocateError`] with what was wrong at each place.
pub async fn locate(request: &LocateRequest) -> Result<Install, LocateError> {
    let name = request.program.name();
    if let Some(dir) = &request.llama_dir {
        let candidates = in_directory(request, dir).await;
        return take(candidates).map_err(|rejected| LocateError::InDirectory {
            name,
            dir: dir.clone(),
            reason: worst(rejected).map_or(Rejection::Absent, |candidate| candidate.1),
        });
    }
    let vendored = match take(vec![vendored(request).await]) {
        Ok(install) => return Ok(install),
        Err(rejected) => rejected,
    };
    let on_path = match take(on_path(request).await) {
        Ok(install) => return Ok(install),
        Err(rejected) => rejected,
    };
    Err(LocateError::Nowhere {
        name,
        vendored: worst(vendored).map_or_else(
            || Rejection::NotBuilt.to_string(),
            |(_, reason)| match reason {
                Rejection::NotBuilt | Rejection::Probe(_) => reason.to_string(),
                _ => format!("of the vendored build: {reason}"),
            },
        ),
        on_path: worst(on_path).map_or_else(
            || "there is none on PATH".to_owned(),
            |(_, reason)| reason.to_string(),
        ),
    })
}

/// Looks everywhere, for every program; the first usable candidate of a program is the one that
/// [`locate()`] takes. `request.program` is not looked at.
pub async fn survey(request: &LocateRequest) -> Vec<Candidate> {
    let mut all = Vec::new();
    for program in SURVEYED {
        let request = LocateRequest {
            program,
            ..request.clone()
        };
        all.extend(candidates(&request).await);
    }
    all
}

/// Looks everywhere for one program, in the order of [`locate()`].
pub async fn candidates(request: &LocateRequest) -> Vec<Candidate> {
    let mut all = Vec::new();
    if let Some(dir) = &request.llama_dir {
        all.extend(in_directory(request, dir).await);
    }
    all.push(vendored(request).await);
    all.extend(on_path(request).await);
    all
}

type Rejected = (PathBuf, Rejection);

/// The first that is usable, or all that are not.
fn take(candidates: Vec<Candidate>) -> Result<Install, Vec<Rejected>> {
    let mut rejected = Vec::new();
    for candidate in candidates {
        match candidate.verdict {
            Ok(capabilities) => {
                return Ok(Install {
                    program: candidate.path,
                    kind: candidate.kind,
                    capabilities,
                    origin: candidate.origin,
                });
            }
            Err(reason) => rejected.push((candidate.path, reason)),
        }
    }
    Err(rejected)
}

/// The rejection worth telling: one of a file that is there before one of a file that is not.
fn worst(rejected: Vec<Rejected>) -> Option<Rejected> {
    rejected
        .into_iter()
        .min_by_key(|(_, reason)| matches!(reason, Rejection::Absent))
}

/// Candidates in `dir` itself and where a release archive and a build tree keep their programs.
async fn in_directory(request: &LocateRequest, dir: &Path) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (name, kind) in names(request.program) {
        for below in ["", "bin", "build/bin"] {
            let path = dir.join(below).join(name);
            if path.is_file() {
                let verdict = probe::probe(&path, kind, &request.cache).await;
                candidates.push(Candidate {
                    wanted: request.program,
                    kind,
                    path,
                    origin: Origin::Directory(dir.to_owned()),
                    verdict: verdict.map_err(Rejection::from),
                });
                if candidates.last().is_some_and(|last| last.verdict.is_ok()) {
                    return candidates;
                }
            }
        }
    }
    if candidates.is_empty() {
        candidates.push(Candidate {
            wanted: request.program,
            kind: request.program,
            path: dir.to_owned(),
            origin: Origin::Directory(dir.to_owned()),
            verdict: Err(Rejection::Absent),
        });
    }
    candidates
}

async fn vendored(request: &LocateRequest) -> Candidate {
    let installs = Installs::of(&request.cache);
    let rejected = |path: PathBuf, key: String, reason| Candidate {
        wanted: request.program,
        kind: request.program,
        path,
        origin: Origin::Vendored(key),
        verdict: Err(reason),
    };
    let manifest = match installs.current() {
        Ok(manifest) => manifest,
        Err(why) => {
            let (path, reason) = match why {
                NoCurrent::None => (installs.dir(""), Rejection::NotBuilt),
                NoCurrent::Broken(path) => (path, Rejection::BrokenBuild),
                NoCurrent::OtherCpu(path) => (path, Rejection::OtherCpu),
            };
            return rejected(path, String::new(), reason);
        }
    };
    let known = names(request.program)
        .into_iter()
        .find(|(name, _)| manifest.programs.iter().any(|program| program == name));
    let Some((name, kind)) = known else {
        let dir = installs.dir(&manifest.key);
        return rejected(dir, manifest.key, Rejection::NotInBuild);
    };
    let path = installs.program(&manifest.key, name);
    if !path.is_file() {
        return rejected(path, manifest.key, Rejection::BrokenBuild);
    }
    let verdict = probe::probe(&path, kind, &request.cache).await;
    Candidate {
        wanted: request.program,
        kind,
        path,
        origin: Origin::Vendored(manifest.key),
        verdict: verdict.map_err(Rejection::from),
    }
}

/// The first of each name on `PATH`, until one is usable. `main` is a common word: one that is
/// not llama.cpp's is no candidate at all.
async fn on_path(request: &LocateRequest) -> Vec<Candidate> {
    let cwd = std::env::current_dir().unwrap_or_default();
    let mut candidates = Vec::new();
    for (name, kind) in names(request.program) {
        let Ok(path) = which::which_in(name, Some(&request.path), &cwd) else {
            continue;
        };
        // A symbolic link keeps its name for the user; the file behind it is what is probed.
        if fs::metadata(&path).is_err() {
            continue;
        }
        let verdict = probe::probe(&path, kind, &request.cache).await;
        let ours = !(kind == Program::Main && matches!(verdict, Err(ProbeError::NotLlama(_))));
        let usable = verdict.is_ok();
        if ours {
            candidates.push(Candidate {
                wanted: request.program,
                kind,
                path,
                origin: Origin::Path,
                verdict: verdict.map_err(Rejection::from),
            });
        }
        if usable {
            break;
        }
    }
    candidates
}
