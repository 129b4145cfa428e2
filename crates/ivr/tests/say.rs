//! What is said in each language, as words, for people who speak it to read.
//!
//! Shape: `golden/<language>/cardinals.txt` has a line for each number from 0 to 9,999, `golden/<language>/samples.txt` lines
//! `kind text = words` of everything else. The words are the texts of the sounds that are played, out of `sounds/prompts.toml`.
//! Errors: with `UPDATE_SPEC=1` the words are written anew, for a person to read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use antiphon_ivr::{
    Language,
    say::{Kind, Spoken, every_name, say, words},
};
use serde::Deserialize;

/// Folders of sounds that nothing but numbers, dates, times and money uses.
const FOLDERS: [&str; 7] = ["digits", "numbers", "ordinals", "stems", "months", "times", "money"];

#[derive(Deserialize)]
struct Prompts {
    prompt: Vec<Prompt>,
}

#[derive(Deserialize)]
struct Prompt {
    name: String,
    language: String,
    text: String,
}

fn sounds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sounds")
}

/// The texts of the sounds of a language, by their names.
fn texts(language: Language) -> BTreeMap<String, String> {
    let file = fs::read_to_string(sounds().join("prompts.toml")).expect("sounds/prompts.toml can be read");
    let prompts: Prompts = toml::from_str(&file).expect("sounds/prompts.toml holds prompts");
    let own = prompts.prompt.into_iter().filter(|prompt| prompt.language == language.tag());
    own.map(|prompt| (prompt.name, prompt.text)).collect()
}

fn spoken(texts: &BTreeMap<String, String>, language: Language, kind: Kind, text: &str) -> String {
    let spoken = Spoken::read(kind, text).unwrap_or_else(|error| panic!("{} {text}: {error}", kind.as_str()));
    words(say(&spoken, language).iter().map(|name| texts[*name].as_str()))
}

/// Compares what is said with a golden file, or writes that.
fn check(language: Language, file: &str, said: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(language.tag()).join(file);
    if std::env::var_os("UPDATE_SPEC").is_some_and(|value| value == "1") {
        fs::write(&path, said).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let other = said.lines().zip(golden.lines()).find(|(said, golden)| said != golden);
    assert_eq!(other, None, "{}: said, and written", path.display());
    assert_eq!(said.lines().count(), golden.lines().count(), "{}: lines", path.display());
}

#[test]
fn all_numbers_of_four_digits_are_said_as_they_are_written() {
    for language in Language::ALL {
        let texts = texts(language);
        let mut said = String::new();
        for number in 0..10_000 {
            let words = spoken(&texts, language, Kind::Cardinal, &number.to_string());
            writeln!(said, "{number} {words}").expect("a string takes text");
        }
        check(language, "cardinals.txt", &said);
    }
}

#[test]
fn samples_of_everything_else_are_said_as_they_are_written() {
    for language in Language::ALL {
        let texts = texts(language);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(language.tag()).join("samples.txt");
        let golden = fs::read_to_string(&path).expect("the golden file can be read");
        let mut said = String::new();
        for line in golden.lines() {
            let sample = line.split(" =").next().unwrap_or(line);
            let (kind, text) = sample.split_once(' ').unwrap_or_else(|| panic!("`{line}`: not `kind text = words`"));
            let kind = Kind::from_word(kind).unwrap_or_else(|| panic!("`{line}`: an unknown kind"));
            writeln!(said, "{sample} = {}", spoken(&texts, language, kind, text)).expect("a string takes text");
        }
        check(language, "samples.txt", &said);
    }
}

/// At run time nothing is missing, and nothing lies in the repository that is never played.
#[test]
fn every_sound_that_is_said_is_there_and_no_other() {
    for language in Language::ALL {
        let listed: BTreeSet<String> = texts(language).into_keys().collect();
        let said: BTreeSet<String> = every_name(language).into_iter().map(str::to_owned).collect();
        let of_numbers = |name: &&String| FOLDERS.iter().any(|folder| name.split('/').next() == Some(folder));
        assert_eq!(listed.iter().filter(of_numbers).collect::<Vec<_>>(), said.iter().collect::<Vec<_>>(), "{language}");
        for name in said {
            let file = sounds().join(language.tag()).join(format!("{name}.wav"));
            assert!(file.is_file(), "{}", file.display());
        }
    }
}
