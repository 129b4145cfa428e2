//! A grammar of a page, behind a line of keys.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_ivr::fuzzing::vxml_grammar(bytes));
