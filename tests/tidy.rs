//! The laws of the tree that no compiler checks.
//!
//! Shape: each law reads the tree and collects every breach of it, so that one run names them all.
//! Errors: a broken law is a failed test whose message has one line a breach, with file and line.
//! Sources: CONTRIBUTING.md says each of these laws in words.

#[path = "tidy/architecture.rs"]
mod architecture;
#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/dependencies.rs"]
mod dependencies;
#[path = "tidy/ledgers.rs"]
mod ledgers;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/sounds.rs"]
mod sounds;
#[path = "tidy/specs.rs"]
mod specs;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/words.rs"]
mod words;

/// Fails with one line a breach.
#[track_caller]
fn assert_lawful(law: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{law}:\n  {}\n", breaches.join("\n  "));
}
