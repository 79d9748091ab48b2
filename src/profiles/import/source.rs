//! Reading the older file.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::ImportError;
use crate::store::{MAX_SIZE, Places, read_regular, too_large};

/// The older file, read.
pub(super) struct Older {
    /// As it was named, for messages.
    pub(super) name: String,
    /// Without its directory, for comments.
    pub(super) file_name: String,
    /// Its directory, absolute.
    pub(super) base: PathBuf,
    pub(super) json: Json,
}

/// Reads it; `-` is standard input, and relative paths in that are relative to the current directory.
pub(super) fn read(from: &Path, places: &Places) -> Result<Older, ImportError> {
    let stdin = from == Path::new("-");
    let name = if stdin {
        "standard input".to_owned()
    } else {
        from.display().to_string()
    };
    let path = places.current.join(from);
    let bytes = if stdin {
        read_stdin()
    } else {
        read_regular(&path)
    };
    let bytes = bytes.map_err(|source| ImportError::Unreadable {
        name: name.clone(),
        source,
    })?;
    let file_name = path.file_name().filter(|_| !stdin).map_or_else(
        || name.clone(),
        // Nothing in a name may end the comment that it stands in.
        |file| file.to_string_lossy().escape_debug().to_string(),
    );
    let dir = if stdin { None } else { path.parent() };
    // Written down for long, a path should not lead over `..` and links that may change.
    let base = dir
        .and_then(|dir| fs::canonicalize(dir).ok())
        .unwrap_or_else(|| places.current.clone());
    let json = parse(bytes, &name)?;
    Ok(Older {
        name,
        file_name,
        base,
        json,
    })
}

fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut limited = io::stdin().lock().take(MAX_SIZE + 1);
    limited.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(too_large());
    }
    Ok(bytes)
}

/// The text's JSON; a byte order mark at its beginning is none of it.
pub(super) fn parse(bytes: Vec<u8>, name: &str) -> Result<Json, ImportError> {
    let text = String::from_utf8(bytes).map_err(|error| ImportError::NotUtf8 {
        name: name.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let said = error.to_string();
        let place = format!(" at line {line} column {column}");
        ImportError::NotJson {
            name: name.to_owned(),
            line: line.max(1),
            column: column.max(1),
            reason: said.strip_suffix(&place).unwrap_or(&said).to_owned(),
        }
    })
}
