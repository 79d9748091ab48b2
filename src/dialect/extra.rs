//! Checks `extra_args`, the arguments that a profile passes on as they are.
//!
//! Two things are refused before anything is started: a flag that the build does not know, with
//! the nearest one that it does, and a flag that would take the supervision apart or say again
//! what the profile says, with the profile key to use instead.

use std::ffi::OsString;

use super::Capabilities;

/// Why an argument of `extra_args` cannot be passed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtraError {
    /// The build does not know it.
    #[error("{build} does not know {flag}{}", nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    Unknown {
        /// The flag as written.
        flag: String,
        /// The build.
        build: String,
        /// The most similar flag that it knows.
        nearest: Option<String>,
    },
    /// It would get in the way.
    #[error("{flag} is not passed on: {instead}")]
    Refused {
        /// The flag as written.
        flag: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// It needs a value that is not there.
    #[error("{flag} needs a value ({hint})")]
    MissingValue {
        /// The flag as written.
        flag: String,
        /// What the help calls its value.
        hint: String,
    },
    /// There is a value that belongs to no flag.
    #[error("\"{value}\" belongs to no flag")]
    Stray {
        /// The argument.
        value: String,
    },
}

/// What is refused, in any of these spellings and in every other one of the same option.
const REFUSED: [(&[&str], &str); 33] = [
    (&["-m", "--model"], "use the profile key \"model\""),
    (
        &[
            "-mu",
            "--model-url",
            "-hf",
            "-hfr",
            "--hf-repo",
            "-hff",
            "--hf-file",
            "-hft",
            "--hf-token",
            "-dr",
            "--docker-repo",
        ],
        "nothing is downloaded during a run; use the profile key \"model\" with a file",
    ),
    (
        &[
            "-p",
            "--prompt",
            "-f",
            "--file",
            "-bf",
            "--binary-file",
            "--in-file",
            "-sys",
            "--system-prompt",
            "-sysf",
            "--system-prompt-file",
        ],
        "the prompt comes over stdin; use the profile key \"prompt.template\"",
    ),
    (&["-r", "--reverse-prompt"], "use the profile key \"stop\""),
    (
        &["-n", "--predict", "--n-predict"],
        "use the profile key \"max_tokens\"",
    ),
    (&["-c", "--ctx-size"], "use the profile key \"context\""),
    (&["-b", "--batch-size"], "use the profile key \"batch\""),
    (
        &["-ub", "--ubatch-size"],
        "use the profile key \"micro_batch\"",
    ),
    (&["-t", "--threads"], "use the profile key \"threads\""),
    (
        &["-tb", "--threads-batch"],
        "use the profile key \"batch_threads\"",
    ),
    (
        &["-ngl", "--gpu-layers", "--n-gpu-layers"],
        "use the profile key \"gpu_layers\"",
    ),
    (
        &["-ctk", "--cache-type-k"],
        "use the profile key \"kv_type_k\"",
    ),
    (
        &["-ctv", "--cache-type-v"],
        "use the profile key \"kv_type_v\"",
    ),
    (
        &["-fa", "--flash-attn"],
        "use the profile key \"flash_attention\"",
    ),
    (
        &["-lm", "--load-mode", "--mmap", "--no-mmap", "--mlock"],
        "use the profile key \"load_mode\"",
    ),
    (&["-s", "--seed"], "use the profile key \"seed\""),
    (&["--ignore-eos"], "use the profile key \"ignore_eos\""),
    (
        &["--temp", "--temperature"],
        "use the profile key \"sampling.temperature\"",
    ),
    (&["--top-k"], "use the profile key \"sampling.top_k\""),
    (&["--top-p"], "use the profile key \"sampling.top_p\""),
    (&["--min-p"], "use the profile key \"sampling.min_p\""),
    (
        &["--repeat-penalty"],
        "use the profile key \"sampling.repeat_penalty\"",
    ),
    (
        &["--repeat-last-n"],
        "use the profile key \"sampling.repeat_last_n\"",
    ),
    (
        &["--presence-penalty"],
        "use the profile key \"sampling.presence_penalty\"",
    ),
    (
        &["--frequency-penalty"],
        "use the profile key \"sampling.frequency_penalty\"",
    ),
    (
        &["--grammar", "--grammar-file"],
        "use the profile key \"grammar\"",
    ),
    (
        &["-j", "--json-schema", "-jf", "--json-schema-file"],
        "use the profile key \"json_schema\"",
    ),
    (
        &[
            "-i",
            "--interactive",
            "-if",
            "--interactive-first",
            "-ins",
            "--instruct",
            "-cml",
            "--chatml",
            "-cnv",
            "--conversation",
            "-no-cnv",
            "-st",
            "--single-turn",
            "-mli",
            "--multiline-input",
        ],
        "a run takes one prompt and ends; the profile key \"prompt.template\" shapes it",
    ),
    (
        &[
            "--log-disable",
            "--log-file",
            "--log-jsonl",
            "--log-prefix",
            "--log-timestamps",
            "--log-colors",
            "-co",
            "--color",
            "--display-prompt",
            "--no-display-prompt",
            "--verbose-prompt",
            "-e",
            "--escape",
            "--simple-io",
            "--perf",
        ],
        "the output is read by orchestrate",
    ),
    (
        &[
            "-h",
            "--help",
            "--usage",
            "--version",
            "-cl",
            "--cache-list",
            "--completion-bash",
            "--list-devices",
            "--license",
        ],
        "it ends the program at once; run the program yourself",
    ),
    (
        &["-fit", "--fit", "--context-shift"],
        "it changes sizes that the profile sets",
    ),
    (
        &[
            "--host",
            "--port",
            "--path",
            "--api-prefix",
            "--api-key",
            "--api-key-file",
            "--ssl-key-file",
            "--ssl-cert-file",
            "--models-dir",
            "--models-preset",
        ],
        "the server is orchestrate's own and listens where nobody else can ask",
    ),
    (
        &[
            "-np",
            "--parallel",
            "-cram",
            "--cache-ram",
            "--threads-http",
            "--embedding",
            "--embeddings",
            "--rerank",
            "--reranking",
            "--sleep-idle-seconds",
        ],
        "it is set for the one request that a run makes",
    ),
];

/// Checks the arguments against a build and returns them as they are.
pub(super) fn checked(
    args: &[String],
    capabilities: &Capabilities,
) -> Result<Vec<OsString>, ExtraError> {
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if !is_flag(arg) {
            return Err(ExtraError::Stray { value: arg.clone() });
        }
        let spelling = normalized(arg);
        let option = capabilities.option(&spelling);
        let names = option.map_or(std::slice::from_ref(&spelling), |option| &option.names);
        if let Some(instead) = refusal(names) {
            return Err(ExtraError::Refused {
                flag: arg.clone(),
                instead,
            });
        }
        let Some(option) = option else {
            return Err(ExtraError::Unknown {
                flag: arg.clone(),
                build: capabilities.build_name(),
                nearest: nearest(&spelling, capabilities),
            });
        };
        for _ in 0..option.values() {
            if rest.next().is_none() {
                return Err(ExtraError::MissingValue {
                    flag: arg.clone(),
                    hint: option.value.clone().unwrap_or_default(),
                });
            }
        }
    }
    Ok(args.iter().map(OsString::from).collect())
}

/// `-x` and `--xyz`, not `-1`, `-` or text.
fn is_flag(arg: &str) -> bool {
    arg.strip_prefix('-')
        .is_some_and(|name| name.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic()))
}

/// llama.cpp takes `--ctx_size` for `--ctx-size`.
fn normalized(arg: &str) -> String {
    if arg.starts_with("--") {
        arg.replace('_', "-")
    } else {
        arg.to_owned()
    }
}

fn refusal(names: &[String]) -> Option<&'static str> {
    REFUSED
        .iter()
        .find(|(flags, _)| names.iter().any(|name| flags.contains(&name.as_str())))
        .map(|(_, instead)| *instead)
}

/// The most similar flag, if it is similar enough to be what was meant.
fn nearest(flag: &str, capabilities: &Capabilities) -> Option<String> {
    const SIMILAR_ENOUGH: f64 = 0.75;
    let names = capabilities.options.iter().flat_map(|option| &option.names);
    let scored = names.map(|name| (strsim::jaro_winkler(flag, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= SIMILAR_ENOUGH).then(|| best.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Program;

    const HELP: &str = "\
-t,    --threads N                      threads
-f,    --file FNAME                     prompt
-if,   --interactive-first              wait
-e,    --escape, --no-escape            escapes
--numa TYPE                             numa
--no-warmup                             skip
--control-vector-layer-range START END
                                        layers
--rope-freq-base N                      base
";

    fn check(args: &[&str]) -> Result<Vec<OsString>, String> {
        let version = "version: 7836 (unknown)\nbuilt with cc for x\n";
        let capabilities = Capabilities::parse(Program::Completion, version, HELP);
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        checked(&args, &capabilities).map_err(|error| error.to_string())
    }

    #[test]
    fn known_flags_pass_as_they_are() {
        let args = [
            "--numa",
            "isolate",
            "--no-warmup",
            "--rope_freq_base",
            "-1",
            "--control-vector-layer-range",
            "1",
            "2",
        ];
        assert_eq!(check(&args), Ok(args.iter().map(OsString::from).collect()));
        assert_eq!(check(&[]), Ok(vec![]));
    }

    #[test]
    fn unknown_flags_name_the_nearest() {
        let error = check(&["--nomwarmup"]).unwrap_err();
        assert_eq!(
            error,
            "llama-completion b7836 does not know --nomwarmup; did you mean --no-warmup?"
        );
        let error = check(&["-zzz"]).unwrap_err();
        assert_eq!(error, "llama-completion b7836 does not know -zzz");
    }

    #[test]
    fn flags_of_the_profile_and_of_the_supervision_are_refused() {
        let error = check(&["--threads", "4"]).unwrap_err();
        assert_eq!(
            error,
            "--threads is not passed on: use the profile key \"threads\""
        );
        // Another spelling of a refused option, and one that this build does not know.
        assert!(
            check(&["--no-escape"])
                .unwrap_err()
                .contains("read by orchestrate")
        );
        assert!(
            check(&["--log-jsonl"])
                .unwrap_err()
                .contains("read by orchestrate")
        );
        assert!(
            check(&["-hf", "a/b"])
                .unwrap_err()
                .contains("nothing is downloaded")
        );
    }

    #[test]
    fn values_without_flags_and_flags_without_values() {
        assert_eq!(
            check(&["isolate"]).unwrap_err(),
            "\"isolate\" belongs to no flag"
        );
        assert_eq!(
            check(&["--numa"]).unwrap_err(),
            "--numa needs a value (TYPE)"
        );
    }
}
