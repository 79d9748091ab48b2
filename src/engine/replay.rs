//! Text that comes a second time, when a run is repeated, and is shown only once.

/// What has been shown, and how far a repetition has come in it.
#[derive(Debug, Default)]
pub(super) struct Replay {
    shown: String,
    /// Bytes of `shown` that the run at hand has given again.
    position: usize,
    differs: bool,
}

impl Replay {
    /// The same text is about to come again.
    pub(super) fn begin(&mut self) {
        self.position = 0;
    }

    /// The part of a text that has not been shown yet. A run that differs from what was shown adds
    /// nothing to it.
    pub(super) fn fresh(&mut self, text: &str) -> String {
        let known = &self.shown[self.position..];
        let repeated = known.len().min(text.len());
        if self.differs || known.as_bytes()[..repeated] != text.as_bytes()[..repeated] {
            self.differs = true;
            return String::new();
        }
        // Both begin with the same bytes, and `known` ends where a character ends.
        let fresh = text.get(repeated..).unwrap_or_default().to_owned();
        self.shown.push_str(&fresh);
        self.position += text.len();
        fresh
    }

    /// Whether what was shown goes on where the run at hand has ended.
    pub(super) fn is_ahead(&self) -> bool {
        self.position < self.shown.len()
    }

    /// Whether a repetition gave another text.
    pub(super) fn differs(&self) -> bool {
        self.differs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_is_the_whole_text_once(
            text in "[aé😀\n]{0,12}", first in 0usize..12, cuts in prop::collection::vec(1usize..4, 1..12),
        ) {
            let characters: Vec<char> = text.chars().collect();
            let mut replay = Replay::default();
            let mut shown = replay.fresh(&characters.iter().take(first).collect::<String>());
            replay.begin();
            let mut rest = &characters[..];
            for cut in cuts.into_iter().cycle() {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                shown.push_str(&replay.fresh(&piece.iter().collect::<String>()));
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert!(!replay.differs());
            prop_assert_eq!(shown, text);
        }
    }

    #[test]
    fn another_text_adds_nothing() {
        let mut replay = Replay::default();
        assert_eq!(replay.fresh("abc"), "abc");
        replay.begin();
        assert_eq!(replay.fresh("ab"), "");
        assert!(replay.is_ahead());
        assert_eq!(replay.fresh("xyz"), "");
        assert!(replay.differs());
        assert_eq!(replay.fresh("more"), "");
    }
}
