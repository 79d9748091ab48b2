//! A toy llama.cpp, and what tests need around it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use orchestrate::vendor::tools::{Privilege, ToolSearch};
use orchestrate::vendor::{BuildRequest, Event};
use tokio::sync::OnceCell;

/// Nothing here takes longer unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What the toy's programs print, in the form of build b11434.
pub(crate) const VERSION_TEXT: &str =
    "version: 0.6.0-dev (build 11434, commit unknown)\nbuilt with GNU 12.2.0 for Linux x86_64\n";
pub(crate) const HELP_TEXT: &str = "\
----- common params -----

-m,    --model FNAME                    model path to load
-c,    --ctx-size N                     size of the prompt context (default: 0)
-n,    --predict, --n-predict N         number of tokens to predict
-f,    --file FNAME                     a file containing the prompt
-if,   --interactive-first              run in interactive mode and wait for input right away
";

const TOY_CMAKE: &str = "\
cmake_minimum_required(VERSION 3.14...3.28)
project(toy C)
if(TOY_FAILS)
  message(FATAL_ERROR \"it was asked to fail\")
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
foreach(name llama-completion llama-server llama-bench llama-quantize llama-tokenize ggml-rpc-server)
  add_executable(${name} ${name}.c)
endforeach()
";

pub(crate) const TOY_PROGRAMS: [&str; 6] = [
    "llama-completion",
    "llama-server",
    "llama-bench",
    "llama-quantize",
    "llama-tokenize",
    "ggml-rpc-server",
];

/// A CMake project with llama.cpp's targets, each a C file of a few lines.
pub(crate) fn toy(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("CMakeLists.txt"), TOY_CMAKE).unwrap();
    let text = format!("{VERSION_TEXT}{HELP_TEXT}").replace('\n', "\\n");
    for name in TOY_PROGRAMS {
        let code = format!(
            "#include <stdio.h>\nint main(void) {{ fputs(\"{text}\", stdout); return 0; }}\n"
        );
        fs::write(dir.join(name).with_extension("c"), code).unwrap();
    }
}

/// Makes the toy's first link wait for a "compiler" that never ends. Returns the file that appears
/// once it runs, with its process number.
pub(crate) fn endless(source: &Path) -> PathBuf {
    let cmake = source.join("CMakeLists.txt");
    let text = fs::read_to_string(&cmake).unwrap();
    let pid = source.join("pid.part");
    let command = format!(
        "add_custom_command(TARGET llama-completion PRE_LINK COMMAND sh -c \
         \"echo $$ > {0} && mv {0} {1} && exec sleep 1000\" VERBATIM)\n",
        pid.display(),
        source.join("pid").display()
    );
    fs::write(cmake, text + &command).unwrap();
    source.join("pid")
}

/// Output as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A request to build `source`, with everything else below `root`.
pub(crate) async fn request(root: &Path, source: Option<PathBuf>) -> BuildRequest {
    BuildRequest {
        cache: root.join("cache"),
        cwd: root.to_owned(),
        source,
        jobs: None,
        cmake_args: Vec::new(),
        tools: tools().await,
    }
}

/// cmake of this machine, or else one from PyPI, fetched once and kept in the target directory.
pub(crate) async fn tools() -> ToolSearch {
    static READY: OnceCell<ToolSearch> = OnceCell::const_new();
    READY
        .get_or_init(|| async {
            let search = ToolSearch {
                path: std::env::var_os("PATH").unwrap(),
                venv: Path::new(env!("CARGO_TARGET_TMPDIR")).join("cmake-venv"),
                privilege: Privilege::None,
            };
            if let Err(error) = search.cmake(&|_| {}).await {
                panic!("these tests need cmake, or python3 and PyPI: failed to {error}");
            }
            search
        })
        .await
        .clone()
}

/// Events, kept.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl Events {
    pub(crate) fn add(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// Whether a step or note contains `text`.
    pub(crate) fn tell_of(&self, text: &str) -> bool {
        self.all().iter().any(|event| {
            matches!(event, Event::Step(words) | Event::Note(words) if words.contains(text))
        })
    }
}

/// Writes an executable script for `sh`.
pub(crate) fn script(path: &Path, body: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Makes `dir` a `PATH` of its own: links to everything on ours but `hidden`.
pub(crate) fn path_without(dir: &Path, hidden: &[&str]) -> OsString {
    fs::create_dir_all(dir).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for place in std::env::split_paths(&path) {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !hidden.iter().any(|hidden| name == *hidden) {
                // The first of a name counts, as on any PATH.
                let _ = symlink(entry.path(), dir.join(name));
            }
        }
    }
    dir.as_os_str().to_owned()
}

/// Makes `dir` a `PATH` of its own: links to these programs only.
pub(crate) fn path_with(dir: &Path, programs: &[&str]) -> OsString {
    fs::create_dir_all(dir).unwrap();
    for name in programs {
        let found = which::which(name).unwrap_or_else(|_| panic!("this test needs {name}"));
        let _ = symlink(found, dir.join(name));
    }
    dir.as_os_str().to_owned()
}

/// Waits until a process has ended; a zombie has.
pub(crate) async fn gone(pid: &str) {
    let number: u32 = pid.trim().parse().expect("a process number");
    let stat = PathBuf::from(format!("/proc/{number}/stat"));
    for _ in 0..500 {
        match fs::read_to_string(&stat) {
            Err(_) => return,
            Ok(text) if text.contains(") Z ") => return,
            Ok(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("process {pid} is still there");
}
