//! The scales of every type, held against a number put into each of them.

use proptest::prelude::*;

use super::super::types::{TENSOR_TYPES, block_bytes};
use super::super::{ByteOrder, Finite, NotFinite, finite};

const NAN_HALF: [u8; 2] = 0x7e01_u16.to_le_bytes();

/// Where the numbers of a block are that have to be finite, with a NaN of theirs.
fn places(name: &str) -> Vec<(usize, Vec<u8>)> {
    let halves = |at: &[usize]| at.iter().map(|&at| (at, NAN_HALF.to_vec())).collect();
    match name {
        "F32" | "Q8_K" => vec![(0, f32::NAN.to_le_bytes().to_vec())],
        "F64" => vec![(0, f64::NAN.to_le_bytes().to_vec())],
        "BF16" => vec![(0, 0xffc0_u16.to_le_bytes().to_vec())],
        "Q4_1" | "Q5_1" | "Q8_1" | "Q4_K" | "Q5_K" => halves(&[0, 2]),
        "Q2_K" => halves(&[80, 82]),
        "Q3_K" => halves(&[108]),
        "Q6_K" => halves(&[208]),
        "TQ1_0" => halves(&[52]),
        "TQ2_0" => halves(&[64]),
        "MXFP4" => vec![(0, vec![0xff])],
        // 0x7e01 in the upper quarters of four numbers, its lowest four bits first.
        "IQ1_M" => vec![(48, vec![0, 0x10, 0, 0, 0, 0xe0, 0, 0x70])],
        "NVFP4" | "I8" | "I16" | "I32" | "I64" => vec![],
        _ => halves(&[0]),
    }
}

#[test]
fn a_nan_is_found_in_every_scale_of_every_type() {
    for &(kind, name, _, size) in &TENSOR_TYPES {
        let size = usize::try_from(size).expect("small");
        let clean = vec![0; 5 * size];
        let found = finite(kind, ByteOrder::Little, &clean).expect("known");
        assert_eq!(found, Finite::default(), "{name}");
        for (at, nan) in places(name) {
            let mut bytes = clean.clone();
            for block in [2, 4] {
                bytes[block * size + at..][..nan.len()].copy_from_slice(&nan);
            }
            let found = finite(kind, ByteOrder::Little, &bytes).expect("known");
            assert_eq!(
                (found.bad, found.first),
                (2, Some((2, NotFinite::Nan))),
                "{name}"
            );
        }
    }
    assert_eq!(finite(9999, ByteOrder::Little, &[0xff; 64]), None);
}

#[test]
fn infinities_are_told_apart_and_the_byte_order_counts() {
    let of = |kind: u32, order, bytes: &[u8]| finite(kind, order, bytes).expect("known").first;
    let infinity = Some((0, NotFinite::Infinity));
    let nan = Some((0, NotFinite::Nan));
    let (little, big) = (ByteOrder::Little, ByteOrder::Big);
    assert_eq!(of(0, little, &f32::NEG_INFINITY.to_le_bytes()), infinity);
    assert_eq!(of(0, big, &f32::INFINITY.to_be_bytes()), infinity);
    assert_eq!(of(0, big, &f32::INFINITY.to_le_bytes()), None);
    assert_eq!(of(28, big, &f64::NAN.to_be_bytes()), nan);
    assert_eq!(of(1, little, &0xfc00_u16.to_le_bytes()), infinity);
    assert_eq!(of(30, big, &0x7f80_u16.to_be_bytes()), infinity);
    assert_eq!(of(1, little, &0x7bff_u16.to_le_bytes()), None, "65504");
}

proptest! {
    #[test]
    fn floats_are_judged_as_the_language_does(values in prop::collection::vec(any::<u32>(), 0..40)) {
        let bytes: Vec<u8> = values.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let found = finite(0, ByteOrder::Little, &bytes).expect("known");
        let bad = values.iter().filter(|&&bits| !f32::from_bits(bits).is_finite());
        prop_assert_eq!(found.bad, bad.count() as u64);
    }

    #[test]
    fn any_bytes_of_any_type_are_survived(
        kind in 0_u32..50,
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        if let Some(found) = finite(kind, ByteOrder::Big, &bytes) {
            let blocks = bytes.len() as u64 / block_bytes(kind).expect("known");
            prop_assert!(found.bad <= blocks);
            prop_assert_eq!(found.first.is_some(), found.bad > 0);
        }
    }
}
