//! Headers made here, whole, damaged and cut off at every byte.

mod finite;
mod hostile;

use std::collections::BTreeSet;
use std::io::Cursor;

use super::made::{F32, Made, Q8_0, tiny};
use proptest::prelude::*;

use super::{ByteOrder, GgufError, GgufHeader, PartName};

fn string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn text_pair(bytes: &mut Vec<u8>, key: &str, value: &str) {
    string(bytes, key);
    bytes.extend(8_u32.to_le_bytes());
    string(bytes, value);
}

fn number_pair(bytes: &mut Vec<u8>, key: &str, value: u32) {
    string(bytes, key);
    bytes.extend(4_u32.to_le_bytes());
    bytes.extend(value.to_le_bytes());
}

/// A small model: two tensors, a vocabulary of three.
fn model() -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(2_u64.to_le_bytes());
    bytes.extend(7_u64.to_le_bytes());
    // The architecture comes after a key that depends on it.
    number_pair(&mut bytes, "llama.context_length", 512);
    text_pair(&mut bytes, "general.architecture", "llama");
    text_pair(&mut bytes, "general.name", "tiny");
    number_pair(&mut bytes, "general.file_type", 15);
    number_pair(&mut bytes, "llama.block_count", 4);
    text_pair(&mut bytes, "tokenizer.chat_template", "{{ messages }}");
    string(&mut bytes, "tokenizer.ggml.tokens");
    bytes.extend(9_u32.to_le_bytes());
    bytes.extend(8_u32.to_le_bytes());
    bytes.extend(3_u64.to_le_bytes());
    for token in ["a", "bc", ""] {
        string(&mut bytes, token);
    }
    // 64 weights in Q8_0 are two blocks of 34 bytes; 3 in F32 are 12.
    for (name, lengths, kind, offset) in [
        ("a.weight", &[32_u64, 2][..], 8_u32, 0_u64),
        ("b", &[3], 0, 96),
    ] {
        string(&mut bytes, name);
        bytes.extend(u32::try_from(lengths.len()).unwrap().to_le_bytes());
        for length in lengths {
            bytes.extend(length.to_le_bytes());
        }
        bytes.extend(kind.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(32) + 96 + 12, 0);
    bytes
}

fn read(bytes: &[u8]) -> Result<GgufHeader, GgufError> {
    GgufHeader::read(Cursor::new(bytes), bytes.len() as u64)
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn a_whole_model() {
    let header = read(&model()).unwrap();
    assert_eq!((header.version, header.architecture.as_str()), (3, "llama"));
    assert_eq!(header.name.as_deref(), Some("tiny"));
    assert_eq!(header.quantization.as_deref(), Some("Q4_K_M"));
    assert_eq!(
        (header.context_length(), header.block_count()),
        (Some(512), Some(4))
    );
    assert_eq!(
        (header.embedding_length(), header.number("x")),
        (None, None)
    );
    assert!(header.has_chat_template);
    assert_eq!(header.vocabulary, Some(3));
    assert_eq!(
        (header.tensors, header.parameters, header.weight_bytes),
        (2, 67, 80)
    );
    assert!(header.require_loadable().is_ok());
}

#[test]
fn what_a_table_and_the_metadata_say_is_kept() {
    let header = read(&model()).unwrap();
    let [first, second] = &header.table[..] else {
        panic!("{:?}", header.table);
    };
    assert_eq!(
        (first.name.as_str(), first.type_name()),
        ("a.weight", Some("Q8_0"))
    );
    assert_eq!(
        (&first.shape[..], first.elements, first.bytes),
        (&[32, 2][..], 64, 68)
    );
    assert_eq!((second.offset, second.end()), (96, 108));
    assert_eq!(header.numbers_by_layer("block_count", 2), Some(vec![4, 4]));
    assert_eq!(header.numbers_by_layer("missing", 2), None);
}

#[test]
fn nothing_is_said_twice() {
    let twice = |from: &[u8], to: &[u8]| {
        let mut bytes = model();
        let at = bytes
            .windows(from.len())
            .position(|part| part == from)
            .unwrap();
        bytes[at..at + from.len()].copy_from_slice(to);
        message(&bytes)
    };
    let key = twice(b"llama.block_count", b"general.file_type");
    assert!(
        key.contains("a second value of the key \"general.file_type\""),
        "{key}"
    );
}

#[test]
fn every_cut_is_seen() {
    let whole = model();
    for length in 1..whole.len() {
        let error = read(&whole[..length]).unwrap_err();
        let GgufError::Truncated { needed, actual } = error else {
            panic!("{length}: {error}");
        };
        assert_eq!(actual, length as u64);
        assert!(
            needed > actual && needed <= whole.len() as u64,
            "{length}: {needed}"
        );
    }
}

#[test]
fn what_is_no_model_is_named() {
    assert_eq!(message(b""), "the file is empty");
    assert_eq!(
        message(b"hello"),
        "it is not a GGUF file: it starts with \"hello\""
    );
    assert!(message(b"version https://git-lfs").ends_with("(a Git LFS pointer; run git lfs pull)"));
    assert!(message(b"<!DOCTYPE html>").contains("a web page"));
    assert_eq!(
        message(b"\0\xff"),
        "it is not a GGUF file: it starts with \"\\x00\\xff\""
    );
    assert!(message(b"GGUF\0\0\0\x07").contains("version is 7"));
    assert!(message(b"GGUF\x01\0\0\0").contains("version is 1"));
    assert!(message(b"GGUF\x09\0\0\0").contains("version is 9"));
    assert_eq!(
        message(b"GGU"),
        "the file is cut off: it has 3 bytes, but needs at least 8"
    );
}

#[test]
fn a_vocabulary_without_weights() {
    let mut bytes = b"GGUF\x02\0\0\0".to_vec();
    bytes.extend([0; 16]);
    let header = read(&bytes).unwrap();
    assert!(!header.has_weights());
    assert!(matches!(
        header.require_loadable(),
        Err(GgufError::NoWeights)
    ));
}

#[test]
fn hostile_numbers_cost_nothing() {
    let start = b"GGUF\x03\0\0\0".to_vec();
    let with = |tensors: u64, pairs: u64, rest: &[u8]| {
        let mut bytes = start.clone();
        bytes.extend(tensors.to_le_bytes());
        bytes.extend(pairs.to_le_bytes());
        bytes.extend(rest);
        message(&bytes)
    };
    assert!(with(u64::MAX, 0, &[]).contains("damaged at byte 8"));
    assert!(with(0, u64::MAX, &[]).contains("damaged at byte 16"));
    assert!(
        with(0, 1, &u64::MAX.to_le_bytes().repeat(3))
            .contains("a key of 18446744073709551615 bytes")
    );
    // A list of 2^61 numbers of eight bytes.
    let mut list = Vec::new();
    string(&mut list, "k");
    list.extend(9_u32.to_le_bytes());
    list.extend(10_u32.to_le_bytes());
    list.extend((1_u64 << 61).to_le_bytes());
    assert!(with(0, 1, &list).contains("a list of 2305843009213693952 values"));
    // A tensor of 2^63 × 2^63 weights.
    let mut tensor = Vec::new();
    string(&mut tensor, "t");
    tensor.extend(2_u32.to_le_bytes());
    tensor.extend((1_u64 << 63).to_le_bytes().repeat(2));
    tensor.extend([0; 12]);
    assert!(with(1, 0, &tensor).contains("too large a shape of the tensor \"t\""));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let mut headed = b"GGUF\x03\0\0\0".to_vec();
        headed.extend(bytes);
        let _ = read(&headed);
    }

    #[test]
    fn any_damage_is_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = model();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }

    /// A file that becomes shorter while it is read, or a length that is a lie.
    #[test]
    fn a_wrong_length_is_survived(length in 0_u64..2000) {
        let _ = GgufHeader::read(Cursor::new(model()), length);
    }
}

#[test]
fn a_model_keeps_its_fingerprint_and_shares_it_with_no_other() {
    let bytes = model();
    let header = read(&bytes).expect("a model");
    let len = bytes.len() as u64;
    // Fixed: what was measured of a model has to be found again.
    assert_eq!(header.fingerprint(len), "5233d0c270eb07f0");
    assert_ne!(header.fingerprint(len + 1), header.fingerprint(len));
    let mut other = header.clone();
    other.name = Some("another".to_owned());
    assert_ne!(other.fingerprint(len), header.fingerprint(len));
}

#[test]
fn the_other_byte_order_and_the_version_before_are_read_alike() {
    let native = read(&tiny(Made::new()).bytes()).expect("a model");
    let older = read(&tiny(Made::new().version(2)).bytes()).expect("a model");
    assert_eq!(older.version, 2);
    assert_eq!(
        GgufHeader {
            version: 3,
            ..older
        },
        native
    );
    let big = read(&tiny(Made::big_endian()).bytes()).expect("a model");
    assert_eq!(big.byte_order, ByteOrder::Big);
    assert_eq!(
        GgufHeader {
            byte_order: ByteOrder::Little,
            ..big.clone()
        },
        native
    );
    assert_eq!(
        native.numbers_by_layer("feed_forward_length", 2),
        Some(vec![64, 64])
    );
    assert_eq!(native.chat_template_bytes, Some(14));
    let foreign = if cfg!(target_endian = "little") {
        big
    } else {
        native
    };
    let error = foreign.require_loadable().unwrap_err().to_string();
    assert!(error.contains("gguf-convert-endian"), "{error}");
}

#[test]
fn tokens_are_told_when_somebody_asks() {
    for start in [Made::new(), Made::big_endian()] {
        let bytes = tiny(start).bytes();
        let header = read(&bytes).expect("a model");
        let asked = BTreeSet::from([0, 1, 3, 4, 1 << 40]);
        let texts = header.token_texts(Cursor::new(&bytes), bytes.len() as u64, &asked);
        let texts: Vec<_> = texts.expect("readable").into_iter().collect();
        let expected = [(0, "<s>"), (1, "</s>"), (3, "b")].map(|(id, text)| (id, text.to_owned()));
        assert_eq!(texts, expected);
        // A file that was cut meanwhile.
        let cut = header.token_texts(Cursor::new(&bytes[..200]), 200, &asked);
        assert!(matches!(cut, Err(GgufError::Truncated { .. })), "{cut:?}");
    }
}

#[test]
fn experts_that_a_token_does_not_use_are_idle() {
    let start = Made::new()
        .text("general.architecture", "moe")
        .number("moe.expert_count", 8)
        .number("moe.expert_used_count", 2)
        .tensor("token_embd.weight", &[32, 2], F32, &[0; 256])
        .tensor("blk.0.ffn_up_exps.weight", &[32, 2, 8], Q8_0, &[0; 16 * 34])
        .tensor("blk.0.ffn_up_shexp.weight", &[32], F32, &[0; 128]);
    let header = read(&start.bytes()).expect("a model");
    assert_eq!(header.experts(), Some((8, 2)));
    assert_eq!(
        (header.parameters, header.active_parameters()),
        (64 + 512 + 32, 64 + 128 + 32)
    );
    let older = Made::new()
        .text("general.architecture", "llama")
        .number("llama.expert_count", 2)
        .number("llama.expert_used_count", 1)
        .tensor("blk.0.ffn_up.0.weight", &[32], F32, &[0; 128])
        .tensor("blk.0.ffn_up.1.weight", &[32], F32, &[0; 128]);
    let header = read(&older.bytes()).expect("a model");
    assert_eq!(header.active_parameters(), 32);
    let dense = read(&tiny(Made::new()).bytes()).expect("a model");
    assert_eq!(
        (dense.experts(), dense.active_parameters()),
        (None, dense.parameters)
    );
}

#[test]
fn parts_have_names_and_add_up() {
    let name = PartName::parse("a-b-00002-of-00003.gguf").expect("a part");
    assert_eq!(
        (name.prefix.as_str(), name.number, name.count),
        ("a-b", 2, 3)
    );
    let all: Vec<String> = name.all().map(|part| part.to_string()).collect();
    assert_eq!(all[1], "a-b-00002-of-00003.gguf");
    assert_eq!((all.len(), all[2].as_str()), (3, "a-b-00003-of-00003.gguf"));
    for other in [
        "a.gguf",
        "a-00000-of-00003.gguf",
        "a-00004-of-00003.gguf",
        "a-2-of-3.gguf",
        "a-00001-of-00003.bin",
        "-of-.gguf",
        "a-0000\u{e9}-of-00003.gguf",
        "a-+0001-of-00003.gguf",
    ] {
        assert_eq!(PartName::parse(other), None, "{other}");
    }
    let part = |number: u32, tensor: &str| {
        let made = Made::new()
            .number("split.no", number)
            .number("split.count", 2)
            .tensor(tensor, &[32], F32, &[0; 128]);
        read(&made.bytes()).expect("a part")
    };
    let mut first = part(0, "a");
    assert!(first.require_loadable().is_ok());
    let error = part(1, "b").require_loadable().unwrap_err().to_string();
    assert!(error.contains("it is part 2 of 2"), "{error}");
    first.join(part(1, "b")).expect("fits");
    assert_eq!(
        (first.tensors, first.parameters, first.table.len()),
        (2, 64, 2)
    );
    let twice = first.join(part(1, "b")).unwrap_err().to_string();
    assert!(twice.contains("\"b\" is in an earlier one"), "{twice}");
    let alone = read(&tiny(Made::new()).bytes()).expect("a model");
    assert!(matches!(
        first.join(alone),
        Err(GgufError::ForeignPart { .. })
    ));
    // The first part may have a header only.
    let empty = Made::new().number("split.no", 0).number("split.count", 2);
    assert!(
        read(&empty.bytes())
            .expect("a part")
            .require_loadable()
            .is_ok()
    );
}
