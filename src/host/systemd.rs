//! Whether systemd is here, and would run timers for this user.

use std::env;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// What systemd does for this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Systemd {
    /// Whether it rules the machine.
    pub booted: bool,
    /// Whether it has a manager for this user now, which `systemctl --user` speaks to.
    pub user_manager: bool,
    /// Whether that goes on when the user has logged out; `None` where the user's name is not known.
    pub linger: Option<bool>,
    /// Whether this is root, for whom the machine's own manager is there.
    pub is_root: bool,
}

impl Systemd {
    /// Looks, by the files that systemd documents for that (`sd_booted(3)`, `loginctl(1)`).
    #[must_use]
    pub fn detect() -> Self {
        let user = geteuid();
        let runtime = env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty());
        let runtime = runtime.map_or_else(
            || PathBuf::from(format!("/run/user/{}", user.as_raw())),
            PathBuf::from,
        );
        let name = ["USER", "LOGNAME"].iter().find_map(env::var_os);
        let name = name.filter(|name| Path::new(name).components().count() == 1);
        Self {
            booted: Path::new("/run/systemd/system").is_dir(),
            user_manager: runtime.join("systemd/private").exists(),
            linger: name.map(|name| Path::new("/var/lib/systemd/linger").join(name).exists()),
            is_root: user.is_root(),
        }
    }
}
