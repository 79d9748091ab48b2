//! A terminal with a shell in it, as a user has them.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Our end of a pseudo-terminal. What the other end writes is collected.
pub(crate) struct Terminal {
    ours: File,
    shown: Arc<Mutex<String>>,
}

impl Terminal {
    /// A new one, and its other end: standard input, output and error of whoever sits at it.
    pub(crate) fn open() -> Result<(Self, [Stdio; 3]), String> {
        let failed = |error: &dyn std::fmt::Display| format!("no pseudo-terminal: {error}");
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map_err(|e| failed(&e))?;
        grantpt(&ours).map_err(|e| failed(&e))?;
        unlockpt(&ours).map_err(|e| failed(&e))?;
        let name = ptsname(&ours, Vec::new()).map_err(|e| failed(&e))?;
        let name = name.into_string().map_err(|e| failed(&e))?;
        let theirs = OpenOptions::new().read(true).write(true).open(name);
        let theirs: OwnedFd = theirs.map_err(|e| failed(&e))?.into();
        let copy = || theirs.try_clone().map(Stdio::from).map_err(|e| failed(&e));
        let ends = [copy()?, copy()?, copy()?];
        let terminal = Self {
            ours: ours.into(),
            shown: Arc::default(),
        };
        terminal.collect();
        Ok((terminal, ends))
    }

    /// Reads until nobody is at the other end any more.
    fn collect(&self) {
        let mut ours = self.ours.try_clone().expect("a descriptor");
        let shown = Arc::clone(&self.shown);
        thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read @ 1..) = ours.read(&mut part) {
                let text = String::from_utf8_lossy(&part[..read]);
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.push_str(&text);
            }
        });
    }

    /// Types this.
    pub(crate) fn types(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// All that it has shown so far.
    pub(crate) fn shown(&self) -> String {
        let shown = self.shown.lock();
        shown.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
