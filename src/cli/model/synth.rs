//! `model synth` on the command line.

use std::io;
use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::model::synth::{Sizes, SynthRequest, TokenizerSource, list, synth};
use crate::store::Paths;
use crate::ui::Console;
use crate::vendor::source::SourcePlan;

/// Write a model with random weights: speed and memory before the download
///
/// The file has the tensors, types and size of the real model, and llama.cpp runs it as fast and in as
/// much memory. What it answers is noise. The tokenizer comes from llama.cpp's sources where there are
/// any (after `orchestrate build`), and is a simple one of our own elsewhere. The same flags, seed and
/// tokenizer give the same file.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate model synth --list
  orchestrate model synth --like qwen2.5-coder-1.5b --quant q4_k_m -o big.gguf
  orchestrate model synth --like llama-3.2-1b --layers 4 -o quarter.gguf
  orchestrate model synth --arch llama --layers 8 --embd 1024 --heads 16 \\
      --kv-heads 4 --ffn 4096 --vocab 32000 --quant q8_0 -o own.gguf
  orchestrate run coder -m ./big.gguf --set max_tokens=64 \"anything\"")]
pub(super) struct SynthArgs {
    /// The known model to be like, such as llama-3.1-8b; --list shows all
    #[arg(long, value_name = "MODEL", conflicts_with = "arch")]
    like: Option<String>,
    /// List the models that are known, with the size of each at --quant
    #[arg(long, conflicts_with_all = ["like", "arch", "output"])]
    list: bool,
    /// How the weights are quantised, as llama-quantize names it
    #[arg(long, value_name = "TYPE", default_value = "q4_k_m")]
    quant: String,
    /// The file to write [default: synthetic-MODEL-TYPE.gguf]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Another seed gives other weights
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// `own`, or a GGUF file to take the tokenizer from
    #[arg(long, value_name = "own|FILE")]
    tokenizer: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sizes: SizeArgs,
}

/// Sizes, for a shape of one's own.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Another shape (with --like: what differs from it)")]
struct SizeArgs {
    /// The architecture, such as llama or qwen3; needs the sizes down to --vocab
    #[arg(long, value_name = "NAME")]
    arch: Option<String>,
    /// Number of layers
    #[arg(long, value_name = "N")]
    layers: Option<u64>,
    /// Width of the model
    #[arg(long, value_name = "N")]
    embd: Option<u64>,
    /// Heads of attention
    #[arg(long, value_name = "N")]
    heads: Option<u64>,
    /// Heads of keys and values
    #[arg(long, value_name = "N")]
    kv_heads: Option<u64>,
    /// Width of the feed-forward network (of each expert, where there are experts)
    #[arg(long, value_name = "N")]
    ffn: Option<u64>,
    /// Tokens in the vocabulary
    #[arg(long, value_name = "N")]
    vocab: Option<u64>,
    /// Width of a head [default: embd / heads]
    #[arg(long, value_name = "N")]
    head: Option<u64>,
    /// Tokens of context trained
    #[arg(long, value_name = "N")]
    context: Option<u64>,
    /// Number of experts, where the architecture has them
    #[arg(long, value_name = "N")]
    experts: Option<u64>,
    /// Experts that each token is sent to
    #[arg(long, value_name = "N")]
    experts_used: Option<u64>,
}

impl SynthArgs {
    fn request(self, paths: &Paths) -> SynthRequest {
        let tokenizer = match self.tokenizer {
            None => TokenizerSource::Sources(vocabularies(paths)),
            Some(word) if word.as_os_str() == "own" => TokenizerSource::Own,
            Some(file) => TokenizerSource::File(file),
        };
        let sizes = self.sizes;
        SynthRequest {
            like: self.like,
            architecture: sizes.arch,
            sizes: Sizes {
                layers: sizes.layers,
                embd: sizes.embd,
                heads: sizes.heads,
                kv_heads: sizes.kv_heads,
                head: sizes.head,
                ffn: sizes.ffn,
                vocab: sizes.vocab,
                context: sizes.context,
                experts: sizes.experts,
                experts_used: sizes.experts_used,
            },
            quantization: self.quant,
            output: self.output,
            seed: self.seed,
            tokenizer,
            force: self.force,
            json: self.json,
        }
    }
}

/// The directory of vocabularies in the sources that `orchestrate build` would use.
fn vocabularies(paths: &Paths) -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    let sources = SourcePlan::decide(&current, None, &paths.cache).ok()?;
    Some(sources.dir.join("models"))
}

pub(super) async fn run(args: SynthArgs, paths: &Paths, console: Console) -> Result<Exit, Failure> {
    let shown = args.list;
    let request = args.request(paths);
    let out = &mut io::stdout();
    if shown {
        list(request.quantization()?, request.json, out).map_err(Failure::Output)?;
    } else {
        synth(&request, console, out).await?;
    }
    Ok(Exit::Done)
}
