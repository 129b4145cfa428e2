//! Laws on the system sounds: what is on disk is what the manifest says, and the manifest is what the texts ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::assert_lawful;
use crate::tree::{files, root};

/// Everything is built into the binary and cloned by everyone.
const MAX_TOTAL_BYTES: usize = 9_000_000;

/// The header `sounds/generate` writes, and bytes a millisecond: 8 kHz, mono, 16 bit.
const HEADER_BYTES: usize = 44;
const BYTES_PER_MS: usize = 16;

#[derive(Deserialize)]
struct Manifest {
    sound: Vec<Sound>,
}

#[derive(Deserialize)]
struct Sound {
    file: String,
    language: String,
    text: String,
    spoken: Option<String>,
    duration_ms: usize,
    sha256: String,
    licence: String,
}

#[derive(Deserialize)]
struct Prompts {
    prompt: Vec<Prompt>,
}

#[derive(Deserialize)]
struct Prompt {
    name: String,
    language: String,
    text: String,
    spoken: Option<String>,
}

fn manifest() -> Vec<Sound> {
    let text = fs::read_to_string(root().join("sounds/MANIFEST.toml")).expect("sounds/MANIFEST.toml can be read");
    toml::from_str::<Manifest>(&text).expect("sounds/MANIFEST.toml is a manifest").sound
}

fn prompts() -> Vec<Prompt> {
    let text = fs::read_to_string(root().join("sounds/prompts.toml")).expect("sounds/prompts.toml can be read");
    toml::from_str::<Prompts>(&text).expect("sounds/prompts.toml holds prompts").prompt
}

#[test]
fn every_sound_is_what_the_manifest_says() {
    let mut breaches = Vec::new();
    let mut total = 0;
    for sound in manifest() {
        let Ok(bytes) = fs::read(root().join("sounds").join(&sound.file)) else {
            breaches.push(format!("{}: in the manifest and not on disk", sound.file));
            continue;
        };
        total += bytes.len();
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if digest != sound.sha256 {
            breaches.push(format!("{}: its sha256 is {digest}", sound.file));
        }
        if (sound.duration_ms * BYTES_PER_MS).abs_diff(bytes.len().saturating_sub(HEADER_BYTES)) > BYTES_PER_MS {
            breaches.push(format!("{}: does not last {} ms at 8 kHz, mono, 16 bit", sound.file, sound.duration_ms));
        }
        if sound.text.is_empty() || sound.licence.is_empty() {
            breaches.push(format!("{}: no text or no licence", sound.file));
        }
    }
    assert!(total <= MAX_TOTAL_BYTES, "the sounds are {total} bytes together");
    assert_lawful("a sound is not what the manifest says", &breaches);
}

#[test]
fn every_sound_on_disk_is_in_the_manifest_once() {
    let listed: Vec<_> = manifest().into_iter().map(|sound| format!("sounds/{}", sound.file)).collect();
    let distinct: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(distinct.len(), listed.len(), "the manifest lists a file twice");
    let on_disk: BTreeSet<_> =
        files().iter().filter(|file| file.starts_with("sounds/") && file.ends_with(".wav")).cloned().collect();
    assert_eq!(distinct, on_disk);
}

#[test]
fn the_manifest_says_what_the_prompts_ask_for() {
    let asked: BTreeMap<_, _> = prompts()
        .into_iter()
        .map(|prompt| {
            (format!("{}/{}.wav", prompt.language, prompt.name), (prompt.language, prompt.text, prompt.spoken))
        })
        .collect();
    let made: BTreeMap<_, _> =
        manifest().into_iter().map(|sound| (sound.file, (sound.language, sound.text, sound.spoken))).collect();
    assert_eq!(made, asked, "run sounds/generate");
}

/// A menu switches its language without asking which phrases exist. Numbers are built differently in each, which their own tests know,
/// and the demo menu speaks two languages.
#[test]
fn every_language_has_the_same_phrases() {
    let names = |language: &str| -> BTreeSet<String> {
        let own = prompts().into_iter().filter(|prompt| prompt.language == language);
        own.map(|prompt| prompt.name).filter(|name| !name.contains('/') && !name.starts_with("demo-")).collect()
    };
    assert_eq!(names("en"), names("ru"));
    assert_eq!(names("en"), names("hy"));
}
