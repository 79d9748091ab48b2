use std::fs;
use std::path::Path;

use super::*;
use crate::gguf::made::{F16, F32, Made, Q8_0, tiny};

const QUIET: Console = Console {
    stderr_is_terminal: false,
    stdout_is_terminal: false,
    stdin_is_terminal: false,
    quiet: true,
};

fn looked_at(path: &Path, deep: bool) -> Report {
    report(&read_parts(path).expect("a model"), deep, QUIET).expect("readable")
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    fs::write(&path, bytes).expect("written");
    (directory, path)
}

#[test]
fn the_first_bad_weight_is_named_in_whichever_piece_it_is() {
    // Three pieces; a NaN in the last one and an infinity in the second.
    let weights: usize = 5 << 20;
    let mut data = vec![0; weights * 2];
    data[2 * (5 << 19)..][..2].copy_from_slice(&0x7c00_u16.to_le_bytes());
    data[2 * weights - 2..].copy_from_slice(&0x7e00_u16.to_le_bytes());
    let made = Made::new().tensor("sound", &[32], Q8_0, &[0; 34]).tensor(
        "bad",
        &[weights as u64],
        F16,
        &data,
    );
    let (_directory, path) = file("m.gguf", &made.bytes());
    let report = looked_at(&path, true);
    let [problem] = &report.problems[..] else {
        panic!("{:?}", report.problems);
    };
    assert_eq!(problem.tensor.as_deref(), Some("bad"));
    assert_eq!((problem.index, problem.count), (Some(5 << 19), Some(2)));
    assert_eq!(
        problem.what,
        "infinity in weight 2621440 of 5242880, 2 in all"
    );
    assert_eq!(report.checked_bytes, 34 + 2 * weights as u64);
    assert!(looked_at(&path, false).sound);
}

#[test]
fn weights_in_the_other_byte_order_are_read_in_it() {
    // Swapped, it would be an ordinary number.
    let nan = f32::NAN.to_be_bytes().repeat(32);
    let made = tiny(Made::big_endian()).tensor("bad", &[32], F32, &nan);
    let (_directory, path) = file("m.gguf", &made.bytes());
    let report = looked_at(&path, true);
    assert_eq!(report.problems.len(), 1);
    if cfg!(target_endian = "little") {
        assert!(report.notes[0].contains("big-endian"), "{:?}", report.notes);
    }
}

#[test]
fn what_is_unusual_and_harmless_is_a_note() {
    let made = Made::new()
        .tensor("a", &[32], Q8_0, &[0; 34])
        .tensor("b", &[1], F32, &[0; 4])
        .entry("c", &[0], F32, 96);
    let mut bytes = made.bytes();
    let end = bytes.len();
    // One byte between a and b, and some behind the last one's padding.
    bytes[end - 10] = 1;
    bytes.resize(end.next_multiple_of(32) + 7, 0);
    let (_directory, path) = file("m.gguf", &bytes);
    let report = looked_at(&path, true);
    assert!(report.sound, "{:?}", report.problems);
    assert_eq!(
        report.notes,
        [
            "the padding behind 1 tensors is not zero",
            "7 bytes follow the last tensor, which nothing reads"
        ]
    );
}

#[test]
fn what_cannot_be_judged_is_said_to_be_skipped() {
    let made =
        Made::new()
            .tensor("a", &[8], F32, &[0; 32])
            .tensor("newer", &[8], 9999, &[0xff; 32]);
    let (_directory, path) = file("m.gguf", &made.bytes());
    let report = looked_at(&path, true);
    assert!(report.sound);
    assert_eq!(report.checked_bytes, 32);
    let expected = Skipped {
        tensor: "newer".to_owned(),
        type_number: 9999,
    };
    assert_eq!(report.skipped, [expected]);
}

#[test]
fn a_missing_part_and_a_name_that_is_too_long_are_problems() {
    let part = Made::new()
        .number("split.no", 0)
        .number("split.count", 2)
        .tensor(&"n".repeat(64), &[8], F32, &[0; 32]);
    let (_directory, path) = file("m-00001-of-00002.gguf", &part.bytes());
    let report = looked_at(&path, false);
    let told: Vec<&str> = report
        .problems
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    assert!(
        told[0].ends_with("m-00002-of-00002.gguf is missing"),
        "{told:?}"
    );
    assert!(told[1].contains("1 to 63 bytes"), "{told:?}");
}
