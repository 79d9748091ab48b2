use proptest::prelude::*;

use super::*;
use crate::gguf::GgufHeader;

const MIB: u64 = 1 << 20;

/// A value of the metadata.
enum Value {
    Number(u32),
    List(Vec<u32>),
}

/// The header of a model of this architecture, without tensors.
fn header(architecture: &str, pairs: &[(&str, Value)]) -> GgufHeader {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend((pairs.len() as u64 + 1).to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, architecture);
    for (key, value) in pairs {
        text(&mut bytes, &format!("{architecture}.{key}"));
        match value {
            Value::Number(number) => {
                bytes.extend(4_u32.to_le_bytes());
                bytes.extend(number.to_le_bytes());
            }
            Value::List(numbers) => {
                bytes.extend(9_u32.to_le_bytes());
                bytes.extend(4_u32.to_le_bytes());
                bytes.extend((numbers.len() as u64).to_le_bytes());
                bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            }
        }
    }
    let length = bytes.len() as u64;
    GgufHeader::read(std::io::Cursor::new(bytes), length).expect("a header")
}

fn shape(architecture: &str, numbers: &[(&str, u32)], more: Vec<(&str, Value)>) -> ContextShape {
    let mut pairs: Vec<_> = numbers
        .iter()
        .map(|&(key, number)| (key, Value::Number(number)))
        .collect();
    pairs.extend(more);
    ContextShape::of(&header(architecture, &pairs)).expect("a shape")
}

fn f16(shape: &ContextShape, tokens: u64) -> u64 {
    shape.bytes(tokens, CacheType::F16, CacheType::F16, 512)
}

#[test]
fn grouped_queries_keep_few_keys() {
    // Qwen2.5-Coder-1.5B: 28 672 bytes per token, 112 MiB of 4096, as llama.cpp reports it.
    let qwen = shape(
        "qwen2",
        &[
            ("block_count", 28),
            ("embedding_length", 1536),
            ("attention.head_count", 12),
            ("attention.head_count_kv", 2),
        ],
        vec![],
    );
    assert_eq!(f16(&qwen, 4096), 112 * MIB);
    assert_eq!(f16(&qwen, 4000), 112 * MIB, "rounded up to 256");
    assert_eq!(
        qwen.bytes(4096, CacheType::Q8_0, CacheType::Q8_0, 512),
        112 * MIB * 17 / 32
    );
    assert_eq!(
        qwen.bytes(4096, CacheType::Q4_0, CacheType::F16, 512),
        56 * MIB + 56 * MIB * 9 / 32
    );
}

#[test]
fn without_groups_every_head_has_its_key() {
    // Llama 7B: 2 · 32 · 4096 numbers per token.
    let llama = shape(
        "llama",
        &[
            ("block_count", 32),
            ("embedding_length", 4096),
            ("attention.head_count", 32),
        ],
        vec![],
    );
    assert_eq!(f16(&llama, 2048), 1024 * MIB);
}

#[test]
fn windows_do_not_grow_with_the_context() {
    // Gemma 3 4B: five of six layers see 1024 tokens.
    let numbers = [
        ("block_count", 34),
        ("embedding_length", 2560),
        ("attention.head_count", 8),
        ("attention.head_count_kv", 4),
        ("attention.key_length", 256),
        ("attention.value_length", 256),
        ("attention.sliding_window", 1024),
    ];
    let gemma = shape("gemma3", &numbers, vec![]);
    let full = gemma.layers.iter().filter(|layer| !layer.windowed).count() as u64;
    assert_eq!((full, gemma.layers.len()), (5, 34));
    // 2 · 4 · 256 numbers of two bytes per token; 1024 + 512 cells of the windowed ones.
    assert_eq!(f16(&gemma, 32_768), full * 4096 * 32_768 + 29 * 4096 * 1536);
    // A short context is shorter than the window.
    assert_eq!(f16(&gemma, 512), 34 * 4096 * 512);
    // The same number in a file of an architecture that does not know it means nothing.
    let other = shape("llama", &numbers, vec![]);
    assert_eq!(f16(&other, 32_768), 34 * 4096 * 32_768);
}

#[test]
fn a_file_may_name_its_windows() {
    let flags = Value::List(vec![1, 1, 0, 1]);
    let numbers = [
        ("block_count", 4),
        ("embedding_length", 64),
        ("attention.head_count", 1),
        ("attention.sliding_window", 256),
    ];
    let listed = shape(
        "gemma4",
        &numbers,
        vec![("attention.sliding_window_pattern", flags)],
    );
    let windowed: Vec<bool> = listed.layers.iter().map(|layer| layer.windowed).collect();
    assert_eq!(windowed, [true, true, false, true]);
    let period = vec![("attention.sliding_window_pattern", Value::Number(2))];
    let every_other = shape("gemma3", &numbers, period);
    let windowed: Vec<bool> = every_other
        .layers
        .iter()
        .map(|layer| layer.windowed)
        .collect();
    assert_eq!(windowed, [true, false, true, false]);
}

#[test]
fn latent_attention_keeps_no_values() {
    // DeepSeek V2 Lite: 512 latent numbers and 64 of the position, of one head.
    let deepseek = shape(
        "deepseek2",
        &[
            ("block_count", 27),
            ("embedding_length", 2048),
            ("attention.head_count", 16),
            ("attention.head_count_kv", 1),
            ("attention.key_length", 576),
            ("attention.value_length", 512),
            ("attention.key_length_mla", 192),
        ],
        vec![],
    );
    assert_eq!(f16(&deepseek, 4096), 27 * 576 * 2 * 4096);
}

#[test]
fn recurrent_layers_keep_a_state_and_no_tokens() {
    let mamba = shape(
        "mamba",
        &[
            ("block_count", 24),
            ("embedding_length", 768),
            ("attention.head_count", 0),
            ("ssm.conv_kernel", 4),
            ("ssm.inner_size", 1536),
            ("ssm.state_size", 16),
        ],
        vec![],
    );
    let state = 24 * (3 * 1536 + 16 * 1536) * 4;
    assert_eq!((f16(&mamba, 2048), f16(&mamba, 32_768)), (state, state));
    // A hybrid: the layers without key heads.
    let hybrid = shape(
        "jamba",
        &[
            ("block_count", 2),
            ("embedding_length", 64),
            ("attention.head_count", 2),
            ("ssm.conv_kernel", 4),
            ("ssm.inner_size", 128),
            ("ssm.state_size", 16),
        ],
        vec![("attention.head_count_kv", Value::List(vec![0, 1]))],
    );
    assert_eq!(
        f16(&hybrid, 256),
        (3 * 128 + 16 * 128) * 4 + 2 * 32 * 2 * 256
    );
}

#[test]
fn layers_without_a_context_of_their_own_do_not_count() {
    let numbers = [
        ("block_count", 5),
        ("embedding_length", 64),
        ("attention.head_count", 1),
        ("nextn_predict_layers", 1),
    ];
    assert_eq!(shape("glm4moe", &numbers, vec![]).layers.len(), 4);
}

#[test]
fn a_header_that_does_not_tell_has_no_shape() {
    assert_eq!(ContextShape::of(&header("clip", &[])), None);
    let absurd = [
        ("block_count", Value::Number(u32::MAX)),
        ("embedding_length", Value::Number(1)),
    ];
    assert_eq!(ContextShape::of(&header("llama", &absurd)), None);
}

proptest! {
    #[test]
    fn no_numbers_overflow(numbers in prop::collection::vec(any::<u32>(), 14), blocks in 0_u32..64, tokens in any::<u64>(), which in 0_usize..6) {
        let architecture = ["llama", "gemma3", "mamba", "rwkv7", "qwen3next", "deepseek2"][which];
        let keys = [
            "embedding_length", "attention.head_count", "attention.head_count_kv", "attention.key_length",
            "attention.value_length", "attention.sliding_window", "attention.sliding_window_pattern",
            "ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "ssm.group_count", "wkv.head_size",
            "nextn_predict_layers", "full_attention_interval",
        ];
        let mut pairs: Vec<_> = keys.iter().zip(&numbers).map(|(key, number)| (*key, Value::Number(*number))).collect();
        pairs.push(("block_count", Value::Number(blocks)));
        if let Some(shape) = ContextShape::of(&header(architecture, &pairs)) {
            let tokens = tokens / 2;
            let few = shape.bytes(tokens, CacheType::F16, CacheType::F16, 512);
            prop_assert!(shape.bytes(tokens + 256, CacheType::F16, CacheType::F16, 512) >= few);
        }
    }
}
