//! `/extension/{extension}/ivr/context/{context}/options/`
//!
//! Sources: `ringme-ivr.md` 1.4, 2.5 (rows 8 to 10).

use antiphon_ivr::rules::OptionKey;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, delete as delete_only, get};
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::{CreateOption, DeleteOption};

/// Paths under that of a menu.
pub(super) fn table() -> Table {
    Table::of("Options", "What digits lead to.")
        .on(
            "/context/{context}/options",
            get(
                list,
                Operation::new("All options of a context")
                    .details("The built-in ones, then the newest first.")
                    .lists_all::<Shown>(),
            )
            .post(
                create,
                Operation::new("A new option")
                    .takes::<Shown>(&["digits"])
                    .example(json!({ "digits": "1" }))
                    .makes::<Shown>()
                    .conflicts("The context has this option already, or as many as there can be."),
            ),
        )
        .on(
            "/context/{context}/options/{digits}",
            delete_only(
                delete,
                Operation::new("Deletes an option, with its rules").empties().fails(400, "It is a built-in one."),
            ),
        )
}

/// What leads to an option.
#[derive(Serialize, ToSchema)]
#[schema(as = Option)]
struct Shown {
    /// `start`, `timeout`, `invalid`, or 1 to 32 of `0-9 * #`.
    #[schema(value_type = String, pattern = "^(start|timeout|invalid|[0-9*#]{1,32})$")]
    digits: OptionKey,
}

fn encode(key: &OptionKey) -> Shown {
    Shown { digits: key.clone() }
}

async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<Shown>>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(place.context(&config)?.listed().map(|option| encode(&option.key)).collect()))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let (client, extension, context) = (place.bearer(), place.extension_id()?, place.context_id()?);
    let made = state.store.commit(CreateOption { client, extension, context, body }).await?;
    Ok((StatusCode::CREATED, Json(encode(&made))))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (client, extension, context) = (place.bearer(), place.extension_id()?, place.context_id()?);
    state.store.commit(DeleteOption { client, extension, context, key: place.key()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
