//! Messages in mailboxes, and the e-mails about them: what has to outlive the process beside the configuration.
//!
//! Shape: all of it in memory, with indexes, and row for row in the database; the changes of [`post`] write both. What a message is
//! (its sound, its caller, its time) is with its recording, whose name it has.
//! Units: times are milliseconds since 1970.
//! Time: told. A change that was answered survives the death of the process.
//! Errors: [`Rejected`](super::Rejected). A client has so many mails; where there is no room for more, the oldest that are over go, and what
//! finds no room then is not written down. A message always is.

mod claims;
mod guesses;
pub(super) mod mail;
pub(super) mod post;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use antiphon_ivr::ExtensionId;
use antiphon_media::record::RecordingId;
use rusqlite::Connection;
use tokio::sync::Notify;

use super::StoreError;
use super::model::ClientId;
use super::writer::unsigned;
pub use claims::Claim;
use claims::Claims;
use guesses::Guesses;
use mail::{Mail, MailId, MailState};

/// A message of a mailbox.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Message {
    /// Its recording.
    pub record: RecordingId,
    /// Whose it is.
    pub client: ClientId,
    /// The extension whose mailbox it is in.
    pub mailbox: ExtensionId,
    /// Whether somebody has heard it.
    pub heard: bool,
}

/// How many messages a mailbox has.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Count {
    /// Those that nobody has heard.
    pub new: usize,
    /// Those that somebody has heard.
    pub old: usize,
}

/// Every message and every mail.
#[derive(Default)]
pub struct Mailboxes {
    tables: Mutex<Tables>,
    /// Whether the settings say how mail is sent.
    is_mail_set: AtomicBool,
    guesses: Mutex<Guesses>,
    /// Counts whatever happens to the tables.
    edition: AtomicU64,
    /// Wakes whoever sends mail.
    mail_changed: Notify,
    /// Wakes whoever tells phones of their messages.
    count_changed: Notify,
}

#[derive(Default)]
struct Tables {
    messages: BTreeMap<RecordingId, Message>,
    mailboxes: BTreeMap<ExtensionId, BTreeSet<RecordingId>>,
    mails: BTreeMap<MailId, Arc<Mail>>,
    /// The mails that wait, the first due first.
    waiting: BTreeSet<(u64, MailId)>,
    /// The mails that are over, of each client the first that was so first.
    over: BTreeSet<(ClientId, u64, MailId)>,
    /// How many mails each client has.
    of_client: HashMap<ClientId, usize>,
    /// The mails that somebody has in hand.
    claims: Claims,
    /// The mails about each message that are waited for.
    about: BTreeSet<(RecordingId, MailId)>,
    /// Mailboxes whose count has changed since somebody asked.
    changed: BTreeSet<ExtensionId>,
}

impl Mailboxes {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut tables = Tables::default();
        let mut statement = connection.prepare("SELECT record, client, mailbox, heard FROM message")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // A name that is none can only be somebody else's row.
            let Ok(record) = row.get::<_, String>(0)?.parse() else { continue };
            let (client, mailbox) = (ClientId(unsigned(row.get(1)?)), ExtensionId(unsigned(row.get(2)?)));
            tables.put_message(Message { record, client, mailbox, heard: row.get(3)? });
        }
        let mut statement = connection.prepare("SELECT id, client, record, body FROM mail")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, client) = (unsigned(row.get(0)?), ClientId(unsigned(row.get(1)?)));
            let Ok(record) = row.get::<_, String>(2)?.parse() else { continue };
            let body: String = row.get(3)?;
            let body = serde_json::from_str(&body).map_err(|cause| StoreError::Row { table: "mail", id, cause })?;
            tables.put_mail(Arc::new(Mail { id: MailId(id), client, record, body }));
        }
        tables.changed.clear();
        Ok(Self { tables: Mutex::new(tables), ..Self::default() })
    }

    /// Says whether mail can be sent at all, and has what waits tried at once: the settings may be others.
    pub fn set_mail(&self, is_set: bool, now_ms: u64) {
        self.is_mail_set.store(is_set, Ordering::Relaxed);
        self.edition.fetch_add(1, Ordering::Release);
        self.hasten(now_ms);
    }

    /// Whether mail can be sent at all.
    pub fn is_mail_set(&self) -> bool {
        self.is_mail_set.load(Ordering::Relaxed)
    }

    /// A message.
    pub fn message(&self, record: RecordingId) -> Option<Message> {
        self.lock().messages.get(&record).copied()
    }

    /// Every message's name.
    pub fn messages(&self) -> Vec<RecordingId> {
        self.lock().messages.keys().copied().collect()
    }

    /// The messages of a mailbox, the oldest first.
    pub fn of(&self, mailbox: ExtensionId) -> Vec<Message> {
        let tables = self.lock();
        let records = tables.mailboxes.get(&mailbox).into_iter().flatten();
        records.filter_map(|record| tables.messages.get(record)).copied().collect()
    }

    /// How many messages a mailbox has.
    pub fn count(&self, mailbox: ExtensionId) -> Count {
        let of = self.of(mailbox);
        let old = of.iter().filter(|message| message.heard).count();
        Count { new: of.len() - old, old }
    }

    /// The mailboxes whose count has changed since this was asked last.
    pub fn take_changed(&self) -> BTreeSet<ExtensionId> {
        std::mem::take(&mut self.lock().changed)
    }

    /// Waits until the count of a mailbox changes.
    pub async fn count_changes(&self) {
        self.count_changed.notified().await;
    }

    /// Whether somebody with this number may try a PIN at this mailbox.
    pub fn may_guess(&self, mailbox: ExtensionId, caller: &str, now: Instant) -> bool {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).may_guess(mailbox, caller, now)
    }

    /// Somebody with this number has tried a PIN.
    pub fn guessed(&self, mailbox: ExtensionId, caller: &str, now: Instant, is_right: bool) {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).guessed(mailbox, caller, now, is_right);
    }

    /// A number that is another as soon as anything has happened to messages or mails.
    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// Every mail of a client, the oldest first.
    pub fn mails(&self, client: ClientId) -> Vec<Arc<Mail>> {
        self.lock().mails.values().filter(|mail| mail.client == client).cloned().collect()
    }

    /// A mail.
    pub fn mail(&self, id: MailId) -> Option<Arc<Mail>> {
        self.lock().mails.get(&id).cloned()
    }

    /// The mail that is due first of those that nobody has in hand, and when it is.
    pub fn first_due(&self) -> Option<(u64, MailId)> {
        let tables = self.lock();
        tables.waiting.iter().find(|(_, id)| !tables.claims.has(*id)).copied()
    }

    /// The mails that wait since before this, and that nobody has in hand.
    pub fn waiting_since(&self, before_ms: u64) -> Vec<Arc<Mail>> {
        let tables = self.lock();
        let waiting = tables.waiting.iter().filter(|(_, id)| !tables.claims.has(*id));
        let mails = waiting.filter_map(|(_, id)| tables.mails.get(id));
        mails.filter(|mail| mail.body.written_ms < before_ms).cloned().collect()
    }

    /// Whether a mail was over before this.
    pub fn has_over(&self, before_ms: u64) -> bool {
        self.lock().mails.values().any(|mail| mail.body.over_ms.is_some_and(|over| over < before_ms))
    }

    /// Whether a mail about this message waits.
    pub fn is_awaited(&self, record: RecordingId) -> bool {
        self.lock().about.range((record, MailId(0))..=(record, MailId(u64::MAX))).next().is_some()
    }

    /// Has everything that waits tried at once, as after a start or when the settings have changed. Where it fails again the waits go on
    /// as they were.
    pub fn hasten(&self, now_ms: u64) {
        let mut tables = self.lock();
        let late: Vec<_> = tables.waiting.iter().filter(|(due, _)| *due > now_ms).map(|(_, id)| *id).collect();
        for id in late {
            let Some(mail) = tables.mails.get(&id) else { continue };
            let mut mail = Mail::clone(mail);
            mail.body.due_ms = now_ms;
            tables.put_mail(Arc::new(mail));
        }
        self.edition.fetch_add(1, Ordering::Release);
        self.mail_changed.notify_one();
    }

    /// Waits until there is another mail, one less, or one that is due at another time.
    pub async fn mail_changes(&self) {
        self.mail_changed.notified().await;
    }

    fn put_mail(&self, mail: Arc<Mail>) {
        self.lock().put_mail(mail);
        self.edition.fetch_add(1, Ordering::Release);
        self.mail_changed.notify_one();
    }

    fn remove_mail(&self, id: MailId) {
        self.lock().remove_mail(id);
        self.edition.fetch_add(1, Ordering::Release);
        self.mail_changed.notify_one();
    }

    fn put_message(&self, message: Message) {
        self.lock().put_message(message);
        self.edition.fetch_add(1, Ordering::Release);
        self.count_changed.notify_one();
    }

    fn remove_message(&self, record: RecordingId) {
        self.lock().remove_message(record);
        self.edition.fetch_add(1, Ordering::Release);
        self.count_changed.notify_one();
    }

    /// The tables are whole after every call to them, so a panic elsewhere while they were locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn put_message(&mut self, message: Message) {
        self.mailboxes.entry(message.mailbox).or_default().insert(message.record);
        self.messages.insert(message.record, message);
        self.changed.insert(message.mailbox);
    }

    fn remove_message(&mut self, record: RecordingId) {
        let Some(message) = self.messages.remove(&record) else { return };
        if let Some(records) = self.mailboxes.get_mut(&message.mailbox) {
            records.remove(&record);
            if records.is_empty() {
                self.mailboxes.remove(&message.mailbox);
            }
        }
        self.changed.insert(message.mailbox);
    }

    fn put_mail(&mut self, mail: Arc<Mail>) {
        self.remove_mail(mail.id);
        if mail.body.state == MailState::Waiting {
            self.waiting.insert((mail.body.due_ms, mail.id));
            self.about.insert((mail.record, mail.id));
        }
        if let Some(over) = mail.body.over_ms {
            self.over.insert((mail.client, over, mail.id));
        }
        *self.of_client.entry(mail.client).or_default() += 1;
        self.mails.insert(mail.id, mail);
    }

    fn remove_mail(&mut self, id: MailId) {
        let Some(mail) = self.mails.remove(&id) else { return };
        self.waiting.remove(&(mail.body.due_ms, id));
        self.about.remove(&(mail.record, id));
        if let Some(over) = mail.body.over_ms {
            self.over.remove(&(mail.client, over, id));
        }
        if let Some(count) = self.of_client.get_mut(&mail.client) {
            *count -= 1;
            if *count == 0 {
                self.of_client.remove(&mail.client);
            }
        }
    }

    /// How many mails a client may still have, and those that go first where that is not enough for so many.
    fn make_room(&self, client: ClientId, wanted: usize, most: usize) -> (usize, Vec<MailId>) {
        let room = most.saturating_sub(self.of_client.get(&client).copied().unwrap_or_default());
        let over = self.over.range((client, 0, MailId(0))..=(client, u64::MAX, MailId(u64::MAX)));
        let going: Vec<MailId> = over.map(|(_, _, id)| *id).take(wanted.saturating_sub(room)).collect();
        (room + going.len(), going)
    }
}
