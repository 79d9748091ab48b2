use std::os::unix::fs::symlink;

use super::*;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("created");
    fs::write(path, text).expect("written");
}

fn names(shelves: &Shelves) -> Vec<String> {
    let (found, unreadable) = shelves.find();
    assert!(unreadable.is_empty(), "{unreadable:?}");
    found
        .into_iter()
        .map(|found| format!("{} {}", found.kind.name(), found.name))
        .collect()
}

#[test]
fn each_program_keeps_its_models_in_its_own_order() {
    let root = tempfile::tempdir().expect("a directory");
    let home = root.path().join("home");
    let below = |path: &str| home.join(path);
    write(&root.path().join("cache/models/demo-1.gguf"), "");
    write(&below(".cache/llama.cpp/owner_repo_a.GGUF"), "");
    write(
        &below(".cache/llama.cpp/owner_repo_b.gguf.downloadInProgress"),
        "",
    );
    let repository = below(".cache/huggingface/hub/models--owner--a--b");
    write(&repository.join("blobs/0123"), "");
    write(&repository.join("blobs/0123.incomplete"), "");
    let snapshot = repository.join("snapshots/abc/Q8_0");
    fs::create_dir_all(&snapshot).expect("created");
    symlink("../../../blobs/0123", snapshot.join("m.gguf")).expect("linked");
    // A circle.
    symlink("..", snapshot.join("up")).expect("linked");
    write(
        &below(".cache/huggingface/hub/datasets--owner--c/snapshots/a/d.gguf"),
        "",
    );
    write(
        &below(".ollama/models/manifests/registry.ollama.ai/library/qwen/0.5b"),
        r#"{"layers":[
            {"mediaType":"application/vnd.ollama.image.model","digest":"sha256:0aF"},
            {"mediaType":"application/vnd.ollama.image.license","digest":"sha256:11"},
            {"mediaType":"application/vnd.ollama.image.projector","digest":"sha256:22"},
            {"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../x"}]}"#,
    );
    write(
        &below(".ollama/models/manifests/hf.co/a/b/Q4_K_M"),
        r#"{"layers":[
        {"mediaType":"application/vnd.ollama.image.model","digest":"sha256:33"}]}"#,
    );
    write(
        &below(".ollama/models/manifests/registry.ollama.ai/library/bad/1"),
        "no JSON",
    );
    write(&below(".lmstudio/models/publisher/name/file.gguf"), "");
    write(&below("mine/other.gguf"), "");
    write(&below("mine/deep/hidden.gguf"), "");
    let shelves = Shelves::resolve(
        &Paths::below(root.path()),
        Some(&home),
        &[below("mine/model.gguf")],
        &|_| None,
    );
    assert_eq!(
        names(&shelves),
        [
            "orchestrate demo-1",
            "llama.cpp owner_repo_a",
            "huggingface owner/a--b/Q8_0/m",
            "ollama hf.co/a/b:Q4_K_M",
            "ollama qwen:0.5b",
            "ollama qwen:0.5b (projector)",
            "lmstudio publisher/name/file",
            "profile other",
        ]
    );
    let (found, _) = shelves.find();
    let qwen = found
        .iter()
        .find(|found| found.name == "qwen:0.5b")
        .expect("found");
    assert!(qwen.path.ends_with(".ollama/models/blobs/sha256-0aF"));
}

#[test]
#[cfg(target_os = "linux")]
fn the_variables_of_those_programs_hold() {
    let of = |set: &[(&str, &str)]| {
        let given = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        };
        let paths = Paths::below(Path::new("/o"));
        let Shelves(shelves) = Shelves::resolve(&paths, Some(Path::new("/h")), &[], &given);
        let shown = |shelf: &Shelf| format!("{} {}", shelf.kind.name(), shelf.directory.display());
        shelves.iter().map(shown).collect::<Vec<_>>()
    };
    let usual = of(&[]);
    assert_eq!(
        usual[..4],
        [
            "orchestrate /o/cache/models",
            "llama.cpp /h/.cache/llama.cpp",
            "huggingface /h/.cache/huggingface/hub",
            "ollama /h/.ollama/models",
        ]
    );
    let moved = of(&[
        ("XDG_CACHE_HOME", "/x"),
        ("HF_HOME", "/f"),
        ("OLLAMA_MODELS", "/m"),
    ]);
    assert_eq!(
        moved[1..4],
        ["llama.cpp /x/llama.cpp", "huggingface /f/hub", "ollama /m"]
    );
    let named = of(&[
        ("LLAMA_CACHE", "/l"),
        ("HF_HUB_CACHE", "/b"),
        ("HF_HOME", "/f"),
    ]);
    assert_eq!(named[1..3], ["llama.cpp /l", "huggingface /b"]);
}
