//! Built programs in the cache, and the pointer to those in use.
//!
//! `<cache>/llama/<key>/` holds `bin/` and `manifest.json`. It appears by one rename, already with
//! llama-completion in it; later stages add a program by renaming it into `bin/` and then replace
//! the manifest, also by a rename. Only what the manifest names counts, so that a reader sees a
//! usable install at every moment. `<cache>/llama/current` holds the key of the one in use: a
//! complete install wins it when it is complete, an incomplete one only while there is no other.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use super::recipe;

/// The manifest's format.
const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
const CURRENT: &str = "current";

/// Prefix of a directory in which an install is prepared.
const STAGING_PREFIX: &str = ".staging-";

/// What an install says about itself; stored as `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub version: u32,
    /// The key of the build.
    pub key: String,
    /// Where the sources were.
    pub source: PathBuf,
    /// Options that cmake was given.
    pub options: Vec<String>,
    /// The compiler.
    pub compiler: String,
    /// Stands for the CPU that it was built for.
    pub cpu: String,
    /// Programs that are in place, by file name.
    pub programs: Vec<String>,
    /// Whether all that the build was to make are in place.
    pub complete: bool,
}

/// The builds of one cache.
#[derive(Debug, Clone)]
pub struct Installs {
    root: PathBuf,
}

/// Why there is no vendored build to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoCurrent {
    /// Nothing has been built.
    None,
    /// The pointer leads to an install that is gone or damaged.
    Broken(PathBuf),
    /// It was built for another CPU (a home directory shared between machines).
    OtherCpu(PathBuf),
}

impl Installs {
    /// Those below `<cache>/llama`.
    #[must_use]
    pub fn of(cache: &Path) -> Self {
        Self {
            root: cache.join("llama"),
        }
    }

    /// The directory of a key.
    #[must_use]
    pub fn dir(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// The file of a program of a key.
    #[must_use]
    pub fn program(&self, key: &str, name: &str) -> PathBuf {
        self.dir(key).join("bin").join(name)
    }

    /// The manifest of a key; `None` when there is none or it cannot be read.
    #[must_use]
    pub fn manifest(&self, key: &str) -> Option<Manifest> {
        let bytes = fs::read(self.dir(key).join(MANIFEST)).ok()?;
        let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
        (manifest.version == FORMAT && manifest.key == key).then_some(manifest)
    }

    /// The install in use. Four small reads; the sources are not looked at.
    ///
    /// # Errors
    /// [`NoCurrent`] says why there is none.
    pub fn current(&self) -> Result<Manifest, NoCurrent> {
        let key = fs::read_to_string(self.root.join(CURRENT)).map_err(|_| NoCurrent::None)?;
        let key = key.trim();
        // The pointer becomes part of a path.
        if key.is_empty() || key.contains('/') || key.starts_with('.') {
            return Err(NoCurrent::Broken(self.root.join(CURRENT)));
        }
        let manifest = self
            .manifest(key)
            .ok_or_else(|| NoCurrent::Broken(self.dir(key)))?;
        if manifest.cpu != recipe::cpu_key() {
            return Err(NoCurrent::OtherCpu(self.dir(key)));
        }
        Ok(manifest)
    }

    /// Copies programs from a build tree and names them in the manifest; see the module's text for
    /// the order of things.
    pub(crate) fn publish(&self, from: &Path, manifest: &mut Manifest) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        let wanted = manifest.programs.clone();
        let existing = self.manifest(&manifest.key);
        if let Some(existing) = existing {
            let bin = self.dir(&manifest.key).join("bin");
            for name in &wanted {
                // Also those that are there: an interrupted run may have left an older file.
                copy_program(&from.join(name), &bin, name)?;
            }
            for name in existing.programs {
                if !manifest.programs.contains(&name) {
                    manifest.programs.push(name);
                }
            }
            files::write_whole(&self.dir(&manifest.key).join(MANIFEST), &json(manifest)?)?;
        } else {
            let staging = tempfile::Builder::new()
                .prefix(STAGING_PREFIX)
                .tempdir_in(&self.root)?;
            let bin = staging.path().join("bin");
            fs::create_dir(&bin)?;
            for name in &wanted {
                copy_program(&from.join(name), &bin, name)?;
            }
            fs::write(staging.path().join(MANIFEST), json(manifest)?)?;
            let target = self.dir(&manifest.key);
            files::remove(&target)?;
            let staged = staging.keep();
            set_mode(&staged, 0o755)?;
            fs::rename(&staged, &target)?;
        }
        if manifest.complete || self.current().is_err() {
            self.make_current(&manifest.key)?;
        }
        Ok(())
    }

    /// Points `current` at a key.
    pub(crate) fn make_current(&self, key: &str) -> io::Result<()> {
        files::write_whole(&self.root.join(CURRENT), key.as_bytes())
    }

    /// Removes what interrupted runs have left; call with the build lock held.
    pub(crate) fn clear_leftovers(&self) {
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(STAGING_PREFIX)
            {
                let _ = files::remove(&entry.path());
            }
        }
    }
}

impl Manifest {
    /// An empty one.
    pub(crate) fn new(key: &str, source: &Path, recipe: &recipe::Recipe) -> Self {
        Self {
            version: FORMAT,
            key: key.to_owned(),
            source: source.to_owned(),
            options: recipe.options.clone(),
            compiler: recipe.compiler.clone(),
            cpu: recipe.cpu.clone(),
            programs: Vec::new(),
            complete: false,
        }
    }
}

/// Copies through a temporary name, with its bytes on the disk before the name appears: after a
/// power cut an empty file would otherwise pass for a program.
fn copy_program(from: &Path, bin: &Path, name: &str) -> io::Result<()> {
    let part = bin.join(format!(".{name}.part"));
    fs::copy(from, &part)?;
    File::open(&part)?.sync_all()?;
    fs::rename(&part, bin.join(name))
}

fn json(manifest: &Manifest) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(manifest)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        dir: tempfile::TempDir,
        installs: Installs,
    }

    impl Bench {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            for name in ["llama-completion", "llama-server"] {
                fs::write(dir.path().join(name), name).unwrap();
            }
            let installs = Installs::of(&dir.path().join("cache"));
            Self { dir, installs }
        }

        fn publish(&self, key: &str, programs: &[&str], complete: bool) {
            let mut manifest = Manifest {
                version: FORMAT,
                key: key.to_owned(),
                source: PathBuf::from("/src"),
                options: Vec::new(),
                compiler: "c++".to_owned(),
                cpu: recipe::cpu_key(),
                programs: programs.iter().map(|&name| name.to_owned()).collect(),
                complete,
            };
            self.installs
                .publish(self.dir.path(), &mut manifest)
                .unwrap();
        }
    }

    #[test]
    fn stages_add_up_and_are_usable_at_once() {
        let bench = Bench::new();
        assert_eq!(bench.installs.current(), Err(NoCurrent::None));
        bench.publish("k1", &["llama-completion"], false);
        let first = bench.installs.current().unwrap();
        assert_eq!((first.programs.len(), first.complete), (1, false));
        bench.publish("k1", &["llama-server"], true);
        let second = bench.installs.current().unwrap();
        assert_eq!((second.programs.len(), second.complete), (2, true));
        assert!(bench.installs.program("k1", "llama-completion").is_file());
    }

    #[test]
    fn an_incomplete_build_does_not_take_the_place_of_a_complete_one() {
        let bench = Bench::new();
        bench.publish("old", &["llama-completion", "llama-server"], true);
        bench.publish("new", &["llama-completion"], false);
        assert_eq!(bench.installs.current().unwrap().key, "old");
        bench.publish("new", &["llama-server"], true);
        assert_eq!(bench.installs.current().unwrap().key, "new");
    }

    #[test]
    fn a_broken_pointer_is_told_apart() {
        let bench = Bench::new();
        bench.publish("k1", &["llama-completion"], true);
        let broken = |content: &str| {
            fs::write(bench.dir.path().join("cache/llama/current"), content).unwrap();
            matches!(bench.installs.current(), Err(NoCurrent::Broken(_)))
        };
        assert!(broken("gone"));
        assert!(broken("../../etc"));
        assert!(broken(""));
        bench.installs.make_current("k1").unwrap();
        let manifest = bench.installs.dir("k1").join(MANIFEST);
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, &text[..text.len() / 2]).unwrap();
        assert!(matches!(
            bench.installs.current(),
            Err(NoCurrent::Broken(_))
        ));
        fs::write(&manifest, text.replace("\"cpu\": \"", "\"cpu\": \"other-")).unwrap();
        assert!(matches!(
            bench.installs.current(),
            Err(NoCurrent::OtherCpu(_))
        ));
    }
}
