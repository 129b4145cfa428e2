//! What is wrong with the documents of a script, for the log.
//!
//! Shape: a [`Note`] in, a warning with the kind of fault and its place out. Its words are for live debug alone: they may have in them what a
//! caller pressed, as a URL's query and the message of an event do.
//! Errors: none; a call writes [`MOST`] warnings, and counts the rest.

use antiphon_ivr::{Note, NoteKind};
use url::Url;

/// Most warnings of one call.
const MOST: u32 = 5;
/// Most characters of an address.
const LONGEST: usize = 300;

/// How the names of events begin that are ours and not a page's own, which may have in them what a caller pressed.
const EVENTS: [&str; 9] = [
    "error.badfetch",
    "error.connection",
    "error.customstate",
    "error.noresource",
    "error.noauthorization",
    "error.object",
    "error.semantic",
    "error.soap",
    "error.unsupported",
];

/// The faults of a call so far.
#[derive(Default, Debug)]
pub(super) struct Problems {
    told: u32,
}

/// What the log may have of a fault.
#[derive(Eq, PartialEq, Default, Debug)]
struct Shown {
    event: Option<String>,
    document: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl Problems {
    /// Writes a fault into the log.
    pub(super) fn tell(&mut self, note: &Note) {
        if note.kind != NoteKind::Problem {
            return;
        }
        metrics::counter!("antiphon_script_problems_total").increment(1);
        self.told = self.told.saturating_add(1);
        if self.told > MOST {
            return;
        }
        let Shown { event, document, line, column } = Shown::of(&note.text);
        tracing::warn!(event, document, line, column, "a script's document has a fault; live debug says which");
        if self.told == MOST {
            tracing::warn!("no more faults of this call are logged");
        }
    }
}

impl Shown {
    fn of(text: &str) -> Self {
        let event = text.split([':', ' ']).next().filter(|name| is_ours(name));
        Self {
            event: event.map(str::to_owned),
            document: text.split_whitespace().find_map(document),
            line: number(text, "line "),
            column: number(text, ", column "),
        }
    }
}

fn is_ours(event: &str) -> bool {
    let begins = |begin: &&str| event.strip_prefix(*begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    event.len() <= 64 && EVENTS.iter().any(begins)
}

/// An address without user and query.
fn document(word: &str) -> Option<String> {
    let word = word.trim_end_matches([':', ',', ')']);
    let mut url = Url::parse(word).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "document"))?;
    url.set_query(None);
    url.set_fragment(None);
    // An address without a host has no user either.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Some(url.as_str().chars().take(LONGEST).collect())
}

/// The first number behind a word.
fn number(text: &str, word: &str) -> Option<u32> {
    text.match_indices(word).find_map(|(at, _)| {
        let rest = &text[at + word.len()..];
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_the_place_of_a_fault_and_nothing_that_a_caller_pressed() {
        let shown = |event: Option<&str>, document: Option<&str>, line, column| Shown {
            event: event.map(str::to_owned),
            document: document.map(str::to_owned),
            line,
            column,
        };
        let page = "http://a.example/start";
        for (text, expected) in [
            (
                "error.badfetch: http://u:p@a.example/start?pin=1234: line 5, column 6: <assign>: expr is missing",
                shown(Some("error.badfetch"), Some(page), Some(5), Some(6)),
            ),
            (
                "error.semantic: 1234 is not defined (line 3, column 70 of http://a.example/start?pin=1234)",
                shown(Some("error.semantic"), Some(page), Some(3), Some(70)),
            ),
            (
                "error.badfetch.http.404: http://a.example/start has the status 404",
                shown(Some("error.badfetch.http.404"), Some(page), None, None),
            ),
            (
                "document:application: line 2, column 1: <if> means nothing here",
                shown(None, Some("document:application"), Some(2), Some(1)),
            ),
            ("card 4111 is unknown: the line is dead", Shown::default()),
            ("error.pin.1234: not known", Shown::default()),
        ] {
            assert_eq!(Shown::of(text), expected, "{text}");
        }
    }
}
