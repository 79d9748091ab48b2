//! What a message says. Each reader first asks a cheap `contains` and then takes the line apart.

use super::scan::{after, first_number, integer_after, real_after};
use super::{Fact, Memory, Severity, Slot};
use crate::dialect::timings::TimingLine;

/// Reads a message without what stood before it.
pub(super) fn read(message: &str) -> Fact {
    if let Some(line) = TimingLine::parse(message) {
        return Fact::Timing(line);
    }
    trouble(message)
        .or_else(|| progress(message))
        .or_else(|| server(message))
        .or_else(|| memory(message))
        .unwrap_or(Fact::Other)
}

/// The severity of a line of a build that prints none, from its wording.
pub(super) fn severity_by_wording(message: &str) -> Option<Severity> {
    if message.starts_with("error:") || message.contains(": error:") {
        Some(Severity::Error)
    } else if message.starts_with("warn") || message.contains(": warning:") {
        Some(Severity::Warning)
    } else {
        None
    }
}

/// Reasons for a program to stop.
fn trouble(message: &str) -> Option<Fact> {
    if message.contains("prompt is too long") {
        return Some(prompt_too_long(message));
    }
    if message.contains("context full and") {
        return Some(Fact::ContextFull);
    }
    if message.trim_end() == "input is empty" || message.contains(": input is empty") {
        return Some(Fact::PromptEmpty);
    }
    if (message.contains("grammar") || message.contains("JSON schema"))
        && let Some(detail) = rejected_constraint(message)
    {
        return Some(Fact::ConstraintRejected(detail));
    }
    // Most lines are about no trouble; one of these words is in every one that is.
    let hints = [
        "fail",
        "rror",
        "invalid",
        "unable",
        "memory",
        "corrupted",
        "ABORT",
        "terminate",
    ];
    if !hints.iter().any(|hint| message.contains(hint)) {
        return None;
    }
    TROUBLES
        .iter()
        .find(|(words, _)| words.iter().any(|words| message.contains(words)))
        .map(|(_, fact)| fact.clone())
}

/// The words that tell a kind of trouble, the more telling kind first: a failed allocation while
/// loading is a lack of memory, and a broken file is a broken file.
const TROUBLES: [(&[&str], Fact); 6] = [
    (
        &[
            "out of memory",
            "failed to allocate",
            "unable to allocate",
            "cannot allocate memory",
            "Cannot allocate memory",
            "not enough memory",
            "std::bad_alloc",
            "OutOfDeviceMemory",
            "cudaMalloc failed",
        ],
        Fact::OutOfMemory,
    ),
    (
        &[
            "gguf_init_from",
            "gguf_read",
            "is not within the file bounds",
            "invalid magic",
            "corrupted or incomplete",
            "unknown model architecture",
            "failed to open GGUF file",
            "error loading model: failed to open",
            "is this really a GG",
            "unknown (magic, version) combination",
        ],
        Fact::ModelFile,
    ),
    (
        &[
            "error loading model",
            "failed to load model",
            "unable to load model",
            "unable to create context",
            "failed to create context",
            "failed to initialize the context",
            "exiting due to model loading error",
        ],
        Fact::LoadFailed,
    ),
    (
        &[
            "failed to eval",
            "failed to decode",
            "failed to process",
            "failed to compute graph",
        ],
        Fact::EvaluationFailed,
    ),
    (
        &["GGML_ASSERT(", "GGML_ABORT", "terminate called after"],
        Fact::Aborted,
    ),
    (
        &[
            "error: invalid argument",
            "error: unknown argument",
            "invalid parameter for argument",
            "error while handling argument",
            "error: expected value for argument",
        ],
        Fact::InvalidArgument,
    ),
];

/// What is wrong with a grammar or a JSON schema, if this says so; on one line.
///
/// `parse: error parsing grammar: Undefined rule identifier 'x'`,
/// `error while handling argument "--json-schema": JSON schema conversion failed:`
pub(in crate::dialect) fn rejected_constraint(message: &str) -> Option<String> {
    // The more telling words first.
    const WORDS: [&str; 6] = [
        "error parsing grammar",
        "unsupported grammar",
        "invalid grammar",
        "JSON schema conversion failed",
        "JSON schema error at",
        "failed to parse grammar",
    ];
    let at = WORDS.iter().find_map(|words| message.find(words))?;
    let lines = message[at..].lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    Some(lines.join(" "))
}

/// `main: prompt is too long (10000 tokens, max 252)`
fn prompt_too_long(message: &str) -> Fact {
    let tokens = integer_after(message, "too long (").unwrap_or(0);
    let max = integer_after(message, "max ").unwrap_or(0);
    Fact::PromptTooLong { tokens, max }
}

/// How far a program is.
fn progress(message: &str) -> Option<Fact> {
    let is = |words: &[&str]| words.iter().any(|words| message.contains(words));
    // The thread pool is the first thing made when the model is there; older builds print the
    // system information next.
    if is(&["llama threadpool init", "model loaded"]) || message.starts_with("system_info:") {
        return Some(Fact::LoadEnded);
    }
    if is(&[
        "load the model and apply lora",
        "llama_model_loader: loaded meta data",
        "loading model '",
    ]) || message.starts_with("llama.cpp: loading model from")
    {
        return Some(Fact::LoadStarted);
    }
    if message.contains("seed") {
        // `sampler seed: 7` today, `main: seed  = 1700000000` in 2023.
        let seed = ["sampler seed:", "main: seed  =", "main: seed ="];
        return seed
            .iter()
            .find_map(|marker| integer_after(message, marker))
            .map(Fact::Seed);
    }
    if message.starts_with("generate: n_ctx") {
        return Some(Fact::Generating {
            context: integer_after(message, "n_ctx =")?,
            batch: integer_after(message, "n_batch =")?,
            limit: integer_after(message, "n_predict ="),
        });
    }
    if let Some(fact) = above_trained(message) {
        return Some(fact);
    }
    if message.contains("number of tokens in prompt =") {
        return integer_after(message, "number of tokens in prompt =").map(Fact::PromptTokens);
    }
    (message.trim() == "[end of text]").then_some(Fact::EndOfText)
}

fn above_trained(message: &str) -> Option<Fact> {
    if message.contains("model was trained on only") {
        return Some(Fact::AboveTrainedContext {
            trained: integer_after(message, "trained on only")?,
            context: integer_after(message, "context tokens (")?,
        });
    }
    // `n_ctx_seq (2000128) > n_ctx_train (512) -- possible training context overflow`
    if message.contains("> n_ctx_train (") {
        let (before, behind) = message.split_once("> n_ctx_train (")?;
        return Some(Fact::AboveTrainedContext {
            trained: first_number(behind)?.0.parse().ok()?,
            context: first_number(before.rsplit_once('(')?.1)?.0.parse().ok()?,
        });
    }
    None
}

/// What only a server says.
fn server(message: &str) -> Option<Fact> {
    if message.contains("listening") {
        return listening(message);
    }
    let slot = || slot(message);
    if message.contains("prompt processing") {
        // `n_tokens` is the length of the last batch where `n_past` is given (until late 2025).
        let tokens = integer_after(message, "n_past =").or(integer_after(message, "n_tokens ="));
        return Some(Fact::PromptProgress {
            slot: slot(),
            tokens: tokens?,
            progress: real_after(message, "progress =").filter(|p| (0.0..=1.0).contains(p)),
        });
    }
    if message.contains("n_prompt_tokens =") {
        return integer_after(message, "n_prompt_tokens =").map(Fact::PromptTokens);
    }
    if message.contains("task.n_tokens =") {
        return integer_after(message, "task.n_tokens =").map(Fact::PromptTokens);
    }
    if message.contains("stop processing:") {
        let tokens = integer_after(message, "n_tokens =").or(integer_after(message, "n_past ="));
        return Some(Fact::Released {
            slot: slot(),
            tokens: tokens?,
            truncated: integer_after::<u8>(message, "truncated =").is_some_and(|flag| flag != 0),
        });
    }
    if message.contains("draft acceptance") {
        // `draft acceptance = 0.39850 ( 1331 accepted /  3340 generated)`, `rate =` before 2026.
        let numbers = after(message, "(")?;
        let (accepted, rest) = first_number(numbers)?;
        return Some(Fact::Draft {
            accepted: accepted.parse().ok()?,
            generated: first_number(after(rest, "/")?)?.0.parse().ok()?,
        });
    }
    let tokens = integer_after(message, "n_gen =").or(integer_after(message, "n_decoded ="))?;
    Some(Fact::Generated {
        slot: slot(),
        tokens,
    })
}

/// `id  3 | task 0 |`
pub(crate) fn slot(message: &str) -> Option<Slot> {
    Some(Slot {
        id: integer_after(message, "id ")?,
        task: integer_after(message, "| task ")?,
    })
}

/// `listening on unix://x.sock`, `is listening on http://127.0.0.1:8080 - starting the main loop`,
/// `HTTP server is listening, hostname: 127.0.0.1, port: 8080`, `listening at http://…`.
fn listening(message: &str) -> Option<Fact> {
    let address = after(message, "listening on ").or_else(|| after(message, "listening at "));
    if let Some(address) = address {
        let address = address.split(' ').next().unwrap_or_default();
        return Some(Fact::Listening(address.trim_end().to_owned()));
    }
    let host = after(message, "hostname: ")?.split(',').next()?;
    let port: u16 = integer_after(message, "port: ")?;
    Some(Fact::Listening(format!("http://{host}:{port}")))
}

/// `load_tensors:   CPU_Mapped model buffer size =     0.95 MiB`
fn memory(message: &str) -> Option<Fact> {
    if let Some((head, size)) = message.split_once(" buffer size =") {
        let mib = scan_mib(size)?;
        let (head, what) = [
            (" model", Memory::Model),
            (" KV", Memory::KvCache),
            (" compute", Memory::Compute),
            (" output", Memory::Output),
        ]
        .iter()
        .find_map(|(word, what)| Some((head.strip_suffix(word)?, *what)))?;
        let device = head.rsplit([':', ' ']).next().unwrap_or_default();
        return Some(Fact::Buffer {
            what,
            device: device.to_owned(),
            mib,
        });
    }
    // `llama_kv_cache: size =    0.50 MiB (…)`, in 2024 `llama_new_context_with_model: KV self size  =`.
    let size = after(message, "llama_kv_cache: size =")
        .or_else(|| after(message, "llama_kv_cache_unified: size ="))
        .or_else(|| after(message, "KV self size  ="))?;
    scan_mib(size).map(Fact::KvCacheTotal)
}

/// A size in MiB, which some builds call MB.
fn scan_mib(text: &str) -> Option<f64> {
    let (number, rest) = first_number(text)?;
    let unit = rest.trim_start();
    let known = unit.starts_with("MiB") || unit.starts_with("MB");
    super::scan::real(number).filter(|mib| known && *mib >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(line: &str) -> Fact {
        super::super::LogEvent::parse(line).fact
    }

    #[test]
    fn ends_and_troubles() {
        let full = "llama_completion: context full and context shift is disabled => stopping";
        assert_eq!(fact(full), Fact::ContextFull);
        let long = "0.00.013.799 E llama_completion: prompt is too long (4001 tokens, max 252)";
        assert_eq!(
            fact(long),
            Fact::PromptTooLong {
                tokens: 4001,
                max: 252
            }
        );
        assert_eq!(fact("0.0.0 input is empty"), Fact::Other);
        assert_eq!(fact("0.00.000.000 E input is empty"), Fact::PromptEmpty);
        assert_eq!(fact(" [end of text]"), Fact::EndOfText);
        let key = "gguf_init_from_reader: failed to read key-value pairs";
        assert_eq!(fact(key), Fact::ModelFile);
        let load = "llama_load_model_from_file: failed to load model";
        assert_eq!(fact(load), Fact::LoadFailed);
        let memory =
            "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 1";
        assert_eq!(fact(memory), Fact::OutOfMemory);
        assert_eq!(fact("error: invalid argument: --x"), Fact::InvalidArgument);
        assert_eq!(fact("ggml.c:123: GGML_ASSERT(n > 0) failed"), Fact::Aborted);
        let open = "llama_model_load: error loading model: failed to open x.gguf: No such file";
        assert_eq!(fact(open), Fact::ModelFile);
        let vulkan = "ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory";
        assert_eq!(fact(vulkan), Fact::OutOfMemory);
    }

    #[test]
    fn server_lines_of_several_years() {
        let slot = Some(Slot { id: 0, task: 970 });
        let decoded = "[42027] 2.24.418.070 I slot print_timing: id  0 | task 970 | n_decoded =    136, tg =  11.90 t/s";
        assert_eq!(fact(decoded), Fact::Generated { slot, tokens: 136 });
        let gen_line =
            "slot print_timing: id  0 | task 970 | n_gen =    136, tg =  11.90 t/s, tg_3s = 1 t/s";
        assert_eq!(fact(gen_line), Fact::Generated { slot, tokens: 136 });
        let draft = Fact::Draft {
            accepted: 70,
            generated: 304,
        };
        assert_eq!(
            fact("draft acceptance rate = 0.23026 (   70 accepted /   304 generated)"),
            draft
        );
        assert_eq!(
            fact(
                "slot print_timing: id  0 | task 1 | draft acceptance = 0.23026 (   70 accepted /   304 generated), mean len = 1.1"
            ),
            draft
        );
        let new = "slot print_timing: id  0 | task 970 | prompt processing, n_tokens =   2048, progress = 0.03, t =   4.73 s / 432.86 tokens per second";
        let progress = Some(0.03);
        assert_eq!(
            fact(new),
            Fact::PromptProgress {
                slot,
                tokens: 2048,
                progress
            }
        );
        let old = "slot update_slots: id  0 | task 970 | prompt processing progress, n_past = 51, n_tokens = 51, progress = 1.000000";
        assert_eq!(
            fact(old),
            Fact::PromptProgress {
                slot,
                tokens: 51,
                progress: Some(1.0)
            }
        );
        let release =
            "slot      release: id  0 | task 970 | stop processing: n_past = 325, truncated = 1";
        assert_eq!(
            fact(release),
            Fact::Released {
                slot,
                tokens: 325,
                truncated: true
            }
        );
        for (line, address) in [
            (
                "srv  llama_server: listening on unix://./s.sock",
                "unix://./s.sock",
            ),
            (
                "main: server is listening on http://127.0.0.1:8080 - starting the main loop",
                "http://127.0.0.1:8080",
            ),
            (
                "main: HTTP server is listening, hostname: 127.0.0.1, port: 8080, http threads: 3",
                "http://127.0.0.1:8080",
            ),
            (
                "llama server listening at http://127.0.0.1:54457",
                "http://127.0.0.1:54457",
            ),
        ] {
            assert_eq!(fact(line), Fact::Listening(address.to_owned()));
        }
    }

    #[test]
    fn memory_lines() {
        let line = "load_tensors:   CPU_Mapped model buffer size =     0.95 MiB";
        let device = "CPU_Mapped".to_owned();
        assert_eq!(
            fact(line),
            Fact::Buffer {
                what: Memory::Model,
                device,
                mib: 0.95
            }
        );
        let line = "llama_kv_cache: size =    0.50 MiB (   256 cells,   4 layers,  1/1 seqs), K (f16):    0.25 MiB";
        assert_eq!(fact(line), Fact::KvCacheTotal(0.5));
    }
}
