//! The data of a pivot: which web server is asked, and how.
//!
//! Shape: [`PivotData::read`] takes the JSON of a node's `data`, as an extension and as a node of a callflow have it.
//! Units: milliseconds in the JSON.
//! Errors: every [`Problem`] at once, with the name of its field; what could be put right is a [`Warning`].
//! Sources: `kazoo-pivot.md` 1.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    callflow::modules::pivot,
    schema::{Data, Mode, Problem, Report, Warning},
};
use crate::FetchMethod;

/// How long a web server may take where nobody says (`kazoo-pivot.md` 1).
pub const PATIENCE: Duration = Duration::from_millis(5_000);

/// Which web server is asked, and how.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PivotData {
    /// Where it is: an absolute URL.
    pub voice_url: String,
    /// How it is asked.
    pub method: FetchMethod,
    /// Under which names it is told.
    pub format: RequestFormat,
    /// What the body of a POST is written in.
    pub body: BodyFormat,
    /// How long it may take, before the ceiling of [`super::Policy`].
    pub patience: Duration,
    /// Who is told of the call after its end.
    pub cdr_url: Option<String>,
    /// Whether what is asked and answered is kept for the people who debug it.
    pub debug: bool,
    /// Whether it is not asked at all, and the child `_` runs instead.
    pub skip_module: bool,
    /// Header fields of each request.
    pub headers: Vec<(String, String)>,
}

/// Under which names a web server is told.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum RequestFormat {
    /// Those of KAZOO.
    #[default]
    Kazoo,
    /// Those of TwiML.
    Twiml,
}

/// What the body of a POST is written in.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`
    #[default]
    Form,
    /// `application/json`
    Json,
}

impl PivotData {
    /// Asks this URL, and all else as usual.
    pub fn of_url(voice_url: impl Into<String>) -> Self {
        Self {
            voice_url: voice_url.into(),
            method: FetchMethod::Get,
            format: RequestFormat::Kazoo,
            body: BodyFormat::Form,
            patience: PATIENCE,
            cdr_url: None,
            debug: false,
            skip_module: false,
            headers: Vec::new(),
        }
    }

    /// Reads the `data` of a node, and puts right what can be.
    ///
    /// # Errors
    /// Every [`Problem`].
    pub fn read(data: &Value) -> Result<(Self, Vec<Warning>), Vec<Problem>> {
        Self::read_as(data, Mode::Lenient)
    }

    /// Reads the `data` of a node.
    ///
    /// # Errors
    /// Every [`Problem`]; with [`Mode::Strict`] also what else would be put right.
    pub fn read_as(data: &Value, mode: Mode) -> Result<(Self, Vec<Warning>), Vec<Problem>> {
        let mut report = Report::new(mode);
        let data = Data::read(data, pivot::FIELDS, &mut report);
        let read = Self::of(&data, &mut report);
        report.finish(read)
    }

    /// What checked data says.
    pub(super) fn of(data: &Data, report: &mut Report) -> Self {
        let milliseconds = |count: i64| Duration::from_millis(u64::try_from(count).unwrap_or(1).max(1));
        // Seconds, as an example of KAZOO has it, which nothing there reads.
        let seconds = data.integer("req_timeout").map(|seconds| seconds.saturating_mul(1_000));
        Self {
            voice_url: data.text("voice_url").unwrap_or_default().to_owned(),
            method: if data.text("method").is_some_and(|method| method.eq_ignore_ascii_case("post")) {
                FetchMethod::Post
            } else {
                FetchMethod::Get
            },
            format: if data.text("req_format") == Some("twiml") { RequestFormat::Twiml } else { RequestFormat::Kazoo },
            body: if data.text("req_body_format") == Some("json") { BodyFormat::Json } else { BodyFormat::Form },
            patience: data.integer("req_timeout_ms").or(seconds).map_or(PATIENCE, milliseconds),
            cdr_url: data.text("cdr_url").map(str::to_owned),
            debug: data.flag("debug"),
            skip_module: data.flag("skip_module"),
            headers: headers(data, report),
        }
    }

    /// The data, to be shared.
    pub fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}

/// Header fields whose names begin with `X-`; all others are left out (`kazoo-pivot.md` 8, A32).
fn headers(data: &Data, report: &mut Report) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in data.object("custom_request_headers").into_iter().flatten() {
        let fits = name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("x-"))
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        match value.as_str().filter(|value| !value.contains(|c: char| c.is_control())) {
            Some(value) if fits => headers.push((name.clone(), value.to_owned())),
            _ => report.put_right(
                &["custom_request_headers", name],
                "must be a text in one line, under a name that begins with X-; it is not sent",
            ),
        }
    }
    headers
}
