//! Chromium, spoken to over a pipe in the DevTools protocol: no port, no driver, and the page stays as it is.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing takes longer unless it hangs.
const CANARY: Duration = Duration::from_secs(180);
/// Where browsers are, by the names that Linux distributions give them.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    /// Closed to say that it is over.
    commands: Option<ChildStdin>,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    /// Addresses that the page has asked for.
    pub(crate) asked_for: Vec<String>,
    _profile: TempDir,
}

/// Where a browser is; where there is none, the reason for skipping what needs one is told.
pub(crate) fn found() -> Option<PathBuf> {
    let named = std::env::var_os("CHROME").map(PathBuf::from);
    let found = named.or_else(|| NAMES.iter().find_map(|name| which::which(name).ok()));
    if found.is_none() {
        // Not through a macro, whose output nobody sees of a test that passes.
        let _ = writeln!(
            io::stderr(),
            "SKIPPED: no browser to look at the report with: none of {} is on PATH, and CHROME names none; \
             `sh scripts/browser.sh` installs Chromium where apt-get can",
            NAMES.join(", ")
        );
    }
    found
}

impl Browser {
    pub(crate) fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a directory");
        // It reads commands from descriptor 3 and answers on 4.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--no-first-run",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let mut answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while answers
                .read_until(0, &mut message)
                .is_ok_and(|read| read > 0)
            {
                message.pop();
                let parsed = serde_json::from_slice(&message).expect("JSON");
                message.clear();
                if sender.send(parsed).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            commands: child.stdin.take(),
            child,
            messages,
            session: String::new(),
            last: 0,
            asked_for: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({ "targetId": target["targetId"], "flatten": true }),
        );
        browser.session = text(&attached["sessionId"]);
        browser.call("Page.enable", json!({}));
        browser.call("Network.enable", json!({}));
        browser
    }

    /// Shows a file in a window of this width, as on a screen or on paper.
    pub(crate) fn show(&mut self, page: &Path, width: u32, media: &str, scheme: &str) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({
                "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500,
            }),
        );
        self.call(
            "Emulation.setEmulatedMedia",
            json!({
                "media": media,
                "features": [{ "name": "prefers-color-scheme", "value": scheme }],
            }),
        );
        let address = format!("file://{}", page.display());
        self.call("Page.navigate", json!({ "url": address }));
        self.wait_for("Page.loadEventFired");
    }

    /// What an expression comes to on the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({ "expression": expression, "returnByValue": true }),
        );
        let failed = &answer["exceptionDetails"];
        assert!(failed.is_null(), "{failed:#}");
        answer["result"]["value"].clone()
    }

    /// A picture of a part of the page, as PNG.
    pub(crate) fn picture(&mut self, top: f64, width: u32, height: f64) -> Vec<u8> {
        let answer = self.call(
            "Page.captureScreenshot",
            json!({
                "captureBeyondViewport": true,
                "clip": { "x": 0, "y": top, "width": width, "height": height, "scale": 1 },
            }),
        );
        from_base64(&text(&answer["data"]))
    }

    /// The page on paper, as PDF.
    pub(crate) fn printed(&mut self) -> Vec<u8> {
        let answer = self.call("Page.printToPDF", json!({ "printBackground": true }));
        from_base64(&text(&answer["data"]))
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let pipe = self.commands.as_mut().expect("not closed");
        pipe.write_all(format!("{command}\0").as_bytes())
            .expect("it reads");
        let answer = self.next(method, |message, last| message["id"] == last);
        assert!(answer["error"].is_null(), "{method}: {answer:#}");
        answer["result"].clone()
    }

    fn wait_for(&mut self, event: &str) {
        self.next(event, |message, _| message["method"] == event);
    }

    fn next(&mut self, what: &str, is_it: impl Fn(&Value, u64) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(CANARY);
            let message = message.unwrap_or_else(|error| panic!("{what}: {error}"));
            if message["method"] == "Network.requestWillBeSent" {
                self.asked_for
                    .push(text(&message["params"]["request"]["url"]));
            }
            if is_it(&message, self.last) {
                return message;
            }
        }
    }
}

/// Ends this browser, and no other: its process is ours, and it ends its own helpers with it.
impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.commands.take() {
            let close = json!({ "id": self.last + 1, "method": "Browser.close" });
            let _ = pipe.write_all(format!("{close}\0").as_bytes());
        }
        // The reader goes when the last of its processes has closed the pipe.
        let is_over = loop {
            match self.messages.recv_timeout(Duration::from_secs(20)) {
                Ok(_) => {}
                Err(error) => break error == std::sync::mpsc::RecvTimeoutError::Disconnected,
            }
        };
        if !is_over {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// RFC 4648, section 4.
fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text
        .bytes()
        .filter_map(|letter| LETTERS.iter().position(|one| *one == letter));
    let digits: Vec<usize> = digits.collect();
    let groups = digits.chunks(4).flat_map(|group| {
        let all = group.iter().fold(0, |all, digit| (all << 6) | digit) << (6 * (4 - group.len()));
        let bytes = [16, 8, 0].map(|shift| (all >> shift) as u8);
        bytes.into_iter().take(group.len() - 1)
    });
    groups.collect()
}
