//! Where the hub is, where its cache is, and who asks: the variables that Hugging Face's own tools know.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the hub is unless `HF_ENDPOINT` says otherwise.
const ENDPOINT: &str = "https://huggingface.co";

/// How the hub is asked.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// The cache that all tools share, `…/huggingface/hub`.
    pub cache: PathBuf,
    /// Where the hub is, without a slash at the end.
    pub endpoint: String,
    /// What proves who asks.
    pub token: Option<Token>,
    /// Whether nothing may be fetched.
    pub is_offline: bool,
    /// How long is waited for what.
    pub patience: Patience,
}

/// An access token. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token; `None` of nothing but blanks.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How long is waited for what, and how often something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, an answer, or the next bytes.
    pub idle: Duration,
    /// The least that a transfer has to bring in [`Patience::window`].
    pub least_bytes: u64,
    /// How long a transfer may be slower than that.
    pub window: Duration,
    /// Attempts in a row that bring nothing new.
    pub attempts: u32,
    /// Before the second attempt; each further one waits twice as long.
    pub pause: Duration,
    /// The longest wait that a busy hub may ask for.
    pub longest_pause: Duration,
}

impl Default for Patience {
    /// An idle minute is more than any proxy needs. Below 1 KiB/s over a minute a model takes weeks.
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            least_bytes: 60 << 10,
            window: Duration::from_secs(60),
            attempts: 5,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }
}

impl HubSettings {
    /// As the environment says: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN_PATH`,
    /// `HF_HUB_OFFLINE`. `None` where there is neither one of the directories nor a home.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        Self::resolve(&|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    pub(super) fn resolve(given: &dyn Fn(&str) -> Option<OsString>) -> Option<Self> {
        let text = |name: &str| given(name)?.into_string().ok();
        let path = |name: &str| given(name).map(PathBuf::from);
        let caches = path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache")));
        let token_file = path("HF_TOKEN_PATH")
            .or_else(|| Some(home_directory(&path, caches.as_deref())?.join("token")));
        let token = text("HF_TOKEN").and_then(|token| Token::new(&token));
        let is_true =
            |value: String| matches!(value.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE");
        Some(Self {
            cache: cache_directory(&path, caches.as_deref())?,
            endpoint: text("HF_ENDPOINT")
                .unwrap_or_else(|| ENDPOINT.to_owned())
                .trim_end_matches('/')
                .to_owned(),
            token: token.or_else(|| read_token(&token_file?)),
            is_offline: text("HF_HUB_OFFLINE").is_some_and(is_true),
            patience: Patience::default(),
        })
    }
}

/// Where Hugging Face's tools keep what they fetch: `HF_HUB_CACHE`, or `hub` below `HF_HOME`, or that below
/// the user's caches. `given` tells what a variable of the environment says, as a path.
#[must_use]
pub fn cache_directory(
    given: &dyn Fn(&str) -> Option<PathBuf>,
    caches: Option<&Path>,
) -> Option<PathBuf> {
    given("HF_HUB_CACHE")
        .or_else(|| given("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| Some(home_directory(given, caches)?.join("hub")))
}

fn home_directory(
    given: &dyn Fn(&str) -> Option<PathBuf>,
    caches: Option<&Path>,
) -> Option<PathBuf> {
    given("HF_HOME").or_else(|| Some(caches?.join("huggingface")))
}

fn read_token(file: &Path) -> Option<Token> {
    Token::new(&fs::read_to_string(file).ok()?)
}
