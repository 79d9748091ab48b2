//! The private virtual environment with cmake and ninja from PyPI.

use std::ffi::OsStr;
use std::fs;
use std::io;

use super::files;
use super::process::Call;
use super::tools::{INSTALL, ToolSearch};
use super::{Event, Report};

/// What the virtual environment gets: versions that built the pinned llama.cpp.
const FROM_PYPI: [&str; 2] = ["cmake==4.4.4", "ninja==1.13.2"];

/// Written into the virtual environment when it is complete.
const VENV_COMPLETE: &str = ".orchestrate-complete";

impl ToolSearch {
    /// Whether it is there, with the versions that are wanted.
    pub(super) fn venv_complete(&self) -> bool {
        fs::read_to_string(self.venv.join(VENV_COMPLETE))
            .is_ok_and(|content| content == FROM_PYPI.join(" "))
    }

    /// Makes the virtual environment with cmake and ninja. One that an interruption has left
    /// incomplete is made anew; it cannot be renamed into place, as its scripts hold its path.
    pub(super) async fn make_venv(&self, report: Report<'_>) -> Result<(), String> {
        if self.venv_complete() {
            return Ok(());
        }
        let mut python = None;
        for path in self.find_all("python3") {
            if self.version(&path).await.is_some() {
                python = Some(path);
                break;
            }
        }
        let python =
            python.ok_or_else(|| "there is no python3 to fetch cmake from PyPI with".to_owned())?;
        report(Event::Step(
            "installing cmake and ninja from PyPI into a private virtual environment".to_owned(),
        ));
        let unwritable = |error: io::Error| format!("writing {}: {error}", self.venv.display());
        files::remove(&self.venv).map_err(unwritable)?;
        fs::create_dir_all(&self.venv).map_err(unwritable)?;
        let venv: &OsStr = self.venv.as_os_str();
        let inner = self.venv.join("bin/python");
        let make = |extra: &[&str]| {
            let call = self.call(&python).args(["-m", "venv", "--clear"]);
            self.install_step(call.args(extra).arg(venv))
        };
        make(&["--without-pip"]).await?;
        let outer = || {
            let call = self.call(&python).args(["-m", "pip", "--python"]);
            call.arg(&inner)
        };
        // The pip that is there does the work where it is new enough (22.3): that saves seconds,
        // and Debian splits off what a virtual environment needs to get a pip of its own.
        let pip = if self.install_step(outer().arg("--version")).await.is_ok() {
            outer()
        } else {
            make(&[]).await?;
            self.call(&inner).args(["-m", "pip"])
        };
        let install = pip
            .args(["install", "--no-input", "--progress-bar", "off"])
            .args(["--only-binary", ":all:"])
            .args(FROM_PYPI)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        self.install_step(install).await?;
        fs::write(self.venv.join(VENV_COMPLETE), FROM_PYPI.join(" ")).map_err(unwritable)
    }

    async fn install_step(&self, call: Call) -> Result<(), String> {
        let output = call
            .capture(INSTALL)
            .await
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let text = if output.stderr.trim().is_empty() {
            output.stdout
        } else {
            output.stderr
        };
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        Err(format!(
            "python3 failed: {}",
            last.unwrap_or("no reason given").trim()
        ))
    }
}
