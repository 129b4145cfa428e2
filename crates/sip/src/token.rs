//! Names that nobody can guess, from a seed.
//!
//! Shape: a counter under SHA-256; the same seed gives the same names, in the same order.
//! Sources: RFC 3261 §8.1.1.7 (branch), §19.3 (tags need 32 bits of randomness; these have 80).

use sha2::{Digest, Sha256};

/// Makes tags, branches, Call-IDs and nonces.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    made: u64,
}

impl Tokens {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    /// Twenty hexadecimal digits.
    pub(crate) fn token(&mut self) -> String {
        hex(&self.next()[..10])
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        let bytes = self.next();
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % limit
    }

    fn next(&mut self) -> [u8; 32] {
        self.made += 1;
        let mut hash = Sha256::new();
        hash.update(b"antiphon sip token");
        hash.update(self.seed.to_be_bytes());
        hash.update(self.made.to_be_bytes());
        hash.finalize().into()
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
