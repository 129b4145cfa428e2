//! `/client/{client}/interval/`
//!
//! Sources: `ringme-ivr.md` 1.8, 2.7.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateInterval, DeleteInterval, UpdateInterval};
use crate::store::{Interval, Missing};

fn encode(interval: &Interval) -> Value {
    let written = &interval.written;
    json!({
        "id": written.id,
        "client_id": interval.client,
        "name": written.name,
        "timezone": written.timezone,
        "type": written.kind,
        "conditions": written.conditions,
    })
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let own = config.intervals().filter(|interval| interval.client == client);
    let list = own.filter(|interval| paging.admits("name", &interval.written.name));
    Ok(Json(paging.of(list, |interval| encode(interval))))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let made = state.store.commit(CreateInterval { client: place.client()?, body }).await?;
    Ok((StatusCode::CREATED, Json(encode(&made))))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let (client, id) = (place.client()?, place.interval()?);
    let config = state.store.snapshot();
    let interval = config.interval(id).filter(|interval| interval.client == client).ok_or(Missing::Interval)?;
    Ok(Json(encode(interval)))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let change = UpdateInterval { client: place.client()?, id: place.interval()?, body };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteInterval { client: place.client()?, id: place.interval()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
