//! `/trunk/`: the trunks of the settings, and what is known of them.
//!
//! Shape: read from memory; nothing of a trunk's credentials is shown. A trunk is the server's, not a client's: every client sees all.
//! Units: seconds from now, or up to now.
//! Sources: `interface.md`, "Beyond RingMe".

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use antiphon_sip::RegistrationFailure;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::error::ApiError;
use crate::call::executor::clock;
use crate::rooms::Rooms;
use crate::trunks::{NotRegistered, Registered, Standing};

/// An API without rooms is one without trunks.
fn rooms(state: &ApiState) -> Result<&Arc<Rooms>, ApiError> {
    Ok(state.rooms.as_ref().ok_or(NotRegistered::Unknown)?)
}

fn encode(now: Instant, name: &str, standing: &Standing) -> Value {
    let passed = |since: Option<Instant>| since.map(|since| now.saturating_duration_since(since).as_secs());
    let left = |until: Instant| until.saturating_duration_since(now).as_secs();
    let (mut state, mut expires_in, mut retry_in, mut status, mut reason) = ("none", None, None, None, None);
    match standing.registered {
        Registered::Unwanted => {}
        Registered::Asking => state = "asking",
        Registered::Until { ends, .. } => (state, expires_in) = ("registered", Some(left(ends))),
        Registered::Failed { why, retry_at } => {
            (state, retry_in) = ("failed", Some(left(retry_at)));
            (status, reason) = failure(why);
        }
    }
    json!({
        "name": name,
        "uri": standing.uri,
        "health": standing.health.word(),
        "health_for": passed(standing.health_since),
        "last_status": standing.last_status.map(|status| status.code()),
        "registration": {
            "state": state,
            "for": passed(standing.registered_since),
            "expires_in": expires_in,
            "retry_in": retry_in,
            "status": status,
            "reason": reason,
        },
        "calls": standing.calls.load(Ordering::Acquire),
        "max_calls": standing.max_calls,
    })
}

/// The status of a failed registration, or in words why there was none.
fn failure(why: Option<RegistrationFailure>) -> (Option<u16>, Option<&'static str>) {
    match why {
        Some(RegistrationFailure::Rejected(status)) => (Some(status.code()), Some("rejected")),
        Some(RegistrationFailure::NotBound) => (None, Some("not_bound")),
        Some(RegistrationFailure::TimedOut) => (None, Some("timed_out")),
        Some(RegistrationFailure::TransportFailed) => (None, Some("transport_failed")),
        None => (None, Some("no_address")),
    }
}

pub(super) async fn list(State(state): State<ApiState>) -> Json<Vec<Value>> {
    let now = clock();
    let standings = state.rooms.map(|rooms| rooms.trunks.standings()).unwrap_or_default();
    Json(standings.iter().map(|(name, standing)| encode(now, name, standing)).collect())
}

pub(super) async fn show(State(state): State<ApiState>, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
    let standing = rooms(&state)?.trunks.standing(&name).ok_or(NotRegistered::Unknown)?;
    Ok(Json(encode(clock(), &name, &standing)))
}

pub(super) async fn register(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let trunks = &rooms(&state)?.trunks;
    trunks.register(&name).await?;
    let standing = trunks.standing(&name).ok_or(NotRegistered::Unknown)?;
    Ok((StatusCode::ACCEPTED, Json(encode(clock(), &name, &standing))))
}
