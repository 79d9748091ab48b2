//! A stand-in for `dialect`'s capabilities, with the same interface: which program a binary is,
//! which build, which flags its help names.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// One of llama.cpp's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are llama.cpp's own")]
pub enum Program {
    Completion,
    Cli,
    Main,
    Server,
    Bench,
    Quantize,
    Tokenize,
    FitParams,
    RpcServer,
}

impl Program {
    /// The programs that turn a prompt on stdin into text on stdout, the one to prefer first.
    pub const GENERATORS: [Self; 3] = [Self::Completion, Self::Cli, Self::Main];

    /// The names of its file, the newest first.
    #[must_use]
    pub const fn file_names(self) -> &'static [&'static str] {
        match self {
            Self::Completion => &["llama-completion"],
            Self::Cli => &["llama-cli"],
            Self::Main => &["main"],
            Self::Server => &["llama-server", "server"],
            Self::Bench => &["llama-bench"],
            Self::Quantize => &["llama-quantize", "quantize"],
            Self::Tokenize => &["llama-tokenize", "tokenize"],
            Self::FitParams => &["llama-fit-params"],
            Self::RpcServer => &["ggml-rpc-server", "rpc-server", "llama-rpc-server"],
        }
    }

    /// The name it goes by today.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.file_names()[0]
    }
}

/// What a binary says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The program.
    pub program: Program,
    /// Upstream's build number, where it tells one.
    pub build: Option<u32>,
    flags: BTreeSet<String>,
    recognised: bool,
}

impl Capabilities {
    /// Reads what `--version` and `--help` printed.
    #[must_use]
    pub fn parse(program: Program, version_text: &str, help_text: &str) -> Self {
        let flags: BTreeSet<String> = help_text
            .split(|c: char| c.is_whitespace() || ",[]|".contains(c))
            .filter(|word| word.len() > 1 && word.starts_with('-'))
            .map(str::to_owned)
            .collect();
        let build = version_text
            .split_once("build ")
            .or_else(|| version_text.split_once("version: "))
            .and_then(|(_, rest)| {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                digits.parse().ok()
            });
        let recognised = flags.contains("--model") || version_text.contains("built with");
        Self {
            program,
            build,
            flags,
            recognised,
        }
    }

    /// Whether the texts look like one of llama.cpp's programs at all.
    #[must_use]
    pub fn is_llama_cpp(&self) -> bool {
        self.recognised
    }

    /// Whether this build turns a prompt on stdin into text on stdout.
    #[must_use]
    pub fn can_generate(&self) -> bool {
        Program::GENERATORS.contains(&self.program) && self.flags.contains("--interactive-first")
    }

    /// The build as people name it.
    #[must_use]
    pub fn build_name(&self) -> String {
        match self.build {
            Some(build) => format!("{} b{build}", self.program.name()),
            None => format!("{} (build unknown)", self.program.name()),
        }
    }
}
