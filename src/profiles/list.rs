//! `profiles list`.

use std::io::Write;

use serde::Serialize;

use super::ProfilesError;
use crate::profile::{ProfileError, ProfileSet};
use crate::ui::table;

/// One profile, as `--json` tells it. Fields may be added, not changed.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    name: &'a str,
    /// The nearest file.
    from: &'a str,
    /// What is wrong with it; then there are no values.
    error: Option<String>,
    #[serde(flatten)]
    values: Option<Values>,
}

#[derive(Debug, Serialize)]
struct Values {
    description: String,
    model: String,
    context: u32,
    max_tokens: u32,
    /// `null` is no fixed limit.
    timeout_seconds: Option<f64>,
    /// `auto`, `none`, or the time.
    timeout: String,
}

pub(super) fn list(
    set: &ProfileSet,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), ProfilesError> {
    let profiles: Vec<Listed<'_>> = set.names().map(|name| listed(set, name)).collect();
    if as_json {
        let text = serde_json::to_string_pretty(&profiles).map_err(std::io::Error::from)?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let head = ["NAME", "MODEL", "CONTEXT", "MAX TOKENS", "TIMEOUT", "FROM"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(profiles.iter().map(row));
    table::write(&rows, &[2, 3, 4], out)?;
    Ok(())
}

fn listed<'a>(set: &'a ProfileSet, name: &'a str) -> Listed<'a> {
    let resolved = set.resolve(name, &[]);
    let from = set.sources(name).next().map_or("", |source| &source.origin);
    Listed {
        name,
        from,
        error: resolved.as_ref().err().map(ProfileError::to_string),
        values: resolved.ok().map(|resolved| {
            let profile = resolved.profile;
            Values {
                description: profile.description,
                model: profile.model.to_string(),
                context: profile.context,
                max_tokens: profile.max_tokens,
                timeout_seconds: profile
                    .limits
                    .timeout
                    .fixed()
                    .map(|time| time.as_secs_f64()),
                timeout: profile.limits.timeout.short(),
            }
        }),
    }
}

fn row(listed: &Listed<'_>) -> Vec<String> {
    let name = listed.name.to_owned();
    match &listed.values {
        Some(values) => vec![
            name,
            values.model.clone(),
            values.context.to_string(),
            values.max_tokens.to_string(),
            values.timeout.clone(),
            listed.from.to_owned(),
        ],
        None => {
            let unknown = || "-".to_owned();
            let from = format!("{} (wrong: see profiles check)", listed.from);
            vec![name, unknown(), unknown(), unknown(), unknown(), from]
        }
    }
}
