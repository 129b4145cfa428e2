//! `/extension/{extension}/customizer/config`: what every version is told as `ivr.config`.
//!
//! Shape: an object of JSON that is written and never shown, since its values are often passwords: only its names are told.
//! Time: the version that is active is loaded with it first, in a process that ends with that.
//! Errors: what is too large is a 400; with what the active version does not load is a 409, and nothing is changed.
//! Sources: `voicexml-customizers.md` 2.2.

use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Extension as Part, State};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{denied, editable, editor};
use crate::api::ApiState;
use crate::api::body::JsonBody;
use crate::api::date::gmt;
use crate::api::description::{Operation, Table, get};
use crate::api::error::ApiError;
use crate::api::place::Place;
use crate::customizers::Loads;
use crate::store::changes::PutCustomizerConfig;
use crate::store::limits::CUSTOMIZER_CONFIG_BYTES;
use crate::store::{CustomizerConfig, Grant, Rejected};

pub(super) fn rows(table: Table) -> Table {
    const PATH: &str = "/extension/{extension}/customizer/config";
    let about = format!("Any values by their names; {CUSTOMIZER_CONFIG_BYTES} bytes of JSON at most.");
    let fields = [("config", json!({ "type": "object", "description": about }))];
    let writes = |what: &'static str| {
        let conflict = "The active version does not load with it, or one of both changed meanwhile; or no interpreter, or no room.";
        denied(Operation::new(what).takes_fields(1, &fields))
            .example(json!({ "config": { "dsn": "Driver=SQLite3;Database=/var/lib/antiphon/shop.db" } }))
            .shows::<Shown>()
            .conflicts(conflict)
            .fails(503, "As many processes run as there may be.")
    };
    let show_it = Operation::new("What all versions are told as `ivr.config`")
        .details("Its names; its values are shown to nobody.")
        .shows::<Shown>();
    table.on(
        PATH,
        get(show, show_it)
            .put(replace, writes("Tells all versions something else"))
            .patch(merge, writes("Changes some of what all versions are told; null takes a value away")),
    )
}

/// What all versions of a customizer are told.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomizerConfig)]
struct Shown {
    /// The names of the values.
    names: Vec<String>,
    /// How long it is as JSON.
    bytes: usize,
    /// Raised with every change.
    revision: u64,
    /// When it was changed last (UTC).
    modified: Option<String>,
}

fn encode(config: &CustomizerConfig) -> Shown {
    let changed = (config.revision > 0).then(|| gmt(UNIX_EPOCH + Duration::from_secs(config.modified)));
    Shown {
        names: config.reveal().keys().cloned().collect(),
        bytes: config.bytes,
        revision: config.revision,
        modified: changed,
    }
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(encode(&place.pages(&config)?.profile.customizer)))
}

async fn replace(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    write(&state, &place, &grant, |_| given(&body)).await
}

async fn merge(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let merged = |mut values: Map<String, Value>| {
        for (name, value) in given(&body)? {
            match value {
                Value::Null => drop(values.remove(&name)),
                value => drop(values.insert(name, value)),
            }
        }
        Ok(values)
    };
    write(&state, &place, &grant, merged).await
}

/// The object of a request.
fn given(body: &Value) -> Result<Map<String, Value>, ApiError> {
    match body.get("config") {
        Some(Value::Object(values)) => Ok(values.clone()),
        Some(_) => Err(ApiError::field("config", "must be an object")),
        None => Err(ApiError::field("config", "is required")),
    }
}

/// Makes the next one of the present values, tries it with the active version, and keeps it.
async fn write(
    state: &ApiState,
    place: &Place,
    grant: &Grant,
    next: impl FnOnce(Map<String, Value>) -> Result<Map<String, Value>, ApiError>,
) -> Result<Json<Shown>, ApiError> {
    let customizers = editable(state, grant)?;
    let editor = editor(place, grant)?;
    let config = state.store.snapshot();
    let extension = place.pages(&config)?.clone();
    let values = next(extension.profile.customizer.reveal().clone())?;
    let made = extension.profile.customizer.changed(values, editor.seconds());
    let made = made.map_err(|problem| Rejected::Invalid(vec![problem]))?;
    let tried = config.active_customizer(extension.id).cloned();
    if let Some(active) = &tried {
        let loads = Loads { config: made.clone().into(), ..Loads::of(active, &extension) };
        customizers.probe(editor.client, &loads).await.map_err(ApiError::ConfigNotLoaded)?;
    }
    let made = state.store.commit(PutCustomizerConfig { editor, tried, config: made }).await?;
    Ok(Json(encode(&made.profile.customizer)))
}
