//! `/extension/{extension}/ivr/context/{context}/options/{digits}/rules/`
//!
//! Shape: a new rule is answered as a list of one, as in every example of the vendor, or by a setting as itself.
//! Sources: `ringme-ivr.md` 1.5, 2.5 (rows 11 to 17).

use antiphon_ivr::RuleId;
use antiphon_ivr::rules::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get, integer};
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::{CreateRule, DeleteRule, ReorderRules, UpdateRule};
use crate::store::{Missing, StoredRule};

/// Paths under that of a menu.
pub(super) fn table() -> Table {
    const RULES: &str = "/context/{context}/options/{digits}/rules";
    let position = "Where a new rule stands, from 1; it is the last without it.";
    let rule = json!({ "$ref": "#/components/schemas/Rule" });
    let made = json!({ "anyOf": [{ "type": "array", "minItems": 1, "maxItems": 1, "items": rule }, rule] });
    Table::of("Rules", "What is done, in order, when digits lead to an option.")
        .on(
            RULES,
            get(list, Operation::new("All rules of an option").lists_all::<wire::Rule>()).post(
                create,
                Operation::new("A new rule")
                    .details("The answer is a list of the one rule, unless the settings say `post_rule_as_object`.")
                    .takes::<wire::Rule>(&["action"])
                    .field("order_position", integer(0, 1_000_000, position))
                    .example(
                        json!({ "action": "transfer", "transfer_dst": "201", "transfer_timeout": 20, "final": false }),
                    )
                    .makes::<wire::Rule>()
                    .json(201, "A list of the one rule, or the rule itself.", made)
                    .conflicts(
                        "The option or the menu has as many rules as there can be, or nobody could understand callers.",
                    )
                    .fails(403, "What callers of this client say may not be listened to."),
            ),
        )
        .on(
            &format!("{RULES}/order"),
            get(order, Operation::new("The order of an option's rules").shows::<Order>()).put(
                reorder,
                Operation::new("Puts the rules of an option into another order")
                    .takes::<Order>(&["rules_ids"])
                    .example(json!({ "rules_ids": [2, 1] }))
                    .shows::<Order>(),
            ),
        )
        .on(
            &format!("{RULES}/{{rule}}"),
            get(show, Operation::new("One rule").shows::<wire::Rule>())
                .put(
                    update,
                    Operation::new("Changes a rule")
                        .details("The request names its `action` again.")
                        .takes::<wire::Rule>(&["action"])
                        .field("order_position", integer(0, 1_000_000, position))
                        .example(json!({ "action": "transfer", "transfer_dst": "201 100" }))
                        .shows::<wire::Rule>()
                        .conflicts("Nobody could understand callers.")
                        .fails(403, "What callers of this client say may not be listened to."),
                )
                .delete(delete, Operation::new("Deletes a rule").empties()),
        )
}

/// Asks the engines whether a rule can do what it is for. A server without rooms has none to ask.
fn ask_engines(state: &ApiState, body: &Value) -> Result<(), ApiError> {
    let Some(rooms) = &state.rooms else { return Ok(()) };
    rooms.speech.load().admits(body["action"].as_str()).map_err(|_| ApiError::NoRecogniser)
}

/// The order of an option's rules.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleOrder)]
struct Order {
    /// The id of each rule, once.
    rules_ids: Vec<RuleId>,
}

async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<wire::Rule>>, ApiError> {
    Ok(Json(place.option(&state.store.snapshot())?.rules.iter().map(StoredRule::written).collect()))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    ask_engines(&state, &body)?;
    let made = state.store.commit(CreateRule { path: place.option_path()?, body }).await?;
    let answer = if state.rules().post_rule_as_object { json!(made) } else { json!([made]) };
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<wire::Rule>, ApiError> {
    let config = state.store.snapshot();
    let rule = place.option(&config)?.rule(place.rule_id()?).ok_or(Missing::Rule)?;
    Ok(Json(rule.written()))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<wire::Rule>, ApiError> {
    ask_engines(&state, &body)?;
    let change = UpdateRule { path: place.option_path()?, id: place.rule_id()?, body };
    Ok(Json(state.store.commit(change).await?))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteRule { path: place.option_path()?, id: place.rule_id()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn order(State(state): State<ApiState>, place: Place) -> Result<Json<Order>, ApiError> {
    let config = state.store.snapshot();
    let ids: Vec<RuleId> = place.option(&config)?.rules.iter().map(|rule| rule.id).collect();
    Ok(Json(Order { rules_ids: ids }))
}

async fn reorder(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Order>, ApiError> {
    let ids = state.store.commit(ReorderRules { path: place.option_path()?, body }).await?;
    Ok(Json(Order { rules_ids: ids }))
}
