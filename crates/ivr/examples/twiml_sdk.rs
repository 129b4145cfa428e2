//! Checks the table of `docs/surfaces/twiml.md` against documents of TwiML: what it names is taken without a warning, all else is not.
//!
//! Shape: the page and a file with a line of JSON each, as `cargo xtask twiml-sdk` makes them.
//! Errors: each document that is taken otherwise is told; status 1 where there is one.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to people")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::ExitCode,
};

use antiphon_ivr::pivot::twiml;
use serde_json::Value;

/// Elements that do nothing without others in them, which are looked at by themselves.
const FRAMES: [&str; 4] = ["Start", "Stop", "Connect", "Refer"];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("twiml_sdk: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let mut arguments = std::env::args().skip(1);
    let (page, cases) = arguments.next().zip(arguments.next()).ok_or("the page and the documents are wanted")?;
    let read = |file: &str| fs::read_to_string(file).map_err(|error| format!("{file}: {error}"));
    let (claims, cases) = (claims(&read(&page)?), read(&cases)?);
    if claims.is_empty() {
        return Err(format!("{page} has no table"));
    }
    let mut bare: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut count = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let (path, attribute, document) = (text("path"), text("attribute"), text("document"));
        let warnings = match twiml::read(document.as_bytes()) {
            Ok(document) => document.warnings,
            Err(error) => vec![error.to_string()],
        };
        count += 1;
        let element = claims.get(&known(&path));
        let taken = if attribute.is_empty() {
            bare.insert(path.clone(), warnings.len());
            warnings.is_empty() || FRAMES.contains(&path.as_str())
        } else {
            warnings.len() <= bare.get(&path).copied().unwrap_or_default()
        };
        let claimed = match element {
            Some(attributes) => attribute.is_empty() || attributes.contains(&attribute),
            // What stands in an element that is skipped is skipped with it.
            None if attribute.is_empty() => false,
            None => continue,
        };
        if taken != claimed {
            let what = if claimed { "is in the table, and not taken" } else { "is taken, and not in the table" };
            faults.push(format!("{path} {attribute}: {what}: {warnings:?}"));
        }
    }
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    println!("{count} documents, {} otherwise than the table says", faults.len());
    Ok(faults.is_empty() && count > 0)
}

/// Elements and their attributes, from the rows of the table of what runs.
fn claims(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let section = page.split("\n## ").find(|section| section.starts_with("What runs")).unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.filter_map(|row| {
        let mut columns = row.split('|');
        let element = columns.next()?.trim().strip_suffix('`')?;
        let attributes = columns.next()?.split('`').enumerate().filter(|(at, _)| at % 2 == 1);
        columns.next()?;
        element
            .starts_with(|c: char| c.is_ascii_uppercase())
            .then(|| (element.to_owned(), attributes.map(|(_, name)| name.to_owned()).collect()))
    });
    rows.collect()
}

/// The name of an element in the table: speech is the same wherever it stands.
fn known(path: &str) -> String {
    let mut names: Vec<&str> = path.split(' ').collect();
    if names.first() == Some(&"Gather") && names.len() > 1 {
        names.remove(0);
    }
    match names.as_slice() {
        ["Say", .., last] => format!("Say {last}"),
        names => names.join(" "),
    }
}
