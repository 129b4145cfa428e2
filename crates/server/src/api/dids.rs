//! `/client/{client}/did/`
//!
//! Sources: `interface.md`, "Beyond RingMe".

use antiphon_ivr::ExtensionId;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateDid, DeleteDid};
use crate::store::{ClientId, Did, DidId, Missing};

pub(super) fn table() -> Table {
    Table::of("DIDs", "Public numbers, and the extensions that they lead to.")
        .on(
            "/client/{client}/did",
            get(
                list,
                Operation::new("All DIDs").lists::<Shown>().filter("did", "The one of this number, as it was written."),
            )
            .post(
                create,
                Operation::new("Leads a public number to an extension")
                    .takes::<Shown>(&["did", "extension_id"])
                    .example(json!({ "did": "+37410000000", "extension_id": 1 }))
                    .makes::<Shown>()
                    .conflicts("The number leads to an extension already, or there are as many as there can be."),
            ),
        )
        .on(
            "/client/{client}/did/{did}",
            get(show, Operation::new("One DID").shows::<Shown>())
                .delete(delete, Operation::new("Deletes a DID").empties()),
        )
}

/// A public number that leads to an extension. It matches with and without its plus.
#[derive(Serialize, ToSchema)]
#[schema(as = Did)]
struct Shown {
    /// Its id.
    #[schema(read_only)]
    id: DidId,
    /// Whose it is.
    #[schema(read_only)]
    client_id: ClientId,
    /// The number, 1 to 32 digits with or without a plus before them.
    #[schema(pattern = r"^\+?[0-9]{1,32}$")]
    did: String,
    /// Where it leads.
    extension_id: ExtensionId,
}

fn encode(did: &Did) -> Shown {
    Shown { id: did.id, client_id: did.client, did: did.number.clone(), extension_id: did.extension }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.dids().filter(|did| did.client == client && paging.admits("did", &did.number));
    Ok(Json(paging.of(list, |did| encode(did))))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let made = state.store.commit(CreateDid { client: place.client()?, body }).await?;
    Ok((StatusCode::CREATED, Json(encode(&made))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let (client, id) = (place.client()?, place.did()?);
    let config = state.store.snapshot();
    let did = config.did_entry(id).filter(|did| did.client == client).ok_or(Missing::Did)?;
    Ok(Json(encode(did)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteDid { client: place.client()?, id: place.did()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
