//! `orchestrate llama`: which llama.cpp binaries there are, which ones are used, and why.

use std::fmt::Write as _;

use serde::Serialize;

use crate::vendor::{self, Candidate, LocateRequest, Origin};

/// What was found, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Version of this format.
    pub version: u32,
    /// One entry for each place that was looked at.
    pub candidates: Vec<Entry>,
}

/// One place that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The program that was looked for, by today's name.
    pub program: &'static str,
    /// Where: `directory` (--llama-dir or configuration), `vendored` or `path`.
    pub origin: &'static str,
    /// The file, or the place where there was none.
    pub path: String,
    /// Whether this is the one that is used.
    pub used: bool,
    /// The build as people name it; absent for one that cannot be used.
    pub build: Option<String>,
    /// Why it is used or not.
    pub reason: String,
}

/// The version of [`Overview`].
const FORMAT: u32 = 1;

/// Looks at every place.
pub async fn run(request: &LocateRequest) -> Overview {
    let mut candidates: Vec<Entry> = Vec::new();
    for candidate in vendor::survey(request).await {
        let entry = describe(&candidate, &candidates);
        candidates.push(entry);
    }
    Overview {
        version: FORMAT,
        candidates,
    }
}

/// Words for one candidate, given those before it.
fn describe(candidate: &Candidate, before: &[Entry]) -> Entry {
    let program = candidate.wanted.name();
    let origin = match candidate.origin {
        Origin::Directory(_) => "directory",
        Origin::Vendored(_) => "vendored",
        Origin::Path => "path",
    };
    let taken = before
        .iter()
        .any(|entry| entry.program == program && entry.used);
    // A directory that the user names is the only place, see `vendor::locate`.
    let insists = before
        .iter()
        .any(|entry| entry.program == program && entry.origin == "directory");
    let (used, build, reason) = match &candidate.verdict {
        Err(reason) => (false, None, reason.to_string()),
        Ok(capabilities) => {
            let build = Some(capabilities.build_name());
            if taken {
                (false, build, "an earlier one is used".to_owned())
            } else if insists && origin != "directory" {
                (
                    false,
                    build,
                    "the directory that you name is the only place".to_owned(),
                )
            } else {
                let reason = match capabilities.note_on_age() {
                    Some(note) => format!("{}; {note}", reason_to_use(candidate)),
                    None => reason_to_use(candidate),
                };
                (true, build, reason)
            }
        }
    };
    Entry {
        program,
        origin,
        path: candidate.path.display().to_string(),
        used,
        build,
        reason,
    }
}

fn reason_to_use(candidate: &Candidate) -> String {
    match &candidate.origin {
        Origin::Directory(dir) => format!("in {}, as you asked", dir.display()),
        Origin::Vendored(key) => format!("built by `orchestrate build` ({key})"),
        Origin::Path => "the first on PATH".to_owned(),
    }
}

impl Overview {
    /// The overview as text for people: a block for each program.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut last = "";
        for entry in &self.candidates {
            if entry.program != last {
                let _ = writeln!(text, "{}", entry.program);
                last = entry.program;
            }
            let mark = if entry.used { "use " } else { "    " };
            let build = entry.build.as_deref().unwrap_or("-");
            let _ = writeln!(
                text,
                "  {mark} {:<9}  {}\n                   {build}: {}",
                entry.origin, entry.path, entry.reason
            );
        }
        text
    }
}
