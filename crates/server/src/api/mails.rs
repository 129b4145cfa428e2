//! `/client/{client}/mail/`: the outbox, one entry for each e-mail about a message.
//!
//! Shape: what is to be sent, what was, and what will not be, with the last error of each.
//! Units: times in UTC.
//! Sources: `ringme-ivr.md` 3.11 (the mails).

use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::date::gmt;
use super::description::{Operation, Table, get, post};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{DeleteMail, RetryMail};
use crate::store::{ClientId, Mail, MailState, Missing};
use crate::voicemail::now_ms;

pub(super) fn table() -> Table {
    const MAIL: &str = "/client/{client}/mail";
    Table::of("E-mail", "The outbox: e-mails about messages.")
        .on(
            MAIL,
            get(
                list,
                Operation::new("All e-mails, the newest first")
                    .lists::<Shown>()
                    .filter("state", "Those in this state.")
                    .filter("address", "Those to this address.")
                    .filter("record_id", "Those about this message."),
            ),
        )
        .on(
            &format!("{MAIL}/{{mail}}"),
            get(show, Operation::new("One e-mail").shows::<Shown>()).delete(
                delete,
                Operation::new("Deletes an e-mail, sent or not").empties().conflicts("It is being sent."),
            ),
        )
        .on(
            &format!("{MAIL}/{{mail}}/retry"),
            post(
                retry,
                Operation::new("Has an e-mail tried at once")
                    .answers::<Shown>(202, "It is due; as it is now.")
                    .conflicts("It has been sent, or is being sent."),
            ),
        )
}

/// An e-mail about a message.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
struct Shown {
    /// Its id.
    id: u64,
    /// Whose it is.
    client_id: ClientId,
    /// The message.
    record_id: String,
    /// The mailbox that the message is in.
    mailbox: String,
    /// Whom it goes to.
    address: String,
    /// The name before the address.
    name: Option<String>,
    /// Whether the sound goes with it.
    attach_file: bool,
    /// Its Message-ID.
    message_id: String,
    /// What became of it.
    state: String,
    /// How often it was tried.
    attempts: u32,
    /// Why it has not gone.
    error: Option<String>,
    /// When it was written, in UTC.
    created_gmt: Option<String>,
    /// When it is tried again.
    next_attempt_gmt: Option<String>,
    /// When it was sent, or given up.
    ended_gmt: Option<String>,
}

fn encode(mail: &Mail, state: &ApiState) -> Shown {
    let body = &mail.body;
    let time = |ms: u64| UNIX_EPOCH.checked_add(Duration::from_millis(ms)).map(gmt);
    let is_waiting = body.state == MailState::Waiting;
    let unset = is_waiting && !state.store.mailboxes().is_mail_set();
    Shown {
        id: mail.id.0,
        client_id: mail.client,
        record_id: mail.record.to_string(),
        mailbox: body.mailbox.clone(),
        address: body.address.clone(),
        name: body.name.clone(),
        attach_file: body.attach,
        message_id: body.message_id.clone(),
        state: body.state.as_str().to_owned(),
        attempts: body.attempts,
        error: if unset { Some("the settings have no [mail]".to_owned()) } else { body.error.clone() },
        created_gmt: time(body.written_ms),
        next_attempt_gmt: time(body.due_ms).filter(|_| is_waiting),
        ended_gmt: body.over_ms.and_then(time),
    }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let (client, paging) = (place.client()?, paging.newest_first());
    let mails = state.store.mailboxes().mails(client).into_iter().filter(|mail| {
        paging.admits("state", mail.body.state.as_str())
            && paging.admits("address", &mail.body.address)
            && paging.admits("record_id", &mail.record.to_string())
    });
    Ok(Json(paging.of(mails, |mail| encode(&mail, &state))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let (client, id) = (place.client()?, place.mail()?);
    let mail = state.store.mailboxes().mail(id).filter(|mail| mail.client == client).ok_or(Missing::Mail)?;
    Ok(Json(encode(&mail, &state)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteMail { client: place.client()?, id: place.mail()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has it tried at once.
async fn retry(State(state): State<ApiState>, place: Place) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let change = RetryMail { client: place.client()?, id: place.mail()?, now_ms: now_ms() };
    let mail = state.store.commit(change).await?;
    Ok((StatusCode::ACCEPTED, Json(encode(&mail, &state))))
}
