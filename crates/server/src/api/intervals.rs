//! `/client/{client}/interval/`
//!
//! Sources: `ringme-ivr.md` 1.8, 2.7.

use antiphon_ivr::IntervalId;
use antiphon_ivr::rules::wire::{IntervalCondition, IntervalKind};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateInterval, DeleteInterval, UpdateInterval};
use crate::store::{ClientId, Interval, Missing};

pub(super) fn table() -> Table {
    let office = json!({
        "name": "office", "timezone": "Asia/Yerevan", "type": "simple",
        "conditions": [{ "start_dow": 2, "end_dow": 6, "start_time": "09:00:00", "end_time": "17:59:59" }],
    });
    Table::of("Intervals", "Times that rules ask for.")
        .on(
            "/client/{client}/interval",
            get(list, Operation::new("All intervals").lists::<Shown>().filter("name", "Those of this name.")).post(
                create,
                Operation::new("A new interval")
                    .takes::<Shown>(&["name", "timezone", "conditions"])
                    .example(office)
                    .makes::<Shown>()
                    .conflicts("There are as many as there can be."),
            ),
        )
        .on(
            "/client/{client}/interval/{interval}",
            get(show, Operation::new("One interval").shows::<Shown>())
                .put(
                    update,
                    Operation::new("Changes an interval")
                        .takes::<Shown>(&[])
                        .example(json!({ "name": "office hours" }))
                        .shows::<Shown>(),
                )
                .delete(delete, Operation::new("Deletes an interval").empties().conflicts("A rule asks for it.")),
        )
}

/// A time interval.
#[derive(Serialize, ToSchema)]
#[schema(as = Interval)]
struct Shown {
    /// Its id.
    #[schema(read_only)]
    id: IntervalId,
    /// Whose it is.
    #[schema(read_only)]
    client_id: ClientId,
    /// What people call it.
    #[schema(max_length = 255)]
    name: String,
    /// The zone whose calendar and clock count, by its name in the IANA database.
    timezone: String,
    /// Whether the conditions are shift cycles.
    #[serde(rename = "type")]
    kind: IntervalKind,
    /// It is active when one of them holds.
    conditions: Vec<IntervalCondition>,
}

fn encode(interval: &Interval) -> Shown {
    let written = interval.written.clone();
    Shown {
        id: written.id,
        client_id: interval.client,
        name: written.name,
        timezone: written.timezone,
        kind: written.kind,
        conditions: written.conditions,
    }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let own = config.intervals().filter(|interval| interval.client == client);
    let list = own.filter(|interval| paging.admits("name", &interval.written.name));
    Ok(Json(paging.of(list, |interval| encode(interval))))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let made = state.store.commit(CreateInterval { client: place.client()?, body }).await?;
    Ok((StatusCode::CREATED, Json(encode(&made))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let (client, id) = (place.client()?, place.interval()?);
    let config = state.store.snapshot();
    let interval = config.interval(id).filter(|interval| interval.client == client).ok_or(Missing::Interval)?;
    Ok(Json(encode(interval)))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let change = UpdateInterval { client: place.client()?, id: place.interval()?, body };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteInterval { client: place.client()?, id: place.interval()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
