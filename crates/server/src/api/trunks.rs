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
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::description::{Operation, Table, get, post};
use super::error::ApiError;
use super::place::Place;
use crate::call::executor::clock;
use crate::rooms::Rooms;
use crate::trunks::{NotRegistered, Registered, Standing};

pub(super) fn table() -> Table {
    Table::of("Trunks", "The trunks of the settings. They are the server's, so every client sees all of them.")
        .on("/trunk", get(list, Operation::new("All trunks").lists_all::<Shown>()))
        .on("/trunk/{trunk}", get(show, Operation::new("One trunk").shows::<Shown>()))
        .on(
            "/trunk/{trunk}/register",
            post(
                register,
                Operation::new("Registers there now, whenever it would have been due")
                    .answers::<Shown>(202, "It is asked; the trunk as it is now.")
                    .conflicts("The settings do not have `register = true` for it."),
            ),
        )
}

/// A trunk, and what is known of it. Times are in seconds.
#[derive(Serialize, ToSchema)]
#[schema(as = Trunk)]
struct Shown {
    /// Its name in the settings.
    name: String,
    /// Its URI.
    uri: String,
    /// `up`, `down` or `unknown`.
    health: &'static str,
    /// How long it has been so.
    health_for: Option<u64>,
    /// What it said to the last OPTIONS.
    last_status: Option<u16>,
    /// Our registration there.
    registration: Registration,
    /// Calls over it now.
    calls: usize,
    /// The most there may be.
    max_calls: Option<usize>,
}

/// A registration of ours.
#[derive(Serialize, ToSchema)]
#[schema(as = TrunkRegistration)]
struct Registration {
    /// `none`, `asking`, `registered` or `failed`.
    state: &'static str,
    /// How long it has been so.
    #[serde(rename = "for")]
    lasts: Option<u64>,
    /// How long it is still good.
    expires_in: Option<u64>,
    /// When it is tried again.
    retry_in: Option<u64>,
    /// The status that it was refused with.
    status: Option<u16>,
    /// Why it failed: `rejected`, `timed_out`, `transport_failed`, `not_bound` or `no_address`.
    reason: Option<&'static str>,
}

/// An API without rooms is one without trunks.
fn rooms(state: &ApiState) -> Result<&Arc<Rooms>, ApiError> {
    Ok(state.rooms.as_ref().ok_or(NotRegistered::Unknown)?)
}

fn encode(now: Instant, name: &str, standing: &Standing) -> Shown {
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
    Shown {
        name: name.to_owned(),
        uri: standing.uri.to_string(),
        health: standing.health.word(),
        health_for: passed(standing.health_since),
        last_status: standing.last_status.map(|status| status.code()),
        registration: Registration {
            state,
            lasts: passed(standing.registered_since),
            expires_in,
            retry_in,
            status,
            reason,
        },
        calls: standing.calls.load(Ordering::Acquire),
        max_calls: standing.max_calls,
    }
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

async fn list(State(state): State<ApiState>) -> Json<Vec<Shown>> {
    let now = clock();
    let standings = state.rooms.map(|rooms| rooms.trunks.standings()).unwrap_or_default();
    Json(standings.iter().map(|(name, standing)| encode(now, name, standing)).collect())
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let name = place.trunk();
    let standing = rooms(&state)?.trunks.standing(name).ok_or(NotRegistered::Unknown)?;
    Ok(Json(encode(clock(), name, &standing)))
}

async fn register(State(state): State<ApiState>, place: Place) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let (trunks, name) = (&rooms(&state)?.trunks, place.trunk());
    trunks.register(name).await?;
    let standing = trunks.standing(name).ok_or(NotRegistered::Unknown)?;
    Ok((StatusCode::ACCEPTED, Json(encode(clock(), name, &standing))))
}
