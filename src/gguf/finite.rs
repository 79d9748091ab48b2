//! Whether weights are numbers: a NaN or an infinity in one of them makes every answer nonsense.
//!
//! Of quantised types the scales of each block tell, as in `ggml_validate_row_data` (ggml-quants.c of
//! b11434): the other bits of a block mean a number whatever they are.

use super::ByteOrder;
use super::types::{block_bytes, tensor_type_name};

/// What is no finite number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFinite {
    /// Not a number.
    Nan,
    /// Plus or minus infinity.
    Infinity,
}

/// What was found in a run of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Finite {
    /// How many blocks (of types without blocks: weights) are not finite.
    pub bad: u64,
    /// The first of them: its number in the run, from 0, and what it is.
    pub first: Option<(u64, NotFinite)>,
}

/// Where in a block a number is that has to be finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// 16 bits of IEEE 754 at these bytes.
    Halves(&'static [usize]),
    /// 32 bits, at the start.
    Single,
    /// The upper 16 of them.
    Brain,
    /// 64 bits.
    Double,
    /// A power of two, of which 0xff is the NaN (OCP Microscaling Formats).
    PowerOfTwo,
    /// 16 bits, four in each of the four numbers from this byte on.
    Quarters(usize),
    /// Whatever the bits are, they mean a number.
    Any,
}

/// Where the scales of a type are: `block_*` in ggml-common.h of b11434.
fn scale(kind: u32) -> Option<Scale> {
    Some(match tensor_type_name(kind)? {
        "F32" | "Q8_K" => Scale::Single,
        "F64" => Scale::Double,
        "BF16" => Scale::Brain,
        "F16" | "Q4_0" | "Q5_0" | "Q8_0" | "Q1_0" | "Q2_0" | "IQ1_S" | "IQ2_XXS" | "IQ2_XS"
        | "IQ2_S" | "IQ3_XXS" | "IQ3_S" | "IQ4_NL" | "IQ4_XS" => Scale::Halves(&[0]),
        "Q4_1" | "Q5_1" | "Q8_1" | "Q4_K" | "Q5_K" => Scale::Halves(&[0, 2]),
        "Q2_K" => Scale::Halves(&[80, 82]),
        "Q3_K" => Scale::Halves(&[108]),
        "Q6_K" => Scale::Halves(&[208]),
        "TQ1_0" => Scale::Halves(&[52]),
        "TQ2_0" => Scale::Halves(&[64]),
        "MXFP4" => Scale::PowerOfTwo,
        "IQ1_M" => Scale::Quarters(48),
        // Every scale of NVFP4 is a number to ggml.
        "NVFP4" | "I8" | "I16" | "I32" | "I64" => Scale::Any,
        _ => return None,
    })
}

/// Looks at a run of whole blocks of a type (its number in ggml); bytes of a last one that is cut are left
/// out. `None` of a type whose blocks are not known.
#[must_use]
pub fn finite(kind: u32, order: ByteOrder, bytes: &[u8]) -> Option<Finite> {
    let block = usize::try_from(block_bytes(kind)?).ok()?;
    Some(match scale(kind)? {
        Scale::Any => Finite::default(),
        Scale::Halves(places) => look(bytes, block, |block| {
            places
                .iter()
                .find_map(|&at| half(order.u16(at_most(block, at))))
        }),
        Scale::Brain => look(bytes, block, |block| {
            special(order.u16(at_most(block, 0)), 0x7f80)
        }),
        Scale::Single => look(bytes, block, |block| {
            let bits = order.u32(at_most(block, 0)) & 0x7fff_ffff;
            judge(bits >= 0x7f80_0000, bits == 0x7f80_0000)
        }),
        Scale::Double => look(bytes, block, |block| {
            let bits = order.u64(at_most(block, 0)) & 0x7fff_ffff_ffff_ffff;
            judge(bits >= 0x7ff0_0000_0000_0000, bits == 0x7ff0_0000_0000_0000)
        }),
        Scale::PowerOfTwo => look(bytes, block, |block| judge(block[0] == 0xff, false)),
        Scale::Quarters(at) => look(bytes, block, |block| {
            // `iq1m_scale_t`: the upper four bits of each, the first one's lowest.
            let part = |index: usize| order.u16(at_most(block, at + 2 * index)) >> 12;
            half(part(0) | part(1) << 4 | part(2) << 8 | part(3) << 12)
        }),
    })
}

/// Counts the blocks that a judge finds fault with.
#[inline]
fn look(bytes: &[u8], size: usize, judge: impl Fn(&[u8]) -> Option<NotFinite>) -> Finite {
    let mut found = Finite::default();
    for (number, block) in (0_u64..).zip(bytes.chunks_exact(size)) {
        if let Some(what) = judge(block) {
            found.bad += 1;
            found.first.get_or_insert((number, what));
        }
    }
    found
}

/// The bytes of a block from a place on; the table above has none beyond the end.
#[inline]
fn at_most<const N: usize>(block: &[u8], at: usize) -> [u8; N] {
    let bytes = block.get(at..).and_then(<[u8]>::first_chunk::<N>);
    bytes.copied().unwrap_or([0; N])
}

#[inline]
fn half(bits: u16) -> Option<NotFinite> {
    special(bits, 0x7c00)
}

/// By the exponent that is all ones, in a number of 16 bits.
#[inline]
fn special(bits: u16, exponent: u16) -> Option<NotFinite> {
    let bits = bits & 0x7fff;
    judge(bits >= exponent, bits == exponent)
}

#[inline]
fn judge(is_special: bool, is_infinite: bool) -> Option<NotFinite> {
    is_special.then_some(if is_infinite {
        NotFinite::Infinity
    } else {
        NotFinite::Nan
    })
}
