//! Law: which crate may know which.
//!
//! Shape: the manifests of the members are read, dependencies of every kind count.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::assert_lawful;
use crate::tree::{Text, texts};

/// A member, the members it may know, and whether it is pure: told the time, and without sockets, threads and disk.
struct Member {
    name: &'static str,
    knows: &'static [&'static str],
    purity: Purity,
}

#[derive(PartialEq)]
enum Purity {
    Pure,
    Worldly,
}

const MEMBERS: &[Member] = &[
    Member { name: "antiphon-sip", knows: &[], purity: Purity::Pure },
    Member { name: "antiphon-media", knows: &[], purity: Purity::Pure },
    Member { name: "antiphon-ivr", knows: &[], purity: Purity::Pure },
    Member { name: "antiphon-testkit", knows: &["antiphon-sip", "antiphon-media"], purity: Purity::Worldly },
    Member {
        name: "antiphon-server",
        knows: &["antiphon-sip", "antiphon-media", "antiphon-ivr", "antiphon-testkit"],
        purity: Purity::Worldly,
    },
    Member { name: "antiphon-tests", knows: EVERY_CRATE, purity: Purity::Worldly },
    Member { name: "antiphon-bench", knows: EVERY_CRATE, purity: Purity::Worldly },
    Member { name: "xtask", knows: &[], purity: Purity::Worldly },
];

const EVERY_CRATE: &[&str] = &["antiphon-sip", "antiphon-media", "antiphon-ivr", "antiphon-testkit", "antiphon-server"];

/// Crates that bring a clock, a socket, a thread, a disk or a random number with them.
const WORLDLY_CRATES: &[&str] =
    &["axum", "getrandom", "libc", "mio", "nix", "rand", "reqwest", "rusqlite", "rustix", "socket2", "tokio", "uuid"];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    package: Option<Package>,
    #[serde(default)]
    dependencies: Dependencies,
    #[serde(default)]
    dev_dependencies: Dependencies,
    #[serde(default)]
    build_dependencies: Dependencies,
}

type Dependencies = BTreeMap<String, toml::Value>;

#[derive(Deserialize)]
struct Package {
    name: String,
}

fn manifests() -> Vec<(Text, Manifest)> {
    let parse = |text: Text| {
        let manifest = toml::from_str(&text.content).expect("cargo has read this manifest");
        (text, manifest)
    };
    texts("", "Cargo.toml").into_iter().map(parse).collect()
}

fn member(name: &str) -> Option<&'static Member> {
    MEMBERS.iter().find(|member| member.name == name)
}

#[test]
fn every_member_knows_only_the_members_it_may() {
    let mut breaches = Vec::new();
    for (text, manifest) in manifests() {
        let Some(package) = &manifest.package else { continue };
        // The fuzz targets are a workspace of their own and may name what they fuzz.
        if text.path.starts_with("fuzz/") {
            continue;
        }
        let Some(member) = member(&package.name) else {
            breaches
                .push(format!("{}: {} has no entry in the arrows of tests/tidy/arrows.rs", text.path, package.name));
            continue;
        };
        let all = [&manifest.dependencies, &manifest.dev_dependencies, &manifest.build_dependencies];
        let known = all.into_iter().flatten().map(|(name, _)| name.as_str());
        let wrong = known.filter(|name| self::member(name).is_some() && !member.knows.contains(name));
        breaches.extend(wrong.map(|name| format!("{}: {} may not know {name}", text.path, member.name)));
    }
    assert_lawful("an arrow that is not in the plan", &breaches);
}

#[test]
fn the_server_knows_the_testkit_only_in_its_tests() {
    let server = manifests().into_iter().find(|(text, _)| text.path == "crates/server/Cargo.toml");
    let (_, manifest) = server.expect("the server has a manifest");
    assert!(!manifest.dependencies.contains_key("antiphon-testkit"), "test doubles would be in the binary");
}

#[test]
fn a_pure_crate_takes_nothing_that_brings_the_world_in() {
    let mut breaches = Vec::new();
    for (text, manifest) in manifests() {
        let pure = manifest.package.as_ref().and_then(|package| member(&package.name));
        if pure.is_none_or(|member| member.purity == Purity::Worldly) {
            continue;
        }
        for (name, value) in &manifest.dependencies {
            // Channels are plain structures, and the call vocabulary is spoken over them.
            let channels_only = name == "tokio"
                && text.path == "crates/ivr/Cargo.toml"
                && value.get("features").is_some_and(|features| *features == toml::Value::from(vec!["sync"]));
            if WORLDLY_CRATES.contains(&name.as_str()) && !channels_only {
                breaches.push(format!("{}: {name}", text.path));
            }
        }
    }
    assert_lawful("a pure crate depends on the world", &breaches);
}

#[test]
fn a_pure_crate_forbids_unsafe_code() {
    let forbids = |text: &Text| text.content.lines().any(|line| line == "#![forbid(unsafe_code)]");
    for name in ["sip", "media", "ivr"] {
        let files = texts(&format!("crates/{name}/src/lib.rs"), "lib.rs");
        assert!(files.iter().all(forbids) && !files.is_empty(), "crates/{name}/src/lib.rs does not forbid unsafe code");
    }
}
