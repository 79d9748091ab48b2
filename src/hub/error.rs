//! Why a model could not be had.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ChooseError;
use crate::exit::Exit;
use crate::profile::HubModel;
use crate::units::Bytes;

/// Why a model could not be pulled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// TLS cannot be set up.
    #[error("prepare the transfer: {0}")]
    Client(#[source] reqwest::Error),
    /// The list of files could not be had.
    #[error("ask for the files of {repository}: {source}")]
    Ask {
        /// Which repository.
        repository: String,
        /// Why not.
        source: FetchError,
    },
    /// The list of files is none.
    #[error(
        "ask for the files of {repository}: {endpoint} gives an answer that is not the hub's; look at HF_ENDPOINT, or at what stands between"
    )]
    NotTheHub {
        /// Which repository.
        repository: String,
        /// Who answered.
        endpoint: String,
    },
    /// No file could be chosen.
    #[error("choose a file of {repository}: {source}")]
    Choose {
        /// Which repository.
        repository: String,
        /// Why not.
        source: ChooseError,
    },
    /// The hub does not say what the file has to be.
    #[error(
        "fetch {name} of {repository}: the hub tells no checksum of it, so that it cannot be verified; fetch it by hand, and name its path"
    )]
    NoChecksum {
        /// Which repository.
        repository: String,
        /// Which file.
        name: String,
    },
    /// There is no room.
    #[error("fetch the model to {}: {needed} are still to come, and only {free} are free there; set HF_HOME to another disk, or take a smaller quantisation", cache.display())]
    NoSpace {
        /// The cache.
        cache: PathBuf,
        /// What is still to come.
        needed: Bytes,
        /// What is free.
        free: Bytes,
    },
    /// Somebody else is fetching it.
    #[error("fetch {name}: another process is fetching it (it holds {}); wait for it", lock.display())]
    Locked {
        /// Which file.
        name: String,
        /// What it holds.
        lock: PathBuf,
    },
    /// The transfer failed.
    #[error("fetch {name}: {source}{}", left(*kept, *bytes))]
    Transfer {
        /// Which file.
        name: String,
        /// Bytes that are there.
        kept: Bytes,
        /// Bytes that it has.
        bytes: Bytes,
        /// What happened.
        source: FetchError,
    },
    /// The bytes are not those that the hub means.
    #[error(
        "verify {name}: its SHA-256 is {found}, and the hub says {wanted}; what came was removed: try again, and if it stays so, do not trust what stands between"
    )]
    Checksum {
        /// Which file.
        name: String,
        /// What came.
        found: String,
        /// What should have come.
        wanted: String,
    },
    /// Nothing may be fetched, and the cache does not have it.
    #[error("find {model} in {}: it is not there, and nothing is fetched offline; run `orchestrate model pull {model}` without --offline and HF_HUB_OFFLINE", cache.display())]
    Offline {
        /// Which model.
        model: HubModel,
        /// The cache.
        cache: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl PullError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Client(_) => Exit::Internal,
            _ => Exit::Model,
        }
    }

    pub(super) fn file<'a>(
        doing: &'static str,
        path: &'a Path,
    ) -> impl Fn(io::Error) -> Self + use<'a> {
        move |source| Self::File {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

/// Why something was not answered, or not to the end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nobody answers, or the connection was cut.
    #[error("{address} cannot be reached: {reason}; check the network (HTTPS_PROXY, HF_ENDPOINT)")]
    Unreachable {
        /// Who was asked.
        address: String,
        /// The innermost cause.
        reason: String,
    },
    /// It cannot even be asked.
    #[error(
        "{address} cannot be asked: {reason}; see HF_ENDPOINT (such as https://huggingface.co) and HF_TOKEN"
    )]
    Senseless {
        /// Who was to be asked.
        address: String,
        /// The innermost cause.
        reason: String,
    },
    /// The connection ended too early.
    #[error("the connection was cut: {0}")]
    Cut(String),
    /// Nothing came for so long.
    #[error("nothing came for {} s", .0.as_secs_f32())]
    Idle(Duration),
    /// Too little came.
    #[error("less than {least} came in {} s", window.as_secs_f32())]
    TooSlow {
        /// The least.
        least: Bytes,
        /// In which time.
        window: Duration,
    },
    /// More came than there should be.
    #[error("more bytes came than the hub said")]
    TooLong,
    /// Less is there than there should be.
    #[error("the hub says that the file is longer than what it sends (416): what came was removed")]
    TooShort,
    /// We are not let in.
    #[error("the hub refuses ({status}): the repository is private, gated, or does not exist; {}", next(*has_token))]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Whether a token was sent.
        has_token: bool,
    },
    /// It does not exist.
    #[error("the hub does not know it (404); check the spelling, and mind capitals")]
    Unknown,
    /// It has too much to do.
    #[error("the hub has had too many requests (429){}; wait, or set HF_TOKEN, which raises the limit", wait.map(|wait| format!(" and asks to wait {} s", wait.as_secs())).unwrap_or_default())]
    Busy {
        /// How long it asks to wait.
        wait: Option<Duration>,
    },
    /// It is broken.
    #[error("the hub fails ({status}); try again later (https://status.huggingface.co)")]
    Fault {
        /// The status of HTTP.
        status: u16,
    },
    /// It says something else.
    #[error("the hub answers with status {status}, which means nothing here")]
    Strange {
        /// The status of HTTP.
        status: u16,
    },
    /// What came cannot be written.
    #[error("what came cannot be written: {0}")]
    Write(#[from] io::Error),
}

fn left(kept: Bytes, bytes: Bytes) -> String {
    if kept.0 == 0 {
        return String::new();
    }
    format!("; {kept} of {bytes} are kept, and the same command goes on from there")
}

fn next(has_token: bool) -> &'static str {
    if has_token {
        "see whether your token (HF_TOKEN) may read it, and accept its terms on its page"
    } else {
        "set HF_TOKEN to a token of https://huggingface.co/settings/tokens, and accept its terms on its page"
    }
}

impl FetchError {
    /// Whether another attempt may end otherwise.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Cut(_)
            | Self::Idle(_)
            | Self::TooSlow { .. }
            | Self::Busy { .. }
            | Self::Fault { .. } => true,
            Self::TooLong
            | Self::TooShort
            | Self::Senseless { .. }
            | Self::Refused { .. }
            | Self::Unknown
            | Self::Strange { .. }
            | Self::Write(_) => false,
        }
    }
}
