//! `/client/{client}/extension/`
//!
//! Sources: `ringme-ivr.md` 1.8, 2.4.

use antiphon_ivr::{ExtensionId, Language};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get, word};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateExtension, DeleteExtension, UpdateExtension};
use crate::store::{ClientId, DidAs, Extension, ExtensionKind, ExtensionStatus, Rejected};
use crate::templates::CreateFromTemplate;

pub(super) fn table() -> Table {
    Table::of("Extensions", "Internal numbers, and what answers there.")
        .on(
            "/client/{client}/extension",
            get(
                list,
                Operation::new("All extensions")
                    .lists::<Shown>()
                    .filter("type", "Only those of this type.")
                    .filter("status", "Only those with this status.")
                    .filter("name", "The one of this name, with or without the client's prefix.")
                    .filter("label", "Those with this label.")
                    .filter("extension_group_id", "Those of this group."),
            )
            .post(
                create,
                Operation::new("A new extension")
                    .takes::<Shown>(&["name", "type"])
                    .field("template", word(&["voicemail_menu"], "Makes a whole menu."))
                    .example(json!({ "name": "071", "type": "ivr", "label": "reception" }))
                    .makes::<Shown>()
                    .conflicts("The client has an extension of this name, or as many as there can be."),
            ),
        )
        .on(
            "/client/{client}/extension/{extension}",
            get(show, Operation::new("One extension").shows::<Shown>())
                .put(
                    update,
                    Operation::new("Changes an extension")
                        .details("`name` and `type` cannot be changed.")
                        .takes::<Shown>(&[])
                        .example(json!({ "label": "front desk" }))
                        .shows::<Shown>(),
                )
                .delete(
                    delete,
                    Operation::new("Deletes an extension, with all that belongs to it")
                        .empties()
                        .conflicts("A DID leads to it."),
                ),
        )
}

/// An internal number, and what answers there.
#[derive(Serialize, ToSchema)]
#[schema(as = Extension)]
struct Shown {
    /// Its id.
    #[schema(read_only)]
    id: ExtensionId,
    /// Whose it is.
    #[schema(read_only)]
    client_id: ClientId,
    /// What answers there. It is not changed later.
    #[serde(rename = "type")]
    kind: Kind,
    /// Whether it takes part in calls.
    status: ExtensionStatus,
    /// Its name: the client's prefix, a star, and 1 to 20 digits. A request may leave the prefix out. It is not changed later.
    #[schema(pattern = r"^([0-9]+\*)?[0-9]{1,20}$")]
    name: String,
    /// What people call it.
    #[schema(max_length = 255)]
    label: Option<String>,
    /// The SIP domain of the server.
    #[schema(read_only)]
    domain: String,
    /// When it was made, `YYYY-MM-DD hh:mm:ss` in UTC.
    #[schema(read_only)]
    create_date: String,
    /// The name that its calls show.
    #[schema(max_length = 255)]
    caller_id_name: Option<String>,
    /// Stored and shown.
    dial_rule_id: Option<u64>,
    /// Stored and shown.
    dial_rule_limit: Option<u64>,
    /// Stored and shown.
    extension_group_id: Option<u64>,
    /// Anything of at most 16,384 bytes; stored and shown.
    extra_params: Option<Value>,
    /// Stored and shown.
    #[schema(max_length = 255)]
    message_did: Option<String>,
    /// Whether trunks that are passed a call hear the public number that was called in `P-Asserted-Identity`.
    ani_rfc3325: bool,
    /// How trunks are shown the public number that was called: `default`, `from` or `diversion`.
    #[schema(value_type = Option<String>, pattern = "^(default|from|diversion)$")]
    did_as_transfer_caller_id: Option<DidAs>,
    /// The language of the system's prompts, `en`, `ru` or `hy`; the server's where there is none.
    #[schema(value_type = Option<String>, pattern = "^(en|ru|hy)$")]
    language: Option<Language>,
}

/// What answers at an extension.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExtensionType)]
enum Kind {
    /// A menu.
    Ivr,
    /// A telephone.
    Phone,
    /// A conference.
    Conference,
    /// An application on a web server.
    Pivot,
    /// An application in VoiceXML.
    Vxml,
}

fn encode(extension: &Extension, domain: &str) -> Shown {
    let profile = extension.profile.clone();
    Shown {
        id: extension.id,
        client_id: extension.client,
        kind: match extension.kind {
            ExtensionKind::Ivr(_) => Kind::Ivr,
            ExtensionKind::Phone(_) => Kind::Phone,
            ExtensionKind::Conference(_) => Kind::Conference,
            ExtensionKind::Pivot(_) => Kind::Pivot,
            ExtensionKind::Vxml(_) => Kind::Vxml,
        },
        status: extension.status,
        name: extension.name.clone(),
        label: profile.label,
        domain: domain.to_owned(),
        create_date: extension.create_date.clone(),
        caller_id_name: extension.caller_id_name.clone(),
        dial_rule_id: profile.dial_rule_id,
        dial_rule_limit: profile.dial_rule_limit,
        extension_group_id: profile.extension_group_id,
        extra_params: profile.extra_params,
        message_did: profile.message_did,
        ani_rfc3325: profile.ani_rfc3325,
        did_as_transfer_caller_id: profile.did_as_transfer_caller_id,
        language: profile.language,
    }
}

/// The group of an extension, as a filter names it; of one without a group, nothing.
fn group(extension: &Extension) -> String {
    extension.profile.extension_group_id.map(|id| id.to_string()).unwrap_or_default()
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.extensions().filter(|extension| {
        extension.client == client
            && paging.admits("type", extension.kind.as_str())
            && paging.admits("status", extension.status.as_str())
            && paging.admits("label", extension.profile.label.as_deref().unwrap_or_default())
            && paging.admits("extension_group_id", &group(extension))
            && (paging.admits("name", &extension.name) || paging.admits("name", extension.number()))
    });
    Ok(Json(paging.of(list, |extension| encode(extension, &state.domain))))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let client = place.client()?;
    let made = if body.get("template").is_some_and(|template| !template.is_null()) {
        let store = state.store.clone();
        let staged = tokio::task::spawn_blocking(move || CreateFromTemplate::stage(&store, client, body)).await;
        state.store.commit(staged.map_err(|_| Rejected::Storage)??).await?
    } else {
        state.store.commit(CreateExtension { client, body }).await?
    };
    Ok((StatusCode::CREATED, Json(encode(&made, &state.domain))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    place.client()?;
    Ok(Json(encode(place.extension(&state.store.snapshot())?, &state.domain)))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let change = UpdateExtension { client: place.client()?, id: place.extension_id()?, body };
    Ok(Json(encode(&*state.store.commit(change).await?, &state.domain)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteExtension { client: place.client()?, id: place.extension_id()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
