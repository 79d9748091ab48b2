//! Whatever a file holds: no panic, and a header that was read lies inside the file, with its tensors one
//! behind the other.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use orchestrate::gguf::{ByteOrder, GgufHeader, finite};

fuzz_target!(|bytes: &[u8]| {
    let length = bytes.len() as u64;
    if let Ok(header) = GgufHeader::read(Cursor::new(bytes), length) {
        assert!(!header.has_weights() || header.data_offset <= length);
        assert!(header.active_parameters() <= header.parameters);
        let mut end = 0;
        for tensor in &header.table {
            assert!(tensor.offset >= end && header.data_offset + tensor.end() <= length);
            end = tensor.end();
        }
        let asked = header.special_tokens().values().copied().collect();
        let texts = header.token_texts(Cursor::new(bytes), length, &asked);
        assert!(texts.is_ok_and(|texts| texts.len() <= asked.len()));
    }
    if let [kind, weights @ ..] = bytes {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let found = finite(u32::from(*kind), order, weights).unwrap_or_default();
            assert_eq!(found.first.is_some(), found.bad > 0);
        }
    }
});
