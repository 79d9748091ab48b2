//! Whatever a file holds: no panic, and a header that was read lies inside the file.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use orchestrate::gguf::GgufHeader;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = GgufHeader::read(Cursor::new(bytes), bytes.len() as u64) {
        assert!(!header.has_weights() || header.data_offset <= bytes.len() as u64);
    }
});
