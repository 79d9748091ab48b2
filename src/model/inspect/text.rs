//! A model as people read it.

use std::io::{self, Write};

use super::facts::{Facts, LayerGroup, Memory, Share, Spread};
use crate::model::words::{count, plain};
use crate::store::Places;
use crate::ui::table;
use crate::units::Bytes;

/// Ranges of layers that are named; more are counted.
const RANGES: usize = 4;
/// Characters of a token's text that are shown; the longest special tokens have some forty.
const TOKEN: usize = 48;
/// Bytes of a number of a recurrent state, which is kept in F32.
const STATE_BYTES: u64 = 4;

pub(super) fn write(facts: &Facts<'_>, places: &Places, out: &mut dyn Write) -> io::Result<()> {
    let rows = files(facts, places).into_iter().chain(account(facts));
    let rows: Vec<_> = rows
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    table::write(&rows, &[], out)?;
    if !facts.tensor_types.is_empty() {
        writeln!(out)?;
        let mut rows = vec![cells(["TYPE", "TENSORS", "PARAMETERS", "BYTES", "%"])];
        rows.extend(facts.tensor_types.iter().map(share));
        table::write(&rows, &[1, 2, 3, 4], out)?;
    }
    if !facts.layer_groups.is_empty() {
        writeln!(out)?;
        let mut rows = vec![cells(["LAYERS", "KEY", "VALUE", "KEEPS", "WHICH"])];
        let window = facts.window_tokens;
        rows.extend(facts.layer_groups.iter().map(|group| layers(group, window)));
        table::write(&rows, &[0, 1, 2], out)?;
    }
    if !facts.memory.is_empty() {
        writeln!(out)?;
        let mut rows = vec![cells(["CONTEXT", "WEIGHTS", "KV F16", "TOTAL"])];
        rows.extend(facts.memory.iter().map(memory));
        table::write(&rows, &[0, 1, 2, 3], out)?;
        if facts.memory.iter().any(|row| row.above_trained_context) {
            writeln!(out, "* more than it was trained for")?;
        }
        writeln!(
            out,
            "What is computed with comes on top, mostly by micro-batch and vocabulary."
        )?;
    }
    Ok(())
}

fn cells<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// Name and value of each line.
fn account(facts: &Facts<'_>) -> Vec<(&'static str, String)> {
    let number = |number: Option<u64>| number.map_or_else(unknown, |number| number.to_string());
    let mut rows = Vec::new();
    if let Some(reason) = &facts.not_loadable {
        rows.push(("cannot run", reason.clone()));
    }
    let named = facts.name.filter(|name| !name.is_empty()).map(plain);
    rows.push(("name", named.unwrap_or_else(|| "none".to_owned())));
    rows.push(("architecture", architecture(facts)));
    if facts.tensors > 0 {
        rows.push(("parameters", parameters(facts)));
        let quantization = facts.quantization.map_or_else(unknown, str::to_owned);
        let weights = Bytes(facts.weight_bytes);
        rows.push((
            "quantisation",
            format!("{quantization}, {weights} of weights"),
        ));
    }
    rows.push((
        "trained for",
        format!("{} tokens of context", number(facts.context_length)),
    ));
    let wide = number(facts.embedding_length);
    rows.push(("layers", format!("{}, {wide} wide", number(facts.layers))));
    let heads = facts.heads.map_or_else(unknown, spread);
    let kv_heads = facts.kv_heads.or(facts.heads).map_or_else(unknown, spread);
    rows.push((
        "heads",
        format!("{heads}, with keys and values of {kv_heads}"),
    ));
    if let (Some(total), Some(used)) = (facts.experts, facts.experts_used) {
        rows.push(("experts", format!("{total}, of which a token uses {used}")));
    }
    rows.push(("tokenizer", tokenizer(facts)));
    rows.push(("chat template", template(facts)));
    let mut label = "special tokens";
    for token in &facts.special_tokens {
        let text = token
            .text
            .map(|text| format!(" {}", shortened(&format!("{text:?}"))));
        rows.push((
            label,
            format!(
                "{} = {}{}",
                plain(token.name),
                token.id,
                text.unwrap_or_default()
            ),
        ));
        label = "";
    }
    rows
}

fn files(facts: &Facts<'_>, places: &Places) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    for file in &facts.files {
        let size = (facts.parts > 1).then(|| format!(" ({})", Bytes(file.bytes)));
        rows.push((
            "file",
            format!("{}{}", places.shown(file.path), size.unwrap_or_default()),
        ));
    }
    // A header may claim thousands of parts.
    for missing in facts.missing_files.iter().take(RANGES) {
        rows.push(("missing", places.shown(missing)));
    }
    if facts.missing_files.len() > RANGES {
        rows.push((
            "",
            format!("and {} more", facts.missing_files.len() - RANGES),
        ));
    }
    let parts =
        (facts.parts > 1).then(|| format!(" in {} of {} parts", facts.files.len(), facts.parts));
    rows.push((
        "size",
        format!("{}{}", Bytes(facts.file_bytes), parts.unwrap_or_default()),
    ));
    rows
}

fn architecture(facts: &Facts<'_>) -> String {
    let name = match facts.architecture {
        "" => unknown(),
        name => plain(name),
    };
    let kind = match facts.kind {
        "model" => "",
        "vocabulary" => ", a vocabulary without weights",
        "projector" => ", a projector for images or sound, no model of its own",
        _ => ", an adapter, no model of its own",
    };
    let order = match facts.byte_order {
        "little-endian" => String::new(),
        order => format!(", {order}"),
    };
    format!("{name}{kind} (GGUF version {}{order})", facts.gguf_version)
}

fn parameters(facts: &Facts<'_>) -> String {
    let rounded = count(facts.parameters);
    let exact = facts.parameters.to_string();
    let all = if rounded == exact {
        exact
    } else {
        format!("{rounded} ({exact})")
    };
    if facts.active_parameters == facts.parameters {
        return all;
    }
    format!(
        "{all}, {} of them for each token",
        count(facts.active_parameters)
    )
}

fn tokenizer(facts: &Facts<'_>) -> String {
    let name = facts.tokenizer.map_or_else(unknown, plain);
    let pre = facts.pre_tokenizer.map(|pre| format!(" ({})", plain(pre)));
    let tokens = facts
        .vocabulary_tokens
        .map(|tokens| format!(", {tokens} tokens"));
    format!(
        "{name}{}{}",
        pre.unwrap_or_default(),
        tokens.unwrap_or_default()
    )
}

fn template(facts: &Facts<'_>) -> String {
    match (facts.has_chat_template, facts.chat_template_bytes) {
        (_, Some(bytes)) => Bytes(bytes).to_string(),
        (true, None) => "yes".to_owned(),
        (false, None) => "none".to_owned(),
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn spread(spread: Spread) -> String {
    if spread.min == spread.max {
        spread.min.to_string()
    } else {
        format!("{} to {}", spread.min, spread.max)
    }
}

fn share(share: &Share) -> Vec<String> {
    let unnamed = || format!("type {}", share.type_number);
    vec![
        share.name.map_or_else(unnamed, str::to_owned),
        share.tensors.to_string(),
        count(share.parameters),
        Bytes(share.bytes).to_string(),
        format!("{:.1}", share.percent_of_bytes),
    ]
}

fn layers(group: &LayerGroup, window: Option<u64>) -> Vec<String> {
    let state = || Bytes(group.state_numbers.saturating_mul(STATE_BYTES));
    let keeps = match (group.key_width, group.state_numbers) {
        (0, 0) => "nothing".to_owned(),
        (0, _) => format!("a state of {}", state()),
        _ => {
            let window = window.filter(|_| group.windowed);
            let tokens = window.map_or_else(|| "all tokens".to_owned(), |n| format!("{n} tokens"));
            let state = (group.state_numbers > 0).then(|| format!(", a state of {}", state()));
            format!("{tokens}{}", state.unwrap_or_default())
        }
    };
    vec![
        group.layers.to_string(),
        group.key_width.to_string(),
        group.value_width.to_string(),
        keeps,
        ranges(&group.ranges),
    ]
}

pub(super) fn ranges(ranges: &[[usize; 2]]) -> String {
    let shown = ranges.iter().take(RANGES).map(|[first, last]| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    let shown: Vec<String> = shown.collect();
    let more = if ranges.len() > RANGES { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn memory(row: &Memory) -> Vec<String> {
    let star = if row.above_trained_context { "*" } else { "" };
    vec![
        format!("{star}{}", row.context_tokens),
        Bytes(row.weight_bytes).to_string(),
        Bytes(row.kv_f16_bytes).to_string(),
        Bytes(row.total_bytes).to_string(),
    ]
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= TOKEN {
        return text.to_owned();
    }
    let mut start: String = text.chars().take(TOKEN - 1).collect();
    start.push('…');
    start
}
