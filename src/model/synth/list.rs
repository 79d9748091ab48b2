//! `model synth --list`: the shapes that are built in.

use std::io::{self, Write};

use serde::Serialize;

use crate::synth::{Plan, Quantization, Shape, Tokenizer};
use crate::ui::table;
use crate::units::Bytes;

/// The number changes when a field changes its meaning.
const SCHEMA: &str = "orchestrate.model-shapes/1";

/// A shape, as `--json` tells it.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    architecture: &'static str,
    parameters: u64,
    layers: u64,
    embedding_length: u64,
    heads: u64,
    kv_heads: u64,
    feed_forward_length: u64,
    vocabulary_tokens: u64,
    context_tokens: u64,
    experts: Option<u64>,
    experts_used: Option<u64>,
    file_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Shapes {
    schema: &'static str,
    /// The quantisation that the sizes are for.
    quantization: &'static str,
    shapes: Vec<Row>,
}

/// Lists the known shapes, and the size of their files in a quantisation.
///
/// # Errors
/// When the answer cannot be written.
pub fn list(quantization: Quantization, json: bool, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Row> = Shape::known()
        .iter()
        .map(|shape| row(shape, quantization))
        .collect();
    if json {
        let shapes = Shapes {
            schema: SCHEMA,
            quantization: quantization.name(),
            shapes: rows,
        };
        serde_json::to_writer_pretty(&mut *out, &shapes)?;
        return writeln!(out);
    }
    let head = [
        "NAME",
        "ARCHITECTURE",
        "WEIGHTS",
        "LAYERS",
        "WIDTH",
        "CONTEXT",
        quantization.name(),
    ];
    let mut cells = vec![head.map(str::to_owned).to_vec()];
    cells.extend(rows.iter().map(|row| {
        vec![
            row.name.to_owned(),
            row.architecture.to_owned(),
            count(row.parameters),
            row.layers.to_string(),
            row.embedding_length.to_string(),
            row.context_tokens.to_string(),
            Bytes(row.file_bytes).to_string(),
        ]
    }));
    table::write(&cells, &[2, 3, 4, 5, 6], out)
}

fn row(shape: &Shape, quantization: Quantization) -> Row {
    // The size of the vocabulary's texts depends on where they are from; this is about right.
    let plan = Plan::new(shape, quantization, &Tokenizer::own(shape.vocab), 0);
    Row {
        name: shape.name,
        architecture: shape.architecture.name(),
        parameters: plan.parameters(),
        layers: shape.layers,
        embedding_length: shape.embd,
        heads: shape.heads,
        kv_heads: shape.kv_heads,
        feed_forward_length: shape.ffn,
        vocabulary_tokens: shape.vocab,
        context_tokens: shape.context,
        experts: shape.experts.map(|experts| experts.count),
        experts_used: shape.experts.map(|experts| experts.used),
        file_bytes: plan.file_bytes(),
    }
}

/// A number of weights in short, such as `1.54 B`.
pub(super) fn count(parameters: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "two digits after the point are shown"
    )]
    let parameters = parameters as f64;
    if parameters < 1e9 {
        format!("{:.0} M", parameters / 1e6)
    } else {
        format!("{:.2} B", parameters / 1e9)
    }
}
