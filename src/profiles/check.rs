//! `profiles check`.

use std::io::{self, Write};

use super::{ProfilesError, Surroundings};
use crate::engine;
use crate::profile::{AUTO, Config, ModelRef, Problem, ProfileError, ProfileSet, Resolved};
use crate::run::foresee;
use crate::store::{ConfigError, Places};

/// Writes every problem on a line of its own, as compilers do, each once though several profiles
/// may build on the same file. Without names, all profiles and `orchestrate.toml` are checked.
pub(super) async fn check(
    names: &[String],
    surroundings: &Surroundings<'_>,
    out: &mut dyn Write,
) -> Result<(), ProfilesError> {
    let places = surroundings.places;
    // A broken one is told below; without it nobody knows whether a history is wanted.
    let config = places.config().ok();
    let set = places.profiles()?;
    let everything = names.is_empty();
    let names: Vec<String> = if everything {
        set.names().map(str::to_owned).collect()
    } else {
        names.to_vec()
    };
    let mut found = Found::default();
    for name in &names {
        match set.resolve(name, &[]) {
            Ok(resolved) => {
                warn(&resolved, out)?;
                if let Some(config) = &config {
                    warn_of_limit(&resolved, config, surroundings, out).await?;
                }
            }
            Err(ProfileError::Invalid(problems)) => found.add(problems.iter()),
            Err(missing) => found.others.push(missing.to_string()),
        }
    }
    if everything {
        check_config(places, &set, &mut found)?;
    }
    found.write(out)?;
    if found.count() > 0 {
        return Err(ProfilesError::Found(found.count()));
    }
    let (count, plural) = (names.len(), if names.len() == 1 { "" } else { "s" });
    let and = if everything {
        " and orchestrate.toml"
    } else {
        ""
    };
    writeln!(out, "{count} profile{plural}{and} checked, no problems")?;
    Ok(())
}

/// What is no mistake, yet probably not meant.
fn warn(resolved: &Resolved, out: &mut dyn Write) -> io::Result<()> {
    for note in &resolved.notes {
        writeln!(out, "warning: {note}")?;
    }
    if resolved.profile.name == AUTO {
        writeln!(
            out,
            "warning: a profile named \"{AUTO}\" cannot be run: `orchestrate run {AUTO}` chooses among the \
             profiles that have a \"route\"; give its file another name"
        )?;
    }
    let (Some(place), ModelRef::File(path)) =
        (resolved.origins.get("model"), &resolved.profile.model)
    else {
        return Ok(());
    };
    if path.exists() {
        return Ok(());
    }
    let (name, path) = (&resolved.profile.name, path.display());
    writeln!(
        out,
        "warning: {place}: the model {path} of profile \"{name}\" is missing"
    )
}

/// What earlier runs say of a time limit that is too short.
async fn warn_of_limit(
    resolved: &Resolved,
    config: &Config,
    surroundings: &Surroundings<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Surroundings {
        paths, llama_dir, ..
    } = surroundings;
    let foreseen = foresee(&resolved.profile, llama_dir.clone(), config, paths).await;
    let (Some(projection), Some(place)) = (foreseen, resolved.origins.get("limits.timeout")) else {
        return Ok(());
    };
    writeln!(
        out,
        "warning: {place}: profile \"{}\": {}",
        resolved.profile.name,
        engine::projection(&projection)
    )
}

fn check_config(places: &Places, set: &ProfileSet, found: &mut Found) -> Result<(), ProfilesError> {
    match places.config() {
        Ok(config) => {
            if let Err(missing @ ProfileError::Missing { .. }) =
                set.resolve(&config.default_profile, &[])
            {
                found
                    .others
                    .push(format!("orchestrate.toml: \"default_profile\": {missing}"));
            }
            Ok(())
        }
        Err(ConfigError::Invalid(problems)) => {
            found.add(problems.iter());
            Ok(())
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Default)]
struct Found {
    problems: Vec<Problem>,
    others: Vec<String>,
}

impl Found {
    fn add<'a>(&mut self, problems: impl Iterator<Item = &'a Problem>) {
        for problem in problems {
            if !self.problems.contains(problem) {
                self.problems.push(problem.clone());
            }
        }
    }

    fn count(&self) -> usize {
        self.problems.len() + self.others.len()
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for problem in &self.problems {
            writeln!(out, "{problem}")?;
        }
        for other in &self.others {
            writeln!(out, "{other}")?;
        }
        Ok(())
    }
}
