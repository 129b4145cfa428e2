//! `/client/{client}/mail/`: the outbox, one entry for each e-mail about a message.
//!
//! Shape: what is to be sent, what was, and what will not be, with the last error of each.
//! Units: times in UTC.
//! Sources: `ringme-ivr.md` 3.11 (the mails).

use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::date::gmt;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{DeleteMail, RetryMail};
use crate::store::{Mail, MailState, Missing};
use crate::voicemail::now_ms;

fn encode(mail: &Mail, state: &ApiState) -> Value {
    let body = &mail.body;
    let time = |ms: u64| UNIX_EPOCH.checked_add(Duration::from_millis(ms)).map(gmt);
    let is_waiting = body.state == MailState::Waiting;
    let unset = is_waiting && !state.store.mailboxes().is_mail_set();
    json!({
        "id": mail.id.0,
        "client_id": mail.client,
        "record_id": mail.record.to_string(),
        "mailbox": body.mailbox,
        "address": body.address,
        "name": body.name,
        "attach_file": body.attach,
        "message_id": body.message_id,
        "state": body.state.as_str(),
        "attempts": body.attempts,
        "error": if unset { Some("the settings have no [mail]") } else { body.error.as_deref() },
        "created_gmt": time(body.written_ms),
        "next_attempt_gmt": time(body.due_ms).filter(|_| is_waiting),
        "ended_gmt": body.over_ms.and_then(time),
    })
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let (client, paging) = (place.client()?, paging.newest_first());
    let mails = state.store.mailboxes().mails(client).into_iter().filter(|mail| {
        paging.admits("state", mail.body.state.as_str())
            && paging.admits("address", &mail.body.address)
            && paging.admits("record_id", &mail.record.to_string())
    });
    Ok(Json(paging.of(mails, |mail| encode(&mail, &state))))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let (client, id) = (place.client()?, place.mail()?);
    let mail = state.store.mailboxes().mail(id).filter(|mail| mail.client == client).ok_or(Missing::Mail)?;
    Ok(Json(encode(&mail, &state)))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteMail { client: place.client()?, id: place.mail()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has it tried at once.
pub(super) async fn retry(State(state): State<ApiState>, place: Place) -> Result<(StatusCode, Json<Value>), ApiError> {
    let change = RetryMail { client: place.client()?, id: place.mail()?, now_ms: now_ms() };
    let mail = state.store.commit(change).await?;
    Ok((StatusCode::ACCEPTED, Json(encode(&mail, &state))))
}
