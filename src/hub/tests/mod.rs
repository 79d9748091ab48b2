//! Pulls from a server on loopback that speaks as the hub does, and misbehaves as networks do.

mod server;

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::exit::Exit;
use server::{COMMIT, Deed, Hub, sha256};

fn settings(cache: &Path, hub: &Hub) -> HubSettings {
    HubSettings {
        cache: cache.to_owned(),
        endpoint: hub.endpoint.clone(),
        token: None,
        is_offline: false,
        patience: Patience {
            idle: Duration::from_millis(500),
            least_bytes: 10_000,
            window: Duration::from_millis(200),
            attempts: 3,
            pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(1),
        },
    }
}

fn model(text: &str) -> HubModel {
    HubModel::parse(text).expect("a hub's").expect("sound")
}

/// A file that no two pieces of are alike.
fn weights(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(bytes as u64);
    (0..bytes).map(|_| random.u8(..)).collect()
}

fn one_file() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("m-Q4_K_M.gguf", weights(300_000)),
        ("m-Q8_0.gguf", weights(400_000)),
    ]
}

async fn pull_quietly(settings: &HubSettings, name: &str) -> Result<Pulled, PullError> {
    pull(settings, &model(name), &|_| {}).await
}

/// Nothing has its name in a snapshot, and no blob is whole.
fn assert_unnamed(cache: &Path) {
    assert_eq!(find(cache, &model("hf:o/r")), None);
    let blobs = fs::read_dir(cache.join("models--o--r/blobs"));
    for blob in blobs.into_iter().flatten().flatten() {
        let name = blob.file_name().into_string().expect("UTF-8");
        assert!(name.ends_with(".incomplete"), "{name}");
    }
}

#[tokio::test]
async fn a_model_is_fetched_once_and_found_by_other_tools() {
    let cache = tempfile::tempdir().expect("a directory");
    let hub = Hub::with(&one_file(), &[]).await;
    let settings = settings(cache.path(), &hub);
    let pulled = pull_quietly(&settings, "hf:o/r").await.expect("fetched");
    assert_eq!((pulled.bytes, pulled.fetched_bytes), (300_000, 300_000));
    let snapshot = cache.path().join("models--o--r/snapshots").join(COMMIT);
    assert_eq!(pulled.files, [snapshot.join("m-Q4_K_M.gguf")]);
    assert!(fs::read(&pulled.files[0]).expect("there") == one_file()[0].1);
    let main = fs::read_to_string(cache.path().join("models--o--r/refs/main"));
    assert_eq!(main.expect("there"), COMMIT);
    assert_eq!(
        find(cache.path(), &model("hf:o/r")),
        Some(pulled.files.clone())
    );
    assert_eq!(find(cache.path(), &model("hf:o/r:Q8_0")), None);
    let again = pull_quietly(&settings, "hf:o/r:q4_k_m")
        .await
        .expect("there");
    assert_eq!(again.fetched_bytes, 0);
    assert_eq!(hub.ranges(), [None]);
}

#[tokio::test]
async fn a_cut_connection_is_gone_on_with() {
    let cache = tempfile::tempdir().expect("a directory");
    let hub = Hub::with(&one_file(), &[Deed::Cut(100_000), Deed::Cut(100_000)]).await;
    let pulled = pull_quietly(&settings(cache.path(), &hub), "hf:o/r")
        .await
        .expect("fetched");
    assert_eq!(pulled.fetched_bytes, 300_000);
    let ranges = hub.ranges();
    assert_eq!(ranges.len(), 3);
    assert!(ranges[1..].iter().all(Option::is_some), "{ranges:?}");
}

#[tokio::test]
async fn the_next_call_goes_on_where_one_gave_up() {
    let cache = tempfile::tempdir().expect("a directory");
    let deeds = [Deed::Cut(100_000), Deed::Cut(0), Deed::Cut(0), Deed::Cut(0)];
    let hub = Hub::with(&one_file(), &deeds).await;
    let settings = settings(cache.path(), &hub);
    let error = pull_quietly(&settings, "hf:o/r")
        .await
        .expect_err("given up");
    assert_eq!(error.exit(), Exit::Model);
    let said = error.to_string();
    assert!(
        said.contains("goes on from there") && said.contains("100"),
        "{said}"
    );
    assert_unnamed(cache.path());
    let rest = Hub::with(&one_file(), &[]).await;
    let settings = HubSettings {
        endpoint: rest.endpoint.clone(),
        ..settings
    };
    let pulled = pull_quietly(&settings, "hf:o/r").await.expect("fetched");
    assert_eq!(pulled.fetched_bytes, 200_000);
    assert_eq!(rest.ranges(), [Some("bytes=100000-".to_owned())]);
}

#[tokio::test]
async fn a_server_without_ranges_sends_all_of_it_again() {
    let cache = tempfile::tempdir().expect("a directory");
    let hub = Hub::with(&one_file(), &[Deed::Cut(100_000), Deed::IgnoreRange]).await;
    let pulled = pull_quietly(&settings(cache.path(), &hub), "hf:o/r")
        .await
        .expect("fetched");
    assert!(fs::read(&pulled.files[0]).expect("there") == one_file()[0].1);
}

#[tokio::test]
async fn wrong_bytes_never_get_a_name() {
    for deeds in [
        vec![Deed::Lie],
        vec![Deed::Cut(1000), Deed::Lie],
        vec![Deed::Overflow],
    ] {
        let cache = tempfile::tempdir().expect("a directory");
        let hub = Hub::with(&one_file(), &deeds).await;
        let settings = settings(cache.path(), &hub);
        let error = pull_quietly(&settings, "hf:o/r").await.expect_err("wrong");
        let said = error.to_string();
        assert_eq!(error.exit(), Exit::Model);
        let known = said.contains("SHA-256") || said.contains("more bytes");
        assert!(known, "{said}");
        assert_unnamed(cache.path());
        pull_quietly(&settings, "hf:o/r")
            .await
            .expect("the next one is sound");
    }
}

#[tokio::test]
async fn what_the_hub_refuses_is_told_with_the_way_out() {
    let cases: [(&[Deed], &str); 6] = [
        (&[Deed::Status(401, "")], "HF_TOKEN"),
        (&[Deed::Status(403, "")], "terms"),
        (&[Deed::Status(404, "")], "spelling"),
        (&[Deed::Status(429, "Retry-After: 3600\r\n")], "3600 s"),
        (
            &[
                Deed::Status(500, ""),
                Deed::Status(500, ""),
                Deed::Status(503, ""),
            ],
            "503",
        ),
        (&[Deed::Status(418, "")], "418"),
    ];
    for (deeds, words) in cases {
        let cache = tempfile::tempdir().expect("a directory");
        let hub = Hub::with(&one_file(), deeds).await;
        let error = pull_quietly(&settings(cache.path(), &hub), "hf:o/r")
            .await
            .expect_err("refused");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.exit(), Exit::Model);
    }
    let passing = [
        Deed::Status(500, ""),
        Deed::Status(429, "Retry-After: 0\r\n"),
    ];
    let cache = tempfile::tempdir().expect("a directory");
    let hub = Hub::with(&one_file(), &passing).await;
    pull_quietly(&settings(cache.path(), &hub), "hf:o/r")
        .await
        .expect("the third attempt is good");
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    for (deed, words) in [(Deed::Drip, "less than"), (Deed::Hang, "nothing came")] {
        let cache = tempfile::tempdir().expect("a directory");
        let hub = Hub::with(&one_file(), &[deed.clone(), deed.clone(), deed]).await;
        let error = pull_quietly(&settings(cache.path(), &hub), "hf:o/r")
            .await
            .expect_err("too slow");
        assert!(error.to_string().contains(words), "{error}");
        assert_unnamed(cache.path());
    }
}

#[tokio::test]
async fn nobody_there_is_told() {
    let cache = tempfile::tempdir().expect("a directory");
    let hub = Hub::with(&[], &[]).await;
    let settings = HubSettings {
        // Nobody listens on the port of discard, and nobody but root could.
        endpoint: "http://127.0.0.1:9".to_owned(),
        ..settings(cache.path(), &hub)
    };
    let error = pull_quietly(&settings, "hf:o/r").await.expect_err("nobody");
    assert!(error.to_string().contains("127.0.0.1:9"), "{error}");
}

#[tokio::test]
async fn a_token_goes_to_the_hub_alone() {
    let cache = tempfile::tempdir().expect("a directory");
    let storage = Hub::with(&one_file(), &[]).await;
    let other = storage.endpoint.replace("127.0.0.1", "localhost");
    let hub = Hub::with(&one_file(), &[Deed::Redirect(other)]).await;
    let settings = HubSettings {
        token: Token::new(" secret\n"),
        ..settings(cache.path(), &hub)
    };
    assert!(!format!("{settings:?}").contains("secret"));
    pull_quietly(&settings, "hf:o/r").await.expect("fetched");
    let proofs: Vec<_> = hub
        .asked()
        .into_iter()
        .map(|asked| asked.authorization)
        .collect();
    assert_eq!(proofs, vec![Some("Bearer secret".to_owned()); 2]);
    assert_eq!(storage.asked()[0].authorization, None);
}

#[tokio::test]
async fn split_files_come_all_or_not() {
    let cache = tempfile::tempdir().expect("a directory");
    let parts = [
        ("Q4_K_M/m-Q4_K_M-00001-of-00002.gguf", weights(1000)),
        ("Q4_K_M/m-Q4_K_M-00002-of-00002.gguf", weights(2000)),
    ];
    let deeds = [Deed::Serve, Deed::Cut(0), Deed::Cut(0), Deed::Cut(0)];
    let hub = Hub::with(&parts, &deeds).await;
    let settings = settings(cache.path(), &hub);
    pull_quietly(&settings, "hf:o/r")
        .await
        .expect_err("the second is cut");
    assert_eq!(find(cache.path(), &model("hf:o/r")), None);
    let pulled = pull_quietly(&settings, "hf:o/r").await.expect("fetched");
    assert_eq!((pulled.bytes, pulled.fetched_bytes), (3000, 2000));
    assert!(pulled.files[0].ends_with(parts[0].0));
    assert_eq!(find(cache.path(), &model("hf:o/r")), Some(pulled.files));
}

#[tokio::test]
async fn offline_asks_nobody() {
    let cache = tempfile::tempdir().expect("a directory");
    let hub = Hub::with(&one_file(), &[]).await;
    let online = settings(cache.path(), &hub);
    let offline = HubSettings {
        is_offline: true,
        ..online.clone()
    };
    let error = pull_quietly(&offline, "hf:o/r")
        .await
        .expect_err("not there");
    assert!(error.to_string().contains("model pull hf:o/r"), "{error}");
    assert_eq!(hub.asked(), []);
    let pulled = pull_quietly(&online, "hf:o/r").await.expect("fetched");
    let found = pull_quietly(&offline, "hf:o/r").await.expect("there");
    assert_eq!(found.files, pulled.files);
}

#[tokio::test]
async fn two_at_once_do_not_write_to_one_file() {
    let cache = tempfile::tempdir().expect("a directory");
    let hub = Hub::with(&one_file(), &[]).await;
    let lock = Repository::new(cache.path(), &model("hf:o/r")).lock(&sha256(&one_file()[0].1));
    fs::create_dir_all(lock.parent().expect("a directory")).expect("made");
    let held = fs::File::create(&lock).expect("made");
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    let settings = settings(cache.path(), &hub);
    let error = pull_quietly(&settings, "hf:o/r").await.expect_err("held");
    assert!(error.to_string().contains("another process"), "{error}");
    drop(held);
    pull_quietly(&settings, "hf:o/r").await.expect("fetched");
}

#[test]
fn the_environment_is_that_of_hugging_face() {
    let resolve = |given: &[(&str, &str)]| {
        HubSettings::resolve(&|name| {
            let found = given.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.into())
        })
    };
    assert!(resolve(&[]).is_none());
    let settings = resolve(&[("HOME", "/h")]).expect("a home");
    assert_eq!(settings.cache, Path::new("/h/.cache/huggingface/hub"));
    assert_eq!(settings.endpoint, "https://huggingface.co");
    assert!(!settings.is_offline);
    let all = [
        ("HF_HOME", "/f"),
        ("HF_ENDPOINT", "http://e/"),
        ("HF_TOKEN", "t"),
        ("HF_HUB_OFFLINE", "True"),
    ];
    let settings = resolve(&all).expect("a home");
    assert_eq!(settings.cache, Path::new("/f/hub"));
    assert_eq!(settings.endpoint, "http://e");
    assert_eq!(settings.token, Token::new("t"));
    assert!(settings.is_offline);
    let settings = resolve(&[("HF_HUB_CACHE", "/c"), ("HF_HUB_OFFLINE", "0")]).expect("a cache");
    assert_eq!(
        (settings.cache.as_path(), settings.is_offline),
        (Path::new("/c"), false)
    );
}

#[test]
fn files_are_chosen_by_their_quantisation() {
    let paths = [
        "README.md",
        "mmproj-m-F16.gguf",
        "m.Q4_K_M.gguf",
        "m-UD-Q4_K_XL.gguf",
        "m-q8_0.gguf",
        "m-BF16-00001-of-00002.gguf",
        "m-BF16-00002-of-00002.gguf",
        "m-IQ4_NL.gguf",
        "m-F32-00001-of-00002.gguf",
    ];
    let one = |quant| choose(&paths, quant).map(|files| files.join(" "));
    assert_eq!(one(None).as_deref(), Ok("m.Q4_K_M.gguf"));
    assert_eq!(one(Some("q8_0")).as_deref(), Ok("m-q8_0.gguf"));
    assert_eq!(one(Some("Q4_K_XL")).as_deref(), Ok("m-UD-Q4_K_XL.gguf"));
    assert_eq!(one(Some("ud-q4_k_xl")).as_deref(), Ok("m-UD-Q4_K_XL.gguf"));
    assert_eq!(one(Some("m-IQ4_NL.gguf")).as_deref(), Ok("m-IQ4_NL.gguf"));
    let split = "m-BF16-00001-of-00002.gguf m-BF16-00002-of-00002.gguf";
    assert_eq!(one(Some("bf16")).as_deref(), Ok(split));
    let error = |quant| one(quant).expect_err("none").to_string();
    assert!(error(Some("F32")).contains("1 of the 2 parts"));
    let said = error(Some("Q2_K"));
    assert!(
        said.contains("BF16, F32, IQ4_NL, Q4_K_M, Q8_0, UD-Q4_K_XL"),
        "{said}"
    );
    assert_eq!(choose(&["README.md"], None), Err(ChooseError::NoGguf));
    assert_eq!(choose(&["one.gguf"], None), Ok(vec!["one.gguf"]));
    let twice = choose(&["a-Q4_K_M.gguf", "b-Q4_K_M.gguf"], None).expect_err("two");
    assert!(twice.to_string().contains("b-Q4_K_M.gguf"), "{twice}");
}

#[test]
fn an_index_that_leads_out_of_its_directory_is_not_followed() {
    let answer = |name: &str, sha: &str| {
        let file = serde_json::json!({"rfilename": name, "lfs": {"sha256": sha, "size": 1}});
        let answer = serde_json::json!({"sha": COMMIT, "siblings": [file]}).to_string();
        index::Index::parse(answer.as_bytes())
            .expect("an index")
            .files
    };
    let sha = "a".repeat(64);
    for name in [
        "../x.gguf",
        "/x.gguf",
        "a/../x.gguf",
        "a//x.gguf",
        "a\\x.gguf",
        "a\0.gguf",
    ] {
        assert_eq!(answer(name, &sha), [], "{name:?}");
    }
    assert_eq!(answer("a/x.gguf", "../../evil")[0].sha256, "");
    assert_eq!(index::Index::parse(b"<html>"), None);
    assert_eq!(index::Index::parse(b"{\"sha\": \"../..\"}"), None);
}
