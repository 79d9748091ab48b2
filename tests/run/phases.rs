//! Every fault in every phase of a run with a llama-server: whatever happens and whenever, the exit code
//! is the promised one, and neither a process nor a socket is left.

use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::common::{Running, World, until};
use crate::ending::{ANOTHER_WISH, ladder};

/// A phase: what the server does until it has come there, and then waits for the blow.
struct Phase {
    name: &'static str,
    script: &'static str,
    /// The exit code where the server ends unasked.
    died: i32,
    /// The exit code where the run was over before anybody asked for its end.
    over: Option<i32>,
}

/// `MARK` tells the test that the server is there; `MARK` on SIGTERM, that it is being asked to end.
const PHASES: [Phase; 8] = [
    Phase {
        name: "before it listens",
        script: "MARK;hang",
        died: 7,
        over: None,
    },
    Phase {
        name: "loading",
        script: "listen;announce;asked /health;MARK;hang",
        died: 7,
        over: None,
    },
    Phase {
        name: "silent about its health",
        script: "hold /health;listen;announce;asked /health;MARK;hang",
        died: 7,
        over: None,
    },
    Phase {
        name: "forming the prompt",
        script: "hold /apply-template;ready;asked /apply-template;MARK;hang",
        died: 7,
        over: None,
    },
    Phase {
        name: "asked",
        script: "ready;asked /completion;MARK;hang",
        died: 7,
        over: None,
    },
    Phase {
        name: "reading the prompt",
        script: "ready;prompt 1 6;orphan;MARK;hang",
        died: 7,
        over: None,
    },
    Phase {
        name: "generating",
        script: "ready;prompt 6 6;write partial;MARK;hang",
        died: 7,
        over: None,
    },
    Phase {
        name: "after the last event",
        script: "ending MARK;ready;write a;eos;hang",
        died: 0,
        over: Some(0),
    },
];

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Blow {
    /// The server gets this signal from outside.
    Server(Signal),
    /// It is stopped; then Ctrl-C.
    Stopped,
    /// We get this signal.
    Us(Signal, i32),
    /// The server ignores SIGTERM, and we get Ctrl-C.
    Stubborn,
    /// The server ignores SIGTERM, and we get a second Ctrl-C.
    Twice,
    /// The server stops itself, crashes or is killed when it is asked to end.
    Asked(&'static str),
    /// Nobody reads our output any more.
    Unread,
    /// We are killed outright.
    Killed,
}

const BLOWS: [Blow; 13] = [
    Blow::Server(Signal::KILL),
    Blow::Server(Signal::ABORT),
    Blow::Stopped,
    Blow::Us(Signal::INT, 130),
    Blow::Us(Signal::TERM, 143),
    Blow::Us(Signal::HUP, 129),
    Blow::Unread,
    Blow::Killed,
    Blow::Asked("stop"),
    Blow::Asked("abort"),
    Blow::Asked("kill"),
    Blow::Stubborn,
    Blow::Twice,
];

fn strike(running: &Running<'_>, signal: Signal) {
    // The leader and, where there is one, its child: only one of them makes a difference.
    for pid in running.children() {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        // It may have ended by itself.
        let _ = kill_process(pid.expect("a process id"), signal);
    }
}

async fn blow(world: &World, phase: &Phase, blow: Blow) {
    let mark = world.marks();
    let _ = std::fs::remove_file(&mark);
    let count = format!("count {mark}");
    let script = phase.script.replace("MARK", &count);
    // Who marks the wish to end does not follow it.
    let script = match blow {
        Blow::Asked(command) if phase.over.is_none() => format!("ending {command};{script}"),
        Blow::Stubborn | Blow::Twice if phase.over.is_none() => format!("ending {count};{script}"),
        // The kernel ends the child of who is killed, and not the child's own, which a real one has not.
        Blow::Killed => script.replace("orphan;", ""),
        _ => script,
    };
    let run = world.run(["chat", "hi", "-q"]).script(&script);
    let mut running = run.start().await;
    until(phase.name, || world.starts() == 1).await;
    let code = match blow {
        Blow::Server(signal) => {
            strike(&running, signal);
            phase.died
        }
        Blow::Stopped => {
            strike(&running, Signal::STOP);
            running.signal(Signal::INT);
            phase.over.unwrap_or(130)
        }
        Blow::Us(signal, code) => {
            running.signal(signal);
            phase.over.unwrap_or(code)
        }
        Blow::Asked(_) | Blow::Stubborn => {
            running.signal(Signal::INT);
            phase.over.unwrap_or(130)
        }
        Blow::Twice => {
            running.signal(Signal::INT);
            if phase.over.is_none() {
                until("it is asked to end", || world.starts() == 2).await;
            }
            sleep(ANOTHER_WISH).await;
            running.signal(Signal::INT);
            phase.over.unwrap_or(130)
        }
        Blow::Unread => {
            running.close_stdout();
            0
        }
        Blow::Killed => {
            running.signal(Signal::KILL);
            running.end().await;
            // What it has left is swept by the next run.
            assert_eq!(world.sockets().len(), 1, "{}", phase.name);
            let next = world.run(["chat", "hi", "-q"]);
            next.script("ready;write a;eos").end().await.left_with(0);
            return;
        }
    };
    running.end().await.left_with_in(code, &(phase.name, blow));
}

#[tokio::test]
async fn whatever_happens_nothing_is_left() {
    // Side by side, as some of it is waiting.
    let mut all = JoinSet::new();
    for phase in &PHASES {
        all.spawn(async move {
            let world = World::with_chat();
            for kind in BLOWS {
                blow(&world, phase, kind).await;
            }
        });
    }
    while let Some(done) = all.join_next().await {
        if let Err(failed) = done {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

/// A server that is asked to leave waits for its client first, who has to go without being asked.
#[tokio::test]
async fn a_server_that_is_asked_to_leave_does_not_wait_for_us() {
    let world = World::with_server();
    for script in [
        "ready;write partial;hang",
        "ready;prompt 1 6;write partial;hang",
    ] {
        let run = world.run(["served", "hi", "-v"]).script(script);
        let mut running = run.start().await;
        running.shows("partial").await;
        running.signal(Signal::INT);
        let ended = running.end().await.left_with(130).showed("partial");
        assert_eq!(ladder(&ended), ["SIGTERM after"], "{ended:?}");
        let ended = ended.said(&["process", "exit code 0"]);
        ended.said(&["stopped: interrupted"]);
    }
    // The same after a stop sequence and a prompt that is too long: nobody has asked for the end.
    let stop = ["served", "hi", "-v", "--set", "stop=[\"b\"]"];
    for (script, code) in [("ready;write abc;hang", 0), ("ready;prompt 0 9999;hang", 2)] {
        let run = world.run(stop).script(script);
        let ended = run.end().await.left_with(code);
        assert_eq!(ladder(&ended), ["SIGTERM after"], "{ended:?}");
    }
}
