//! Ollama's models: `manifests/HOST/OWNER/NAME/TAG` are JSON and name `blobs/sha256-…`.

use std::path::Path;

use serde::Deserialize;

use super::{Found, Search, ShelfKind};
use crate::store::read_regular;

/// The host and the owner that Ollama leaves out of a name.
const USUAL: &str = "registry.ollama.ai/library/";
const USUAL_HOST: &str = "registry.ollama.ai/";
/// Host, owner, name, tag; names from elsewhere may have a level more.
const DEEPEST: usize = 6;

#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Debug, Deserialize)]
struct Layer {
    #[serde(rename = "mediaType", default)]
    media_type: String,
    #[serde(default)]
    digest: String,
}

/// Which layers are GGUF files, and what is added to the model's name for them.
const GGUF_LAYERS: [(&str, &str); 3] = [
    ("application/vnd.ollama.image.model", ""),
    ("application/vnd.ollama.image.projector", " (projector)"),
    ("application/vnd.ollama.image.adapter", " (adapter)"),
];

pub(super) fn search(search: &mut Search, directory: &Path) {
    manifests(search, directory, &directory.join("manifests"), "", DEEPEST);
}

fn manifests(search: &mut Search, root: &Path, directory: &Path, prefix: &str, depth: usize) {
    for entry in search.entries(directory) {
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory && depth > 1 {
            let prefix = format!("{prefix}{file_name}/");
            manifests(search, root, &entry.path(), &prefix, depth - 1);
        } else if !is_directory {
            let name = format!("{}:{file_name}", prefix.trim_end_matches('/'));
            search
                .found
                .extend(models(root, &entry.path(), shown(&name)));
        }
    }
}

/// The name as `ollama list` shows it.
fn shown(name: &str) -> &str {
    let shorter = name.strip_prefix(USUAL);
    shorter
        .or_else(|| name.strip_prefix(USUAL_HOST))
        .unwrap_or(name)
}

/// The files that a manifest names; none where it is no manifest.
fn models(root: &Path, manifest: &Path, name: &str) -> Vec<Found> {
    let manifest = read_regular(manifest).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let layers = manifest.map(|manifest| manifest.layers).unwrap_or_default();
    let model = |layer: Layer| {
        let (_, suffix) = GGUF_LAYERS
            .iter()
            .find(|(kind, _)| *kind == layer.media_type)?;
        // Nothing but a digest: a manifest must not lead elsewhere.
        let digest = layer.digest.strip_prefix("sha256:")?;
        digest
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| Found {
                kind: ShelfKind::Ollama,
                name: format!("{name}{suffix}"),
                path: root.join("blobs").join(format!("sha256-{digest}")),
            })
    };
    layers.into_iter().filter_map(model).collect()
}
