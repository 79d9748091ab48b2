//! Models that are none. They are refused before anything is started.

use super::stage::{Stage, Tried, case, endless};
use crate::case::{Backend, Case, Phase};
use crate::expected::{Expected, Text};
use crate::observed::NOT_STARTED;

/// Bytes of the header that a model cut in its header keeps.
const IN_THE_HEADER: usize = 1000;

pub(super) fn cases() -> Vec<Case> {
    type Spoil = fn(&mut Vec<u8>);
    let spoilt: [(&str, Spoil); 4] = [
        ("model-missing", Vec::clear),
        ("model-cut-in-half", |bytes| bytes.truncate(bytes.len() / 2)),
        ("model-cut-in-its-header", |bytes| {
            bytes.truncate(IN_THE_HEADER);
        }),
        ("model-of-zeros", |bytes| bytes.fill(0)),
    ];
    let mut cases = Vec::new();
    for (fault, spoil) in spoilt {
        for backend in Backend::BOTH {
            let trying = move || refused(backend, fault, spoil);
            cases.push(case(Phase::Load, fault, backend, trying));
        }
    }
    cases
}

async fn refused(backend: Backend, fault: &str, spoil: fn(&mut Vec<u8>)) -> Result<Tried, String> {
    let stage = Stage::new(backend);
    let mut bytes = endless();
    spoil(&mut bytes);
    let model = if bytes.is_empty() {
        stage.world.text(&format!("{fault}.gguf"))
    } else {
        stage.world.file(&format!("{fault}.gguf"), bytes)
    };
    let live = stage.start(&["words", "-m", &model]).await;
    let expected = Expected {
        verdict: Some(NOT_STARTED),
        code: 5,
        told: &["error:", "model-", ".gguf"],
        may_leave: &[".gguf"],
        ..Expected::done(Text::Is(""))
    };
    Ok(live.end(&expected).await)
}
