//! Laws that hold whatever is said, ordered or lost, and in whatever order.
//!
//! Shape: `crate::fuzzing` says what the laws of one endpoint and of the parsers are; here are the ones of two that talk.
//! Time: told. The cases are the same every time; `PROPTEST_CASES` makes more of them.

use super::*;
use crate::fuzzing::{self, STEP, converse};
use crate::message::torture_tests::TORTURE;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn laws(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        rng_seed: RngSeed::Fixed(4475),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(laws(1_000))]

    #[test]
    fn every_conversation_over_udp_ends(steps in vec(any::<[u8; STEP]>(), 1..120)) {
        converse(Transport::Udp, &steps.concat());
    }

    #[test]
    fn every_conversation_over_a_stream_ends(steps in vec(any::<[u8; STEP]>(), 1..120)) {
        converse(Transport::Tcp, &steps.concat());
    }

    #[test]
    fn what_is_read_and_written_is_read_the_same(
        which in 0..TORTURE.len(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..12),
    ) {
        let mut bytes = TORTURE[which].0.to_vec();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes[at] = b";,<>\"@:\r\n %=?[]"[usize::from(byte) % 15],
                _ => { bytes.remove(at); }
            }
        }
        fuzzing::message(&bytes);
        fuzzing::headers(&bytes);
        fuzzing::framer(&bytes);
    }
}
