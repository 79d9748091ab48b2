//! What the checks judge. It is gathered in one place (`gather`) and plain data here, so that a test can
//! make up any machine.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::dialect::build_info::Feature;
use crate::history::Health;
use crate::host::cgroup::Cgroup;
use crate::host::cpu::Cpu;
use crate::host::disk::{Sample, Space};
use crate::host::gpu::Maker;
use crate::host::limits::Limit;
use crate::host::memory::Memory;
use crate::host::proc::{Proc, Sight};
use crate::host::systemd::Systemd;
use crate::vendor::tools::Toolbox;

/// Everything that is judged.
#[derive(Debug, Clone)]
pub struct Facts {
    /// llama.cpp's programs.
    pub llama: Llama,
    /// What a build would find.
    pub tools: Toolbox,
    /// What became of running the embedded model.
    pub trial: Trial,
    /// The processor.
    pub cpu: Cpu,
    /// CPUs that may be used, by affinity mask and quota; at least 1.
    pub usable_cpus: u32,
    /// The quota in CPUs, if there is one.
    pub cpu_quota: Option<f64>,
    /// Memory and swap.
    pub memory: Memory,
    /// For whom the kernel makes transparent huge pages, where it tells.
    pub transparent_huge_pages: Option<String>,
    /// The control groups.
    pub cgroup: Cgroup,
    /// GPUs that the system shows, where it tells.
    pub gpus: Option<BTreeSet<Maker>>,
    /// Devices besides the CPU that the build can compute on; `None` where it was not asked, or cannot say.
    pub devices: Option<Vec<String>>,
    /// The profiles.
    pub profiles: Profiles,
    /// The user's directories, and those of models.
    pub directories: Vec<Directory>,
    /// The disk of the default profile's model.
    pub model_disk: ModelDisk,
    /// Open files.
    pub open_files: Limit,
    /// Memory that may be locked, in bytes.
    pub locked_memory: Limit,
    /// How `/proc` is set up.
    pub proc: Proc,
    /// What of ourselves can be seen in it: less than of nobody else.
    pub sight: Sight,
    /// systemd.
    pub systemd: Systemd,
    /// The place for sockets.
    pub sockets: Sockets,
    /// The history.
    pub history: History,
    /// The clocks.
    pub clock: Clock,
}

/// llama.cpp's programs.
#[derive(Debug, Clone, Default)]
pub struct Llama {
    /// Where llama-completion, or an older name of it, was looked for.
    pub completion: Vec<Place>,
    /// Where llama-server was.
    pub server: Vec<Place>,
    /// The directory that the user names, if one: the only place then.
    pub named: Option<PathBuf>,
    /// The build that orchestrate is tested with.
    pub pinned: Option<u32>,
}

/// A place where a program was looked for.
#[derive(Debug, Clone)]
pub struct Place {
    /// `directory`, `vendored` or `path`.
    pub origin: &'static str,
    /// The file, or the directory in which there is none.
    pub path: PathBuf,
    /// What was found there.
    pub found: Found,
}

/// What was found in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A program that can be used.
    Usable {
        /// Its build number, where it says one.
        build: Option<u32>,
        /// The build as people name it.
        name: String,
        /// What is to be said of its age.
        note_on_age: Option<String>,
    },
    /// Nothing.
    Absent(String),
    /// Something that cannot be used, and why.
    Unusable(String),
}

/// What became of running the embedded model for a few tokens.
#[derive(Debug, Clone)]
pub enum Trial {
    /// It was not tried, for this reason.
    NotTried(String),
    /// It was.
    Tried {
        /// Why it failed, if it did.
        failure: Option<String>,
        /// Whether that was an instruction that this CPU does not have (SIGILL).
        illegal_instruction: bool,
        /// From the start to the end.
        took: Duration,
        /// What the build was compiled with; empty where it did not say.
        features: Vec<Feature>,
        /// What could be seen of its process.
        sight: Option<Sight>,
    },
}

/// The profiles.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    /// How many there are.
    pub count: usize,
    /// What is wrong.
    pub problems: Vec<String>,
    /// What is probably not meant.
    pub warnings: Vec<String>,
    /// What those that can be resolved need.
    pub needs: Vec<Needs>,
}

/// What a profile needs of the machine.
#[derive(Debug, Clone)]
pub struct Needs {
    /// Its name.
    pub profile: String,
    /// Whether it is the one that is taken where none is named.
    pub is_default: bool,
    /// Keys that fix a number of threads, each with the number and where it is written.
    pub threads: Vec<(&'static str, u32, String)>,
    /// Layers that are to be on a GPU.
    pub gpu_layers: u32,
    /// Whether the weights are to be locked in memory.
    pub locks_memory: bool,
    /// Its model.
    pub model: Model,
}

/// The model of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// One that orchestrate brings along.
    BuiltIn,
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// What a run would take at its peak, as `plan` tells it, in bytes; `None` where that is not known.
        peak_bytes: Option<u64>,
    },
    /// A file that cannot be used, and why.
    Unusable(String),
}

/// A directory that is written to or read from.
#[derive(Debug, Clone)]
pub struct Directory {
    /// What it is for, such as `cache`.
    pub purpose: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Why it cannot be written, if it should be and cannot.
    pub unwritable: Option<String>,
    /// Its file system; or why that cannot be told.
    pub space: Result<Space, String>,
}

/// The disk of a model.
#[derive(Debug, Clone)]
pub enum ModelDisk {
    /// It was not read, for this reason.
    NotRead(String),
    /// It could not be read, or took too long.
    Failed(String),
    /// A part of it was.
    Read {
        /// The model.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// What was read.
        sample: Sample,
    },
}

/// The place for sockets.
#[derive(Debug, Clone)]
pub struct Sockets {
    /// The directory.
    pub path: PathBuf,
    /// Bytes of a socket's path in it, and how many the system allows.
    pub length: (usize, usize),
    /// Whether it is there already.
    pub is_there: bool,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// Where a job of cron would keep them, and why it could not.
    pub under_cron: (PathBuf, Option<String>),
}

/// The history.
#[derive(Debug, Clone)]
pub struct History {
    /// Its file.
    pub path: PathBuf,
    /// Whether runs are recorded.
    pub is_wanted: bool,
    /// How it is.
    pub health: Health,
}

/// The clocks.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The time of day.
    pub now_unix_ms: u64,
    /// How far it jumped while we looked, in milliseconds.
    pub jumped_ms: i64,
    /// What the kernel counts time with, where it tells.
    pub source: Option<String>,
    /// The newest of the files that must be older than now, and when it was written.
    pub newest_file: Option<(PathBuf, u64)>,
}
