//! Takes one folder out of a source distribution (`.tar.gz`).
//!
//! The archive has passed its checksum before it comes here; refusing paths that lead out of the
//! target is a second line, for a lock file that somebody changed without looking.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};
use tokio::time::Instant;

use super::Event;
use super::files::Stop;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Unpacks `<top>/<folder>/…` of `archive` into `target`, which must exist and be empty. Returns
/// the number of files.
pub(crate) fn unpack(
    archive: &Path,
    folder: &str,
    target: &Path,
    stop: &Stop,
    tell: &dyn Fn(Event),
) -> io::Result<usize> {
    let file = File::open(archive)?;
    let total = file.metadata()?.len();
    let mut done = 0;
    let mut told = Instant::now();
    let counted = Counted {
        inner: BufReader::with_capacity(1 << 16, file),
        each: |read: usize| {
            done += read as u64;
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                tell(Event::Unpack { done, total });
            }
        },
    };
    let mut files = 0;
    for entry in Archive::new(GzDecoder::new(counted)).entries()? {
        stop.check()?;
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if let Some(inside) = below(&path, folder)? {
            files += usize::from(place(&mut entry, &inside, target)?);
        }
    }
    Ok(files)
}

/// The part of `path` below `<top>/<folder>/`; `None` for what lies elsewhere.
fn below(path: &Path, folder: &str) -> io::Result<Option<PathBuf>> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(unsafe_path(path));
            }
        }
    }
    match parts.as_slice() {
        [_top, first, rest @ ..] if *first == folder && !rest.is_empty() => {
            Ok(Some(rest.iter().collect()))
        }
        _ => Ok(None),
    }
}

/// Writes one entry; true for a file.
fn place<R: Read>(entry: &mut Entry<'_, R>, inside: &Path, target: &Path) -> io::Result<bool> {
    let path = target.join(inside);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match entry.header().entry_type() {
        EntryType::Directory => fs::create_dir_all(&path)?,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            entry.unpack(&path)?;
            return Ok(true);
        }
        EntryType::Symlink => {
            let link = entry.link_name()?.unwrap_or_default();
            if !stays_inside(inside, &link) {
                return Err(unsafe_path(inside));
            }
            entry.unpack(&path)?;
        }
        // Global headers and the like carry no file; hard links and devices have no place in a
        // source tree.
        EntryType::XGlobalHeader | EntryType::XHeader => {}
        _ => return Err(unsafe_path(inside)),
    }
    Ok(false)
}

/// Whether a symbolic link at `inside` that says `link` points below the target.
fn stays_inside(inside: &Path, link: &Path) -> bool {
    let mut depth = inside.components().count().saturating_sub(1);
    for component in link.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

fn unsafe_path(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "the archive holds an entry that does not belong into a source tree: {}",
            path.display()
        ),
    )
}

/// Counts what is read.
struct Counted<R, F> {
    inner: R,
    each: F,
}

impl<R: Read, F: FnMut(usize)> Read for Counted<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        (self.each)(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    type Entries<'a> = &'a [(&'a str, EntryType, &'a str)];

    /// The name goes into the raw header: the `tar` crate would refuse to write a bad one.
    fn archive(entries: Entries<'_>) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let gz = GzEncoder::new(file.reopen().unwrap(), Compression::fast());
        let mut builder = tar::Builder::new(gz);
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            let data = if *kind == EntryType::Symlink {
                header.set_link_name_literal(content).unwrap();
                ""
            } else {
                content
            };
            header.set_size(data.len() as u64);
            header.set_cksum();
            builder.append(&header, data.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
        file
    }

    fn unpacked(entries: Entries<'_>) -> (tempfile::TempDir, io::Result<usize>) {
        let target = tempfile::tempdir().unwrap();
        let archive = archive(entries);
        let result = unpack(
            archive.path(),
            "llama.cpp",
            target.path(),
            &Stop::default(),
            &|_| {},
        );
        (target, result)
    }

    #[test]
    fn only_the_folder_is_taken() {
        let (target, result) = unpacked(&[
            ("top/setup.py", EntryType::Regular, "not ours"),
            (
                "top/llama.cpp/CMakeLists.txt",
                EntryType::Regular,
                "project()",
            ),
            ("top/llama.cpp/src/a.c", EntryType::Regular, "int a;"),
            ("top/llama.cpp/src/b.c", EntryType::Symlink, "../src/a.c"),
        ]);
        assert_eq!(result.unwrap(), 2);
        let read = |name: &str| fs::read_to_string(target.path().join(name)).unwrap();
        assert_eq!(read("CMakeLists.txt"), "project()");
        assert_eq!(read("src/b.c"), "int a;");
        assert!(!target.path().join("setup.py").exists());
    }

    #[test]
    fn what_leads_out_is_refused() {
        let bad: [Entries<'_>; 5] = [
            &[("top/llama.cpp/../../x", EntryType::Regular, "x")],
            &[("/etc/x", EntryType::Regular, "x")],
            &[("top/llama.cpp/x", EntryType::Symlink, "/etc/passwd")],
            &[("top/llama.cpp/d/x", EntryType::Symlink, "../../x")],
            &[("top/llama.cpp/x", EntryType::Link, "y")],
        ];
        for entries in bad {
            let (target, result) = unpacked(entries);
            let error = result.unwrap_err().to_string();
            assert!(error.contains("does not belong"), "{entries:?}: {error}");
            assert_eq!(fs::read_dir(target.path()).unwrap().count().min(1), {
                // At most an empty parent directory has been made.
                usize::from(target.path().join("d").exists())
            });
        }
    }

    #[test]
    fn a_cut_archive_is_an_error() {
        let whole = archive(&[("top/llama.cpp/a", EntryType::Regular, "content")]);
        let bytes = fs::read(whole.path()).unwrap();
        fs::write(whole.path(), &bytes[..bytes.len() / 2]).unwrap();
        let target = tempfile::tempdir().unwrap();
        let result = unpack(
            whole.path(),
            "llama.cpp",
            target.path(),
            &Stop::default(),
            &|_| {},
        );
        assert!(result.is_err());
    }
}
