//! `/client/{client}`: who the bearer of a token is.
//!
//! Shape: the client of the token alone; others are as if they were not there.
//! Sources: `ringme-ivr.md` 2.1 (`@me`).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::place::Place;
use crate::store::{ClientId, Missing};

pub(super) fn table() -> Table {
    let shown = Operation::new("The client of the token").shows::<Shown>();
    Table::of("Client", "Who the bearer of a token is.").on("/client/{client}", get(show, shown))
}

/// A client.
#[derive(Serialize, ToSchema)]
#[schema(as = Client)]
struct Shown {
    /// Its id.
    id: ClientId,
    /// What stands before the star in the names of its extensions.
    client_prefix: String,
    /// The SIP domain of the server.
    domain: String,
    /// `active`.
    status: &'static str,
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let config = state.store.snapshot();
    let client = config.client(place.client()?).ok_or(Missing::Client)?;
    let (client_prefix, domain) = (client.prefix.clone(), state.domain.to_string());
    Ok(Json(Shown { id: client.id, client_prefix, domain, status: "active" }))
}
