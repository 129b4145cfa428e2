//! The records of one exchange with a web server: what was asked, what was answered, what was wrong with it.
//!
//! Shape: a step of the ring in, one to three records out, in the order in which they came about.
//! Errors: none; of a body that is not kept whole nothing is said to be wrong.
//! Sources: `kazoo-pivot.md` 6.1.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antiphon_ivr::pivot::{Fault, Mode, Node};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};
use utoipa::ToSchema;

use crate::web::debug::{Answer, Step};

/// The seconds from the year 0 to 1970.
const YEAR_0: u64 = 62_167_219_200;
/// As much of a text is shown before and after what is wrong with it, in characters.
const AROUND: usize = 200;

/// One record. What it has nothing of is left out, or null.
#[derive(Serialize, Default, ToSchema)]
#[schema(as = PivotDebugRecord)]
pub(super) struct Record {
    /// The record's own name.
    id: String,
    /// The Call-ID of the caller's dialog.
    call_id: String,
    /// Year and month, and the Call-ID.
    debug_id: String,
    /// When, in seconds since the year 0.
    created: u64,
    /// The number of the request within its call.
    iteration: u64,
    /// The server.
    node: String,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    uri: Option<String>,
    /// `get` or `post`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    method: Option<String>,
    /// The fields of the request.
    #[schema(value_type = Option<Object>)]
    req_headers: Option<Map<String, Value>>,
    /// Its content, as much as is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    req_body: Option<String>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    resp_status_code: Option<String>,
    /// The fields of the answer.
    #[schema(value_type = Option<Object>)]
    resp_headers: Option<Map<String, Value>>,
    /// Its content, as much as is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    resp_body: Option<String>,
    /// Where the answer is no JSON: `message`, and the text `before` and `after` that.
    #[schema(value_type = Option<Object>)]
    json_errors: Option<Value>,
    /// By the paths of values, what is wrong with the callflow.
    #[schema(value_type = Option<Object>)]
    schema_errors: Option<Value>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    duration_ms: Option<u64>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    error: Option<String>,
    /// What in the answer was put right, left out or failed.
    twiml_warnings: Vec<String>,
    /// What was done then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    next: Option<String>,
}

/// A request of Pivot and what came of it.
pub(super) struct Exchange<'a> {
    pub(super) call_id: &'a str,
    pub(super) iteration: u64,
    pub(super) step: &'a Step,
    is_kept: bool,
}

impl<'a> Exchange<'a> {
    /// The exchange of a step; `None` where another surface asked.
    pub(super) fn of(call_id: &'a str, step: &'a Step) -> Option<Self> {
        let mut words = step.step.split(' ');
        let iteration = words.next().filter(|word| *word == "pivot").and_then(|_| words.next()?.parse().ok())?;
        Some(Self { call_id, iteration, step, is_kept: words.next() == Some("debug") })
    }

    /// Whether somebody wanted it kept, or it failed.
    pub(super) fn is_shown(&self) -> bool {
        self.is_kept || self.has_failed()
    }

    fn has_failed(&self) -> bool {
        let outcome = self.step.outcome.as_ref();
        let is_bad = |answer: &Answer| !(200..300).contains(&answer.status);
        outcome.is_some_and(|outcome| outcome.answer.as_ref().map_or(true, is_bad))
            || self.json_errors().is_some()
            || self.schema_errors().is_some()
    }

    fn answer(&self) -> Option<&'a Answer> {
        self.step.outcome.as_ref()?.answer.as_ref().ok()
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// When it was asked.
    pub(super) fn asked(&self) -> u64 {
        seconds(self.step.at)
    }

    /// The name under which KAZOO keeps it.
    pub(super) fn debug_id(&self) -> String {
        let month = Timestamp::try_from(self.step.at).unwrap_or_default().strftime("%Y%m");
        format!("{month}-{}", self.call_id)
    }

    /// The answer where it should be JSON, whole.
    fn json(&self) -> Option<&'a str> {
        let answer = self.answer().filter(|answer| (200..300).contains(&answer.status))?;
        let body = answer.body.shown.trim_start_matches('\u{feff}').trim();
        let kind = answer.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_xml = kind.is_empty() || kind.ends_with("/xml") || kind.ends_with("+xml");
        let is_json = kind == "application/json" || kind.ends_with("+json");
        let is_whole = answer.body.length == answer.body.shown.len() && !body.is_empty();
        (is_whole && !is_xml && (is_json || !body.starts_with('<'))).then_some(body)
    }

    /// What is wrong with an answer that is no JSON.
    pub(super) fn json_errors(&self) -> Option<Value> {
        let body = self.json()?;
        let mut values = serde_json::Deserializer::from_str(body).into_iter::<Value>();
        let (message, at) = match values.next()? {
            Ok(_) => {
                let at = values.byte_offset();
                (!body[at..].trim().is_empty()).then_some(("trailing data", at))?
            }
            Err(error) => ("invalid JSON", offset(body, error.line(), error.column())),
        };
        let before: Vec<char> = body[..at].chars().rev().take(AROUND).collect();
        let after: String = body[at..].chars().take(AROUND).collect();
        let before: String = before.into_iter().rev().collect();
        Some(json!({ "message": message, "before": before, "after": after }))
    }

    /// What is wrong with a callflow that cannot run.
    pub(super) fn schema_errors(&self) -> Option<Value> {
        let document: Value = serde_json::from_str(self.json()?).ok()?;
        let problems = Node::read(&document, Mode::Lenient).err()?;
        let mut errors = Map::new();
        for problem in problems {
            let kind = match &problem.fault {
                Fault::Missing => "required",
                Fault::WrongType(_) => "type",
                Fault::WrongValue(_) => "value",
                Fault::TooDeep(_) | Fault::TooLarge(_) => "size",
            };
            errors.insert(problem.path.join("."), json!({ kind: { "message": problem.fault.to_string() } }));
        }
        Some(Value::Object(errors))
    }

    /// Its records. Of one that nobody wanted kept, only what failed.
    pub(super) fn records(&self, node: &str) -> Vec<Record> {
        let asked = self.is_kept.then(|| self.asked_record(node));
        let answered = self.answered_record(node);
        let answered = answered.filter(|_| self.is_kept || self.json().is_none());
        let (body, at) = (self.answer().map(|answer| answer.body.shown.to_string()), self.answered_at());
        let wrong = |kind: &str| Record { resp_body: body.clone(), ..self.record(node, kind, at) };
        let no_json = self.json_errors().map(|errors| Record { json_errors: Some(errors), ..wrong("json") });
        let no_flow = self.schema_errors().map(|errors| Record { schema_errors: Some(errors), ..wrong("schema") });
        [asked, answered, no_json, no_flow].into_iter().flatten().collect()
    }

    fn asked_record(&self, node: &str) -> Record {
        let request = &self.step.request;
        Record {
            uri: Some(request.url.clone()),
            method: Some(request.method.to_ascii_lowercase()),
            req_headers: Some(fields(&request.headers)),
            req_body: Some(request.body.shown.to_string()),
            ..self.record(node, "request", self.asked())
        }
    }

    fn answered_record(&self, node: &str) -> Option<Record> {
        let outcome = self.step.outcome.as_ref()?;
        let answer = outcome.answer.as_ref();
        Some(Record {
            resp_status_code: answer.ok().map(|answer| answer.status.to_string()),
            resp_headers: answer.ok().map(|answer| fields(&answer.headers)),
            resp_body: answer.ok().map(|answer| answer.body.shown.to_string()),
            error: answer.err().cloned(),
            duration_ms: Some(outcome.took.as_millis() as u64),
            twiml_warnings: self.step.problems.clone(),
            next: self.step.next.clone(),
            ..self.record(node, "response", self.answered_at())
        })
    }

    fn answered_at(&self) -> u64 {
        let took = self.step.outcome.as_ref().map_or(Duration::ZERO, |outcome| outcome.took);
        seconds(self.step.at + took)
    }

    fn record(&self, node: &str, kind: &str, created: u64) -> Record {
        let id = Sha1::digest(format!("{} {} {kind}", self.call_id, self.step.number));
        Record {
            id: id.iter().take(16).map(|byte| format!("{byte:02x}")).collect(),
            call_id: self.call_id.to_owned(),
            debug_id: self.debug_id(),
            created,
            iteration: self.iteration,
            node: node.to_owned(),
            ..Record::default()
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    YEAR_0 + time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The byte of a text that is at this line and column, which count from 1; the column counts bytes, and is that of the last byte read.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let begin: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (begin + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // What is wrong is the whole word.
    text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len()
}

/// A field that came several times is shown once, with its values parted by commas.
fn fields(fields: &[(String, String)]) -> Map<String, Value> {
    let mut shown: Map<String, Value> = Map::new();
    for (name, value) in fields {
        let before = shown.get(name).and_then(Value::as_str);
        let value = before.map_or_else(|| value.clone(), |before| format!("{before}, {value}"));
        shown.insert(name.to_ascii_lowercase(), value.into());
    }
    shown
}
