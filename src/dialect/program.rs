//! The programs that llama.cpp builds, and the names they went by over the years.

use serde::{Deserialize, Serialize};

/// One of llama.cpp's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// `llama-completion`: one prompt in, one text out (since December 2025).
    Completion,
    /// `llama-cli`: what became `llama-completion`; since December 2025 a chat client of that name,
    /// which [`Capabilities::can_generate`](super::Capabilities::can_generate) tells apart.
    Cli,
    /// `main`: the same program before June 2024.
    Main,
    /// `llama-server` (`server` before June 2024).
    Server,
    /// `llama-bench`.
    Bench,
    /// `llama-quantize` (`quantize` before June 2024).
    Quantize,
    /// `llama-tokenize` (`tokenize` before June 2024).
    Tokenize,
    /// `llama-fit-params`.
    FitParams,
    /// `ggml-rpc-server` (`rpc-server` and `llama-rpc-server` before).
    RpcServer,
}

impl Program {
    /// Every program.
    pub const ALL: [Self; 9] = [
        Self::Completion,
        Self::Cli,
        Self::Main,
        Self::Server,
        Self::Bench,
        Self::Quantize,
        Self::Tokenize,
        Self::FitParams,
        Self::RpcServer,
    ];

    /// The programs that turn a prompt on stdin into text on stdout, the one to prefer first.
    pub const GENERATORS: [Self; 3] = [Self::Completion, Self::Cli, Self::Main];

    /// The names of its file without `.exe`, the newest first.
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

    /// The program that a file of this name is; `.exe` is ignored.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".exe").unwrap_or(name);
        Self::ALL
            .into_iter()
            .find(|program| program.file_names().contains(&stem))
    }

    /// Whether a program of this kind may turn a prompt into text; ask the
    /// [`Capabilities`](super::Capabilities) of the build whether it really does.
    #[must_use]
    pub const fn is_generator(self) -> bool {
        matches!(self, Self::Completion | Self::Cli | Self::Main)
    }
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Program;

    #[test]
    fn every_file_name_leads_back_to_its_program() {
        for program in Program::ALL {
            for name in program.file_names() {
                assert_eq!(Program::from_file_name(name), Some(program));
                assert_eq!(
                    Program::from_file_name(&format!("{name}.exe")),
                    Some(program)
                );
            }
        }
        assert_eq!(Program::from_file_name("llama-perplexity"), None);
    }
}
