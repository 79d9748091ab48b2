//! `model synth`: writes a model file with random weights.
//!
//! What is in the file is decided by [`synth`](crate::synth); this finds a tokenizer for it, looks
//! whether there is room, and writes it beside its place before it is moved there.

mod list;
mod request;
#[cfg(test)]
mod tests;
mod write;

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::engine::Interruption;
use crate::exit::Exit;
use crate::synth::{Plan, Shape, Tokenizer};
use crate::ui::steps::Steps;
use crate::ui::{Console, Interrupts};
use crate::units::Bytes;
use crate::vendor;

pub use list::list;
pub use request::{Sizes, SynthRequest, TokenizerSource};

/// Bytes of a file in which its vocabulary is looked for: the largest vocabularies with their merges have 20 MB.
const LONGEST_VOCABULARY: u64 = 64 << 20;

/// Why no model was written.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// No shape has that name.
    #[error("failed to find the shape {name:?}{}: `orchestrate model synth --list` shows all", hint.map(|hint| format!(" (did you mean {hint:?}?)")).unwrap_or_default())]
    UnknownShape {
        /// The name.
        name: String,
        /// One that is spelled alike.
        hint: Option<&'static str>,
    },
    /// No architecture has that name.
    #[error("failed to make the architecture {name:?}: there are {known}")]
    UnknownArchitecture {
        /// The name.
        name: String,
        /// All that there are.
        known: String,
    },
    /// No quantisation has that name.
    #[error("failed to make the quantisation {name:?}: there are {known}")]
    UnknownQuantization {
        /// The name.
        name: String,
        /// All that there are.
        known: String,
    },
    /// The sizes do not go together.
    #[error("failed to make such a shape: {0}")]
    Shape(String),
    /// The file is there.
    #[error("failed to write {}: it exists; choose another name with -o, or replace it with --force", .0.display())]
    Exists(PathBuf),
    /// It would take the place of something else.
    #[error("failed to write {}: it is there, and no regular file; choose another name with -o", .0.display())]
    NoFile(PathBuf),
    /// There is no room for it.
    #[error("failed to write {}: it takes {needed}, and only {free} are free there; choose another place with -o, or a smaller --quant", path.display())]
    NoSpace {
        /// The file.
        path: PathBuf,
        /// What it takes.
        needed: Bytes,
        /// What is free.
        free: Bytes,
    },
    /// The tokenizer's file is no such file.
    #[error("failed to take the tokenizer of {}: it is no GGUF file with at most {tokens} tokens, as many as the shape has; leave out --tokenizer, or say --tokenizer own", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// The most tokens that it may have.
        tokens: u64,
    },
    /// A file could not be read or written.
    #[error("failed to {doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A signal ended it.
    #[error("failed to finish {}: {} ended it, and nothing of it is left", path.display(), interruption.name())]
    Stopped {
        /// The file.
        path: PathBuf,
        /// Which signal.
        interruption: Interruption,
    },
    /// The signals could not be listened to.
    #[error("failed to listen for Ctrl-C: {0}")]
    Signals(#[source] io::Error),
    /// The answer cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl SynthError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::UnknownShape { .. }
            | Self::UnknownArchitecture { .. }
            | Self::UnknownQuantization { .. }
            | Self::Shape(_)
            | Self::Exists(_)
            | Self::NoFile(_) => Exit::Usage,
            Self::NoSpace { .. } | Self::Tokenizer { .. } | Self::File { .. } => Exit::Model,
            Self::Stopped { interruption, .. } => interruption.exit(),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Signals(_) | Self::Output(_) => Exit::Internal,
        }
    }
}

/// The number changes when a field changes its meaning.
const SCHEMA: &str = "orchestrate.model-synth/1";

/// What was written, as `--json` tells it.
#[derive(Debug, Serialize)]
struct Written<'a> {
    schema: &'static str,
    path: &'a Path,
    file_bytes: u64,
    parameters: u64,
    shape: &'a str,
    architecture: &'a str,
    quantization: &'a str,
    seed: u64,
    /// `own`, or the file that it was taken from.
    tokenizer: String,
}

/// Writes a model, and says what was written: on standard error, or as JSON to `out`.
///
/// # Errors
/// [`SynthError`]; then nothing is left of the file, and one that was there is as it was.
pub async fn synth(
    request: &SynthRequest,
    console: Console,
    out: &mut dyn Write,
) -> Result<(), SynthError> {
    let shape = request.shape()?;
    let quantization = request.quantization()?;
    let path = request.output(&shape, quantization);
    if !request.force && path.symlink_metadata().is_ok() {
        return Err(SynthError::Exists(path));
    }
    // It would be replaced: a device as well.
    if fs::metadata(&path).is_ok_and(|there| !there.is_file()) {
        return Err(SynthError::NoFile(path));
    }
    let (tokenizer, origin) = tokenizer(&request.tokenizer, &shape)?;
    let plan = Plan::new(&shape, quantization, &tokenizer, request.seed);
    let answer = Written {
        schema: SCHEMA,
        path: &path,
        file_bytes: plan.file_bytes(),
        parameters: plan.parameters(),
        shape: shape.name,
        architecture: shape.architecture.name(),
        quantization: quantization.name(),
        seed: request.seed,
        tokenizer: origin,
    };
    require_room(&path, plan.file_bytes())?;
    write_with_progress(plan, &path, console).await?;
    if request.json {
        serde_json::to_writer_pretty(&mut *out, &answer).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        tell(&answer, console);
    }
    Ok(())
}

fn tell(answer: &Written<'_>, console: Console) {
    console.line(&format_args!(
        "wrote {}: {} {}, {} weights, {}, random (seed {}); tokenizer: {}",
        answer.path.display(),
        answer.shape,
        answer.quantization,
        list::count(answer.parameters),
        Bytes(answer.file_bytes),
        answer.seed,
        answer.tokenizer,
    ));
}

fn require_room(path: &Path, needed: u64) -> Result<(), SynthError> {
    let directory = directory(path);
    let free =
        vendor::free_space(directory).map_err(failed("look for free space at", directory))?;
    if free < needed {
        return Err(SynthError::NoSpace {
            path: path.to_owned(),
            needed: Bytes(needed),
            free: Bytes(free),
        });
    }
    Ok(())
}

/// The directory of a file; a bare name's is the current one.
fn directory(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl Fn(io::Error) -> SynthError + 'a {
    move |source| SynthError::File {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// The beginning of a model's file, in which its vocabulary is.
fn vocabulary(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(LONGEST_VOCABULARY)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The tokenizer, and where it is from.
fn tokenizer(source: &TokenizerSource, shape: &Shape) -> Result<(Tokenizer, String), SynthError> {
    let own = || (Tokenizer::own(shape.vocab), "own".to_owned());
    match source {
        TokenizerSource::Own => Ok(own()),
        TokenizerSource::File(path) => {
            let file = vocabulary(path).map_err(failed("read", path))?;
            let tokenizer = Tokenizer::of_file(&file, shape.vocab);
            let tokenizer = tokenizer.ok_or_else(|| SynthError::Tokenizer {
                path: path.clone(),
                tokens: shape.vocab,
            })?;
            Ok((tokenizer, path.display().to_string()))
        }
        TokenizerSource::Sources(directory) => {
            let name = format!("ggml-vocab-{}.gguf", shape.tokenizer);
            let path = directory.as_ref().map(|directory| directory.join(name));
            let found = path.and_then(|path| {
                let tokenizer = Tokenizer::of_file(&vocabulary(&path).ok()?, shape.vocab)?;
                Some((tokenizer, path.display().to_string()))
            });
            Ok(found.unwrap_or_else(own))
        }
    }
}

async fn write_with_progress(plan: Plan, path: &Path, console: Console) -> Result<(), SynthError> {
    let mut interrupts = Interrupts::listen().map_err(SynthError::Signals)?;
    let mut writing = write::Writing::begin(plan, path, directory(path));
    let steps = (!console.quiet).then(Steps::on_stderr);
    if let Some(steps) = &steps {
        steps.step(format!("writing {}", path.display()));
    }
    let progress = |done, total| {
        if let Some(steps) = &steps {
            steps.bytes(done, total);
        }
    };
    let result = interrupts.or(writing.finish(progress)).await;
    if let Err(interruption) = result {
        writing.give_up().await;
        return Err(SynthError::Stopped {
            path: path.to_owned(),
            interruption,
        });
    }
    result.unwrap_or(Ok(())).map_err(failed("write", path))
}
