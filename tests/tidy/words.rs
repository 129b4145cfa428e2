//! Laws on the words of every file.

use crate::assert_lawful;
use crate::tree::texts;

/// What belongs to a workplace and not to the project. Put together here, so that this file does not name it.
fn forbidden() -> Vec<String> {
    let parts: &[&[&str]] = &[&["/wo", "rk/"], &["sub", "agent"], &["sub", "-agent"]];
    parts.iter().map(|parts| parts.concat()).collect()
}

#[test]
fn no_file_names_a_workplace() {
    let forbidden = forbidden();
    let mut breaches = Vec::new();
    for text in texts("", "") {
        for (index, line) in text.content.lines().enumerate() {
            let lower = line.to_lowercase();
            if forbidden.iter().any(|word| names(&lower, word)) {
                breaches.push(format!("{}:{}: {}", text.path, index + 1, line.trim()));
            }
        }
    }
    assert_lawful("a word that does not belong to the project", &breaches);
}

/// Whether the word stands there; a folder of the same name further down a path is another one.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !word.starts_with('/') || !before.is_some_and(|c| c.is_alphanumeric() || "._-}".contains(c))
    })
}

#[test]
fn a_path_counts_only_from_the_root() {
    let word = &forbidden()[0];
    assert!(names(&format!("see {word}x"), word));
    assert!(names(&format!("`{word}x`"), word));
    assert!(!names(&format!("/home/me{word}x"), word));
}
