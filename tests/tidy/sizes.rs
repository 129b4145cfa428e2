//! Law: one concept a file.

use crate::assert_lawful;
use crate::tree::{non_test_lines, texts};

const MAX_LINES: usize = 600;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

#[test]
fn no_file_has_more_than_600_lines_that_are_no_test() {
    let long = texts("", ".rs").into_iter().filter_map(|text| {
        let lines = non_test_lines(&text.path, &text.content).len();
        (lines > MAX_LINES).then_some((text.path, lines))
    });
    let breaches: Vec<_> = long
        .filter(|(path, _)| !LONGER.iter().any(|(allowed, _)| allowed == path))
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert_lawful("a file is longer than 600 lines", &breaches);
}

#[test]
fn every_exception_is_a_file_and_has_a_reason() {
    for (path, reason) in LONGER {
        assert!(!reason.is_empty() && !texts(path, ".rs").is_empty(), "the exception for {path} is stale");
    }
}
