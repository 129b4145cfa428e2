//! Law: a path in a document leads somewhere, because a map that drifts is worse than none.

use crate::assert_lawful;
use crate::tree::{files, root, texts};

/// Endings by which a word without its folder is known to be a file of ours.
const ENDINGS: &[&str] = &[".rs", ".md"];

#[test]
fn every_path_in_architecture_md_exists() {
    let mut breaches = Vec::new();
    for text in texts("ARCHITECTURE.md", "ARCHITECTURE.md") {
        let mut fenced = false;
        for (index, line) in text.content.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                continue;
            }
            let words: Vec<&str> =
                if fenced { line.split_whitespace().collect() } else { line.split('`').skip(1).step_by(2).collect() };
            let paths = words.into_iter().filter(|word| is_path(word)).flat_map(alternatives);
            let lost = paths.filter(|path| !exists(path));
            breaches.extend(lost.map(|path| format!("ARCHITECTURE.md:{}: {path}", index + 1)));
        }
    }
    assert_lawful("a path that leads nowhere", &breaches);
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut breaches = Vec::new();
    for text in texts("", ".md") {
        let folder = text.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (index, line) in text.content.lines().enumerate() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next()) {
                let elsewhere = target.is_empty() || target.contains(':') || target.starts_with('/');
                if !elsewhere && !root().join(folder).join(target).exists() {
                    breaches.push(format!("{}:{}: {target}", text.path, index + 1));
                }
            }
        }
    }
    assert_lawful("a link that leads nowhere", &breaches);
}

/// Whether a word of a document means a file or folder of this tree.
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/{},*".contains(c);
    let anchored = word.split_once('/').is_some_and(|(first, _)| {
        files().iter().any(|file| file.split('/').next() == Some(first)) || TOP_LEVEL.contains(&first)
    });
    word.chars().all(plain) && (anchored || ENDINGS.iter().any(|ending| word.ends_with(ending)))
}

/// Folders that the plan names, so that a path into one is a path even while the folder is missing.
const TOP_LEVEL: &[&str] = &["bench", "crates", "deploy", "docs", "fuzz", "sounds", "tests", "xtask", ".ci", ".cargo"];

/// `a/{b,c}.rs` names two files.
fn alternatives(word: &str) -> Vec<String> {
    let parts =
        word.split_once('{').and_then(|(head, rest)| rest.split_once('}').map(|(list, tail)| (head, list, tail)));
    match parts {
        Some((head, list, tail)) => {
            list.split(',').flat_map(|one| alternatives(&format!("{head}{one}{tail}"))).collect()
        }
        None => vec![word.to_owned()],
    }
}

/// Whether a file or folder of that name exists; a name that does not begin at the root may lie in any folder, and `*`
/// stands for anything within one name.
fn exists(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    files().iter().any(|file| {
        let names: Vec<&str> = file.split('/').collect();
        let wanted: Vec<&str> = path.split('/').collect();
        let starts = if TOP_LEVEL.contains(&wanted[0]) { 1 } else { names.len() };
        (0..starts.min(names.len())).any(|start| {
            let here = names.get(start..start + wanted.len());
            here.is_some_and(|here| here.iter().zip(&wanted).all(|(name, wanted)| matches(name, wanted)))
        })
    })
}

fn matches(name: &str, wanted: &str) -> bool {
    match wanted.split_once('*') {
        Some((head, tail)) => name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail),
        None => name == wanted,
    }
}

#[test]
fn paths_are_told_from_other_words() {
    for path in ["crates/sip", "crates/sip/src/", "tests/tidy.rs", "app.rs", "{a,b}.rs", "docs/*.md", ".ci/run"] {
        assert!(is_path(path), "{path}");
    }
    for other in ["text/plain", "a/b", "std::fs", "call{call_id}", "antiphon serve", "200"] {
        assert!(!is_path(other), "{other}");
    }
}

#[test]
fn a_path_is_found_from_the_root_or_by_its_end() {
    for path in ["tests/tidy.rs", "tidy/tree.rs", "tree.rs", "tests/tidy/*.rs", "crates/sip/", "deny.toml"] {
        assert!(exists(path), "{path}");
    }
    for path in ["tests/gone.rs", "tests/sip/src", "rees.rs", "tests/tidy/*.md"] {
        assert!(!exists(path), "{path}");
    }
    assert_eq!(alternatives("a/{b,c}/{d,e}.rs"), ["a/b/d.rs", "a/b/e.rs", "a/c/d.rs", "a/c/e.rs"]);
}
