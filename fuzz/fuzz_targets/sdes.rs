//! Lines of keys in an offer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_media::fuzzing::sdes(bytes));
