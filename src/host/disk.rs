//! Disks: how much is free, and how fast one is read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, StatVfsMountFlags};
use tokio::time::Instant;

/// The place where a path is, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this user may still write there.
    pub free_bytes: u64,
    /// Whether nothing can be written there at all, as on a DVD.
    pub read_only: bool,
    /// The file system's number: paths with the same one share what is free.
    pub device: u64,
}

/// Looks at the file system of a path, or of what is there above it.
///
/// # Errors
/// The system's.
pub fn space(path: &Path) -> io::Result<Space> {
    let existing = existing(path);
    let info = rustix::fs::statvfs(existing)?;
    Ok(Space {
        free_bytes: info.f_bavail.saturating_mul(info.f_frsize),
        read_only: info.f_flag.contains(StatVfsMountFlags::RDONLY),
        device: fs::metadata(existing)?.dev(),
    })
}

/// Whether this user may make files in the directory, or make the directory where it is not there yet.
///
/// # Errors
/// The system's reason why not.
pub fn may_write(directory: &Path) -> io::Result<()> {
    let existing = existing(directory);
    if !existing.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(rustix::fs::access(
        existing,
        Access::WRITE_OK | Access::EXEC_OK,
    )?)
}

fn existing(path: &Path) -> &Path {
    let mut above = path.ancestors();
    above.find(|dir| dir.exists()).unwrap_or(Path::new("."))
}

/// What reading a part of a file took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Bytes that were read.
    pub bytes: u64,
    /// How long that took.
    pub took: Duration,
    /// Whether the system's cache was passed by. Otherwise it may be the memory's speed.
    pub uncached: bool,
}

impl Sample {
    /// Bytes per second; `None` where nothing was read, or in no time.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "far fewer bytes than an f64 counts"
    )]
    pub fn bytes_per_second(&self) -> Option<f64> {
        let seconds = self.took.as_secs_f64();
        (self.bytes > 0 && seconds > 0.0).then(|| self.bytes as f64 / seconds)
    }
}

/// Read at once: large enough for a disk to show its speed, small enough to be asked for the time.
const CHUNK: usize = 4 << 20;
/// What direct reads want their memory aligned to: the largest block of any disk in use.
const ALIGNMENT: usize = 4096;

/// Reads the beginning of a file, at most so many bytes and no longer than `most_time` (and one chunk of
/// 4 MiB), past the page cache where the file system can. It blocks.
///
/// # Errors
/// The system's.
pub fn read_sample(path: &Path, most_bytes: u64, most_time: Duration) -> io::Result<Sample> {
    if let Some(file) = open_uncached(path) {
        // A file system may take the flag and refuse the read.
        if let Ok(sample) = read(file, most_bytes, most_time, true) {
            return Ok(sample);
        }
    }
    read(File::open(path)?, most_bytes, most_time, false)
}

#[cfg(target_os = "linux")]
fn open_uncached(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .read(true)
        .custom_flags(libc::O_DIRECT)
        .open(path)
        .ok()
}

#[cfg(not(target_os = "linux"))]
fn open_uncached(_path: &Path) -> Option<File> {
    None
}

fn read(
    mut file: File,
    most_bytes: u64,
    most_time: Duration,
    uncached: bool,
) -> io::Result<Sample> {
    let mut memory = vec![0; CHUNK + ALIGNMENT];
    let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    let chunk = &mut memory[start..start + CHUNK];
    let began = Instant::now();
    let mut bytes = 0;
    while bytes < most_bytes && began.elapsed() < most_time {
        let read = file.read(chunk)?;
        bytes += read as u64;
        // The end of the file. From where that is not aligned no direct read can go on.
        if read % ALIGNMENT != 0 || read == 0 {
            break;
        }
    }
    Ok(Sample {
        bytes,
        took: began.elapsed(),
        uncached,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_no_larger_than_the_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("file");
        fs::write(&path, vec![7; 10_000]).expect("written");
        let sample = read_sample(&path, 1 << 20, Duration::from_secs(60)).expect("read");
        assert_eq!(sample.bytes, 10_000);
        let none = read_sample(&path, 1 << 20, Duration::ZERO).expect("read");
        assert_eq!((none.bytes, none.bytes_per_second()), (0, None));
        assert!(read_sample(&dir.path().join("none"), 1, Duration::ZERO).is_err());
    }

    #[test]
    fn a_directory_that_is_not_there_yet_is_judged_by_the_one_above() {
        let dir = tempfile::tempdir().expect("a directory");
        let below = dir.path().join("not/there");
        assert!(may_write(&below).is_ok());
        let found = space(&below).expect("a file system");
        assert_eq!(found.device, space(dir.path()).expect("the same").device);
        let file = dir.path().join("file");
        fs::write(&file, "").expect("written");
        assert!(may_write(&file.join("below")).is_err());
    }
}
