//! A small disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory, unmounted at the end.
pub(crate) struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Mounts one with these options of tmpfs(5), such as `size=64k`, in the place of this directory.
    pub(crate) fn mount(dir: &Path, options: &str) -> Result<Self, String> {
        fs::create_dir_all(dir).map_err(|error| error.to_string())?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "orchestrate-faults"])
            .arg(dir)
            .output()
            .map_err(|error| format!("mount: {error}"))?;
        if mounted.status.success() {
            return Ok(Self(dir.to_owned()));
        }
        let words = String::from_utf8_lossy(&mounted.stderr);
        Err(format!("no disk can be mounted: {}", words.trim()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: whatever a failed case has left there may use it still.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
