//! From the text of a file to a [`Case`]. Pure. Everything that is wrong is told at once, each with its
//! line and column, and what was probably meant.

mod fields;
#[cfg(test)]
mod tests;

use regex::Regex;
use toml::de::{DeTable, DeValue};

use fields::{Fields, Text};

use super::case::{
    Act, Again, Case, Disturbance, During, ENDS, Expectation, Generate, Model, Profiles, Task,
};
use crate::dialect::Program;
use crate::profile::{Override, Place, Problem, Problems};

/// What a case is asked where it does not say.
const PROMPT: &str = "def add(a, b):";
/// More repetitions of a prompt make more than any context that is tested.
const MOST_TIMES: i64 = 100_000;

pub(super) const KEYS: [&str; 11] = [
    "about",
    "program",
    "arguments_of",
    "model",
    "prompt",
    "prompt_times",
    "freeze",
    "interrupt",
    "settings",
    "expect",
    "again",
];
pub(super) const EXPECT_KEYS: [&str; 12] = [
    "end",
    "exit",
    "text",
    "text_matches",
    "non_empty",
    "tokens",
    "streams",
    "timings_add_up",
    "error_contains",
    "stderr_contains",
    "within_s",
    "tokens_per_second",
];
const AGAIN_KEYS: [&str; 2] = ["settings", "text"];
/// The keys that only a generation has a use for.
const OF_A_GENERATION: [&str; 8] = [
    "model",
    "prompt",
    "prompt_times",
    "freeze",
    "interrupt",
    "settings",
    "expect",
    "again",
];

/// Reads a case. `name` is what it is called, `origin` the file as people know it.
///
/// # Errors
/// Everything that is wrong in it.
pub fn parse(name: &str, origin: &str, text: &str) -> Result<Case, Problems> {
    let source = Text::new(origin, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What a parser guesses after a syntax error is no base for further complaints.
        let problems = errors.iter().map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Problem::new(source.place(at), error.message())
        });
        let problems: Vec<_> = problems.collect();
        Problems::none_of(problems)?;
    }
    let mut fields = Fields::new(&source, table.get_ref(), "", &KEYS, 0);
    let case = case(name, &mut fields);
    let mut problems = fields.finish();
    problems.sort_by_key(|problem| problem.place.line_column());
    Problems::none_of(problems)?;
    Ok(case)
}

fn case(name: &str, fields: &mut Fields<'_>) -> Case {
    let about = fields.text("about");
    if about.is_none() && !fields.has("about") {
        fields.complain_of_all("\"about\" is missing: say in one line what must be true");
    }
    let programs = fields.word("program", &["both", "completion", "server"]);
    let arguments = fields.word("arguments_of", &["shipped", "all"]);
    let profile = fields.has("model") && fields.is_text("model", "profile");
    let task = match arguments {
        Some(word) => {
            for key in OF_A_GENERATION {
                if fields.has(key) {
                    fields.complain(
                        key,
                        "has no meaning with \"arguments_of\", which starts nothing",
                    );
                }
            }
            Task::Arguments(match word {
                "all" => Profiles::All,
                _ => Profiles::Shipped,
            })
        }
        None => Task::Generate(Box::new(generate(fields))),
    };
    Case {
        name: name.to_owned(),
        about: about.unwrap_or_default(),
        programs: match programs {
            Some("completion") => Some(vec![Program::Completion]),
            Some("server") => Some(vec![Program::Server]),
            None if profile => None,
            _ => Some(vec![Program::Completion, Program::Server]),
        },
        task,
    }
}

fn generate(fields: &mut Fields<'_>) -> Generate {
    let model = match fields.word("model", &["demo", "corrupt", "endless", "profile"]) {
        Some("corrupt") => Model::Corrupt,
        Some("endless") => Model::Endless,
        Some("profile") => Model::Profile,
        _ => Model::Demo,
    };
    let prompt = fields.text("prompt").unwrap_or_else(|| PROMPT.to_owned());
    let times = fields.whole("prompt_times", 1, MOST_TIMES).unwrap_or(1);
    let freeze = during(fields, "freeze");
    let interrupt = during(fields, "interrupt");
    if freeze.is_some() && interrupt.is_some() {
        fields.complain(
            "interrupt",
            "cannot stand beside \"freeze\": write a case for each",
        );
    }
    let disturbance = |act, phase| Disturbance { act, phase };
    let again = fields.tables("again", &AGAIN_KEYS, |again| Again {
        settings: again.section("settings", settings).unwrap_or_default(),
        same_text: again.word("text", &["same", "other"]) != Some("other"),
    });
    Generate {
        model,
        prompt: prompt.repeat(usize::try_from(times).unwrap_or(1)),
        settings: fields.section("settings", settings).unwrap_or_default(),
        disturbance: freeze
            .map(|phase| disturbance(Act::Freeze, phase))
            .or_else(|| interrupt.map(|phase| disturbance(Act::Interrupt, phase))),
        expect: fields
            .section("expect", |source, table, at| {
                let mut fields = Fields::new(source, table, "expect", &EXPECT_KEYS, at);
                let expectation = expectation(&mut fields);
                (expectation, fields.finish())
            })
            .unwrap_or_default(),
        again,
    }
}

fn during(fields: &mut Fields<'_>, key: &'static str) -> Option<During> {
    Some(match fields.word(key, &["load", "decode"])? {
        "load" => During::Load,
        _ => During::Decode,
    })
}

fn expectation(fields: &mut Fields<'_>) -> Expectation {
    let pattern = fields.text("text_matches");
    let text_matches = pattern.and_then(|pattern| match Regex::new(&pattern) {
        Ok(regex) => Some(regex),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            fields.complain(
                "text_matches",
                &format!("is no regular expression: {reason}"),
            );
            None
        }
    });
    let exit = fields.whole("exit", 0, i64::from(u8::MAX)).unwrap_or(0);
    Expectation {
        end: fields.words("end", &ENDS),
        exit: u8::try_from(exit).unwrap_or_default(),
        text: fields.text("text"),
        text_matches,
        non_empty: fields.flag("non_empty"),
        tokens: fields
            .whole("tokens", 0, i64::from(u32::MAX))
            .and_then(|tokens| u64::try_from(tokens).ok()),
        streams: fields.flag("streams"),
        timings_add_up: fields.flag("timings_add_up"),
        error_contains: fields.text("error_contains"),
        stderr_contains: fields.text("stderr_contains"),
        within: fields
            .positive("within_s")
            .and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok()),
        tokens_per_second: fields.positive("tokens_per_second"),
    }
}

/// Keys of the profile, as they stand there. What they mean, and whether they are right, is judged with the
/// profile that they change; each carries its place for that.
fn settings(source: &Text<'_>, table: &DeTable<'_>, _at: usize) -> (Vec<Override>, Vec<Problem>) {
    let mut found = Vec::new();
    flatten(source, table, "", &mut found);
    (found, Vec::new())
}

fn flatten(source: &Text<'_>, table: &DeTable<'_>, section: &str, found: &mut Vec<Override>) {
    for (key, value) in table.iter() {
        let name: &str = key.get_ref();
        let path = if section.is_empty() {
            name.to_owned()
        } else {
            format!("{section}.{name}")
        };
        match value.get_ref() {
            DeValue::Table(table) => flatten(source, table, &path, found),
            _ => {
                let place: Place = source.place(key.span().start);
                let value = source.slice(value.span());
                found.push(Override::new(&place.to_string(), &path, value));
            }
        }
    }
}
