//! Tells the model's own text from what the program prints after it.
//!
//! # What the program prints
//! Since the logger of September 2024 (llama.cpp#9418) `llama-completion` and its forerunners
//! write to stdout, each as one `write(2)`:
//!
//! 1. every piece of the model's text (none for an empty piece);
//! 2. only if the model ended by itself: [`MARKER`];
//! 3. always, before exit 0: [`CLOSING`].
//!
//! On SIGINT, instead of 2 and 3: a newline and [`INTERRUPTED`], then exit 130. Any other end
//! (a signal, a failed evaluation) leaves the text as it is. Older builds print nothing but the
//! text to stdout; their marker goes to stderr.
//!
//! A model may write these very words itself, so they are dropped only where the program prints
//! them. On Linux stdout is a pipe in packet mode, which keeps the boundaries of writes: then the
//! marker is a packet of its own, while a model would have to own a single token with exactly
//! these bytes, and to be cut by `-n` right after it. Where boundaries are unknown, the marker is
//! the program's only if fewer tokens than `-n` were generated and the context was not full: there
//! is no other way to end then. If that cannot be known, the words stay: an extra word is a
//! lesser evil than a missing one.
//!
//! # What may be missing
//! The program does not wait for its log thread before it exits (seen in b11434: in 3 of 30
//! short runs the last lines were lost, text among them, with exit 0). [`Tail::closed`] tells: the
//! closing newlines are written after all text, so with them it is complete.

/// What the program prints when the model ended by itself.
pub const MARKER: &[u8] = b" [end of text]\n";
/// What the program prints before it exits with 0.
pub const CLOSING: &[u8] = b"\n\n";
/// What the program prints on SIGINT, after a newline.
pub const INTERRUPTED: &[u8] = b"Interrupted by user\n";

const NEWLINE: &[u8] = b"\n";
/// The exit code of a generation that SIGINT ended.
const EXIT_INTERRUPTED: i32 = 130;

/// What a build prints to stdout besides the model's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Marker, closing newlines and the note of an interruption (since September 2024).
    Logger,
    /// Nothing but the text.
    Plain,
}

impl Style {
    /// What this build does.
    #[must_use]
    pub fn of(capabilities: &super::Capabilities) -> Self {
        if capabilities.has_new_logger() {
            Self::Logger
        } else {
            Self::Plain
        }
    }
}

/// Whether each [`OutputFilter::push`] is one `write(2)` of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundaries {
    /// It is: stdout is a pipe in packet mode.
    Packets,
    /// Writes may come joined or split.
    Unknown,
}

/// How the program ended, as far as its last words depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HowItEnded {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Tokens that were generated, the model's end of text included; an upper bound will do
    /// (`Timings::generated_tokens`). `None` if unknown.
    pub tokens_generated: Option<u32>,
    /// The limit it was given (`-n`).
    pub max_tokens: u32,
    /// Whether it stopped because the context was full.
    pub context_full: bool,
}

/// What is left when the program has ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tail {
    /// Bytes that were held back and are the model's after all.
    pub text: Vec<u8>,
    /// Whether the program said that the model ended by itself.
    pub end_of_text: bool,
    /// How many writes at the end of the output were the program's own.
    pub own_writes: usize,
    /// Whether the closing newlines were seen, so that no text was lost at the exit. Always false
    /// for builds that print none, and for every end but exit 0.
    pub closed: bool,
}

/// Lets the model's text through and holds back what may be the program's last words.
#[derive(Debug, Clone)]
pub struct OutputFilter {
    style: Style,
    boundaries: Boundaries,
    /// What was written and may be the program's own; one entry where boundaries are unknown.
    held: Vec<Vec<u8>>,
}

impl OutputFilter {
    /// A filter for the stdout of one program.
    #[must_use]
    pub fn new(style: Style, boundaries: Boundaries) -> Self {
        Self {
            style,
            boundaries,
            held: Vec::new(),
        }
    }

    /// Takes what was read and returns what is surely the model's own.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.push_apart(bytes).concat()
    }

    /// The same, each write of the program by itself where boundaries are known.
    #[must_use]
    pub fn push_apart(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        if self.style == Style::Plain || bytes.is_empty() {
            return vec![bytes.to_vec()];
        }
        match self.boundaries {
            Boundaries::Packets => self.push_packet(bytes),
            Boundaries::Unknown => vec![self.push_bytes(bytes)],
        }
    }

    /// How many pieces are held back.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Ends the output.
    #[must_use]
    pub fn finish(mut self, how: &HowItEnded) -> Tail {
        let mut tail = Tail::default();
        match how.code {
            Some(0) => {
                tail.closed = self.take_last(CLOSING);
                if self.ends_with(MARKER) && self.marker_is_the_programs(how) {
                    tail.end_of_text = self.take_last(MARKER);
                }
                tail.own_writes = usize::from(tail.closed) + usize::from(tail.end_of_text);
            }
            Some(EXIT_INTERRUPTED) => {
                let kept = self.held.clone();
                if self.take_last(INTERRUPTED) && self.take_last(NEWLINE) {
                    tail.own_writes = 2;
                } else {
                    self.held = kept;
                }
            }
            _ => {}
        }
        tail.text = self.held.concat();
        tail
    }

    /// Holds a packet back as long as what is held is the beginning of the program's last words.
    fn push_packet(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let mut released = Vec::new();
        for part in parted(packet) {
            self.held.push(part.to_vec());
            while !is_beginning_of_an_end(&self.held) {
                released.push(self.held.remove(0));
            }
        }
        released
    }

    /// Holds back the longest end of the bytes that is the beginning of the program's last words.
    fn push_bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = self.held.pop().unwrap_or_default();
        all.extend_from_slice(bytes);
        let first = all.len().saturating_sub(LONGEST_END);
        let split = (first..all.len())
            .find(|&at| ends().into_iter().any(|end| begins(end, &all[at..])))
            .unwrap_or(all.len());
        self.held = vec![all.split_off(split)];
        all
    }

    /// Whether the program, not the model, wrote the marker at the end of what is held.
    fn marker_is_the_programs(&self, how: &HowItEnded) -> bool {
        let below_the_limit = how
            .tokens_generated
            .is_some_and(|tokens| tokens < how.max_tokens);
        !how.context_full && (below_the_limit || self.boundaries == Boundaries::Packets)
    }

    fn ends_with(&self, words: &[u8]) -> bool {
        let Some(last) = self.held.last() else {
            return false;
        };
        match self.boundaries {
            Boundaries::Packets => last == words,
            Boundaries::Unknown => last.ends_with(words),
        }
    }

    /// Drops these words from the end of what is held; whether they were there.
    fn take_last(&mut self, words: &[u8]) -> bool {
        let found = self.ends_with(words);
        if found && let Some(mut last) = self.held.pop() {
            last.truncate(last.len() - words.len());
            if !last.is_empty() {
                self.held.push(last);
            }
        }
        found
    }
}

/// A packet, without the last words that came joined to it and to each other: a program that exits while
/// its log thread prints (llama.cpp#22142) may flush all of them in one write. No token of a model is that
/// long and ends so.
fn parted(packet: &[u8]) -> Vec<&[u8]> {
    let before_closing = packet.strip_suffix(CLOSING);
    match before_closing.and_then(|rest| rest.strip_suffix(MARKER)) {
        Some([]) => vec![MARKER, CLOSING],
        Some(text) => vec![text, MARKER, CLOSING],
        None => vec![packet],
    }
}

/// The length of the longest of [`ends`].
const LONGEST_END: usize = NEWLINE.len() + INTERRUPTED.len();

/// Whether these bytes are the beginning of an end whose writes were joined.
fn begins(end: &[&[u8]], mut bytes: &[u8]) -> bool {
    for part in end {
        if bytes.len() <= part.len() {
            return part.starts_with(bytes);
        }
        let Some(rest) = bytes.strip_prefix(*part) else {
            return false;
        };
        bytes = rest;
    }
    bytes.is_empty()
}

/// The last words of the program, write by write.
fn ends() -> [&'static [&'static [u8]]; 3] {
    [&[CLOSING], &[MARKER, CLOSING], &[NEWLINE, INTERRUPTED]]
}

fn is_beginning_of_an_end(packets: &[Vec<u8>]) -> bool {
    ends().into_iter().any(|end| {
        packets.len() <= end.len() && packets.iter().zip(end).all(|(packet, part)| packet == part)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: u32 = 8;

    /// How a generation of the history ends.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum End {
        /// The model ended by itself; `at_limit`: with the last token it was allowed.
        ByItself {
            at_limit: bool,
        },
        Limit,
        ContextFull,
        Interrupted,
        Killed,
        Failed,
    }

    /// What the program writes after the pieces, and how it then ends.
    fn ending(end: End) -> (Vec<&'static [u8]>, HowItEnded) {
        let (words, code, tokens): (Vec<&[u8]>, _, _) = match end {
            End::ByItself { at_limit: false } => (vec![MARKER, CLOSING], Some(0), LIMIT - 1),
            End::ByItself { at_limit: true } => (vec![MARKER, CLOSING], Some(0), LIMIT),
            End::Limit => (vec![CLOSING], Some(0), LIMIT),
            End::ContextFull => (vec![CLOSING], Some(0), LIMIT - 1),
            End::Interrupted => (vec![NEWLINE, INTERRUPTED], Some(130), LIMIT - 1),
            End::Killed => (vec![], None, LIMIT - 1),
            End::Failed => (vec![], Some(1), LIMIT - 1),
        };
        let how = HowItEnded {
            code,
            tokens_generated: Some(tokens),
            max_tokens: LIMIT,
            context_full: end == End::ContextFull,
        };
        (words, how)
    }

    fn deliver(boundaries: Boundaries, writes: &[Vec<u8>], how: &HowItEnded) -> (Vec<u8>, Tail) {
        let mut filter = OutputFilter::new(Style::Logger, boundaries);
        let mut text = Vec::new();
        for write in writes {
            text.append(&mut filter.push(write));
        }
        let tail = filter.finish(how);
        text.extend_from_slice(&tail.text);
        (text, tail)
    }

    fn ends() -> impl Strategy<Value = End> {
        prop_oneof![
            Just(End::ByItself { at_limit: false }),
            Just(End::ByItself { at_limit: true }),
            Just(End::Limit),
            Just(End::ContextFull),
            Just(End::Interrupted),
            Just(End::Killed),
            Just(End::Failed),
        ]
    }

    /// Pieces that a mean model writes: the program's own words, whole and in parts.
    fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let piece = prop_oneof![
            Just(&b"\n"[..]),
            Just(&b"\n\n"[..]),
            Just(&b" [end of text]"[..]),
            Just(&b" [end of text]\n"[..]),
            Just(&b" [end"[..]),
            Just(&b" of text]"[..]),
            Just(&b" of text]\n"[..]),
            Just(&b"Interrupted by user\n"[..]),
            Just(&b"Interrupted"[..]),
            Just(&b" by user\n"[..]),
            Just(&b"x"[..]),
            Just(&b"\xf0\x9f"[..]),
        ];
        prop::collection::vec(piece.prop_map(<[u8]>::to_vec), 0..8)
    }

    proptest! {
        #[test]
        fn with_packets_the_text_is_exactly_the_models(pieces in pieces(), end in ends()) {
            // The one history that no observer can tell from an end of text: a single token with
            // exactly the marker's bytes as the last one that -n allows.
            prop_assume!(!(end == End::Limit && pieces.last().is_some_and(|p| p == MARKER)));
            let (words, how) = ending(end);
            let mut writes = pieces.clone();
            writes.extend(words.iter().map(|word| word.to_vec()));
            let (text, tail) = deliver(Boundaries::Packets, &writes, &how);
            prop_assert_eq!(text, pieces.concat());
            prop_assert_eq!(tail.end_of_text, matches!(end, End::ByItself { .. }));
            prop_assert_eq!(tail.closed, how.code == Some(0));
        }

        #[test]
        fn without_packets_the_text_is_the_models_or_more(
            pieces in pieces(),
            end in ends(),
            cuts in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let (words, how) = ending(end);
            let stream = [pieces.concat(), words.concat()].concat();
            let mut writes = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.into_iter().cycle() {
                let (write, after) = rest.split_at(cut.min(rest.len()));
                if write.is_empty() {
                    break;
                }
                writes.push(write.to_vec());
                rest = after;
            }
            let (text, tail) = deliver(Boundaries::Unknown, &writes, &how);
            let mut expected = pieces.concat();
            // Nobody can know here that it was not the model which wrote these words.
            if end == (End::ByItself { at_limit: true }) {
                expected.extend_from_slice(MARKER);
            }
            prop_assert_eq!(text, expected);
            prop_assert_eq!(tail.end_of_text, end == (End::ByItself { at_limit: false }));
        }

        #[test]
        fn without_token_counts_nothing_of_the_model_is_lost(
            pieces in pieces(), end in ends(), packets: bool,
        ) {
            let (words, how) = ending(end);
            let how = HowItEnded { tokens_generated: None, ..how };
            let boundaries = if packets { Boundaries::Packets } else { Boundaries::Unknown };
            prop_assume!(!(end == End::Limit && pieces.last().is_some_and(|p| p == MARKER)));
            let mut writes = pieces.clone();
            writes.extend(words.iter().map(|word| word.to_vec()));
            let (text, _) = deliver(boundaries, &writes, &how);
            prop_assert!(text.starts_with(&pieces.concat()));
        }

        #[test]
        fn builds_that_print_only_text_are_left_alone(pieces in pieces()) {
            let mut filter = OutputFilter::new(Style::Plain, Boundaries::Unknown);
            let text: Vec<u8> = pieces.iter().flat_map(|piece| filter.push(piece)).collect();
            prop_assert_eq!(text, pieces.concat());
        }

        #[test]
        fn never_panics_and_never_invents(
            writes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..10),
            code in prop_oneof![Just(None), Just(Some(0)), Just(Some(130)), Just(Some(1))],
            packets: bool,
        ) {
            let boundaries = if packets { Boundaries::Packets } else { Boundaries::Unknown };
            let how = HowItEnded { code, tokens_generated: None, max_tokens: 1, context_full: false };
            let (text, _) = deliver(boundaries, &writes, &how);
            prop_assert!(writes.concat().starts_with(&text));
        }
    }

    #[test]
    fn ordinary_text_is_not_delayed() {
        for boundaries in [Boundaries::Packets, Boundaries::Unknown] {
            let mut filter = OutputFilter::new(Style::Logger, boundaries);
            assert_eq!(filter.push(b"fn main"), b"fn main");
            assert_eq!(filter.push(b"() {}"), b"() {}");
        }
    }

    #[test]
    fn last_words_in_one_write_are_the_programs_all_the_same() {
        for (packets, text) in [
            (vec!["a", " [end of text]\n\n\n"], "a"),
            (vec!["a", "b [end of text]\n\n\n"], "ab"),
        ] {
            let mut filter = OutputFilter::new(Style::Logger, Boundaries::Packets);
            let shown: Vec<u8> = packets
                .iter()
                .flat_map(|packet| filter.push(packet.as_bytes()))
                .collect();
            let tail = filter.finish(&HowItEnded {
                code: Some(0),
                tokens_generated: Some(3),
                max_tokens: LIMIT,
                context_full: false,
            });
            assert_eq!((shown.as_slice(), tail.text), (text.as_bytes(), vec![]));
            assert!(tail.end_of_text && tail.closed);
        }
    }

    #[test]
    fn no_end_is_longer_than_the_longest() {
        let lengths = super::ends().map(|end| end.concat().len());
        assert_eq!(lengths.into_iter().max(), Some(LONGEST_END));
    }

    #[test]
    fn a_lost_closing_is_said() {
        let how = HowItEnded {
            code: Some(0),
            tokens_generated: None,
            max_tokens: LIMIT,
            context_full: false,
        };
        let (text, tail) = deliver(Boundaries::Packets, &[b"a".to_vec()], &how);
        assert_eq!((text.as_slice(), tail.closed), (&b"a"[..], false));
    }
}
