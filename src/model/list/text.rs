//! The models as people read them.

use std::io::{self, Write};

use super::{Model, Models};
use crate::model::words::{count, plain};
use crate::store::Places;
use crate::ui::table;
use crate::units::Bytes;

/// What a terminal is wide, at least, and the blanks between two columns.
const WIDTH: usize = 80;
const GAP: usize = 2;
/// The fewest characters of a name that tell it from others.
const LEAST_NAME: usize = 16;
/// Architectures with longer names are shortened.
const ARCHITECTURE: usize = 12;

pub(super) fn write(
    models: &Models,
    with_paths: bool,
    places: &Places,
    out: &mut dyn Write,
) -> io::Result<()> {
    if models.models.is_empty() {
        writeln!(out, "no models; looked for .gguf files in")?;
        for place in &models.places {
            writeln!(out, "  {}", places.shown(&place.directory))?;
        }
    } else {
        table(models, with_paths, places, out)?;
    }
    for damaged in models.models.iter().filter(|model| model.problem.is_some()) {
        let problem = damaged.problem.as_deref().unwrap_or_default();
        writeln!(out, "unusable: {}: {problem}", places.shown(&damaged.path))?;
    }
    for unreadable in &models.unreadable {
        let directory = places.shown(&unreadable.directory);
        writeln!(out, "not looked into: {directory}: {}", unreadable.reason)?;
    }
    Ok(())
}

fn table(
    models: &Models,
    with_paths: bool,
    places: &Places,
    out: &mut dyn Write,
) -> io::Result<()> {
    let last = if with_paths { "PATH" } else { "NAME" };
    let head = ["ARCH", "PARAMS", "QUANT", "SIZE", "PLACE", last];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(models.models.iter().map(|model| {
        let name = if with_paths {
            places.shown(&model.path)
        } else {
            plain(&model.name)
        };
        row(model, name)
    }));
    let widest = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let others: usize = (0..head.len() - 1).map(|column| widest(column) + GAP).sum();
    let room = WIDTH.saturating_sub(others).max(LEAST_NAME);
    if !with_paths {
        for row in &mut rows {
            if let Some(name) = row.last_mut() {
                *name = shortened(name, room);
            }
        }
    }
    table::write(&rows, &[1, 3], out)
}

fn row(model: &Model, name: String) -> Vec<String> {
    let unknown = || "-".to_owned();
    let architecture = match (model.kind, &model.architecture) {
        (Some("model" | "vocabulary"), Some(name)) if !name.is_empty() => {
            plain(name).chars().take(ARCHITECTURE).collect()
        }
        (Some(kind), _) => kind.to_owned(),
        (None, _) => unknown(),
    };
    vec![
        architecture,
        model.parameters.map_or_else(unknown, count),
        model.quantization.clone().unwrap_or_else(unknown),
        Bytes(model.file_bytes).to_string(),
        model.place.to_owned(),
        name,
    ]
}

/// The end of a name tells more than its middle: size and quantisation stand there.
fn shortened(name: &str, room: usize) -> String {
    let length = name.chars().count();
    if length <= room {
        return name.to_owned();
    }
    let start = room / 3;
    let end = length - (room - start - 1);
    let start: String = name.chars().take(start).collect();
    let end: String = name.chars().skip(end).collect();
    format!("{start}…{end}")
}
