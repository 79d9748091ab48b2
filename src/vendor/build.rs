//! Builds llama.cpp with cmake, in stages.
//!
//! The key of the build is known before anything is fetched, so a build that is there costs one
//! question to the compiler. Otherwise, under a file lock: sources, configure, then one cmake
//! build per stage; after each stage its programs are published (see [`super::install`]), so that
//! `run` works after the first. The build tree stays in the cache, and an interrupted build goes
//! on where it was.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::build_lock::BuildLock;
use super::compile_log::{self, FirstError};
use super::files;
use super::install::{Installs, Manifest};
use super::process::{Call, CallError};
use super::recipe::Recipe;
use super::source::{SourceError, SourcePlan};
use super::tools::{Generator, ToolError, ToolSearch, Tools};
use super::{Event, Report, locate};
use crate::dialect::Program;

/// What is built, in stages. The first is what `orchestrate run` needs, so that it works soonest.
const STAGES: [&[Program]; 2] = [
    &[Program::Completion],
    &[
        Program::Server,
        Program::Bench,
        Program::Quantize,
        Program::Tokenize,
        Program::RpcServer,
    ],
];

/// Room that fetching the sources takes: tree 178 MB, archive 37 MB, and while pip works its build
/// tools 160 MB, all measured.
const SOURCE_BYTES: u64 = 400_000_000;

/// Room that a build takes: tree 133 MB, programs 60 MB, cmake from PyPI 113 MB measured; other
/// compilers and architectures differ, hence more than half as much again.
const BUILD_BYTES: u64 = 500_000_000;

/// In a build tree while a compile runs.
const COMPILING: &str = ".orchestrate-compiling";

/// Files this much older than the newest were not being written when a compile was killed.
const CUT_WINDOW: Duration = Duration::from_secs(10);

/// What to build, and where.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The user's cache directory.
    pub cache: PathBuf,
    /// Where the user stands: inside a checkout its lock file and `vendor/llama.cpp` count.
    pub cwd: PathBuf,
    /// Sources to build instead of the pinned ones.
    pub source: Option<PathBuf>,
    /// Parallel compiles; as many as there are usable CPUs without it.
    pub jobs: Option<NonZeroUsize>,
    /// Further arguments for cmake's configure step; the last one of a name wins.
    pub cmake_args: Vec<String>,
    /// Where the tools are.
    pub tools: ToolSearch,
}

/// A build that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The directory of its programs.
    pub bin: PathBuf,
    /// What it is.
    pub manifest: Manifest,
    /// False when it had been built before.
    pub fresh: bool,
}

/// Why llama.cpp could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The sources are missing.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A tool is missing.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A tool could not be run.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The disk is too full.
    #[error(
        "build llama.cpp at {}: it needs {} MB of free space and there are {}; free some, or \
         set ORCHESTRATE_CACHE_DIR to another disk",
        path.display(), needed / 1_000_000, free / 1_000_000
    )]
    Space {
        /// Where.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes there.
        free: u64,
    },
    /// A file could not be read or written.
    #[error("{doing} {}: {source}; check who may write there, or set ORCHESTRATE_CACHE_DIR", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// cmake or the compiler failed.
    #[error(
        "{step}:\n{error}\n{}the whole output is in {}",
        advice.map(|text| format!("({text})\n")).unwrap_or_default(), log.display()
    )]
    Failed {
        /// What was being done, such as `compile llama-server`.
        step: String,
        /// The first error of its output.
        error: String,
        /// What to try, where the error tells.
        advice: Option<&'static str>,
        /// The log.
        log: PathBuf,
    },
    /// The sources have no target that `run` could use.
    #[error("build {}: its cmake files know no target llama-completion, llama-cli or main", .0.display())]
    NoTarget(PathBuf),
}

/// Builds what is not built yet, one build at a time.
///
/// # Errors
/// See [`BuildError`]. Whatever was finished before stays, and the next call goes on from there.
pub async fn build(request: &BuildRequest, report: Report<'_>) -> Result<Built, BuildError> {
    let plan = SourcePlan::decide(&request.cwd, request.source.as_deref(), &request.cache)?;
    let compiler = request.tools.compiler(report).await?;
    let recipe = Recipe::new(&plan, &compiler, &request.cmake_args);
    let key = recipe.key();
    let installs = Installs::of(&request.cache);
    if let Some(built) = already_built(&installs, &key)? {
        return Ok(built);
    }
    let root = request.cache.join("build");
    let lock = BuildLock::acquire(&root, report)
        .await
        .map_err(failed("lock", &root))?;
    if let Some(built) = already_built(&installs, &key)? {
        return Ok(built);
    }
    installs.clear_leftovers();
    let tools = request.tools.cmake(report).await?;
    let tree = root.join(recipe.tree_key(&plan.dir, &tools.generator));
    check_space(&plan, &tree, &request.cache)?;
    plan.fill(&request.tools, report).await?;
    let log_path = root.join("build.log");
    let log = File::create(&log_path).map_err(failed("write", &log_path))?;
    let mut work = Work {
        request,
        plan: &plan,
        recipe: &recipe,
        tools: &tools,
        tree,
        lock: &lock,
        log: BufWriter::new(log),
        log_path,
        report,
    };
    work.configure().await?;
    let stages = work.choose_targets().await?;
    let mut manifest = Manifest::new(&key, &plan.dir, &recipe);
    let last = stages.len() - 1;
    for (index, targets) in stages.into_iter().enumerate() {
        work.compile(&targets).await?;
        manifest.programs.clone_from(&targets);
        manifest.complete = index == last;
        let bin = work.tree.join("bin");
        installs
            .publish(&bin, &mut manifest)
            .map_err(failed("install programs below", &installs.dir(&key)))?;
        for target in targets {
            report(Event::Ready(target));
        }
    }
    Ok(Built {
        bin: installs.dir(&key).join("bin"),
        manifest,
        fresh: true,
    })
}

fn already_built(installs: &Installs, key: &str) -> Result<Option<Built>, BuildError> {
    let Some(manifest) = installs.manifest(key) else {
        return Ok(None);
    };
    let all_there = manifest
        .programs
        .iter()
        .all(|name| installs.program(key, name).is_file());
    if !manifest.complete || !all_there {
        return Ok(None);
    }
    if installs.current().map(|current| current.key) != Ok(key.to_owned()) {
        installs
            .make_current(key)
            .map_err(failed("write below", &installs.dir(key)))?;
    }
    Ok(Some(Built {
        bin: installs.dir(key).join("bin"),
        manifest,
        fresh: false,
    }))
}

fn check_space(plan: &SourcePlan, tree: &Path, cache: &Path) -> Result<(), BuildError> {
    let for_build = if tree.is_dir() { 0 } else { BUILD_BYTES };
    let for_source = if plan.is_filled() { 0 } else { SOURCE_BYTES };
    for (path, needed) in [
        (cache, for_build + for_source),
        (plan.dir.as_path(), for_source),
    ] {
        // Where the system does not tell, the write that fails will.
        let free = files::free_space(path).unwrap_or(u64::MAX);
        if free < needed {
            return Err(BuildError::Space {
                path: path.to_owned(),
                needed,
                free,
            });
        }
    }
    Ok(())
}

/// One build, with all that its steps need.
struct Work<'a> {
    request: &'a BuildRequest,
    plan: &'a SourcePlan,
    recipe: &'a Recipe,
    tools: &'a Tools,
    tree: PathBuf,
    lock: &'a BuildLock,
    log: BufWriter<File>,
    log_path: PathBuf,
    report: Report<'a>,
}

impl Work<'_> {
    async fn configure(&mut self) -> Result<(), BuildError> {
        (self.report)(Event::Step(format!(
            "configuring {} with cmake and {}",
            self.plan.dir.display(),
            self.tools.generator.name()
        )));
        let had_tree = self.tree.is_dir();
        let result = self.configure_once().await;
        if !(had_tree && matches!(result, Err(BuildError::Failed { .. }))) {
            return result;
        }
        // An interruption may have cut cmake's cache in two.
        (self.report)(Event::Note(
            "configuring the build that was there failed; starting it anew".to_owned(),
        ));
        files::remove(&self.tree).map_err(failed("remove", &self.tree))?;
        self.configure_once().await
    }

    async fn configure_once(&mut self) -> Result<(), BuildError> {
        fs::create_dir_all(&self.tree).map_err(failed("create", &self.tree))?;
        let mut make_program = std::ffi::OsString::from("-DCMAKE_MAKE_PROGRAM=");
        make_program.push(self.tools.generator.program());
        let mut call = self
            .cmake()?
            .arg("-S")
            .arg(&self.plan.dir)
            .arg("-B")
            .arg(&self.tree)
            .args(["-G", self.tools.generator.name()])
            .arg(make_program)
            .arg("-DGGML_CCACHE=OFF");
        if let Some(ccache) = &self.tools.ccache {
            for language in ["C", "CXX"] {
                call = call.arg(format!(
                    "-DCMAKE_{language}_COMPILER_LAUNCHER={}",
                    ccache.display()
                ));
            }
        }
        let call = call.args(&self.recipe.options);
        self.step("configure llama.cpp".to_owned(), call).await
    }

    /// For each stage the targets that these sources have.
    async fn choose_targets(&mut self) -> Result<Vec<Vec<String>>, BuildError> {
        let listing = self
            .cmake()?
            .arg("--build")
            .arg(&self.tree)
            .args(["--target", "help"])
            .capture(Duration::from_secs(60))
            .await?;
        let known: Vec<&str> = listing.stdout.lines().filter_map(target_of).collect();
        let mut stages = Vec::new();
        for stage in STAGES {
            let mut targets = Vec::new();
            for &program in stage {
                let mut names = locate::names(program).into_iter();
                match names.find(|(name, _)| known.contains(name)) {
                    Some((name, _)) => targets.push(name.to_owned()),
                    None => (self.report)(Event::Note(format!(
                        "these sources have no {}; it is left out",
                        program.name()
                    ))),
                }
            }
            if stages.is_empty() && targets.is_empty() {
                return Err(BuildError::NoTarget(self.plan.dir.clone()));
            }
            if !targets.is_empty() {
                stages.push(targets);
            }
        }
        Ok(stages)
    }

    async fn compile(&mut self, targets: &[String]) -> Result<(), BuildError> {
        let names = targets.join(", ");
        (self.report)(Event::Step(format!("compiling {names}")));
        let mark = self.tree.join(COMPILING);
        if mark.exists() && matches!(self.tools.generator, Generator::Make(_)) {
            drop_cut_files(&self.tree);
        }
        fs::write(&mark, "").map_err(failed("write", &mark))?;
        let jobs = self.request.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            NonZeroUsize::get,
        );
        let call = self
            .cmake()?
            .arg("--build")
            .arg(&self.tree)
            .arg("--target")
            .args(targets)
            .args(["--parallel", &jobs.to_string()])
            .env("NINJA_STATUS", "[%f/%t] ");
        let result = self.step(format!("compile {names}"), call).await;
        // Not reached when the build is killed, which is what the mark is for.
        files::remove(&mark).map_err(failed("remove", &mark))?;
        result
    }

    fn cmake(&self) -> Result<Call, BuildError> {
        let stdin = self.lock.share().map_err(failed("lock", &self.tree))?;
        // llama.cpp asks git for its commit: the answer must not come from a repository around
        // the pinned sources, whose every commit would then mean a new build.
        let ceiling = self.plan.dir.parent().unwrap_or(Path::new("/"));
        let mut call = self
            .request
            .tools
            .call(&self.tools.cmake)
            .stdin(stdin)
            .env("GIT_CEILING_DIRECTORIES", ceiling);
        for name in ["CMAKE_GENERATOR", "CMAKE_BUILD_TYPE", "DESTDIR"] {
            call = call.env_remove(name);
        }
        Ok(call)
    }

    /// Runs one step into the log, tells its progress, and finds the error if it fails.
    async fn step(&mut self, step: String, call: Call) -> Result<(), BuildError> {
        let mut first = FirstError::default();
        let mut last = String::new();
        let mut log_error = None;
        let log = &mut self.log;
        let report = self.report;
        let status = call
            .lines(|_, line| {
                if let Err(error) = writeln!(log, "{line}") {
                    log_error.get_or_insert(error);
                }
                match compile_log::progress(line) {
                    Some(progress) => report(Event::Compile {
                        done: progress.done,
                        total: progress.total,
                        what: progress.what.to_owned(),
                    }),
                    None => first.see(line),
                }
                if !line.trim().is_empty() {
                    line.clone_into(&mut last);
                }
            })
            .await?;
        let flushed = self.log.flush();
        if status.success() {
            let logged = log_error.map_or(flushed, Err);
            return logged.map_err(failed("write", &self.log_path));
        }
        let error = first.text().unwrap_or(last);
        Err(BuildError::Failed {
            advice: compile_log::advice(&error),
            step,
            error,
            log: self.log_path.clone(),
        })
    }
}

/// Reads a line of `cmake --build . --target help`: `llama-cli: phony` (ninja), `... llama-cli`
/// (make).
fn target_of(line: &str) -> Option<&str> {
    line.strip_prefix("... ")
        .or_else(|| line.strip_suffix(": phony"))
        .map(|name| name.split_whitespace().next().unwrap_or(name))
}

/// Removes what a killed compiler may have left half-written: make, unlike ninja, takes any file
/// that is new enough for finished. That is at most one file per job, and always among the newest.
fn drop_cut_files(tree: &Path) {
    fn collect(dir: &Path, found: &mut Vec<(std::time::SystemTime, PathBuf)>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            if metadata.is_dir() {
                collect(&path, found);
            } else if path
                .extension()
                .is_some_and(|kind| kind == "o" || kind == "a")
                || dir.file_name().is_some_and(|name| name == "bin")
            {
                found.extend(metadata.modified().ok().map(|time| (time, path)));
            }
        }
    }
    let mut found = Vec::new();
    collect(tree, &mut found);
    let Some(newest) = found.iter().map(|(time, _)| *time).max() else {
        return;
    };
    for (time, path) in found {
        if newest
            .duration_since(time)
            .is_ok_and(|age| age < CUT_WINDOW)
        {
            let _ = files::remove(&path);
        }
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::File {
        doing,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_from_both_generators() {
        assert_eq!(target_of("llama-cli: phony"), Some("llama-cli"));
        assert_eq!(target_of("... llama-cli"), Some("llama-cli"));
        assert_eq!(
            target_of("... all (the default if no target is provided)"),
            Some("all")
        );
        assert_eq!(target_of("bin/llama-cli: CXX_EXECUTABLE_LINKER"), None);
    }

    #[test]
    fn only_the_newest_objects_are_dropped_after_a_kill() {
        let tree = tempfile::tempdir().unwrap();
        let (old, new) = (tree.path().join("old.o"), tree.path().join("new.o"));
        for path in [&old, &new] {
            fs::write(path, "x").unwrap();
        }
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(60);
        File::options()
            .write(true)
            .open(&old)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        drop_cut_files(tree.path());
        assert!(old.exists());
        assert!(!new.exists());
    }
}
