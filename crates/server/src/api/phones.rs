//! `/extension/{extension}/phone/`
//!
//! Shape: the password goes in and never comes out.
//! Sources: `interface.md`, "Beyond RingMe".

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get, text};
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::UpdatePhone;
use crate::store::{Config, ExtensionKind, Missing, Phone};

pub(super) fn table() -> Table {
    let password =
        "What the telephone registers and calls with, 1 to 255 characters; null takes it away. It is never shown.";
    Table::of("Phones", "How telephones are reached and recognised.").on(
        "/extension/{extension}/phone",
        get(show, Operation::new("How a telephone is reached").shows::<Shown>()).put(
            update,
            Operation::new("Changes how a telephone is reached and recognised")
                .takes::<Shown>(&[])
                .field("password", text(255, password))
                .example(json!({ "password": "correct horse", "contact": "sip:201@192.0.2.7:5060" }))
                .shows::<Shown>(),
        ),
    )
}

/// How a telephone is reached.
#[derive(Serialize, ToSchema)]
#[schema(as = Phone)]
struct Shown {
    /// A SIP URI that is rung while no telephone is registered.
    #[schema(max_length = 255)]
    contact: Option<String>,
    /// The number of the menu whose mailbox it shows.
    #[schema(max_length = 255)]
    mailbox: Option<String>,
}

fn encode(phone: &Phone, config: &Config) -> Shown {
    let mailbox = phone.mailbox.and_then(|id| config.extension(id));
    Shown { contact: phone.contact.clone(), mailbox: mailbox.map(|mailbox| mailbox.number().to_owned()) }
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let config = state.store.snapshot();
    match &place.extension(&config)?.kind {
        ExtensionKind::Phone(phone) => Ok(Json(encode(phone, &config))),
        _ => Err(Missing::Phone.into()),
    }
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let change = UpdatePhone { client: place.bearer(), extension: place.extension_id()?, body };
    let phone = state.store.commit(change).await?;
    Ok(Json(encode(&phone, &state.store.snapshot())))
}
