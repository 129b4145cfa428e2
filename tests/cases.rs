//! Runs data from outside the tree: vectors, responses and schemas that others wrote, against the surfaces.
//!
//! Shape: the feature `cases` builds them, since nothing of the data is part of the tree; `cargo xtask cases DIR` runs them, with the folder
//! in the environment variable `ANTIPHON_CASES`. One folder a surface stands in it.
//! Errors: a folder or a file that is not there fails the test that wants it.

#[path = "cases/pivot.rs"]
mod pivot;
#[path = "cases/vxml.rs"]
mod vxml;
#[path = "cases/vxml_pages.rs"]
mod vxml_pages;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A folder or a file of the data.
fn place(part: &str) -> PathBuf {
    let root =
        std::env::var_os("ANTIPHON_CASES").expect("ANTIPHON_CASES names the folder of the data: cargo xtask cases DIR");
    let place = Path::new(&root).join(part);
    assert!(place.exists(), "{} is not there", place.display());
    place
}

/// The text of a file.
fn text(part: &str) -> String {
    let place = place(part);
    fs::read_to_string(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
}

/// A file of JSON.
fn json(part: &str) -> serde_json::Value {
    serde_json::from_str(&text(part)).unwrap_or_else(|error| panic!("{part}: {error}"))
}

/// The names of the files of a folder that have this ending, at least one.
fn files(part: &str, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(place(part)).unwrap_or_else(|error| panic!("{part}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("the folder can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{part} has no file that ends with {ending}");
    names
}

/// Fails with all that is wrong.
#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of the cases:\n  {}\n", wrong.len(), wrong.join("\n  "));
}
