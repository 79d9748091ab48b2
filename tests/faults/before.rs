//! What is wrong before a run begins.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use rustix::process::Signal;

use crate::case::Backend;
use crate::common::{World, until};
use crate::row::Before;

/// A format of the history that this version does not know.
const FUTURE: u32 = 1000;
/// The smallest disk that takes a directory, and less than a history needs.
const DISK: &str = "size=64k";

/// What a world was given.
#[derive(Default)]
pub(crate) struct Given {
    /// Further arguments of the run.
    pub(crate) args: Vec<String>,
    /// Unmounted on drop.
    _disk: Option<Disk>,
}

/// Makes it so in a world.
///
/// # Errors
/// Why it cannot be had here.
pub(crate) async fn prepare(
    before: Before,
    world: &World,
    backend: Backend,
) -> Result<Given, String> {
    let model = |path: String| Given {
        args: vec!["-m".to_owned(), path],
        ..Given::default()
    };
    Ok(match before {
        Before::Nothing => Given::default(),
        Before::ModelMissing => model(world.text("missing.gguf")),
        Before::ModelTruncated => {
            let whole = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.gguf"));
            let whole = whole.expect("the demo model");
            model(world.file("cut.gguf", &whole[..whole.len() / 2]))
        }
        Before::ModelCorrupt => model(world.file("page.gguf", "<!DOCTYPE html>\n")),
        Before::DatabaseCorrupt => {
            let text = "no database, but for its name\n".repeat(9);
            world.file("state/history.db", text);
            Given::default()
        }
        Before::DatabaseNewer => {
            // A run makes one, which then gets a future.
            finished(world, backend).await;
            let database = Connection::open(world.path("state/history.db")).expect("it is there");
            let raised = database.pragma_update(None, "user_version", FUTURE);
            raised.expect("it is ours");
            Given::default()
        }
        Before::DiskFull => Given {
            _disk: Some(Disk::full(world.path("state"))?),
            ..Given::default()
        },
        Before::DeadRun => {
            dead(world, backend).await;
            Given::default()
        }
        Before::SocketPlaceTaken => {
            fs::write(world.runtime(), "a file").expect("written");
            Given::default()
        }
    })
}

async fn finished(world: &World, backend: Backend) {
    let run = world.run([backend.profile(), "hi"]);
    let run = run.script("ready;write a;times 2;eos;close");
    run.end().await.left_with(0);
}

async fn dead(world: &World, backend: Backend) {
    let mark = world.marks();
    let run = world.run([backend.profile(), "hi"]);
    let script = format!("ready;count {mark};hang");
    let running = run.script(&script).start().await;
    until("it has loaded", || world.starts() == 1).await;
    running.signal(Signal::KILL);
    running.end().await;
    fs::remove_file(mark).expect("it is there");
    assert_eq!(world.sockets().len(), 1, "it has left none");
}

/// A disk of its own.
struct Disk(PathBuf);

impl Disk {
    fn full(at: PathBuf) -> Result<Self, String> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", DISK, "faults"])
            .arg(&at)
            .output();
        match mounted {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("a tmpfs cannot be mounted here: {}", said.trim()));
            }
            Err(error) => return Err(format!("there is no mount(8): {error}")),
        }
        let disk = Self(at);
        fill(&disk.0.join("in-the-way"));
        Ok(disk)
    }
}

/// Writes until there is no room.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("room for a name");
    while file.write_all(&[b'x'; 512]).is_ok() {}
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, as somebody may still look at it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
