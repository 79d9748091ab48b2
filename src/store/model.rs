//! Model files: the embedded one, and those that a profile names.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Paths, parts};
use crate::exit::Exit;
use crate::gguf::{GgufError, GgufHeader};
use crate::hub::{self, HubSettings};
use crate::profile::{HubModel, ModelRef};

/// The name of the embedded model.
pub const DEMO: &str = "demo";
/// A tiny model that writes some small Python functions, made by `scripts/demo-model`.
static DEMO_BYTES: &[u8] = include_bytes!("../../assets/demo.gguf");
/// Its SHA-256 as hexadecimal digits. A test holds it against the bytes.
const DEMO_SHA256: &str = include_str!("../../assets/demo.gguf.sha256").trim_ascii();

/// A model's file, looked at: its header is whole and all of its weights are in the file.
#[derive(Debug, Clone)]
pub struct ModelFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// What its header says.
    pub header: GgufHeader,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// There is no built-in model of that name.
    #[error(
        "find a built-in model named {name:?}: there is only {DEMO:?}; a file is given with its path, as in ./{name}.gguf"
    )]
    NoSuchBuiltIn {
        /// The name.
        name: String,
    },
    /// There is no such file.
    #[error("find the model {path}: there is no such file; name another one in the profile (\"model\") or with -m FILE", path = path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// It is on the hub, and was not fetched yet.
    #[error("find {model} in Hugging Face's cache: fetch it with `orchestrate model pull {model}`")]
    NotPulled {
        /// Which.
        model: HubModel,
    },
    /// It is not a file.
    #[error("read the model {path}: it is a directory; name the .gguf file in it", path = path.display())]
    Directory {
        /// Which.
        path: PathBuf,
    },
    /// It is a pipe, a socket or a device.
    #[error("read the model {path}: it is not a regular file, and llama.cpp maps it into memory", path = path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// The system does not let us read it.
    #[error("read the model {path}: {source}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is not a whole GGUF file.
    #[error("use the model {path}: {source}", path = path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: GgufError,
    },
    /// It is one of several parts, and another is not there.
    #[error("find {path}: this part of the model is missing; all parts belong into one directory", path = path.display())]
    MissingPart {
        /// Where it should be.
        path: PathBuf,
    },
    /// It is one of several parts, and its name does not tell the names of the others.
    #[error(
        "find the other parts of the model {path}: it is part {part} of {parts}, and llama.cpp expects its \
         name to end in -{part:05}-of-{parts:05}.gguf; give all parts the names they had",
        path = path.display()
    )]
    PartName {
        /// Which.
        path: PathBuf,
        /// Its number, from 1.
        part: u64,
        /// How many there are.
        parts: u64,
    },
    /// The embedded model cannot be unpacked.
    #[error("unpack the embedded model to {path}: {source}; set ORCHESTRATE_CACHE_DIR to a directory that can be written", path = path.display())]
    Unpack {
        /// Where to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl ModelError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::Model
    }
}

/// Finds a model's file and reads its header; unpacks the embedded one when it is not there yet. Of a model in
/// several files all are looked at: the header has the tensors of all, and the bytes are their sum.
///
/// # Errors
/// [`ModelError`], which names the file and what is wrong with it. llama.cpp itself would end
/// without a word on some of these.
pub fn open_model(model: &ModelRef, paths: &Paths) -> Result<ModelFile, ModelError> {
    let file = read_model(&locate_model(model, paths)?)?;
    let loadable = file.header.require_loadable();
    loadable.map_err(|source| ModelError::Invalid {
        path: file.path.clone(),
        source,
    })?;
    if file.header.parts() == 1 {
        return Ok(file);
    }
    // llama.cpp is given the first part, and finds the others.
    let parts = parts::read_parts(&file.path)?;
    if let Some(missing) = parts.missing.into_iter().next() {
        return Err(ModelError::MissingPart { path: missing });
    }
    let bytes = parts.files.iter().map(|file| file.bytes);
    Ok(ModelFile {
        path: file.path,
        bytes: bytes.fold(0, u64::saturating_add),
        header: parts.header,
    })
}

/// The path of a model's file; unpacks the embedded one when it is not there yet. Whether a file is there
/// is not looked at.
///
/// # Errors
/// [`ModelError::NoSuchBuiltIn`] and [`ModelError::Unpack`].
pub fn locate_model(model: &ModelRef, paths: &Paths) -> Result<PathBuf, ModelError> {
    match model {
        ModelRef::File(path) => Ok(path.clone()),
        ModelRef::BuiltIn(name) if name == DEMO => unpack_demo(&paths.cache),
        ModelRef::Hub(model) => pulled(model),
        ModelRef::BuiltIn(name) => Err(ModelError::NoSuchBuiltIn { name: name.clone() }),
    }
}

/// The file of a model on the hub, or its first part, in the cache: nothing is fetched without a wish.
fn pulled(model: &HubModel) -> Result<PathBuf, ModelError> {
    let files = HubSettings::from_environment().and_then(|hub| hub::find(&hub.cache, model));
    let first = files.and_then(|files| files.into_iter().next());
    first.ok_or_else(|| ModelError::NotPulled {
        model: model.clone(),
    })
}

/// Reads the header of any model file, also of one that llama.cpp could not run: a vocabulary, a later
/// part, one in the other byte order.
///
/// # Errors
/// [`ModelError`] when it is no whole GGUF file, or cannot be read.
pub fn read_model(path: &Path) -> Result<ModelFile, ModelError> {
    let (file, bytes) = open_regular(path)?;
    let header = GgufHeader::read(file, bytes).map_err(|source| ModelError::Invalid {
        path: path.into(),
        source,
    })?;
    Ok(ModelFile {
        path: path.into(),
        bytes,
        header,
    })
}

/// Opens a regular file; how many bytes it has. A pipe is refused, and not waited for: looked at before it
/// is opened, as opening a device may do something, and again afterwards, as it may be another by then.
///
/// # Errors
/// [`ModelError`], when it is none, or the system does not let us read it.
pub fn open_regular(path: &Path) -> Result<(File, u64), ModelError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ModelError::Missing { path: path.into() },
        _ => ModelError::Unreadable {
            path: path.into(),
            source,
        },
    };
    let check = |metadata: Metadata| match () {
        () if metadata.is_dir() => Err(ModelError::Directory { path: path.into() }),
        () if !metadata.is_file() => Err(ModelError::NotAFile { path: path.into() }),
        () => Ok(metadata.len()),
    };
    check(fs::metadata(path).map_err(unreadable)?)?;
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(unreadable)?;
    let bytes = check(file.metadata().map_err(unreadable)?)?;
    Ok((file, bytes))
}

/// The unpacked model's path. Its name holds its checksum, so that the models of two versions of
/// this program live side by side.
fn unpack_demo(cache: &Path) -> Result<PathBuf, ModelError> {
    let directory = cache.join("models");
    let path = directory.join(format!("{DEMO}-{}.gguf", &DEMO_SHA256[..16]));
    // Only a whole file is ever moved here, so its length is proof enough for every run but the first.
    if fs::metadata(&path).is_ok_and(|found| found.len() == DEMO_BYTES.len() as u64) {
        return Ok(path);
    }
    write_whole(&directory, &path).map_err(|source| ModelError::Unpack {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

fn write_whole(directory: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(DEMO_BYTES)?;
    file.as_file().sync_all()?;
    if checksum(file.path())? != DEMO_SHA256 {
        return Err(io::Error::other(
            "what was written is not what can be read back",
        ));
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn checksum(path: &Path) -> io::Result<String> {
    let digest = Sha256::digest(fs::read(path)?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_model_is_unpacked_once_and_again_when_it_was_cut() {
        let cache = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(cache.path());
        let demo = ModelRef::BuiltIn(DEMO.to_owned());
        let model = open_model(&demo, &paths).expect("unpacks");
        assert_eq!(checksum(&model.path).expect("readable"), DEMO_SHA256);
        assert_eq!(model.bytes, DEMO_BYTES.len() as u64);
        let inode = |path: &Path| {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(path).expect("is there").ino()
        };
        let first = inode(&model.path);
        assert_eq!(
            inode(&open_model(&demo, &paths).expect("is there").path),
            first
        );

        File::options()
            .write(true)
            .open(&model.path)
            .and_then(|file| file.set_len(1000))
            .expect("cut");
        open_model(&demo, &paths).expect("unpacks again");
        assert_eq!(checksum(&model.path).expect("readable"), DEMO_SHA256);
    }

    #[test]
    fn names_what_is_wrong_with_a_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(dir.path());
        let error = |path: PathBuf| {
            open_model(&ModelRef::File(path), &paths)
                .expect_err("unusable")
                .to_string()
        };
        assert!(error(dir.path().join("none.gguf")).contains("no such file"));
        assert!(error(dir.path().to_owned()).contains("is a directory"));
        let empty = dir.path().join("empty.gguf");
        fs::write(&empty, b"").expect("written");
        assert!(error(empty).contains("empty"));
        let other = ModelRef::BuiltIn("dmo".to_owned());
        let error = open_model(&other, &paths).expect_err("unknown").to_string();
        assert!(error.contains("\"demo\""), "{error}");
    }
}
