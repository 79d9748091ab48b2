//! A question to a silent server: how far is it?

use std::path::Path;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::{Limits, ServerClient};
use crate::dialect::{Counting, Told};

/// How long the answer may take. The thread that generates gives it, between two batches: whoever is well
/// and quick needs milliseconds, and of the others nothing can be learned by waiting longer than this.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer. A slot repeats the parameters of its request, a grammar included.
const LONGEST: usize = 4 << 20;
/// The status of an answer.
const OK: u16 = 200;

/// A question that is being asked, on a connection of its own. Dropping it closes that.
#[derive(Debug)]
pub(super) struct Inquiry {
    task: JoinHandle<Result<Told, String>>,
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inquiry {
    pub(super) fn start(socket: &Path, counting: Counting) -> Self {
        let client = ServerClient::new(socket).with_limits(Limits {
            answer: LONGEST,
            ..Limits::default()
        });
        let task = tokio::spawn(async move {
            match timeout(PATIENCE, ask(&client, counting)).await {
                Ok(told) => told,
                Err(_) => Err(format!("no answer within {PATIENCE:?}")),
            }
        });
        Self { task }
    }

    /// What was told, or why nothing was. Cancel safe; of use once.
    pub(super) async fn answer(&mut self) -> Result<Told, String> {
        let answered = (&mut self.task).await;
        answered.unwrap_or_else(|error| Err(error.to_string()))
    }
}

async fn ask(client: &ServerClient, counting: Counting) -> Result<Told, String> {
    let answer = client.get(counting.path()).await;
    let answer = answer.map_err(|error| format!("failed to {error}"))?;
    let told = counting.read(&answer.body).filter(|_| answer.status == OK);
    told.ok_or_else(|| format!("{} answers with status {}", counting.path(), answer.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_not_waited_for_and_nobody_there_is_told_at_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("s.sock");
        let began = Instant::now();
        let nobody = Inquiry::start(&socket, Counting::Slots).answer().await;
        let nobody = nobody.expect_err("nobody listens");
        assert!(nobody.starts_with("failed to connect"), "{nobody}");
        assert_eq!(began.elapsed(), Duration::ZERO);
        let _silent = UnixListener::bind(&socket).expect("a socket");
        let silent = Inquiry::start(&socket, Counting::Slots).answer().await;
        assert_eq!(silent, Err("no answer within 2s".to_owned()));
        assert!(began.elapsed() >= PATIENCE);
    }
}
