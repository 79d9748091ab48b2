//! A model on a hub, as a profile or the command line names it: `hf:OWNER/REPO[:QUANT]`.

use std::fmt;

/// The beginning of every such name.
pub const HUB_PREFIX: &str = "hf:";

/// A model on the Hugging Face hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubModel {
    /// Whose it is.
    pub owner: String,
    /// The repository.
    pub repo: String,
    /// The quantisation, such as `Q4_K_M`, or the name of a file in the repository; `None` leaves the
    /// choice to whoever looks for it.
    pub quant: Option<String>,
}

/// Why a name is not of that form; reads on after the name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a model on the hub is named hf:OWNER/REPO or hf:OWNER/REPO:QUANT, as in hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF:Q4_K_M"
)]
pub struct NotAHubModel;

impl HubModel {
    /// Reads `hf:OWNER/REPO[:QUANT]`; `None` where the text does not begin with `hf:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Result<Self, NotAHubModel>> {
        let rest = text.strip_prefix(HUB_PREFIX)?;
        Some(Self::parse_rest(rest).ok_or(NotAHubModel))
    }

    fn parse_rest(rest: &str) -> Option<Self> {
        let (place, quant) = match rest.split_once(':') {
            Some((place, quant)) => (place, Some(quant)),
            None => (rest, None),
        };
        let (owner, repo) = place.split_once('/')?;
        let is_sound = is_name(owner) && is_name(repo) && quant.is_none_or(is_path);
        is_sound.then(|| Self {
            owner: owner.to_owned(),
            repo: repo.to_owned(),
            quant: quant.map(str::to_owned),
        })
    }

    /// Owner and repository, as in addresses.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.repo)
    }
}

impl fmt::Display for HubModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HUB_PREFIX}{}/{}", self.owner, self.repo)?;
        match &self.quant {
            Some(quant) => write!(f, ":{quant}"),
            None => Ok(()),
        }
    }
}

/// What the hub allows in a name; it becomes a part of addresses and of directories, so nothing else may
/// be in it.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains("..")
        && !name.contains("--")
        && name.chars().all(allowed)
}

/// A quantisation, or a file in a repository.
fn is_path(path: &str) -> bool {
    let is_part = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.+ ".contains(c);
        !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed)
    };
    path.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_shown_again() {
        for text in [
            "hf:Qwen/Qwen2.5-0.5B-GGUF",
            "hf:a/b:Q4_K_M",
            "hf:a/b:sub/model-q8_0.gguf",
        ] {
            let model = HubModel::parse(text).expect("a hub's").expect("sound");
            assert_eq!(model.to_string(), text);
        }
        assert_eq!(HubModel::parse("./model.gguf"), None);
    }

    #[test]
    fn what_could_leave_its_directory_is_refused() {
        for text in [
            "hf:",
            "hf:a",
            "hf:a/",
            "hf:/b",
            "hf:../b",
            "hf:a/..",
            "hf:a/b/c",
            "hf:a/b:",
            "hf:a/b:../c",
            "hf:a/b:/c",
            "hf:a b/c",
            "hf:a/b?x",
            "hf:a--b/c",
            "hf:a/b:c:d",
            "hf:a/b%2f:c",
            "hf:a/b:x\n",
        ] {
            assert_eq!(HubModel::parse(text), Some(Err(NotAHubModel)), "{text:?}");
        }
    }
}
