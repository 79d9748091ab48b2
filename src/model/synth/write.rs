//! Writes a plan: the pieces by several threads, each at its place, into a temporary file beside the
//! last place, which is moved there when all is on the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::host::usable_cpus;
use crate::synth::{Piece, Plan};

/// How often progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The beginning of the temporary file's name, so that whoever finds one (after a SIGKILL) knows whose it
/// is.
const PREFIX: &str = ".orchestrate-synth-";

/// Mode of the finished file: as any other that a program writes, not that of a temporary one. The umask
/// has been taken off.
const MODE: u32 = 0o644;

/// A file that is being written by threads of its own.
#[derive(Debug)]
pub(super) struct Writing {
    shared: Arc<Shared>,
    task: JoinHandle<io::Result<()>>,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    path: PathBuf,
    directory: PathBuf,
    done: AtomicU64,
    stop: AtomicBool,
}

impl Writing {
    pub(super) fn begin(plan: Plan, path: &Path, directory: &Path) -> Self {
        let shared = Arc::new(Shared {
            plan,
            path: path.to_owned(),
            directory: directory.to_owned(),
            done: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let task = tokio::task::spawn_blocking({
            let shared = Arc::clone(&shared);
            move || shared.write(usable_cpus().get() as usize)
        });
        Self { shared, task }
    }

    /// Waits for the end, and tells bytes done and in all meanwhile.
    pub(super) async fn finish(&mut self, progress: impl Fn(u64, u64)) -> io::Result<()> {
        let total = self.shared.plan.file_bytes();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                result = &mut self.task => return result.unwrap_or_else(|error| Err(io::Error::other(error))),
                _ = look.tick() => progress(self.shared.done.load(Ordering::Relaxed), total),
            }
        }
    }

    /// Ends it, and waits until the temporary file is gone.
    pub(super) async fn give_up(self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // What it says to that does not matter.
        let _ = self.task.await;
    }
}

impl Shared {
    fn write(&self, threads: usize) -> io::Result<()> {
        let temporary = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(std::fs::Permissions::from_mode(MODE))
            .tempfile_in(&self.directory)?;
        let file = temporary.as_file();
        // A sparse file of the full length: what nobody writes (padding) reads as zeros.
        file.set_len(self.plan.file_bytes())?;
        file.write_all_at(self.plan.header(), 0)?;
        self.weights(file, threads)?;
        // What is moved to its name is whole even if the machine stops a moment later.
        file.sync_data()?;
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        temporary.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn weights(&self, file: &File, threads: usize) -> io::Result<()> {
        let pieces = Mutex::new(self.plan.pieces());
        let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.max(1))
                .map(|_| scope.spawn(|| self.work(file, &next)))
                .collect();
            let results = workers.into_iter().map(|worker| {
                let bug = |_| {
                    Err(io::Error::other(
                        "a thread that writes weights has panicked",
                    ))
                };
                worker.join().unwrap_or_else(bug)
            });
            // All of them have ended when the first error is told.
            results.collect::<Vec<_>>().into_iter().collect()
        })
    }

    fn work(&self, file: &File, next: &(impl Fn() -> Option<Piece> + Sync)) -> io::Result<()> {
        let mut buffer = Vec::new();
        while let Some(piece) = next() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            buffer.resize(piece.bytes, 0);
            self.plan.make(piece, &mut buffer);
            let written = file.write_all_at(&buffer, piece.offset);
            // The others need not go on.
            written.inspect_err(|_| self.stop.store(true, Ordering::Relaxed))?;
            self.done.fetch_add(piece.bytes as u64, Ordering::Relaxed);
        }
        Ok(())
    }
}
