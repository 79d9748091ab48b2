//! The plan of a file, held against the reader of such files, and random weights against what they are
//! meant to be once dequantised.

use std::collections::BTreeSet;
use std::io::Cursor;

use super::kind::Weights;
use super::*;
use crate::gguf::GgufHeader;

const ALL_KINDS: [Kind; 12] = [
    Kind::F32,
    Kind::F16,
    Kind::Bf16,
    Kind::Q4_0,
    Kind::Q5_0,
    Kind::Q5_1,
    Kind::Q8_0,
    Kind::Q3K,
    Kind::Q4K,
    Kind::Q5K,
    Kind::Q6K,
    Kind::Iq4Nl,
];

fn read(plan: &Plan) -> GgufHeader {
    GgufHeader::read(Cursor::new(plan.header()), plan.file_bytes()).expect("a whole file")
}

#[test]
fn every_shape_in_every_quantization_is_a_whole_file() {
    for shape in Shape::known() {
        let tokenizer = Tokenizer::own(shape.vocab);
        for name in Quantization::names() {
            let quantization = Quantization::named(name).expect("known");
            let plan = Plan::new(shape, quantization, &tokenizer, 1);
            let header = read(&plan);
            assert_eq!(header.quantization.as_deref(), Some(name));
            assert_eq!(header.architecture, shape.architecture.name());
            assert_eq!(header.vocabulary, Some(shape.vocab), "{}", shape.name);
            assert_eq!(header.parameters, plan.parameters(), "{}", shape.name);
            assert_eq!(header.data_offset, plan.header().len() as u64);
            for (read, planned) in header.table.iter().zip(plan.tensors()) {
                assert_eq!((&read.name, &read.shape), (&planned.name, &planned.lengths));
                assert_eq!(read.kind, planned.kind.number());
                assert_eq!(read.bytes, planned.bytes(), "{} {name}", planned.name);
                assert_eq!(header.data_offset + read.offset, planned.offset);
            }
        }
    }
}

/// Published numbers of weights, in millions.
#[test]
fn shapes_have_as_many_weights_as_the_real_models() {
    let published = [
        ("qwen2.5-coder-0.5b-instruct", 494),
        ("Qwen2.5-Coder-1.5B", 1544),
        ("qwen2.5-3b", 3086),
        ("qwen2.5-7b", 7616),
        ("qwen3-30b-a3b", 30_532),
        ("llama-3.2-1b", 1236),
        ("llama-3.2-3b", 3213),
        ("llama-3.1-8b", 8030),
        ("tinyllama-1.1b-chat", 1100),
        ("mistral-7b-v0.3", 7248),
        ("smollm2-135m", 135),
        ("gemma-3-1b-it", 1000),
        ("gemma-2-2b", 2614),
        ("phi-3-mini-4k", 3821),
        ("olmoe-1b-7b", 6919),
        ("deepseek-v2-lite", 15_706),
        ("lfm2-1.2b", 1170),
    ];
    for (name, millions) in published {
        let shape = Shape::named(name).unwrap_or_else(|| panic!("{name} is known"));
        let tokenizer = Tokenizer::own(shape.vocab);
        let plan = Plan::new(shape, Quantization::Q8_0, &tokenizer, 1);
        let found = plan.parameters() / 1_000_000;
        assert!(
            found.abs_diff(millions) <= 1,
            "{name}: {found} M, not {millions} M"
        );
    }
}

/// The file of Qwen2.5-Coder-1.5B at Q4_K_M as it is published has 986 048 … bytes; of these some 6
/// million are the header, which is its tokenizer's.
#[test]
fn the_weights_take_as_much_as_in_the_published_file() {
    let shape = Shape::named("qwen2.5-coder-1.5b").expect("known");
    let plan = Plan::new(shape, Quantization::Q4KM, &Tokenizer::own(shape.vocab), 1);
    let weights = plan.file_bytes() - plan.header().len() as u64;
    assert_eq!(weights, 980_097_536);
    let kind = |name: &str| {
        let tensor = plan.tensors().iter().find(|tensor| tensor.name == name);
        tensor.map(|tensor| tensor.kind)
    };
    assert_eq!(kind("token_embd.weight"), Some(Kind::Q6K));
    assert_eq!(kind("blk.0.ffn_down.weight"), Some(Kind::Q6K));
    assert_eq!(kind("blk.3.ffn_down.weight"), Some(Kind::Q4K));
    assert_eq!(kind("blk.0.attn_q.bias"), Some(Kind::F32));
}

#[test]
fn random_weights_have_the_mean_0_and_the_wanted_deviation() {
    for kind in ALL_KINDS {
        for deviation in [0.5, 0.02, 0.002] {
            let values = dequantized(kind, deviation);
            #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let rms = (values.iter().map(|value| value * value).sum::<f64>() / count).sqrt();
            let ratio = rms / f64::from(deviation);
            assert!(values.iter().all(|value| value.is_finite()), "{kind:?}");
            assert!(mean.abs() < 0.03 * rms, "{kind:?}: mean {mean}, rms {rms}");
            let bounds = if kind.is_quantized() {
                0.95..1.05
            } else {
                0.7..1.42
            };
            assert!(bounds.contains(&ratio), "{kind:?} {deviation}: {ratio}");
        }
    }
}

/// 65 536 weights, by the formulas of `dequantize_row_*` in `ggml-quants.c`.
fn dequantized(kind: Kind, deviation: f32) -> Vec<f64> {
    let blocks = usize::try_from(65_536 / kind.block()).expect("small");
    let mut bytes = vec![0; blocks * kind.block_bytes()];
    Weights::new(kind, 7, deviation).fill(0, &mut bytes);
    bytes
        .chunks_exact(kind.block_bytes())
        .flat_map(|block| block_values(kind, block))
        .collect()
}

fn block_values(kind: Kind, b: &[u8]) -> Vec<f64> {
    let nibbles = |bytes: &[u8]| -> Vec<u8> {
        let low = bytes.iter().map(|byte| byte & 15);
        low.chain(bytes.iter().map(|byte| byte >> 4)).collect()
    };
    let bit = |bytes: &[u8], at: usize| (bytes[at / 8] >> (at % 8)) & 1;
    match kind {
        Kind::F32 => vec![f32::from_le_bytes([b[0], b[1], b[2], b[3]]).into()],
        Kind::F16 => vec![half(b)],
        Kind::Bf16 => vec![f32::from_le_bytes([0, 0, b[0], b[1]]).into()],
        Kind::Q4_0 => {
            let q = nibbles(&b[2..]).into_iter();
            q.map(|q| half(b) * (f64::from(q) - 8.0)).collect()
        }
        Kind::Iq4Nl => {
            let values = [
                -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
            ];
            let q = nibbles(&b[2..]).into_iter();
            q.map(|q| half(b) * f64::from(values[usize::from(q)]))
                .collect()
        }
        Kind::Q5_0 | Kind::Q5_1 => {
            let (head, low) = if kind == Kind::Q5_0 {
                (2, -16.0)
            } else {
                (4, 0.0)
            };
            let minimum = if kind == Kind::Q5_0 {
                0.0
            } else {
                half(&b[2..])
            };
            let q = nibbles(&b[head + 4..]).into_iter().enumerate();
            q.map(|(i, q)| {
                let q = q | bit(&b[head..head + 4], i) << 4;
                half(b) * (f64::from(q) + low) + minimum
            })
            .collect()
        }
        Kind::Q8_0 => {
            let q = b[2..].iter().map(|byte| byte.cast_signed());
            q.map(|q| half(b) * f64::from(q)).collect()
        }
        Kind::Q3K => (0..256).map(|i| three_bits(b, i)).collect(),
        Kind::Q4K | Kind::Q5K => {
            let high = if kind == Kind::Q4K {
                None
            } else {
                Some(&b[16..48])
            };
            let quants = &b[if high.is_some() { 48 } else { 16 }..];
            let value = |i: usize| {
                let (scale, minimum) = scale_and_minimum(&b[4..16], i / 32);
                let byte = quants[i / 64 * 32 + i % 32];
                let low = if (i / 32).is_multiple_of(2) {
                    byte & 15
                } else {
                    byte >> 4
                };
                let fifth = high.map_or(0, |high| (high[i % 32] >> (i / 32)) & 1);
                half(b) * scale * f64::from(low | fifth << 4) - half(&b[2..]) * minimum
            };
            (0..256).map(value).collect()
        }
        Kind::Q6K => {
            let scales = b[192..208].iter().map(|byte| byte.cast_signed());
            let scales: Vec<i8> = scales.collect();
            // Which of a byte's bits belong to which weight does not matter for random ones.
            let q = b[..128].iter().flat_map(|byte| [byte & 15, byte >> 4]);
            q.enumerate()
                .map(|(i, low)| {
                    let high = (b[128 + i / 4] >> (i % 4 * 2)) & 3;
                    let q = f64::from(low | high << 4) - 32.0;
                    half(&b[208..]) * f64::from(scales[i / 16]) * q
                })
                .collect()
        }
    }
}

fn three_bits(b: &[u8], i: usize) -> f64 {
    let scales = &b[96..108];
    let low = (scales[i / 16 % 8] >> (i / 128 * 4)) & 15;
    let high = (scales[8 + i / 16 % 4] >> (i / 64 * 2)) & 3;
    let scale = f64::from(low | high << 4) - 32.0;
    let q = (b[32 + i / 4] >> (i % 4 * 2)) & 3;
    let set = (b[i / 8] >> (i % 8)) & 1;
    half(&b[108..]) * scale * (f64::from(q) - if set == 0 { 4.0 } else { 0.0 })
}

/// `get_scale_min_k4`.
fn scale_and_minimum(q: &[u8], j: usize) -> (f64, f64) {
    let (scale, minimum) = if j < 4 {
        (q[j] & 63, q[j + 4] & 63)
    } else {
        let scale = (q[j + 4] & 15) | (q[j - 4] >> 6) << 4;
        (scale, (q[j + 4] >> 4) | (q[j] >> 6) << 4)
    };
    (scale.into(), minimum.into())
}

fn half(bytes: &[u8]) -> f64 {
    let bits = u16::from_le_bytes([bytes[0], bytes[1]]);
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let mantissa = f64::from(bits & 1023);
    let exponent = i32::from(bits >> 10 & 31);
    assert_ne!(exponent, 31, "infinite or not a number");
    sign * if exponent == 0 {
        mantissa * 2f64.powi(-24)
    } else {
        (1024.0 + mantissa) * 2f64.powi(exponent - 25)
    }
}

#[test]
fn pieces_do_not_depend_on_each_other_and_cover_the_file() {
    let shape = Shape {
        layers: 1,
        vocab: 1024,
        ..*Shape::named("qwen2.5-0.5b").expect("known")
    };
    let plan = Plan::new(&shape, Quantization::Q4KM, &Tokenizer::own(1024), 3);
    let pieces: Vec<Piece> = plan.pieces().collect();
    assert!(
        pieces.len() > plan.tensors().len(),
        "some tensor has several"
    );
    let mut file = vec![0; usize::try_from(plan.file_bytes()).expect("small")];
    let mut covered = plan.header().len() as u64;
    for piece in &pieces {
        assert!(piece.offset >= covered && piece.offset - covered < ALIGNMENT);
        covered = piece.offset + piece.bytes as u64;
        let start = usize::try_from(piece.offset).expect("small");
        plan.make(*piece, &mut file[start..start + piece.bytes]);
    }
    assert!(plan.file_bytes() - covered < ALIGNMENT);
    // No two pages are alike, so nothing is saved by sharing or compressing them.
    let weights = &file[plan.header().len()..];
    let pages: BTreeSet<&[u8]> = weights.chunks_exact(4096).collect();
    assert!(pages.len() + 8 > weights.len() / 4096);
    // A tensor that is made in one go has the same bytes.
    let tensor = &plan.tensors()[0];
    let whole = Piece {
        tensor: 0,
        first_block: 0,
        offset: tensor.offset,
        bytes: usize::try_from(tensor.bytes()).expect("small"),
    };
    let mut bytes = vec![0; whole.bytes];
    plan.make(whole, &mut bytes);
    let start = usize::try_from(whole.offset).expect("small");
    assert!(bytes == file[start..start + whole.bytes]);
}

#[test]
fn a_seed_decides_every_weight() {
    let shape = Shape::named("smollm2-135m").expect("known");
    let made = |seed| {
        let plan = Plan::new(
            shape,
            Quantization::Q8_0,
            &Tokenizer::own(shape.vocab),
            seed,
        );
        let piece = plan.pieces().next().expect("a piece");
        let mut bytes = vec![0; piece.bytes];
        plan.make(piece, &mut bytes);
        bytes
    };
    assert!(made(1) == made(1));
    assert!(made(1) != made(2));
}

#[test]
fn our_own_vocabulary_has_no_token_twice() {
    let shape = Shape {
        vocab: 300_000,
        ..*Shape::named("smollm2-135m").expect("known")
    };
    let plan = Plan::new(&shape, Quantization::Q8_0, &Tokenizer::own(300_000), 1);
    assert_eq!(read(&plan).vocabulary, Some(300_000));
    let text = String::from_utf8_lossy(plan.header()).into_owned();
    assert!(text.contains("<|endoftext|>") && text.contains("Random weights"));
    let words: BTreeSet<String> = (0..300_000).map(tokenizer::word).collect();
    assert_eq!(words.len(), 300_000);
}

#[test]
fn a_tokenizer_is_taken_from_a_file_and_filled_up() {
    let shape = Shape::named("smollm2-135m").expect("known");
    let tokenizer = Tokenizer::own(1000);
    let small = Shape {
        vocab: 1000,
        ..*shape
    };
    let file = Plan::new(&small, Quantization::Q8_0, &tokenizer, 1);
    let taken = Tokenizer::of_file(file.header(), shape.vocab).expect("a tokenizer");
    let plan = Plan::new(shape, Quantization::Q8_0, &taken, 1);
    assert_eq!(read(&plan).vocabulary, Some(shape.vocab));
    assert_eq!(
        Tokenizer::of_file(file.header(), 999),
        None,
        "too many tokens"
    );
    assert_eq!(Tokenizer::of_file(file.header(), 1000), Some(tokenizer));
}

#[test]
fn no_damage_to_a_vocabulary_file_is_a_panic() {
    let small = Shape {
        layers: 1,
        vocab: 512,
        ..*Shape::named("smollm2-135m").expect("known")
    };
    let plan = Plan::new(&small, Quantization::Q8_0, &Tokenizer::own(512), 1);
    let whole = plan.header();
    let pairs = whole.len() - 1200;
    for length in 0..pairs / 2 {
        assert_eq!(Tokenizer::of_file(&whole[..length], 512), None);
    }
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..2000 {
        let mut damaged = whole.to_vec();
        for _ in 0..4 {
            let at = random.usize(..pairs);
            damaged[at] = random.u8(..);
        }
        // Whatever comes of it.
        let _ = Tokenizer::of_file(&damaged, 512);
    }
}
