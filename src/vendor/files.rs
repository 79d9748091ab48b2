//! Small file work shared by this module: whole writes, checksums, sizes, free space, and work
//! that would block the async thread.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::{Event, Report};

/// Writes a file so that a reader sees the old content or the new one, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".orchestrate-")
        .tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a text, in hexadecimal digits.
pub(crate) fn hash_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// SHA-256 of a file, in hexadecimal digits. Ends early with an error once `stop` is set.
pub(crate) fn hash_file(path: &Path, stop: &Stop) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        stop.check()?;
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// Bytes of all files below a directory; what cannot be read counts as nothing.
#[must_use]
pub fn size_of(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    entries.flatten().map(|entry| size_of(&entry.path())).sum()
}

/// Bytes that this user may still write where `path` is, or will be.
pub(crate) fn free_space(path: &Path) -> io::Result<u64> {
    let existing = path
        .ancestors()
        .find(|dir| dir.exists())
        .unwrap_or(Path::new("."));
    let info = rustix::fs::statvfs(existing)?;
    Ok(info.f_bavail.saturating_mul(info.f_frsize))
}

/// Removes a directory tree or a file; one that is not there is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Tells work on another thread that nobody waits for it any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// # Errors
    /// `Interrupted` once it has been set.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Runs work that blocks (hashing, unpacking) on a thread of its own, so that Ctrl-C is still
/// heard, and passes on the events it sends. Dropping the future sets the work's [`Stop`].
pub(crate) async fn off_thread<T: Send + 'static>(
    report: Report<'_>,
    work: impl FnOnce(&Stop, &dyn Fn(Event)) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let stop = Stop::default();
    let _guard = StopOnDrop(stop.clone());
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let mut task = tokio::task::spawn_blocking(move || {
        work(&stop, &|event| {
            // The receiver lives as long as anybody waits for the work.
            let _ = sender.send(event);
        })
    });
    loop {
        tokio::select! {
            Some(event) = events.recv() => report(event),
            result = &mut task => {
                while let Ok(event) = events.try_recv() {
                    report(event);
                }
                return result.map_err(io::Error::other)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_writes_replace_and_leave_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn hashes_are_the_known_ones() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash_text(""), empty);
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(hash_file(file.path(), &Stop::default()).unwrap(), empty);
    }

    #[tokio::test]
    async fn dropping_the_future_stops_the_work() {
        let (told, heard) = std::sync::mpsc::channel();
        let work = off_thread(&|_| {}, move |stop, _| {
            while stop.check().is_ok() {
                std::thread::yield_now();
            }
            told.send(()).map_err(io::Error::other)
        });
        let late = tokio::time::timeout(std::time::Duration::from_millis(20), work).await;
        assert!(late.is_err());
        heard
            .recv_timeout(std::time::Duration::from_secs(20))
            .unwrap();
    }
}
