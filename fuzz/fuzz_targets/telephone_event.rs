//! Keys of two peers, one with events and one with tones, of which the other leg of the bridge is told.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_media::fuzzing::telephone_event(bytes));
