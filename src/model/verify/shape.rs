//! What is to be said of the files without reading weights. That tensors are inside of the file, aligned and
//! in order, a header that was read has shown already.

use std::os::unix::fs::FileExt;

use super::{Problem, VerifyError};
use crate::gguf::Tensor;
use crate::store::{ModelFile, ModelParts, open_regular};

/// Names of tensors are shorter than this in llama.cpp (`GGML_MAX_NAME` of ggml.h).
const MAX_NAME: usize = 64;

/// Problems, and notes.
type Looked = (Vec<Problem>, Vec<String>);

pub(super) fn look(model: &ModelParts) -> Result<Looked, VerifyError> {
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    let problem = |file, tensor, what: &str| Problem {
        file,
        tensor,
        what: what.to_owned(),
        index: None,
        count: None,
    };
    for missing in &model.missing {
        let what = format!("the part {} is missing", missing.display());
        problems.push(problem(missing.clone(), None, &what));
    }
    for file in &model.files {
        let named = |tensor: &&Tensor| tensor.name.len() >= MAX_NAME || tensor.name.is_empty();
        for tensor in file.header.table.iter().filter(named) {
            let what = "llama.cpp takes names of 1 to 63 bytes";
            problems.push(problem(file.path.clone(), Some(tensor.name.clone()), what));
        }
        notes.extend(padding(file)?);
    }
    if let Err(reason) = model.files[0].header.require_loadable() {
        notes.push(format!("llama.cpp cannot run it here: {reason}"));
    }
    Ok((problems, notes))
}

/// Bytes between tensors are zeros, and none follow the last one, as far as the tools that write models are
/// concerned; llama.cpp does not look at them.
fn padding(model: &ModelFile) -> Result<Vec<String>, VerifyError> {
    let header = &model.header;
    let mut notes = Vec::new();
    let (file, bytes) = open_regular(&model.path)?;
    let next = |end: u64| {
        end.checked_next_multiple_of(header.alignment())
            .unwrap_or(end)
    };
    let mut wrong = 0_u64;
    for tensor in header
        .table
        .iter()
        .filter(|tensor| tensor.block().is_some())
    {
        let end = header.data_offset.saturating_add(tensor.end());
        let length = next(end).min(bytes).saturating_sub(end);
        let mut gap = vec![0; usize::try_from(length).unwrap_or(0)];
        let read = file.read_exact_at(&mut gap, end);
        read.map_err(|source| VerifyError::Weights {
            path: model.path.clone(),
            source,
        })?;
        wrong += u64::from(gap.iter().any(|byte| *byte != 0));
    }
    if wrong > 0 {
        notes.push(format!("the padding behind {wrong} tensors is not zero"));
    }
    let is_known = header.table.iter().all(|tensor| tensor.block().is_some());
    if let Some(last) = header.table.last().filter(|_| is_known) {
        let end = next(header.data_offset.saturating_add(last.end()));
        let beyond = bytes.saturating_sub(end);
        if beyond > 0 {
            notes.push(format!(
                "{beyond} bytes follow the last tensor, which nothing reads"
            ));
        }
    }
    Ok(notes)
}
