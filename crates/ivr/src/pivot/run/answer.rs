//! What a web server answered.
//!
//! Shape: a [`Page`] to a document, by its media type: TwiML, a callflow, or either of the two where the type says nothing.
//! Errors: a text that says why there is none, for the people who debug it.
//! Sources: `kazoo-pivot.md` 3.1, 3.2, 8 (A2, A5, A6).

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Page,
    pivot::{Mode, Node, twiml},
};

/// What a web server answered.
pub(super) struct Answer {
    pub(super) body: Body,
    /// What was put right in it.
    pub(super) warnings: Vec<String>,
}

/// What there is to do.
pub(super) enum Body {
    Nothing,
    Flow(Arc<Node>),
    Twiml(twiml::Document),
}

/// Most problems that are told of one answer.
const MOST_TOLD: usize = 10;

impl Answer {
    pub(super) fn read(page: &Page, mode: Mode) -> Result<Self, String> {
        if !page.is_success() {
            return Err(format!("the answer has the status {}", page.status));
        }
        let body = page.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&page.body);
        if body.trim_ascii().is_empty() {
            return Ok(Self { body: Body::Nothing, warnings: Vec::new() });
        }
        match Kind::of(page.header("content-type")) {
            Kind::Twiml => read_twiml(body),
            Kind::Flow => read_flow(body, mode),
            Kind::Unknown => read_twiml(body).or_else(|twiml| {
                // What begins like XML was meant to be XML, and what is wrong with it is worth more.
                read_flow(body, mode)
                    .map_err(|flow| if body.trim_ascii_start().starts_with(b"<") { twiml } else { flow })
            }),
        }
    }
}

enum Kind {
    Twiml,
    Flow,
    Unknown,
}

impl Kind {
    fn of(content_type: Option<&str>) -> Self {
        let Some(content_type) = content_type.map(str::trim).filter(|written| !written.is_empty()) else {
            return Self::Twiml;
        };
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_application = |suffix: &str| media_type.starts_with("application/") && media_type.ends_with(suffix);
        match media_type.as_str() {
            "text/xml" | "application/xml" => Self::Twiml,
            "application/json" => Self::Flow,
            _ if is_application("+xml") => Self::Twiml,
            _ if is_application("+json") => Self::Flow,
            _ => Self::Unknown,
        }
    }
}

fn read_twiml(body: &[u8]) -> Result<Answer, String> {
    match twiml::read(body) {
        Ok(document) => Ok(Answer { body: Body::Twiml(document), warnings: Vec::new() }),
        Err(error) => Err(format!("the answer is no TwiML: {error}")),
    }
}

fn read_flow(body: &[u8], mode: Mode) -> Result<Answer, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("the answer is no JSON: {error}"))?;
    match Node::read(&value, mode) {
        Ok((flow, warnings)) => {
            Ok(Answer { body: Body::Flow(flow), warnings: warnings.iter().map(ToString::to_string).collect() })
        }
        Err(problems) => {
            let told: Vec<_> = problems.iter().take(MOST_TOLD).map(ToString::to_string).collect();
            Err(format!("the answer is no callflow: {}", told.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(media_type: Option<&str>, body: &str) -> Result<&'static str, String> {
        let headers = media_type.map(|media_type| ("content-type".to_owned(), media_type.to_owned()));
        let page = Page {
            status: 200,
            headers: headers.into_iter().collect(),
            body: body.into(),
            url: String::new(),
            cookies: None,
        };
        Answer::read(&page, Mode::Lenient).map(|answer| match answer.body {
            Body::Nothing => "nothing",
            Body::Flow(_) => "flow",
            Body::Twiml(_) => "twiml",
        })
    }

    /// `kazoo-pivot.md` 3.1, but for what only TwiML can tell.
    #[test]
    fn the_media_type_says_how_an_answer_is_read() {
        let flow = r#"{"module":"answer"}"#;
        for media_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            "text/html",
            "text/plain",
        ] {
            assert_eq!(read(Some(media_type), flow), Ok("flow"), "{media_type}");
        }
        assert_eq!(read(Some("application/json"), &format!("\u{feff}{flow}")), Ok("flow"));
        for media_type in [None, Some(""), Some("text/xml"), Some("application/xml"), Some("application/x+xml")] {
            assert!(read(media_type, flow).is_err_and(|error| error.contains("no TwiML")), "{media_type:?}");
        }
        assert_eq!(read(Some("application/json"), " \r\n"), Ok("nothing"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (body, expected) in [
            ("{\"module\":", "the answer is no JSON: EOF while parsing a value at line 1 column 10"),
            ("{\"module\":\"answer\"} x", "the answer is no JSON: trailing characters at line 1 column 21"),
            ("{}", "the answer is no callflow: module is missing"),
        ] {
            assert_eq!(read(Some("application/json"), body), Err(expected.to_owned()));
        }
        assert!(read(Some("text/html"), "<html>").is_err_and(|error| error.contains("no TwiML")));
        assert!(read(Some("text/html"), "hello").is_err_and(|error| error.contains("no JSON")));
    }
}
