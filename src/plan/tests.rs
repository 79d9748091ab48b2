use std::collections::BTreeSet;

use super::advice::advice;
use super::figures::{Figures, Inputs, SpeedSource, Timings};
use super::{shown, text};
use crate::gguf::GgufHeader;
use crate::host::Bandwidth;
use crate::host::gpu::Maker;
use crate::memory::{CpuFeatures, MemoryModel, Program, Setup};
use crate::profile::{Bases, Level, Profile, ProfileSet, Source};
use crate::store::ModelFile;
use crate::units::Limit;

/// The shape of Qwen2.5 Coder 7B in Q4_K_M, as far as a plan needs it: 28 layers.
fn model() -> ModelFile {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    let (width, feed, key, words) = (3584_u64, 18_944_u64, 512_u64, 152_064_u64);
    let mut tensors = vec![
        ("token_embd.weight".to_owned(), [width, words], 12_u32),
        ("output.weight".to_owned(), [width, words], 14),
    ];
    for layer in 0..28 {
        for (name, shape, kind) in [
            ("attn_q", [width, width], 12),
            ("attn_k", [width, key], 12),
            ("attn_v", [width, key], 14),
            ("attn_output", [width, width], 12),
            ("ffn_gate", [width, feed], 12),
            ("ffn_up", [width, feed], 12),
            (
                "ffn_down",
                [feed, width],
                if layer % 2 == 0 { 12 } else { 14 },
            ),
        ] {
            tensors.push((format!("blk.{layer}.{name}.weight"), shape, kind));
        }
    }
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend(9_u64.to_le_bytes());
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "qwen2");
    for (name, number) in [
        ("general.file_type", 15_u32),
        ("qwen2.block_count", 28),
        ("qwen2.context_length", 32_768),
        ("qwen2.embedding_length", 3584),
        ("qwen2.feed_forward_length", 18_944),
        ("qwen2.attention.head_count", 28),
        ("qwen2.attention.head_count_kv", 4),
        ("qwen2.vocab_size", 152_064),
    ] {
        text(&mut bytes, name);
        bytes.extend(4_u32.to_le_bytes());
        bytes.extend(number.to_le_bytes());
    }
    let mut offset = 0_u64;
    for (name, shape, kind) in tensors {
        text(&mut bytes, &name);
        bytes.extend(2_u32.to_le_bytes());
        bytes.extend(shape.iter().flat_map(|length| length.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        let parts = if kind == 12 { 144 } else { 210 };
        offset += shape[0] * shape[1] / 256 * parts;
    }
    let header = GgufHeader::read(std::io::Cursor::new(bytes), 1 << 40).expect("a header");
    ModelFile {
        path: "/models/coder-7b.gguf".into(),
        bytes: header.weight_bytes,
        header,
    }
}

fn profile(text: &str) -> Profile {
    let source = Source {
        origin: "test.toml".to_owned(),
        name: "test".to_owned(),
        level: Level::BuiltIn,
        dir: "/".into(),
        text: Ok(format!("model = \"/models/coder-7b.gguf\"\n{text}")),
    };
    let set = ProfileSet::new(vec![source], Bases::default());
    set.resolve("test", &[]).expect("a profile").profile
}

const BANDWIDTH: Bandwidth = Bandwidth {
    bytes_per_second: 20e9,
    threads: 2,
    buffer_bytes: 1 << 27,
    measured_unix_ms: 0,
};

fn with<T>(
    profile: &Profile,
    change: impl FnOnce(&mut Inputs<'_>),
    look: impl FnOnce(&Inputs<'_>) -> T,
) -> T {
    let model = model();
    let features = CpuFeatures {
        avx2: true,
        ..CpuFeatures::default()
    };
    let mut inputs = Inputs {
        profile,
        memory: MemoryModel::of(&model.header),
        model: &model,
        setup: Setup::of(profile, Program::Completion, features, 2),
        budget: Some(16_000_000_000),
        budget_is_set: false,
        usable_memory: Some(20_000_000_000),
        bandwidth: Some(&BANDWIDTH),
        timings: Timings::default(),
        threads: 2,
        cpus: 2,
        quota: None,
        gpus: BTreeSet::new(),
        is_server: false,
        notes: &[],
    };
    change(&mut inputs);
    look(&inputs)
}

fn advised(profile: &Profile, change: impl FnOnce(&mut Inputs<'_>)) -> Vec<super::advice::Advice> {
    with(profile, change, |inputs| {
        advice(inputs, &Figures::of(inputs))
    })
}

#[test]
fn a_limit_of_thirty_seconds_is_told_before_it_cuts() {
    let profile = profile("context = 4096\nmax_tokens = 256\n[limits]\ntimeout = \"30s\"");
    let figures = with(
        &profile,
        |inputs| inputs.timings.ms_per_token = Some(207.0),
        Figures::of,
    );
    assert_eq!(figures.speed_source, SpeedSource::History);
    let row = &figures.limits[0];
    assert_eq!((row.key, row.holds), ("limits.timeout", Some(false)));
    let answer = figures.time.answer.expect("known");
    assert!((answer - 53.0).abs() < 0.1, "{answer}");
    let advice = advised(&profile, |inputs| inputs.timings.ms_per_token = Some(207.0));
    assert_eq!(advice[0].about, "limits.timeout");
    assert!(
        advice[0].is_needed && advice[0].text.contains("use 1m25s"),
        "{}",
        advice[0].text
    );
}

/// The least that a prompt takes shows that a limit is too short, and never that it is long enough.
#[test]
fn a_bound_proves_no_limit() {
    let held = |limits: &str| {
        let profile = profile(&format!("context = 4096\nmax_tokens = 16\n{limits}"));
        with(
            &profile,
            |_| {},
            |inputs| {
                let figures = Figures::of(inputs);
                assert!(figures.time.is_at_least);
                let rows = figures.limits.iter();
                rows.map(|row| row.holds).collect::<Vec<_>>()
            },
        )
    };
    assert_eq!(held("[limits]\ntimeout = \"1h\""), [None]);
    assert_eq!(held("[limits]\ntimeout = \"10ms\""), [Some(false)]);
    let watch = held("[watch]\nprefill = \"1h\"");
    assert_eq!(
        watch,
        [Some(true), None],
        "an automatic budget holds by itself"
    );
}

#[test]
fn without_a_history_the_limit_is_what_memory_allows() {
    let profile = profile("context = 4096\nmax_tokens = 256");
    with(
        &profile,
        |_| {},
        |inputs| {
            let figures = Figures::of(inputs);
            assert_eq!(figures.speed_source, SpeedSource::Limit);
            let own = figures.own().expect("a row");
            let read = figures.active_bytes + 28 * 2 * 512 * 2 * 4096;
            let limit = own.limit.expect("a limit");
            assert!((limit - 20e9 / super::figures::as_number(read)).abs() < 1e-9);
            assert!(own.expected.expect("a speed") < limit);
            assert!(
                figures
                    .contexts
                    .is_sorted_by(|one, next| one.limit >= next.limit)
            );
            // Not told: the embeddings, of which one row is read.
            assert!(figures.active_bytes < inputs.model.header.weight_bytes);
            assert_eq!(figures.limits[0].limit, Limit::Auto);
            assert_eq!(figures.limits[0].holds, Some(true));
        },
    );
    let none = with(&profile, |inputs| inputs.bandwidth = None, Figures::of);
    assert_eq!(none.speed_source, SpeedSource::Unknown);
    assert!(none.time.answer.is_none());
}

#[test]
fn what_is_needed_comes_first_and_then_what_brings_most() {
    let profile = profile("context = 32768\nmax_tokens = 256\nthreads = 8");
    let advice = advised(&profile, |inputs| {
        inputs.threads = 8;
        inputs.quota = Some(1.5);
        inputs.cpus = 1;
        inputs.budget = Some(7_000_000_000);
        inputs.gpus = BTreeSet::from([Maker::Amd]);
    });
    let about: Vec<_> = advice.iter().map(|advice| advice.about).collect();
    assert_eq!(about[0], "context");
    assert!(advice[0].is_needed, "{advice:?}");
    assert_eq!(&about[1..4], ["threads", "model", "quantization"]);
    assert!(about.contains(&"gpu_layers") && about.contains(&"kv_type_k, kv_type_v"));
    let text = |name: &str| {
        let found = advice.iter().find(|advice| advice.about == name);
        found.expect("advised").text.clone()
    };
    assert!(text("threads").contains("a quota of 1.5 CPUs"));
    assert!(text("quantization").starts_with("Q3_K_M instead of Q4_K_M has 4.0 bits"));
    assert!(text("model").starts_with("a model of 3 B weights"));
    assert!(text("gpu_layers").contains("a GPU of AMD"));
}

#[test]
fn nothing_is_advised_where_nothing_is_wrong() {
    let profile = profile("context = 2048\nmax_tokens = 256");
    let advice = advised(&profile, |inputs| inputs.bandwidth = None);
    assert_eq!(advice, []);
}

#[test]
fn a_plan_fits_into_eighty_columns_and_both_forms_say_the_same() {
    let profile = profile(
        "context = 5000\nmax_tokens = 256\nflash_attention = \"off\"\n[limits]\ntimeout = \"30s\"\nload = \"1s\"",
    );
    with(
        &profile,
        |_| {},
        |inputs| {
            let figures = Figures::of(inputs);
            let advice = advice(inputs, &figures);
            let (mut lines, mut json) = (Vec::new(), Vec::new());
            text::write(inputs, &figures, &advice, &mut lines).expect("written");
            shown::write(inputs, &figures, &advice, &mut json).expect("written");
            let lines = String::from_utf8(lines).expect("text");
            for line in lines.lines() {
                assert!(line.chars().count() <= 80, "{line}");
                assert_eq!(line, line.trim_end());
            }
            assert!(lines.contains("* 5000"), "{lines}");
            let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
            let contexts = json["contexts"].as_array().expect("a list");
            assert_eq!(contexts.len(), 6);
            let own = contexts
                .iter()
                .find(|row| row["is_own"] == true)
                .expect("one");
            let memory = figures.own().and_then(|own| own.memory).expect("memory");
            assert_eq!(own["memory"]["peak_bytes"], memory.peak());
            assert_eq!(json["limits"].as_array().map(Vec::len), Some(2));
            assert_eq!(json["advice"].as_array().map(Vec::len), Some(advice.len()));
        },
    );
}
