//! Whatever is printed, however it is cut: what is delivered is a beginning of it, of which
//! nothing but the program's last words is missing; and text comes out as from the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orchestrate::dialect::{Boundaries, HowItEnded, OutputFilter, Style};
use orchestrate::text::{StopMatcher, Utf8Stream};

fuzz_target!(|input: (Vec<Vec<u8>>, bool, Option<u8>, Option<u8>)| {
    let (writes, packets, code, tokens) = input;
    let boundaries = if packets {
        Boundaries::Packets
    } else {
        Boundaries::Unknown
    };
    let mut filter = OutputFilter::new(Style::Logger, boundaries);
    let mut characters = Utf8Stream::new();
    let mut stops = StopMatcher::new(["END", "\n\n\n"]);
    let (mut delivered, mut shown) = (Vec::new(), String::new());
    for write in &writes {
        let bytes = filter.push(write);
        shown += &stops.push(&characters.push(&bytes)).text;
        delivered.extend(bytes);
    }
    let tail = filter.finish(&HowItEnded {
        code: code.map(i32::from),
        tokens_generated: tokens.map(u32::from),
        max_tokens: 8,
        context_full: false,
    });
    shown += &stops.push(&characters.push(&tail.text)).text;
    shown += &stops.finish();
    delivered.extend(tail.text);
    let all = writes.concat();
    assert!(all.starts_with(&delivered));
    assert!(all.len() - delivered.len() <= 22);
    let whole = String::from_utf8_lossy(&delivered);
    assert!(whole.starts_with(&shown) && !shown.contains("END"));
});
