//! `/api/openapi.json`: the description itself.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Operation, Table, get};
use crate::api::ApiState;

/// Where the description is found.
pub(in crate::api) fn table() -> Table {
    let object = json!({ "type": "object", "additionalProperties": true });
    let described = Operation::new("This description").open().json(200, "OpenAPI 3.1.", object);
    Table::of("Description", "What the API has, for programs and for people.")
        .on("/api/openapi.json", get(openapi, described))
}

async fn openapi(State(state): State<ApiState>) -> Response {
    let document = state.description.get().cloned().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}
