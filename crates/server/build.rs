//! Writes the table of the repository's prompt files, so that the binary carries them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let sounds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sounds").canonicalize()?;
    println!("cargo:rerun-if-changed={}", sounds.display());
    let mut table = String::from("static FILES: &[(&str, &str, &[u8])] = &[\n");
    for language in ["en", "hy", "ru", "tone"] {
        let root = sounds.join(language);
        let mut files = Vec::new();
        wav_files(&root, &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(&root).map_err(io::Error::other)?.with_extension("");
            let name = name.to_str().ok_or_else(|| io::Error::other("a prompt's name is not UTF-8"))?;
            writeln!(table, "    ({language:?}, {name:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
        }
    }
    table.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("system_sounds.rs"), table)
}

fn wav_files(directory: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            wav_files(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "wav") {
            into.push(path);
        }
    }
    Ok(())
}
