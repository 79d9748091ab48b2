//! The search order, and probes of fake binaries that count how often they are run.

use std::fs;
use std::path::{Path, PathBuf};

use orchestrate::dialect::Program;
use orchestrate::vendor::locate::Rejection;
use orchestrate::vendor::probe::{ProbeError, probe};
use orchestrate::vendor::{LocateError, LocateRequest, Origin, locate, survey};

use crate::support::{HELP_TEXT, VERSION_TEXT, script};

/// A program that answers like llama.cpp's and adds a line to `calls` beside it.
fn fake(path: &Path) {
    answer(path, &format!("{VERSION_TEXT}{HELP_TEXT}"));
}

fn answer(path: &Path, text: &str) {
    let body = format!("echo \"$1 $LLAMA_ARG_PORT\" >> \"$0.calls\"\ncat <<'EOF'\n{text}EOF");
    script(path, &body);
}

fn calls(path: &Path) -> usize {
    let mut name = path.as_os_str().to_owned();
    name.push(".calls");
    fs::read_to_string(PathBuf::from(name))
        .unwrap_or_default()
        .lines()
        .count()
}

/// A request that sees only what is below `root`; scripts still find `cat` by the system's PATH.
fn request(root: &Path, program: Program) -> LocateRequest {
    LocateRequest {
        program,
        llama_dir: None,
        cache: root.join("cache"),
        path: root.join("bin").into(),
    }
}

#[tokio::test]
async fn on_path_the_newest_name_wins_and_old_names_do() {
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("bin");
    let request = request(root.path(), Program::Completion);
    for (name, kind) in [
        ("main", Program::Main),
        ("llama-cli", Program::Cli),
        ("llama-completion", Program::Completion),
    ] {
        fake(&bin.join(name));
        let found = locate(&request).await.unwrap();
        assert_eq!(found.program, bin.join(name));
        assert_eq!(found.kind, kind);
        assert_eq!(found.origin, Origin::Path);
        assert_eq!(found.capabilities.build, Some(11434));
    }
}

#[tokio::test]
async fn a_chat_client_called_llama_cli_is_no_completion() {
    let root = tempfile::tempdir().unwrap();
    let help = HELP_TEXT.replace("--interactive-first", "--interactive-never");
    answer(
        &root.path().join("bin/llama-cli"),
        &format!("{VERSION_TEXT}{help}"),
    );
    let text = locate(&request(root.path(), Program::Completion))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("bin/llama-cli") && text.contains("chat program"),
        "{text}"
    );
}

#[tokio::test]
async fn with_none_anywhere_the_next_step_is_told() {
    let root = tempfile::tempdir().unwrap();
    // A common name: one that is not llama.cpp's is not even worth a word.
    answer(&root.path().join("bin/main"), "hello\n");
    let error = locate(&request(root.path(), Program::Completion))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert_eq!(
        text,
        "find llama-completion: nothing has been built yet, and there is none on PATH; next step: \
         `orchestrate build` (about 9 minutes on two cores), or name a directory with --llama-dir"
    );
}

#[tokio::test]
async fn a_named_directory_is_the_only_place() {
    let root = tempfile::tempdir().unwrap();
    fake(&root.path().join("bin/llama-completion"));
    let mut request = request(root.path(), Program::Completion);
    let dir = root.path().join("mine");
    request.llama_dir = Some(dir.clone());
    let error = locate(&request).await.unwrap_err();
    assert!(
        matches!(
            error,
            LocateError::InDirectory {
                reason: Rejection::Absent,
                ..
            }
        ),
        "{error}"
    );
    fake(&dir.join("build/bin/llama-completion"));
    let found = locate(&request).await.unwrap();
    assert_eq!(found.program, dir.join("build/bin/llama-completion"));
    assert_eq!(found.origin, Origin::Directory(dir));
}

#[tokio::test]
async fn a_stranger_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("bin/llama-server");
    answer(&path, "usage: something else\n");
    let error = probe(&path, Program::Server, root.path())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ProbeError::NotLlama(named) if *named == path),
        "{error}"
    );
    // Found once, and not run again.
    let before = calls(&path);
    let text = locate(&request(root.path(), Program::Server))
        .await
        .unwrap_err()
        .to_string();
    assert!(text.contains("bin/llama-server does not answer"), "{text}");
    let _ = locate(&request(root.path(), Program::Server)).await;
    assert_eq!((before, calls(&path)), (2, 4), "two caches, two probes");
}

#[tokio::test]
async fn a_binary_that_cannot_run_here_is_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("llama-server");
    script(&path, "kill -ILL $$");
    let error = probe(&path, Program::Server, root.path())
        .await
        .unwrap_err();
    assert!(matches!(error, ProbeError::Broken { .. }), "{error}");
    assert!(
        error.to_string().contains("does not run on this machine"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_holds_until_the_file_changes() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("llama-server");
    let cache = root.path().join("cache");
    fake(&path);
    let ask = || probe(&path, Program::Server, &cache);
    let first = ask().await.unwrap();
    assert_eq!(ask().await.unwrap(), first);
    assert_eq!(calls(&path), 2, "--version and --help, once each");

    // Another size: another binary.
    answer(
        &path,
        &format!("{VERSION_TEXT}{HELP_TEXT}\n-x, --extra N  more\n"),
    );
    assert_ne!(ask().await.unwrap(), first);
    assert_eq!(calls(&path), 4);

    // Damage costs a probe and nothing else.
    for entry in fs::read_dir(cache.join("probes")).unwrap().flatten() {
        fs::write(entry.path(), "{\"version\":").unwrap();
    }
    ask().await.unwrap();
    assert_eq!(calls(&path), 6);
    ask().await.unwrap();
    assert_eq!(calls(&path), 6);

    // A cache that cannot be written is no reason to fail.
    fs::write(root.path().join("file"), "").unwrap();
    probe(&path, Program::Server, &root.path().join("file/cache"))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_survey_keeps_every_reason() {
    let root = tempfile::tempdir().unwrap();
    fake(&root.path().join("bin/llama-completion"));
    let candidates = survey(&request(root.path(), Program::Completion)).await;
    let of = |program| {
        candidates
            .iter()
            .filter(move |candidate| candidate.wanted == program)
    };
    let verdicts: Vec<bool> = of(Program::Completion)
        .map(|candidate| candidate.verdict.is_ok())
        .collect();
    assert_eq!(verdicts, [false, true], "not built, then found on PATH");
    assert_eq!(of(Program::Server).count(), 1);

    let overview = orchestrate::llama::run(&request(root.path(), Program::Completion)).await;
    let used: Vec<_> = overview
        .candidates
        .iter()
        .filter(|entry| entry.used)
        .collect();
    assert_eq!(used.len(), 1);
    assert_eq!(
        (used[0].program, used[0].origin),
        ("llama-completion", "path")
    );
    let text = overview.text();
    assert!(text.contains("nothing has been built yet"), "{text}");
    assert!(text.contains("the first on PATH"), "{text}");
}
