//! `/extension/{extension}/ivr/context/{context}/options/{digits}/rules/`
//!
//! Shape: a new rule is answered as a list of one, as in every example of the vendor, or by a setting as itself.
//! Sources: `ringme-ivr.md` 1.5, 2.5 (rows 11 to 17).

use antiphon_ivr::RuleId;
use antiphon_ivr::rules::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::{CreateRule, DeleteRule, ReorderRules, UpdateRule};
use crate::store::{Missing, StoredRule};

fn encode_order(ids: &[RuleId]) -> Value {
    json!({ "rules_ids": ids })
}

/// A rule that would never understand anybody is refused while somebody is there to read why.
fn needs_recogniser(state: &ApiState, body: &Value) -> Result<(), ApiError> {
    let is_deaf = state.rooms.as_ref().is_some_and(|rooms| !rooms.speech.load().has_recogniser());
    if is_deaf && body["action"] == "voice_helper" { Err(ApiError::NoRecogniser) } else { Ok(()) }
}

pub(super) async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<wire::Rule>>, ApiError> {
    Ok(Json(place.option(&state.store.snapshot())?.rules.iter().map(StoredRule::written).collect()))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    needs_recogniser(&state, &body)?;
    let made = state.store.commit(CreateRule { path: place.option_path()?, body }).await?;
    let answer = if state.rules().post_rule_as_object { json!(made) } else { json!([made]) };
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<wire::Rule>, ApiError> {
    let config = state.store.snapshot();
    let rule = place.option(&config)?.rule(place.rule_id()?).ok_or(Missing::Rule)?;
    Ok(Json(rule.written()))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<wire::Rule>, ApiError> {
    needs_recogniser(&state, &body)?;
    let change = UpdateRule { path: place.option_path()?, id: place.rule_id()?, body };
    Ok(Json(state.store.commit(change).await?))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteRule { path: place.option_path()?, id: place.rule_id()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn order(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let config = state.store.snapshot();
    let ids: Vec<RuleId> = place.option(&config)?.rules.iter().map(|rule| rule.id).collect();
    Ok(Json(encode_order(&ids)))
}

pub(super) async fn reorder(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let ids = state.store.commit(ReorderRules { path: place.option_path()?, body }).await?;
    Ok(Json(encode_order(&ids)))
}
