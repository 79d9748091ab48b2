//! Made-up machines, and what is found on them.

mod machine;

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::history::Health;
use crate::host::disk::Sample;
use crate::host::gpu::Maker;
use crate::host::memory::Memory;
use crate::host::proc::Sight;
use crate::vendor::tools::Privilege;
use machine::{ALL_SEEN, GB, NOW, build, directory, healthy, needs, place, trial, words};

/// What one check finds on the healthy machine with one thing changed.
fn found(check: &str, change: impl FnOnce(&mut Facts)) -> Finding {
    let mut facts = healthy();
    change(&mut facts);
    let checks = judge(&facts).checks.into_iter();
    let mut checks = checks.filter(|checked| checked.check == check);
    checks.next().expect("a check of that name").finding
}

/// Holds a finding against its state and a part of its words; what is amiss has a remedy.
fn expect(check: &str, state: State, part: &str, change: impl FnOnce(&mut Facts)) {
    let finding = found(check, change);
    let all = format!(
        "{} {}",
        finding.text,
        finding.remedy.clone().unwrap_or_default()
    );
    assert_eq!(finding.state, state, "{check}: {all}");
    assert!(all.contains(part), "{check}: {all}");
    if matches!(state, State::Warning | State::Error) {
        assert!(finding.remedy.is_some(), "{check}: {all}");
    }
}

#[test]
fn nothing_is_wrong_with_a_healthy_machine() {
    let report = judge(&healthy());
    for checked in &report.checks {
        let state = checked.finding.state;
        assert!(
            matches!(state, State::Ok | State::NotApplicable),
            "{checked:?}"
        );
    }
    assert!(report.next_step().is_none());
}

#[test]
fn a_missing_or_unfit_llama_cpp_is_an_error_and_an_old_one_a_warning() {
    let set =
        |found: Found| move |facts: &mut Facts| facts.llama.completion = vec![place("path", found)];
    expect(
        "llama_cpp",
        State::Error,
        "`orchestrate build`",
        set(Found::Absent("none".to_owned())),
    );
    expect(
        "llama_cpp",
        State::Error,
        "SIGILL",
        set(Found::Unusable("SIGILL".to_owned())),
    );
    expect(
        "llama_cpp",
        State::Note,
        "older by 3598 builds",
        set(build(7836)),
    );
    expect(
        "llama_cpp",
        State::Note,
        "newer by 1 builds",
        set(build(11435)),
    );
    let old = Found::Usable {
        build: Some(5000),
        name: "llama-cli b5000".to_owned(),
        note_on_age: Some("too old".to_owned()),
    };
    expect("llama_cpp", State::Warning, "too old", set(old));
    expect("llama_cpp", State::Note, "llama-server", |facts| {
        facts.llama.server.clear()
    });
    // What stands elsewhere does not count where a directory is named.
    expect("llama_cpp", State::Error, "llama_dir", |facts| {
        facts.llama.named = Some("/mine".into());
    });
}

#[test]
fn tools_are_missed_only_where_something_has_to_be_built() {
    let bare = |facts: &mut Facts| {
        facts.tools.compiler = None;
        facts.tools.cmake = None;
    };
    for check in ["compiler", "cmake"] {
        expect(check, State::Note, "only needed", bare);
        expect(check, State::Error, "apt-get install", |facts| {
            bare(facts);
            facts.llama.completion.clear();
        });
        expect(check, State::Note, "with apt-get", |facts| {
            bare(facts);
            facts.llama.completion.clear();
            facts.tools.privilege = Privilege::Root;
        });
    }
    expect("cmake", State::Note, "PyPI", |facts| {
        bare(facts);
        facts.llama.completion.clear();
        facts.tools.pip = true;
    });
}

#[test]
fn a_build_for_another_cpu_is_told_from_one_that_could_be_faster() {
    let compiled = |text: &'static str, failure: Option<&'static str>| {
        move |facts: &mut Facts| facts.trial = trial(text, failure, failure.is_some())
    };
    let all = "CPU : AVX = 1 | AVX2 = 1 | FMA = 1 | AVX512 = 1 | ";
    expect(
        "cpu_features",
        State::Error,
        "AVX512",
        compiled(all, Some("SIGILL")),
    );
    expect(
        "trial_run",
        State::Error,
        "SIGILL",
        compiled(all, Some("SIGILL")),
    );
    expect(
        "cpu_features",
        State::Warning,
        "SIGILL",
        compiled(all, None),
    );
    let slow = "CPU : AVX = 1 | AVX2 = 0 | FMA = 1 | ";
    expect(
        "cpu_features",
        State::Warning,
        "the gain is unknown",
        compiled(slow, None),
    );
    expect("cpu_features", State::Note, "AVX_VNNI", |facts| {
        facts.cpu.flags.insert("avx_vnni".to_owned());
    });
    expect("cpu_features", State::Note, "unknown", |facts| {
        facts.cpu.flags.clear()
    });
    expect("cpu_features", State::NotApplicable, "no build", |facts| {
        facts.trial = Trial::NotTried("none".to_owned());
    });
    expect("trial_run", State::Error, "no answer", |facts| {
        facts.trial = trial("CPU : AVX = 1", Some("no answer"), false);
    });
}

#[test]
#[cfg(not(target_os = "macos"))]
fn a_gpu_that_the_build_cannot_use_is_told() {
    let nvidia = |facts: &mut Facts| facts.gpus = Some(BTreeSet::from([Maker::Nvidia]));
    expect("gpu", State::Warning, "GGML_CUDA", nvidia);
    expect("gpu", State::Note, "does not say", |facts| {
        nvidia(facts);
        facts.devices = None;
    });
    let usable = |facts: &mut Facts| {
        nvidia(facts);
        facts.devices = Some(vec!["CUDA0: RTX".to_owned()]);
    };
    expect("gpu", State::Note, "gpu_layers", usable);
    expect("gpu", State::Ok, "RTX", |facts| {
        usable(facts);
        facts.profiles.needs[0].gpu_layers = 99;
    });
    expect("gpu", State::Note, "gain is unknown", |facts| {
        facts.gpus = Some(BTreeSet::from([Maker::Intel]));
    });
    expect("gpu", State::Note, "unknown", |facts| facts.gpus = None);
}

#[test]
fn threads_above_the_quota_are_told_with_the_number_to_set() {
    expect(
        "threads",
        State::Warning,
        "set threads = 1 at big.toml:3:1",
        |facts| {
            facts.usable_cpus = 1;
            facts.cpu_quota = Some(1.5);
            facts.profiles.needs[0].threads = vec![("threads", 8, "big.toml:3:1".to_owned())];
        },
    );
    expect("threads", State::Ok, "4 CPUs", |facts| {
        facts.profiles.needs[0].threads = vec![("threads", 4, String::new())];
    });
    expect("numa", State::Note, "2 memory nodes", |facts| {
        facts.cpu.numa_nodes = Some(2)
    });
    expect("numa", State::Note, "unknown", |facts| {
        facts.cpu.numa_nodes = None
    });
}

#[test]
fn powersave_is_bad_only_where_it_means_the_lowest_clock() {
    let powersave = |facts: &mut Facts| facts.cpu.governors = words(&["powersave"]);
    expect("governor", State::Warning, "cpupower", powersave);
    expect("governor", State::Note, "raises the clock", |facts| {
        powersave(facts);
        facts.cpu.driver = Some("intel_pstate".to_owned());
    });
    expect("governor", State::NotApplicable, "virtual", |facts| {
        facts.cpu.governors.clear()
    });
}

#[test]
fn a_model_that_does_not_fit_is_an_error_of_the_default_profile_alone() {
    let set = |needs: Needs| move |facts: &mut Facts| facts.profiles.needs = vec![needs];
    expect(
        "memory",
        State::Error,
        "about 20.5 GB",
        set(needs(true, 20)),
    );
    expect(
        "memory",
        State::Warning,
        "about 20.5 GB",
        set(needs(false, 20)),
    );
    expect(
        "memory",
        State::Warning,
        "available now",
        set(needs(true, 13)),
    );
    expect(
        "memory",
        State::Error,
        "the control group has 2.0 GB",
        |facts| {
            facts.cgroup.memory_limit_bytes = Some(2 * GB);
        },
    );
    let on_gpu = Needs {
        gpu_layers: 99,
        ..needs(true, 20)
    };
    expect("memory", State::Ok, "available", set(on_gpu));
    expect("memory", State::Note, "unknown", |facts| {
        facts.memory = Memory::default()
    });
    expect("swap", State::Note, "none", |facts| {
        facts.memory.swap_total_bytes = Some(0)
    });
    expect("swap", State::Warning, "in use", |facts| {
        facts.memory.swap_free_bytes = Some(0)
    });
    expect("locked_memory", State::Warning, "ulimit -l", |facts| {
        facts.profiles.needs[0].locks_memory = true;
    });
    expect("huge_pages", State::Note, "never", |facts| {
        facts.transparent_huge_pages = Some("never".to_owned());
    });
}

#[test]
fn a_full_disk_is_an_error_and_a_slow_one_a_warning() {
    let set =
        |free: u64| move |facts: &mut Facts| facts.directories[1] = directory("state", free, 2);
    expect("disk_space", State::Error, "900 MB free", set(900_000_000));
    expect("disk_space", State::Warning, "4.0 GB free", set(4 * GB));
    expect("disk_space", State::Ok, "50.0 GB", |facts| {
        let mut dvd = directory("models", 0, 3);
        if let Ok(space) = &mut dvd.space {
            space.read_only = true;
        }
        facts.directories.push(dvd);
    });
    expect(
        "directories",
        State::Error,
        "ORCHESTRATE_CACHE_DIR",
        |facts| {
            facts.directories[0].unwritable = Some("denied".to_owned());
        },
    );
    let read = |megabytes: u64, uncached: bool| {
        move |facts: &mut Facts| {
            facts.model_disk = ModelDisk::Read {
                path: "/m".into(),
                bytes: 4 * GB,
                sample: Sample {
                    bytes: megabytes * 1_000_000,
                    took: Duration::from_secs(1),
                    uncached,
                },
            };
        }
    };
    expect(
        "disk_speed",
        State::Ok,
        "400 MB/s: 4.0 GB from cold take at least 10.0 s",
        read(400, true),
    );
    expect("disk_speed", State::Warning, "1 min 20 s", read(50, true));
    expect("disk_speed", State::Note, "page cache", read(4000, false));
    expect("disk_speed", State::Note, "unknown", read(0, true));
}

#[test]
fn what_the_system_allows_is_judged() {
    expect("open_files", State::Warning, "ulimit -n 1024", |facts| {
        facts.open_files.soft = Some(64);
    });
    expect("open_files", State::Error, "too few", |facts| {
        facts.open_files.soft = Some(16);
    });
    expect("open_files", State::Ok, "no limit", |facts| {
        facts.open_files.soft = None
    });
    expect("cgroup", State::Note, "0.50 CPUs", |facts| {
        facts.cpu_quota = Some(0.5)
    });
    expect(
        "cgroup",
        State::NotApplicable,
        "no control groups",
        |facts| {
            facts.cgroup.version = None;
        },
    );
    expect("systemd", State::NotApplicable, "cron", |facts| {
        facts.systemd.booted = false
    });
    expect("systemd", State::Note, "enable-linger", |facts| {
        facts.systemd.linger = Some(false);
    });
    expect("systemd", State::Note, "no manager", |facts| {
        facts.systemd.user_manager = false
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_cannot_be_seen_is_told() {
    expect("proc", State::Warning, "not mounted", |facts| {
        facts.proc.is_mounted = false
    });
    let hide = |sight: Sight| {
        move |facts: &mut Facts| {
            if let Trial::Tried { sight: seen, .. } = &mut facts.trial {
                *seen = Some(sight);
            }
        }
    };
    let blind = Sight {
        io: false,
        ..ALL_SEEN
    };
    expect("proc", State::Warning, "io of a child", hide(blind));
    let silent = Sight {
        syscall: false,
        ..ALL_SEEN
    };
    expect("proc", State::Note, "ptrace_scope", hide(silent));
}

#[test]
fn what_is_kept_is_judged() {
    expect("profiles", State::Error, "and 1 more", |facts| {
        facts.profiles.problems = vec!["a".to_owned(), "b".to_owned()];
    });
    expect("profiles", State::Warning, "profiles check", |facts| {
        facts.profiles.warnings = vec!["a".to_owned()];
    });
    expect("sockets", State::Error, "chmod 700", |facts| {
        facts.sockets.problem = Some("keep sockets: open; `chmod 700 x`".to_owned());
    });
    expect("sockets", State::Warning, "cron", |facts| {
        facts.sockets.under_cron.1 = Some("keep sockets: foreign; set it".to_owned());
    });
    let health = |health: Health| move |facts: &mut Facts| facts.history.health = health;
    let detail = "malformed".to_owned();
    expect(
        "history",
        State::Warning,
        "malformed",
        health(Health::Damaged { detail }),
    );
    expect(
        "history",
        State::Warning,
        "update",
        health(Health::Newer { format: 9 }),
    );
    expect("history", State::Ok, "none yet", health(Health::Missing));
    expect("history", State::NotApplicable, "turned off", |facts| {
        facts.history.is_wanted = false;
    });
}

#[test]
fn a_clock_that_was_set_back_is_found_by_what_is_newer() {
    expect("clock", State::Warning, "the latest run began", |facts| {
        facts.clock.now_unix_ms = NOW - 3_600_000;
    });
    expect("clock", State::Warning, "was written", |facts| {
        facts.clock.newest_file = Some(("/file".into(), NOW + 3_600_000));
    });
    expect("clock", State::Warning, "jumped by -5000 ms", |facts| {
        facts.clock.jumped_ms = -5000;
    });
    expect("clock", State::Note, "hpet", |facts| {
        facts.clock.source = Some("hpet".to_owned());
    });
}

/// The text, and whether it keeps to 80 columns but for words that are longer than a line.
fn text(report: &Report, verbose: bool) -> String {
    let mut out = Vec::new();
    let request = Request {
        json: false,
        verbose,
    };
    tell(report, request, &mut out).expect("written");
    let text = anstream::adapter::strip_str(std::str::from_utf8(&out).expect("text")).to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    text
}

#[test]
fn the_text_ends_with_the_most_pressing_step() {
    let mut facts = healthy();
    facts.llama.completion.clear();
    facts.llama.server.clear();
    facts.open_files.soft = Some(64);
    let report = judge(&facts);
    let text = text(&report, true);
    assert!(
        text.contains("\nwarning  open files     64 at most (ulimit -n)\n"),
        "{text}"
    );
    assert!(text.contains("1 warning, 1 error"), "{text}");
    assert!(
        text.contains("\nnext step (llama.cpp): `orchestrate build`"),
        "{text}"
    );
    let exit = tell(&report, Request::default(), &mut Vec::new()).expect("written");
    assert_eq!(exit, Exit::CheckFailed);
}

#[test]
fn warnings_alone_are_no_failure() {
    let mut facts = healthy();
    facts.open_files.soft = Some(64);
    let report = judge(&facts);
    let exit = tell(&report, Request::default(), &mut Vec::new()).expect("written");
    assert_eq!(exit, Exit::Done);
    assert!(text(&report, false).contains("next step (open files): `ulimit -n 1024`"));
    assert!(text(&judge(&healthy()), true).ends_with("nothing needs to be done\n"));
}

#[test]
fn the_json_has_a_state_and_facts_for_each_check() {
    let report = judge(&healthy());
    let mut out = Vec::new();
    let request = Request {
        json: true,
        verbose: false,
    };
    tell(&report, request, &mut out).expect("written");
    let told: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(told["schema"], "orchestrate.doctor/1");
    assert_eq!(told["errors"], 0);
    let checks = told["checks"].as_array().expect("a list");
    assert_eq!(checks.len(), report.checks.len());
    let memory = checks
        .iter()
        .find(|check| check["check"] == "memory")
        .expect("one");
    assert_eq!(memory["state"], "ok");
    assert_eq!(memory["facts"]["memory_total_bytes"], 16 * GB);
    assert_eq!(memory["remedy"], serde_json::Value::Null);
}
