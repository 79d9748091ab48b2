//! The shapes that are compared: each kind of model that takes memory in another way, in few layers, so
//! that all of them together take minutes.

/// A model, and how it is run.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// A model that `model synth` knows.
    pub(crate) like: &'static str,
    pub(crate) layers: u32,
    pub(crate) quant: &'static str,
    pub(crate) context: u32,
    pub(crate) batch: u32,
    pub(crate) backend: &'static str,
    pub(crate) cache: &'static str,
    pub(crate) flash: &'static str,
}

const DENSE: Case = Case {
    name: "dense",
    like: "smollm2-1.7b",
    layers: 6,
    quant: "q4_k_m",
    context: 4096,
    batch: 256,
    backend: "completion",
    cache: "f16",
    flash: "auto",
};
const GROUPED: Case = Case {
    name: "grouped queries",
    like: "qwen2.5-0.5b",
    layers: 24,
    ..DENSE
};
const EXPERTS: Case = Case {
    name: "experts",
    like: "granite-3.0-1b-a400m",
    layers: 6,
    ..DENSE
};
const WINDOWS: Case = Case {
    name: "windows",
    like: "gemma-3-1b",
    layers: 12,
    ..DENSE
};

pub(crate) const CASES: [Case; 14] = [
    DENSE,
    Case {
        name: "dense, 16384",
        context: 16_384,
        ..DENSE
    },
    Case {
        name: "dense, server",
        backend: "server",
        ..DENSE
    },
    Case {
        name: "dense, no flash attention",
        flash: "off",
        context: 1024,
        ..DENSE
    },
    GROUPED,
    Case {
        name: "grouped, batch 512",
        batch: 512,
        context: 2048,
        ..GROUPED
    },
    Case {
        name: "grouped, batch 64",
        batch: 64,
        ..GROUPED
    },
    Case {
        name: "grouped, q8_0",
        quant: "q8_0",
        context: 8192,
        ..GROUPED
    },
    Case {
        name: "grouped, q8_0 cache",
        cache: "q8_0",
        context: 16_384,
        ..GROUPED
    },
    Case {
        name: "normed heads",
        like: "qwen3-0.6b",
        layers: 12,
        ..DENSE
    },
    EXPERTS,
    Case {
        name: "experts, server",
        backend: "server",
        ..EXPERTS
    },
    WINDOWS,
    Case {
        name: "windows, server",
        backend: "server",
        context: 8192,
        ..WINDOWS
    },
];
