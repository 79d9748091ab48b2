//! How fast memory can be read here: the limit of every generation, which reads all active weights for
//! each token.
//!
//! As many threads as may compute read a buffer that no cache holds, each its own part, several times.
//! The best time counts: whatever disturbs a machine makes it slower, never faster. It takes about a
//! second, so the answer is kept in the state directory, with the machine's fingerprint.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Host, unix_ms, usable_cpus};

/// The buffer, at least: large enough that the start of a thread does not count.
const LEAST_BUFFER: u64 = 128 << 20;
/// The buffer, at most: a machine with a cache of half a GiB is not asked for more.
const MOST_BUFFER: u64 = 1 << 30;
/// How many times the last cache goes into the buffer: then at most a quarter of a pass comes from it.
const CACHES: u64 = 4;
/// The cache of a machine that does not tell.
const CACHE_UNKNOWN: u64 = 32 << 20;
/// Passes of which the best counts.
const PASSES: usize = 5;
/// No further pass begins after so long, but for the first two.
const LONGEST: Duration = Duration::from_secs(2);
/// Sums that are made side by side, so that the compiler can use the widest registers and no addition
/// waits for the last one.
const SUMS: usize = 32;
/// More kinds of cache than any CPU has.
const CACHE_INDICES: u32 = 8;
/// The version of the file.
const VERSION: u32 = 1;

/// Where it is kept: a machine with other limits, as in a container, has another speed.
fn file(state: &Path, host: &Host) -> PathBuf {
    state.join(format!("bandwidth-{}.json", host.fingerprint()))
}

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Bandwidth {
    /// Bytes that are read in a second.
    pub bytes_per_second: f64,
    /// Threads that read.
    pub threads: u32,
    /// Bytes of the buffer.
    pub buffer_bytes: u64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub measured_unix_ms: u64,
}

/// The file, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u32,
    host_fingerprint: String,
    bytes_per_second: f64,
    threads: u32,
    buffer_bytes: u64,
    measured_unix_ms: u64,
}

/// Why memory could not be measured, or the answer not be kept.
#[derive(Debug, thiserror::Error)]
pub enum BandwidthError {
    /// There is no memory to measure with.
    #[error("get {bytes} bytes to read, so that memory cannot be measured; end other programs")]
    NoMemory {
        /// How many were asked for.
        bytes: u64,
    },
    /// The answer cannot be kept.
    #[error("write {path}: {source}; set ORCHESTRATE_STATE_DIR to a directory that can be written", path = path.display())]
    Unwritable {
        /// Where to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Bandwidth {
    /// What was measured on this machine before, if it was. A file that is damaged, newer, or of another
    /// machine is no answer.
    #[must_use]
    pub fn cached(state: &Path, host: &Host) -> Option<Self> {
        let text = fs::read_to_string(file(state, host)).ok()?;
        let stored: Stored = serde_json::from_str(&text).ok()?;
        let usable = stored.version == VERSION
            && stored.host_fingerprint == host.fingerprint()
            && stored.bytes_per_second.is_finite()
            && stored.bytes_per_second > 0.0;
        usable.then_some(Self {
            bytes_per_second: stored.bytes_per_second,
            threads: stored.threads,
            buffer_bytes: stored.buffer_bytes,
            measured_unix_ms: stored.measured_unix_ms,
        })
    }

    /// Measures with as many threads as may compute here; keeps all of them busy for about a second.
    ///
    /// # Errors
    /// [`BandwidthError::NoMemory`].
    pub fn measure() -> Result<Self, BandwidthError> {
        let threads = usable_cpus().get();
        let cache = last_cache().unwrap_or(CACHE_UNKNOWN);
        let bytes = cache
            .saturating_mul(CACHES)
            .clamp(LEAST_BUFFER, MOST_BUFFER);
        let buffer = filled(bytes).ok_or(BandwidthError::NoMemory { bytes })?;
        let began = Instant::now();
        let mut best = Duration::MAX;
        for pass in 0..PASSES {
            if pass > 1 && began.elapsed() > LONGEST {
                break;
            }
            best = best.min(read_once(&buffer, threads));
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 2^30")]
        let amount = bytes as f64;
        Ok(Self {
            bytes_per_second: amount / best.as_secs_f64().max(1e-9),
            threads,
            buffer_bytes: bytes,
            measured_unix_ms: unix_ms(),
        })
    }

    /// Keeps it for this machine.
    ///
    /// # Errors
    /// [`BandwidthError::Unwritable`].
    pub fn keep(&self, state: &Path, host: &Host) -> Result<(), BandwidthError> {
        let path = file(state, host);
        let stored = Stored {
            version: VERSION,
            host_fingerprint: host.fingerprint(),
            bytes_per_second: self.bytes_per_second,
            threads: self.threads,
            buffer_bytes: self.buffer_bytes,
            measured_unix_ms: self.measured_unix_ms,
        };
        let write = || {
            fs::create_dir_all(state)?;
            let mut file = tempfile::NamedTempFile::new_in(state)?;
            serde_json::to_writer(&mut file, &stored)?;
            file.write_all(b"\n")?;
            file.persist(&path).map_err(|error| error.error)
        };
        write()
            .map(drop)
            .map_err(|source| BandwidthError::Unwritable {
                path: path.clone(),
                source,
            })
    }
}

/// A buffer whose pages are all there, and not all of them the one page of zeros.
fn filled(bytes: u64) -> Option<Vec<u64>> {
    let length = usize::try_from(bytes / 8).ok()?;
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(length).ok()?;
    buffer.resize(length, 1_u64);
    Some(buffer)
}

/// The time in which all threads have read all of it. They start together: what one of them waits for is
/// part of the time, as it is when a model is read.
fn read_once(buffer: &[u64], threads: u32) -> Duration {
    let parts = usize::try_from(threads).unwrap_or(1).max(1);
    let chunk = buffer.len().div_ceil(parts).max(1);
    let began = Instant::now();
    thread::scope(|scope| {
        let mut parts = buffer.chunks(chunk);
        let own = parts.next();
        for part in parts {
            scope.spawn(move || black_box(read(part)));
        }
        black_box(read(own.unwrap_or_default()));
    });
    began.elapsed()
}

/// Reads a part. A build without optimisation would measure itself with [`sum`]: the C library compares
/// as fast in any, and reads all of both halves, which are the same.
fn read(part: &[u64]) -> u64 {
    if cfg!(debug_assertions) {
        let (one, other) = part.split_at(part.len() / 2);
        return u64::from(one == &other[..one.len()]);
    }
    sum(part)
}

fn sum(part: &[u64]) -> u64 {
    let mut sums = [0_u64; SUMS];
    let (blocks, rest) = part.as_chunks::<SUMS>();
    for block in blocks {
        for (sum, number) in sums.iter_mut().zip(block) {
            *sum = sum.wrapping_add(*number);
        }
    }
    let all = sums.iter().chain(rest);
    all.fold(0, |sum, number| sum.wrapping_add(*number))
}

/// The caches of the last level, all together, in bytes, where the system tells: of a large machine each group
/// of cores has its own.
fn last_cache() -> Option<u64> {
    let mut levels: BTreeMap<u32, BTreeMap<String, u64>> = BTreeMap::new();
    let root = |cpu: u32| format!("/sys/devices/system/cpu/cpu{cpu}/cache");
    for cpu in (0..).take_while(|&cpu| Path::new(&root(cpu)).exists()) {
        for index in 0..CACHE_INDICES {
            let read =
                |name: &str| fs::read_to_string(format!("{}/index{index}/{name}", root(cpu))).ok();
            let found = || {
                let level = read("level")?.trim().parse().ok()?;
                Some((level, read("shared_cpu_list")?, cache_size(&read("size")?)?))
            };
            if let Some((level, cpus, bytes)) = found() {
                levels.entry(level).or_default().insert(cpus, bytes);
            }
        }
    }
    let (_, last) = levels.pop_last()?;
    Some(
        last.values()
            .fold(0, |sum, bytes| sum.saturating_add(*bytes)),
    )
}

/// `32768K`.
fn cache_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().next_back()? {
        (at, 'K') => (&text[..at], 1 << 10),
        (at, 'M') => (&text[..at], 1 << 20),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(cpus: u32) -> Host {
        Host {
            cpu_model: "AMD EPYC".to_owned(),
            cpus,
            cpu_quota: None,
            memory_bytes: Some(8 << 30),
        }
    }

    #[test]
    fn is_kept_for_this_machine_alone() {
        let state = tempfile::tempdir().expect("a directory");
        let inside = state.path().join("new");
        let measured = Bandwidth {
            bytes_per_second: 21.5e9,
            threads: 2,
            buffer_bytes: 1 << 27,
            measured_unix_ms: 5,
        };
        assert_eq!(Bandwidth::cached(&inside, &host(2)), None);
        measured.keep(&inside, &host(2)).expect("kept");
        assert_eq!(Bandwidth::cached(&inside, &host(2)), Some(measured));
        assert_eq!(Bandwidth::cached(&inside, &host(1)), None);
        for damaged in ["", "{", "{\"version\":9}", "[]"] {
            fs::write(file(&inside, &host(2)), damaged).expect("written");
            assert_eq!(Bandwidth::cached(&inside, &host(2)), None, "{damaged}");
        }
    }

    #[test]
    fn every_number_is_read() {
        let numbers: Vec<u64> = (0..1000).collect();
        assert_eq!(sum(&numbers), 499_500);
        assert_eq!(sum(&[]), 0);
        assert!(read_once(&numbers, 3) > Duration::ZERO);
        assert!(read_once(&[], 3) < Duration::from_secs(60));
    }

    #[test]
    fn reads_the_size_of_a_cache() {
        assert_eq!(cache_size("32768K\n"), Some(32 << 20));
        assert_eq!(cache_size("1M"), Some(1 << 20));
        assert_eq!(cache_size("512"), Some(512));
        for strange in ["", "K", "many", "99999999999999999999K"] {
            assert_eq!(cache_size(strange), None);
        }
    }
}
