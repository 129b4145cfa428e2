//! `/extension/{extension}/ivr/context/{context}/options/`
//!
//! Sources: `ringme-ivr.md` 1.4, 2.5 (rows 8 to 10).

use antiphon_ivr::rules::OptionKey;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::{CreateOption, DeleteOption};

fn encode(key: &OptionKey) -> Value {
    json!({ "digits": key })
}

pub(super) async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<Value>>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(place.context(&config)?.listed().map(|option| encode(&option.key)).collect()))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (client, extension, context) = (place.bearer(), place.extension_id()?, place.context_id()?);
    let made = state.store.commit(CreateOption { client, extension, context, body }).await?;
    Ok((StatusCode::CREATED, Json(encode(&made))))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (client, extension, context) = (place.bearer(), place.extension_id()?, place.context_id()?);
    state.store.commit(DeleteOption { client, extension, context, key: place.key()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
