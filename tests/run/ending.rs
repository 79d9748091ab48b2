//! How a run is ended from outside: signals, limits, readers that leave, and our own death.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::sleep;

use crate::common::{CANARY, Ended, Running, World, until};

/// A generation that would go on for ever.
const ENDLESS: &str = "ready;write partial;hang";
/// One that also ignores every polite signal.
const STUBBORN: &str = "resist;ready;write partial;hang";
/// Signals closer together than 200 ms count as one.
pub(crate) const ANOTHER_WISH: Duration = Duration::from_millis(250);
/// Pieces of text that are more than all pipes and queues on the way hold.
const PIECES: usize = 20_000;

/// Ends a generation by a signal after its first text.
async fn ended_by(signal: Signal, args: &[&str]) -> Ended {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi"].iter().chain(args))
        .script(ENDLESS)
        .start()
        .await;
    running.shows("partial").await;
    running.signal(signal);
    running.end().await
}

/// The signals that were sent, as the account of `-v` names them.
pub(crate) fn ladder(ended: &Ended) -> Vec<&'static str> {
    let account = ended
        .stderr
        .lines()
        .find(|line| line.starts_with("process"));
    let account = account.unwrap_or_default();
    ["SIGINT after", "SIGTERM after", "SIGKILL after"]
        .into_iter()
        .filter(|step| account.contains(step))
        .collect()
}

#[tokio::test]
async fn ctrl_c_gives_what_there_is() {
    ended_by(Signal::INT, &[])
        .await
        .left_with(130)
        .showed("partial")
        // llama-completion prints its timings on SIGINT.
        .said(&["3 tokens", "stopped: interrupted"]);
}

#[tokio::test]
async fn ctrl_c_while_the_model_is_loaded_ends_it_too() {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi", "--jsonl"])
        .script("hang")
        .start()
        .await;
    running.shows("\"event\":\"started\"").await;
    running.signal(Signal::INT);
    let lines = running.end().await.left_with(130).json_lines();
    let report = lines.last().expect("a report");
    assert_eq!(report["text"], "");
    assert_eq!(report["stop"]["reason"], "interrupted");
}

#[tokio::test]
async fn a_polite_kill_and_a_lost_terminal_give_what_there_is() {
    ended_by(Signal::TERM, &[])
        .await
        .left_with(143)
        .showed("partial")
        .said(&["stopped: terminated"]);
    ended_by(Signal::HUP, &[])
        .await
        .left_with(129)
        .showed("partial")
        .said(&["stopped: hang-up"]);
}

#[tokio::test]
async fn the_ladder_is_climbed_no_further_than_needed() {
    let ended = ended_by(Signal::INT, &["-v"]).await.left_with(130);
    assert_eq!(ladder(&ended), ["SIGINT after"], "{ended:?}");
}

#[tokio::test]
async fn a_second_ctrl_c_kills_at_once() {
    // On a starved machine the ladder may come first with its SIGTERM: not each time.
    const TRIES: usize = 5;
    let world = World::new();
    let mut sent = Vec::new();
    for _ in 0..TRIES {
        let run = world.run(["plain", "hi", "-v"]).script(STUBBORN);
        let mut running = run.start().await;
        running.shows("partial").await;
        running.signal(Signal::INT);
        running.shows("^C").await;
        sleep(ANOTHER_WISH).await;
        running.signal(Signal::INT);
        let ended = running.end().await.left_with(130).showed("partial^C");
        sent = ladder(&ended);
        if sent == ["SIGINT after", "SIGKILL after"] {
            return;
        }
    }
    panic!("it waits for the ladder: {sent:?}");
}

#[tokio::test]
async fn two_signals_at_once_are_one_wish() {
    let world = World::new();
    let mut running = world.run(["plain", "hi"]).script(ENDLESS).start().await;
    running.shows("partial").await;
    // As `timeout -s INT` does it: to its child, then to the whole group.
    running.signal(Signal::INT);
    running.signal(Signal::INT);
    running
        .end()
        .await
        .left_with(130)
        // Not killed: it has printed its timings.
        .said(&["3 tokens · 10.0 ms/token", "stopped: interrupted"]);
}

#[tokio::test]
async fn who_ignores_every_signal_is_killed() {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi", "-v"])
        .script(STUBBORN)
        .start()
        .await;
    running.shows("partial").await;
    running.signal(Signal::INT);
    let ended = running.end().await.left_with(130).showed("partial^C");
    assert_eq!(
        ladder(&ended),
        ["SIGINT after", "SIGTERM after", "SIGKILL after"],
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_stopped_process_is_ended_too() {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi", "-v"])
        .script(ENDLESS)
        .start()
        .await;
    running.shows("partial").await;
    for pid in running.children() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("small"));
        rustix::process::kill_process(pid.expect("not 0"), Signal::STOP).expect("running");
    }
    running.signal(Signal::INT);
    let ended = running.end().await.left_with(130).showed("partial");
    assert_eq!(ladder(&ended), ["SIGINT after"], "{ended:?}");
}

#[tokio::test]
async fn a_time_limit_gives_what_there_is() {
    let world = World::new();
    // The first run fills the caches, so that the limit strikes in the generation.
    let first = world.run(["plain", "hi"]).script("ready;times 2;eos;close");
    first.end().await.left_with(0);
    let ended = world
        .run(["plain", "hi", "--json", "--timeout", "3s"])
        .script(ENDLESS)
        .end()
        .await
        .left_with(124)
        .said(&["stopped: time limit of 3s"]);
    let report = ended.json();
    assert_eq!(report["text"], "partial");
    assert_eq!(report["stop"]["reason"], "budget");
    assert_eq!(report["limits"]["timeout_s"], 3.0);
    assert_eq!(report["exit_code"], 124);
    assert_eq!(report.get("error"), None, "slow is no failure");
}

#[tokio::test]
async fn a_load_limit_ends_what_never_gets_ready() {
    let world = World::new();
    let ended = world
        .run(["plain", "hi", "--json", "--set", "limits.load=300ms"])
        .script("ignore INT;ignore TERM;hang")
        .end()
        .await
        .left_with(124)
        .said(&["stopped: load limit of 300ms"]);
    assert_eq!(ended.json()["stop"]["reason"], "budget");
}

#[tokio::test]
async fn a_limit_that_is_over_before_the_start_still_ends_cleanly() {
    let world = World::new();
    world
        .run(["plain", "hi", "--timeout", "1ms"])
        .script(ENDLESS)
        .end()
        .await
        .left_with(124)
        .said(&["time limit of 1ms"]);
}

#[tokio::test]
async fn the_whole_group_goes_even_after_a_polite_exit() {
    let world = World::new();
    let ended = world
        .run(["plain", "hi"])
        .script("ready;child;times 2;eos;close")
        .end()
        .await
        .left_with(0);
    // `end` has looked for every process of this world; this one was there.
    assert!(ended.text().trim().parse::<u32>().is_ok(), "{ended:?}");
}

#[tokio::test]
async fn our_own_death_by_sigkill_takes_the_child_along() {
    for script in ["hang", ENDLESS, STUBBORN] {
        let world = World::new();
        let running = world.run(["plain", "hi"]).script(script).start().await;
        let child = || !running.children().is_empty();
        until("the child is there", child).await;
        let mut running = running;
        if script != "hang" {
            running.shows("partial").await;
        }
        running.signal(Signal::KILL);
        drop(running);
        world.empty().await;
    }
}

#[tokio::test]
async fn a_reader_that_leaves_ends_it_quietly() {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi"])
        .script("ready;write first\\n;repeat 1000000 again\\n;hang")
        .start()
        .await;
    running.shows("first\n").await;
    running.close_stdout();
    let ended = running.end().await.left_with(0);
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn a_reader_that_is_gone_from_the_start_is_no_error_of_json_either() {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi", "--json", "--quiet"])
        .script("ready;write a;times 2;eos;close")
        .start()
        .await;
    running.close_stdout();
    let ended = running.end().await.left_with(0);
    assert_eq!(ended.stderr, "");
}

/// A script with more text than the way to its reader holds.
fn long_text() -> String {
    format!("ready;write first\\n;repeat {PIECES} 0123456789abcdef\\n;times 9;eos;close")
}

/// A run whose reader has stopped reading, so that all of it has come to a halt.
async fn unread(world: &World) -> Running<'_> {
    let run = world.run(["plain", "hi"]).script(&long_text());
    let mut running = run.start().await;
    running.shows("first").await;
    running.is_stuck().await;
    running
}

#[tokio::test]
async fn a_reader_that_pauses_loses_nothing() {
    let world = World::new();
    let running = unread(&world).await;
    let ended = running.end().await.left_with(0);
    let whole = format!("first\n{}", "0123456789abcdef\n".repeat(PIECES));
    assert!(ended.text() == whole, "{} bytes", ended.stdout.len());
}

#[tokio::test]
async fn a_reader_that_pauses_does_not_hold_up_ctrl_c() {
    let world = World::new();
    let running = unread(&world).await;
    running.signal(Signal::INT);
    running.has_no_children().await;
    let ended = running.end().await.left_with(130);
    let text = ended
        .text()
        .strip_prefix("first\n")
        .expect("the first piece");
    // Whatever had been written by then is there, in its order.
    assert!(text.lines().count() > 1000 && text.lines().count() < PIECES);
    let whole = |line: &str| line == "0123456789abcdef";
    assert!(text.lines().all(whole), "{} bytes", text.len());
}

#[tokio::test]
async fn a_reader_that_never_reads_again_does_not_hold_us_either() {
    let world = World::new();
    let running = unread(&world).await;
    running.signal(Signal::INT);
    running.has_no_children().await;
    sleep(ANOTHER_WISH).await;
    running.signal(Signal::INT);
    running
        .end_unread()
        .await
        .left_with(130)
        .said(&["stopped: interrupted"]);
}

#[tokio::test]
async fn a_reader_that_pauses_does_not_hold_up_a_limit() {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi", "--jsonl", "--timeout", "4s"])
        .script(&long_text())
        .start()
        .await;
    running.shows("\"event\":\"started\"").await;
    running.has_no_children().await;
    let ended = running.end().await.left_with(124);
    let report = ended.json_lines().pop().expect("a report");
    assert_eq!(report["stop"]["reason"], "budget");
}

#[tokio::test]
async fn an_honest_slow_start_and_slow_tokens_are_no_reason_to_end() {
    let world = World::new();
    let report = world
        .run(["plain", "hi", "--json"])
        .script("sleep 400;ready;sleep 400;write a;sleep 400;write b;times 3;eos;close")
        .end()
        .await
        .left_with(0)
        .json();
    assert_eq!(report["text"], "ab");
    let ms = |value: &Value| value.as_f64().expect("a number");
    let timings = &report["timings"];
    assert!(ms(&timings["load_ms"]) >= 400.0, "{timings}");
    assert!(ms(&timings["ttft_ms"]) >= 800.0, "{timings}");
    // We may have been scheduled late for the first of the two, so the gap may look shorter.
    assert!(ms(&timings["gaps_ms"]["max"]) >= 200.0, "{timings}");
    assert!(ms(&timings["total_ms"]) >= 1200.0, "{timings}");
    assert!(Duration::from_secs_f64(ms(&timings["total_ms"]) / 1000.0) < CANARY);
}
