//! What it takes to read the header of a model with a large vocabulary: 150 000 tokens and as many merges,
//! scores and types, as the largest models have. Exits with 1 when it takes longer than promised.
//!
//! Beside it stands a plain read of the same bytes: what a reader that understood nothing would take.
#![expect(
    clippy::disallowed_types,
    reason = "this measures with the real clock, and has nothing to wait for"
)]

#[path = "../../tests/common/gguf.rs"]
mod made;

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use made::{F32, Made};
use orchestrate::gguf::GgufHeader;
use orchestrate::stats::median;

const TOKENS: u32 = 150_000;
const TENSORS: usize = 700;
/// Most time for it, in milliseconds.
const MOST_MS: f64 = 50.0;
const ROUNDS: usize = 21;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut file = tempfile::NamedTempFile::new()?;
    let bytes = model();
    file.write_all(&bytes)?;
    let (mut header_ms, mut plain_ms) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        header_ms.push(timed(|| read_header(file.path()))?);
        plain_ms.push(timed(|| read_plainly(file.path()))?);
    }
    let (Some(header), Some(plain)) = (median(&header_ms), median(&plain_ms)) else {
        unreachable!("there are rounds, and all of them were timed");
    };
    println!(
        "header of {TOKENS} tokens and {TENSORS} tensors, {:.1} MB, median of {ROUNDS}",
        bytes.len() as f64 / 1e6
    );
    println!("plain read   {plain:>8.2} ms");
    println!("header       {header:>8.2} ms   limit {MOST_MS} ms");
    println!("ratio        {:>8.2}", header / plain);
    let is_kept = header <= MOST_MS;
    println!("promise {}", if is_kept { "kept" } else { "BROKEN" });
    Ok(ExitCode::from(u8::from(!is_kept)))
}

fn model() -> Vec<u8> {
    let tokens: Vec<String> = (0..TOKENS).map(|number| format!("token{number}")).collect();
    let merges: Vec<String> = (0..TOKENS)
        .map(|number| format!("to ken{number}"))
        .collect();
    let zeros: Vec<u32> = vec![0; tokens.len()];
    let mut made = Made::new()
        .text("general.architecture", "qwen2")
        .texts("tokenizer.ggml.tokens", &tokens)
        .numbers("tokenizer.ggml.token_type", &zeros)
        .numbers("tokenizer.ggml.scores", &zeros)
        .texts("tokenizer.ggml.merges", &merges);
    for number in 0..TENSORS {
        made = made.tensor(&format!("blk.{number}.weight"), &[8], F32, &[0; 32]);
    }
    made.bytes()
}

fn timed(work: impl Fn() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

fn read_header(path: &Path) -> Result<(), Box<dyn Error>> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let header = GgufHeader::read(file, bytes)?;
    if header.vocabulary != Some(u64::from(TOKENS)) {
        return Err("the vocabulary was not read".into());
    }
    Ok(())
}

fn read_plainly(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 << 10];
    while file.read(&mut buffer)? > 0 {}
    Ok(())
}
