//! What the machine says of a run's speed where no run has been measured: memory can be read so fast, and
//! every token reads all active weights.

use std::time::Duration;

use crate::gguf::GgufHeader;
use crate::host::{Bandwidth, Host};
use crate::memory::active_bytes;
use crate::profile::Profile;
use crate::store::{ModelFile, Paths};
use crate::units::MsPerToken;
use crate::watchdog::{Expected, Known, Source};

/// What to expect of a run at best. Nothing where no bandwidth was measured on this machine (which no run
/// does: `orchestrate plan` does it), or none sets the pace.
pub(super) fn prior(profile: &Profile, model: &ModelFile, paths: &Paths) -> Expected {
    // Further arguments may bring what guesses tokens ahead, and a GPU has memory of its own.
    if profile.gpu_layers > 0 || !profile.extra_args.is_empty() {
        return Expected::default();
    }
    let cached = Bandwidth::cached(&paths.state, &Host::detect());
    cached.map_or_else(Expected::default, |bandwidth| {
        at_best(&model.header, &bandwidth)
    })
}

/// The least time per token that this bandwidth allows, with an empty context.
fn at_best(header: &GgufHeader, bandwidth: &Bandwidth) -> Expected {
    let bytes = active_bytes(header);
    // What a cache may hold is read faster; of a split model the header tells a part only.
    if bytes < bandwidth.buffer_bytes {
        return Expected::default();
    }
    let speed = ms_per_token(bytes, bandwidth).and_then(MsPerToken::new);
    let gap = speed.and_then(|speed| Duration::try_from_secs_f64(speed.get() / 1000.0).ok());
    Expected {
        ms_per_token: speed.map(|speed| Known::new(speed, Source::Prior)),
        gap_p99: gap.map(|gap| Known::new(gap, Source::Prior)),
        ..Expected::default()
    }
}

/// Milliseconds in which so many bytes can be read.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn ms_per_token(bytes: u64, bandwidth: &Bandwidth) -> Option<f64> {
    let ms = bytes as f64 / bandwidth.bytes_per_second * 1000.0;
    (ms.is_finite() && ms > 0.0).then_some(ms)
}
