//! Lines of JSON: `--log-jsonl`, and the data of a server's stream of events.
//!
//! `--log-jsonl` is read for its times and its memory, never for text: it destroys characters
//! that are split across tokens.

use std::time::Duration;

use serde_json::Value;

use super::choice::Place;
use super::log::{LogEvent, Severity};
use super::timings::Timings;

/// A line of JSON that llama.cpp printed or sent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum JsonLine {
    /// A line of the log.
    Log(LogEvent),
    /// A piece of text on stdout, or the program's own words there.
    Text(String),
    /// What takes how much memory, in MiB.
    MemoryBreakdown(Vec<MemoryRow>),
    /// Something that a server streams.
    Stream(Box<StreamEvent>),
    /// The end of a server's stream.
    Done,
    /// Anything else.
    Other,
}

/// A row of `fit_memory_breakdown`, in MiB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoryRow {
    /// The device, such as `Host`.
    pub name: String,
    /// Weights.
    pub model: u64,
    /// KV cache.
    pub context: u64,
    /// Buffers for computation.
    pub compute: u64,
}

/// How far a server is with the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PromptProgress {
    /// Tokens of the prompt.
    pub total: u32,
    /// Tokens taken from the cache.
    pub cached: u32,
    /// Tokens done, cached ones included.
    pub processed: u32,
    /// Time so far in ms; 0 where the server does not say, or says nonsense.
    pub time_ms: u64,
}

/// A server of late 2025 subtracts milliseconds from microseconds and so sends the machine's uptime
/// in microseconds, 86 400 000 after 86 seconds. Nobody waits a day for a prompt.
const LONGEST_PROMPT_MS: u64 = 24 * 3600 * 1000;

/// One event of a stream, of `/completion` or in OpenAI's format.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamEvent {
    /// Text to append; often empty.
    pub content: String,
    /// Why the text ended: `eos`, `word`, `limit`; in OpenAI's format `stop`, `length`.
    pub stop: Option<String>,
    /// The stop sequence that ended it.
    pub stopping_word: Option<String>,
    /// Whether the context was too small.
    pub truncated: bool,
    /// How far the prompt is.
    pub progress: Option<PromptProgress>,
    /// Timings so far.
    pub timings: Option<Timings>,
    /// Tokens generated so far.
    pub generated: Option<u32>,
    /// How likely the tokens of this event were, where the request asked for it.
    pub places: Vec<Place>,
    /// What went wrong.
    pub error: Option<String>,
}

impl JsonLine {
    /// Reads a line of `--log-jsonl`, or of a stream with or without its `data: `.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let line = line.trim();
        let data = line.strip_prefix("data:").map_or(line, str::trim);
        if data == "[DONE]" {
            return Self::Done;
        }
        if !data.starts_with('{') {
            return Self::Other;
        }
        let Ok(object) = serde_json::from_str::<Value>(data) else {
            return Self::Other;
        };
        match object.get("type").and_then(Value::as_str) {
            Some("log") if object.get("level").and_then(Value::as_str) == Some("none") => {
                Self::Text(text(&object, "msg"))
            }
            Some("log") => log(&object).map_or(Self::Other, Self::Log),
            Some("fit_memory_breakdown") => Self::MemoryBreakdown(rows(&object)),
            _ => StreamEvent::read(&object)
                .map_or(Self::Other, |event| Self::Stream(Box::new(event))),
        }
    }
}

/// A line of the log that is a JSON object.
pub(super) fn log_of_object(line: &str) -> Option<LogEvent> {
    log(&serde_json::from_str(line).ok()?)
}

fn log(object: &Value) -> Option<LogEvent> {
    // `message` until early 2024, `msg` since.
    let message = object.get("msg").or_else(|| object.get("message"))?;
    let message = message.as_str()?;
    // Plain, so that JSON within JSON within JSON costs nothing.
    let mut event = LogEvent::parse_plain(message.trim_start_matches('\n'));
    let level = object.get("level").and_then(Value::as_str);
    event.severity = level.and_then(Severity::from_word).or(event.severity);
    if object.get("type").is_some() {
        let micros = object.get("time").and_then(Value::as_u64);
        event.at = micros.map(Duration::from_micros).or(event.at);
    }
    Some(event)
}

fn rows(object: &Value) -> Vec<MemoryRow> {
    let rows = object.pointer("/data/rows").and_then(Value::as_array);
    let row = |row: &Value| MemoryRow {
        name: text(row, "name"),
        model: row.get("model").and_then(Value::as_u64).unwrap_or(0),
        context: row.get("context").and_then(Value::as_u64).unwrap_or(0),
        compute: row.get("compute").and_then(Value::as_u64).unwrap_or(0),
    };
    rows.map(|rows| rows.iter().map(row).collect())
        .unwrap_or_default()
}

impl StreamEvent {
    fn read(object: &Value) -> Option<Self> {
        let choice = object.pointer("/choices/0");
        let known = [
            "content",
            "choices",
            "error",
            "timings",
            "prompt_progress",
            "usage",
        ];
        if !known.iter().any(|key| object.get(key).is_some()) {
            return None;
        }
        let content = object
            .get("content")
            .or_else(|| choice?.pointer("/delta/content"))
            .or_else(|| choice?.get("text"))
            .or_else(|| choice?.pointer("/message/content"));
        let stop = object
            .get("stop_type")
            .or_else(|| choice?.get("finish_reason"))
            .and_then(Value::as_str)
            .filter(|stop| !stop.is_empty() && *stop != "none");
        let word = text(object, "stopping_word");
        let generated = object
            .get("tokens_predicted")
            .or_else(|| object.pointer("/usage/completion_tokens"));
        Some(Self {
            content: content
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            stop: stop.map(str::to_owned),
            stopping_word: (!word.is_empty()).then_some(word),
            truncated: object.get("truncated").and_then(Value::as_bool) == Some(true)
                || fell_short(object),
            progress: object.get("prompt_progress").map(PromptProgress::read),
            timings: object.get("timings").map(Timings::from_json),
            generated: generated.and_then(count),
            places: Place::of_event(object),
            error: object.get("error").map(error_text),
        })
    }
}

impl PromptProgress {
    fn read(object: &Value) -> Self {
        let tokens = |key: &str| object.get(key).and_then(count).unwrap_or(0);
        let time_ms = object.get("time_ms").and_then(Value::as_u64);
        Self {
            total: tokens("total"),
            cached: tokens("cache"),
            processed: tokens("processed"),
            time_ms: time_ms.filter(|&ms| ms < LONGEST_PROMPT_MS).unwrap_or(0),
        }
    }
}

fn count(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

fn text(object: &Value, key: &str) -> String {
    object
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Whether a limit ended it before the tokens asked for were there. A server of late 2025 says no more
/// than that where the context is full.
fn fell_short(object: &Value) -> bool {
    let generated = object.get("tokens_predicted").and_then(Value::as_u64);
    let asked = object.pointer("/generation_settings/n_predict");
    object.get("stop_type").and_then(Value::as_str) == Some("limit")
        && generated
            .zip(asked.and_then(Value::as_u64))
            .is_some_and(|(generated, asked)| generated < asked)
}

/// `{"error":{"code":400,"message":"…"}}`, or whatever else is there.
fn error_text(error: &Value) -> String {
    let message = error.get("message").unwrap_or(error);
    message
        .as_str()
        .map_or_else(|| message.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::log::Fact;

    #[test]
    fn a_log_of_any_age() {
        let today = r#"{"type":"log","time":3113796,"level":"info","msg":"common_perf_print:        eval time =    2215.83 ms /     5 runs   (  443.17 ms per token,     2.26 tokens per second)\n"}"#;
        let JsonLine::Log(event) = JsonLine::parse(today) else {
            panic!("no log");
        };
        assert_eq!(event.at, Some(Duration::from_micros(3_113_796)));
        assert!(matches!(event.fact, Fact::Timing(_)));
        assert_eq!(LogEvent::parse(today), event);
        let old = r#"{"timestamp":1701615522,"level":"INFO","function":"main","line":1746,"message":"HTTP server listening","hostname":"127.0.0.1","port":54457}"#;
        let event = LogEvent::parse(old);
        assert_eq!(
            (event.severity, event.message.as_str()),
            (Some(Severity::Info), "HTTP server listening")
        );
    }

    #[test]
    fn nested_or_broken_json_is_no_problem() {
        let nested = r#"{"msg":"{\"msg\":\"{}\"}"}"#;
        assert_eq!(LogEvent::parse(nested).fact, Fact::Other);
        for line in ["{", "{}", "data:", "data: {", "[1]", "null"] {
            assert_eq!(JsonLine::parse(line), JsonLine::Other, "{line}");
        }
        assert_eq!(JsonLine::parse("data: [DONE]"), JsonLine::Done);
    }

    #[test]
    fn a_limit_before_the_limit_is_a_full_context() {
        let truncated = |generated: u32, stop: &str| {
            let line = format!(
                r#"{{"content":"","stop":true,"stop_type":"{stop}","truncated":false,"tokens_predicted":{generated},"generation_settings":{{"n_predict":16}}}}"#
            );
            match JsonLine::parse(&line) {
                JsonLine::Stream(event) => event.truncated,
                other => panic!("{other:?}"),
            }
        };
        assert!(truncated(15, "limit"));
        assert!(!truncated(16, "limit") && !truncated(15, "eos"));
    }

    #[test]
    fn an_error_in_a_stream() {
        let line = r#"data: {"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}"#;
        let JsonLine::Stream(event) = JsonLine::parse(line) else {
            panic!("no event");
        };
        assert_eq!(event.error.as_deref(), Some("too long"));
    }
}
