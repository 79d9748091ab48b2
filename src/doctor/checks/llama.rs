//! llama.cpp, what a build of it takes, and whether it runs.

use super::super::facts::{Facts, Found, Llama, Place, Trial};
use super::super::finding::value::{count, text, texts};
use super::super::finding::{Finding, Value};
use crate::dialect::OLDEST_SUPPORTED_BUILD;
use crate::units::duration;
use crate::vendor::tools::Privilege;

/// What brings llama.cpp.
const BUILD: &str = "`orchestrate build` (about 9 minutes on two cores)";

impl Llama {
    /// The place whose program a run would take, of those that were looked at for it: a directory that the
    /// user names is the only one.
    fn used<'a>(&self, places: &'a [Place]) -> Option<&'a Place> {
        let usable = |place: &&Place| matches!(place.found, Found::Usable { .. });
        let counts = |place: &&Place| self.named.is_none() || place.origin == "directory";
        places.iter().filter(counts).find(usable)
    }

    /// Whether there is a program that answers prompts.
    pub(super) fn is_there(&self) -> bool {
        self.used(&self.completion).is_some()
    }
}

/// A line for each place, for those who want to know where it was looked for.
fn told(places: &[Place]) -> Vec<String> {
    let of = |place: &Place| {
        let found = match &place.found {
            Found::Usable { name, .. } => name,
            Found::Absent(reason) | Found::Unusable(reason) => reason,
        };
        format!("{} {}: {found}", place.origin, place.path.display())
    };
    places.iter().map(of).collect()
}

/// llama.cpp: which build, from where, and how old.
pub(super) fn found(facts: &Facts) -> Finding {
    let llama = &facts.llama;
    let finding = match llama.used(&llama.completion) {
        None => missing(llama),
        Some(place) => age(llama, place),
    };
    finding
        .fact("completion", texts(told(&llama.completion)))
        .fact("server", texts(told(&llama.server)))
        .fact("pinned_build", llama.pinned.map(count))
        .fact("oldest_supported_build", count(OLDEST_SUPPORTED_BUILD))
}

fn missing(llama: &Llama) -> Finding {
    let broken = llama
        .completion
        .iter()
        .find_map(|place| match &place.found {
            Found::Unusable(reason) => Some((place, reason)),
            _ => None,
        });
    if let Some(dir) = &llama.named {
        let why = broken.map_or("there is none".to_owned(), |(_, reason)| reason.clone());
        return Finding::error(
            format!("no usable llama-completion in {}: {why}", dir.display()),
            "correct --llama-dir, ORCHESTRATE_LLAMA_DIR or llama_dir in orchestrate.toml; or leave \
             it out and run `orchestrate build`",
        );
    }
    match broken {
        Some((place, reason)) => Finding::error(
            format!("{} cannot be used: {reason}", place.path.display()),
            BUILD,
        ),
        None => Finding::error("none found: nothing is built, and none is on PATH", BUILD),
    }
}

fn age(llama: &Llama, place: &Place) -> Finding {
    let Found::Usable {
        build,
        name,
        note_on_age,
    } = &place.found
    else {
        return missing(llama);
    };
    let from = match place.origin {
        "directory" => format!("in {}", place.path.display()),
        "vendored" => "built by `orchestrate build`".to_owned(),
        _ => format!("on PATH: {}", place.path.display()),
    };
    if let Some(note) = note_on_age {
        return Finding::warning(format!("{note}; {from}"), BUILD);
    }
    if llama.used(&llama.server).is_none() {
        return Finding::note(format!(
            "{name}, {from}; without a llama-server, which backend = \"server\" needs"
        ));
    }
    match (build, llama.pinned) {
        (Some(build), Some(pinned)) if build != &pinned => {
            let (than, by) = if build < &pinned {
                ("older", pinned - build)
            } else {
                ("newer", build - pinned)
            };
            Finding::note(format!(
                "{name}, {from}; {than} by {by} builds than b{pinned}, with which orchestrate is tested"
            ))
        }
        (None, _) => Finding::note(format!("{name}, {from}; how old it is, it does not say")),
        _ => Finding::ok(format!("{name}, {from}")),
    }
}

/// A compiler, where llama.cpp would have to be built.
pub(super) fn compiler(facts: &Facts) -> Finding {
    let finding = match (&facts.tools.compiler, facts.tools.privilege) {
        (Some(compiler), _) => {
            return Finding::ok(compiler.version.clone())
                .fact("path", text(compiler.path.display()));
        }
        _ if facts.llama.is_there() => {
            Finding::note("none; only needed to build another llama.cpp")
        }
        (None, Privilege::Root | Privilege::Sudo) => {
            Finding::note("none; `orchestrate build` installs one with apt-get")
        }
        (None, privilege) => {
            let perhaps = if privilege == Privilege::Detect {
                "; or let `orchestrate build` try, if your sudo asks for no password"
            } else {
                ""
            };
            Finding::error(
                "no C++ compiler found, and llama.cpp has to be built",
                format!(
                    "install g++ or clang (Debian, Ubuntu: `apt-get install g++`; Fedora: `dnf \
                     install gcc-c++`; macOS: `xcode-select --install`){perhaps}"
                ),
            )
        }
    };
    finding.fact("path", None::<Value>)
}

/// cmake, likewise.
pub(super) fn cmake(facts: &Facts) -> Finding {
    let tools = &facts.tools;
    let finding = match &tools.cmake {
        Some(found) => {
            return Finding::ok(format!("with {}", found.generator.name()))
                .fact("path", text(found.cmake.display()))
                .fact("generator", text(found.generator.program().display()))
                .fact("ccache", Value::Flag(found.ccache.is_some()));
        }
        None if facts.llama.is_there() => {
            Finding::note("none; only needed to build another llama.cpp")
        }
        None if tools.pip => {
            Finding::note("none; `orchestrate build` fetches cmake and ninja from PyPI")
        }
        None if matches!(tools.privilege, Privilege::Root | Privilege::Sudo) => {
            Finding::note("none; `orchestrate build` installs cmake and ninja with apt-get")
        }
        None => Finding::error(
            "neither cmake nor a pip to fetch it, and llama.cpp has to be built",
            "install cmake and ninja (Debian, Ubuntu: `apt-get install cmake ninja-build`), or \
             python3 with pip, which is enough to fetch both",
        ),
    };
    finding.fact("path", None::<Value>)
}

/// Whether the build that would be used runs at all: the embedded model, a few tokens.
pub(super) fn trial(facts: &Facts) -> Finding {
    let (failure, illegal, took) = match &facts.trial {
        Trial::NotTried(reason) => return Finding::not_applicable(reason.clone()),
        Trial::Tried {
            failure,
            illegal_instruction,
            took,
            ..
        } => (failure, *illegal_instruction, *took),
    };
    let finding = match failure {
        None => Finding::ok(format!(
            "the embedded model answered in {}",
            duration::short(took)
        )),
        Some(_) if illegal => Finding::error(
            "ended by an illegal instruction (SIGILL): built for another CPU",
            format!("build it for this one: {BUILD}"),
        ),
        Some(reason) => Finding::error(
            format!("the embedded model did not run: {reason}"),
            "`orchestrate run coder -m demo -v \"add\"` shows llama.cpp's own words; `orchestrate \
             build` makes a build that is tested",
        ),
    };
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    finding.fact("took_ms", count(took_ms))
}

/// A GPU that the build cannot use.
pub(super) fn gpu(facts: &Facts) -> Finding {
    if cfg!(target_os = "macos") {
        return Finding::not_applicable("macOS: llama.cpp uses Metal unless built without it");
    }
    let Some(seen) = &facts.gpus else {
        return Finding::unknown("neither /sys nor /dev tells of GPUs");
    };
    let names: Vec<String> = seen.iter().map(ToString::to_string).collect();
    let finding = if seen.is_empty() {
        Finding::not_applicable("no GPU of NVIDIA, AMD or Intel is seen")
    } else {
        with_gpu(facts, &names)
    };
    finding
        .fact("makers_seen", texts(&names))
        .fact("devices_of_build", facts.devices.as_ref().map(texts))
}

fn with_gpu(facts: &Facts, names: &[String]) -> Finding {
    use crate::host::gpu::Maker;
    let seen = names.join(", ");
    match &facts.devices {
        None => Finding::note(format!(
            "{seen} seen; whether the build can use it, it does not say"
        )),
        Some(devices) if !devices.is_empty() => {
            let devices = devices.join(", ");
            let uses = facts
                .profiles
                .needs
                .iter()
                .any(|needs| needs.gpu_layers > 0);
            if uses {
                Finding::ok(devices)
            } else {
                Finding::note(format!("{devices}; no profile uses it"))
                    .remedy("gpu_layers = 99 in a profile puts all layers there")
            }
        }
        // Mostly within the processor, on whose memory it works as well: what it would bring is open.
        Some(_)
            if facts
                .gpus
                .iter()
                .flatten()
                .all(|&maker| maker == Maker::Intel) =>
        {
            Finding::note("Intel seen, and the build has no support for it; the gain is unknown")
        }
        Some(_) => Finding::warning(
            format!("{seen} seen, and the build has no support for it"),
            "`orchestrate build --cmake-arg=-DGGML_CUDA=ON` (NVIDIA), -DGGML_HIP=ON (AMD) or \
             -DGGML_VULKAN=ON, with its driver and toolkit installed",
        ),
    }
}
