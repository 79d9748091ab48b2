//! `profiles check`.

use std::io::Write;

use super::{ProfilesError, Surroundings, as_run};
use crate::engine;
use crate::hub;
use crate::profile::{AUTO, Config, ModelRef, Problem, ProfileError, ProfileSet, Resolved};
use crate::run::foresee;
use crate::store::{ConfigError, Places};

/// What a look at profiles has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Examined {
    /// How many profiles were looked at.
    pub(crate) profiles: usize,
    /// What is wrong, each with its place, and once though several profiles may build on the same file.
    pub(crate) problems: Vec<String>,
    /// What is no mistake, yet probably not meant.
    pub(crate) warnings: Vec<String>,
}

/// Writes every problem on a line of its own, as compilers do. Without names, all profiles and
/// `orchestrate.toml` are checked.
pub(super) async fn check(
    names: &[String],
    surroundings: &Surroundings<'_>,
    out: &mut dyn Write,
) -> Result<(), ProfilesError> {
    let examined = examine(names, surroundings).await?;
    for warning in &examined.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for problem in &examined.problems {
        writeln!(out, "{problem}")?;
    }
    if !examined.problems.is_empty() {
        return Err(ProfilesError::Found(examined.problems.len()));
    }
    let count = examined.profiles;
    let plural = if count == 1 { "" } else { "s" };
    let and = if names.is_empty() {
        " and orchestrate.toml"
    } else {
        ""
    };
    writeln!(out, "{count} profile{plural}{and} checked, no problems")?;
    Ok(())
}

/// Looks at these profiles; without names, at all of them and at `orchestrate.toml`.
///
/// # Errors
/// When configuration cannot be read at all.
pub(crate) async fn examine(
    names: &[String],
    surroundings: &Surroundings<'_>,
) -> Result<Examined, ProfilesError> {
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
    let mut warnings = Vec::new();
    for name in &names {
        match as_run(&set, name, &[], surroundings).await {
            Ok((mut resolved, hint)) => {
                resolved.notes.extend(hint);
                warn(&resolved, &mut warnings);
                if let Some(config) = &config {
                    warnings.extend(limit_too_short(&resolved, config, surroundings).await);
                }
            }
            Err(ProfileError::Invalid(problems)) => found.add(problems.iter()),
            Err(missing) => found.others.push(missing.to_string()),
        }
    }
    if everything {
        check_config(places, &set, &mut found)?;
    }
    Ok(Examined {
        profiles: names.len(),
        problems: found.told(),
        warnings,
    })
}

/// What is no mistake, yet probably not meant.
fn warn(resolved: &Resolved, warnings: &mut Vec<String>) {
    warnings.extend(resolved.notes.iter().cloned());
    if resolved.profile.name == AUTO {
        warnings.push(format!(
            "a profile named \"{AUTO}\" cannot be run: `orchestrate run {AUTO}` chooses among the \
             profiles that have a \"route\"; give its file another name"
        ));
    }
    let Some(place) = resolved.origins.get("model") else {
        return;
    };
    let name = &resolved.profile.name;
    match &resolved.profile.model {
        ModelRef::File(path) if !path.exists() => warnings.push(format!(
            "{place}: the model {} of profile \"{name}\" is missing",
            path.display()
        )),
        ModelRef::Hub(model) if !hub::is_cached(model) => warnings.push(format!(
            "{place}: the model {model} of profile \"{name}\" is not in the cache; \
             `orchestrate model pull {model}` fetches it"
        )),
        _ => {}
    }
}

/// What earlier runs say of a time limit that is too short.
async fn limit_too_short(
    resolved: &Resolved,
    config: &Config,
    surroundings: &Surroundings<'_>,
) -> Option<String> {
    let Surroundings {
        paths, llama_dir, ..
    } = surroundings;
    let foreseen = foresee(&resolved.profile, llama_dir.clone(), config, paths).await?;
    let place = resolved.origins.get("limits.timeout")?;
    Some(format!(
        "{place}: profile \"{}\": {}",
        resolved.profile.name,
        engine::projection(&foreseen)
    ))
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

    fn told(&self) -> Vec<String> {
        let problems = self.problems.iter().map(ToString::to_string);
        problems.chain(self.others.iter().cloned()).collect()
    }
}
