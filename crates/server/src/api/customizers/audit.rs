//! `/client/{client}/customizer_audit/`: who changed customizers.
//!
//! Shape: a list by time, the newest first, of which a request gets at most [`MOST`] at once; the rest are further pages.
//! Time: read from the disk, on a thread of its own.
//! Sources: `voicexml-customizers.md` 2.5.

use antiphon_ivr::ExtensionId;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::date::gmt;
use crate::api::description::{Operation, Table, get};
use crate::api::error::ApiError;
use crate::api::paging::Paging;
use crate::api::place::Place;
use crate::store::{CustomizerChange, Rejected, WantedCustomizerChanges};

/// Most changes of one answer.
const MOST: usize = 1_000;

pub(super) fn rows(table: Table) -> Table {
    let listed = Operation::new("Who changed customizers, the newest first; at most 1,000 at once")
        .details("Also of extensions that are gone.")
        .lists::<Shown>()
        .query("extension_id", json!({ "type": "integer", "minimum": 0 }), "Those at this extension.")
        .fails(500, "The disk or the database failed.");
    table.on("/client/{client}/customizer_audit", get(list, listed))
}

/// A change to a customizer.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditedCustomizer)]
struct Shown {
    /// Its number, which counts up.
    id: u64,
    /// When, `YYYY-MM-DD hh:mm:ss` in UTC.
    datetime: String,
    /// The extension.
    extension_id: ExtensionId,
    /// The version; null where all of them are told something else.
    version: Option<u32>,
    /// `add`, `code`, `edit`, `activate`, `deactivate`, `delete` or `config`.
    action: String,
    /// The SHA-256 of the version's code from then on, in hexadecimal digits.
    sha256: Option<String>,
    /// The application that asked, by its `client_id`.
    application: String,
}

fn encode(change: CustomizerChange) -> Shown {
    let CustomizerChange { id, at, extension, version, action, sha256, application } = change;
    Shown { id, datetime: gmt(at), extension_id: extension, version, action, sha256, application }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let paging = paging.newest_first();
    let extension = paging.filter("extension_id").map(|id| id.parse().map(ExtensionId)).transpose();
    let extension = extension.map_err(|_| ApiError::field("extension_id", "must be a whole number"))?;
    let (skip, most) = paging.part(MOST);
    let wanted = WantedCustomizerChanges { client, extension, newest_first: paging.is_descending(), skip, most };
    let store = state.store.clone();
    let read = tokio::task::spawn_blocking(move || store.customizer_changes(&wanted)).await;
    let changes = read.unwrap_or(Err(Rejected::Storage))?;
    Ok(Json(changes.into_iter().map(encode).collect()))
}
