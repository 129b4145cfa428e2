//! What fuzzers and property tests drive that is no public surface: each function takes bytes and panics when a law is broken.
//!
//! Shape: files in [`wav`] and [`encoded`], what peers send in [`rtp`], [`telephone_event`], [`rtcp`] and [`srtp`], the keys in their
//! offers in [`sdes`].
//! Errors: none; a panic is the finding.
//! Sources: RFC 3550 sections 5.1 and 6, RFC 3711, RFC 4568, RFC 4733 section 2.3; the formats of files in [`source`](crate::source).

mod files;
mod reports;
mod secrets;
mod streams;

pub use files::{encoded, wav};
pub use reports::rtcp;
pub use secrets::{sdes, srtp};
pub use streams::{rtp, telephone_event};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    const LAWS: [fn(&[u8]); 7] =
        [super::wav, super::encoded, super::rtp, super::telephone_event, super::rtcp, super::srtp, super::sdes];

    proptest! {
        #[test]
        fn every_law_holds_for_any_bytes(law in 0..LAWS.len(), bytes in prop::collection::vec(any::<u8>(), 0..1_200)) {
            LAWS[law](&bytes);
        }
    }
}
