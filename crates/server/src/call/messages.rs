//! The messages of a mailbox, as its owner hears them, and those that the call itself has taken.
//!
//! Shape: a mailbox is opened for the telephone that it belongs to, or with its PIN; what is said and marked after that has to be in it.
//! What a script has recorded can be said, and sent, on the same call.
//! Time: files are read apart from the call's task, which waits for them: nobody else does.
//! Errors: what is gone is not said, and not marked.

use std::{io::Read, sync::Arc, time::Duration};

use antiphon_ivr::{
    ExtensionId,
    op::{LeftMessage, Mark, MarkMessage, Marked, OpenMailbox, Opened},
};
use antiphon_media::{Audio, record::RecordingId, source::wav};

use super::executor::{Executor, clock};
use crate::{
    store::{Extension, ExtensionKind, Message, changes::MarkHeard},
    voicemail,
};

/// Wrong PINs of one call.
const GUESSES: u8 = 3;
/// The largest file that is said. A message of three minutes has less than six million bytes.
const MOST: u64 = 32 << 20;

/// How long a message that was just taken may take to be whole.
const WHOLE: Duration = Duration::from_secs(2);
/// Most messages that a call remembers to have taken; the oldest are forgotten.
const TAKEN: usize = 64;

/// What a call has to do with mailboxes.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// The one that is open.
    opened: Option<ExtensionId>,
    /// How often the caller gave a PIN that was none.
    guesses: u8,
    /// What the call has recorded.
    taken: Vec<RecordingId>,
}

impl Hearing {
    /// A message was taken.
    pub(super) fn took(&mut self, recording: RecordingId) {
        if self.taken.len() >= TAKEN {
            self.taken.remove(0);
        }
        self.taken.push(recording);
    }
}

impl Executor {
    /// Lists the messages of a mailbox, if the caller may hear them.
    pub(super) fn open_mailbox(&mut self, open: &OpenMailbox) -> Opened {
        self.mailbox.opened = None;
        let own = self.own_mailbox();
        let named = open.number.as_deref().map(|number| self.config.find_extension(number, Some(self.client)));
        let mailbox = match named {
            Some(found) => found.filter(|found| found.client == self.client && found.document.is_some()),
            None => own.and_then(|id| self.config.extension(id)),
        };
        let Some(mailbox) = mailbox.cloned() else { return Opened::Missing };
        if own != Some(mailbox.id) && !self.knows_pin(&mailbox, open.pin.as_deref()) {
            return Opened::Denied;
        }
        self.mailbox.opened = Some(mailbox.id);
        let messages = self.rooms.store.mailboxes().of(mailbox.id);
        Opened::Messages(messages.iter().filter_map(|message| self.left_message(message)).collect())
    }

    /// Whoever takes the caller's place has to show that it may hear the messages.
    pub(super) fn close_mailbox(&mut self) {
        self.mailbox.opened = None;
    }

    /// The mailbox of the telephone that calls, as long as it is the caller.
    fn own_mailbox(&self) -> Option<ExtensionId> {
        match &self.config.extension(self.caller.phone?)?.kind {
            ExtensionKind::Phone(phone) => phone.mailbox,
            _ => None,
        }
    }

    fn knows_pin(&mut self, mailbox: &Extension, given: Option<&str>) -> bool {
        let pin = mailbox.document.as_ref().and_then(|document| document.settings.vm_pin.as_deref());
        let (Some(pin), Some(given)) = (pin, given) else { return false };
        let doors = self.rooms.store.mailboxes();
        let caller = &self.trace.record(|record| record.from.clone());
        if self.mailbox.guesses >= GUESSES || !doors.may_guess(mailbox.id, caller, clock()) {
            tracing::warn!(mailbox = %mailbox.name, "too many wrong PINs; no other is looked at for now");
            return false;
        }
        let is_right = pin == given;
        doors.guessed(mailbox.id, caller, clock(), is_right);
        self.mailbox.guesses += u8::from(!is_right);
        is_right
    }

    fn left_message(&self, message: &Message) -> Option<LeftMessage> {
        let entry = self.rooms.recordings.find(message.record)?;
        let name = entry.of.left.as_ref().map(|left| left.from_name.as_str()).unwrap_or_default();
        let (from_number, from_name) = voicemail::shown(&entry.of.from, name);
        Some(LeftMessage {
            recording: antiphon_ivr::RecordingId(message.record.0),
            heard: message.heard,
            from_number,
            from_name,
            left: voicemail::utc(entry.started),
            length: entry.duration(),
        })
    }

    /// A message of the mailbox that is open.
    fn opened_message(&self, recording: antiphon_ivr::RecordingId) -> Option<Message> {
        let message = self.rooms.store.mailboxes().message(RecordingId(recording.0))?;
        (self.mailbox.opened == Some(message.mailbox)).then_some(message)
    }

    /// Says what a message is from now on.
    pub(super) async fn mark_message(&mut self, MarkMessage { recording, mark }: MarkMessage) -> Marked {
        let Some(Message { record, client, .. }) = self.opened_message(recording) else { return Marked::Failed };
        let heard = match mark {
            Mark::Heard => true,
            Mark::New => false,
            Mark::Deleted => {
                let recordings = self.rooms.recordings.clone();
                let deleted = tokio::task::spawn_blocking(move || recordings.delete(record)).await;
                return if matches!(deleted, Ok(Ok(()))) { Marked::Done } else { Marked::Failed };
            }
        };
        let change = MarkHeard { client, record, heard };
        match self.rooms.store.commit(change).await {
            Ok(_) => Marked::Done,
            Err(error) => {
                tracing::warn!(%error, recording = %record, "a message could not be marked");
                Marked::Failed
            }
        }
    }

    /// The sound of a message.
    pub(super) async fn message_sound(&self, recording: antiphon_ivr::RecordingId) -> Option<Arc<Audio>> {
        let bytes = match self.opened_message(recording) {
            Some(message) => self.read(message.record).await?,
            None => self.taken_file(recording).await?,
        };
        let read = tokio::task::spawn_blocking(move || {
            let sound = wav::read(&bytes).ok()?;
            Some(Arc::new(Audio::at_rate(sound.samples, sound.rate)))
        });
        read.await.ok().flatten()
    }

    /// The file of a message that this call has taken, once it is whole.
    pub(super) async fn taken_file(&self, recording: antiphon_ivr::RecordingId) -> Option<Vec<u8>> {
        let record = RecordingId(recording.0);
        if !self.mailbox.taken.contains(&record) {
            return None;
        }
        self.rooms.recordings.once_whole(record, WHOLE).await?;
        self.read(record).await
    }

    async fn read(&self, record: RecordingId) -> Option<Vec<u8>> {
        let recordings = self.rooms.recordings.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            recordings.file(record).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
            Some(bytes)
        });
        read.await.ok().flatten()
    }
}
