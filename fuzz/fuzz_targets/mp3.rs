//! A file of MP3 or Ogg Vorbis.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_media::fuzzing::encoded(bytes));
