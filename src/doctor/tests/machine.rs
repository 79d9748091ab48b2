//! A made-up machine on which nothing is wrong, and its parts.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::dialect::build_info::features;
use crate::doctor::{
    Clock, Directory, Facts, Found, History, Llama, Model, ModelDisk, Needs, Place, Profiles,
    Sockets, Trial,
};
use crate::history::Health;
use crate::host::cgroup::{Cgroup, Version};
use crate::host::cpu::Cpu;
use crate::host::disk::{Sample, Space};
use crate::host::limits::Limit;
use crate::host::memory::Memory;
use crate::host::proc::{Proc, Sight};
use crate::host::systemd::Systemd;
use crate::vendor::tools::{Compiler, Generator, Privilege, Toolbox, Tools};

pub(super) const GB: u64 = 1_000_000_000;
pub(super) const NOW: u64 = 1_795_000_000_000;
pub(super) const ALL_SEEN: Sight = Sight {
    stat: true,
    io: true,
    wchan: true,
    syscall: true,
};

pub(super) fn place(origin: &'static str, found: Found) -> Place {
    Place {
        origin,
        path: PathBuf::from("/llama"),
        found,
    }
}

pub(super) fn build(number: u32) -> Found {
    Found::Usable {
        build: Some(number),
        name: format!("llama-completion b{number}"),
        note_on_age: None,
    }
}

pub(super) fn trial(compiled_for: &str, failure: Option<&str>, illegal_instruction: bool) -> Trial {
    Trial::Tried {
        failure: failure.map(str::to_owned),
        illegal_instruction,
        took: Duration::from_millis(24),
        features: features(&format!("system_info: n_threads = 1 | {compiled_for}")).expect("some"),
        sight: Some(ALL_SEEN),
    }
}

pub(super) fn needs(is_default: bool, gigabytes: u64) -> Needs {
    Needs {
        profile: "big".to_owned(),
        is_default,
        threads: Vec::new(),
        gpu_layers: 0,
        locks_memory: false,
        model: Model::File {
            path: PathBuf::from("/models/big.gguf"),
            bytes: gigabytes * GB,
            peak_bytes: Some(gigabytes * GB + GB / 2),
        },
    }
}

pub(super) fn directory(purpose: &'static str, free_bytes: u64, device: u64) -> Directory {
    Directory {
        purpose,
        path: PathBuf::from("/home/me").join(purpose),
        unwritable: None,
        space: Ok(Space {
            free_bytes,
            read_only: false,
            device,
        }),
    }
}

pub(super) fn words(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A machine on which nothing is wrong.
pub(super) fn healthy() -> Facts {
    Facts {
        llama: Llama {
            completion: vec![place("vendored", build(11434))],
            server: vec![place("vendored", build(11434))],
            named: None,
            pinned: Some(11434),
        },
        tools: Toolbox {
            compiler: Some(Compiler {
                path: "/usr/bin/c++".into(),
                version: "c++ 12.2.0".to_owned(),
            }),
            cmake: Some(Tools {
                cmake: "/usr/bin/cmake".into(),
                generator: Generator::Make("/usr/bin/make".into()),
                ccache: None,
            }),
            pip: false,
            privilege: Privilege::None,
        },
        trial: trial("CPU : AVX = 1 | AVX2 = 1 | FMA = 1 | ", None, false),
        cpu: Cpu {
            flags: words(&["avx", "avx2", "fma"]),
            numa_nodes: Some(1),
            governors: words(&["schedutil"]),
            driver: Some("acpi-cpufreq".to_owned()),
        },
        usable_cpus: 4,
        cpu_quota: None,
        memory: Memory {
            total_bytes: Some(16 * GB),
            available_bytes: Some(12 * GB),
            swap_total_bytes: Some(2 * GB),
            swap_free_bytes: Some(2 * GB),
        },
        transparent_huge_pages: Some("madvise".to_owned()),
        cgroup: Cgroup {
            version: Some(Version::V2),
            memory_limit_bytes: None,
            memory_used_bytes: None,
        },
        gpus: Some(BTreeSet::new()),
        devices: Some(Vec::new()),
        profiles: Profiles {
            count: 1,
            problems: Vec::new(),
            warnings: Vec::new(),
            needs: vec![needs(true, 4)],
        },
        directories: vec![
            directory("cache", 50 * GB, 1),
            directory("state", 50 * GB, 1),
        ],
        model_disk: ModelDisk::Read {
            path: "/models/big.gguf".into(),
            bytes: 4 * GB,
            sample: Sample {
                bytes: GB / 4,
                took: Duration::from_millis(500),
                uncached: true,
            },
        },
        open_files: Limit {
            soft: Some(1024),
            hard: Some(4096),
        },
        locked_memory: Limit {
            soft: Some(8 << 20),
            hard: None,
        },
        proc: Proc {
            is_mounted: true,
            hidepid: None,
            ptrace_scope: Some(1),
        },
        sight: ALL_SEEN,
        systemd: Systemd {
            booted: true,
            user_manager: true,
            linger: Some(true),
            is_root: false,
        },
        sockets: Sockets {
            path: "/run/user/1000/orchestrate".into(),
            length: (55, 107),
            is_there: true,
            problem: None,
            under_cron: ("/tmp/orchestrate-1000".into(), None),
        },
        history: History {
            path: "/home/me/state/history.db".into(),
            is_wanted: true,
            health: Health::Sound {
                format: 1,
                runs: 7,
                newest_unix_ms: Some(NOW - 1000),
                bytes: 50_000,
            },
        },
        clock: Clock {
            now_unix_ms: NOW,
            jumped_ms: 1,
            source: Some("tsc".to_owned()),
            newest_file: Some(("/usr/bin/orchestrate".into(), NOW - 1000)),
        },
    }
}
