//! Every weight, looked at by as many threads as there are CPUs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::{Problem, VerifyError};
use crate::gguf::{Finite, NotFinite, Tensor, finite};
use crate::host::usable_cpus;
use crate::store::{ModelFile, ModelParts, open_regular};
use crate::ui::{Console, Progress};

/// Bytes that are read at a time: enough that a disk reads on without a pause, few enough that threads share
/// even a small model evenly.
const PIECE: u64 = 4 << 20;

/// What was found.
pub(super) struct Scanned {
    /// Bytes of weights that were looked at.
    pub(super) bytes: u64,
    pub(super) problems: Vec<Problem>,
}

/// A run of blocks of a tensor.
struct Piece<'a> {
    tensor: usize,
    file: &'a File,
    model: &'a ModelFile,
    table: &'a Tensor,
    /// Its first block.
    first: u64,
    /// Where in the file it begins.
    at: u64,
    bytes: u64,
}

pub(super) fn scan(model: &ModelParts, console: Console) -> Result<Scanned, VerifyError> {
    let open = |file: &ModelFile| open_regular(&file.path).map(|(opened, _)| opened);
    let opened = model
        .files
        .iter()
        .map(open)
        .collect::<Result<Vec<_>, _>>()?;
    let tensors: Vec<(&ModelFile, &File, &Tensor)> = model
        .files
        .iter()
        .zip(&opened)
        .flat_map(|(model, file)| model.header.table.iter().map(move |one| (model, file, one)))
        .collect();
    let pieces: Vec<Piece<'_>> = tensors
        .iter()
        .enumerate()
        .flat_map(|(index, (model, file, tensor))| pieces(index, model, file, tensor))
        .collect();
    let bytes = pieces.iter().map(|piece| piece.bytes).sum();
    let progress = Progress::of_bytes(console, "looking at weights", bytes);
    let found = Mutex::new(vec![Finite::default(); tensors.len()]);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut buffer = Vec::new();
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            let looked = look(piece, &mut buffer).inspect_err(|_| {
                // The others end, too.
                next.store(pieces.len(), Ordering::Relaxed);
            })?;
            if looked.bad > 0 {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                add(&mut found[piece.tensor], looked, piece.first);
            }
            progress.advance(piece.bytes);
        }
        Ok::<_, VerifyError>(())
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..usable_cpus().get())
            .map(|_| scope.spawn(work))
            .collect();
        let mut result = work();
        for other in others {
            let joined = other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = result.and(joined);
        }
        result
    })?;
    drop(progress);
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let problems = tensors.iter().zip(found);
    let problems = problems.filter_map(|((model, _, tensor), found)| problem(model, tensor, found));
    Ok(Scanned {
        bytes,
        problems: problems.collect(),
    })
}

/// A tensor in pieces of whole blocks; none of a type whose blocks are not known.
fn pieces<'a>(
    index: usize,
    model: &'a ModelFile,
    file: &'a File,
    tensor: &'a Tensor,
) -> impl Iterator<Item = Piece<'a>> {
    let (size, step) = tensor
        .block()
        .map_or((1, 0), |(size, _)| (size, (PIECE / size).max(1) * size));
    let count = if step == 0 {
        0
    } else {
        tensor.bytes.div_ceil(step)
    };
    (0..count).map(move |number| {
        let start = number * step;
        Piece {
            tensor: index,
            file,
            model,
            table: tensor,
            first: start / size,
            at: model.header.data_offset + tensor.offset + start,
            bytes: step.min(tensor.bytes - start),
        }
    })
}

fn look(piece: &Piece<'_>, buffer: &mut Vec<u8>) -> Result<Finite, VerifyError> {
    buffer.resize(usize::try_from(piece.bytes).unwrap_or(0), 0);
    let read = piece.file.read_exact_at(buffer, piece.at);
    read.map_err(|source: io::Error| VerifyError::Weights {
        path: piece.model.path.clone(),
        source,
    })?;
    let looked = finite(piece.table.kind, piece.model.header.byte_order, buffer);
    Ok(looked.unwrap_or_default())
}

/// Adds what was found in a piece that begins with this block.
fn add(sum: &mut Finite, piece: Finite, begins: u64) {
    sum.bad += piece.bad;
    let first = piece.first.map(|(index, what)| (begins + index, what));
    // Pieces come in any order.
    sum.first = match (sum.first, first) {
        (Some(known), Some(new)) if new.0 < known.0 => Some(new),
        (None, new) => new,
        (known, _) => known,
    };
}

fn problem(model: &ModelFile, tensor: &Tensor, found: Finite) -> Option<Problem> {
    let (index, what) = found.first?;
    let what = match what {
        NotFinite::Nan => "NaN",
        NotFinite::Infinity => "infinity",
    };
    let (size, weights) = tensor.block()?;
    let unit = if weights == 1 { "weight" } else { "block" };
    let all = tensor.bytes / size;
    Some(Problem {
        file: model.path.clone(),
        tensor: Some(tensor.name.clone()),
        what: format!("{what} in {unit} {index} of {all}, {} in all", found.bad),
        index: Some(index),
        count: Some(found.bad),
    })
}
