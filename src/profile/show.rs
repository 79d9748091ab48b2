//! A resolved profile as a file again: every key with its value, and where that comes from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::{Table, Value};

use super::resolved::{Constraint, Named, Profile, Sampling, Threads};
use super::set::Resolved;
use super::write::{key_text, table_and_name};
use crate::units::duration;

/// The word for a sampling value or thread count that is left to somebody else.
const AUTO: &str = "auto";

impl Profile {
    /// Every key with its value, by dotted path, in the order in which they are shown. Reading them
    /// back gives the same profile.
    #[must_use]
    pub fn values(&self) -> Vec<(String, Value)> {
        let (grammar, json_schema) = match &self.constraint {
            Some(Constraint::Grammar(text)) => (text.as_str(), ""),
            Some(Constraint::JsonSchema(text)) => ("", text.as_str()),
            None => ("", ""),
        };
        let mut values: Vec<(&str, Value)> = vec![
            ("description", self.description.as_str().into()),
            ("route", self.route.as_deref().unwrap_or_default().into()),
            ("model", self.model.to_string().into()),
            ("backend", self.backend.name().into()),
            ("context", self.context.into()),
            ("max_tokens", self.max_tokens.into()),
            ("batch", self.batch.into()),
            ("micro_batch", self.micro_batch.into()),
            ("threads", threads(self.threads)),
            ("batch_threads", threads(self.batch_threads)),
            ("gpu_layers", self.gpu_layers.into()),
            ("kv_type_k", self.kv_type_k.name().into()),
            ("kv_type_v", self.kv_type_v.name().into()),
            ("flash_attention", self.flash_attention.name().into()),
            ("load_mode", self.load_mode.name().into()),
            ("seed", or_word(self.seed, "random")),
            ("ignore_eos", self.ignore_eos.into()),
            ("grammar", grammar.into()),
            ("json_schema", json_schema.into()),
            ("stop", self.stop.clone().into()),
            ("extra_args", self.extra_args.clone().into()),
        ];
        values.extend(sampling(&self.sampling));
        values.extend([
            ("limits.timeout", self.limits.timeout.to_string().into()),
            ("limits.floor", duration::exact(self.limits.floor).into()),
            ("limits.load", self.limits.load.to_string().into()),
            ("watch.load", self.watch.load.to_string().into()),
            ("watch.prefill", self.watch.prefill.to_string().into()),
            ("watch.decode", self.watch.decode.to_string().into()),
            ("watch.loops", self.watch.loops.into()),
            ("prompt.mode", self.prompt.mode.name().into()),
            (
                "prompt.system",
                self.prompt.system.as_deref().unwrap_or_default().into(),
            ),
            ("prompt.template", self.prompt.template.as_str().into()),
        ]);
        let mut values: Vec<(String, Value)> = values
            .into_iter()
            .map(|(path, value)| (path.to_owned(), value))
            .collect();
        values.extend(below("prompt.variables", &self.prompt.variables));
        values.extend(below("environment", &self.environment));
        values
    }

    /// The same as nested tables.
    #[must_use]
    pub fn to_table(&self) -> Table {
        let mut root = Table::new();
        for (path, value) in self.values() {
            let (section, name) = table_and_name(&path);
            let table = section.split('.').filter(|part| !part.is_empty()).try_fold(
                &mut root,
                |table, part| {
                    table
                        .entry(part)
                        .or_insert_with(|| Table::new().into())
                        .as_table_mut()
                },
            );
            if let Some(table) = table {
                table.insert(name.to_owned(), value);
            }
        }
        root
    }
}

fn sampling(sampling: &Sampling) -> [(&'static str, Value); 8] {
    [
        ("sampling.temperature", or_word(sampling.temperature, AUTO)),
        ("sampling.top_k", or_word(sampling.top_k, AUTO)),
        ("sampling.top_p", or_word(sampling.top_p, AUTO)),
        ("sampling.min_p", or_word(sampling.min_p, AUTO)),
        (
            "sampling.repeat_penalty",
            or_word(sampling.repeat_penalty, AUTO),
        ),
        (
            "sampling.repeat_last_n",
            or_word(sampling.repeat_last_n, AUTO),
        ),
        (
            "sampling.presence_penalty",
            or_word(sampling.presence_penalty, AUTO),
        ),
        (
            "sampling.frequency_penalty",
            or_word(sampling.frequency_penalty, AUTO),
        ),
    ]
}

/// The values of a free table, under their full paths.
fn below(section: &str, texts: &BTreeMap<String, String>) -> impl Iterator<Item = (String, Value)> {
    texts
        .iter()
        .map(move |(name, text)| (format!("{section}.{name}"), text.as_str().into()))
}

fn threads(threads: Threads) -> Value {
    match threads {
        Threads::Auto => AUTO.into(),
        Threads::Count(count) => count.into(),
    }
}

fn or_word<T: Into<Value>>(value: Option<T>, word: &str) -> Value {
    value.map_or_else(|| word.into(), Into::into)
}

impl Resolved {
    /// The profile as a file that is itself a profile, with a comment at each value that tells where
    /// it comes from.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = format!("# {}, resolved\n", self.profile.name);
        let mut section = String::new();
        for (path, value) in self.profile.values() {
            let (table, name) = table_and_name(&path);
            if table != section {
                let _ = write!(text, "\n[{table}]\n");
                table.clone_into(&mut section);
            }
            let origin = self
                .origins
                .get(&path)
                .map_or_else(|| "default".to_owned(), ToString::to_string);
            let _ = writeln!(text, "{} = {value}  # {origin}", key_text(name));
        }
        text
    }
}
