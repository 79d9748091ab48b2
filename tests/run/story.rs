//! The story that started it all: 4.82 tokens per second are slow, and were taken for a hang.

use std::time::Duration;

use tokio::time::Instant;

use crate::common::{Ended, World};

/// 256 tokens at 4.82 tokens per second: 53 s.
const SLOW: &str = "ready;pace 256 207 t;times 256;close";
/// The same, but nothing comes after the 40th.
const HUNG: &str = "ready;pace 40 207 t;hang";

async fn run(script: &str, limit: &[&str]) -> Ended {
    let world = World::new();
    let first = ["plain", "hi", "-n", "256", "-c", "1024"];
    let args = first.iter().chain(limit);
    world.run(args).script(script).end().await
}

fn pieces(ended: &Ended) -> usize {
    ended.text().split_whitespace().count()
}

async fn warned_and_cut() {
    let ended = run(SLOW, &["--timeout", "30s"]).await.left_with(124);
    let pieces = pieces(&ended);
    assert!((140..=146).contains(&pieces), "{pieces} tokens");
    let warning = ended
        .stderr
        .lines()
        .position(|line| line.contains("the 30s limit will cut after about 14"));
    let warning = warning.unwrap_or_else(|| panic!("no warning: {}", ended.stderr));
    ended.said(&[
        "256 tokens need 5",
        // 1m20s, unless the start has taken more than a third of a second.
        "use --timeout 1m",
        "\"auto\"",
        "or max_tokens 14",
    ]);
    assert_eq!(warning, 0, "it is said before it cuts");
}

async fn slow_is_never_killed() {
    let limits = ["--set", "limits.timeout=auto", "--set", "limits.floor=1s"];
    let ended = run(SLOW, &limits).await.left_with(0);
    assert_eq!(pieces(&ended), 256);
}

async fn hung_always_is() {
    let began = Instant::now();
    let limits = ["--set", "limits.timeout=auto"];
    let ended = run(HUNG, &limits).await.left_with(125);
    assert_eq!(pieces(&ended), 40);
    // 40 tokens, its window of 10 s, the sample, and the ladder.
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(40 * 207 + 10_000 + 1_000 + 3_000),
        "{took:?}"
    );
    ended.said(&[
        "stalled while generating",
        "window is 10.0 s (from this run)",
    ]);
}

#[tokio::test]
async fn slow_is_not_hung_and_hung_is_not_slow() {
    tokio::join!(warned_and_cut(), slow_is_never_killed(), hung_always_is());
}
