//! A model as programs read it: the types that are printed as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::gguf::{GgufHeader, Tensor};
use crate::memory::{CacheType, ContextShape, Layer};
use crate::store::ModelParts;

/// Name and version of the JSON form. A field that changes its meaning changes it.
const SCHEMA: &str = "orchestrate.model/1";
/// For how many tokens of context the memory is told.
const CONTEXTS: [u64; 5] = [2048, 4096, 8192, 16_384, 32_768];
/// Tokens of a prompt that are read at a time; llama.cpp's default (`n_ubatch`). A window of the context
/// holds so many more.
const MICRO_BATCH: u64 = 512;

/// One model. `null` is what its header does not tell.
#[derive(Debug, Serialize)]
pub(super) struct Facts<'a> {
    schema: &'static str,
    pub(super) files: Vec<File<'a>>,
    pub(super) missing_files: Vec<&'a Path>,
    pub(super) parts: u64,
    pub(super) file_bytes: u64,
    pub(super) gguf_version: u32,
    pub(super) byte_order: &'static str,
    /// What keeps llama.cpp from loading it here; `null` where nothing is known to.
    pub(super) not_loadable: Option<String>,
    pub(super) kind: &'static str,
    pub(super) name: Option<&'a str>,
    pub(super) architecture: &'a str,
    pub(super) parameters: u64,
    pub(super) active_parameters: u64,
    pub(super) quantization: Option<&'a str>,
    pub(super) weight_bytes: u64,
    pub(super) tensors: u64,
    pub(super) tensor_types: Vec<Share>,
    pub(super) context_length: Option<u64>,
    pub(super) layers: Option<u64>,
    pub(super) embedding_length: Option<u64>,
    pub(super) heads: Option<Spread>,
    pub(super) kv_heads: Option<Spread>,
    pub(super) experts: Option<u64>,
    pub(super) experts_used: Option<u64>,
    pub(super) tokenizer: Option<&'a str>,
    pub(super) pre_tokenizer: Option<&'a str>,
    pub(super) vocabulary_tokens: Option<u64>,
    pub(super) has_chat_template: bool,
    pub(super) chat_template_bytes: Option<u64>,
    pub(super) special_tokens: Vec<Special<'a>>,
    pub(super) window_tokens: Option<u64>,
    pub(super) layer_groups: Vec<LayerGroup>,
    pub(super) micro_batch_tokens: u64,
    pub(super) memory: Vec<Memory>,
}

#[derive(Debug, Serialize)]
pub(super) struct File<'a> {
    pub(super) path: &'a Path,
    pub(super) bytes: u64,
    pub(super) tensors: u64,
}

/// What one type of tensor takes.
#[derive(Debug, Serialize)]
pub(super) struct Share {
    /// `null` of a type that is newer than this program.
    #[serde(rename = "type")]
    pub(super) name: Option<&'static str>,
    pub(super) type_number: u32,
    pub(super) tensors: u64,
    pub(super) parameters: u64,
    pub(super) bytes: u64,
    pub(super) percent_of_bytes: f64,
}

/// The least and the most of a number that layers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Spread {
    pub(super) min: u64,
    pub(super) max: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Special<'a> {
    pub(super) name: &'a str,
    pub(super) id: u64,
    pub(super) text: Option<&'a str>,
}

/// Layers whose share of the context is alike.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct LayerGroup {
    /// First and last of each run of them, from 0.
    pub(super) ranges: Vec<[usize; 2]>,
    pub(super) layers: usize,
    pub(super) key_width: u64,
    pub(super) value_width: u64,
    pub(super) windowed: bool,
    pub(super) state_numbers: u64,
}

/// What a context of so many tokens takes.
#[derive(Debug, Serialize)]
pub(super) struct Memory {
    pub(super) context_tokens: u64,
    pub(super) weight_bytes: u64,
    pub(super) kv_f16_bytes: u64,
    pub(super) total_bytes: u64,
    pub(super) above_trained_context: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn new(model: &'a ModelParts, texts: &'a BTreeMap<u64, String>) -> Self {
        let header = &model.header;
        let shape = ContextShape::of(header);
        let experts = header.experts();
        let file = |file: &'a crate::store::ModelFile| File {
            path: &file.path,
            bytes: file.bytes,
            tensors: file.header.tensors,
        };
        let special = |(name, &id): (&'a String, &u64)| Special {
            name,
            id,
            text: texts.get(&id).map(String::as_str),
        };
        Self {
            schema: SCHEMA,
            files: model.files.iter().map(file).collect(),
            missing_files: model
                .missing
                .iter()
                .map(std::path::PathBuf::as_path)
                .collect(),
            parts: header.parts(),
            file_bytes: model.bytes(),
            gguf_version: header.version,
            byte_order: header.byte_order.name(),
            not_loadable: not_loadable(model),
            kind: kind(header),
            name: header.name.as_deref(),
            architecture: &header.architecture,
            parameters: header.parameters,
            active_parameters: header.active_parameters(),
            quantization: header.quantization.as_deref(),
            weight_bytes: header.weight_bytes,
            tensors: header.tensors,
            tensor_types: shares(&header.table, header.weight_bytes),
            context_length: header.context_length(),
            layers: header.block_count(),
            embedding_length: header.embedding_length(),
            heads: spread(header, "attention.head_count"),
            kv_heads: spread(header, "attention.head_count_kv"),
            experts: experts.map(|(total, _)| total),
            experts_used: experts.map(|(_, used)| used),
            tokenizer: header.tokenizer.as_deref(),
            pre_tokenizer: header.text("tokenizer.ggml.pre"),
            vocabulary_tokens: header.vocabulary,
            has_chat_template: header.has_chat_template,
            chat_template_bytes: header.chat_template_bytes,
            special_tokens: header.special_tokens().iter().map(special).collect(),
            window_tokens: shape.as_ref().and_then(|shape| shape.window),
            layer_groups: shape
                .as_ref()
                .map_or_else(Vec::new, |shape| groups(&shape.layers)),
            micro_batch_tokens: MICRO_BATCH,
            memory: shape.map_or_else(Vec::new, |shape| memory(header, &shape)),
        }
    }
}

fn not_loadable(model: &ModelParts) -> Option<String> {
    let header = model.header.require_loadable();
    let header = header.err().map(|error| error.to_string());
    let missing = model.missing.len();
    let parts = || {
        format!(
            "{missing} of its {} parts are missing",
            model.header.parts()
        )
    };
    header.or_else(|| (missing > 0).then(parts))
}

/// What the file is for: some GGUF files are no models of their own.
pub(in crate::model) fn kind(header: &GgufHeader) -> &'static str {
    match header.text("general.type") {
        Some("adapter") => "adapter",
        Some("mmproj") => "projector",
        _ if header.architecture == "clip" => "projector",
        _ if !header.has_weights() && header.parts() == 1 => "vocabulary",
        _ => "model",
    }
}

fn shares(table: &[Tensor], all: u64) -> Vec<Share> {
    let mut types: BTreeMap<u32, Share> = BTreeMap::new();
    for tensor in table {
        let share = types.entry(tensor.kind).or_insert(Share {
            name: tensor.type_name(),
            type_number: tensor.kind,
            tensors: 0,
            parameters: 0,
            bytes: 0,
            percent_of_bytes: 0.0,
        });
        share.tensors += 1;
        share.parameters = share.parameters.saturating_add(tensor.elements);
        share.bytes = share.bytes.saturating_add(tensor.bytes);
    }
    let mut shares: Vec<Share> = types.into_values().collect();
    for share in &mut shares {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a few digits of a percentage are shown"
        )]
        let percent = share.bytes as f64 * 100.0 / all.max(1) as f64;
        // Thousandths say enough, and are the same on every machine.
        share.percent_of_bytes = (percent * 1000.0).round() / 1000.0;
    }
    shares.sort_by_key(|share| std::cmp::Reverse(share.bytes));
    shares
}

fn spread(header: &GgufHeader, key: &str) -> Option<Spread> {
    let layers = usize::try_from(header.block_count()?).ok()?;
    // One number stands for any number of layers.
    let layers = if header.number(key).is_some() {
        1
    } else {
        layers
    };
    let numbers = header.numbers_by_layer(key, layers)?;
    Some(Spread {
        min: numbers.iter().copied().min()?,
        max: numbers.iter().copied().max()?,
    })
}

/// Equal layers together, in the order in which they first come.
pub(super) fn groups(layers: &[Layer]) -> Vec<LayerGroup> {
    let mut groups: Vec<(Layer, LayerGroup)> = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let known = groups.iter().position(|(known, _)| known == layer);
        let at = known.unwrap_or_else(|| {
            let group = LayerGroup {
                ranges: Vec::new(),
                layers: 0,
                key_width: layer.key_width,
                value_width: layer.value_width,
                windowed: layer.windowed,
                state_numbers: layer.state,
            };
            groups.push((*layer, group));
            groups.len() - 1
        });
        let group = &mut groups[at].1;
        group.layers += 1;
        match group.ranges.last_mut() {
            Some([_, last]) if *last + 1 == index => *last = index,
            _ => group.ranges.push([index, index]),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn memory(header: &GgufHeader, shape: &ContextShape) -> Vec<Memory> {
    if !header.has_weights() {
        return Vec::new();
    }
    let f16 = CacheType::F16;
    let memory = |context_tokens| {
        let kv_f16_bytes = shape.bytes(context_tokens, f16, f16, MICRO_BATCH);
        let trained = header.context_length();
        Memory {
            context_tokens,
            weight_bytes: header.weight_bytes,
            kv_f16_bytes,
            total_bytes: header.weight_bytes.saturating_add(kv_f16_bytes),
            above_trained_context: trained.is_some_and(|trained| context_tokens > trained),
        }
    };
    CONTEXTS.map(memory).into()
}
