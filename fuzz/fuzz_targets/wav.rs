//! A WAV file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_media::fuzzing::wav(bytes));
