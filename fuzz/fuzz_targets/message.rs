//! One whole message: what is read can be written and read again.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_sip::fuzzing::message(bytes));
