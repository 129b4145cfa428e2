//! An expression of Contact Pro.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_ivr::fuzzing::vxml_python(bytes));
