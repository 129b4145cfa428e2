//! `/extension/{extension}/voicemail/`: the messages in the mailbox of a menu.
//!
//! Shape: a message is its recording, with whether it was heard; its sound is where the recording's is. Deleting one deletes the other.
//! Errors: an extension that is no menu has no mailbox: 404.
//! Sources: `ringme-ivr.md` 3.11 (messages); ours.

use std::sync::Arc;

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
use super::records::{self, Shown as ShownRecording, recordings};
use crate::recording::Entry;
use crate::store::changes::{DeleteMessage, MarkHeard};
use crate::store::{Message, Missing};
use crate::voicemail::now_ms;

pub(super) fn table() -> Table {
    const MAILBOX: &str = "/extension/{extension}/voicemail";
    Table::of("Voicemail", "The messages in the mailboxes of menus.")
        .on(
            MAILBOX,
            get(
                list,
                Operation::new("All messages of a mailbox, the newest first")
                    .lists::<Shown>()
                    .filter("heard", "`true` for those that were heard, `false` for the others.")
                    .filter("from_username", "Those of calls from this number."),
            ),
        )
        .on(
            &format!("{MAILBOX}/count"),
            get(count, Operation::new("How many messages there are").shows::<MessageCount>()),
        )
        .on(
            &format!("{MAILBOX}/{{record}}"),
            get(show, Operation::new("One message").shows::<Shown>())
                .put(
                    update,
                    Operation::new("Marks a message as heard, or as new")
                        .takes_fields(
                            0,
                            &[("heard", json!({ "type": "boolean", "description": "Whether it was heard." }))],
                        )
                        .example(json!({ "heard": true }))
                        .shows::<Shown>(),
                )
                .delete(
                    delete,
                    Operation::new("Deletes a message, with its sound")
                        .empties()
                        .conflicts("It is still being recorded."),
                ),
        )
}

/// A message: its recording, and whether it was heard.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
struct Shown {
    #[serde(flatten)]
    recording: ShownRecording,
    /// Whether it was heard.
    heard: bool,
}

/// How many messages there are.
#[derive(Serialize, ToSchema)]
struct MessageCount {
    /// Those that were not heard.
    new: usize,
    /// Those that were.
    old: usize,
}

fn encode(entry: &Entry, message: &Message) -> Shown {
    Shown { recording: records::encode(entry), heard: message.heard }
}

/// The messages of the mailbox whose recordings are there, the oldest first.
fn messages(state: &ApiState, place: &Place) -> Result<Vec<(Arc<Entry>, Message)>, ApiError> {
    place.menu(&state.store.snapshot())?;
    let Ok(recordings) = recordings(state) else { return Ok(Vec::new()) };
    let messages = state.store.mailboxes().of(place.extension_id()?).into_iter();
    Ok(messages.filter_map(|message| Some((recordings.find(message.record)?, message))).collect())
}

fn find(state: &ApiState, place: &Place) -> Result<(Arc<Entry>, Message), ApiError> {
    let record = place.record().map_err(|_| Missing::Message)?;
    let found = messages(state, place)?.into_iter().find(|(_, message)| message.record == record);
    Ok(found.ok_or(Missing::Message)?)
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let paging = paging.newest_first();
    let messages = messages(&state, &place)?.into_iter().filter(|(entry, message)| {
        paging.admits("heard", if message.heard { "true" } else { "false" })
            && paging.admits("from_username", &entry.of.from)
    });
    Ok(Json(paging.of(messages, |(entry, message)| encode(&entry, &message))))
}

async fn count(State(state): State<ApiState>, place: Place) -> Result<Json<MessageCount>, ApiError> {
    let messages = messages(&state, &place)?;
    let old = messages.iter().filter(|(_, message)| message.heard).count();
    Ok(Json(MessageCount { new: messages.len() - old, old }))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let (entry, message) = find(&state, &place)?;
    Ok(Json(encode(&entry, &message)))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let (entry, message) = find(&state, &place)?;
    let heard = match body.get("heard") {
        None => message.heard,
        Some(heard) => heard.as_bool().ok_or_else(|| ApiError::field("heard", "must be true or false"))?,
    };
    let change = MarkHeard { client: place.bearer(), record: message.record, heard };
    Ok(Json(encode(&entry, &state.store.commit(change).await?)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (_, Message { record, .. }) = find(&state, &place)?;
    let recordings = recordings(&state)?.clone();
    let recording = Box::new(move || recordings.delete(record));
    let change = DeleteMessage { client: place.bearer(), record, now_ms: now_ms(), recording };
    state.store.commit(change).await??;
    Ok(StatusCode::NO_CONTENT)
}
