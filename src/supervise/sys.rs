//! The calls that have no safe form: what runs between fork and exec, the registration of a file
//! descriptor with tokio, and `wait4`.
#![expect(
    unsafe_code,
    reason = "pre_exec, AsyncFd registration and wait4 have no safe form; all are confined to this file"
)]

use std::io;
use std::process::Command;
use std::time::Duration;

use rustix::process::Pid;

use super::report::{Status, Usage};

/// Makes the child of `command` die with us: the kernel kills it when the spawning thread ends.
/// Does nothing elsewhere than on Linux.
pub fn die_with_parent(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
        use std::os::unix::process::CommandExt;
        let parent = getpid();
        let setup = move || -> io::Result<()> {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // We may have died between fork and the line above; then nobody would send the signal.
            if getppid() == Some(parent) {
                Ok(())
            } else {
                Err(io::Error::from_raw_os_error(libc::ECHILD))
            }
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed. The closure makes
        // two plain system calls (prctl, getppid) and neither allocates nor takes a lock; an
        // `io::Error` from an OS code does not allocate either.
        unsafe {
            command.pre_exec(setup);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Lets tokio tell when `fd` becomes readable.
///
/// # Errors
/// The system's, when the descriptor cannot be polled.
#[cfg(target_os = "linux")]
pub(super) fn poll_readable(
    fd: std::os::fd::OwnedFd,
) -> io::Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
    use tokio::io::{Interest, unix::AsyncFd};
    // SAFETY: an OwnedFd is open for as long as it lives, always answers with the same number, and
    // nothing but the AsyncFd, which owns it from here on, can close it.
    unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.map_err(io::Error::from)
}

/// Reaps `pid`, which must have exited, and tells how it ended and what it used.
///
/// # Errors
/// The system's, `ECHILD` when it is not an unreaped child of ours.
pub(super) fn reap(pid: Pid) -> io::Result<(Status, Usage)> {
    let mut status = 0;
    // SAFETY: an all-zero rusage is a valid value of that plain C struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are valid for the length of the call, and wait4 writes within them.
        let reaped = unsafe {
            libc::wait4(
                pid.as_raw_nonzero().get(),
                &raw mut status,
                0,
                &raw mut usage,
            )
        };
        if reaped >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let status = if libc::WIFSIGNALED(status) {
        Status::Signal(libc::WTERMSIG(status))
    } else {
        Status::Code(libc::WEXITSTATUS(status))
    };
    // ru_maxrss is in KiB on Linux and in bytes on macOS (getrusage(2) of each).
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let usage = Usage {
        peak_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * unit,
        major_faults: u64::try_from(usage.ru_majflt).unwrap_or(0),
        user: duration(usage.ru_utime),
        system: duration(usage.ru_stime),
    };
    Ok((status, usage))
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
