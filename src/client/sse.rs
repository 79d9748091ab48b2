//! Server-sent events, byte by byte as they come.
//!
//! After the WHATWG HTML specification, "Server-sent events", section "Interpreting an event
//! stream": <https://html.spec.whatwg.org/multipage/server-sent-events.html>. Only the data of an
//! event is kept: its type, its id and `retry` are for browsers that connect again, which nobody
//! here does. Comments, which llama-server sends to keep a silent connection open, are dropped.
//!
//! One thing is not in the specification. In builds of llama-server from 2024 until the summer of
//! 2025, an error within a stream came as a field of its own, `error: {"code":…}`
//! (`server_sent_event(sink, "error", …)` in its `server.cpp`). Since then it is
//! `data: {"error":{…}}`, and the old form is told as if it were that.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// UTF-8's byte order mark, which a stream may begin with.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// An event was longer than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlong;

/// Cuts a stream of bytes into the data of its events.
///
/// An event that the stream does not finish is no event: what it holds is lost with the parser.
#[derive(Debug)]
pub struct EventParser {
    /// Most bytes of an event, names of fields included.
    limit: usize,
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// The event that has not ended yet: its lines of data, each with a line end.
    data: Vec<u8>,
    /// Whether a line feed that comes next belongs to the line end before it.
    after_cr: bool,
    /// Whether a byte order mark may still come.
    first_line: bool,
}

impl EventParser {
    /// A parser at the beginning of a stream, for events of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            data: Vec::new(),
            after_cr: false,
            first_line: true,
        }
    }

    /// Reads the next bytes and appends the events that end in them. How the stream is cut into
    /// chunks makes no difference. What is not UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// [`Overlong`] when an event exceeds the limit; the events before it have been appended.
    /// The parser is of no use after that.
    pub fn feed(&mut self, chunk: &[u8], events: &mut VecDeque<String>) -> Result<(), Overlong> {
        let mut rest = chunk;
        while let Some(&next) = rest.first() {
            if std::mem::take(&mut self.after_cr) && next == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
                return self.keep(rest);
            };
            self.keep(&rest[..end])?;
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            events.extend(self.end_line());
        }
        Ok(())
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), Overlong> {
        if self.data.len() + self.line.len() + part.len() > self.limit {
            return Err(Overlong);
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    /// Takes the line in; an empty one ends the event, if there is one.
    fn end_line(&mut self) -> Option<String> {
        let whole = std::mem::take(&mut self.line);
        let line = if std::mem::take(&mut self.first_line) {
            whole.strip_prefix(BOM).unwrap_or(&whole)
        } else {
            &whole
        };
        if line.is_empty() {
            return self.end_event();
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = colon.map_or((line, &[][..]), |at| (&line[..at], &line[at + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.add_data(value),
            b"error" => self.add_data(as_todays_error(value).as_bytes()),
            _ => {}
        }
        None
    }

    fn add_data(&mut self, value: &[u8]) {
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
    }

    fn end_event(&mut self) -> Option<String> {
        let mut data = std::mem::take(&mut self.data);
        data.pop()?;
        // Without a copy where it is UTF-8, as nearly always.
        let text = String::from_utf8(data)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Some(text)
    }
}

/// The value of an `error` field in the form that errors have in newer builds.
fn as_todays_error(value: &[u8]) -> String {
    let error = serde_json::from_slice(value)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(value).into_owned()));
    json!({ "error": error }).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const LIMIT: usize = 1 << 10;

    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
        let mut parser = EventParser::new(LIMIT);
        let mut events = VecDeque::new();
        let whole = chunks
            .into_iter()
            .try_for_each(|chunk| parser.feed(chunk, &mut events));
        (events.into(), whole.is_ok())
    }

    fn events(stream: &str) -> Vec<String> {
        read([stream.as_bytes()]).0
    }

    #[test]
    fn the_examples_of_the_specification() {
        assert_eq!(
            events("data: YHOO\ndata: +2\ndata: 10\n\n"),
            ["YHOO\n+2\n10"]
        );
        let mixed = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n\
                     data:  third event\n";
        assert_eq!(events(mixed), ["first event", "second event"]);
        assert_eq!(events("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
        assert_eq!(events("data:test\n\ndata: test\n\n"), ["test", "test"]);
    }

    #[test]
    fn every_line_end_is_one() {
        for end in ["\n", "\r", "\r\n"] {
            let stream = format!("data: a{end}data: b{end}{end}data: c{end}{end}");
            assert_eq!(events(&stream), ["a\nb", "c"], "{end:?}");
        }
    }

    #[test]
    fn a_line_end_cut_in_two_is_one() {
        let chunks = ["data: a\r", "\ndata: b\r", "", "\n", "\r", "\n"];
        assert_eq!(read(chunks.map(str::as_bytes)).0, ["a\nb"]);
    }

    #[test]
    fn pings_and_unknown_fields_are_nothing() {
        assert_eq!(events(":\n\n: ping\n\n:\n\n"), [""; 0]);
        let stream = "event: message\nretry: 3\ndatax: no\nData: no\n data: no\ndata: yes\n\n";
        assert_eq!(events(stream), ["yes"]);
        assert_eq!(events("event: lonely\n\n"), [""; 0]);
    }

    #[test]
    fn a_byte_order_mark_is_dropped_once() {
        assert_eq!(
            events("\u{feff}data: a\n\n\u{feff}data: b\n\ndata: \u{feff}c\n\n"),
            ["a", "\u{feff}c"]
        );
        assert_eq!(events("\n\u{feff}data: a\n\n"), [""; 0]);
    }

    #[test]
    fn what_is_not_utf8_is_replaced() {
        assert_eq!(read([&b"data: a\xe2\x82\n\n"[..]]).0, ["a\u{fffd}"]);
    }

    #[test]
    fn the_error_field_of_old_builds_reads_like_todays() {
        assert_eq!(
            events("error: {\"code\":500,\"message\":\"no\"}\n\n"),
            [r#"{"error":{"code":500,"message":"no"}}"#]
        );
        assert_eq!(events("error: oh no\n\n"), [r#"{"error":"oh no"}"#]);
    }

    #[test]
    fn too_long_an_event_ends_the_reading_after_those_before_it() {
        let long = "x".repeat(LIMIT);
        let line = format!("data: ok\n\ndata: {long}");
        assert_eq!(read([line.as_bytes()]), (vec!["ok".to_owned()], false));
        // Short lines that never end an event.
        let lines = "data: 0123456789\n".repeat(LIMIT / 10);
        assert_eq!(read([lines.as_bytes()]), (vec![], false));
        // Many events, each within the limit, are no problem.
        let lines = "data: 0123456789\n\n".repeat(LIMIT);
        assert!(read([lines.as_bytes()]).1);
    }

    /// Streams made of what matters to the parser, and of anything.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let words: Vec<&[u8]> = vec![
            b"data", b"error", b"id", b":", b" ", b"\r", b"\n", b"\r\n", b"\n\n", b"\xef", b"\xbb",
            b"\xbf", BOM, b"{}", b"\x00", b"\xff",
        ];
        let word = prop_oneof![
            8 => select(words).prop_map(<[u8]>::to_vec),
            1 => vec(any::<u8>(), 0..5),
            1 => Just("é€😀".as_bytes().to_vec()),
            1 => Just(vec![b'x'; LIMIT / 3]),
        ];
        vec(word, 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(stream in streams(), sizes in vec(0_usize..7, 1..20)) {
            let whole = read([&stream[..]]);
            prop_assert_eq!(&whole, &read(stream.chunks(1)));
            let mut rest = &stream[..];
            let mut chunks = Vec::new();
            for size in sizes {
                let (chunk, left) = rest.split_at(size.min(rest.len()));
                chunks.push(chunk);
                rest = left;
            }
            chunks.push(rest);
            prop_assert_eq!(&whole, &read(chunks));
        }

        #[test]
        fn any_bytes_are_read(stream in vec(any::<u8>(), 0..200)) {
            read([&stream[..]]);
        }

        #[test]
        fn what_was_written_is_read(texts in vec("[^\r]{0,30}", 0..10)) {
            let line = |line: &str| format!("data: {line}\n");
            let event = |text: &String| text.split('\n').map(line).collect::<String>() + "\n";
            let stream: String = texts.iter().map(event).collect();
            prop_assert_eq!(events(&stream), texts);
        }
    }
}
