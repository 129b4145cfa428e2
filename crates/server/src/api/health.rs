//! What a supervisor and a metrics collector ask.
//!
//! Sources: `interface.md`, "HTTP".

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::description::{Operation, Table, get};
use crate::calls::Readiness;

pub(super) fn table() -> Table {
    let not_ready = "It takes no call: `status` is `draining` or `overloaded`.";
    Table::of("Health", "What a supervisor and a metrics collector ask.")
        .on("/healthz", get(alive, Operation::new("Whether the process lives").open().shows::<Health>()))
        .on(
            "/readyz",
            get(ready, Operation::new("Whether it takes calls").open().shows::<Health>().fails(503, not_ready)),
        )
        .on(
            "/metrics",
            get(metrics, Operation::new("Metrics").open().file(200, "In the text format of Prometheus.", "text/plain")),
        )
}

/// How the process is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `alive` or `ready`.
    status: String,
}

impl Health {
    fn is(status: &str) -> Json<Self> {
        Json(Self { status: status.to_owned() })
    }
}

async fn alive() -> Json<Health> {
    Health::is("alive")
}

async fn ready(State(state): State<ApiState>) -> Response {
    let (message, status) = match *state.readiness.borrow() {
        Readiness::Ready => return Health::is("ready").into_response(),
        Readiness::Full => ("every call that fits is up, new ones are refused", "overloaded"),
        Readiness::Overloaded => ("the calls that are up need all there is, new ones are refused", "overloaded"),
        Readiness::Draining => ("calls in progress may end, new ones are refused", "draining"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "message": message, "status": status }))).into_response()
}

async fn metrics(State(state): State<ApiState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render().await)
}
