//! `/client/{client}`: who the bearer of a token is, and what it may do.
//!
//! Shape: the client of the token alone; others are as if they were not there.
//! Sources: `ringme-ivr.md` 2.1 (`@me`), 5.1 (`speech_to_text`).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::UpdateClient;
use crate::store::{Client, ClientId, Missing};

pub(super) fn table() -> Table {
    Table::of("Client", "Who the bearer of a token is.").on(
        "/client/{client}",
        get(show, Operation::new("The client of the token").shows::<Shown>()).put(
            update,
            Operation::new("Changes the client of the token")
                .takes::<Shown>(&[])
                .example(json!({ "speech_to_text": true }))
                .shows::<Shown>(),
        ),
    )
}

/// A client.
#[derive(Serialize, ToSchema)]
#[schema(as = Client)]
struct Shown {
    /// Its id.
    #[schema(read_only)]
    id: ClientId,
    /// What stands before the star in the names of its extensions.
    #[schema(read_only)]
    client_prefix: String,
    /// The SIP domain of the server.
    #[schema(read_only)]
    domain: String,
    /// `active`.
    #[schema(read_only)]
    status: &'static str,
    /// Whether what its callers say may be listened to.
    speech_to_text: bool,
}

fn encode(client: &Client, state: &ApiState) -> Shown {
    Shown {
        id: client.id,
        client_prefix: client.prefix.clone(),
        domain: state.domain.to_string(),
        status: "active",
        speech_to_text: client.speech_to_text,
    }
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let config = state.store.snapshot();
    let client = config.client(place.client()?).ok_or(Missing::Client)?;
    Ok(Json(encode(client, &state)))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let change = UpdateClient { client: place.client()?, body };
    let client = state.store.commit(change).await?;
    Ok(Json(encode(&client, &state)))
}
