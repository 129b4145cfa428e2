//! `/extension/{extension}/ivr/script/`
//!
//! Shape: a script is called by its event, of which a menu has at most one each.
//! Sources: `ringme-ivr.md` 4.1, 4.5.

use antiphon_ivr::rules::wire::EventScript;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::place::Place;
use crate::store::Missing;
use crate::store::changes::{CreateScript, DeleteScript, UpdateScript};

/// Paths under that of a menu.
pub(super) fn table() -> Table {
    Table::of("Scripts", "Web servers that are asked at events of a menu.")
        .on(
            "/script",
            get(list, Operation::new("All scripts of a menu").lists_all::<EventScript>()).post(
                create,
                Operation::new("Has a web server asked at an event")
                    .takes::<EventScript>(&["event_type", "method", "url"])
                    .example(json!({ "event_type": "dial-in", "method": "POST", "url": "https://example.com/calls" }))
                    .makes::<EventScript>()
                    .conflicts("The event has a script already."),
            ),
        )
        .on(
            "/script/{script}",
            get(show, Operation::new("The script of an event").shows::<EventScript>())
                .put(
                    update,
                    Operation::new("Changes the script of an event")
                        .takes::<EventScript>(&[])
                        .example(json!({ "timeout": 8 }))
                        .shows::<EventScript>(),
                )
                .delete(delete, Operation::new("Deletes the script of an event").empties()),
        )
}

async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<EventScript>>, ApiError> {
    Ok(Json(place.menu(&state.store.snapshot())?.scripts.clone()))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<EventScript>), ApiError> {
    let change = CreateScript { client: place.bearer(), extension: place.extension_id()?, body };
    Ok((StatusCode::CREATED, Json(state.store.commit(change).await?)))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<EventScript>, ApiError> {
    let config = state.store.snapshot();
    let event = place.script()?;
    let script = place.menu(&config)?.scripts.iter().find(|script| script.event_type == event);
    Ok(Json(script.ok_or(Missing::Script)?.clone()))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<EventScript>, ApiError> {
    let (client, extension, event) = (place.bearer(), place.extension_id()?, place.script()?);
    Ok(Json(state.store.commit(UpdateScript { client, extension, event, body }).await?))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (client, extension, event) = (place.bearer(), place.extension_id()?, place.script()?);
    state.store.commit(DeleteScript { client, extension, event }).await?;
    Ok(StatusCode::NO_CONTENT)
}
