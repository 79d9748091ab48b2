//! A model in several files.

use std::path::{Path, PathBuf};

use super::model::{ModelError, ModelFile, read_model};
use crate::gguf::{GgufHeader, PartName};

/// A model with all of its files: one, of most.
#[derive(Debug, Clone)]
pub struct ModelParts {
    /// The files that are there, in order.
    pub files: Vec<ModelFile>,
    /// The files that are not.
    pub missing: Vec<PathBuf>,
    /// What the first one's header says, with the tensors of all of them.
    pub header: GgufHeader,
}

impl ModelParts {
    /// Bytes of all files that are there.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.bytes);
        sizes.fold(0, u64::saturating_add)
    }
}

/// Reads the headers of a model's files, whichever of them is named.
///
/// # Errors
/// [`ModelError`] when the named one, or another that is there, cannot be read or does not belong to it.
/// One that is missing is no error.
pub fn read_parts(path: &Path) -> Result<ModelParts, ModelError> {
    let named = read_model(path)?;
    let siblings = siblings(&named)?;
    let mut files: Vec<ModelFile> = Vec::new();
    let mut missing = Vec::new();
    for sibling in siblings {
        match read_model(&sibling) {
            Ok(file) => files.push(file),
            Err(ModelError::Missing { path }) => missing.push(path),
            Err(error) => return Err(error),
        }
    }
    if files.is_empty() {
        files.push(named);
    }
    let mut header = files[0].header.clone();
    for file in &files[1..] {
        let joined = header.join(file.header.clone());
        joined.map_err(|source| ModelError::Invalid {
            path: file.path.clone(),
            source,
        })?;
    }
    Ok(ModelParts {
        files,
        missing,
        header,
    })
}

/// The files of all parts of a model in several, this one among them; none of a model in one.
pub(super) fn siblings(file: &ModelFile) -> Result<Vec<PathBuf>, ModelError> {
    let (part, parts) = (file.header.part(), file.header.parts());
    if parts == 1 {
        return Ok(Vec::new());
    }
    let name = file.path.file_name().and_then(|name| name.to_str());
    let name = name.and_then(PartName::parse);
    let is_right =
        |name: &PartName| (u64::from(name.number), u64::from(name.count)) == (part, parts);
    let Some(name) = name.filter(is_right) else {
        return Err(ModelError::PartName {
            path: file.path.clone(),
            part,
            parts,
        });
    };
    let path = |name: PartName| file.path.with_file_name(name.to_string());
    Ok(name.all().map(path).collect())
}
