//! The tools that building llama.cpp takes: a C++ compiler, cmake, ninja or make, pip.
//!
//! What is on `PATH` and works is used. What is missing is installed here and nowhere else:
//! through apt-get as root or with password-less sudo; otherwise cmake and ninja from PyPI into a
//! private virtual environment in the cache. Where neither helps, the error names what to install.
//! A tool counts only after it has answered `--version`: a `cmake` of pyenv's shims, say, is on
//! `PATH` everywhere and works nowhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::process::Call;
use super::{Event, Report};

/// llama.cpp's own `cmake_minimum_required`.
const CMAKE_AT_LEAST: (u32, u32) = (3, 14);

/// For `--version` and the like, on a cold disk.
const ASK: Duration = Duration::from_secs(20);

/// For apt-get and pip: a slow mirror is no reason to give up, a dead one is.
pub(super) const INSTALL: Duration = Duration::from_secs(15 * 60);

/// Where to look for tools, and what may be done about missing ones.
#[derive(Debug, Clone)]
pub struct ToolSearch {
    /// The directories to search, as in `PATH`; helpers get it as theirs.
    pub path: OsString,
    /// Where a private virtual environment may be made.
    pub venv: PathBuf,
    /// How packages may be installed.
    pub privilege: Privilege,
}

/// How packages may be installed on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// Found out when it is needed.
    Detect,
    /// As root.
    Root,
    /// With sudo, which asks for no password.
    Sudo,
    /// Not at all.
    None,
}

/// What cmake is run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// cmake.
    pub cmake: PathBuf,
    /// What it drives.
    pub generator: Generator,
    /// ccache, if there is one.
    pub ccache: Option<PathBuf>,
}

/// The program that cmake generates files for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Generator {
    /// ninja.
    Ninja(PathBuf),
    /// make.
    Make(PathBuf),
}

/// The C++ compiler that cmake will take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// The program.
    pub path: PathBuf,
    /// The first line of its `--version`.
    pub version: String,
}

/// A pip that works.
#[derive(Debug, Clone)]
pub struct Pip {
    program: PathBuf,
    leading: Vec<OsString>,
    path: OsString,
}

/// What a build would find here, without installing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolbox {
    /// The compiler that would be taken.
    pub compiler: Option<Compiler>,
    /// cmake, with ninja or make.
    pub cmake: Option<Tools>,
    /// Whether pip works, by which cmake and ninja can be had; looked for only where cmake is missing.
    pub pip: bool,
    /// How packages could be installed. Whether sudo asks for a password is not tried:
    /// [`Privilege::Detect`] says that it is there.
    pub privilege: Privilege,
}

/// A tool is missing and could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// None of the ways led to it.
    #[error("find {what}{}: install {packages}, then run this again", in_brackets(.tried))]
    Missing {
        /// The tool, in words.
        what: &'static str,
        /// What was tried, and why it failed.
        tried: Vec<String>,
        /// Names of packages.
        packages: &'static str,
    },
}

fn in_brackets(tried: &[String]) -> String {
    if tried.is_empty() {
        return String::new();
    }
    format!(" ({})", tried.join("; "))
}

impl Generator {
    /// The name that cmake knows it by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ninja(_) => "Ninja",
            Self::Make(_) => "Unix Makefiles",
        }
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        match self {
            Self::Ninja(path) | Self::Make(path) => path,
        }
    }
}

impl Pip {
    pub(crate) fn call(&self) -> Call {
        Call::new(&self.program)
            .args(&self.leading)
            .env("PATH", &self.path)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    }
}

impl ToolSearch {
    /// The process's own `PATH`, and a virtual environment in `cache`.
    #[must_use]
    pub fn from_environment(cache: &Path) -> Self {
        Self {
            path: std::env::var_os("PATH").unwrap_or_default(),
            venv: cache.join("tools").join("venv"),
            privilege: Privilege::Detect,
        }
    }

    /// The first program of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        self.find_all(name).next()
    }

    pub(super) fn find_all(&self, name: &str) -> impl Iterator<Item = PathBuf> + use<> {
        let cwd = std::env::current_dir().unwrap_or_default();
        which::which_in_all(name, Some(&self.path), cwd)
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .into_iter()
    }

    pub(crate) fn call(&self, program: &Path) -> Call {
        Call::new(program).env("PATH", &self.path)
    }

    /// The C++ compiler: `CXX` if set, else the names that cmake tries.
    ///
    /// # Errors
    /// [`ToolError::Missing`] when there is none and none can be installed.
    pub async fn compiler(&self, report: Report<'_>) -> Result<Compiler, ToolError> {
        if let Some(compiler) = self.working_compiler().await {
            return Ok(compiler);
        }
        let mut tried = Vec::new();
        match self.apt(&["g++", "make"], report).await {
            Ok(()) => {
                if let Some(compiler) = self.working_compiler().await {
                    return Ok(compiler);
                }
                tried.push("apt-get installed g++, and it does not run".to_owned());
            }
            Err(reason) => tried.push(reason),
        }
        Err(ToolError::Missing {
            what: "a C++ compiler",
            tried,
            packages: "g++ or clang (Debian, Ubuntu: `apt-get install g++`; Fedora: `dnf install \
                       gcc-c++`; macOS: `xcode-select --install`)",
        })
    }

    /// Looks at what is there. Nothing is installed, and nobody is asked for a password.
    pub async fn look(&self) -> Toolbox {
        let (compiler, cmake) = tokio::join!(self.working_compiler(), self.working_cmake());
        let pip = cmake.is_none() && self.working_pip().await.is_some();
        let privilege = match self.find("apt-get") {
            None => Privilege::None,
            Some(_) if rustix::process::geteuid().is_root() => Privilege::Root,
            Some(_) if self.find("sudo").is_some() => Privilege::Detect,
            Some(_) => Privilege::None,
        };
        Toolbox {
            compiler,
            cmake,
            pip,
            privilege,
        }
    }

    async fn working_compiler(&self) -> Option<Compiler> {
        let from_variable = std::env::var("CXX").ok().filter(|name| !name.is_empty());
        let names = from_variable
            .as_deref()
            .into_iter()
            .chain(["c++", "g++", "clang++"]);
        for name in names {
            for path in self.find_all(name) {
                if let Some(version) = self.version(&path).await {
                    return Some(Compiler { path, version });
                }
            }
        }
        None
    }

    /// cmake, and ninja or make.
    ///
    /// # Errors
    /// [`ToolError::Missing`] when one is missing and cannot be installed.
    pub async fn cmake(&self, report: Report<'_>) -> Result<Tools, ToolError> {
        let mut tried = Vec::new();
        if let Some(tools) = self.working_cmake().await {
            return Ok(tools);
        }
        if let Err(reason) = self.apt(&["cmake", "ninja-build"], report).await {
            tried.push(reason);
        } else if let Some(tools) = self.working_cmake().await {
            return Ok(tools);
        } else {
            tried.push("apt-get installed cmake, and it does not run or is too old".to_owned());
        }
        match self.make_venv(report).await {
            Err(reason) => tried.push(reason),
            Ok(()) => match self.working_cmake().await {
                Some(tools) => return Ok(tools),
                None => tried.push("cmake from PyPI does not run".to_owned()),
            },
        }
        Err(ToolError::Missing {
            what: "cmake and ninja",
            tried,
            packages: "cmake and ninja (Debian, Ubuntu: `apt-get install cmake ninja-build`; or \
                       python3 with pip, which is enough to fetch both)",
        })
    }

    /// What is there and works, on the path first, then in the virtual environment.
    async fn working_cmake(&self) -> Option<Tools> {
        let in_venv = |name: &str| {
            let program = self.venv.join("bin").join(name);
            self.venv_complete().then_some(program)
        };
        let mut cmake = None;
        for path in self.find_all("cmake").chain(in_venv("cmake")) {
            let version = self.version(&path).await;
            if version.is_some_and(|line| cmake_is_new_enough(&line)) {
                cmake = Some(path);
                break;
            }
        }
        let cmake = cmake?;
        let mut generator = None;
        for path in self.find_all("ninja").chain(in_venv("ninja")) {
            if self.version(&path).await.is_some() {
                generator = Some(Generator::Ninja(path));
                break;
            }
        }
        let generator = generator.or_else(|| self.find("make").map(Generator::Make))?;
        Some(Tools {
            cmake,
            generator,
            ccache: self.find("ccache"),
        })
    }

    /// pip, on the path or in the virtual environment.
    ///
    /// # Errors
    /// [`ToolError::Missing`] when there is none and none can be installed.
    pub async fn pip(&self, report: Report<'_>) -> Result<Pip, ToolError> {
        if let Some(pip) = self.working_pip().await {
            return Ok(pip);
        }
        let mut tried = Vec::new();
        match self.apt(&["python3-pip", "python3-venv"], report).await {
            Err(reason) => tried.push(reason),
            Ok(()) => {
                if let Some(pip) = self.working_pip().await {
                    return Ok(pip);
                }
                tried.push("apt-get installed pip, and it does not run".to_owned());
            }
        }
        Err(ToolError::Missing {
            what: "pip",
            tried,
            packages: "python3 with pip (Debian, Ubuntu: `apt-get install python3-pip`)",
        })
    }

    async fn working_pip(&self) -> Option<Pip> {
        let module = || vec![OsString::from("-m"), OsString::from("pip")];
        let mut candidates: Vec<(PathBuf, Vec<OsString>)> = Vec::new();
        for python in ["python3", "python"] {
            candidates.extend(self.find_all(python).map(|path| (path, module())));
        }
        for pip in ["pip3", "pip"] {
            candidates.extend(self.find_all(pip).map(|path| (path, Vec::new())));
        }
        if self.venv_complete() {
            candidates.push((self.venv.join("bin/python"), module()));
        }
        for (program, leading) in candidates {
            let pip = Pip {
                program,
                leading,
                path: self.path.clone(),
            };
            let answer = pip.call().arg("--version").capture(ASK).await;
            if answer.is_ok_and(|output| output.status.success()) {
                return Some(pip);
            }
        }
        None
    }

    /// The first line of `--version`; `None` when the program does not work.
    pub(super) async fn version(&self, program: &Path) -> Option<String> {
        let output = self
            .call(program)
            .arg("--version")
            .capture(ASK)
            .await
            .ok()?;
        let line = output.stdout.lines().next()?.trim().to_owned();
        output.status.success().then_some(line)
    }

    /// Installs Debian packages where that is possible; the error says why it was not.
    async fn apt(&self, packages: &[&str], report: Report<'_>) -> Result<(), String> {
        let Some(apt) = self.find("apt-get") else {
            return Err("there is no apt-get".to_owned());
        };
        let prefix: Vec<PathBuf> = match self.privilege().await {
            Privilege::Root => Vec::new(),
            Privilege::Sudo => self.find("sudo").into_iter().collect(),
            Privilege::Detect | Privilege::None => {
                return Err("apt-get needs root, or sudo without a password".to_owned());
            }
        };
        report(Event::Step(format!(
            "installing {} with apt-get",
            packages.join(", ")
        )));
        let run = async |args: &[&str]| -> Result<(), String> {
            let call = match prefix.first() {
                None => self.call(&apt),
                // sudo resets the environment, so the setting goes through env(1).
                Some(sudo) => self
                    .call(sudo)
                    .args(["-n", "env", "DEBIAN_FRONTEND=noninteractive"])
                    .arg(&apt),
            };
            let output = call
                .args(["-o", "DPkg::Lock::Timeout=120", "-q"])
                .args(args)
                .env("DEBIAN_FRONTEND", "noninteractive")
                // A dpkg that is killed half-way leaves the system in need of repair.
                .ends_by_request()
                .capture(INSTALL)
                .await
                .map_err(|error| error.to_string())?;
            if output.status.success() {
                return Ok(());
            }
            let cause = output.stderr.lines().find(|line| line.starts_with("E:"));
            Err(format!(
                "apt-get {} failed: {}",
                args.first().unwrap_or(&""),
                cause.unwrap_or("no reason given")
            ))
        };
        // A failed update (one dead mirror is enough) need not mean that the install fails.
        let updated = run(&["update"]).await;
        let mut install = vec!["install", "-y", "--no-install-recommends"];
        install.extend(packages);
        run(&install).await.map_err(|error| match updated {
            Ok(()) => error,
            Err(update) => format!("{update}; {error}"),
        })
    }

    async fn privilege(&self) -> Privilege {
        if self.privilege != Privilege::Detect {
            return self.privilege;
        }
        if rustix::process::geteuid().is_root() {
            return Privilege::Root;
        }
        let Some(sudo) = self.find("sudo") else {
            return Privilege::None;
        };
        let asked = self.call(&sudo).args(["-n", "true"]).capture(ASK).await;
        if asked.is_ok_and(|output| output.status.success()) {
            Privilege::Sudo
        } else {
            Privilege::None
        }
    }
}

/// Reads `cmake version 3.25.1`.
fn cmake_is_new_enough(line: &str) -> bool {
    let Some(version) = line.strip_prefix("cmake version ") else {
        return false;
    };
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= CMAKE_AT_LEAST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cmake_versions_are_compared_as_numbers() {
        assert!(cmake_is_new_enough("cmake version 3.25.1"));
        assert!(cmake_is_new_enough("cmake version 4.0.0-rc1"));
        assert!(!cmake_is_new_enough("cmake version 3.9.6"));
        assert!(!cmake_is_new_enough("pyenv: cmake: command not found"));
    }
}
