//! Directories, and the disk of a model.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::doctor::facts::{Directory, Model, ModelDisk, Needs};
use crate::host::disk::{may_write, read_sample, space};
use crate::store::Paths;

/// Read at most of a model: enough that the first, slow answer of a disk does not count.
const SAMPLE_BYTES: u64 = 256 << 20;
/// And no longer than this.
const SAMPLE_TIME: Duration = Duration::from_secs(1);
/// Of a smaller file the time for opening it is as long as that for reading it.
const LEAST_BYTES: u64 = 16 << 20;

/// Reads a part of the default profile's model.
pub(super) async fn sample(needs: &[Needs]) -> ModelDisk {
    let Some(default) = needs.iter().find(|needs| needs.is_default) else {
        return ModelDisk::NotRead("there is no default profile that can be used".to_owned());
    };
    let (path, bytes) = match &default.model {
        Model::BuiltIn => {
            return ModelDisk::NotRead(
                "the default profile's model is the embedded one".to_owned(),
            );
        }
        Model::Unusable(reason) => return ModelDisk::NotRead(format!("cannot {reason}")),
        Model::File { path, bytes, .. } => (path.clone(), *bytes),
    };
    if bytes < LEAST_BYTES {
        return ModelDisk::NotRead("the default profile's model is too small to tell".to_owned());
    }
    let from = path.clone();
    let read = spawn_blocking(move || read_sample(&from, SAMPLE_BYTES, SAMPLE_TIME)).await;
    match read {
        Ok(Ok(sample)) => ModelDisk::Read {
            path,
            bytes,
            sample,
        },
        Ok(Err(error)) => ModelDisk::Failed(format!("{} cannot be read: {error}", path.display())),
        Err(_) => silent(),
    }
}

/// What is known of a disk that does not answer.
pub(super) fn silent() -> ModelDisk {
    ModelDisk::Failed("the disk of the default profile's model does not answer".to_owned())
}

/// The user's directories, and those of all models that are files.
pub(super) fn directories(paths: &Paths, needs: &[Needs]) -> Vec<Directory> {
    let own = [("cache", &paths.cache), ("state", &paths.state)];
    let own = own.map(|(purpose, path)| Directory {
        unwritable: may_write(path).err().map(|error| error.to_string()),
        ..directory(purpose, path)
    });
    let models: BTreeSet<&Path> = needs
        .iter()
        .filter_map(|needs| match &needs.model {
            Model::File { path, .. } => path.parent(),
            Model::BuiltIn | Model::Unusable(_) => None,
        })
        .collect();
    let models = models.into_iter().map(|path| directory("models", path));
    own.into_iter().chain(models).collect()
}

fn directory(purpose: &'static str, path: &Path) -> Directory {
    Directory {
        purpose,
        path: path.to_owned(),
        unwritable: None,
        space: space(path).map_err(|error| error.to_string()),
    }
}
