//! What is to be written, from the words of the command line to a shape.

use std::path::PathBuf;

use super::SynthError;
use crate::synth::{Architecture, FEWEST_TOKENS, MOST_TOKENS, Quantization, Shape};

/// What `model synth` is asked for.
#[derive(Debug, Clone, Default)]
pub struct SynthRequest {
    /// The known model whose shape it has.
    pub like: Option<String>,
    /// Else the architecture; then all sizes have to be given.
    pub architecture: Option<String>,
    /// Sizes that differ from those of `like`.
    pub sizes: Sizes,
    /// The quantisation, as llama-quantize names it.
    pub quantization: String,
    /// The file to write; without one, a name in the current directory.
    pub output: Option<PathBuf>,
    /// Decides every weight.
    pub seed: u64,
    /// Where the tokenizer is taken from.
    pub tokenizer: TokenizerSource,
    /// Whether a file that is there is replaced.
    pub force: bool,
    /// Whether the answer is JSON.
    pub json: bool,
}

/// Where a tokenizer is taken from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TokenizerSource {
    /// From this directory of vocabularies, if there is one and it has the right one, else our own.
    Sources(Option<PathBuf>),
    /// Our own.
    #[default]
    Own,
    /// A GGUF file's.
    File(PathBuf),
}

/// Sizes of a shape; `None` is the known model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Number of layers.
    pub layers: Option<u64>,
    /// Width of the model.
    pub embd: Option<u64>,
    /// Heads of attention.
    pub heads: Option<u64>,
    /// Heads of keys and values.
    pub kv_heads: Option<u64>,
    /// Width of a head.
    pub head: Option<u64>,
    /// Width of the feed-forward network, or of an expert.
    pub ffn: Option<u64>,
    /// Tokens in the vocabulary.
    pub vocab: Option<u64>,
    /// Tokens of context trained.
    pub context: Option<u64>,
    /// Experts, and how many of them a token is sent to.
    pub experts: Option<u64>,
    /// How many experts a token is sent to.
    pub experts_used: Option<u64>,
}

/// Bounds of sizes: far above any model, and their product is far below 2^64.
const MOST_LAYERS: u64 = 1000;
const MOST_WIDE: u64 = 1 << 17;
const MOST_HEADS: u64 = 1 << 10;
const MOST_CONTEXT: u64 = 1 << 30;

impl SynthRequest {
    /// The shape that is meant.
    ///
    /// # Errors
    /// An unknown name, or sizes that do not go together.
    pub fn shape(&self) -> Result<Shape, SynthError> {
        let base = match (&self.like, &self.architecture) {
            (Some(name), _) => Shape::named(name).ok_or_else(|| unknown_shape(name))?,
            (None, Some(name)) => {
                let shape = Shape::of(&name.to_lowercase());
                self.sizes.require_all()?;
                shape.ok_or_else(|| SynthError::UnknownArchitecture {
                    name: name.clone(),
                    known: Shape::architectures().join(", "),
                })?
            }
            (None, None) => {
                let what = "say which with --like NAME, or with --arch NAME and its sizes; --list shows the names";
                return Err(SynthError::Shape(what.to_owned()));
            }
        };
        if base.experts.is_none() && self.sizes.experts.or(self.sizes.experts_used).is_some() {
            let what = format!(
                "{} has no experts: leave out --experts and --experts-used, or choose another with --arch",
                base.architecture.name()
            );
            return Err(SynthError::Shape(what));
        }
        let shape = self.sizes.apply(base);
        check(&shape).map_err(SynthError::Shape)?;
        Ok(shape)
    }

    /// The quantisation that is meant.
    ///
    /// # Errors
    /// An unknown name.
    pub fn quantization(&self) -> Result<Quantization, SynthError> {
        Quantization::named(&self.quantization).ok_or_else(|| SynthError::UnknownQuantization {
            name: self.quantization.clone(),
            known: Quantization::names().collect::<Vec<_>>().join(", "),
        })
    }

    /// The file to write. A name of our own says that it is no real model.
    pub(super) fn output(&self, shape: &Shape, quantization: Quantization) -> PathBuf {
        let named = || {
            let quantization = quantization.name().to_lowercase();
            format!("synthetic-{}-{quantization}.gguf", shape.name).into()
        };
        self.output.clone().unwrap_or_else(named)
    }
}

fn unknown_shape(name: &str) -> SynthError {
    /// Below this `strsim::jaro_winkler` is chance.
    const ALIKE: f64 = 0.8;
    let likeness = |shape: &&Shape| strsim::jaro_winkler(shape.name, &name.to_lowercase());
    let best = Shape::known()
        .iter()
        .map(|shape| (likeness(&shape), shape.name));
    let best = best.max_by(|(one, _), (other, _)| one.total_cmp(other));
    SynthError::UnknownShape {
        name: name.to_owned(),
        hint: best
            .filter(|(likeness, _)| *likeness > ALIKE)
            .map(|(_, name)| name),
    }
}

impl Sizes {
    fn require_all(&self) -> Result<(), SynthError> {
        let needed = [
            ("--layers", self.layers),
            ("--embd", self.embd),
            ("--heads", self.heads),
            ("--kv-heads", self.kv_heads),
            ("--ffn", self.ffn),
            ("--vocab", self.vocab),
        ];
        let missing = needed.iter().filter(|(_, size)| size.is_none());
        let missing: Vec<_> = missing.map(|(name, _)| *name).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let what = format!(
            "--arch needs all of its sizes, and {} is missing",
            missing.join(", ")
        );
        Err(SynthError::Shape(what))
    }

    fn apply(&self, base: &Shape) -> Shape {
        let mut shape = *base;
        if *self == Self::default() {
            return shape;
        }
        shape.name = "custom";
        let set = |field: &mut u64, size: Option<u64>| *field = size.unwrap_or(*field);
        set(&mut shape.layers, self.layers);
        set(&mut shape.embd, self.embd);
        set(&mut shape.heads, self.heads);
        set(&mut shape.kv_heads, self.kv_heads);
        set(&mut shape.ffn, self.ffn);
        set(&mut shape.vocab, self.vocab);
        set(&mut shape.context, self.context);
        if self.embd.or(self.heads).is_some() && shape.heads > 0 {
            shape.head = shape.embd / shape.heads;
        }
        set(&mut shape.head, self.head);
        if let Some(experts) = &mut shape.experts {
            set(&mut experts.count, self.experts);
            set(&mut experts.used, self.experts_used);
            set(&mut experts.ffn, self.ffn);
        }
        shape
    }
}

/// What llama.cpp would refuse, or nobody means.
fn check(shape: &Shape) -> Result<(), String> {
    let within = |name: &str, value: u64, least: u64, most: u64| {
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(format!(
                "{name} is {value}, and has to be from {least} to {most}"
            ))
        }
    };
    within("--layers", shape.layers, 1, MOST_LAYERS)?;
    within("--embd", shape.embd, 32, MOST_WIDE)?;
    within("--vocab", shape.vocab, FEWEST_TOKENS, MOST_TOKENS)?;
    within("--context", shape.context, 1, MOST_CONTEXT)?;
    if let Some(experts) = shape.experts {
        within("--experts", experts.count, 1, MOST_HEADS)?;
        within("--experts-used", experts.used, 1, experts.count)?;
    }
    if shape.architecture == Architecture::Mamba {
        return Ok(());
    }
    within("--ffn", shape.ffn, 32, MOST_WIDE)?;
    within("--heads", shape.heads, 1, MOST_HEADS)?;
    within("--kv-heads", shape.kv_heads, 1, shape.heads)?;
    within("--head", shape.head, 2, MOST_WIDE)?;
    if !shape.heads.is_multiple_of(shape.kv_heads) {
        let (heads, kv) = (shape.heads, shape.kv_heads);
        return Err(format!(
            "{heads} heads cannot share {kv} of keys and values evenly"
        ));
    }
    let fixed = matches!(
        shape.architecture,
        Architecture::Qwen2 | Architecture::Phi3 | Architecture::Olmoe | Architecture::Lfm2
    );
    if fixed && shape.heads * shape.head != shape.embd {
        let (name, heads, head) = (shape.architecture.name(), shape.heads, shape.head);
        return Err(format!(
            "in {name}, heads × width of a head is the width of the model, but {heads} × {head} is not {}",
            shape.embd
        ));
    }
    if shape.architecture == Architecture::Olmoe && shape.heads != shape.kv_heads {
        return Err("in olmoe, there are as many --kv-heads as --heads".to_owned());
    }
    if !shape.head.is_multiple_of(2) {
        return Err(format!(
            "the width of a head is {}, and has to be even",
            shape.head
        ));
    }
    Ok(())
}
