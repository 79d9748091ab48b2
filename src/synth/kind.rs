//! The types of tensor that can be written, and their blocks of random weights.
//!
//! No weight is quantised: the bits of a block are random, and its scales are set so that the weights
//! have the mean 0 and the wanted deviation. Each word of a tensor is a function of the seed and of
//! its place alone, so that any piece can be made by any thread.

/// A type of tensor. Layouts: `block_*` in `ggml-common.h` of b11434.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of ggml")]
pub enum Kind {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q5_0,
    Q5_1,
    Q8_0,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Iq4Nl,
}

impl Kind {
    /// Its number in the tensor table.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q5_0 => 6,
            Self::Q5_1 => 7,
            Self::Q8_0 => 8,
            Self::Q3K => 11,
            Self::Q4K => 12,
            Self::Q5K => 13,
            Self::Q6K => 14,
            Self::Iq4Nl => 20,
            Self::Bf16 => 30,
        }
    }

    /// Weights in a block.
    #[must_use]
    pub const fn block(self) -> u64 {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => 1,
            Self::Q4_0 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 | Self::Iq4Nl => 32,
            Self::Q3K | Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of a block.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Q4_0 | Self::Iq4Nl => 18,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q3K => 110,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Whether its blocks have scales.
    #[must_use]
    pub const fn is_quantized(self) -> bool {
        self.block() > 1
    }
}

/// Makes pieces of one tensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    kind: Kind,
    stream: u64,
    deviation: f32,
}

/// Pieces begin at a multiple of so many blocks, and so at a whole word.
pub(super) const PIECE_STEP: u64 = 8;

/// Deviation of equally likely whole numbers from 0 to 15, and from 0 to 31, around their mean:
/// sqrt((n² - 1) / 12).
const OF_16: f32 = 4.609_77;
const OF_32: f32 = 9.233_09;
/// From -4 to 3, -32 to 31 and -128 to 127: root of the mean square.
const RMS_OF_8: f32 = 2.345_21;
const RMS_OF_64: f32 = 18.479_72;
const RMS_OF_256: f32 = 73.902_64;
/// Of the values of `kvalues_iq4nl` in `ggml-common.h`.
const RMS_OF_IQ4: f32 = 68.76;
/// Of scales from 32 to 63, and of signed ones from 64 to 127.
const RMS_OF_SCALES: f32 = 48.389;
const RMS_OF_WIDE_SCALES: f32 = 97.26;
/// A sign and any mantissa at one exponent e: 2^e × sqrt(7/3).
const RMS_OF_MANTISSA: f32 = 1.527_53;

impl Weights {
    /// Random weights with the mean 0 and about this deviation; for floating-point types it is met
    /// within a factor of sqrt(2), as all of their exponents are equal.
    #[must_use]
    pub(super) fn new(kind: Kind, stream: u64, deviation: f32) -> Self {
        Self {
            kind,
            stream,
            deviation,
        }
    }

    /// Fills `out`, whole blocks of the tensor from block `first` on, a multiple of [`PIECE_STEP`].
    pub(super) fn fill(&self, first: u64, out: &mut [u8]) {
        debug_assert!(first.is_multiple_of(PIECE_STEP));
        let bytes = self.kind.block_bytes();
        let word = first * bytes as u64 / 8;
        random_bytes(self.stream, word, out);
        let blocks = out.chunks_exact_mut(bytes);
        let s = self.deviation;
        match self.kind {
            Kind::F32 => self.floats(out, 23, 0x807f_ffff),
            Kind::F16 => self.halves(out, 10, 15, 0x83ff),
            Kind::Bf16 => self.halves(out, 7, 127, 0x807f),
            Kind::Q4_0 => either_sign(blocks, 0, s / OF_16),
            Kind::Iq4Nl => either_sign(blocks, 0, s / RMS_OF_IQ4),
            Kind::Q5_0 => either_sign(blocks, 0, s / OF_32),
            Kind::Q8_0 => either_sign(blocks, 0, s / RMS_OF_256),
            Kind::Q5_1 => {
                let (d, m) = (half(s / OF_32), half(-15.5 * s / OF_32));
                blocks.for_each(|block| {
                    block[..2].copy_from_slice(&d);
                    block[2..4].copy_from_slice(&m);
                });
            }
            // The scales are any six bits around 32: signed, and so the mean is 0.
            Kind::Q3K => either_sign(blocks, 108, s / (RMS_OF_64 * RMS_OF_8)),
            Kind::Q4K => scales_and_minima(blocks, s / (RMS_OF_SCALES * OF_16), 7.5),
            Kind::Q5K => scales_and_minima(blocks, s / (RMS_OF_SCALES * OF_32), 15.5),
            Kind::Q6K => {
                let d = half(s / (RMS_OF_WIDE_SCALES * RMS_OF_64));
                blocks.for_each(|block| {
                    for scale in &mut block[192..208] {
                        // 64 to 127, or -128 to -65.
                        *scale = (*scale & 0x3f) | if *scale & 0x40 == 0 { 0x40 } else { 0x80 };
                    }
                    block[208..].copy_from_slice(&d);
                });
            }
        }
    }

    fn exponent(&self) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "a small whole number")]
        let exponent = (self.deviation / RMS_OF_MANTISSA).log2().round() as i32;
        exponent
    }

    fn floats(&self, out: &mut [u8], mantissa: u32, keep: u32) {
        let exponent = (self.exponent() + 127).clamp(1, 254).unsigned_abs() << mantissa;
        for bytes in out.as_chunks_mut::<4>().0 {
            *bytes = ((u32::from_le_bytes(*bytes) & keep) | exponent).to_le_bytes();
        }
    }

    fn halves(&self, out: &mut [u8], mantissa: u32, bias: i32, keep: u16) {
        // Below twice the bias, so that nothing is infinite.
        let exponent = (self.exponent() + bias).clamp(1, 2 * bias).unsigned_abs();
        let exponent = u16::try_from(exponent << mantissa).unwrap_or(0);
        for bytes in out.as_chunks_mut::<2>().0 {
            *bytes = ((u16::from_le_bytes(*bytes) & keep) | exponent).to_le_bytes();
        }
    }
}

/// Sets the scale at a place of each block, with a random sign: where the values of a block are not
/// symmetric (-8 to 7, say) their mean over many blocks is 0 all the same.
fn either_sign(blocks: std::slice::ChunksExactMut<'_, u8>, at: usize, scale: f32) {
    let [low, high] = half(scale);
    for block in blocks {
        let sign = block[at + 1] & 0x80;
        block[at] = low;
        block[at + 1] = high | sign;
    }
}

/// Sets the head of `block_q4_K` and `block_q5_K`: the weight is `d × scale × q - dmin × minimum`, so
/// with equal six bits in scale and minimum the mean of q has to be in `dmin / d`. The packing is
/// that of `get_scale_min_k4`.
fn scales_and_minima(blocks: std::slice::ChunksExactMut<'_, u8>, scale: f32, mean: f32) {
    let (d, dmin) = (half(scale), half(scale * mean));
    for block in blocks {
        block[..2].copy_from_slice(&d);
        block[2..4].copy_from_slice(&dmin);
        for i in 0..4 {
            let low = 32 | (block[4 + i] & 31);
            let high = 32 | (block[8 + i] & 31);
            block[4 + i] = low | (high >> 4) << 6;
            block[8 + i] = block[4 + i];
            block[12 + i] = (high & 15) | (high & 15) << 4;
        }
    }
}

/// The nearest number of 16 bits (IEEE 754 binary16), little endian; for positive and negative numbers
/// below 65 504.
fn half(value: f32) -> [u8; 2] {
    /// The smallest step of a binary16 is 2^-24.
    const SMALLEST: f32 = 16_777_216.0;
    let sign = u16::from(value.is_sign_negative()) << 15;
    let value = value.abs();
    let exponent = i32::try_from((value.to_bits() >> 23) & 255).unwrap_or(0) - 127;
    // Below 2^-14 the steps have all the same width.
    let shift = (-14 - exponent).max(0);
    let mut step = 1.0;
    let mut exponent = exponent.max(-14);
    if shift == 0 {
        step = f32::from_bits(u32::try_from(127 - (exponent + 14)).unwrap_or(127) << 23);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 2048, and positive"
    )]
    let mut mantissa = (value * step * SMALLEST).round() as u16;
    if mantissa == 2048 {
        mantissa = 1024;
        exponent += 1;
    }
    let bits = if mantissa < 1024 {
        mantissa
    } else {
        let biased = u16::try_from(exponent + 15).unwrap_or(0);
        biased << 10 | (mantissa - 1024)
    };
    (sign | bits).to_le_bytes()
}

/// Odd, and without a pattern: 2^64 divided by the golden ratio, as `SplitMix64` steps.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of `SplitMix64` (Steele, Lea and Flood 2014): every bit of the result depends on every
/// bit of the number.
#[must_use]
pub(super) fn mix(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn random_bytes(stream: u64, first_word: u64, out: &mut [u8]) {
    let mut state = stream.wrapping_add(first_word.wrapping_mul(STEP));
    let mut next = || {
        state = state.wrapping_add(STEP);
        mix(state).to_le_bytes()
    };
    let (words, rest) = out.as_chunks_mut::<8>();
    for word in words {
        *word = next();
    }
    let length = rest.len();
    if length > 0 {
        rest.copy_from_slice(&next()[..length]);
    }
}
