//! Whole builds of the toy.

use std::fs;
use std::path::Path;

use orchestrate::dialect::Program;
use orchestrate::vendor::build_lock::BuildLock;
use orchestrate::vendor::install::Installs;
use orchestrate::vendor::{BuildError, Event, LocateRequest, build, locate};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::support::{
    Events, PATIENCE, TOY_PROGRAMS, endless, gone, path_with, request, script, tools, toy,
};

fn ready(program: &str) -> Event {
    Event::Ready(program.to_owned())
}

#[tokio::test]
async fn the_first_stage_is_usable_before_the_second_begins() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let request = request(root.path(), Some("src".into())).await;
    let installs = Installs::of(&request.cache);
    let (events, early) = (Events::default(), Events::default());
    let report = |event: Event| {
        if event == ready("llama-completion") {
            let current = installs.current().unwrap();
            assert_eq!(current.programs, ["llama-completion"]);
            early.add(event.clone());
        }
        events.add(event);
    };
    let built = timeout(PATIENCE, build(&request, &report))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(early.all().len(), 1);
    assert!(built.fresh && built.manifest.complete);
    for program in TOY_PROGRAMS {
        assert!(built.bin.join(program).is_file(), "{program}");
        assert!(events.all().contains(&ready(program)), "{program}");
    }
    let compiled =
        |event: &Event| matches!(event, Event::Compile { done, total, .. } if done == total);
    assert!(events.all().iter().any(compiled));
    for program in [Program::Completion, Program::Server] {
        let found = LocateRequest::new(program, None, &request.cache);
        assert_eq!(
            locate(&found).await.unwrap().program,
            built.bin.join(program.name())
        );
    }

    let again = Events::default();
    let built = build(&request, &|event| again.add(event)).await.unwrap();
    assert!(!built.fresh);
    assert_eq!(
        again.all(),
        [],
        "a build that is there says and does nothing"
    );
}

#[tokio::test]
async fn an_interrupted_build_goes_on_where_it_was() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let request = request(root.path(), Some("src".into())).await;
    let first_stage = Notify::new();
    let report = |event: Event| {
        if event == ready("llama-completion") {
            first_stage.notify_one();
        }
    };
    tokio::select! {
        _ = build(&request, &report) => panic!("it was to be interrupted"),
        () = first_stage.notified() => {}
    }
    let cut = Installs::of(&request.cache).current().unwrap();
    assert!(!cut.complete);

    let events = Events::default();
    let built = build(&request, &|event| events.add(event)).await.unwrap();
    assert_eq!(built.manifest.key, cut.key);
    assert!(built.manifest.complete);
    let recompiled = events.all().into_iter().any(
        |event| matches!(event, Event::Compile { what, .. } if what == "llama-completion.c.o"),
    );
    assert!(!recompiled, "what was finished is not done again");
}

#[tokio::test]
async fn an_interruption_leaves_no_process() {
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("src");
    toy(&source);
    // ninja runs it in a process group of its own.
    let written = endless(&source);
    let request = request(root.path(), Some("src".into())).await;
    let appeared = async {
        while !written.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        built = build(&request, &|_| {}) => panic!("it was to hang: {built:?}"),
        () = appeared => {}
    }
    gone(&fs::read_to_string(&written).unwrap()).await;
    // Nobody holds the lock any more: cmake and ninja have it as their standard input.
    let lock = BuildLock::try_acquire(&request.cache.join("build")).unwrap();
    assert!(lock.is_ok());
}

#[tokio::test]
async fn a_failed_compile_shows_the_first_error_and_the_log() {
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("src");
    toy(&source);
    fs::write(
        source.join("llama-server.c"),
        "int main(void) { return nowhere; }\n",
    )
    .unwrap();
    let request = request(root.path(), Some("src".into())).await;
    let error = build(&request, &|_| {}).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("compile llama-server"), "{text}");
    assert!(text.contains("llama-server.c:1:"), "{text}");
    assert!(
        text.contains("error:") && text.contains("nowhere"),
        "{text}"
    );
    let BuildError::Failed { log, .. } = error else {
        panic!("{text}");
    };
    assert!(text.contains(&log.display().to_string()), "{text}");
    assert!(fs::read_to_string(log).unwrap().contains("nowhere"));
    // What had been built before works.
    let found = LocateRequest::new(Program::Completion, None, &request.cache);
    locate(&found).await.unwrap();

    toy(&source);
    let built = build(&request, &|_| {}).await.unwrap();
    assert!(built.manifest.complete, "the next build goes on");
}

#[tokio::test]
async fn the_second_build_waits_and_says_so() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let request = request(root.path(), Some("src".into())).await;
    let held = BuildLock::try_acquire(&request.cache.join("build")).unwrap();
    let held = std::sync::Mutex::new(Some(held.unwrap()));
    let events = Events::default();
    build(&request, &|event| {
        if matches!(event, Event::Waiting { .. }) {
            assert_eq!(
                event,
                Event::Waiting {
                    pid: Some(std::process::id())
                }
            );
            held.lock().unwrap().take();
        }
        events.add(event);
    })
    .await
    .unwrap();
    let waits = events
        .all()
        .into_iter()
        .filter(|event| matches!(event, Event::Waiting { .. }));
    assert_eq!(waits.count(), 1);
}

#[tokio::test]
async fn a_tree_that_an_interruption_damaged_is_made_anew() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let request = request(root.path(), Some("src".into())).await;
    let built = build(&request, &|_| {}).await.unwrap();
    fs::remove_dir_all(request.cache.join("llama")).unwrap();
    for entry in fs::read_dir(request.cache.join("build")).unwrap().flatten() {
        let cache = entry.path().join("CMakeCache.txt");
        if cache.is_file() {
            fs::write(cache, "this is no cache\n<<<<\n").unwrap();
        }
    }
    let events = Events::default();
    let again = build(&request, &|event| events.add(event)).await.unwrap();
    assert!(events.tell_of("anew"), "{:?}", events.all());
    assert_eq!(again.manifest.key, built.manifest.key);
}

#[tokio::test]
async fn make_does_where_there_is_no_ninja() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let mut request = request(root.path(), Some("src".into())).await;
    let cmake = tools().await.cmake(&|_| {}).await.unwrap().cmake;
    let bin = root.path().join("bin");
    let needed = ["make", "cc", "c++", "as", "ld", "ar", "ranlib", "sh"];
    request.tools.path = path_with(&bin, &needed);
    request.tools.venv = root.path().join("no-venv");
    std::os::unix::fs::symlink(cmake, bin.join("cmake")).unwrap();
    let events = Events::default();
    let built = build(&request, &|event| events.add(event)).await.unwrap();
    assert!(events.tell_of("Unix Makefiles"), "{:?}", events.all());
    let percent = |event: &Event| matches!(event, Event::Compile { total: 100, .. });
    assert!(events.all().iter().any(percent));
    assert!(built.bin.join("ggml-rpc-server").is_file());
}

#[tokio::test]
async fn a_changed_option_or_source_is_another_build() {
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("src");
    toy(&source);
    let mut request = request(root.path(), Some("src".into())).await;
    let first = build(&request, &|_| {}).await.unwrap();
    request.cmake_args = vec!["-DSOMETHING=1".to_owned()];
    let second = build(&request, &|_| {}).await.unwrap();
    assert_ne!(first.manifest.key, second.manifest.key);
    fs::write(source.join("new.h"), "").unwrap();
    let third = build(&request, &|_| {}).await.unwrap();
    assert_ne!(second.manifest.key, third.manifest.key);
    assert_eq!(
        Installs::of(&request.cache).current().unwrap().key,
        third.manifest.key
    );
    // Editing one's own clone goes on in the same tree: two option sets, two trees.
    let trees = fs::read_dir(request.cache.join("build")).unwrap().flatten();
    assert_eq!(trees.filter(|entry| entry.path().is_dir()).count(), 2);
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_named() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let mut request = request(root.path(), Some("src".into())).await;
    // Root may write anywhere, but nobody makes a directory below a file.
    fs::write(root.path().join("file"), "").unwrap();
    request.cache = root.path().join("file/cache");
    let text = build(&request, &|_| {}).await.unwrap_err().to_string();
    assert!(text.contains("file/cache/build"), "{text}");
    assert!(text.contains("ORCHESTRATE_CACHE_DIR"), "{text}");
}

/// A small file system of its own; unmounted when dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn tmpfs(dir: &'a Path) -> Option<Self> {
        let mut mount = std::process::Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(dir);
        mount
            .status()
            .is_ok_and(|status| status.success())
            .then_some(Self(dir))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_disk_that_is_too_full_is_told_before_the_work() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let small = root.path().join("small");
    fs::create_dir(&small).unwrap();
    let Some(_mount) = Mount::tmpfs(&small) else {
        eprintln!("skipped: mounting a tmpfs takes root, and a container that allows it");
        return;
    };
    let mut request = request(root.path(), Some("src".into())).await;
    request.cache = small.clone();
    let error = build(&request, &|_| {}).await.unwrap_err();
    assert!(matches!(error, BuildError::Space { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&small.display().to_string()) && text.contains("500 MB"),
        "{text}"
    );
}

#[tokio::test]
async fn a_failed_configure_shows_cmakes_error() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let mut request = request(root.path(), Some("src".into())).await;
    request.cmake_args = vec!["-DTOY_FAILS=ON".to_owned()];
    let text = build(&request, &|_| {}).await.unwrap_err().to_string();
    assert!(text.starts_with("configure llama.cpp"), "{text}");
    assert!(
        text.contains("CMake Error") && text.contains("asked to fail"),
        "{text}"
    );
}

#[tokio::test]
async fn an_older_clone_is_built_by_its_own_names() {
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("src");
    toy(&source);
    let cmake = fs::read_to_string(source.join("CMakeLists.txt")).unwrap();
    let older = "foreach(name llama-completion)\n  add_executable(main ${name}.c)\nendforeach()\n";
    let head = cmake.split("foreach").next().unwrap();
    fs::write(source.join("CMakeLists.txt"), format!("{head}{older}")).unwrap();
    let request = request(root.path(), Some("src".into())).await;
    let events = Events::default();
    let built = build(&request, &|event| events.add(event)).await.unwrap();
    assert_eq!(built.manifest.programs, ["main"]);
    assert!(events.tell_of("no llama-server"), "{:?}", events.all());
    let found = LocateRequest::new(Program::Completion, None, &request.cache);
    assert_eq!(locate(&found).await.unwrap().kind, Program::Main);

    fs::write(source.join("CMakeLists.txt"), head).unwrap();
    let error = build(&request, &|_| {}).await.unwrap_err();
    assert!(matches!(error, BuildError::NoTarget(_)), "{error}");
}

#[tokio::test]
async fn ccache_is_used_where_it_is_on_path() {
    let root = tempfile::tempdir().unwrap();
    toy(&root.path().join("src"));
    let mut request = request(root.path(), Some("src".into())).await;
    let bin = root.path().join("bin");
    script(
        &bin.join("ccache"),
        "echo \"$*\" >> \"$0.calls\"; exec \"$@\"",
    );
    let mut dirs = vec![bin.clone()];
    dirs.extend(std::env::split_paths(&request.tools.path));
    request.tools.path = std::env::join_paths(dirs).unwrap();
    build(&request, &|_| {}).await.unwrap();
    let calls = fs::read_to_string(bin.join("ccache.calls")).unwrap();
    assert!(calls.contains("llama-completion.c"), "{calls}");
}
