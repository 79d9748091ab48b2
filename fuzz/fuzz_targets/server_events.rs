//! Whatever a server sends: how its stream is cut makes no difference, no event is longer than the limit,
//! and nothing panics; no figure is reported that was not measured, and no probability that is none.
#![no_main]

use std::collections::VecDeque;

use libfuzzer_sys::fuzz_target;
use orchestrate::client::{EventParser, Overlong};
use orchestrate::dialect::choice::share;
use orchestrate::dialect::server::{applied_template, token_count};
use orchestrate::dialect::{JsonLine, Refusal, StreamEvent};

/// Bytes of an event that are too many: few, so that they are reached.
const LIMIT: usize = 4096;

fuzz_target!(|bytes: &[u8]| {
    let (events, end) = read([bytes]);
    assert_eq!(read(bytes.chunks(1)), (events.clone(), end));
    assert_eq!(
        read(bytes.chunks(1 + bytes.len() % 17)),
        (events.clone(), end)
    );
    let mut places = Vec::new();
    for data in &events {
        // A byte that is not UTF-8 becomes a character of three; an old `error` is told in today's form,
        // in which a byte may take six.
        assert!(data.len() <= 6 * LIMIT + 16);
        if let JsonLine::Stream(event) = JsonLine::parse(data) {
            check(&event);
            places.extend(event.places);
        }
    }
    let names: Vec<&str> = places.iter().map(|place| place.chosen.trim()).collect();
    let chosen = names.concat();
    let known = [&chosen, names.first().copied().unwrap_or_default(), "coder"];
    assert!(share(&places, &known).is_none_or(|share| (0.0..=1.0).contains(&share)));

    let text = String::from_utf8_lossy(bytes);
    let _ = (JsonLine::parse(&text), Refusal::parse(400, &text));
    let _ = (applied_template(&text), token_count(&text));
});

fn read<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (VecDeque<String>, Result<(), Overlong>) {
    let mut parser = EventParser::new(LIMIT);
    let mut events = VecDeque::new();
    for chunk in chunks {
        if let Err(overlong) = parser.feed(chunk, &mut events) {
            return (events, Err(overlong));
        }
    }
    (events, Ok(()))
}

fn check(event: &StreamEvent) {
    if let Some(timings) = &event.timings {
        assert!(
            timings
                .ms_per_token()
                .is_none_or(|ms| ms.is_finite() && ms > 0.0)
        );
        let _ = timings.generated_tokens();
    }
    for place in &event.places {
        assert!(place.likeliest.iter().all(|(_, p)| (0.0..=1.0).contains(p)));
    }
}
