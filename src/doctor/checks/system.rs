//! What the system allows, and what it lets us see.

use super::super::facts::{Facts, Trial};
use super::super::finding::value::{count, text, texts};
use super::super::finding::{Finding, Value};
use crate::host::cgroup::Version;
use crate::host::proc::Sight;
use crate::units::Bytes;

/// With fewer descriptors nothing starts: a run holds some twenty at once (seen: 16 are too few for any, 24
/// enough for a small one).
const LEAST_FILES: u64 = 32;
/// Descriptors that a run may need: pipes, a socket, the history and its log, llama-server's threads for
/// HTTP, and every shard of a split model.
const ENOUGH_FILES: u64 = 256;

/// The control groups.
pub(super) fn cgroup(facts: &Facts) -> Finding {
    let cgroup = &facts.cgroup;
    let version = match cgroup.version {
        None => return Finding::not_applicable("no control groups here, or none that can be seen"),
        Some(Version::V1) => "version 1",
        Some(Version::Hybrid) => "version 1, beside an empty version 2",
        Some(Version::V2) => "version 2",
    };
    let cpu = facts.cpu_quota.map(|quota| format!("{quota:.2} CPUs"));
    let memory = cgroup
        .memory_limit_bytes
        .map(|limit| format!("{} of memory", Bytes(limit)));
    let limits: Vec<String> = cpu.into_iter().chain(memory).collect();
    let finding = if limits.is_empty() {
        Finding::ok(format!("{version}, no limits"))
    } else {
        Finding::note(format!("{version}, limited to {}", limits.join(" and ")))
    };
    finding
        .fact("version", text(version))
        .fact("cpu_quota_cpus", facts.cpu_quota.map(Value::Real))
        .fact("memory_limit_bytes", cgroup.memory_limit_bytes.map(count))
        .fact("memory_used_bytes", cgroup.memory_used_bytes.map(count))
}

/// Open files.
pub(super) fn open_files(facts: &Facts) -> Finding {
    let limit = facts.open_files;
    let more = match limit.hard {
        Some(hard) if hard < ENOUGH_FILES => {
            "raise nofile in /etc/security/limits.conf, or LimitNOFILE= of the service"
        }
        _ => "`ulimit -n 1024` in the shell that starts orchestrate",
    };
    let finding = match limit.soft {
        Some(soft) if soft < LEAST_FILES => Finding::error(
            format!("{soft} at most: too few for a run (ulimit -n)"),
            more,
        ),
        Some(soft) if soft < ENOUGH_FILES => {
            Finding::warning(format!("{soft} at most (ulimit -n)"), more)
        }
        Some(soft) => Finding::ok(format!("{soft} at most")),
        None => Finding::ok("no limit"),
    };
    finding
        .fact("soft_limit", limit.soft.map(count))
        .fact("hard_limit", limit.hard.map(count))
}

/// Whether a hang could be told from slow work.
pub(super) fn proc(facts: &Facts) -> Finding {
    if !cfg!(target_os = "linux") {
        return Finding::not_applicable("only Linux has it: a stall is told by silence alone");
    }
    let proc = &facts.proc;
    if !proc.is_mounted {
        return Finding::warning(
            "not mounted: a hang is told from slow work by silence alone, and what leaves its \
             process group is not found",
            "mount it (`mount -t proc proc /proc` as root)",
        );
    }
    // A child can be hidden where we ourselves cannot.
    let (sight, whose) = match &facts.trial {
        Trial::Tried {
            sight: Some(sight), ..
        } => (*sight, "a child"),
        _ => (facts.sight, "ourselves (there was no child to look at)"),
    };
    let hidden: Vec<&str> = hidden(sight).collect();
    let finding = if !sight.stat || !sight.io {
        Finding::warning(
            format!(
                "{} of {whose} cannot be read: slow and hung look alike",
                hidden.join(", ")
            ),
            "run orchestrate as the user who owns its children, outside of a sandbox that hides them",
        )
    } else if hidden.is_empty() {
        Finding::ok(format!(
            "state, I/O and system calls of {whose} can be read"
        ))
    } else {
        Finding::note(format!(
            "{} of {whose} cannot be read: a child that waits for input is only found by its silence",
            hidden.join(", ")
        ))
        .remedy("`sysctl kernel.yama.ptrace_scope=1` as root, where that is 2 or 3")
    };
    finding
        .fact("looked_at", text(whose))
        .fact("hidden", texts(&hidden))
        .fact("hidepid", text(proc.hidepid.as_deref().unwrap_or("no")))
        .fact("ptrace_scope", proc.ptrace_scope.map(count))
}

fn hidden(sight: Sight) -> impl Iterator<Item = &'static str> {
    let files = [
        ("stat", sight.stat),
        ("io", sight.io),
        ("wchan", sight.wchan),
        ("syscall", sight.syscall),
    ];
    files
        .into_iter()
        .filter(|(_, seen)| !seen)
        .map(|(name, _)| name)
}

/// systemd, which could start nightly runs.
pub(super) fn systemd(facts: &Facts) -> Finding {
    let systemd = &facts.systemd;
    let finding = if !systemd.booted {
        Finding::not_applicable("systemd does not rule this machine; cron can start nightly runs")
    } else if systemd.is_root {
        Finding::ok("as root, timers of the machine's own manager can be used")
    } else if !systemd.user_manager {
        Finding::note("no manager for this user: `systemctl --user` will not work here")
            .remedy("log in with a session of your own (not su or sudo), or enable lingering")
    } else {
        match systemd.linger {
            Some(true) => Finding::ok("your timers run also when you are logged out"),
            Some(false) => Finding::note("your timers end when you log out")
                .remedy("`loginctl enable-linger` lets them go on"),
            None => {
                Finding::unknown("whether your timers go on when you log out (USER is not set)")
            }
        }
    };
    finding
        .fact("booted", Value::Flag(systemd.booted))
        .fact("user_manager", Value::Flag(systemd.user_manager))
        .fact("linger", systemd.linger.map(Value::Flag))
}
