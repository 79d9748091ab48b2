//! Which environment variables a child gets.
//!
//! llama.cpp reads a variable for almost every flag that is not passed, so a forgotten
//! `LLAMA_ARG_N_PREDICT` in somebody's shell would cut every answer. What a flag or a profile key
//! can say must not come in by the back door, nor must secrets which a child has no use for.

use std::ffi::OsStr;

/// Variables that are kept from a child, by the beginning of their name.
const WITHHELD_PREFIXES: [(&str, &str); 5] = [
    ("LLAMA_ARG_", "sets a flag that is not passed"),
    ("LLAMA_LOG_", "sets a log flag (2025)"),
    // The protocol between a router and its children: a server that finds it takes itself for one.
    (
        "LLAMA_SERVER_",
        "makes a server believe that a router started it",
    ),
    ("HF_", "a token, and where to download from"),
    // Vertex AI: moves the server's routes and its port.
    ("AIP_", "moves the server's routes and its port"),
];

/// Variables that are kept from a child, by their whole name.
const WITHHELD: [(&str, &str); 4] = [
    ("LLAMA_API_KEY", "makes a server refuse our own requests"),
    ("LLAMA_OFFLINE", "sets a flag that is not passed"),
    (
        "LLAMA_APP_CMD",
        "names the command of llama.cpp's own launcher",
    ),
    ("MODEL_ENDPOINT", "where to download from"),
];

/// Variables that every child gets, unless the profile sets them.
///
/// `GGML_NO_BACKTRACE`: on a crash ggml otherwise starts a debugger on itself to print the stack,
/// which can take longer than the crash is worth and can outlive the group it was started in.
pub const PROVIDED: [(&str, &str); 1] = [("GGML_NO_BACKTRACE", "1")];

/// Why a variable is kept from a child, or `None` if the child gets it.
///
/// `GGML_*`, `OMP_*`, `CUDA_*` and the debugging switches of llama.cpp (`LLAMA_TRACE`,
/// `LLAMA_KV_CACHE_DEBUG`, …) pass: no flag says what they say, and who sets them means it.
#[must_use]
pub fn withheld(name: &str) -> Option<&'static str> {
    let whole = WITHHELD.iter().find(|(known, _)| *known == name);
    let prefix = || {
        WITHHELD_PREFIXES
            .iter()
            .find(|(known, _)| name.starts_with(known))
    };
    whole.or_else(prefix).map(|(_, reason)| *reason)
}

/// Whether a variable of our own environment is passed on. A name that is no text is nobody's setting.
#[must_use]
pub fn passes(name: &OsStr) -> bool {
    name.to_str().is_none_or(|name| withheld(name).is_none())
}

#[cfg(test)]
mod tests {
    use super::withheld;

    #[test]
    fn what_a_flag_can_say_is_withheld() {
        for name in [
            "LLAMA_ARG_N_PREDICT",
            "LLAMA_ARG_",
            "LLAMA_API_KEY",
            "HF_TOKEN",
            "AIP_MODE",
        ] {
            assert!(withheld(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_no_flag_can_say_passes() {
        for name in [
            "PATH",
            "GGML_VK_VISIBLE_DEVICES",
            "OMP_NUM_THREADS",
            "LLAMA_TRACE",
            "LLAMA_CACHE",
            "",
        ] {
            assert_eq!(withheld(name), None, "{name}");
        }
    }
}
