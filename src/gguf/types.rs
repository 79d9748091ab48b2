//! The types of tensors and of metadata, and the names of quantisations.

/// A type of tensor as ggml knows it: `(number, name, elements per block, bytes per block)`.
///
/// Source: `ggml_type` in `ggml.h` and `block_*` in `ggml-common.h` of b11434. Numbers that are
/// missing were removed from the format.
pub(super) const TENSOR_TYPES: [(u32, &str, u64, u64); 35] = [
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (39, "MXFP4", 32, 17),
    (40, "NVFP4", 64, 36),
    (41, "Q1_0", 128, 18),
    (42, "Q2_0", 64, 18),
];

/// Names of `general.file_type`. Source: `llama_ftype` in `llama.h` of b11434.
const FILE_TYPES: [(u64, &str); 36] = [
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (7, "Q8_0"),
    (8, "Q5_0"),
    (9, "Q5_1"),
    (10, "Q2_K"),
    (11, "Q3_K_S"),
    (12, "Q3_K_M"),
    (13, "Q3_K_L"),
    (14, "Q4_K_S"),
    (15, "Q4_K_M"),
    (16, "Q5_K_S"),
    (17, "Q5_K_M"),
    (18, "Q6_K"),
    (19, "IQ2_XXS"),
    (20, "IQ2_XS"),
    (21, "Q2_K_S"),
    (22, "IQ3_XS"),
    (23, "IQ3_XXS"),
    (24, "IQ1_S"),
    (25, "IQ4_NL"),
    (26, "IQ3_S"),
    (27, "IQ3_M"),
    (28, "IQ2_S"),
    (29, "IQ2_M"),
    (30, "IQ4_XS"),
    (31, "IQ1_M"),
    (32, "BF16"),
    (36, "TQ1_0"),
    (37, "TQ2_0"),
    (38, "MXFP4_MOE"),
    (39, "NVFP4"),
    (40, "Q1_0"),
    (41, "Q2_0"),
];

/// The name of a type of tensor.
pub(super) fn tensor_type_name(number: u32) -> Option<&'static str> {
    tensor_type(number).map(|(_, name, _, _)| *name)
}

/// The bytes that so many elements take; `None` for an unknown type.
pub(crate) fn tensor_bytes(number: u32, elements: u64) -> Option<u64> {
    let (_, _, block, bytes) = tensor_type(number)?;
    elements.div_ceil(*block).checked_mul(*bytes)
}

/// How many elements a block of this type has; `None` for an unknown type.
pub(super) fn block_elements(number: u32) -> Option<u64> {
    tensor_type(number).map(|(_, _, elements, _)| *elements)
}

/// How many bytes a block of this type takes; `None` for an unknown type.
pub(super) fn block_bytes(number: u32) -> Option<u64> {
    tensor_type(number).map(|(_, _, _, bytes)| *bytes)
}

fn tensor_type(number: u32) -> Option<&'static (u32, &'static str, u64, u64)> {
    TENSOR_TYPES.iter().find(|(known, ..)| *known == number)
}

/// The name of a file type.
pub(super) fn file_type_name(number: u64) -> Option<&'static str> {
    FILE_TYPES
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, name)| *name)
}

/// A type of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    /// A number or truth value of so many bytes.
    Fixed {
        /// Its bytes.
        bytes: u64,
        /// Whether it is an integer that is not negative when its sign bit is clear.
        integer: bool,
    },
    /// Text.
    String,
    /// A list of one of the other types.
    Array,
}

impl ValueType {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        let fixed = |bytes, integer| Some(Self::Fixed { bytes, integer });
        match number {
            0 | 1 | 7 => fixed(1, true),
            2 | 3 => fixed(2, true),
            4 | 5 => fixed(4, true),
            6 => fixed(4, false),
            8 => Some(Self::String),
            9 => Some(Self::Array),
            10 | 11 => fixed(8, true),
            12 => fixed(8, false),
            _ => None,
        }
    }
}
