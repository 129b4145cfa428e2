//! The files of the tree, as the laws see them.
//!
//! Shape: paths are relative to the root of the workspace and use `/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A text file of the tree.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) content: String,
}

impl Text {
    /// The lines of Rust code outside tests and comments, each with its number.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = non_test_lines(&self.path, &self.content);
        lines.into_iter().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the workspace")
}

/// Every file that is in the repository or could be added to it.
pub(crate) fn files() -> &'static [String] {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = files_of_git().unwrap_or_else(files_on_disk);
        // A file deleted and not yet committed is still in git's list.
        files.retain(|file| root().join(file).is_file());
        files.sort();
        files
    })
}

/// Every text file whose path begins and ends so.
pub(crate) fn texts(beginning: &str, ending: &str) -> Vec<Text> {
    let wanted = files().iter().filter(|file| file.starts_with(beginning) && file.ends_with(ending));
    wanted
        .filter_map(|path| {
            let content = fs::read_to_string(root().join(path)).ok()?;
            Some(Text { path: path.clone(), content })
        })
        .collect()
}

/// Whether the text holds this word with no letter, digit or underscore beside it.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(joins) && !text[at + word.len()..].chars().next().is_some_and(joins)
    })
}

/// The lines of a Rust file that are no test, each with its number: all but `#[cfg(test)] mod … { … }`.
pub(crate) fn non_test_lines<'a>(path: &str, content: &'a str) -> Vec<(usize, &'a str)> {
    if is_test_file(path) {
        return Vec::new();
    }
    let mut lines = content.lines().enumerate().map(|(index, line)| (index + 1, line)).peekable();
    let mut kept = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line != "#[cfg(test)]" {
            kept.push((number, line));
            continue;
        }
        // rustfmt puts the closing brace of a module at the first column, and nothing else there.
        let opens = lines.next().is_some_and(|(_, line)| line.ends_with('{'));
        while opens && lines.next().is_some_and(|(_, line)| line != "}") {}
    }
    kept
}

/// Whether a Rust file holds tests only: a test target, or the `tests` module of another file.
fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn files_of_git() -> Option<Vec<String>> {
    let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(words).current_dir(root()).output().ok()?;
    let names = String::from_utf8(listed.stdout).ok().filter(|names| listed.status.success() && !names.is_empty())?;
    Some(names.split_terminator('\0').map(str::to_owned).collect())
}

/// The same without git, for a tree that came as an archive.
fn files_on_disk() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder)).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            if ["target", ".git", "antiphon-data"].iter().any(|skipped| name == *skipped) {
                continue;
            }
            let path = folder.join(name);
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => found.extend(path.to_str().map(str::to_owned)),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn tests_are_not_counted_as_code() {
    let content = "a\n#[cfg(test)]\nmod tests {\n    b\n}\nc\n#[cfg(test)]\nmod tests;\nd\n";
    let kept: Vec<_> = non_test_lines("crates/x/src/x.rs", content);
    assert_eq!(kept, [(1, "a"), (6, "c"), (9, "d")]);
    assert!(non_test_lines("crates/x/src/x/tests.rs", content).is_empty());
}

#[test]
fn the_tree_is_the_same_with_and_without_git() {
    let Some(mut of_git) = files_of_git() else { return };
    of_git.retain(|file| root().join(file).is_file());
    let on_disk = files_on_disk();
    let missing: Vec<_> = of_git.iter().filter(|file| !on_disk.contains(file)).collect();
    assert!(missing.is_empty(), "a walk of the tree does not find {missing:?}");
}
