//! Whatever a program prints: nothing panics, and no number is reported that was not measured.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orchestrate::dialect::{Capabilities, Counting, Fact, JsonLine, LogEvent, Program, Timings};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut timings = Timings::default();
    for line in text.lines() {
        let event = LogEvent::parse(line);
        if let Fact::Timing(timing) = &event.fact {
            for value in [timing.ms, timing.ms_per_token, timing.tokens_per_second]
                .into_iter()
                .flatten()
            {
                assert!(value.is_finite() && value > 0.0);
            }
        }
        timings.take_event(&event);
        let _ = JsonLine::parse(line);
    }
    assert!(
        timings
            .ms_per_token()
            .is_none_or(|ms| ms.is_finite() && ms > 0.0)
    );
    let _ = timings.generated_tokens();
    for counting in [Counting::Slots, Counting::Metrics] {
        if let Some(told) = counting.read(&text) {
            let _ = (told.prompt_tokens(), told.decoded());
        }
    }
    for program in Program::ALL {
        let found = Capabilities::parse(program, &text, &text);
        let _ = (found.can_generate(), found.build_name());
    }
});
