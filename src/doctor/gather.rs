//! Gathers the facts. Nothing is installed, repaired or fetched; what is written is what any run writes:
//! answers of programs about themselves, and the unpacked embedded model, in the cache.

mod disks;
mod needs;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Surroundings;
use super::facts::{Clock, Facts, Found, History, Llama, Place, Profiles, Sockets, Trial};
use super::trial;
use crate::dialect::Program;
use crate::history::Health;
use crate::host::cgroup::Cgroup;
use crate::host::cpu::Cpu;
use crate::host::memory::{self, Memory};
use crate::host::proc::{Proc, Sight};
use crate::host::systemd::Systemd;
use crate::host::{Host, clock, gpu, limits, unix_ms};
use crate::profile::Config;
use crate::profiles::{self, Examined};
use crate::store::{ConfigError, SocketPlace};
use crate::vendor::lock::Lock;
use crate::vendor::probe::devices;
use crate::vendor::tools::ToolSearch;
use crate::vendor::{Candidate, Install, LocateRequest, Origin, Rejection, candidates};

/// How long a disk may be silent. Whoever hangs on it is told of that, and not kept waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at everything.
pub(super) async fn gather(surroundings: &Surroundings<'_>) -> Facts {
    let moment = clock::Moment::now();
    let paths = surroundings.paths;
    let config = surroundings.places.as_ref().map_err(ToString::to_string);
    let config = config.and_then(|places| places.config().map_err(|error| one_line(&error)));
    let needs = needs::of_profiles(surroundings, config.as_ref().ok());
    let path = paths.history();
    let (programs, tools, disk, health) = tokio::join!(
        programs(surroundings, config.as_ref()),
        async { ToolSearch::from_environment(&paths.cache).look().await },
        patiently(disks::sample(&needs)),
        patiently(spawn_blocking(move || Health::of(&path))),
    );
    let (llama, devices, trial, examined) = programs;
    let host = Host::detect();
    Facts {
        directories: disks::directories(paths, &needs),
        model_disk: disk.unwrap_or_else(disks::silent),
        llama,
        tools,
        trial,
        devices,
        profiles: profiles(examined, needs),
        cpu: Cpu::detect(),
        usable_cpus: host.cpus,
        cpu_quota: host.cpu_quota,
        memory: Memory::now(),
        transparent_huge_pages: memory::transparent_huge_pages(),
        cgroup: Cgroup::of_this_process(),
        gpus: gpu::seen(),
        open_files: limits::open_files(),
        locked_memory: limits::locked_memory(),
        proc: Proc::detect(),
        sight: Sight::of(std::process::id()),
        systemd: Systemd::detect(),
        sockets: sockets(),
        history: History {
            path: paths.history(),
            is_wanted: config
                .as_ref()
                .map_or(true, |config| config.history.enabled),
            health: health
                .and_then(Result::ok)
                .unwrap_or_else(|| Health::Unreadable {
                    detail: "its disk does not answer".to_owned(),
                }),
        },
        clock: look_at_clock(surroundings, moment),
    }
}

/// What comes in time; work in another thread is left behind.
async fn patiently<T>(work: impl Future<Output = T>) -> Option<T> {
    timeout(PATIENCE, work).await.ok()
}

/// llama.cpp's programs, and all for which they have to be known first.
async fn programs(
    surroundings: &Surroundings<'_>,
    config: Result<&Config, &String>,
) -> (Llama, Option<Vec<String>>, Trial, Result<Examined, String>) {
    let configured = config.ok().and_then(|config| config.llama_dir.clone());
    let named = surroundings.llama_dir.clone().or(configured);
    let cache = &surroundings.paths.cache;
    let look = async |program| candidates(&LocateRequest::new(program, named.clone(), cache)).await;
    let completion = look(Program::Completion).await;
    let server = look(Program::Server).await;
    let llama = Llama {
        completion: completion.iter().map(place).collect(),
        server: server.iter().map(place).collect(),
        named: named.clone(),
        pinned: Lock::embedded().ok().map(|lock| lock.build),
    };
    let counts =
        |candidate: &Candidate| named.is_none() || matches!(candidate.origin, Origin::Directory(_));
    let used = completion.into_iter().filter(counts).find_map(install);
    let (devices, trial) = match used {
        None => (
            None,
            Trial::NotTried("there is no llama.cpp to run".to_owned()),
        ),
        Some(install) => (
            devices(&install.program, &install.capabilities).await,
            trial::run(install, surroundings.paths).await,
        ),
    };
    (llama, devices, trial, examine(surroundings).await)
}

fn install(candidate: Candidate) -> Option<Install> {
    Some(Install {
        capabilities: candidate.verdict.ok()?,
        program: candidate.path,
        kind: candidate.kind,
        origin: candidate.origin,
    })
}

fn place(candidate: &Candidate) -> Place {
    let origin = match candidate.origin {
        Origin::Directory(_) => "directory",
        Origin::Vendored(_) => "vendored",
        Origin::Path => "path",
    };
    let found = match &candidate.verdict {
        Ok(capabilities) => Found::Usable {
            build: capabilities.build,
            name: capabilities.build_name(),
            note_on_age: capabilities.note_on_age(),
        },
        Err(reason @ (Rejection::Absent | Rejection::NotBuilt)) => {
            Found::Absent(reason.to_string())
        }
        Err(reason) => Found::Unusable(reason.to_string()),
    };
    Place {
        origin,
        path: candidate.path.clone(),
        found,
    }
}

/// What `orchestrate profiles check` would say.
async fn examine(surroundings: &Surroundings<'_>) -> Result<Examined, String> {
    let places = surroundings.places.as_ref().map_err(ToString::to_string)?;
    let surroundings = profiles::Surroundings {
        places,
        paths: surroundings.paths,
        llama_dir: surroundings.llama_dir.clone(),
    };
    let examined = profiles::examine(&[], &surroundings).await;
    examined.map_err(|error| error.to_string())
}

fn profiles(examined: Result<Examined, String>, needs: Vec<super::facts::Needs>) -> Profiles {
    match examined {
        Ok(examined) => Profiles {
            count: examined.profiles,
            problems: examined.problems,
            warnings: examined.warnings,
            needs,
        },
        Err(reason) => Profiles {
            problems: vec![reason],
            needs,
            ..Profiles::default()
        },
    }
}

fn sockets() -> Sockets {
    let (now, cron) = (SocketPlace::of_this_process(), SocketPlace::under_cron());
    Sockets {
        length: (now.length, now.limit),
        is_there: now.is_there,
        problem: now.problem.map(|problem| problem.to_string()),
        under_cron: (cron.base, cron.problem.map(|problem| problem.to_string())),
        path: now.base,
    }
}

/// Looked at last, so that a jump in the meantime is seen.
fn look_at_clock(surroundings: &Surroundings<'_>, moment: clock::Moment) -> Clock {
    let paths = surroundings.paths;
    let ours: [PathBuf; 4] = [
        std::env::current_exe().unwrap_or_default(),
        paths.history(),
        paths.config.join("orchestrate.toml"),
        Path::new("orchestrate.toml").to_owned(),
    ];
    let written = ours.into_iter().filter_map(|path| {
        let at = clock::written_unix_ms(&path)?;
        Some((path, at))
    });
    Clock {
        newest_file: written.max_by_key(|(_, at)| *at),
        now_unix_ms: unix_ms(),
        jumped_ms: moment.jumped_ms(),
        source: clock::source(),
    }
}

/// An error that may have a line for each of its problems.
fn one_line(error: &ConfigError) -> String {
    error.to_string().lines().collect::<Vec<_>>().join("; ")
}
