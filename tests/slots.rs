//! What a real llama-server of ours tells of its slots, held against what is read out of it.
//!
//! The program is the one that the normal search finds, with the arguments and the request that
//! `orchestrate run` would give it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use orchestrate::client::{Answer, ServerClient, Streamed};
use orchestrate::dialect::{Counting, Told};
use orchestrate::engine::Prepared;
use orchestrate::profile::Override;
use orchestrate::run::{Format, PromptSource, RunRequest, prepared};
use orchestrate::store::Paths;
use orchestrate::ui::Console;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// Nothing here takes longer, on the busiest machine; whatever does is hung.
const CANARY: Duration = Duration::from_secs(180);
/// Enough tokens that the server is still at it when it is asked.
const TOKENS: u64 = 900;

async fn prepare(home: &Path) -> Prepared {
    let values = [
        ("backend", "server".to_owned()),
        ("context", "1024".to_owned()),
        ("max_tokens", TOKENS.to_string()),
        ("ignore_eos", "true".to_owned()),
    ];
    let request = RunRequest {
        profile: "coder".to_owned(),
        prompt: PromptSource::Argument("gcd".to_owned()),
        overrides: values
            .iter()
            .map(|(key, value)| Override::new("--set", key, value))
            .collect(),
        variables: BTreeMap::new(),
        llama_dir: std::env::var_os("ORCHESTRATE_LLAMA_DIR").map(Into::into),
        format: Format::Text,
        verbose: false,
        log_file: None,
        force: false,
        accepted: Instant::now(),
    };
    let paths = Paths {
        config: home.join("config"),
        state: home.join("state"),
        ..Paths::discover().expect("a home directory")
    };
    let prepared = prepared(&request, &paths, Console::detect(true)).await;
    prepared.unwrap_or_else(|error| panic!("run `make test` or `orchestrate build`: {error}"))
}

fn start(prepared: &Prepared) -> Child {
    let spec = prepared.spec();
    Command::new(&spec.program)
        .args(&spec.args)
        .env_clear()
        .envs(spec.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts")
}

async fn ready(client: &ServerClient) {
    let healthy = |answer: Answer| answer.status == 200;
    while !client.get("/health").await.is_ok_and(healthy) {
        sleep(Duration::from_millis(20)).await;
    }
}

async fn told(client: &ServerClient) -> Told {
    let answer = client.get(Counting::Slots.path()).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    Counting::Slots.read(&answer.body).expect("slots")
}

/// Has it generate, and asks it twice meanwhile; whether it was still at it.
async fn counts_on(client: &ServerClient, body: &serde_json::Value) -> bool {
    let streamed = client.stream("/completion", body).await.expect("a stream");
    let Streamed::Events(mut events) = streamed else {
        panic!("{streamed:?}");
    };
    // Its first events are there: it generates, and we read no further.
    for _ in 0..4 {
        let event = events.next().await.expect("an event");
        event.expect("readable");
    }
    let first = told(client).await;
    loop {
        let later = told(client).await;
        if later.slots[0].is_processing != Some(true) {
            return false;
        }
        assert!(later.prompt_tokens() > Some(4), "{later:?}");
        assert!(later.decoded() <= Some(TOKENS), "{later:?}");
        if later.decoded() > first.decoded() {
            return true;
        }
    }
}

#[tokio::test]
async fn a_real_server_offers_its_slots_and_counts_in_them() {
    let home = tempfile::tempdir().expect("a directory");
    let prepared = prepare(home.path()).await;
    let (socket, body) = prepared.question().expect("a question");
    let client = ServerClient::new(socket);
    let _server = start(&prepared);
    let asked = async {
        ready(&client).await;
        let idle = told(&client).await;
        assert_eq!(idle.slots.len(), 1, "{idle:?}");
        assert_eq!(idle.slots[0].is_processing, Some(false));
        // A busy machine may look again only when it is done.
        while !counts_on(&client, &body).await {}
    };
    timeout(CANARY, asked).await.expect("in time");
}
