//! `/client/{client}/variables/`: texts that requests may name.
//!
//! Shape: the list is the resource: POST adds to it, PUT sets what it names; one variable is read and removed by its name.
//! Sources: `ringme-ivr.md` 1.7, 2.7.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::Missing;
use crate::store::changes::{CreateVariables, DeleteVariable, SetVariables};

fn encode((name, value): (impl AsRef<str>, impl AsRef<str>)) -> Value {
    json!({ "var": name.as_ref(), "value": value.as_ref() })
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.variables(client).iter().filter(|(name, _)| paging.admits("var", name));
    Ok(Json(paging.of(list, encode)))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Vec<Value>>), ApiError> {
    let made = state.store.commit(CreateVariables { client: place.client()?, body }).await?;
    Ok((StatusCode::CREATED, Json(made.into_iter().map(encode).collect())))
}

pub(super) async fn set(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Vec<Value>>, ApiError> {
    let set = state.store.commit(SetVariables { client: place.client()?, body }).await?;
    Ok(Json(set.into_iter().map(encode).collect()))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let (client, name) = (place.client()?, place.variable());
    let config = state.store.snapshot();
    let value = config.variables(client).get(name).ok_or(Missing::Variable)?;
    Ok(Json(encode((name, value))))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteVariable { client: place.client()?, name: place.variable().to_owned() }).await?;
    Ok(StatusCode::NO_CONTENT)
}
