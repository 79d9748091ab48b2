//! Files that somebody made to do harm, or that something has damaged: each is an error with its place, and
//! none costs more than it is worth.

use std::io::{self, Read, Seek, SeekFrom};

use super::{GgufError, GgufHeader, message, read};
use crate::gguf::made::{F32, Made, Q8_0, tiny};

const LIST: u32 = 9;

/// A file of a terabyte of zeros behind its beginning, such as truncate(1) makes in no time.
struct FullOfHoles {
    start: Vec<u8>,
    at: u64,
    read: u64,
}

const TERABYTE: u64 = 1 << 40;

impl Read for FullOfHoles {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        for (byte, at) in out.iter_mut().zip(self.at..) {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            *byte = self.start.get(at).copied().unwrap_or(0);
        }
        self.at += out.len() as u64;
        self.read += out.len() as u64;
        Ok(out.len())
    }
}

impl Seek for FullOfHoles {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else {
            return Err(io::Error::other("not needed"));
        };
        self.at = at;
        Ok(at)
    }
}

/// What a header of so large a file costs: the error and the bytes that were read. Memory cannot be more:
/// a text of at most a key's length is allocated before it is read, everything else afterwards.
fn of_a_terabyte(start: Vec<u8>) -> (String, u64) {
    let mut file = FullOfHoles {
        start,
        at: 0,
        read: 0,
    };
    let error = GgufHeader::read(&mut file, TERABYTE).expect_err("hostile");
    (error.to_string(), file.read)
}

fn counts(tensors: u64, pairs: u64) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(pairs.to_le_bytes());
    bytes
}

#[test]
fn a_terabyte_that_claims_to_be_a_header_is_soon_refused() {
    let list = |kind: u32, length: u64| {
        let mut value = kind.to_le_bytes().to_vec();
        value.extend(length.to_le_bytes());
        Made::new().pair("k", LIST, &value).bytes()
    };
    let text_of_4_gb = {
        let mut bytes = counts(0, 1);
        bytes.extend((1_u64 << 32).to_le_bytes());
        bytes
    };
    let architecture_of_4_gb =
        Made::new().pair("general.architecture", 8, &(1_u64 << 32).to_le_bytes());
    for (file, says) in [
        (
            counts(1 << 60, 0),
            "damaged at byte 8: 1152921504606846976 tensors",
        ),
        (
            counts(0, 1 << 60),
            "damaged at byte 16: 1152921504606846976 key-value pairs",
        ),
        (counts(1 << 20, 1 << 20), "an empty key"),
        (
            text_of_4_gb,
            "damaged at byte 24: a key of 4294967296 bytes",
        ),
        (
            architecture_of_4_gb.bytes(),
            "general.architecture of 4294967296 bytes",
        ),
        // Texts of no bytes, as many as have room.
        (list(8, 1 << 37), "cut off"),
        (list(8, 1 << 36), "a list of 68719476736 texts"),
        (list(9, 1 << 60), "a list of lists"),
        (list(10, 1 << 61), "a list of 2305843009213693952 values"),
        (list(10, 1 << 60), "cut off"),
        (list(77, 1), "unknown type 77"),
    ] {
        let (error, read) = of_a_terabyte(file);
        assert!(error.contains(says), "{error}");
        assert!(read <= 1 << 20, "{read} bytes for: {error}");
    }
}

#[test]
fn lists_behind_each_other_do_not_add_up_to_hours() {
    let list = |made: Made, number: usize| {
        let mut value = 0_u32.to_le_bytes().to_vec();
        value.extend((1_u64 << 30).to_le_bytes());
        made.pair(&format!("k{number}"), LIST, &value)
    };
    // A gigabyte that is skipped at once, and then the next pair is looked for.
    let mut bytes = list(Made::new(), 0).bytes();
    bytes[16..24].copy_from_slice(&2_u64.to_le_bytes());
    let (error, read) = of_a_terabyte(bytes);
    assert!(error.contains("a header of more than 256 MiB"), "{error}");
    assert!(read <= 1 << 20, "{read}");
}

#[test]
fn tensors_lie_one_behind_the_other() {
    let of = |second: (&str, &[u64], u32, u64)| {
        let (name, shape, kind, offset) = second;
        let made = Made::new().entry("a", &[32], Q8_0, 0);
        message(&made.entry(name, shape, kind, offset).bytes())
    };
    for (second, says) in [
        (
            ("b", &[8][..], F32, 0),
            "\"b\" begins at byte 0 of the weights, inside of the end",
        ),
        (
            ("b", &[8], F32, 32),
            "inside of the end of the one before it, 64",
        ),
        (
            ("b", &[8], F32, 96),
            "beyond the end of the one before it, 64",
        ),
        (
            ("b", &[8], F32, 65),
            "beyond the end of the one before it, 64",
        ),
        (("b", &[8], F32, u64::MAX), "too large a shape or offset"),
        (("a", &[8], F32, 64), "a second tensor \"a\""),
        (("b", &[1; 5], F32, 64), "5 dimensions"),
        (("b", &[1 << 63], F32, 64), "too large a shape"),
        (("b", &[1 << 32, 1 << 31], F32, 64), "too large a shape"),
        (("b", &[1 << 62], F32, 64), "too large a shape or offset"),
        (
            ("b", &[33], Q8_0, 64),
            "rows of 33 weights of the tensor \"b\", whose type has blocks of 32",
        ),
        (("b", &[], Q8_0, 64), "rows of 1 weights"),
    ] {
        let error = of(second);
        assert!(error.starts_with("the file is damaged at byte "), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
    // Nothing is known of the size of a type that is newer than this program, but of its place.
    let newer = Made::new().entry("a", &[32], 9999, 0);
    let error = message(&newer.clone().entry("b", &[8], F32, 65).bytes());
    assert!(error.contains("not aligned to 32"), "{error}");
    let error = message(&newer.entry("b", &[8], F32, 64).bytes());
    assert!(error.contains("cut off"), "{error}");
}

#[test]
fn a_tensor_may_hold_nothing() {
    let empty = Made::new()
        .entry("a", &[32, 0], Q8_0, 0)
        .tensor("b", &[8], F32, &[0; 32]);
    let header = read(&empty.bytes()).expect("llama.cpp takes it, too");
    assert_eq!((header.tensors, header.parameters), (2, 8));
}

#[test]
fn an_alignment_is_a_power_of_two_of_32_bits() {
    for (made, says) in [
        (
            Made::new().number("general.alignment", 0),
            "an alignment of 0",
        ),
        (
            Made::new().number("general.alignment", 48),
            "an alignment of 48",
        ),
        (
            Made::new().pair("general.alignment", 10, &64_u64.to_le_bytes()),
            "general.alignment is no number of 32 bits",
        ),
    ] {
        let error = message(&made.bytes());
        assert!(error.contains(says), "{error}");
    }
    let wide = Made::new().number("general.alignment", 64);
    assert_eq!(read(&wide.bytes()).expect("a header").alignment(), 64);
}

#[test]
fn every_cut_of_every_kind_of_file_is_seen() {
    for start in [Made::new(), Made::new().version(2), Made::big_endian()] {
        let whole = tiny(start).bytes();
        read(&whole).expect("whole");
        for length in 0..whole.len() {
            match read(&whole[..length]).expect_err("cut") {
                GgufError::Empty => assert_eq!(length, 0),
                GgufError::Truncated { needed, actual } => {
                    assert_eq!(actual, length as u64);
                    assert!(
                        needed > actual && needed <= whole.len() as u64,
                        "{length}: {needed}"
                    );
                }
                other => panic!("{length}: {other}"),
            }
        }
    }
}

#[test]
fn every_byte_may_be_wrong() {
    let whole = tiny(Made::new()).bytes();
    for at in 0..whole.len() {
        for wrong in [
            0,
            1,
            0x7f,
            0x80,
            0xff,
            !whole[at],
            whole[at].wrapping_add(1),
        ] {
            let mut damaged = whole.clone();
            damaged[at] = wrong;
            if let Ok(header) = read(&damaged) {
                assert!(header.data_offset <= damaged.len() as u64, "{at}");
            }
        }
    }
}
