//! From a request to cases with two arms each.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::arm::{Arm, World};
use super::{BenchError, BenchRequest, PROFILE, anchor};
use crate::dialect::Program;
use crate::digest;
use crate::history::CaseRecord;
use crate::host::{Bandwidth, Host, unix_ms};
use crate::memory::active_bytes;
use crate::profile::{HistoryPolicy, Level, Prompt, Source};
use crate::run::RunError;
use crate::store::{Paths, Places};
use crate::suite::{self, Against, BUILT_IN, Case, Measure, Start, Suite};

/// Beyond 2^53 no JSON number is exact.
const LARGEST_SEED: u64 = 1 << 53;

/// Everything that is known before the first trial.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) suite: Suite,
    pub(super) seed: u64,
    pub(super) cases: Vec<Planned>,
    pub(super) host: Host,
    pub(super) history: HistoryPolicy,
    pub(super) notes: Vec<String>,
}

/// A case with what it is measured with.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) case: Case,
    /// What is compared with, and what is judged.
    pub(super) arms: [Arm; 2],
    /// The user's own prompts, as the profile makes them; empty is synthetic text.
    pub(super) prompts: Vec<Prompt>,
}

impl Setup {
    /// Reads the suite, opens the models and finds the programs.
    pub(super) async fn find(request: &BenchRequest, paths: &Paths) -> Result<Self, BenchError> {
        let places = Places::discover(paths).map_err(RunError::from)?;
        let config = places.config().map_err(RunError::from)?;
        let profiles = places.profiles().map_err(RunError::from)?;
        let world = World {
            config: &config,
            profiles: &profiles,
            paths,
        };
        let mut suite = read_suite(&request.suite)?;
        if let Some(pairs) = request.pairs {
            suite.pairs = pairs;
        }
        if request.against.is_some() {
            suite.against.clone_from(&request.against);
        }
        let mut setup = Self {
            seed: request.seed.unwrap_or_else(unix_ms) % LARGEST_SEED,
            cases: Vec::new(),
            host: Host::detect(),
            history: config.history,
            notes: Vec::new(),
            suite,
        };
        let mut arms: HashMap<String, [Arm; 2]> = HashMap::new();
        for case in setup.suite.cases(&request.profiles, PROFILE) {
            if !arms.contains_key(&case.profile) {
                let found = setup.arms(&case.profile, request, &world).await?;
                arms.insert(case.profile.clone(), found);
            }
            let arms = arms[&case.profile].clone();
            let planned = planned(case, arms, &world).await?;
            setup.cases.push(planned);
        }
        Ok(setup)
    }

    /// Both arms of a profile.
    async fn arms(
        &mut self,
        profile: &str,
        request: &BenchRequest,
        world: &World<'_>,
    ) -> Result<[Arm; 2], BenchError> {
        let dir = request.llama_dir.as_ref();
        let candidate = world.arm("today", profile, &[], dir).await?;
        self.notes.extend(candidate.notes.iter().cloned());
        let base = match &self.suite.against {
            Some(against) => {
                let Against {
                    llama_dir,
                    profile: other,
                    settings,
                } = against;
                let name = other.as_deref().unwrap_or(profile);
                let dir = llama_dir.as_ref().or(dir);
                world.arm(&label(against), name, settings, dir).await?
            }
            None => {
                let (anchor, is_new) = anchor::of(&candidate, request, world).await?;
                if is_new {
                    self.notes.push(format!(
                        "{profile} as it is today is its anchor from now on: later nights are held against it"
                    ));
                }
                anchor
            }
        };
        Ok([base, candidate])
    }

    /// A digest of all that is measured, but for the seed: what differs is another night.
    pub(super) fn plan(&self) -> String {
        let cases = self.cases.iter().map(|planned| {
            let arms = planned.arms.each_ref().map(|arm| {
                let record = arm.record(&[]);
                let (model, settings) = (record.model.fingerprint, record.settings.hash);
                format!("{} {model} {settings}", record.build)
            });
            format!("{} {:?} {arms:?}\n", planned.case.name(), planned.case.spec)
        });
        let Suite { name, pairs, .. } = &self.suite;
        let warm_up = self.suite.warm_up;
        digest::short(&format!(
            "{name} {pairs} {warm_up}\n{}",
            cases.collect::<String>()
        ))
    }
}

impl Planned {
    /// For the history.
    pub(super) fn record(&self, bandwidth: Option<&Bandwidth>) -> CaseRecord {
        let [base, candidate] = self.arms.each_ref().map(|arm| arm.record(&[]));
        CaseRecord {
            name: self.case.name(),
            profile: self.case.profile.clone(),
            measure: self.case.spec.shape.measure().name().to_owned(),
            base,
            candidate,
            limit_ms: bandwidth.and_then(|bandwidth| self.limit_ms(bandwidth)),
        }
    }

    /// Whether its text is made, and not the user's.
    pub(super) fn is_synthetic(&self) -> bool {
        self.prompts.is_empty()
    }

    /// The time in which the active weights are read once: no answer alone decodes faster.
    pub(super) fn limit_ms(&self, bandwidth: &Bandwidth) -> Option<f64> {
        let [_, candidate] = &self.arms;
        let bytes = active_bytes(&candidate.model.header);
        let is_limited = self.case.spec.shape.measure() == Measure::Decode
            && candidate.profile.gpu_layers == 0
            && bytes >= bandwidth.buffer_bytes;
        #[expect(clippy::cast_precision_loss, reason = "a size in bytes, below 2^53")]
        is_limited.then(|| bytes as f64 / bandwidth.bytes_per_second * 1000.0)
    }
}

fn label(against: &Against) -> String {
    let Against {
        llama_dir,
        profile,
        settings,
    } = against;
    let dir = llama_dir.iter().map(|dir| dir.display().to_string());
    let settings = settings.iter().map(ToString::to_string);
    let parts: Vec<String> = dir.chain(profile.iter().cloned()).chain(settings).collect();
    parts.join(", ")
}

/// A case with the program that it needs, and its prompts.
async fn planned(case: Case, mut arms: [Arm; 2], world: &World<'_>) -> Result<Planned, BenchError> {
    if case.spec.start == Start::Warm {
        for arm in &mut arms {
            if arm.install.kind != Program::Server {
                let beside = arm.install.program.parent().map(Path::to_owned);
                let server = world.program(Program::Server, beside.as_ref()).await;
                arm.install = server.map_err(RunError::from)?;
            }
        }
    }
    let prompts = match &case.spec.prompts {
        None => Vec::new(),
        Some(path) => prompts(path, &arms[1])?,
    };
    Ok(Planned {
        case,
        arms,
        prompts,
    })
}

fn prompts(path: &PathBuf, arm: &Arm) -> Result<Vec<Prompt>, BenchError> {
    let text = fs::read_to_string(path).map_err(|source| BenchError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let rendered = lines.map(|line| arm.profile.prompt.render(line, &BTreeMap::new(), ""));
    let prompts: Vec<Prompt> = rendered.collect::<Result<_, _>>().map_err(RunError::from)?;
    if prompts.is_empty() {
        return Err(BenchError::NoPrompts(path.clone()));
    }
    Ok(prompts)
}

/// A built-in suite by its name, any other by its file.
fn read_suite(name: &str) -> Result<Suite, BenchError> {
    let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
    let path = Path::new(name);
    let is_file = path.extension().is_some_and(|ext| ext == "toml");
    let (text, dir) = match built_in {
        Some((_, text)) => ((*text).to_owned(), PathBuf::new()),
        None if is_file => {
            let unreadable = |source| BenchError::Unreadable {
                path: path.to_owned(),
                source,
            };
            let text = fs::read_to_string(path).map_err(unreadable)?;
            let path = std::path::absolute(path).map_err(unreadable)?;
            (text, path.parent().unwrap_or(&path).to_owned())
        }
        None => {
            return Err(BenchError::NoSuite {
                name: name.to_owned(),
                known: BUILT_IN.map(|(name, _)| format!("\"{name}\"")).join(", "),
            });
        }
    };
    let stem = path.file_stem().unwrap_or_default();
    let source = Source {
        name: stem.to_string_lossy().into_owned(),
        origin: name.to_owned(),
        dir,
        level: Level::Project,
        text: Ok(text),
    };
    Ok(suite::read(&source, std::env::home_dir().as_deref())?)
}
