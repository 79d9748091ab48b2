//! `build`, `clean` and `llama` on the command line.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::dialect::Program;
use crate::store::Paths;
use crate::ui::Console;
use crate::ui::steps::Steps;
use crate::units::Bytes;
use crate::vendor::tools::ToolSearch;
use crate::vendor::{BuildRequest, LocateRequest};
use crate::{build, clean, llama};

/// Build llama.cpp: llama-completion first, then the rest
///
/// Builds the pinned version once and keeps it in the cache; an interrupted build goes on where it
/// was. In a checkout of orchestrate the sources are those in vendor/llama.cpp (yours, if you have put
/// a clone there), elsewhere they are fetched into the cache. What the machine lacks (cmake, ninja, a
/// C++ compiler) is installed through apt-get as root or with password-less sudo; otherwise cmake and
/// ninja come from PyPI into a private virtual environment. About 9 minutes on two cores.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  orchestrate build
  orchestrate build --jobs 1                       with little memory
  orchestrate build --cmake-arg=-DGGML_CUDA=ON     for an NVIDIA GPU
  orchestrate build --llama-source ~/src/llama.cpp")]
pub struct BuildArgs {
    /// Parallel compiles [default: the CPUs that this process may use]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// An argument for cmake's configure step; may be repeated, the last one of a name wins
    #[arg(long = "cmake-arg", value_name = "ARG", allow_hyphen_values = true)]
    pub cmake_args: Vec<String>,
    /// Build these sources instead of the pinned ones
    #[arg(long, value_name = "DIR")]
    pub llama_source: Option<PathBuf>,
}

/// Remove built llama.cpp programs and build trees from the cache
///
/// Lists what there is and how big it is, and asks. Sources in vendor/llama.cpp are never touched.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate clean
  orchestrate clean --all --yes      everything, without asking")]
pub struct CleanArgs {
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Also the sources in the cache, the downloads, the private cmake and ninja, and the unpacked
    /// embedded model
    #[arg(long)]
    pub all: bool,
}

/// Show which llama.cpp programs there are, and which are used
///
/// They are looked for in the directory that --llama-dir or the configuration names, then in the
/// vendored build, then on PATH.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate llama
  orchestrate llama --json | jq '.candidates[] | select(.used)'")]
pub struct LlamaArgs {
    /// The only directory to look into (itself, bin/ and build/bin/) [env: ORCHESTRATE_LLAMA_DIR]
    #[arg(long, value_name = "DIR")]
    pub llama_dir: Option<PathBuf>,
    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
}

impl BuildArgs {
    /// The request of the build face.
    ///
    /// # Errors
    /// When the working directory is gone.
    pub fn request(self, paths: &Paths) -> io::Result<BuildRequest> {
        Ok(BuildRequest {
            cache: paths.cache.clone(),
            cwd: std::env::current_dir()?,
            source: self.llama_source,
            jobs: self.jobs,
            cmake_args: self.cmake_args,
            tools: ToolSearch::from_environment(&paths.cache),
        })
    }
}

/// The directory that `--llama-dir`, or the environment, names. An empty variable names none, as
/// everywhere; clap would call it an error.
pub(super) fn llama_dir(option: Option<PathBuf>) -> Option<PathBuf> {
    let variable = || std::env::var_os("ORCHESTRATE_LLAMA_DIR").filter(|dir| !dir.is_empty());
    option.or_else(|| variable().map(PathBuf::from))
}

impl LlamaArgs {
    /// The request of the llama face; `configured` is the configuration's `llama-dir`.
    #[must_use]
    pub fn request(&self, paths: &Paths, configured: Option<PathBuf>) -> LocateRequest {
        let dir = llama_dir(self.llama_dir.clone()).or(configured);
        LocateRequest::new(Program::Completion, dir, &paths.cache)
    }
}

/// Runs `orchestrate build` and says on standard error what has come of it.
///
/// # Errors
/// See [`build::Error`].
pub async fn run_build(request: &BuildRequest, console: Console) -> Result<(), build::Error> {
    let built = if console.quiet {
        build::run(request, &|_| {}).await?
    } else {
        let steps = Steps::on_stderr();
        let built = build::run(request, &|event| steps.show(event)).await;
        steps.finish();
        built?
    };
    // A build that was there is the usual case in `make demo`: nothing to say.
    if built.fresh {
        console.line(&format_args!(
            "built {} in {}",
            built.manifest.programs.join(", "),
            built.bin.display()
        ));
    }
    Ok(())
}

/// Runs `orchestrate clean`: lists, asks, removes.
///
/// # Errors
/// See [`clean::Error`].
pub fn run_clean(args: &CleanArgs, paths: &Paths, console: Console) -> Result<(), clean::Error> {
    let request = clean::Request {
        cache: paths.cache.clone(),
        all: args.all,
    };
    let items = clean::plan(&request);
    if items.is_empty() {
        console.line(&format_args!(
            "nothing to remove in {}",
            request.cache.display()
        ));
        return Ok(());
    }
    for item in &items {
        let size = Bytes(item.bytes).to_string();
        console.line(&format_args!(
            "{size:>8}  {} ({})",
            item.path.display(),
            item.what
        ));
    }
    if !args.yes {
        if !console.can_ask() {
            return Err(clean::Error::NobodyToAsk);
        }
        if !console.confirm(&"Remove all of this?") {
            console.line(&"nothing was removed");
            return Ok(());
        }
    }
    let freed = clean::run(&request, &items)?;
    console.line(&format_args!("removed {}", Bytes(freed)));
    Ok(())
}

/// Runs `orchestrate llama`; the text goes to standard output.
///
/// # Errors
/// When standard output cannot be written.
pub async fn run_llama(request: &LocateRequest, json: bool) -> io::Result<()> {
    let overview = llama::run(request).await;
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &overview)?;
        writeln!(out)
    } else {
        out.write_all(overview.text().as_bytes())
    }
}
