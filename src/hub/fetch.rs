//! The transfer: asks, goes on where it was, tries again, and compares checksums.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_RANGE, HeaderMap, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, timeout};

use super::cache::Repository;
use super::index::{Index, RemoteFile};
use super::{FetchError, HubSettings, PullError, PullEvent, Report};
use crate::profile::HubModel;
use crate::units::Bytes;

/// The longest list of files that is read: the hub's longest have some hundred KiB.
const LONGEST_INDEX: usize = 16 << 20;

/// How many bytes of a partial file are read at a time.
const BUFFER: usize = 1 << 20;

pub(super) struct Fetcher<'a> {
    settings: &'a HubSettings,
    client: Client,
    report: Report<'a>,
}

/// A blob that is on its way.
struct Partial {
    file: File,
    hasher: Sha256,
    bytes: u64,
    fetched: u64,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(settings: &'a HubSettings, report: Report<'a>) -> Result<Self, PullError> {
        // A second call finds it done, which is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("orchestrate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.patience.idle)
            .build()
            .map_err(PullError::Client)?;
        Ok(Self {
            settings,
            client,
            report,
        })
    }

    /// The files of a repository, at its latest commit.
    pub(super) async fn index(&self, model: &HubModel) -> Result<Index, PullError> {
        let repository = model.repository();
        let path = format!("api/models/{repository}/revision/main?blobs=true");
        let answer = self.again(|| self.small(&path)).await;
        let answer = answer.map_err(|source| PullError::Ask {
            repository: repository.clone(),
            source,
        })?;
        Index::parse(&answer).ok_or_else(|| PullError::NotTheHub {
            repository,
            endpoint: self.settings.endpoint.clone(),
        })
    }

    /// Sees to it that a blob is there and verified; answers with the bytes that were fetched for it.
    pub(super) async fn blob(
        &self,
        model: &HubModel,
        commit: &str,
        file: &RemoteFile,
        repository: &Repository,
    ) -> Result<u64, PullError> {
        let blob = repository.blob(&file.sha256);
        let is_there = || fs::metadata(&blob).is_ok_and(|there| there.len() == file.bytes);
        if is_there() {
            return Ok(0);
        }
        let _lock = lock(&repository.lock(&file.sha256), &file.name)?;
        if is_there() {
            return Ok(0);
        }
        let incomplete = repository.incomplete(&file.sha256);
        let failed = PullError::file("write", &incomplete);
        create_parent(&incomplete).map_err(&failed)?;
        let mut partial = self.resume(&incomplete, file).await.map_err(&failed)?;
        (self.report)(PullEvent::Step(format!("fetching {}", file.name)));
        let path = format!(
            "{}/resolve/{commit}/{}",
            model.repository(),
            escaped(&file.name)
        );
        self.transfer(&path, file, &mut partial)
            .await
            .map_err(|source| PullError::Transfer {
                name: file.name.clone(),
                kept: Bytes(partial.bytes),
                bytes: Bytes(file.bytes),
                source,
            })?;
        let found = hex(&partial.hasher.clone().finalize());
        if found != file.sha256 {
            fs::remove_file(&incomplete).map_err(&failed)?;
            return Err(PullError::Checksum {
                name: file.name.clone(),
                found,
                wanted: file.sha256.clone(),
            });
        }
        partial.file.sync_data().map_err(&failed)?;
        fs::rename(&incomplete, &blob).map_err(&failed)?;
        Ok(partial.fetched)
    }

    /// Opens what an earlier call has left, and takes its checksum so far.
    async fn resume(&self, path: &Path, file: &RemoteFile) -> io::Result<Partial> {
        let mut open = File::options();
        open.read(true).write(true).create(true).truncate(false);
        let mut partial = Partial {
            file: open.open(path)?,
            hasher: Sha256::new(),
            bytes: 0,
            fetched: 0,
        };
        let there = partial.file.metadata()?.len();
        if there > file.bytes {
            partial.restart()?;
        } else if there > 0 {
            (self.report)(PullEvent::Step(format!(
                "reading what is there of {}",
                file.name
            )));
            let mut buffer = vec![0; BUFFER];
            loop {
                let count = partial.file.read(&mut buffer)?;
                if count == 0 {
                    break;
                }
                partial.hasher.update(&buffer[..count]);
                partial.bytes += count as u64;
                self.tell(partial.bytes, there);
                // Ctrl-C is heard between two pieces.
                tokio::task::yield_now().await;
            }
        }
        Ok(partial)
    }

    /// Fetches the rest, in as many attempts as bring something new.
    async fn transfer(
        &self,
        path: &str,
        file: &RemoteFile,
        partial: &mut Partial,
    ) -> Result<(), FetchError> {
        let patience = &self.settings.patience;
        let mut vain = 0;
        while partial.bytes < file.bytes {
            let before = partial.bytes;
            let Err(error) = self.attempt(path, file, partial).await else {
                continue;
            };
            // A byte for each connection would go on for ever.
            let moved = partial.bytes.saturating_sub(before) >= patience.least_bytes
                && !matches!(error, FetchError::TooSlow { .. });
            vain = if moved { 1 } else { vain + 1 };
            if !error.may_pass() || vain >= patience.attempts {
                return Err(error);
            }
            self.pause(&error, vain).await?;
        }
        Ok(())
    }

    async fn attempt(
        &self,
        path: &str,
        file: &RemoteFile,
        partial: &mut Partial,
    ) -> Result<(), FetchError> {
        let patience = &self.settings.patience;
        let mut response = match self.get(path, partial.bytes).await {
            Err(FetchError::TooShort) => {
                partial.restart()?;
                return Err(FetchError::TooShort);
            }
            response => response?,
        };
        if partial.bytes > 0 && !continues(&response, partial.bytes) {
            // The server sends all of it again.
            partial.restart()?;
        }
        let (mut since, mut at) = (Instant::now(), partial.bytes);
        loop {
            let Some(bytes) = self.chunk(&mut response).await? else {
                break;
            };
            if partial.bytes + bytes.len() as u64 > file.bytes {
                partial.restart()?;
                return Err(FetchError::TooLong);
            }
            partial.append(&bytes)?;
            self.tell(partial.bytes, file.bytes);
            if since.elapsed() >= patience.window {
                if partial.bytes - at < patience.least_bytes && partial.bytes < file.bytes {
                    return Err(FetchError::TooSlow {
                        least: Bytes(patience.least_bytes),
                        window: patience.window,
                    });
                }
                (since, at) = (Instant::now(), partial.bytes);
            }
        }
        if partial.bytes < file.bytes {
            return Err(FetchError::Cut("it ended too early".to_owned()));
        }
        Ok(())
    }

    /// An answer of a bounded size.
    async fn small(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        let since = Instant::now();
        let mut response = self.get(path, 0).await?;
        let mut answer = Vec::new();
        while let Some(bytes) = self.chunk(&mut response).await? {
            answer.extend_from_slice(&bytes);
            if answer.len() > LONGEST_INDEX {
                return Err(FetchError::TooLong);
            }
            let patience = &self.settings.patience;
            if since.elapsed() > patience.window {
                return Err(FetchError::TooSlow {
                    least: Bytes(answer.len() as u64),
                    window: patience.window,
                });
            }
        }
        Ok(answer)
    }

    /// Asks for a path, from a byte on, and looks at the status.
    async fn get(&self, path: &str, from: u64) -> Result<Response, FetchError> {
        let settings = self.settings;
        let mut request = self.client.get(format!("{}/{path}", settings.endpoint));
        if let Some(token) = &settings.token {
            // Where it leads to another host, reqwest takes it off.
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.secret()));
        }
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = timeout(settings.patience.idle, request.send()).await;
        let response = response.map_err(|_| FetchError::Idle(settings.patience.idle))?;
        let response = response.map_err(|error| {
            let (address, reason) = (settings.endpoint.clone(), innermost(&error));
            if error.is_builder() || error.is_redirect() {
                FetchError::Senseless { address, reason }
            } else {
                FetchError::Unreachable { address, reason }
            }
        })?;
        let status = response.status();
        let number = status.as_u16();
        match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(FetchError::Refused {
                status: number,
                has_token: settings.token.is_some(),
            }),
            StatusCode::NOT_FOUND => Err(FetchError::Unknown),
            StatusCode::RANGE_NOT_SATISFIABLE => Err(FetchError::TooShort),
            StatusCode::TOO_MANY_REQUESTS => Err(FetchError::Busy {
                wait: retry_after(response.headers()),
            }),
            _ if status.is_server_error() => Err(FetchError::Fault { status: number }),
            _ => Err(FetchError::Strange { status: number }),
        }
    }

    async fn chunk(
        &self,
        response: &mut Response,
    ) -> Result<Option<impl Deref<Target = [u8]> + use<>>, FetchError> {
        let idle = self.settings.patience.idle;
        let chunk = timeout(idle, response.chunk()).await;
        let chunk = chunk.map_err(|_| FetchError::Idle(idle))?;
        chunk.map_err(|error| FetchError::Cut(innermost(&error)))
    }

    /// Tries something small again where that may help.
    async fn again<T, F: Future<Output = Result<T, FetchError>>>(
        &self,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, FetchError> {
        let mut vain = 0;
        loop {
            let error = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            vain += 1;
            if !error.may_pass() || vain >= self.settings.patience.attempts {
                return Err(error);
            }
            self.pause(&error, vain).await?;
        }
    }

    /// Waits before the next attempt; gives up where the hub asks for more patience than there is.
    async fn pause(&self, error: &FetchError, vain: u32) -> Result<(), FetchError> {
        let patience = &self.settings.patience;
        let doubled = patience.pause * 2u32.saturating_pow(vain.saturating_sub(1));
        let pause = match error {
            FetchError::Busy { wait: Some(wait) } if *wait > patience.longest_pause => {
                return Err(FetchError::Busy { wait: Some(*wait) });
            }
            FetchError::Busy { wait: Some(wait) } => *wait,
            _ => doubled.min(patience.longest_pause),
        };
        (self.report)(PullEvent::Note(format!(
            "{error}; again in {} s",
            pause.as_secs_f32()
        )));
        sleep(pause).await;
        Ok(())
    }

    fn tell(&self, done: u64, total: u64) {
        (self.report)(PullEvent::Bytes { done, total });
    }
}

impl Partial {
    /// Writes what came. The file's own cache takes it: no write here waits for a disk for long.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.fetched += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.hasher = Sha256::new();
        self.bytes = 0;
        Ok(())
    }
}

/// Keeps everybody else from fetching the same bytes, `huggingface_hub` among them.
fn lock(path: &Path, name: &str) -> Result<File, PullError> {
    let failed = PullError::file("lock", path);
    create_parent(path).map_err(&failed)?;
    let mut open = File::options();
    let file = open.write(true).create(true).truncate(false).open(path);
    let file = file.map_err(&failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(error) if io::Error::from(error).kind() == ErrorKind::WouldBlock => {
            Err(PullError::Locked {
                name: name.to_owned(),
                lock: path.to_owned(),
            })
        }
        // Some network disks have no locks; two of us at once would then only be a waste.
        Err(_) => Ok(file),
    }
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Whether an answer begins at the byte that was asked for.
fn continues(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
    response.status() == StatusCode::PARTIAL_CONTENT && first == Some(&from.to_string())
}

/// How long the hub asks to wait; a date is as good as nothing, as clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

/// What went wrong in the end: the outer errors only say that something did.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// A path as it stands in an address.
fn escaped(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let letters = path.bytes().map(|byte| {
        if is_plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    letters.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
