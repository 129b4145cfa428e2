//! `/client/{client}/http_debug/` and `/client/{client}/http_signing_key`
//!
//! Shape: a list of the last calls that asked web servers, newest first, and every step of one of them.
//! Units: `…_ms` in milliseconds, `length` in bytes.
//! Sources: `kazoo-pivot.md` 6.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ApiState;
use super::date::gmt;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::ClientId;
use crate::web::debug::{CallSteps, Outcome, Step};
use crate::web::signature::{SIGNATURE, TIMESTAMP};

pub(super) fn table() -> Table {
    const DEBUG: &str = "/client/{client}/http_debug";
    Table::of("Live debug", "What calls asked web servers, and what came of it, in memory.")
        .on(
            DEBUG,
            get(
                list,
                Operation::new("The last calls that asked web servers, the newest first")
                    .lists::<Summary>()
                    .filter("extension", "Those of this extension.")
                    .filter("call_uuid", "That call."),
            ),
        )
        .on(&format!("{DEBUG}/{{call}}"), get(show, Operation::new("Every step of one call").shows::<Detail>()))
        .on(
            "/client/{client}/http_signing_key",
            get(signing_key, Operation::new("What the client's requests are signed with").shows::<SigningKey>()),
        )
}

/// A call that asked web servers.
#[derive(Serialize, ToSchema)]
#[schema(as = WebCall)]
struct Summary {
    /// The call.
    call_uuid: String,
    /// The extension that served it.
    extension: String,
    /// Who called.
    from_username: String,
    /// What was dialled.
    to_username: String,
    /// When it first asked.
    init_time_gmt: Option<String>,
    /// What it first asked.
    url: Option<String>,
    /// How that was answered.
    status_code: Option<u16>,
    /// How often it asked.
    steps_count: u64,
    /// How often there was no answer.
    failures: usize,
    /// How much was wrong with answers.
    problems: usize,
}

/// A call that asked web servers, with every step.
#[derive(Serialize, ToSchema)]
#[schema(as = WebCallDetail)]
struct Detail {
    #[serde(flatten)]
    summary: Summary,
    /// Each time that it asked.
    steps: Vec<ShownStep>,
    /// Steps that are not kept.
    steps_omitted: u64,
}

/// A request and what came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = WebStep)]
struct ShownStep {
    /// Its number in the call.
    step: u64,
    /// When.
    time_gmt: String,
    /// The extension that asked.
    extension: String,
    /// What in it.
    by: String,
    /// What was asked.
    request: ShownRequest,
    /// Where it was sent on to; null while it goes on.
    redirects: Option<Vec<ShownHop>>,
    /// The answer, where there was one.
    answer: Option<ShownAnswer>,
    /// Why there was none.
    error: Option<String>,
    /// How long it took.
    duration_ms: Option<u64>,
    /// What the answer had done.
    ran: Vec<String>,
    /// What was wrong with it.
    problems: Vec<String>,
    /// What came next.
    next: Option<String>,
}

/// A request to a web server.
#[derive(Serialize, ToSchema)]
#[schema(as = WebRequest)]
struct ShownRequest {
    /// `GET` or `POST`.
    method: String,
    /// Whom.
    url: String,
    /// Its fields.
    #[schema(value_type = Object)]
    headers: Map<String, Value>,
    /// Its content, as much as is kept.
    body: String,
    /// Bytes of all of it.
    length: usize,
}

/// A redirect.
#[derive(Serialize, ToSchema)]
#[schema(as = WebRedirect)]
struct ShownHop {
    /// Where to.
    url: String,
    /// By which status.
    status_code: u16,
}

/// An answer of a web server.
#[derive(Serialize, ToSchema)]
#[schema(as = WebAnswer)]
struct ShownAnswer {
    /// Its status.
    status_code: u16,
    /// Its fields.
    #[schema(value_type = Object)]
    headers: Map<String, Value>,
    /// Its content, as much as is kept.
    body: String,
    /// Bytes of all of it.
    length: usize,
}

/// What requests are signed with.
#[derive(Serialize, ToSchema)]
struct SigningKey {
    /// Whose it is.
    client_id: ClientId,
    /// `HMAC-SHA256`.
    algorithm: &'static str,
    /// The key.
    key: String,
    /// The field with the time.
    timestamp_header: &'static str,
    /// The field with the signature.
    signature_header: &'static str,
}

/// What the list shows of a call: its first request, and how all of them went.
fn summary(call: &CallSteps) -> Summary {
    let first = call.steps.first();
    let status = first.and_then(|step| step.outcome.as_ref()?.answer.as_ref().ok()).map(|answer| answer.status);
    let failed = |step: &&Arc<Step>| step.outcome.as_ref().is_some_and(|outcome| outcome.answer.is_err());
    Summary {
        call_uuid: call.asker.call.to_string(),
        extension: call.asker.extension.clone(),
        from_username: call.asker.from.clone(),
        to_username: call.asker.to.clone(),
        init_time_gmt: first.map(|step| gmt(step.at)),
        url: first.map(|step| step.request.url.clone()),
        status_code: status,
        steps_count: call.steps.len() as u64 + call.omitted,
        failures: call.steps.iter().filter(failed).count(),
        problems: call.steps.iter().map(|step| step.problems.len()).sum(),
    }
}

fn step(step: &Step) -> ShownStep {
    let outcome = step.outcome.as_ref();
    let answer = outcome.and_then(|outcome| outcome.answer.as_ref().ok());
    ShownStep {
        step: step.number,
        time_gmt: gmt(step.at),
        extension: step.extension.clone(),
        by: step.step.clone(),
        request: ShownRequest {
            method: step.request.method.clone(),
            url: step.request.url.clone(),
            headers: headers(&step.request.headers),
            body: step.request.body.shown.to_string(),
            length: step.request.body.length,
        },
        redirects: outcome.map(redirects),
        answer: answer.map(|answer| ShownAnswer {
            status_code: answer.status,
            headers: headers(&answer.headers),
            body: answer.body.shown.to_string(),
            length: answer.body.length,
        }),
        error: outcome.and_then(|outcome| outcome.answer.as_ref().err()).cloned(),
        duration_ms: outcome.map(|outcome| outcome.took.as_millis() as u64),
        ran: step.ran.clone(),
        problems: step.problems.clone(),
        next: step.next.clone(),
    }
}

/// A field that came several times is shown once, with its values parted by commas.
fn headers(fields: &[(String, String)]) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in fields {
        let value = match shown.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.clone(),
        };
        shown.insert(name.clone(), value.into());
    }
    shown
}

fn redirects(outcome: &Outcome) -> Vec<ShownHop> {
    outcome.redirects.iter().map(|hop| ShownHop { url: hop.url.to_string(), status_code: hop.status }).collect()
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Summary>>, ApiError> {
    let client = place.client()?;
    let wanted = state.http_debug.calls(client).into_iter().filter(|call| {
        paging.admits("extension", &call.asker.extension) && paging.admits("call_uuid", &call.asker.call.to_string())
    });
    let wanted: Vec<_> = wanted.collect();
    Ok(Json(paging.newest_first().of(wanted.iter(), |call| summary(call))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Detail>, ApiError> {
    let (client, id) = (place.client()?, place.call()?);
    let call = state.http_debug.call(client, id).ok_or(ApiError::NoSuchCall)?;
    let steps = call.steps.iter().map(|it| step(it)).collect();
    Ok(Json(Detail { summary: summary(&call), steps, steps_omitted: call.omitted }))
}

async fn signing_key(State(state): State<ApiState>, place: Place) -> Result<Json<SigningKey>, ApiError> {
    let client = place.client()?;
    let key = state.rooms.as_deref().and_then(|rooms| rooms.web.signing_key(client)).ok_or(ApiError::NoSigningKey)?;
    Ok(Json(SigningKey {
        client_id: client,
        algorithm: "HMAC-SHA256",
        key: key.as_str().to_owned(),
        timestamp_header: TIMESTAMP,
        signature_header: SIGNATURE,
    }))
}
