//! The owner of the outbox: it writes down what is to be sent, and sends it.
//!
//! Shape: one task. It wakes when a message is whole or gone, when a mail changes, and when one is due. Mails go out two at a time, each
//! in a task of its own, which ends in a row of the database.
//! Time: the machine's.
//! Errors: a change that the database refuses is made again after a minute. A panic of an attempt is an attempt that failed.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use antiphon_media::record::RecordingId;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{Farewell, backoff, event, letter, millis, now_ms, shown, smtp};
use crate::{
    events::Event,
    recording::{Entry, Left, Recordings, State},
    settings::MailSettings,
    store::{
        Claim, Config, Mail, MailBody, MailState, Mailboxes, Message, Rejected, Store,
        changes::{ForgetMessage, PostMessage, SettleMail, Settled, SweepMails},
    },
};

/// Mails on their way at once: each is in memory, with its sound, three times over.
const AT_ONCE: usize = 2;
/// After which time what the database refused is asked of it again, and what is over is looked for.
const AGAIN: Duration = Duration::from_secs(60);
/// How long mails that are over are shown.
const SHOWN_MS: u64 = 30 * 24 * 3_600_000;
/// The largest sound that goes with a mail. A message of three minutes has less than six million bytes.
const MOST_SOUND: u64 = 32 << 20;
/// How often the row of a mail that was taken is tried, a second apart.
const ROW_ATTEMPTS: u32 = 60;

/// Whom events are told to.
type Subscribers = Box<dyn Fn(&Config, Event) + Send + Sync>;
/// The settings of the moment.
type Wanted = Box<dyn Fn() -> Option<Arc<MailSettings>> + Send + Sync>;

/// The owner's own side, to be driven by [`Owner::run`].
pub struct Owner {
    store: Store,
    recordings: Recordings,
    settings: Wanted,
    subscribers: Subscribers,
    farewells: mpsc::Receiver<oneshot::Sender<()>>,
    /// What the database has refused for now.
    later: BTreeSet<RecordingId>,
    sending: JoinSet<()>,
}

impl Owner {
    /// An owner, and how it is told to end.
    pub fn new(store: Store, recordings: Recordings, settings: Wanted, subscribers: Subscribers) -> (Self, Farewell) {
        let (farewell, farewells) = mpsc::channel(1);
        let (later, sending) = Default::default();
        (Self { store, recordings, settings, subscribers, farewells, later, sending }, Farewell(farewell))
    }

    /// Sends mail until it is told to end.
    pub async fn run(mut self) {
        self.store.mailboxes().hasten(now_ms());
        self.forget_orphans().await;
        let mut chores = Instant::now();
        loop {
            if Instant::now() >= chores {
                chores = Instant::now() + AGAIN;
                self.sweep().await;
            }
            self.take_news().await;
            let wake = self.send_due().map_or(chores, |due| due.min(chores));
            tokio::select! {
                () = self.recordings.news() => {}
                () = self.store.mailboxes().mail_changes() => {}
                Some(ended) = self.sending.join_next(), if !self.sending.is_empty() => self.ended(ended.is_ok()),
                () = sleep_until(wake) => {}
                reply = self.farewells.recv() => return self.end(reply).await,
            }
        }
    }

    async fn end(mut self, reply: Option<oneshot::Sender<()>>) {
        // The last messages of the process; what has no time left the next start finds.
        self.take_news().await;
        while self.sending.join_next().await.is_some() {}
        if let Some(reply) = reply {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(());
        }
    }

    fn mailboxes(&self) -> &Arc<Mailboxes> {
        self.store.mailboxes()
    }

    /// Messages whose recordings somebody took away while the server did not run.
    async fn forget_orphans(&mut self) {
        let recordings = self.recordings.clone();
        let messages = self.mailboxes().messages();
        let orphans = tokio::task::spawn_blocking(move || {
            let is_orphan = |id: &RecordingId| recordings.find(*id).is_none() && !recordings.has_files(*id);
            messages.into_iter().filter(is_orphan).collect::<Vec<_>>()
        });
        for record in orphans.await.unwrap_or_default() {
            self.forget(record).await;
        }
    }

    /// Looks at every message that has become whole, or has gone.
    async fn take_news(&mut self) {
        for id in self.recordings.take_news() {
            self.look_at(id).await;
        }
    }

    /// What is done now and then.
    async fn sweep(&mut self) {
        for id in std::mem::take(&mut self.later) {
            self.look_at(id).await;
        }
        if (self.settings)().is_none() {
            self.give_up().await;
        }
        let before_ms = now_ms().saturating_sub(SHOWN_MS);
        if !self.mailboxes().has_over(before_ms) {
            return;
        }
        let swept = self.store.commit(SweepMails { before_ms }).await;
        if let Err(error) = swept {
            tracing::warn!(%error, "old mails could not be taken off the list");
        }
    }

    /// Gives up what nobody tries, because the settings say no server, for as long as it would be tried. Its recording may then go.
    async fn give_up(&self) {
        let before_ms = now_ms().saturating_sub(backoff::PATIENCE_MS);
        for mail in self.mailboxes().waiting_since(before_ms) {
            let settled = Settled::GivenUp("given up after three days: the settings have no [mail]".to_owned());
            match self.store.commit(SettleMail { id: mail.id, settled, now_ms: now_ms() }).await {
                Ok(()) => {
                    metrics::counter!("antiphon_mails_total", "outcome" => "failed").increment(1);
                    tracing::error!(mail = %mail.id, "a mail will not be sent: for three days the settings have had no [mail]");
                }
                Err(error) => tracing::error!(%error, mail = %mail.id, "a mail could not be given up"),
            }
            if !self.mailboxes().is_awaited(mail.record) {
                self.recordings.release(mail.record);
            }
        }
    }

    async fn look_at(&mut self, id: RecordingId) {
        match self.recordings.find(id) {
            None => self.forget(id).await,
            Some(entry) if entry.state == State::Running => {}
            Some(entry) => {
                if self.mailboxes().message(id).is_none()
                    && let Some(left) = entry.of.left.clone()
                    && let Err(error) = self.post(&entry, &left).await
                {
                    tracing::error!(%error, recording = %id, "a message could not be put into its mailbox; it waits");
                    self.later.insert(id);
                } else if !self.mailboxes().is_awaited(id) {
                    self.recordings.release(id);
                }
            }
        }
    }

    /// Puts a message into its mailbox, and the mails about it into the outbox.
    async fn post(&self, entry: &Entry, left: &Left) -> Result<(), Rejected> {
        let message = Message { record: entry.id, client: entry.of.client, mailbox: left.mailbox, heard: false };
        let recipients = left.told.recipients.iter().enumerate();
        let mails: Vec<MailBody> = recipients.map(|(index, _)| mail_about(entry, left, index, now_ms())).collect();
        let told = mails.len();
        if let Some(written) = self.store.commit(PostMessage { message, mails }).await? {
            tracing::info!(recording = %entry.id, mailbox = %left.mailbox, mails = written, "a message is in its mailbox");
            let lost = told - written;
            if lost > 0 {
                metrics::counter!("antiphon_mails_total", "outcome" => "no_room").increment(lost as u64);
                tracing::error!(recording = %entry.id, lost, "the client's outbox is full; mails about a message are not sent");
            }
            let config = self.store.snapshot();
            if let Some(mailbox) = config.extension(left.mailbox) {
                (self.subscribers)(&config, event::of(entry, left, mailbox));
            }
        }
        Ok(())
    }

    async fn forget(&mut self, record: RecordingId) {
        if self.mailboxes().message(record).is_none() && !self.mailboxes().is_awaited(record) {
            return;
        }
        if let Err(error) = self.store.commit(ForgetMessage { record, now_ms: now_ms() }).await {
            tracing::error!(%error, recording = %record, "a message that is gone could not be taken out of its mailbox");
            self.later.insert(record);
        }
    }

    /// Begins to send what is due, and says when the next is.
    fn send_due(&mut self) -> Option<Instant> {
        let settings = (self.settings)()?;
        while self.sending.len() < AT_ONCE {
            let (due, id) = self.mailboxes().first_due()?;
            let wait = due.saturating_sub(now_ms());
            if wait > 0 {
                return Some(Instant::now() + Duration::from_millis(wait));
            }
            // Somebody may have it in hand by now, or have been faster.
            let Some(claim) = self.mailboxes().claim(id) else { continue };
            let Some(mail) = self.mailboxes().mail(id).filter(|mail| mail.body.state == MailState::Waiting) else {
                continue;
            };
            self.recordings.hold(mail.record);
            let attempt = Attempt {
                store: self.store.clone(),
                recordings: self.recordings.clone(),
                settings: settings.clone(),
                mail,
                _claim: claim,
            };
            self.sending.spawn(attempt.make());
        }
        None
    }

    /// An attempt has ended, in order or by a panic.
    fn ended(&mut self, in_order: bool) {
        if !in_order {
            tracing::error!("an attempt to send a mail panicked");
        }
        metrics::gauge!("antiphon_mails_sending").set(self.sending.len() as f64);
    }
}

/// The mail to one of those who are told of a message.
fn mail_about(entry: &Entry, left: &Left, index: usize, now_ms: u64) -> MailBody {
    let recipient = &left.told.recipients[index];
    let (from_number, from_name) = shown(&entry.of.from, &left.from_name);
    MailBody {
        address: recipient.address.clone(),
        name: recipient.name.clone(),
        attach: left.told.attachment == antiphon_ivr::op::Attachment::Sound,
        mailbox: entry.of.extension.rsplit('*').next().unwrap_or_default().to_owned(),
        from_number,
        from_name,
        left_ms: millis(entry.started),
        length_ms: u64::try_from(entry.duration().as_millis()).unwrap_or(u64::MAX),
        message_id: format!("vm.{}.{index}", entry.id),
        written_ms: now_ms,
        state: MailState::Waiting,
        attempts: 0,
        due_ms: now_ms,
        error: None,
        over_ms: None,
    }
}

/// One attempt to send a mail.
struct Attempt {
    store: Store,
    recordings: Recordings,
    settings: Arc<MailSettings>,
    mail: Arc<Mail>,
    /// Nobody else touches it meanwhile.
    _claim: Claim,
}

impl Attempt {
    async fn make(self) {
        let settled = match self.sound().await.and_then(|sound| self.letter(sound)) {
            Err(settled) => settled,
            Ok(letter) => match smtp::deliver(&self.settings, &letter).await {
                Ok(taken) => {
                    // First the row: what comes between the two is sent a second time.
                    self.write(Settled::Sent).await;
                    taken.close().await;
                    return;
                }
                Err(smtp::Undelivered::Now(error)) => self.again(error),
                Err(smtp::Undelivered::Ever(error)) => Settled::Failed(error),
            },
        };
        self.write(settled).await;
    }

    /// The sound that goes with the mail.
    async fn sound(&self) -> Result<Option<Vec<u8>>, Settled> {
        if !self.mail.body.attach {
            return Ok(None);
        }
        let (recordings, record) = (self.recordings.clone(), self.mail.record);
        let read = tokio::task::spawn_blocking(move || {
            let mut sound = Vec::new();
            let read = recordings.file(record)?.take(MOST_SOUND + 1).read_to_end(&mut sound)?;
            Ok::<_, io::Error>((sound, read as u64))
        });
        match read.await {
            Ok(Ok((_, read))) if read > MOST_SOUND => {
                Err(Settled::Failed("the message is too large to go with a mail".to_owned()))
            }
            Ok(Ok((sound, _))) => Ok(Some(sound)),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                Err(Settled::Cancelled("the message was deleted".to_owned()))
            }
            Ok(Err(error)) => Err(self.again(format!("the recording cannot be read: {error}"))),
            Err(_) => Err(self.again("the recording cannot be read".to_owned())),
        }
    }

    fn letter(&self, sound: Option<Vec<u8>>) -> Result<letter::Letter, Settled> {
        letter::write(&self.mail.body, &self.settings.from, sound).map_err(|error| Settled::Failed(error.to_string()))
    }

    /// It failed, and may not another time.
    fn again(&self, error: String) -> Settled {
        let (body, now) = (&self.mail.body, now_ms());
        match backoff::next(body.written_ms, now, body.attempts + 1, rand::random()) {
            Some(due_ms) => Settled::Again { due_ms, error },
            None => Settled::Failed(format!("given up after three days: {error}")),
        }
    }

    /// Writes down what came of it, and says so.
    async fn write(&self, settled: Settled) {
        let Mail { id, record, .. } = *self.mail;
        let attempt = self.mail.body.attempts + 1;
        let outcome = match &settled {
            Settled::Sent => "sent",
            Settled::Again { .. } => "again",
            Settled::Failed(_) | Settled::GivenUp(_) => "failed",
            Settled::Cancelled(_) => "cancelled",
        };
        let mut written = Err(Rejected::Busy);
        for _ in 0..ROW_ATTEMPTS {
            let change = SettleMail { id, settled: settled.clone(), now_ms: now_ms() };
            written = self.store.commit(change).await;
            match &written {
                Ok(()) => break,
                Err(error) => tracing::error!(%error, mail = %id, outcome, "what came of a mail could not be written"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        metrics::counter!("antiphon_mails_total", "outcome" => outcome).increment(1);
        match &settled {
            Settled::Sent if written.is_err() => {
                tracing::error!(mail = %id, "a mail was sent and cannot be marked so: it will be sent again");
            }
            Settled::Sent => tracing::info!(mail = %id, recording = %record, attempt, "mail sent"),
            Settled::Again { error, .. } => {
                tracing::warn!(mail = %id, attempt, error, "a mail was not taken; it waits")
            }
            Settled::Failed(error) | Settled::GivenUp(error) => {
                tracing::error!(mail = %id, attempt, error, "a mail will not be sent");
            }
            Settled::Cancelled(error) => tracing::info!(mail = %id, error, "a mail is not needed any more"),
        }
        if !self.store.mailboxes().is_awaited(record) {
            self.recordings.release(record);
        }
    }
}
