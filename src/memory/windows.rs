//! Which layers of which architectures look at a window of the context only.
//!
//! Where a file says so itself (`attention.sliding_window_pattern`), that holds. This table has what
//! llama.cpp assumes otherwise: `load_swa_pattern` and its callers in `src/models/*.cpp` of b11434.

/// What llama.cpp assumes of an architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The window in tokens where the file names none; `None` where there is no window then.
    pub(super) window: Option<u64>,
    /// The window in tokens whatever the file names, unless that is 0.
    pub(super) always: Option<u64>,
    /// Of so many layers one sees everything.
    pub(super) period: u64,
    /// Whether that is the first of them, and not the last.
    pub(super) full_first: bool,
}

/// An architecture whose files name the window.
const fn named(period: u64) -> Pattern {
    Pattern {
        window: None,
        always: None,
        period,
        full_first: false,
    }
}

/// An architecture with a window of its own, which a file may change.
const fn assumed(period: u64, window: u64) -> Pattern {
    Pattern {
        window: Some(window),
        ..named(period)
    }
}

const PATTERNS: [(&str, Pattern); 18] = [
    ("afmoe", named(4)),
    ("cohere2", named(4)),
    (
        "cohere2moe",
        Pattern {
            full_first: true,
            ..named(4)
        },
    ),
    ("exaone-moe", assumed(4, 128)),
    ("exaone4", assumed(4, 4096)),
    ("gemma-embedding", named(6)),
    ("gemma2", assumed(2, 4096)),
    ("gemma3", named(6)),
    ("gemma3n", named(5)),
    // Its files name the layers.
    ("gemma4", named(1)),
    ("gpt-oss", named(2)),
    (
        "laguna",
        Pattern {
            full_first: true,
            ..named(4)
        },
    ),
    (
        "llama4",
        Pattern {
            always: Some(8192),
            ..assumed(4, 8192)
        },
    ),
    ("mellum", named(4)),
    ("muse-glimmer", named(4)),
    ("olmo2", named(4)),
    ("plamo3", named(8)),
    (
        "smallthinker",
        Pattern {
            always: Some(4096),
            full_first: true,
            ..named(4)
        },
    ),
];

/// What is assumed of this architecture; `None` where all layers see everything, whatever the file
/// says of windows.
pub(super) fn pattern(architecture: &str) -> Option<Pattern> {
    let known = PATTERNS.iter().find(|(name, _)| *name == architecture);
    known.map(|(_, pattern)| *pattern)
}

impl Pattern {
    /// Whether a layer looks at a window only.
    pub(super) fn windowed(self, layer: u64) -> bool {
        let place = layer % self.period.max(1);
        if self.full_first {
            place != 0
        } else {
            place + 1 < self.period
        }
    }

    /// The window, by what the file names.
    pub(super) fn window(self, named: Option<u64>) -> Option<u64> {
        let window = match named {
            Some(0) => None,
            Some(named) => Some(self.always.unwrap_or(named)),
            None => self.window,
        };
        window.filter(|window| *window > 0)
    }
}
