//! Floods on standard error: they cost time, not memory, and no text.

use crate::common::World;

/// Most memory of orchestrate itself, whatever the program writes. An unoptimised build that does
/// nothing has 15 to 20 MB.
const BOUND: u64 = 40_000_000;

/// Runs a script to its last word, looks at the memory, and lets it end.
async fn survives(flood: &str) {
    let world = World::new();
    let go_on = world.text("go-on");
    let mut running = world
        .run(["plain", "hi"])
        .script(&format!(
            "ready;write a;{flood};write b;await {go_on};times 3;eos;close"
        ))
        .start()
        .await;
    running.shows("ab").await;
    let peak = running.peak_memory();
    world.file("go-on", b"");
    running
        .end()
        .await
        .left_with(0)
        .showed("ab")
        .said(&["3 tokens", "stopped: end of text"]);
    assert!(peak < BOUND, "{peak} bytes");
}

#[tokio::test]
async fn a_hundred_megabytes_of_log() {
    survives("flood 100000000").await;
}

#[tokio::test]
async fn a_line_of_ten_megabytes() {
    survives("line 10000000").await;
}
