//! `/client/{client}/did/`
//!
//! Sources: `interface.md`, "Beyond RingMe".

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateDid, DeleteDid};
use crate::store::{Did, Missing};

fn encode(did: &Did) -> Value {
    json!({ "id": did.id, "client_id": did.client, "did": did.number, "extension_id": did.extension })
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.dids().filter(|did| did.client == client && paging.admits("did", &did.number));
    Ok(Json(paging.of(list, |did| encode(did))))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let made = state.store.commit(CreateDid { client: place.client()?, body }).await?;
    Ok((StatusCode::CREATED, Json(encode(&made))))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let (client, id) = (place.client()?, place.did()?);
    let config = state.store.snapshot();
    let did = config.did_entry(id).filter(|did| did.client == client).ok_or(Missing::Did)?;
    Ok(Json(encode(did)))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteDid { client: place.client()?, id: place.did()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
