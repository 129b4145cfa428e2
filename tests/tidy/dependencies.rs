//! Law: every third-party crate has its reason in docs/dependencies.md.

use std::collections::BTreeSet;

use crate::assert_lawful;
use crate::tree::texts;

#[test]
fn the_list_of_crates_is_that_of_the_manifests() {
    let documents = texts("docs/dependencies.md", ".md");
    let rows = documents.iter().flat_map(|text| text.content.lines());
    let listed: Vec<&str> = rows.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let reasons: BTreeSet<String> = listed.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(reasons.len(), listed.len(), "docs/dependencies.md lists a crate twice");
    let named = named_in_manifests();
    let unexplained = named.difference(&reasons).map(|name| format!("{name} has no row"));
    let stale = reasons.difference(&named).map(|name| format!("{name} has a row, and no manifest names it"));
    assert_lawful("docs/dependencies.md is not true", &unexplained.chain(stale).collect::<Vec<_>>());
}

/// Names of crates in the tables of dependencies of every member; our own are not third parties.
fn named_in_manifests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in texts("", "Cargo.toml").iter().filter(|text| !text.path.starts_with("fuzz/")) {
        let manifest: toml::Table = text.content.parse().expect("cargo has read this manifest");
        let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
        for owner in targets.filter_map(toml::Value::as_table).chain([&manifest]) {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let table = owner.get(kind).and_then(toml::Value::as_table);
                names.extend(table.into_iter().flat_map(|table| table.keys().cloned()));
            }
        }
    }
    names.retain(|name| !name.starts_with("antiphon-"));
    names
}
