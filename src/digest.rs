//! Short digests: names for things that are compared and never opened again.

use sha2::{Digest, Sha256};

/// Bytes of the SHA-256 that are kept: with a million different things, two of them share a digest
/// with a probability of 3 in 10⁸ (birthday bound, n²/2⁶⁵).
const BYTES: usize = 8;

/// The first 16 hexadecimal digits of a text's SHA-256: the same on every machine and in every
/// version.
#[must_use]
pub fn short(text: &str) -> String {
    let digest = Sha256::digest(text);
    let bytes = digest.iter().take(BYTES);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn is_the_beginning_of_a_sha_256() {
        // `printf abc | sha256sum`
        assert_eq!(short("abc"), "ba7816bf8f01cfea");
    }
}
