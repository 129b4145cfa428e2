//! `/client/{client}/queue/`
//!
//! Shape: the queues in which somebody waits or that somebody waits for; any other is not listed.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::place::Place;
use crate::call::executor::clock;
use crate::queues::{Shown, Waiting};

pub(super) fn table() -> Table {
    Table::of("Queues", "Queues of callers, and who waits in them.").on(
        "/client/{client}/queue",
        get(list, Operation::new("The queues in which somebody waits").lists_all::<InProgress>()),
    )
}

/// A queue in which somebody waits, or that somebody waits for.
#[derive(Serialize, ToSchema)]
#[schema(as = Queue)]
struct InProgress {
    /// Its name, as scripts call it.
    name: String,
    /// Who waits, the first who is taken first.
    callers: Vec<ShownCaller>,
    /// How many wait for somebody to come into it.
    takers: usize,
    /// How many seconds those who were taken had waited on average.
    average_seconds: u64,
}

/// A caller in a queue.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedCaller)]
struct ShownCaller {
    /// Its call.
    call_uuid: String,
    /// Its number.
    number: String,
    /// Its name.
    name: String,
    /// How long it has waited.
    seconds: u64,
    /// Whoever has more is taken before all who have less.
    priority: i64,
    /// What its script says of it: what is attached to the call, by names.
    #[schema(value_type = Object)]
    about: BTreeMap<String, String>,
}

fn encode_caller(waiting: &Waiting) -> ShownCaller {
    ShownCaller {
        call_uuid: waiting.call.to_string(),
        number: waiting.who.number.clone(),
        name: waiting.who.name.clone(),
        seconds: clock().saturating_duration_since(waiting.since).as_secs(),
        priority: waiting.priority,
        about: waiting.about.iter().cloned().collect(),
    }
}

fn encode(queue: &Shown) -> InProgress {
    InProgress {
        name: queue.name.clone(),
        callers: queue.waiting.iter().map(encode_caller).collect(),
        takers: queue.wanting,
        average_seconds: queue.average.as_secs(),
    }
}

async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<InProgress>>, ApiError> {
    Ok(Json(state.queues.of(place.client()?).iter().map(encode).collect()))
}
