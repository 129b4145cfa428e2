//! `/extension/{extension}/voicemail/`: the messages in the mailbox of a menu.
//!
//! Shape: a message is its recording, with whether it was heard; its sound is where the recording's is. Deleting one deletes the other.
//! Errors: an extension that is no menu has no mailbox: 404.
//! Sources: `ringme-ivr.md` 3.11 (messages); ours.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use super::records::{self, recordings};
use crate::recording::Entry;
use crate::store::changes::MarkHeard;
use crate::store::{Message, Missing};

fn encode(entry: &Entry, message: &Message) -> Value {
    let mut shown = records::encode(entry);
    shown["heard"] = message.heard.into();
    shown
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

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let paging = paging.newest_first();
    let messages = messages(&state, &place)?.into_iter().filter(|(entry, message)| {
        paging.admits("heard", if message.heard { "true" } else { "false" })
            && paging.admits("from_username", &entry.of.from)
    });
    Ok(Json(paging.of(messages, |(entry, message)| encode(&entry, &message))))
}

pub(super) async fn count(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let messages = messages(&state, &place)?;
    let old = messages.iter().filter(|(_, message)| message.heard).count();
    Ok(Json(json!({ "new": messages.len() - old, "old": old })))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let (entry, message) = find(&state, &place)?;
    Ok(Json(encode(&entry, &message)))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let (entry, message) = find(&state, &place)?;
    let heard = match body.get("heard") {
        None => message.heard,
        Some(heard) => heard.as_bool().ok_or_else(|| ApiError::field("heard", "must be true or false"))?,
    };
    let change = MarkHeard { client: place.bearer(), record: message.record, heard };
    Ok(Json(encode(&entry, &state.store.commit(change).await?)))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (_, message) = find(&state, &place)?;
    records::remove(&state, message.record).await
}
