//! What the hub says of a repository: `GET /api/models/OWNER/REPO/revision/main?blobs=true`.

use serde::Deserialize;

use super::PullError;
use crate::profile::HubModel;

/// A repository at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) commit: String,
    pub(super) files: Vec<RemoteFile>,
}

/// A file of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteFile {
    /// Its path in the repository.
    pub(super) name: String,
    pub(super) bytes: u64,
    /// 64 lower-case hexadecimal digits; empty where the hub tells none.
    pub(super) sha256: String,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
    size: u64,
}

impl Index {
    /// Reads the answer; files whose names could leave their directory are left out. `None` of anything
    /// else than such an answer.
    pub(super) fn parse(answer: &[u8]) -> Option<Self> {
        let answer: Answer = serde_json::from_slice(answer).ok()?;
        let files = answer
            .siblings
            .into_iter()
            .filter(|file| is_safe(&file.rfilename));
        let files = files.map(|file| {
            let lfs = file.lfs.filter(|lfs| is_hex(&lfs.sha256, 64));
            RemoteFile {
                name: file.rfilename,
                bytes: lfs.as_ref().map_or(0, |lfs| lfs.size),
                sha256: lfs.map_or_else(String::new, |lfs| lfs.sha256),
            }
        });
        is_hex(&answer.sha, 40).then(|| Self {
            files: files.collect(),
            commit: answer.sha,
        })
    }

    /// A file, if the hub says what it has to be.
    pub(super) fn file(&self, name: &str, model: &HubModel) -> Result<&RemoteFile, PullError> {
        let found = self.files.iter().find(|file| file.name == name);
        let sound = found.filter(|file| !file.sha256.is_empty() && file.bytes > 0);
        sound.ok_or_else(|| PullError::NoChecksum {
            repository: model.repository(),
            name: name.to_owned(),
        })
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a path stays below where it is put.
fn is_safe(path: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    !path.contains(['\\', '\0'])
        && !path.chars().any(char::is_control)
        && path.split('/').all(is_part)
}
