//! From files to models: each once, parts together, headers read by as many threads as there are CPUs.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Model;
use crate::gguf::PartName;
use crate::host::usable_cpus;
use crate::model::inspect::kind;
use crate::store::{Found, ModelError, ModelParts, read_parts};
use crate::ui::{Console, Progress};

/// A model to be read.
struct Candidate {
    found: Found,
    also_at: Vec<PathBuf>,
}

pub(super) fn models(found: Vec<Found>, console: Console) -> Vec<Model> {
    let candidates = candidates(found);
    let progress = Progress::of_items(console, "reading headers", candidates.len() as u64);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut read = Vec::new();
        while let Some((index, candidate)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            candidates.get(index).map(|candidate| (index, candidate))
        } {
            read.push((index, model(candidate)));
            progress.advance(1);
        }
        read
    };
    let mut models = thread::scope(|scope| {
        let others: Vec<_> = (1..usable_cpus().get())
            .map(|_| scope.spawn(work))
            .collect();
        let mut models = work();
        for other in others {
            // A thread that panics has told its bug; what it was to read is left out.
            models.extend(other.join().unwrap_or_default());
        }
        models
    });
    models.sort_by_key(|(index, _)| *index);
    models.into_iter().map(|(_, model)| model).collect()
}

/// Each file once, however many links lead to it, and the parts of a model once.
fn candidates(found: Vec<Found>) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut files: HashMap<(u64, u64), usize> = HashMap::new();
    let mut models: HashMap<(PathBuf, String), usize> = HashMap::new();
    for mut found in found {
        let file = fs::metadata(&found.path).ok();
        let file = file.map(|metadata| (metadata.dev(), metadata.ino()));
        if let Some(&known) = file.and_then(|file| files.get(&file)) {
            let candidate = &mut candidates[known];
            // The further parts of a model in two snapshots of a hub are not other places of it.
            if part(&found.path).is_none_or(|part| part.number == 1) {
                candidate.also_at.push(found.path);
            }
            continue;
        }
        let part = part(&found.path);
        let model = part.as_ref().map(|part| {
            let directory = found.path.parent().unwrap_or(Path::new(""));
            (directory.to_owned(), part.sibling(1).to_string())
        });
        let known = model.as_ref().and_then(|model| models.get(model)).copied();
        let index = known.unwrap_or(candidates.len());
        files.extend(file.map(|file| (file, index)));
        if known.is_some() {
            continue;
        }
        models.extend(model.map(|model| (model, index)));
        if let Some(part) = part {
            // One name for all parts.
            let numbers = format!("-{:05}-of-{:05}", part.number, part.count);
            found
                .name
                .truncate(found.name.trim_end_matches(&numbers).len());
        }
        candidates.push(Candidate {
            found,
            also_at: Vec::new(),
        });
    }
    candidates
}

fn part(path: &Path) -> Option<PartName> {
    PartName::parse(path.file_name()?.to_str()?)
}

fn model(candidate: &Candidate) -> Model {
    let Candidate { found, also_at } = candidate;
    let read = read_parts(&found.path);
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut model = Model {
        name: found.name.clone(),
        place: found.kind.name(),
        path: found.path.clone(),
        also_at: also_at.clone(),
        parts: 1,
        file_bytes: 0,
        kind: None,
        architecture: None,
        parameters: None,
        quantization: None,
        problem: None,
    };
    match read {
        Ok(parts) => {
            let header = &parts.header;
            model.parts = header.parts();
            model.file_bytes = parts.bytes();
            model.kind = Some(kind(header));
            model.architecture = Some(header.architecture.clone());
            model.parameters = Some(header.parameters);
            model.quantization.clone_from(&header.quantization);
            model.problem = missing(&parts);
        }
        Err(error) => {
            model.file_bytes = bytes(&found.path);
            model.problem = Some(problem(error, &found.path));
        }
    }
    model
}

fn missing(parts: &ModelParts) -> Option<String> {
    let first = parts.missing.first()?;
    let name = first.file_name().unwrap_or_default().to_string_lossy();
    let more = match parts.missing.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{name}{more} is missing"))
}

/// What is wrong, without the path where that is told anyway.
fn problem(error: ModelError, shown: &Path) -> String {
    match error {
        ModelError::Invalid { path, source } if path == shown => source.to_string(),
        ModelError::Unreadable { source, .. } => format!("it cannot be read: {source}"),
        ModelError::Missing { .. } => "there is no such file".to_owned(),
        ModelError::NotAFile { .. } => "it is not a regular file".to_owned(),
        error => format!("failed to {error}"),
    }
}
