//! What happens to messages and mails.
//!
//! Shape: changes of the store that touch no configuration, so that no new revision comes of them.
//! Time: told, in milliseconds since 1970.
//! Errors: [`Rejected`]; what is another client's is as if it were not there.
//!
//! [`PostMessage`] is where a message begins to be one, and it is wholly or not at all: with the message the mails about it are written
//! down, as far as there is room for them. It may be done twice without harm, so whoever is not sure that it was done does it again.

use std::sync::Arc;

use antiphon_media::record::RecordingId;

use super::mail::{Mail, MailBody, MailId, MailState};
use super::{Mailboxes, Message};
use crate::recording::NotDeleted;
use crate::store::changes::json;
use crate::store::writer::{Change, Edit, signed, unsigned};
use crate::store::{ClientId, Missing, Rejected, Taken, limits};

/// A message is in its mailbox, and these mails are to be sent.
#[derive(Debug)]
pub struct PostMessage {
    /// The message.
    pub message: Message,
    /// What is to be sent; their states are as they begin.
    pub mails: Vec<MailBody>,
}

/// Something came of a mail.
#[derive(Debug)]
pub struct SettleMail {
    /// Which.
    pub id: MailId,
    /// What.
    pub settled: Settled,
    /// The present.
    pub now_ms: u64,
}

/// What came of an attempt, or takes the place of one.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Settled {
    /// The server has taken it.
    Sent,
    /// It failed, and is tried again.
    Again {
        /// When.
        due_ms: u64,
        /// Why it failed.
        error: String,
    },
    /// It failed for good.
    Failed(String),
    /// It has waited for too long, and is not tried any more.
    GivenUp(String),
    /// There is nothing to send any more.
    Cancelled(String),
}

/// Somebody has heard a message, or wants it to be new again.
#[derive(Debug)]
pub struct MarkHeard {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub record: RecordingId,
    /// Whether it was heard.
    pub heard: bool,
}

/// A message is not wanted any more.
pub struct DeleteMessage {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub record: RecordingId,
    /// The present.
    pub now_ms: u64,
    /// Deletes its recording. It runs where changes are made, so that nothing comes between the two.
    pub recording: Box<dyn FnOnce() -> Result<(), NotDeleted> + Send>,
}

/// The recording of a message is gone.
#[derive(Debug)]
pub struct ForgetMessage {
    /// Which.
    pub record: RecordingId,
    /// The present.
    pub now_ms: u64,
}

/// A mail that waits or was given up is to be tried now.
#[derive(Debug)]
pub struct RetryMail {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: MailId,
    /// The present.
    pub now_ms: u64,
}

/// A mail is not to be sent, or not to be shown any more.
#[derive(Debug)]
pub struct DeleteMail {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: MailId,
}

/// Mails that were over before this are not shown any more.
#[derive(Debug)]
pub struct SweepMails {
    /// The youngest of them.
    pub before_ms: u64,
}

fn put_mail(edit: &mut Edit<'_>, mail: Mail) -> Result<Arc<Mail>, Rejected> {
    let query = "UPDATE mail SET body = ?2 WHERE id = ?1";
    edit.transaction.prepare_cached(query)?.execute((signed(mail.id.0), json(&mail.body)))?;
    let mail = Arc::new(mail);
    let (mailboxes, put) = (Arc::clone(edit.mailboxes), mail.clone());
    edit.afterwards(move |_| mailboxes.put_mail(put));
    Ok(mail)
}

fn remove_mail(edit: &mut Edit<'_>, id: MailId) -> Result<(), Rejected> {
    edit.transaction.prepare_cached("DELETE FROM mail WHERE id = ?1")?.execute([signed(id.0)])?;
    let mailboxes = Arc::clone(edit.mailboxes);
    edit.afterwards(move |_| mailboxes.remove_mail(id));
    Ok(())
}

fn mail_of(mailboxes: &Mailboxes, client: ClientId, id: MailId) -> Result<Mail, Missing> {
    let mail = mailboxes.mail(id).filter(|mail| mail.client == client);
    mail.map(|mail| Mail::clone(&mail)).ok_or(Missing::Mail)
}

impl Mail {
    fn settle(&mut self, settled: Settled, now_ms: u64) {
        let body = &mut self.body;
        let was_tried = !matches!(settled, Settled::Cancelled(_) | Settled::GivenUp(_));
        let (state, error) = match settled {
            Settled::Again { due_ms, error } => {
                body.due_ms = due_ms;
                (MailState::Waiting, Some(error))
            }
            Settled::Sent => (MailState::Sent, None),
            Settled::Failed(error) | Settled::GivenUp(error) => (MailState::Failed, Some(error)),
            Settled::Cancelled(error) => (MailState::Cancelled, Some(error)),
        };
        body.attempts = body.attempts.saturating_add(u32::from(was_tried));
        (body.state, body.error) = (state, error);
        body.over_ms = (state != MailState::Waiting).then_some(now_ms);
    }
}

impl Change for PostMessage {
    /// How many of the mails were written down; `None` where the message was there before.
    type Answer = Option<usize>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Option<usize>, Rejected> {
        let Message { record, client, mailbox, heard } = self.message;
        if edit.mailboxes.message(record).is_some() {
            return Ok(None);
        }
        let (room, going) = edit.mailboxes.lock().make_room(client, self.mails.len(), limits::MAILS_OF_A_CLIENT);
        going.into_iter().try_for_each(|id| remove_mail(edit, id))?;
        let query = "INSERT INTO message (record, client, mailbox, heard) VALUES (?1, ?2, ?3, ?4)";
        let row = (record.to_string(), signed(client.0), signed(mailbox.0), heard);
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let mut written = Vec::with_capacity(self.mails.len());
        for body in self.mails.into_iter().take(room) {
            let query = "INSERT INTO mail (client, record, body) VALUES (?1, ?2, ?3) RETURNING id";
            let row = (signed(client.0), record.to_string(), json(&body));
            let id = edit.transaction.prepare_cached(query)?.query_row(row, |row| row.get(0))?;
            written.push(Arc::new(Mail { id: MailId(unsigned(id)), client, record, body }));
        }
        let (mailboxes, count) = (Arc::clone(edit.mailboxes), written.len());
        edit.afterwards(move |_| {
            mailboxes.put_message(self.message);
            written.into_iter().for_each(|mail| mailboxes.put_mail(mail));
        });
        Ok(Some(count))
    }
}

impl Change for SettleMail {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        // Nobody takes away a mail that is in hand; whoever settles one need not have it there.
        let Some(mail) = edit.mailboxes.mail(self.id) else { return Ok(()) };
        let mut mail = Mail::clone(&mail);
        mail.settle(self.settled, self.now_ms);
        put_mail(edit, mail)?;
        // Whoever sees what came of it may have it tried anew, or delete it.
        let (mailboxes, id) = (Arc::clone(edit.mailboxes), self.id);
        edit.afterwards(move |_| mailboxes.let_go(id));
        Ok(())
    }
}

impl Change for MarkHeard {
    type Answer = Message;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Message, Rejected> {
        let message = edit.mailboxes.message(self.record).filter(|message| message.client == self.client);
        let message = Message { heard: self.heard, ..message.ok_or(Missing::Message)? };
        let query = "UPDATE message SET heard = ?2 WHERE record = ?1";
        edit.transaction.prepare_cached(query)?.execute((self.record.to_string(), self.heard))?;
        let mailboxes = Arc::clone(edit.mailboxes);
        edit.afterwards(move |_| mailboxes.put_message(message));
        Ok(message)
    }
}

impl Change for DeleteMessage {
    /// What the disk said.
    type Answer = Result<(), NotDeleted>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Self::Answer, Rejected> {
        let message = edit.mailboxes.message(self.record).filter(|message| message.client == self.client);
        let Message { record, .. } = message.ok_or(Missing::Message)?;
        if let Err(error) = (self.recording)() {
            return Ok(Err(error));
        }
        forget_message(edit, record, self.now_ms).map(Ok)
    }
}

impl Change for ForgetMessage {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        forget_message(edit, self.record, self.now_ms)
    }
}

fn forget_message(edit: &mut Edit<'_>, record: RecordingId, now_ms: u64) -> Result<(), Rejected> {
    let query = "DELETE FROM message WHERE record = ?1";
    edit.transaction.prepare_cached(query)?.execute([record.to_string()])?;
    let mailboxes = Arc::clone(edit.mailboxes);
    edit.afterwards(move |_| mailboxes.remove_message(record));
    // A mail without the sound is as good as before.
    let cancelled = edit.mailboxes.waiting_about(record).into_iter().filter(|mail| mail.body.attach);
    for mail in cancelled {
        let mut mail = Mail::clone(&mail);
        mail.settle(Settled::Cancelled("the message was deleted".to_owned()), now_ms);
        put_mail(edit, mail)?;
    }
    Ok(())
}

impl Mailboxes {
    fn waiting_about(&self, record: RecordingId) -> Vec<Arc<Mail>> {
        let tables = self.lock();
        let ids = tables.about.range((record, MailId(0))..=(record, MailId(u64::MAX)));
        ids.filter_map(|(_, id)| tables.mails.get(id)).cloned().collect()
    }
}

impl Change for RetryMail {
    type Answer = Arc<Mail>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Mail>, Rejected> {
        let mut mail = mail_of(edit.mailboxes, self.client, self.id)?;
        if !matches!(mail.body.state, MailState::Waiting | MailState::Failed) {
            return Err(Taken::MailOver(mail.body.state.as_str()).into());
        }
        let claim = edit.mailboxes.claim(self.id).ok_or(Taken::MailInHand)?;
        let body = &mut mail.body;
        // The days that it may take begin anew for one that was given up.
        if body.state == MailState::Failed {
            body.written_ms = self.now_ms;
        }
        (body.state, body.due_ms, body.over_ms) = (MailState::Waiting, self.now_ms, None);
        let put = put_mail(edit, mail);
        edit.afterwards(move |_| drop(claim));
        put
    }
}

impl Change for DeleteMail {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        mail_of(edit.mailboxes, self.client, self.id)?;
        // Nobody begins to send it from here on.
        let claim = edit.mailboxes.claim(self.id).ok_or(Taken::MailInHand)?;
        remove_mail(edit, self.id)?;
        edit.afterwards(move |_| drop(claim));
        Ok(())
    }
}

impl Change for SweepMails {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let old: Vec<MailId> = {
            let tables = edit.mailboxes.lock();
            let over = tables.over.iter().filter(|(_, over, _)| *over < self.before_ms);
            over.map(|(_, _, id)| *id).collect()
        };
        old.into_iter().try_for_each(|id| remove_mail(edit, id))
    }
}
