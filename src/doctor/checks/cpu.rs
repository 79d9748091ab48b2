//! The processor: what it can do, how much of it there is, who rules its clock.

use std::collections::BTreeSet;

use super::super::facts::{Facts, Trial};
use super::super::finding::Finding;
use super::super::finding::value::{count, text, texts};
use super::counted;
use crate::dialect::build_info::Feature;

/// What llama.cpp calls an instruction set (ggml-cpu.cpp), what the kernel calls it, and whether a build
/// without it is known to be slow; the others speed up some types of weights only.
const SETS: [(&str, &str, bool); 17] = [
    ("SSE3", "pni", false),
    ("SSSE3", "ssse3", false),
    ("AVX", "avx", true),
    ("AVX2", "avx2", true),
    ("F16C", "f16c", true),
    ("FMA", "fma", true),
    ("BMI2", "bmi2", false),
    ("AVX_VNNI", "avx_vnni", false),
    ("AVX512", "avx512f", true),
    ("AVX512_VBMI", "avx512vbmi", false),
    ("AVX512_VNNI", "avx512_vnni", false),
    ("AVX512_BF16", "avx512_bf16", false),
    ("AMX_INT8", "amx_int8", false),
    ("NEON", "asimd", true),
    ("DOTPROD", "asimddp", false),
    ("MATMUL_INT8", "i8mm", false),
    ("SVE", "sve", false),
];

/// Whether the build has been compiled for this processor.
pub(super) fn features(facts: &Facts) -> Finding {
    let Trial::Tried {
        features, failure, ..
    } = &facts.trial
    else {
        return Finding::not_applicable("no build was run that could tell its own");
    };
    if facts.cpu.flags.is_empty() {
        return Finding::unknown("the system does not tell what this CPU has");
    }
    let on_cpu = |feature: &&Feature| matches!(feature.backend.as_str(), "CPU" | "");
    let on: BTreeSet<&str> = features
        .iter()
        .filter(on_cpu)
        .filter(|feature| feature.is_on)
        .map(|feature| feature.name.as_str())
        .collect();
    if on.is_empty() {
        return Finding::unknown("the build did not say what it was compiled for");
    }
    let here = |flag: &str| facts.cpu.flags.contains(flag);
    let of = |wanted: &dyn Fn(&str, &str, bool) -> bool| -> Vec<&str> {
        let sets = SETS
            .iter()
            .filter(|(set, flag, slow)| wanted(set, flag, *slow));
        sets.map(|&(set, ..)| set).collect()
    };
    let foreign = of(&|set, flag, _| on.contains(set) && !here(flag));
    let slow = of(&|set, flag, slow| slow && !on.contains(set) && here(flag));
    let unused = of(&|set, flag, slow| !slow && !on.contains(set) && here(flag));
    let rebuild = "`orchestrate build` compiles for exactly this CPU";
    let finding = if !foreign.is_empty() {
        let text = format!("built with {}, which this CPU lacks", foreign.join(", "));
        if failure.is_some() {
            Finding::error(text, rebuild)
        } else {
            // It ran: the instructions are chosen as it runs, or have not been met yet.
            Finding::warning(format!("{text}: it may end with SIGILL"), rebuild)
        }
    } else if !slow.is_empty() {
        Finding::warning(
            format!(
                "built without {}, which this CPU has; the gain is unknown",
                slow.join(", ")
            ),
            rebuild,
        )
    } else if !unused.is_empty() {
        Finding::note(format!(
            "built without {}, which this CPU has; the gain is unknown",
            unused.join(", ")
        ))
    } else {
        Finding::ok("the build uses what this CPU has")
    };
    finding
        .fact("build_features", texts(&on))
        .fact("cpu_features", texts(of(&|_, flag, _| here(flag))))
}

/// Threads of the profiles against the CPUs that may be used.
pub(super) fn threads(facts: &Facts) -> Finding {
    let usable = facts.usable_cpus;
    let fixed = facts.profiles.needs.iter().flat_map(|needs| {
        let fixed = needs.threads.iter();
        fixed.map(move |(key, threads, at)| (needs, key, *threads, at))
    });
    let over: Vec<_> = fixed
        .filter(|(_, _, threads, _)| *threads > usable)
        .collect();
    let told = over.iter().map(|(needs, key, threads, at)| {
        format!("{key} = {threads} of profile \"{}\" ({at})", needs.profile)
    });
    let told: Vec<String> = told.collect();
    let cpus = match facts.cpu_quota {
        Some(quota) => format!(
            "{} usable, by a quota of {quota:.2}",
            counted(usable as usize, "CPU")
        ),
        None => format!("{} usable", counted(usable as usize, "CPU")),
    };
    let finding = match over.first() {
        None => Finding::ok(format!("{cpus}; no profile asks for more")),
        Some((_, key, _, at)) => Finding::warning(
            format!("{}; {cpus}", super::first_of(&told)),
            format!("set {key} = {usable} at {at}, or \"auto\": more threads wait for each other"),
        ),
    };
    finding
        .fact("usable_cpus", count(usable))
        .fact(
            "cpu_quota_cpus",
            facts.cpu_quota.map(super::super::finding::Value::Real),
        )
        .fact("above", texts(told))
}

/// Memory nodes.
pub(super) fn numa(facts: &Facts) -> Finding {
    let finding = match facts.cpu.numa_nodes {
        None => Finding::unknown("the system does not tell of memory nodes"),
        Some(0 | 1) => Finding::ok("one memory node"),
        Some(nodes) => Finding::note(format!(
            "{nodes} memory nodes: threads that read another node's memory are slower"
        ))
        .remedy(
            "measure with extra_args = [\"--numa\", \"distribute\"], or start orchestrate under \
             `numactl --cpunodebind=0 --membind=0` if the model fits one node",
        ),
    };
    finding.fact("numa_nodes", facts.cpu.numa_nodes.map(count))
}

/// Drivers whose `powersave` raises the clock under load (kernel: admin-guide/pm/intel_pstate, amd-pstate).
const CLEVER_DRIVERS: [&str; 2] = ["intel_pstate", "amd-pstate-epp"];

/// Who rules the clock.
pub(super) fn governor(facts: &Facts) -> Finding {
    let governors = &facts.cpu.governors;
    let driver = facts.cpu.driver.as_deref().unwrap_or_default();
    let finding = if governors.is_empty() {
        Finding::not_applicable("the system tells of no governor, as in most virtual machines")
    } else if !governors.contains("powersave") {
        Finding::ok(governors.iter().cloned().collect::<Vec<_>>().join(", "))
    } else if CLEVER_DRIVERS.contains(&driver) {
        Finding::note(format!(
            "powersave of {driver}, which raises the clock under load all the same"
        ))
    } else {
        Finding::warning(
            "powersave: the CPUs stay at their lowest clock",
            "`cpupower frequency-set -g schedutil` as root (or performance); the gain is unknown \
             until measured",
        )
    };
    finding
        .fact("governors", texts(governors))
        .fact("driver", facts.cpu.driver.as_ref().map(text))
}
