//! Files that are written, refused and given up.

use std::fs;
use std::path::Path;

use super::*;

const QUIET: Console = Console {
    stderr_is_terminal: false,
    stdout_is_terminal: false,
    stdin_is_terminal: false,
    quiet: true,
};

fn small(output: &Path) -> SynthRequest {
    SynthRequest {
        architecture: Some("llama".to_owned()),
        sizes: Sizes {
            layers: Some(2),
            embd: Some(256),
            heads: Some(4),
            kv_heads: Some(2),
            ffn: Some(512),
            vocab: Some(600),
            ..Sizes::default()
        },
        quantization: "q4_K_m".to_owned(),
        output: Some(output.to_owned()),
        seed: 1,
        json: true,
        ..SynthRequest::default()
    }
}

fn left(directory: &Path) -> usize {
    fs::read_dir(directory).expect("a directory").count()
}

#[tokio::test]
async fn the_same_request_gives_the_same_file_whatever_the_threads() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a.gguf");
    let mut answer = Vec::new();
    synth(&small(&path), QUIET, &mut answer)
        .await
        .expect("written");
    let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
    let file = fs::read(&path).expect("there");
    assert_eq!(answer["file_bytes"], file.len());
    assert_eq!(answer["tokenizer"], "own");
    let request = small(&path);
    let shape = request.shape().expect("a shape");
    let plan = Plan::new(
        &shape,
        request.quantization().expect("known"),
        &Tokenizer::own(600),
        1,
    );
    let mut alone = plan.header().to_vec();
    alone.resize(file.len(), 0);
    for piece in plan.pieces() {
        let start = usize::try_from(piece.offset).expect("small");
        plan.make(piece, &mut alone[start..start + piece.bytes]);
    }
    assert!(file == alone);
    assert_eq!(left(dir.path()), 1);
}

#[tokio::test]
async fn a_file_that_is_there_is_kept_unless_forced() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a.gguf");
    fs::write(&path, "mine").expect("written");
    let error = synth(&small(&path), QUIET, &mut Vec::new())
        .await
        .expect_err("refused");
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.to_string().contains("--force"), "{error}");
    assert_eq!(fs::read(&path).expect("there"), b"mine");
    let forced = SynthRequest {
        force: true,
        ..small(&path)
    };
    synth(&forced, QUIET, &mut Vec::new())
        .await
        .expect("written");
    assert!(fs::read(&path).expect("there").starts_with(b"GGUF"));
}

#[tokio::test]
async fn what_is_given_up_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a.gguf");
    let shape = Shape::named("llama-3.1-8b").expect("known");
    let quantization = crate::synth::Quantization::Q4KM;
    let plan = Plan::new(shape, quantization, &Tokenizer::own(shape.vocab), 1);
    let writing = write::Writing::begin(plan, &path, dir.path());
    writing.give_up().await;
    assert_eq!(left(dir.path()), 0);
}

#[test]
fn mistakes_are_told_with_the_way_out() {
    let request = |change: fn(&mut SynthRequest)| {
        let mut request = small(Path::new("a.gguf"));
        change(&mut request);
        let error = request
            .shape()
            .map(drop)
            .and_then(|()| request.quantization().map(drop));
        error.expect_err("refused").to_string()
    };
    let like = |name: &str| {
        let request = SynthRequest {
            like: Some(name.to_owned()),
            ..SynthRequest::default()
        };
        request.shape().expect_err("unknown").to_string()
    };
    assert!(like("qwen2.5-1.6b").contains("did you mean \"qwen2.5-1.5b\""));
    assert!(like("zzz").contains("--list"));
    assert!(request(|r| r.sizes.ffn = None).contains("--ffn is missing"));
    assert!(request(|r| r.sizes.kv_heads = Some(3)).contains("evenly"));
    assert!(request(|r| r.sizes.vocab = Some(10)).contains("from 512"));
    assert!(request(|r| r.quantization = "q9".to_owned()).contains("Q4_K_M"));
    assert!(request(|r| r.architecture = Some("bert".to_owned())).contains("mamba"));
    assert!(request(|r| r.architecture = None).contains("--like"));
}

#[tokio::test]
async fn an_impossible_place_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("none/a.gguf");
    let error = synth(&small(&path), QUIET, &mut Vec::new())
        .await
        .expect_err("no such place");
    assert_eq!(error.exit(), Exit::Model);
    assert!(error.to_string().contains("a.gguf"), "{error}");
}
