//! Runs cases of others: data that is not part of the tree, in a folder that `ANTIPHON_CASES` names.
//!
//! Shape: a folder a surface; each runner reads its list, runs every case in the simulator, and tells of all that fail.
//! Time: virtual.
//! Errors: without the folder there is nothing to run.

#[path = "cases/vxml.rs"]
mod vxml;

use std::path::PathBuf;

/// The folder of a surface, if there is one.
fn folder(surface: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("ANTIPHON_CASES")?).join(surface);
    folder.is_dir().then_some(folder)
}
