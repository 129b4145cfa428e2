//! Laws on what the code of a folder may name.

use crate::assert_lawful;
use crate::tree::{Text, has_word, texts};

/// The standard library's doors to the world; clippy keeps the clocks out (crates/*/clippy.toml).
const WORLDLY_PATHS: &[&str] = &["std::fs", "std::thread", "std::process", "std::env", "UdpSocket", "TcpStream"];

const SURFACES: &[&str] = &["rules", "interactive", "pivot", "vxml"];

/// Where one surface runs another, and it is meant so.
const SURFACE_EXCEPTIONS: &[(&str, &str)] = &[
    // The action of the rules that hands the call to a Call Interactive server; what comes back is a jump, not a call.
    ("crates/ivr/src/rules/actions/call_interactive.rs", "interactive"),
    // The same for the scripts that are asked at the events of a menu.
    ("crates/ivr/src/rules/scripts.rs", "interactive"),
];

#[test]
fn only_the_message_folder_of_sip_names_rsip() {
    let mut breaches = Vec::new();
    for text in texts("crates/", ".rs") {
        if text.path.starts_with("crates/sip/src/message") {
            continue;
        }
        let naming = text.content.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        let naming = naming.filter(|(_, line)| has_word(line, "rsip"));
        breaches.extend(naming.map(|(index, line)| format!("{}:{}: {}", text.path, index + 1, line.trim())));
    }
    assert_lawful("rsip is named outside crates/sip/src/message", &breaches);
}

#[test]
fn a_pure_crate_opens_no_file_socket_or_thread() {
    let mut breaches = Vec::new();
    for text in ["crates/sip/src/", "crates/media/src/", "crates/ivr/src/"].iter().flat_map(|at| texts(at, ".rs")) {
        let worldly = text.code_lines().filter(|(_, line)| WORLDLY_PATHS.iter().any(|path| has_word(line, path)));
        breaches.extend(worldly.map(|(number, line)| format!("{}:{number}: {}", text.path, line.trim())));
    }
    assert_lawful("a pure crate reaches for the world", &breaches);
}

#[test]
fn no_surface_imports_another() {
    let mut breaches = Vec::new();
    for surface in SURFACES {
        let own = texts(&format!("crates/ivr/src/{surface}/"), ".rs");
        let own = own.into_iter().chain(texts(&format!("crates/ivr/src/{surface}.rs"), ".rs"));
        for text in own {
            let others = SURFACES.iter().filter(|other| *other != surface);
            let others = others.filter(|other| !SURFACE_EXCEPTIONS.contains(&(text.path.as_str(), **other)));
            for other in others {
                breaches.extend(lines_naming(&text, other));
            }
        }
    }
    assert_lawful("a surface imports another", &breaches);
}

/// The lines that name a module of the crate: in a path through it, or in a `use` of the crate.
fn lines_naming(text: &Text, module: &str) -> Vec<String> {
    let through = format!("{module}::");
    let mut in_use = false;
    let mut found = Vec::new();
    for (number, line) in text.code_lines() {
        let trimmed = line.trim_start();
        in_use |= trimmed.starts_with("use crate::") || trimmed.starts_with("use super::super::");
        let path = line.match_indices(&through).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        });
        if path || (in_use && has_word(line, module)) {
            found.push(format!("{}:{number}: {}", text.path, line.trim()));
        }
        in_use &= !trimmed.ends_with(';');
    }
    found
}

#[test]
fn an_import_of_a_surface_is_seen_in_every_form() {
    let check = |content: &str, expect: usize| {
        let text = Text { path: "crates/ivr/src/pivot/x.rs".to_owned(), content: content.to_owned() };
        assert_eq!(lines_naming(&text, "rules").len(), expect, "{content}");
    };
    check("use crate::rules::model::Rule;", 1);
    check("use crate::{call::Call, rules};", 1);
    check("use crate::{\n    call::Call,\n    rules,\n};", 1);
    check("let x = crate::rules::run();", 1);
    check("let rules = 1; for rule in rules {}", 0);
    check("let x = own_rules::run();", 0);
    check("// rules::run does it otherwise", 0);
}
