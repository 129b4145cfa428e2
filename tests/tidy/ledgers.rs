//! Law: what a ledger of a surface says is shown somewhere is shown there.
//!
//! Shape: a ledger is `docs/surfaces/NAME-ledger.md`; its tables whose last column is headed "shown in" have a row a choice. There stand
//! a specification of `tests/specs/NAME`, a path, or a test by its name, each between backticks.
//! A row whose first cell is a number of the vendor's ambiguity register, as `A13`, is named by whatever shows it.

use crate::assert_lawful;
use crate::tree::{Text, has_word, texts};

/// Rows of the register of `ringme-ivr.md` 6.
const ROWS: std::ops::RangeInclusive<u32> = 1..=27;

/// A row that says where something is shown.
struct Row {
    /// For a breach: file, line and the row's first cell.
    place: String,
    /// Its number in the register.
    number: Option<String>,
    shown_in: Vec<String>,
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn is_number(cell: &str) -> bool {
    cell.strip_prefix('A').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The rows of a ledger whose tables end with "shown in".
fn rows(ledger: &Text) -> Vec<Row> {
    let (mut rows, mut in_table) = (Vec::new(), false);
    for (line, text) in ledger.content.lines().enumerate() {
        let Some(cells) = text.strip_prefix('|').and_then(|text| text.trim_end().strip_suffix('|')) else {
            in_table = false;
            continue;
        };
        let (first, last) = (cells.split('|').next().unwrap_or_default().trim(), cells.rsplit('|').next());
        let last = last.unwrap_or_default().trim();
        if last == "shown in" {
            in_table = true;
        } else if in_table && !last.starts_with("---") {
            rows.push(Row {
                place: format!("{}:{}: {first}", ledger.path, line + 1),
                number: is_number(first).then(|| first.to_owned()),
                shown_in: quoted(last),
            });
        }
    }
    rows
}

/// The comments and attributes before a test, and its text to the end; nothing where no test has this name.
fn test_named<'a>(sources: &'a [Text], name: &str) -> Option<(&'a Text, &'a str)> {
    let head = format!("fn {name}(");
    sources.iter().find_map(|source| {
        let at = source.content.find(&head)?;
        let before = &source.content[..at];
        // Between two functions of rustfmt stands an empty line.
        let begin = before.rfind("\n\n").map_or(0, |at| at + 2);
        let end = source.content[at..].find("\n\n").map_or(source.content.len(), |length| at + length);
        let text = &source.content[begin..end];
        (text.contains("#[test]") || text.contains("#[tokio::test")).then_some((source, text))
    })
}

/// Why a reference shows nothing, if it does not.
fn fault(ledger: &str, row: &Row, reference: &str, specs: &[Text], sources: &[Text]) -> Option<String> {
    let surface = ledger.trim_start_matches("docs/surfaces/").trim_end_matches("-ledger.md");
    let surface = if surface == "voicexml" { "vxml" } else { surface };
    let by_path = |path: &str| specs.iter().chain(sources).find(|text| text.path == path).map(|text| &text.content);
    let content = if reference.contains('/') {
        by_path(reference).map(String::as_str)
    } else if reference.ends_with(".md") {
        by_path(&format!("tests/specs/{surface}/{reference}")).map(String::as_str)
    } else {
        test_named(sources, reference).map(|(_, text)| text)
    };
    match (content, &row.number) {
        (None, _) => Some(format!("{}: `{reference}` is no specification, file or test", row.place)),
        (Some(content), Some(number)) if !has_word(content, number) => {
            Some(format!("{}: `{reference}` does not name row {number}", row.place))
        }
        _ => None,
    }
}

#[test]
fn every_row_of_a_ledger_names_what_shows_it() {
    let (specs, sources) = (texts("tests/specs/", ".md"), [texts("crates/", ".rs"), texts("tests/", ".rs")]);
    let sources: Vec<Text> = sources.into_iter().flatten().collect();
    let mut breaches = Vec::new();
    for ledger in texts("docs/surfaces/", "-ledger.md") {
        for row in rows(&ledger) {
            if row.shown_in.is_empty() {
                breaches.push(format!("{}: nothing shows it", row.place));
            }
            breaches.extend(row.shown_in.iter().filter_map(|at| fault(&ledger.path, &row, at, &specs, &sources)));
        }
    }
    assert_lawful("a choice that nothing shows", &breaches);
}

#[test]
fn every_row_of_the_vendors_register_stands_in_a_ledger() {
    let ledgers = ["rules", "interactive"].map(|surface| texts(&format!("docs/surfaces/{surface}-ledger.md"), ""));
    let numbers: Vec<_> = ledgers.iter().flatten().flat_map(rows).filter_map(|row| row.number).collect();
    let missing = ROWS.map(|row| format!("A{row}")).filter(|row| !numbers.contains(row));
    assert_lawful("a row of the register without a choice", &missing.collect::<Vec<_>>());
}

#[test]
fn rows_and_tests_are_found() {
    let content = "| row | what | shown in |\n|---|---|---|\n| A7 | x | `a.md`, test `b_c` |\n| y | z | |\n\n| n | m |\n| 1 | `2` |\n";
    let ledger = Text { path: "docs/surfaces/x-ledger.md".to_owned(), content: content.to_owned() };
    let found = rows(&ledger);
    let found: Vec<_> = found.iter().map(|row| (row.number.as_deref(), row.shown_in.join(" "))).collect();
    assert_eq!(found, [(Some("A7"), "a.md b_c".to_owned()), (None, String::new())]);
    let content = "fn b_c() {}\n\n/// Row A7.\n#[test]\nfn c_d() {\n    x\n}\n".to_owned();
    let sources = [Text { path: "x.rs".to_owned(), content }];
    assert!(test_named(&sources, "b_c").is_none() && test_named(&sources, "c_d").is_some());
    let row = |number: &str| Row { place: String::new(), number: Some(number.to_owned()), shown_in: Vec::new() };
    assert_eq!(fault("", &row("A7"), "c_d", &[], &sources), None);
    assert!(fault("", &row("A8"), "c_d", &[], &sources).is_some_and(|fault| fault.contains("does not name row A8")));
}
