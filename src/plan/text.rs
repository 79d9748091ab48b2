//! A plan for people: tables of 80 columns, and what follows from them.

use std::io::{self, Write};
use std::time::Duration;

use super::advice::Advice;
use super::figures::{Figures, Inputs, LimitRow, PROMPT, Row, SpeedSource, USUAL_SHARE};
use crate::ui::table;
use crate::units::{Bytes, Limit, duration};

/// What a terminal is wide, at least.
const WIDTH: usize = 80;
const UNKNOWN: &str = "-";

pub(super) fn write(
    inputs: &Inputs<'_>,
    figures: &Figures,
    advice: &[Advice],
    out: &mut dyn Write,
) -> io::Result<()> {
    head(inputs, out)?;
    memory(inputs, figures, out)?;
    caches(figures, out)?;
    speed(inputs, figures, out)?;
    time(inputs, figures, out)?;
    limits(figures, out)?;
    if advice.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nADVICE")?;
    for advice in advice {
        wrapped(&format!("{}: {}", advice.about, advice.text), "  - ", out)?;
    }
    Ok(())
}

fn head(inputs: &Inputs<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Inputs {
        profile,
        model,
        setup,
        ..
    } = inputs;
    let header = &model.header;
    writeln!(out, "{}: {}", profile.name, model.path.display())?;
    let quantization = header.quantization.as_deref().unwrap_or("mixed types");
    let program = if inputs.is_server {
        "llama-server"
    } else {
        "llama-completion"
    };
    let threads = plural(u64::from(inputs.threads), "thread");
    let line = format!(
        "{}, {} of weights ({quantization}); {program}, {threads}, batch {}, micro-batch {}",
        header.architecture,
        Bytes(header.weight_bytes),
        setup.batch,
        setup.micro_batch
    );
    wrapped(&line, "", out)?;
    for note in inputs.notes {
        wrapped(note, "note: ", out)?;
    }
    Ok(())
}

fn memory(inputs: &Inputs<'_>, figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    let budget = match inputs.budget {
        None => "no budget: the system does not tell its memory".to_owned(),
        Some(budget) if inputs.budget_is_set => format!("budget {} (memory_budget)", Bytes(budget)),
        Some(budget) => format!(
            "budget {}: 80 % of {}",
            Bytes(budget),
            Bytes(inputs.usable_memory.unwrap_or(0))
        ),
    };
    writeln!(out, "\nMEMORY  {budget}")?;
    if inputs.memory.is_none() {
        let why = "cannot be told: a part of the model is on a GPU or in other files, or its header does not \
                   say enough";
        return wrapped(why, "  ", out);
    }
    let head = [
        "CONTEXT", "WEIGHTS", "REPACKED", "KV", "COMPUTE", "REPORTED", "PEAK", "FITS",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for row in &figures.contexts {
        let Some(memory) = row.memory else { continue };
        let fits = row
            .fits
            .map_or(UNKNOWN, |fits| if fits { "yes" } else { "no" });
        rows.push(vec![
            context(row),
            Bytes(memory.weights).to_string(),
            Bytes(memory.repacked).to_string(),
            Bytes(memory.context).to_string(),
            Bytes(memory.compute.saturating_add(memory.output)).to_string(),
            Bytes(memory.reported()).to_string(),
            Bytes(memory.peak()).to_string(),
            fits.to_owned(),
        ]);
    }
    table::write(&rows, &[0, 1, 2, 3, 4, 5, 6], out)?;
    if let Some(memory) = figures.own().and_then(|own| own.memory) {
        let line = format!(
            "PEAK is what the process takes: REPORTED by llama.cpp, without {} of its compute buffer that \
             no run writes, and with {} that it does not report.",
            Bytes(memory.untouched),
            Bytes(memory.overhead)
        );
        wrapped(&line, "", out)?;
    }
    match (figures.largest_context, inputs.budget) {
        (Some(largest), Some(_)) => {
            writeln!(out, "The largest context that fits: {largest} tokens.")
        }
        (None, Some(_)) => writeln!(out, "No context fits."),
        _ => Ok(()),
    }
}

fn caches(figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![
        ["CONTEXT", "f16", "q8_0", "q4_0"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for row in &figures.contexts {
        let Some(caches) = row.caches else { continue };
        let mut cells = vec![context(row)];
        cells.extend(caches.map(|bytes| Bytes(bytes).to_string()));
        rows.push(cells);
    }
    if rows.len() == 1 {
        return Ok(());
    }
    writeln!(out, "\nKV CACHE BY TYPE")?;
    table::write(&rows, &[0, 1, 2, 3], out)
}

fn speed(inputs: &Inputs<'_>, figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    let measured = match inputs.bandwidth {
        None => "memory was not measured".to_owned(),
        Some(bandwidth) => format!(
            "memory is read at {:.1} GB/s by {}; {} per token",
            bandwidth.bytes_per_second / 1e9,
            plural(u64::from(bandwidth.threads), "thread"),
            Bytes(figures.active_bytes)
        ),
    };
    writeln!(out, "\nSPEED  {measured}")?;
    let source = match figures.speed_source {
        SpeedSource::History => "EXPECTED is what earlier runs measured.".to_owned(),
        SpeedSource::Limit => format!(
            "EXPECTED is {:.0} % of the limit, as is usual: no run was measured yet.",
            USUAL_SHARE * 100.0
        ),
        SpeedSource::Unknown => {
            let why = "Memory sets no limit here: a cache may hold the model, or a GPU. Run it once, and \
                       the history tells how fast it is.";
            return wrapped(why, "", out);
        }
    };
    let head = ["TOKENS IN CONTEXT", "AT MOST", "EXPECTED"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let rate = |rate: Option<f64>| {
        rate.map_or_else(|| UNKNOWN.to_owned(), |rate| format!("{rate:.1} tokens/s"))
    };
    for row in &figures.contexts {
        rows.push(vec![context(row), rate(row.limit), rate(row.expected)]);
    }
    table::write(&rows, &[0, 1, 2], out)?;
    wrapped(&source, "", out)
}

fn time(inputs: &Inputs<'_>, figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    let time = &figures.time;
    let known = |seconds: Option<f64>| seconds.map_or_else(|| UNKNOWN.to_owned(), short);
    let prompt = match (time.prompt, time.prompt_at_least) {
        (Some(prompt), _) => short(prompt),
        (None, Some(least)) => format!("at least {}", short(least)),
        (None, None) => UNKNOWN.to_owned(),
    };
    let together = match time.total {
        Some(total) if time.is_at_least => format!("at least {}", short(total)),
        total => known(total),
    };
    let tokens = inputs.profile.max_tokens;
    let rows = [
        ("load".to_owned(), known(time.load)),
        (format!("prompt of {PROMPT} tokens"), prompt),
        (format!("answer of {tokens} tokens"), known(time.answer)),
        ("together".to_owned(), together),
    ];
    writeln!(out, "\nTIME")?;
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, cell)| vec![name, cell])
        .collect();
    table::write(&rows, &[1], out)
}

fn limits(figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nLIMITS")?;
    let rows: Vec<Vec<String>> = figures.limits.iter().map(limit).collect();
    table::write(&rows, &[], out)
}

fn limit(row: &LimitRow) -> Vec<String> {
    let set = match (row.limit, row.allows) {
        (Limit::Auto, Some(allows)) => format!("auto, {} now", short(allows)),
        (limit, _) => limit.short(),
    };
    let needs = row.needs.map(short);
    let least = if row.is_at_least { "at least " } else { "" };
    let said = match (row.holds, needs) {
        (Some(true), Some(needs)) => format!("holds: {least}{needs} are expected"),
        (Some(true), None) => "holds".to_owned(),
        (Some(false), Some(needs)) => format!("does not hold: {least}{needs} are expected"),
        (None, Some(needs)) => format!("not known: {least}{needs}, and not all of it was measured"),
        _ => "not known: nothing was measured yet".to_owned(),
    };
    vec![row.key.to_owned(), set, said]
}

/// The context, with a mark at the profile's own.
fn context(row: &Row) -> String {
    let mark = if row.is_own { "* " } else { "" };
    format!("{mark}{}", row.context)
}

fn plural(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

fn short(seconds: f64) -> String {
    duration::short(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// Writes a text in lines of 80 columns, the first one after `lead`, the others as far to the right.
fn wrapped(text: &str, lead: &str, out: &mut dyn Write) -> io::Result<()> {
    let indent = " ".repeat(lead.chars().count());
    let mut line = lead.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line.clone_from(&indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(out, "{line}")
}
