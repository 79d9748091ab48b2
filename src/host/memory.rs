//! Memory, swap and huge pages, as the kernel tells them.

use std::fs;

/// What `/proc/meminfo` says, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// All of it that the kernel manages.
    pub total_bytes: Option<u64>,
    /// What can be had without swapping, page cache that can be dropped included.
    pub available_bytes: Option<u64>,
    /// Swap in all; 0 where there is none.
    pub swap_total_bytes: Option<u64>,
    /// Swap that is free.
    pub swap_free_bytes: Option<u64>,
}

impl Memory {
    /// That of this machine. What cannot be read is left out.
    #[must_use]
    pub fn now() -> Self {
        Self::parse(&fs::read_to_string("/proc/meminfo").unwrap_or_default())
    }

    pub(super) fn parse(meminfo: &str) -> Self {
        let bytes = |name: &str| {
            let of = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned());
            let value = meminfo.lines().find_map(of)?;
            let kib = value
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse::<u64>()
                .ok()?;
            kib.checked_mul(1024)
        };
        Self {
            total_bytes: bytes("MemTotal"),
            available_bytes: bytes("MemAvailable"),
            swap_total_bytes: bytes("SwapTotal"),
            swap_free_bytes: bytes("SwapFree"),
        }
    }
}

/// For whom the kernel makes transparent huge pages: `always`, `madvise` or `never`; `None` where the
/// kernel has none or does not tell.
#[must_use]
pub fn transparent_huge_pages() -> Option<String> {
    chosen(&fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").ok()?)
}

/// The word in brackets: `always [madvise] never`.
fn chosen(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    let (word, _) = rest.split_once(']')?;
    Some(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        let memory = Memory::parse(
            "MemTotal:  8000 kB\nMemFree: 1 kB\nMemAvailable: 4000 kB\nSwapTotal: 0 kB\n",
        );
        let expected = Memory {
            total_bytes: Some(8_192_000),
            available_bytes: Some(4_096_000),
            swap_total_bytes: Some(0),
            swap_free_bytes: None,
        };
        assert_eq!(memory, expected);
        for strange in ["", "MemTotal: 18446744073709551615 kB", "MemTotal: many"] {
            assert_eq!(Memory::parse(strange), Memory::default());
        }
    }

    #[test]
    fn the_chosen_word_is_the_one_in_brackets() {
        assert_eq!(
            chosen("always [madvise] never\n").as_deref(),
            Some("madvise")
        );
        for strange in ["", "[", "never"] {
            assert_eq!(chosen(strange), None, "{strange}");
        }
    }
}
