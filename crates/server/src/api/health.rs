//! What a supervisor and a metrics collector ask.
//!
//! Sources: `interface.md`, "HTTP".

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::ApiState;
use crate::calls::Readiness;

pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

pub(super) async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<Value>) {
    let (message, status) = match *state.readiness.borrow() {
        Readiness::Ready => return (StatusCode::OK, Json(json!({ "status": "ready" }))),
        Readiness::Full => ("every call that fits is up, new ones are refused", "overloaded"),
        Readiness::Overloaded => ("the calls that are up need all there is, new ones are refused", "overloaded"),
        Readiness::Draining => ("calls in progress may end, new ones are refused", "draining"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "message": message, "status": status })))
}

pub(super) async fn metrics(State(state): State<ApiState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render().await)
}
