//! Models that are made of the embedded one. They stay beside it in the cache, so that a command that
//! names one can be repeated.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What says how long a context the model was trained for.
const TRAINED: &[u8] = b"llama.context_length";
/// So long that no machine comes to its end before somebody ends it.
const ENDLESS: u32 = 1_000_000;

/// The model cut off in the middle: its header is whole, and half of its weights are missing.
///
/// # Errors
/// When the model cannot be read, or nothing can be written beside it.
pub(super) fn corrupt(demo: &Path) -> io::Result<PathBuf> {
    let bytes = fs::read(demo)?;
    written(demo, "corrupt", &bytes[..bytes.len() / 2])
}

/// The model, but that it was trained for a context without end.
///
/// # Errors
/// As [`corrupt`], and when the header does not say what is to be changed.
pub(super) fn endless(demo: &Path) -> io::Result<PathBuf> {
    let mut bytes = fs::read(demo)?;
    let key = bytes
        .windows(TRAINED.len())
        .position(|part| part == TRAINED);
    // After the key comes the type of the value (u32), then the value.
    let value = key.map(|at| at + TRAINED.len() + 4);
    let value = value.and_then(|at| bytes.get_mut(at..at + 4));
    value
        .ok_or_else(|| io::Error::other("its header does not tell the trained context"))?
        .copy_from_slice(&ENDLESS.to_le_bytes());
    written(demo, "endless", &bytes)
}

/// Writes it beside the model, unless it is there already.
fn written(demo: &Path, what: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let stem = demo.file_stem().unwrap_or_default().to_string_lossy();
    // The stem holds the checksum of the model that it is made of.
    let path = demo.with_file_name(format!("{stem}-{what}.gguf"));
    if fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64) {
        return Ok(path);
    }
    let dir = demo.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(path)
}
