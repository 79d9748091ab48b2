//! What an arm of a case is measured with.

use std::path::PathBuf;

use crate::dialect::Program;
use crate::history::{ArmRecord, ModelFacts, Settings};
use crate::profile::{Config, Override, Profile, ProfileSet};
use crate::run::{self, RunError};
use crate::store::{ModelFile, Paths, create_private, open_model};
use crate::trial::Stage;
use crate::vendor::{Install, LocateError, LocateRequest, locate};

/// A profile, as it is run here, with its model and its program.
#[derive(Debug, Clone)]
pub(super) struct Arm {
    /// What people call it.
    pub(super) label: String,
    pub(super) profile: Profile,
    /// The profile as a file that is itself a profile.
    pub(super) as_toml: String,
    pub(super) model: ModelFile,
    pub(super) install: Install,
    pub(super) notes: Vec<String>,
}

/// Where arms are found.
#[derive(Debug, Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) config: &'a Config,
    pub(super) profiles: &'a ProfileSet,
    pub(super) paths: &'a Paths,
}

impl World<'_> {
    /// The arm of a profile, changed so, with programs from that directory.
    pub(super) async fn arm(
        &self,
        label: &str,
        profile: &str,
        overrides: &[Override],
        dir: Option<&PathBuf>,
    ) -> Result<Arm, RunError> {
        let (config, paths) = (self.config, self.paths);
        let found = run::as_run(
            self.profiles,
            profile,
            overrides,
            dir.cloned(),
            Some(config),
            paths,
        );
        let (resolved, hint) = found.await?;
        let as_toml = resolved.to_toml();
        let (mut profile, mut notes) = (resolved.profile, resolved.notes);
        notes.extend(hint);
        let model = open_model(&profile.model, paths)?;
        notes.extend(run::lower_context(&mut profile, &model));
        let program = run::program(profile.backend);
        let install = self.program(program, dir).await?;
        Ok(Arm {
            label: label.to_owned(),
            profile,
            as_toml,
            model,
            install,
            notes,
        })
    }

    /// One of llama.cpp's programs, in that directory or where every run finds it.
    pub(super) async fn program(
        &self,
        program: Program,
        dir: Option<&PathBuf>,
    ) -> Result<Install, LocateError> {
        let dir = dir.or(self.config.llama_dir.as_ref()).cloned();
        locate(&LocateRequest::new(program, dir, &self.paths.cache)).await
    }
}

impl Arm {
    /// What is the same for all of its trials.
    pub(super) fn stage(&self, paths: &Paths) -> Stage {
        let jobs = paths.jobs();
        Stage {
            model: self.model.path.clone(),
            context: self.profile.context,
            jobs: create_private(&jobs).is_ok().then_some(jobs),
        }
    }

    /// For the history. `args` are the program's, without what the user has added by hand.
    pub(super) fn record(&self, args: &[String]) -> ArmRecord {
        let backend = match self.install.kind {
            Program::Server => "server",
            _ => "completion",
        };
        ArmRecord {
            label: self.label.clone(),
            build: run::build_of(&self.install.capabilities),
            model: ModelFacts::from(&self.model),
            settings: Settings::of(&self.profile, backend),
            args: serde_json::to_string(args).unwrap_or_default(),
        }
    }
}
