//! Filling the source directory, with a fake pip and a local git repository.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::{Compression, write::GzEncoder};
use orchestrate::vendor::Event;
use orchestrate::vendor::source::{SourceError, SourcePlan};
use orchestrate::vendor::tools::{Privilege, ToolSearch};
use sha2::{Digest, Sha256};

use crate::support::{Events, path_with, script, toy};

/// A checkout of orchestrate whose lock file pins a toy.
struct Checkout {
    root: tempfile::TempDir,
    tools: ToolSearch,
}

const FILE: &str = "toy_llama-1.0.tar.gz";

impl Checkout {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        let path = path_with(&bin, &["git", "cp", "sleep"]);
        let checkout = Self {
            tools: ToolSearch {
                path,
                venv: root.path().join("venv"),
                privilege: Privilege::None,
            },
            root,
        };
        fs::create_dir_all(checkout.path("vendor")).unwrap();
        checkout.make_package();
        checkout.make_repository();
        checkout.pin("1", &checkout.path("served/toy.tar.gz"));
        checkout.pip("cp \"$0.package\" \"$dir/toy_llama-1.0.tar.gz\"");
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn make_package(&self) {
        toy(&self.path("toy"));
        fs::create_dir_all(self.path("served")).unwrap();
        let file = File::create(self.path("served/toy.tar.gz")).unwrap();
        let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        tar.append_dir_all("toy_llama-1.0/llama.cpp", self.path("toy"))
            .unwrap();
        tar.into_inner().unwrap().finish().unwrap();
    }

    fn make_repository(&self) {
        let repository = self.path("repository");
        toy(&repository);
        fs::write(repository.join("from-git"), "").unwrap();
        for args in [
            &["init", "-q"][..],
            &["add", "."],
            &[
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@t",
                "commit",
                "-qm",
                "toy",
            ],
            &["tag", "b1"],
        ] {
            let git = Command::new("git")
                .args(args)
                .current_dir(&repository)
                .status();
            assert!(git.unwrap().success());
        }
    }

    /// Pins build `build` and the checksum of `package`.
    fn pin(&self, build: &str, package: &Path) {
        let bytes = fs::read(package).unwrap();
        let sha256: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let text = format!(
            "version = 1\n[llama-cpp]\nbuild = {build}\ntag = \"b{build}\"\nrepository = \"{}\"\n\
             [package]\nname = \"toy-llama\"\nversion = \"1.0\"\nfile = \"{FILE}\"\n\
             folder = \"llama.cpp\"\nsize = {}\nsha256 = \"{sha256}\"\n",
            self.path("repository").display(),
            bytes.len(),
        );
        fs::write(self.path("vendor/llama.cpp.lock"), text).unwrap();
    }

    /// A python3 whose pip downloads by `body`; `$dir` is where to.
    fn pip(&self, body: &str) {
        let python = self.path("bin/python3");
        let loop_ = "case \"$*\" in *--version*) echo pip; exit 0;; esac\n\
                     while [ \"$1\" != -d ]; do shift; done; dir=$2\n";
        script(&python, &format!("{loop_}{body}"));
        fs::copy(
            self.path("served/toy.tar.gz"),
            self.path("bin/python3.package"),
        )
        .unwrap();
    }

    fn plan(&self) -> Result<SourcePlan, SourceError> {
        SourcePlan::decide(self.root.path(), None, &self.path("cache"))
    }

    async fn fill(&self) -> (Result<(), SourceError>, Events) {
        let events = Events::default();
        let plan = self.plan().unwrap();
        let result = plan.fill(&self.tools, &|event| events.add(event)).await;
        (result, events)
    }

    fn filled(&self) -> bool {
        self.path("vendor/llama.cpp/llama-server.c").is_file()
            && self.path("vendor/llama.cpp/.orchestrate-source").is_file()
    }

    /// Names in a directory.
    fn names(&self, dir: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(dir)).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn the_package_fills_the_directory_once() {
    let checkout = Checkout::new();
    assert!(!checkout.plan().unwrap().own);
    checkout.fill().await.0.unwrap();
    assert!(checkout.filled());
    assert_eq!(checkout.names("vendor"), ["llama.cpp", "llama.cpp.lock"]);
    assert_eq!(checkout.names("cache/downloads"), [FILE]);
    let (result, events) = checkout.fill().await;
    result.unwrap();
    assert_eq!(events.all(), []);
}

#[tokio::test]
async fn what_interruptions_leave_is_cleared_and_done_again() {
    let checkout = Checkout::new();
    // Half an unpacked tree, and half a download under the final name.
    toy(&checkout.path("vendor/.llama.cpp.abc/tree"));
    fs::create_dir_all(checkout.path("cache/downloads")).unwrap();
    let whole = fs::read(checkout.path("served/toy.tar.gz")).unwrap();
    fs::write(
        checkout.path("cache/downloads").join(FILE),
        &whole[..whole.len() / 2],
    )
    .unwrap();
    let (result, events) = checkout.fill().await;
    result.unwrap();
    assert!(checkout.filled());
    assert!(events.tell_of("fetched again"), "{:?}", events.all());
    assert_eq!(checkout.names("vendor"), ["llama.cpp", "llama.cpp.lock"]);
}

#[tokio::test]
async fn a_download_that_is_cut_off_leaves_nothing_in_the_way() {
    let checkout = Checkout::new();
    checkout.pip("echo half > \"$dir/part\"; echo > \"$0.started\"; sleep 1000");
    let plan = checkout.plan().unwrap();
    let started = async {
        while !checkout.path("bin/python3.started").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = plan.fill(&checkout.tools, &|_| {}) => panic!("it was to hang"),
        () = started => {}
    }
    assert_eq!(checkout.names("vendor"), ["llama.cpp.lock"]);
    assert_eq!(checkout.names("cache/downloads"), [] as [&str; 0]);
    checkout.pip("cp \"$0.package\" \"$dir/toy_llama-1.0.tar.gz\"");
    checkout.fill().await.0.unwrap();
    assert!(checkout.filled());
}

#[tokio::test]
async fn the_size_of_a_growing_download_is_told() {
    let checkout = Checkout::new();
    let half =
        "mkdir \"$TMPDIR/pip-unpack\"; echo 12345 > \"$TMPDIR/pip-unpack/toy_llama-1.0.tar.gz\"";
    path_with(&checkout.path("bin"), &["mkdir"]);
    checkout.pip(&format!(
        "{half}; sleep 0.5; cp \"$0.package\" \"$dir/toy_llama-1.0.tar.gz\""
    ));
    let (result, events) = checkout.fill().await;
    result.unwrap();
    let told = events
        .all()
        .into_iter()
        .any(|event| matches!(event, Event::Download { done: 6, .. }));
    assert!(told, "{:?}", events.all());
}

#[tokio::test]
async fn a_wrong_checksum_is_refused_and_git_is_the_second_way() {
    let checkout = Checkout::new();
    checkout.pip("echo something else > \"$dir/toy_llama-1.0.tar.gz\"");
    let (result, events) = checkout.fill().await;
    result.unwrap();
    assert!(events.tell_of("another checksum"), "{:?}", events.all());
    assert!(events.tell_of("cloning"), "{:?}", events.all());
    assert!(checkout.filled());
    assert!(checkout.path("vendor/llama.cpp/from-git").is_file());
    assert_eq!(checkout.names("cache/downloads"), [] as [&str; 0]);
}

#[tokio::test]
async fn when_both_ways_fail_both_reasons_are_told() {
    let checkout = Checkout::new();
    checkout.pip("echo 'ERROR: no route to the index' >&2; exit 1");
    fs::remove_dir_all(checkout.path("repository")).unwrap();
    let text = checkout.fill().await.0.unwrap_err().to_string();
    for part in [
        "b1",
        "no route to the index",
        "repository",
        "vendor/llama.cpp",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(checkout.names("vendor"), ["llama.cpp.lock"]);
}

#[tokio::test]
async fn another_pin_replaces_what_we_filled() {
    let checkout = Checkout::new();
    checkout.fill().await.0.unwrap();
    let before = checkout.plan().unwrap().identity();
    checkout.pin("2", &checkout.path("served/toy.tar.gz"));
    let plan = checkout.plan().unwrap();
    assert!(!plan.own && !plan.is_filled());
    assert_ne!(plan.identity(), before);
    fs::write(checkout.path("vendor/llama.cpp/stale"), "").unwrap();
    checkout.fill().await.0.unwrap();
    assert!(checkout.filled());
    assert!(!checkout.path("vendor/llama.cpp/stale").exists());
}

#[tokio::test]
async fn a_clone_that_the_user_has_put_there_is_used_as_it_is() {
    let checkout = Checkout::new();
    toy(&checkout.path("vendor/llama.cpp"));
    let plan = checkout.plan().unwrap();
    assert!(plan.own);
    let before = plan.identity();
    let (result, events) = checkout.fill().await;
    result.unwrap();
    assert_eq!(events.all(), []);
    assert!(
        !checkout
            .path("vendor/llama.cpp/.orchestrate-source")
            .exists()
    );
    fs::write(checkout.path("vendor/llama.cpp/llama-server.c"), "int x;").unwrap();
    assert_ne!(checkout.plan().unwrap().identity(), before);
}

#[tokio::test]
async fn a_directory_that_holds_something_else_is_left_alone() {
    let checkout = Checkout::new();
    fs::create_dir_all(checkout.path("vendor/llama.cpp/.git")).unwrap();
    let text = checkout.plan().unwrap_err().to_string();
    assert!(
        text.contains("vendor/llama.cpp") && text.contains("submodule"),
        "{text}"
    );
    // An empty one is a submodule that was never initialised.
    fs::remove_dir(checkout.path("vendor/llama.cpp/.git")).unwrap();
    checkout.fill().await.0.unwrap();
    assert!(checkout.filled());
}

#[test]
fn outside_a_checkout_the_sources_go_to_the_cache() {
    let root = tempfile::tempdir().unwrap();
    let plan = SourcePlan::decide(root.path(), None, &root.path().join("cache")).unwrap();
    assert!(plan.dir.starts_with(root.path().join("cache/sources")));
    let nowhere = SourcePlan::decide(root.path(), Some(Path::new("none")), root.path());
    assert!(matches!(nowhere, Err(SourceError::NotLlama(_))));
}
