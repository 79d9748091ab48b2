//! Whether a run fits into the memory that it may take, before anything is started.

use super::RunError;
use super::prepare::program;
use crate::dialect;
use crate::host::{cpu, usable_cpus, usable_memory};
use crate::memory::{CpuFeatures, MemoryModel, Program, Setup};
use crate::profile::{Config, Profile, Threads};
use crate::store::ModelFile;
use crate::units::Bytes;

/// The setup of a profile as it would run here.
pub(crate) fn setup_here(profile: &Profile) -> Setup {
    let features = cpu::features();
    let features = CpuFeatures::from_words(features.iter().map(String::as_str));
    let program = match program(profile.backend) {
        dialect::Program::Server => Program::Server,
        _ => Program::Completion,
    };
    let count = |threads| match threads {
        Threads::Auto => usable_cpus().get(),
        Threads::Count(count) => count,
    };
    let threads = count(profile.threads).max(count(profile.batch_threads));
    Setup::of(profile, program, features, threads)
}

/// The memory of a model as far as it can be told of this profile: not where a part of it goes to a GPU.
pub(crate) fn memory_of(profile: &Profile, model: &ModelFile) -> Option<MemoryModel> {
    if profile.gpu_layers > 0 {
        return None;
    }
    MemoryModel::of(&model.header)
}

/// Refuses what does not fit into the memory budget. What cannot be told is not refused.
pub(crate) fn check(profile: &Profile, model: &ModelFile, config: &Config) -> Result<(), RunError> {
    let Some(budget) = config.budget(usable_memory()) else {
        return Ok(());
    };
    let Some(memory) = memory_of(profile, model) else {
        return Ok(());
    };
    let setup = setup_here(profile);
    let estimate = memory.estimate(&setup);
    if estimate.fits(budget.0) {
        return Ok(());
    }
    Err(RunError::TooLarge {
        profile: profile.name.clone(),
        needed: Bytes(estimate.peak()),
        context: profile.context,
        budget,
        fitting: memory.largest_context(&setup, budget.0, profile.context),
    })
}
