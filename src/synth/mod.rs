//! A model file with the shape of a known model and random weights: its speed and memory before it is
//! downloaded.
//!
//! A [`Plan`] is the whole file as a value: the bytes of its header, and for each tensor where it lies
//! and how its bytes are made. Any piece of the weights can be asked for in any order, so that several
//! threads can write a file and the result does not depend on how many. Speed does not depend on what
//! weights say; that they stay finite through all layers is seen to by their deviation, 1/sqrt of the
//! length of a row, and norms of 1.

mod kind;
mod metadata;
mod quantization;
mod shape;
mod tensors;
#[cfg(test)]
mod tests;
mod tokenizer;

pub use kind::Kind;
use kind::{PIECE_STEP, Weights, mix};
pub use quantization::Quantization;
pub use shape::{Architecture, Experts, Shape};
pub use tokenizer::{FEWEST_TOKENS, MOST_TOKENS, Tokenizer};

/// Where each tensor begins is rounded up to this: the default of the format.
const ALIGNMENT: u64 = 32;

/// About so many bytes are made at a time: large enough that a write costs nothing, small enough that
/// it stays in a cache.
const PIECE_BYTES: u64 = 1 << 20;

/// A file that can be written.
#[derive(Debug, Clone)]
pub struct Plan {
    header: Vec<u8>,
    tensors: Vec<Tensor>,
    file_bytes: u64,
}

/// A tensor of a plan.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its lengths, the contiguous one first.
    pub lengths: Vec<u64>,
    /// Its type.
    pub kind: Kind,
    /// Where it begins in the file.
    pub offset: u64,
    content: Content,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Random {
        stream: u64,
        deviation: f32,
    },
    Constant(f32),
    /// The decay of each entry of a state: -1, -2, … as Mamba is initialised.
    Decay {
        states: u64,
    },
}

/// Some blocks of a tensor, to be made and written in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    tensor: usize,
    first_block: u64,
    /// Where it lies in the file.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: usize,
}

impl Plan {
    /// The file of a shape; the same arguments give the same bytes.
    #[must_use]
    pub fn new(
        shape: &Shape,
        quantization: Quantization,
        tokenizer: &Tokenizer,
        seed: u64,
    ) -> Self {
        let named = tensors::tensors(shape);
        let kinds = quantization::kinds(shape, quantization, &named);
        let mut offset = 0u64;
        let mut tensors = Vec::with_capacity(named.len());
        for (index, ((name, lengths), kind)) in named.into_iter().zip(kinds).enumerate() {
            let stream = mix(mix(seed).wrapping_add(index as u64));
            let content = content(&name, &lengths, stream);
            let tensor = Tensor {
                name,
                lengths,
                kind,
                offset,
                content,
            };
            offset = (offset + tensor.bytes()).next_multiple_of(ALIGNMENT);
            tensors.push(tensor);
        }
        let mut header = header(shape, quantization, tokenizer, &tensors);
        let start = (header.len() as u64).next_multiple_of(ALIGNMENT);
        header.resize(usize::try_from(start).unwrap_or(header.len()), 0);
        for tensor in &mut tensors {
            tensor.offset += start;
        }
        Self {
            header,
            tensors,
            file_bytes: start + offset,
        }
    }

    /// The bytes before the weights.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The tensors, in the order of the file.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Size of the file in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Number of weights.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors.iter().map(Tensor::elements).sum()
    }

    /// The weights in pieces, in the order of the file.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> {
        self.tensors.iter().enumerate().flat_map(|(index, tensor)| {
            let block = tensor.kind.block_bytes();
            let blocks = tensor.elements() / tensor.kind.block();
            let step = (PIECE_BYTES / block as u64).next_multiple_of(PIECE_STEP);
            let firsts = (0..blocks).step_by(usize::try_from(step).unwrap_or(1));
            firsts.map(move |first_block| Piece {
                tensor: index,
                first_block,
                offset: tensor.offset + first_block * block as u64,
                bytes: usize::try_from(step.min(blocks - first_block)).unwrap_or(0) * block,
            })
        })
    }

    /// Makes a piece of this plan in `out`, which is as long as the piece.
    pub fn make(&self, piece: Piece, out: &mut [u8]) {
        let tensor = &self.tensors[piece.tensor];
        match tensor.content {
            Content::Random { stream, deviation } => {
                Weights::new(tensor.kind, stream, deviation).fill(piece.first_block, out);
            }
            Content::Constant(value) => {
                for bytes in out.as_chunks_mut::<4>().0 {
                    *bytes = value.to_le_bytes();
                }
            }
            Content::Decay { states } => {
                for (place, bytes) in (piece.first_block..).zip(out.as_chunks_mut::<4>().0) {
                    let state = u16::try_from(place % states).unwrap_or(0);
                    *bytes = (-f32::from(state) - 1.0).to_le_bytes();
                }
            }
        }
    }
}

impl Tensor {
    /// How many weights it has.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.lengths.iter().product()
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.elements() / self.kind.block() * self.kind.block_bytes() as u64
    }
}

fn content(name: &str, lengths: &[u64], stream: u64) -> Content {
    /// softplus(-4.6) = 0.01: a time step in the middle of those that Mamba begins with.
    const TIME_STEP: f32 = -4.6;
    /// Where embeddings are multiplied first (Gemma, Granite) and are the output matrix too, a token
    /// would otherwise be most like itself, and the model would repeat its last one for ever.
    const EMBEDDING_SCALE: f32 = 0.1;
    if name.ends_with("ssm_a") {
        return Content::Decay {
            states: lengths.first().copied().unwrap_or(1).max(1),
        };
    }
    if lengths.len() < 2 {
        return Content::Constant(if name.ends_with("ssm_dt.bias") {
            TIME_STEP
        } else if name.ends_with(".bias") {
            0.0
        } else {
            1.0
        });
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "the length of a row is far below 2^24"
    )]
    let row = lengths.first().copied().unwrap_or(1).max(1) as f32;
    let scale = if name == "token_embd.weight" {
        EMBEDDING_SCALE
    } else {
        1.0
    };
    Content::Random {
        stream,
        deviation: scale / row.sqrt(),
    }
}

/// The bytes before the weights, not yet aligned. The format: `docs/gguf.md` in the ggml repository.
fn header(
    shape: &Shape,
    quantization: Quantization,
    tokenizer: &Tokenizer,
    tensors: &[Tensor],
) -> Vec<u8> {
    /// The version of the format.
    const VERSION: u32 = 3;
    let pairs = metadata::pairs(shape, quantization);
    let mut header = b"GGUF".to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend((tensors.len() as u64).to_le_bytes());
    header.extend((pairs.count + tokenizer.pairs.count).to_le_bytes());
    header.extend(&pairs.bytes);
    header.extend(&tokenizer.pairs.bytes);
    for tensor in tensors {
        metadata::put_string(&mut header, tensor.name.as_bytes());
        let dimensions = u32::try_from(tensor.lengths.len()).unwrap_or(0);
        header.extend(dimensions.to_le_bytes());
        for length in &tensor.lengths {
            header.extend(length.to_le_bytes());
        }
        header.extend(tensor.kind.number().to_le_bytes());
        header.extend(tensor.offset.to_le_bytes());
    }
    header
}
