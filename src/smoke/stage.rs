//! What a case is run on: a profile, a model, a program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::time::Instant;

use super::SmokeError;
use super::case::{Case, Generate, Model, Profiles, Task};
use super::made;
use crate::dialect::Program;
use crate::engine::Prepared;
use crate::exit::Exit;
use crate::profile::{
    Bases, Config, Level, ModelRef, Override, Problem, Problems, ProfileError, ProfileSet,
    Resolved, Source, check_prompt,
};
use crate::run::{Asked, RunError, check_fit, choose, program};
use crate::store::{DEMO, Paths, Places, locate_model};
use crate::vendor::{Install, LocateError, LocateRequest, locate};

/// The profile that cases change: little of everything, and an end in any case. The embedded model answers
/// within 100 ms, so that these limits, which are for machines that do much else, are met by what hangs
/// alone. One thread each: no text depends on how many CPUs there are.
const BASE: &str = "\
model = \"demo\"
context = 256
max_tokens = 16
threads = 1
batch_threads = 1
seed = 1

[sampling]
temperature = 0

[limits]
timeout = \"20s\"
load = \"10s\"

[watch]
load = \"5s\"
prefill = \"5s\"
decode = \"5s\"
loops = false

[prompt]
template = \"{{prompt}}\"
";
/// What it is called.
const BASE_NAME: &str = "smoke";

/// What all cases are run on.
pub(super) struct Stage<'a> {
    paths: &'a Paths,
    config: Config,
    /// The profile of the cases alone.
    base: ProfileSet,
    /// Those in the binary alone.
    shipped: ProfileSet,
    /// The user's, and those in the binary that he has not changed.
    profiles: ProfileSet,
    /// The profile that the command names.
    named: Option<String>,
    installs: BTreeMap<Program, Result<Install, LocateError>>,
}

/// Why something was not started.
pub(super) struct Refused {
    pub(super) error: String,
    pub(super) exit: Exit,
}

impl From<RunError> for Refused {
    fn from(error: RunError) -> Self {
        Self {
            exit: error.exit(),
            error: error.to_string(),
        }
    }
}

impl<'a> Stage<'a> {
    /// Reads configuration and profiles.
    ///
    /// # Errors
    /// When they cannot be read, or there is no such profile, or it is wrong.
    pub(super) fn new(
        paths: &'a Paths,
        places: &Places,
        named: Option<String>,
    ) -> Result<Self, SmokeError> {
        let base = Source {
            name: BASE_NAME.to_owned(),
            origin: "the profile of the smoke test".to_owned(),
            dir: places.current.clone(),
            level: Level::BuiltIn,
            text: Ok(BASE.to_owned()),
        };
        let bases = Bases {
            home: places.home.clone(),
            current: places.current.clone(),
        };
        let stage = Self {
            paths,
            config: places.config()?,
            base: ProfileSet::new(vec![base], bases),
            shipped: shipped()?,
            profiles: places.profiles()?,
            named,
            installs: BTreeMap::new(),
        };
        if let Some(name) = &stage.named {
            stage.profiles.resolve(name, &[])?;
        }
        Ok(stage)
    }

    /// Holds the settings of these cases against the profiles that they change.
    ///
    /// # Errors
    /// Everything that is wrong with them, with file, line and column.
    pub(super) fn check(&self, cases: &[&Case]) -> Result<(), SmokeError> {
        let mut problems: Vec<Problem> = Vec::new();
        for case in cases {
            let Task::Generate(generate) = &case.task else {
                continue;
            };
            let none: &[Override] = &[];
            let further = generate.again.iter().map(|again| again.settings.as_slice());
            for more in std::iter::once(none).chain(further) {
                match self.resolved(generate, None, more) {
                    Ok(_) => {}
                    Err(ProfileError::Invalid(wrong)) => {
                        let new = wrong.iter().filter(|problem| !problems.contains(problem));
                        let new: Vec<_> = new.cloned().collect();
                        problems.extend(new);
                    }
                    Err(missing) => return Err(missing.into()),
                }
            }
        }
        Ok(Problems::none_of(problems)?)
    }

    /// The programs that a case is put to.
    pub(super) fn programs(&self, case: &Case) -> Vec<Program> {
        if let Some(programs) = &case.programs {
            return programs.clone();
        }
        let named = self.named.as_deref().unwrap_or_default();
        let profile = self.profiles.resolve(named, &[]);
        profile.map_or_else(
            |_| vec![Program::Completion],
            |resolved| vec![program(resolved.profile.backend)],
        )
    }

    /// Looks for the programs that are needed.
    ///
    /// # Errors
    /// When there is none of them.
    pub(super) async fn find(
        &mut self,
        programs: &[Program],
        llama_dir: Option<&PathBuf>,
    ) -> Result<(), SmokeError> {
        let dir = llama_dir.or(self.config.llama_dir.as_ref()).cloned();
        for &program in programs {
            let request = LocateRequest::new(program, dir.clone(), &self.paths.cache);
            self.installs.insert(program, locate(&request).await);
        }
        if self.installs().next().is_some() {
            return Ok(());
        }
        let first = std::mem::take(&mut self.installs).into_values().next();
        match first {
            Some(Err(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The program, as [`Stage::find`] has found it.
    pub(super) fn install(&self, program: Program) -> Result<&Install, Refused> {
        match self.installs.get(&program) {
            Some(Ok(install)) => Ok(install),
            Some(Err(error)) => Err(Refused {
                error: format!("failed to {error}"),
                exit: Exit::LlamaMissing,
            }),
            None => Err(Refused {
                error: format!("{program} was not looked for"),
                exit: Exit::Internal,
            }),
        }
    }

    /// All programs that were found.
    pub(super) fn installs(&self) -> impl Iterator<Item = &Install> {
        self.installs
            .values()
            .filter_map(|found| found.as_ref().ok())
    }

    /// The profiles that are meant.
    pub(super) fn set(&self, which: Profiles) -> &ProfileSet {
        match which {
            Profiles::Shipped => &self.shipped,
            Profiles::All => &self.profiles,
        }
    }

    /// Where jobs are put on record.
    pub(super) fn jobs(&self) -> PathBuf {
        self.paths.jobs()
    }

    fn resolved(
        &self,
        generate: &Generate,
        program: Option<Program>,
        more: &[Override],
    ) -> Result<Resolved, ProfileError> {
        let backend = program.map(|program| {
            let word = match program {
                Program::Server => "server",
                _ => "completion",
            };
            Override::new("the case's \"program\"", "backend", word)
        });
        let own = generate.settings.iter().chain(more).cloned();
        let overrides: Vec<_> = own.chain(backend).collect();
        match (generate.model, &self.named) {
            (Model::Profile, Some(name)) => self.profiles.resolve(name, &overrides),
            _ => self.base.resolve(BASE_NAME, &overrides),
        }
    }

    /// Makes a run ready that can be started.
    pub(super) fn prepared(
        &self,
        generate: &Generate,
        program: Program,
        more: &[Override],
        accepted: Instant,
    ) -> Result<Prepared, Refused> {
        let install = self.install(program)?.clone();
        let mut resolved = self
            .resolved(generate, Some(program), more)
            .map_err(RunError::from)?;
        let demo = || {
            locate_model(&ModelRef::BuiltIn(DEMO.to_owned()), self.paths).map_err(RunError::from)
        };
        let failed = |error| Refused {
            error: format!("failed to make a model of the demo model: {error}"),
            exit: Exit::Model,
        };
        if generate.model == Model::Endless {
            let path = made::endless(&demo()?).map_err(failed)?;
            resolved.profile.model = ModelRef::File(path);
        }
        let text = check_prompt(generate.prompt.clone().into_bytes()).map_err(RunError::from)?;
        let asked = Asked {
            config: self.config.clone(),
            profiles: self.profiles.clone(),
            named: None,
            text,
            accepted,
        };
        let chosen = choose(&asked, resolved, &BTreeMap::new(), self.paths)?;
        if generate.model == Model::Profile {
            check_fit(&chosen.profile, &chosen.model, &self.config)?;
        }
        let mut request = chosen.put_to(install, 0, accepted);
        if generate.model == Model::Corrupt {
            // The program itself has to refuse it.
            request.model = made::corrupt(&request.model).map_err(failed)?;
        }
        Ok(request.prepare().map_err(RunError::from)?)
    }
}

/// The profiles in the binary, whatever the user has made of them.
fn shipped() -> Result<ProfileSet, SmokeError> {
    // No file is below a device, so that only what is in the binary is found.
    let nowhere = Path::new("/dev/null");
    let places = Places {
        user: nowhere.to_owned(),
        current: nowhere.to_owned(),
        home: None,
    };
    Ok(places.profiles()?)
}
