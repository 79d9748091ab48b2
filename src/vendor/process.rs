//! The one way in which this module runs a helper: cmake, pip, git, a probe.
//!
//! Each runs in a process group of its own. Dropping the future ends it with all its descendants, so
//! that Ctrl-C, a deadline or an early return leave no compiler behind. Output comes as lines, bounded
//! in length and never required to be UTF-8; it is read from `tokio-process-stream`'s chunk stream,
//! because its line stream panics on bytes that are not UTF-8 and lets a line grow without bound.
//!
//! The stream ends when the helper has exited *and* both pipes are closed; that suits helpers. A
//! supervised llama.cpp child needs more and does not come through here.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio_process_stream::{Item, ProcessChunkStream};
use tokio_stream::StreamExt;

use crate::supervise::{ask_group_to_end, die_with_parent, end_tree};
use crate::text::LineSplitter;

/// Most that [`Call::capture`] keeps of each stream: llama.cpp's help is 34 KB.
const MAX_CAPTURE: usize = 1024 * 1024;

/// What a helper has to clean up after itself (ninja and make remove half-written objects, gcc its
/// temporary files) before it is killed. They take a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(1000);

/// How often a program file that is still open for writing elsewhere is tried again: another
/// thread of ours may be between fork and exec with an inherited descriptor of a file just made.
const BUSY_TRIES: u32 = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// How a helper is ended that nobody waits for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Tree,
    Ask,
}

/// A helper that is ready to be started.
#[derive(Debug)]
pub(crate) struct Call {
    program: PathBuf,
    command: Command,
    stdin: Option<Stdio>,
    ending: Ending,
}

/// What a helper left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Which stream a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Why a helper has no exit status.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It could not be started or waited for.
    #[error("run {}: {source}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It did not end in time and was ended.
    #[error("run {}: no end after {} s", program.display(), after.as_secs())]
    Deadline {
        /// The program.
        program: PathBuf,
        /// How long it had.
        after: Duration,
    },
}

impl Call {
    pub(crate) fn new(program: &Path) -> Self {
        let mut command = Command::new(program);
        // Messages are searched for "error:", and paths stay UTF-8 where the system can do that.
        command.env("LC_ALL", "C.UTF-8").env("LANGUAGE", "C");
        // `make demo` would hand its job server to the make below cmake, which then complains.
        for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
            command.env_remove(name);
        }
        Self {
            program: program.to_owned(),
            command,
            stdin: None,
            ending: Ending::Tree,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// What it reads; nothing by default.
    pub(crate) fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = Some(stdin.into());
        self
    }

    /// Asks it to end instead of killing it when the future is dropped.
    pub(crate) fn ends_by_request(mut self) -> Self {
        self.ending = Ending::Ask;
        self
    }

    /// Runs it to its end and hands over each line as it comes.
    pub(crate) async fn lines(
        self,
        mut each: impl FnMut(Stream, &str),
    ) -> Result<ExitStatus, CallError> {
        let program = self.program.clone();
        let failed = |source| CallError::Run {
            program: program.clone(),
            source,
        };
        let (child, guard) = self.spawn().await.map_err(failed)?;
        let mut stream = ProcessChunkStream::from(child);
        // Bound after the stream and therefore dropped before it: a dropped child may be reaped
        // at once, and the group is to be signalled while its leader's number is still its own.
        let mut guard = guard;
        let (mut stdout, mut stderr) = (LineSplitter::default(), LineSplitter::default());
        let mut give = |stream, lines: Vec<String>| {
            for line in lines {
                each(stream, &line);
            }
        };
        while let Some(item) = stream.next().await {
            match item {
                Item::Stdout(bytes) => give(Stream::Stdout, stdout.push(&bytes)),
                Item::Stderr(bytes) => give(Stream::Stderr, stderr.push(&bytes)),
                Item::Done(status) => {
                    // Reaped: from here on the number may belong to somebody else.
                    guard.leader = None;
                    give(Stream::Stdout, stdout.finish().into_iter().collect());
                    give(Stream::Stderr, stderr.finish().into_iter().collect());
                    return status.map_err(failed);
                }
            }
        }
        Err(failed(io::ErrorKind::UnexpectedEof.into()))
    }

    /// Runs it to its end, at most for `deadline`, and keeps what it printed. It dies with us: a
    /// signal may end us before the deadline ends it.
    pub(crate) async fn capture(mut self, deadline: Duration) -> Result<Output, CallError> {
        if self.ending == Ending::Tree {
            die_with_parent(self.command.as_std_mut());
        }
        let program = self.program.clone();
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let run = self.lines(|stream, line| {
            let kept = match stream {
                Stream::Stdout => &mut stdout,
                Stream::Stderr => &mut stderr,
            };
            if kept.len() + line.len() < MAX_CAPTURE {
                kept.push_str(line);
                kept.push('\n');
            }
        });
        let status = match tokio::time::timeout(deadline, run).await {
            Ok(status) => status?,
            Err(_) => {
                return Err(CallError::Deadline {
                    program,
                    after: deadline,
                });
            }
        };
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    async fn spawn(mut self) -> io::Result<(Child, Guard)> {
        self.command
            .stdin(self.stdin.take().unwrap_or_else(Stdio::null))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(self.ending == Ending::Tree);
        let mut tries = 0;
        let child = loop {
            match self.command.spawn() {
                Err(error)
                    if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES =>
                {
                    tries += 1;
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                other => break other?,
            }
        };
        let guard = Guard {
            leader: child.id(),
            ending: self.ending,
        };
        Ok((child, guard))
    }
}

/// Ends the helper when the future that runs the helper is dropped.
struct Guard {
    leader: Option<u32>,
    ending: Ending,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(leader) = self.leader.take() {
            match self.ending {
                Ending::Tree => end_tree(leader, PATIENCE),
                Ending::Ask => ask_group_to_end(leader),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Call {
        Call::new(Path::new("/bin/sh")).arg("-c").arg(script)
    }

    #[tokio::test]
    async fn both_streams_and_the_status_are_kept() {
        let output = shell("echo out; echo err >&2; printf '\\377\\n'; exit 3")
            .capture(Duration::from_secs(20))
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(output.stdout, "out\n\u{fffd}\n");
        assert_eq!(output.stderr, "err\n");
    }

    #[tokio::test]
    async fn a_deadline_ends_the_whole_tree() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("grandchild");
        // The grandchild holds the pipe: without the group's end, the call would wait for it.
        // `set -m` gives it a group of its own, as ninja does with compilers.
        let script = format!(
            "set -m; sleep 1000 & echo $! > '{}'; wait",
            pid_file.display()
        );
        let error = shell(&script)
            .capture(Duration::from_millis(500))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("no end after"), "{error}");
        let pid = std::fs::read_to_string(&pid_file).unwrap();
        wait_until_gone(pid.trim()).await;
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Call::new(Path::new("/no/such/cmake"))
            .capture(Duration::from_secs(20))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("/no/such/cmake"), "{error}");
    }

    async fn wait_until_gone(pid: &str) {
        let stat = PathBuf::from(format!("/proc/{pid}/stat"));
        for _ in 0..500 {
            match std::fs::read_to_string(&stat) {
                Err(_) => return,
                // A zombie is dead; whoever adopted it reaps it in its own time.
                Ok(text) if text.contains(") Z ") => return,
                Ok(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        panic!("process {pid} is still there");
    }
}
