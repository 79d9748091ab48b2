//! What one build of a llama.cpp program knows, from its own `--version` and `--help`.
//!
//! Flags come and go every few weeks, so nothing is assumed from a build number that the program
//! can be asked about. A probe takes some 10 ms; whoever probes keeps the result (it is
//! `Serialize`) beside the fingerprint of the binary.

use serde::{Deserialize, Serialize};

use super::Program;
use super::help::{HelpOption, parse_options};

/// The oldest build that the dialect is held against: `tests/data` has its help and its logs, and the
/// tests with a real model pass on it (October 2025).
pub const OLDEST_SUPPORTED_BUILD: u32 = 6845;

/// A smaller number is no build's that could be used: it is the length of a shallow clone's history,
/// which llama.cpp takes for its number. b1000 is of August 2023.
const SHALLOWEST_BUILD: u32 = 1000;

/// What one build of a program knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Which program was asked.
    pub program: Program,
    /// Its version where it has one besides the build number, such as `0.6.0-dev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its build number; `None` where the program does not say, or says 0 (built without git).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<u32>,
    /// The commit it was built from; `None` for `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The compiler and target it names, such as `GNU 12.2.0 for Linux x86_64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiler: Option<String>,
    /// Every option of its help, in the help's order.
    pub options: Vec<HelpOption>,
    /// Whether the two texts look like llama.cpp's at all.
    recognised: bool,
}

impl Capabilities {
    /// Reads what a program printed for `--version` and for `--help`, stdout and stderr together
    /// and in any order. Never fails: an unknown text gives no options, and
    /// [`is_llama_cpp`](Self::is_llama_cpp) tells.
    #[must_use]
    pub fn parse(program: Program, version_text: &str, help_text: &str) -> Self {
        let options = parse_options(help_text);
        let mut found = Self {
            program,
            version: None,
            build: None,
            commit: None,
            compiler: None,
            options,
            recognised: false,
        };
        let mut says_version = false;
        for line in version_text.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("version:") {
                found.take_version(text.trim());
                says_version = true;
            } else if let Some(text) = line.strip_prefix("built with ") {
                found.compiler = Some(text.to_owned());
            } else if let Some(text) = build_line(line) {
                found.take_version(text);
                says_version = true;
            }
        }
        found.recognised =
            (says_version && found.compiler.is_some()) || found.has_help_of_llama_cpp(help_text);
        found
    }

    /// Whether the program knows this flag, in exactly this spelling (`-fa`, `--flash-attn`).
    #[must_use]
    pub fn supports(&self, flag: &str) -> bool {
        self.option(flag).is_some()
    }

    /// The option that has this spelling.
    #[must_use]
    pub fn option(&self, flag: &str) -> Option<&HelpOption> {
        self.options
            .iter()
            .find(|option| option.names.iter().any(|name| name == flag))
    }

    /// Whether the program takes this value for this flag. Where the help lists no values, any
    /// value is taken to be allowed; an unknown flag allows none.
    #[must_use]
    pub fn allows(&self, flag: &str, value: &str) -> bool {
        self.option(flag).is_some_and(|option| {
            option.allowed.is_empty() || option.allowed.iter().any(|known| known == value)
        })
    }

    /// Whether the program's texts look like llama.cpp's at all. `main` is a common name.
    #[must_use]
    pub fn is_llama_cpp(&self) -> bool {
        self.recognised
    }

    /// Whether this build turns a prompt on stdin into text on stdout. The chat client that
    /// took the name `llama-cli` in December 2025 does not, and lacks the interactive flags which
    /// the completion program had under all of its names.
    #[must_use]
    pub fn can_generate(&self) -> bool {
        self.program.is_generator()
            && self.supports("--interactive-first")
            && (self.supports("--file") || self.supports("-f"))
    }

    /// Whether text, log and closing newlines are printed by the logger of September 2024
    /// (llama.cpp#9418), which came with these flags. The end of the output looks different since.
    #[must_use]
    pub fn has_new_logger(&self) -> bool {
        self.supports("--log-prefix") || self.supports("--log-colors")
    }

    /// The build as people name it: `llama-completion b11434`, or without a number
    /// `llama-completion (build unknown)`.
    #[must_use]
    pub fn build_name(&self) -> String {
        match (self.build, &self.commit) {
            (Some(build), _) => format!("{} b{build}", self.program),
            (None, Some(commit)) => format!("{} {commit}", self.program),
            (None, None) => format!("{} (build unknown)", self.program),
        }
    }

    /// What is to be said of a build that nobody has tested orchestrate with. A build without a
    /// number, or with that of a shallow clone, may be of any age.
    #[must_use]
    pub fn note_on_age(&self) -> Option<String> {
        let build = self.build?;
        (SHALLOWEST_BUILD..OLDEST_SUPPORTED_BUILD)
            .contains(&build)
            .then(|| {
                format!(
                    "{} is older than b{OLDEST_SUPPORTED_BUILD}, the oldest build that \
                     orchestrate is tested with",
                    self.build_name()
                )
            })
    }

    /// Takes `0.6.0-dev (build 11434, commit unknown)`, `4394 (16cdce7b)` or `0 (unknown)`.
    fn take_version(&mut self, text: &str) {
        let (head, inner) = match text.split_once('(') {
            Some((head, inner)) => (
                head.trim(),
                inner.split(')').next().unwrap_or_default().trim(),
            ),
            None => (text, ""),
        };
        if let Some((build, commit)) = inner
            .strip_prefix("build ")
            .and_then(|inner| inner.split_once(", commit "))
        {
            self.version = non_empty(head);
            self.build = build.trim().parse().ok().filter(|&build| build > 0);
            self.commit = known_commit(commit);
            return;
        }
        match head.parse::<u32>() {
            Ok(build) => self.build = Some(build).filter(|&build| build > 0),
            Err(_) => self.version = non_empty(head),
        }
        self.commit = known_commit(inner);
    }

    /// Whether a help text is one of llama.cpp's, for programs that print no version.
    fn has_help_of_llama_cpp(&self, help: &str) -> bool {
        let either = |flags: &[&str]| flags.iter().any(|flag| self.supports(flag));
        match self.program {
            Program::Quantize => either(&["--allow-requantize", "--leave-output-tensor"]),
            Program::RpcServer => self.supports("--host") && help.contains("rpc-server"),
            Program::Tokenize => self.supports("--model") && help.contains("tokenize"),
            Program::Bench => self.supports("--n-prompt") && self.supports("--n-gen"),
            _ => {
                self.supports("--model")
                    && either(&["--ctx-size"])
                    && either(&[
                        "--n-predict",
                        "--n-gpu-layers",
                        "--gpu-layers",
                        "--ubatch-size",
                    ])
            }
        }
    }
}

/// The build in a log line of 2023: `main: build = 1273 (99115f3)`, `build: 3600 (2fb92678) with cc`.
fn build_line(line: &str) -> Option<&str> {
    let line = line.strip_prefix("main: ").unwrap_or(line);
    line.strip_prefix("build = ")
        .or_else(|| line.strip_prefix("build: "))
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn known_commit(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text != "unknown").then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, Program};

    fn version(text: &str) -> Capabilities {
        Capabilities::parse(Program::Completion, text, "")
    }

    #[test]
    fn versions_of_all_years() {
        let today = version(
            "version: 0.6.0-dev (build 11434, commit unknown)\nbuilt with GNU 12.2.0 for Linux x86_64\n",
        );
        assert_eq!(today.version.as_deref(), Some("0.6.0-dev"));
        assert_eq!(today.build, Some(11434));
        assert_eq!(today.commit, None);
        assert_eq!(
            today.compiler.as_deref(),
            Some("GNU 12.2.0 for Linux x86_64")
        );
        assert!(today.is_llama_cpp());
        assert_eq!(today.build_name(), "llama-completion b11434");

        let year_2025 = version("version: 4394 (16cdce7b)\nbuilt with cc 11.4.0 for x86_64\n");
        assert_eq!(year_2025.build, Some(4394));
        assert_eq!(year_2025.commit.as_deref(), Some("16cdce7b"));
        assert_eq!(year_2025.version, None);

        let without_git = version("version: 0 (unknown)\nbuilt with cc for x86_64\n");
        assert_eq!((without_git.build, without_git.commit), (None, None));

        let year_2023 = version("main: build = 1273 (99115f3)\n");
        assert_eq!(year_2023.build, Some(1273));
        assert_eq!(year_2023.commit.as_deref(), Some("99115f3"));
    }

    #[test]
    fn only_a_build_that_is_known_to_be_old_is_called_so() {
        let note = |text: &str| version(text).note_on_age();
        assert_eq!(
            note("version: 6844 (16cdce7b)\n").as_deref(),
            Some(
                "llama-completion b6844 is older than b6845, the oldest build that orchestrate is tested with"
            )
        );
        for text in [
            "version: 6845 (16cdce7b)\n",
            "version: 0.6.0-dev (build 11434, commit unknown)\n",
            "version: 1 (41d3836)\n",
            "version: 0 (unknown)\n",
        ] {
            assert_eq!(note(text), None, "{text}");
        }
    }

    #[test]
    fn library_chatter_around_the_version_is_skipped() {
        let found = version(
            "ggml_cuda_init: found 1 CUDA devices:\nload_backend: loaded CPU backend\nversion: 7836 (unknown)\nbuilt with GNU 13.3.0 for Linux x86_64\n",
        );
        assert_eq!(found.build, Some(7836));
        assert!(found.is_llama_cpp());
    }

    #[test]
    fn a_stranger_is_not_taken_for_llama_cpp() {
        for text in ["", "version: 3\n", "main 1.0\n", "\u{fffd}\0\n"] {
            assert!(!Capabilities::parse(Program::Main, text, text).is_llama_cpp());
        }
    }

    #[test]
    fn a_value_is_allowed_where_the_help_lists_none() {
        let help = "-fa,   --flash-attn [on|off|auto]       set\n-ngl,  --gpu-layers N                   layers\n";
        let found = Capabilities::parse(Program::Completion, "", help);
        assert!(found.allows("-fa", "auto") && !found.allows("-fa", "maybe"));
        assert!(found.allows("--gpu-layers", "all") && !found.allows("--missing", "1"));
    }

    #[test]
    fn the_cached_form_reads_back() {
        let help = "-fa,   --flash-attn [on|off|auto]       set\n--perf, --no-perf                       timings\n";
        let found =
            Capabilities::parse(Program::Cli, "version: 1 (abc)\nbuilt with x for y\n", help);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Capabilities>(&text).unwrap(), found);
    }
}
