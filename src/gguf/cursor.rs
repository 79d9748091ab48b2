//! A buffered cursor that knows where it is and how long the file is.
//!
//! Every length that the file claims is held against the bytes that are left before anything is
//! allocated or skipped, so that a hostile file can cost no more than its own size.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use super::{ByteOrder, GgufError};

/// Large enough that a vocabulary of megabytes takes a few hundred reads, small enough that a
/// header of kilobytes takes one.
const BUFFER: usize = 64 * 1024;

pub(super) struct Cursor<R> {
    inner: R,
    buffer: Vec<u8>,
    /// How much of the buffer is used up.
    used: usize,
    /// Where in the file the buffer ends.
    end: u64,
    file_len: u64,
    order: ByteOrder,
}

impl<R: Read + Seek> Cursor<R> {
    pub(super) fn new(inner: R, file_len: u64) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            used: 0,
            end: 0,
            file_len,
            order: ByteOrder::Little,
        }
    }

    /// Numbers come in this order from here on.
    pub(super) fn set_order(&mut self, order: ByteOrder) {
        self.order = order;
    }

    /// Where in the file the next byte comes from.
    pub(super) fn offset(&self) -> u64 {
        self.end - (self.buffer.len() - self.used) as u64
    }

    pub(super) fn remaining(&self) -> u64 {
        self.file_len.saturating_sub(self.offset())
    }

    pub(super) fn corrupt(&self, what: impl Into<String>) -> GgufError {
        GgufError::Corrupt {
            offset: self.offset(),
            what: what.into(),
        }
    }

    /// The error for a file that would have to go on for so many bytes.
    pub(super) fn truncated(&self, bytes: u64) -> GgufError {
        GgufError::Truncated {
            needed: self.offset().saturating_add(bytes),
            actual: self.file_len,
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        // Nearly always the bytes are at hand: a vocabulary has hundreds of thousands of lengths.
        let at_hand = self.buffer[self.used..].first_chunk::<N>().copied();
        if let Some(bytes) = at_hand {
            self.used += N;
            return Ok(bytes);
        }
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, GgufError> {
        self.array().map(|bytes| self.order.u16(bytes))
    }

    pub(super) fn u32(&mut self) -> Result<u32, GgufError> {
        self.array().map(|bytes| self.order.u32(bytes))
    }

    pub(super) fn u64(&mut self) -> Result<u64, GgufError> {
        self.array().map(|bytes| self.order.u64(bytes))
    }

    /// A string of at most so many bytes.
    pub(super) fn string(&mut self, max: u64, what: &str) -> Result<String, GgufError> {
        let at = self.offset();
        let length = self.u64()?;
        if length > max {
            return Err(GgufError::Corrupt {
                offset: at,
                what: format!("{what} of {length} bytes"),
            });
        }
        self.text(length)
    }

    fn text(&mut self, length: u64) -> Result<String, GgufError> {
        if length > self.remaining() {
            return Err(self.truncated(length));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.fill(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A string, or `None` of one that is longer than so many bytes.
    pub(super) fn short_string(&mut self, max: u64) -> Result<Option<String>, GgufError> {
        let length = self.u64()?;
        if length > max {
            self.skip(length)?;
            return Ok(None);
        }
        self.text(length).map(Some)
    }

    /// Skips a string and returns its length.
    pub(super) fn skip_string(&mut self) -> Result<u64, GgufError> {
        let length = self.u64()?;
        self.skip(length)?;
        Ok(length)
    }

    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), GgufError> {
        if bytes > self.remaining() {
            return Err(self.truncated(bytes));
        }
        let buffered = (self.buffer.len() - self.used) as u64;
        if bytes <= buffered {
            self.used += usize::try_from(bytes).unwrap_or(0);
            return Ok(());
        }
        self.end = self.offset() + bytes;
        self.buffer.clear();
        self.used = 0;
        self.inner.seek(SeekFrom::Start(self.end))?;
        Ok(())
    }

    fn fill(&mut self, mut out: &mut [u8]) -> Result<(), GgufError> {
        if out.len() as u64 > self.remaining() {
            return Err(self.truncated(out.len() as u64));
        }
        while !out.is_empty() {
            if self.used == self.buffer.len() {
                self.refill(out.len())?;
            }
            let count = out.len().min(self.buffer.len() - self.used);
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&self.buffer[self.used..self.used + count]);
            self.used += count;
            out = later;
        }
        Ok(())
    }

    /// Reads on, at least one byte; the file may have become shorter meanwhile.
    fn refill(&mut self, wanted: usize) -> Result<(), GgufError> {
        let left = usize::try_from(self.file_len.saturating_sub(self.end)).unwrap_or(BUFFER);
        self.buffer.resize(BUFFER.min(left.max(1)), 0);
        self.used = 0;
        let count = loop {
            match self.inner.read(&mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let count = count.inspect_err(|_| self.buffer.clear())?;
        self.buffer.truncate(count);
        self.end += count as u64;
        if count == 0 {
            return Err(GgufError::Truncated {
                needed: self.end.saturating_add(wanted as u64),
                actual: self.end,
            });
        }
        Ok(())
    }
}
