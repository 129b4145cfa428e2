//! `/extension/{extension}/pivot/`
//!
//! Shape: the data of a pivot node with its child `_`, and what is ours beside it. The secret goes in and never comes out.
//! Sources: `kazoo-pivot.md` 1; `interface.md`, "Beyond RingMe".

use std::collections::BTreeMap;

use antiphon_ivr::pivot::{BodyFormat, Pivot, RequestFormat, Warning};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get, text};
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::UpdatePivot;
use crate::store::{Extension, ExtensionKind, Missing};

pub(super) fn table() -> Table {
    let secret = "What requests are signed with by `X-Twilio-Signature`, 1 to 255 characters; null signs nothing. It is never shown.";
    let fallback = json!({ "_": { "module": "tts", "data": { "text": "Please call later" } } });
    Table::of("Pivot", "Applications on web servers that say what a call does, in callflow JSON or TwiML.").on(
        "/extension/{extension}/pivot",
        get(show, Operation::new("The web server of an application").shows::<Shown>()).put(
            update,
            Operation::new("Changes the web server of an application")
                .details("`voice_url` is needed the first time. What is wrong is told all at once.")
                .takes::<Shown>(&[])
                .field("signing_secret", text(255, secret))
                .example(json!({ "voice_url": "https://example.com/voice", "method": "post", "children": fallback }))
                .shows::<Shown>(),
        ),
    )
}

/// An application: a web server that is asked what a call does.
#[derive(Serialize, ToSchema)]
#[schema(as = Pivot)]
struct Shown {
    /// The URL of the first request.
    #[schema(max_length = 2048)]
    voice_url: Option<String>,
    /// How it is asked: `get` or `post`.
    #[schema(value_type = String, pattern = "^([Gg][Ee][Tt]|[Pp][Oo][Ss][Tt])$")]
    method: String,
    /// The names of the parameters: `kazoo` or `twiml`.
    #[schema(value_type = String, pattern = "^(kazoo|twiml)$")]
    req_format: &'static str,
    /// What the body of a POST is: `form` or `json`.
    #[schema(value_type = String, pattern = "^(form|json)$")]
    req_body_format: &'static str,
    /// How long a request may take, in milliseconds.
    #[schema(minimum = 1, maximum = 5000)]
    req_timeout_ms: u64,
    /// A URL that is told of the call after its end.
    #[schema(max_length = 2048)]
    cdr_url: Option<String>,
    /// Whether requests and answers are kept for live debug.
    debug: bool,
    /// Whether the web server is not asked, and the child `_` runs instead.
    skip_module: bool,
    /// Fields of each request, whose names begin with `X-`.
    #[schema(value_type = Object)]
    custom_request_headers: BTreeMap<String, String>,
    /// At `_`, the callflow that runs where the web server fails.
    #[schema(value_type = Object)]
    children: Map<String, Value>,
    /// The account that the web server is told; the client's id where there is none.
    #[schema(max_length = 255)]
    account_id: Option<String>,
    /// Whether requests are signed by `X-Twilio-Signature`.
    #[schema(read_only)]
    is_signed: bool,
    /// What was not as it should be when it was written, and what it is taken to be.
    #[schema(read_only)]
    warnings: Vec<String>,
}

fn encode(extension: &Extension, pivot: &Pivot, warnings: &[Warning]) -> Shown {
    let application = extension.profile.pivot.clone().unwrap_or_default();
    let children = application.otherwise.map(|flow| ("_".to_owned(), flow));
    let data = &pivot.data;
    Shown {
        voice_url: Some(data.voice_url.clone()).filter(|url| !url.is_empty()),
        method: data.method.to_string().to_ascii_lowercase(),
        req_format: match data.format {
            RequestFormat::Kazoo => "kazoo",
            RequestFormat::Twiml => "twiml",
        },
        req_body_format: match data.body {
            BodyFormat::Form => "form",
            BodyFormat::Json => "json",
        },
        req_timeout_ms: data.patience.as_millis() as u64,
        cdr_url: data.cdr_url.clone(),
        debug: data.debug,
        skip_module: data.skip_module,
        custom_request_headers: data.headers.iter().cloned().collect(),
        children: children.into_iter().collect(),
        account_id: application.account_id,
        is_signed: application.signing_secret.is_some(),
        warnings: warnings.iter().map(ToString::to_string).collect(),
    }
}

fn pivot(extension: &Extension) -> Result<&Pivot, Missing> {
    match &extension.kind {
        ExtensionKind::Pivot(pivot) => Ok(pivot),
        _ => Err(Missing::Pivot),
    }
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?;
    Ok(Json(encode(extension, pivot(extension)?, &[])))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let guard = state.pivot_policy().guard.clone();
    let change = UpdatePivot { client: place.bearer(), extension: place.extension_id()?, body, guard };
    let updated = state.store.commit(change).await?;
    Ok(Json(encode(&updated.extension, pivot(&updated.extension)?, &updated.warnings)))
}
