//! `/extension/{extension}/ivr/context/`
//!
//! Sources: `ringme-ivr.md` 1.3, 2.5 (rows 3 to 7).

use antiphon_ivr::rules::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::{CreateContext, DeleteContext, UpdateContext};

/// Paths under that of a menu.
pub(super) fn table() -> Table {
    Table::of("Contexts", "The levels of a menu: how digits are collected, and what they lead to.")
        .on(
            "/context",
            get(list, Operation::new("All contexts of a menu").lists_all::<wire::Context>()).post(
                create,
                Operation::new("A new context, with the options start, timeout and invalid")
                    .takes::<wire::Context>(&["name"])
                    .example(json!({ "name": "Main", "digit_len": 3, "inter_digit_timeout": 2000, "timeout": 5000 }))
                    .makes::<wire::Context>()
                    .conflicts("The menu has as many contexts as there can be."),
            ),
        )
        .on(
            "/context/{context}",
            get(show, Operation::new("One context").shows::<wire::Context>())
                .put(
                    update,
                    Operation::new("Changes a context")
                        .takes::<wire::Context>(&[])
                        .example(json!({ "timeout": 7000 }))
                        .shows::<wire::Context>(),
                )
                .delete(
                    delete,
                    Operation::new("Deletes a context, with its options and rules")
                        .empties()
                        .conflicts("The menu begins in it, or a rule jumps to it."),
                ),
        )
}

async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<wire::Context>>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(place.menu(&config)?.contexts.values().map(|context| context.context.clone()).collect()))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<wire::Context>), ApiError> {
    let change = CreateContext { client: place.bearer(), extension: place.extension_id()?, body };
    Ok((StatusCode::CREATED, Json(state.store.commit(change).await?)))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<wire::Context>, ApiError> {
    Ok(Json(place.context(&state.store.snapshot())?.context.clone()))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<wire::Context>, ApiError> {
    let (client, extension, id) = (place.bearer(), place.extension_id()?, place.context_id()?);
    Ok(Json(state.store.commit(UpdateContext { client, extension, id, body }).await?))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (client, extension, id) = (place.bearer(), place.extension_id()?, place.context_id()?);
    state.store.commit(DeleteContext { client, extension, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
