//! The owner of the uploads: it writes them down, and has sent what is due.
//!
//! Shape: one task each that is sent; so many at once, in all, of one client and to one host ([`Lanes`]). A recording that goes on is
//! waited for. Nobody else writes a file of the spool, so that what is written last is what is so.
//! Time: an upload is tried when it is due.
//! Errors: an upload that could not be written is logged; it is sent all the same.

use std::{io, sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use super::{
    Encoder, Entry, Order, State, UploadId,
    attempt::Attempt,
    book::Book,
    lanes::{Lane, Lanes},
    spool::Spool,
};
use crate::{
    recording::{self, Recordings},
    web::{Web, debug::HttpDebug},
};

/// How long an upload that is over is shown.
const SHOWN_MS: u64 = 7 * 86_400_000;
/// How often old ones are looked for, and the longest that it sleeps.
const SWEEP: Duration = Duration::from_secs(3_600);

/// The owner.
pub struct Owner {
    book: Arc<Book>,
    spool: Spool,
    orders: mpsc::Receiver<Order>,
    recordings: Recordings,
    web: Web,
    http_debug: HttpDebug,
    encoder: Encoder,
    sending: JoinSet<Entry>,
    lanes: Lanes,
    swept: Option<Instant>,
}

impl Owner {
    pub(super) fn new(
        book: Arc<Book>,
        spool: Spool,
        orders: mpsc::Receiver<Order>,
        recordings: Recordings,
        (web, http_debug): (Web, HttpDebug),
        encoder: Encoder,
    ) -> Self {
        let (sending, lanes) = (JoinSet::new(), Lanes::default());
        Self { book, spool, orders, recordings, web, http_debug, encoder, sending, lanes, swept: None }
    }

    /// Writes and sends as long as anybody can begin an upload.
    pub async fn run(mut self) {
        let recordings = self.recordings.clone();
        let book = self.book.clone();
        loop {
            if self.swept.is_none_or(|swept| swept.elapsed() >= SWEEP) {
                self.swept = Some(Instant::now());
                self.forget().await;
            }
            let next = self.send_due();
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Write(id)) => self.write(id).await,
                    Some(Order::Settle(reply)) => drop(reply.send(())),
                    None => return,
                },
                Some(sent) = self.sending.join_next() => match sent {
                    Ok(entry) => self.ended(entry).await,
                    Err(_) => self.panicked(),
                },
                () = recordings.whole() => {}
                () = book.sooner.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Writes an upload as it stands in the book; what is not in it any more is removed.
    async fn write(&self, id: UploadId) {
        let entry = self.book.find(id);
        self.write_as(id, entry).await;
    }

    async fn write_as(&self, id: UploadId, entry: Option<Arc<Entry>>) {
        let spool = self.spool.clone();
        let written = tokio::task::spawn_blocking(move || match entry {
            Some(entry) => spool.write(&entry),
            None => spool.remove(id),
        });
        if let Err(error) = written.await.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
            tracing::error!(%error, upload = %id, "an upload could not be written; it does not outlive the process");
        }
    }

    /// Forgets what is over for long, and what is more of that than is shown.
    async fn forget(&mut self) {
        for id in self.book.forget(self.book.now_ms().saturating_sub(SHOWN_MS)) {
            self.write(id).await;
        }
    }

    /// Begins to send what is due, and says when the next is.
    fn send_due(&mut self) -> Instant {
        let (now, mut next) = (self.book.now_ms(), SWEEP);
        let waiting: Vec<Arc<Entry>> = {
            let entries = self.book.lock();
            entries.values().filter(|entry| entry.state == State::Waiting).cloned().collect()
        };
        for entry in waiting {
            if entry.due_ms > now {
                next = next.min(Duration::from_millis(entry.due_ms - now));
                continue;
            }
            if !self.lanes.are_open_to(entry.client) {
                continue;
            }
            let recording = self.recordings.find(entry.recording);
            // It says when it is whole.
            if recording.as_ref().is_some_and(|recording| recording.state == recording::State::Running) {
                continue;
            }
            let lane = Lane::of(&entry);
            if !self.lanes.has_room(&lane) {
                continue;
            }
            let Some(entry) = self.book.begin_sending(entry.id) else { continue };
            self.lanes.take(entry.id, lane);
            let attempt = self.attempt(entry);
            match recording {
                Some(_) => drop(self.sending.spawn(attempt.make())),
                None => drop(self.sending.spawn(async move { attempt.cancel() })),
            }
        }
        metrics::gauge!("antiphon_uploads_sending").set(self.lanes.taken() as f64);
        Instant::now() + next
    }

    fn attempt(&self, entry: Arc<Entry>) -> Attempt {
        Attempt {
            entry,
            book: self.book.clone(),
            recordings: self.recordings.clone(),
            web: self.web.clone(),
            http_debug: self.http_debug.clone(),
            encoder: self.encoder.clone(),
        }
    }

    /// An attempt has ended.
    async fn ended(&mut self, entry: Entry) {
        self.lanes.leave(entry.id);
        // What was taken is first of all written down: what comes between the two is sent a second time.
        self.write_as(entry.id, Some(Arc::new(entry.clone()))).await;
        let outcome = match entry.state {
            State::Sent => "sent",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::Waiting | State::Sending => "again",
        };
        metrics::counter!("antiphon_uploads_total", "outcome" => outcome).increment(1);
        let (upload, recording, attempt) = (entry.id, entry.recording, entry.attempts);
        let error = entry.error.clone().unwrap_or_default();
        match entry.state {
            State::Sent => tracing::info!(%upload, %recording, attempt, "recording sent to a web server"),
            State::Cancelled => tracing::info!(%upload, %recording, error, "a recording is not sent"),
            _ => tracing::warn!(%upload, %recording, attempt, error, outcome, "a recording was not taken"),
        }
        let is_over = !entry.is_open();
        self.book.end(entry, |recording| self.recordings.set_to_send(recording, false));
        if is_over {
            self.forget().await;
        }
    }

    /// An attempt has panicked. Nobody knows which; when the others have ended too, it may be tried again.
    fn panicked(&mut self) {
        tracing::error!("an attempt to send a recording panicked");
        if !self.sending.is_empty() {
            return;
        }
        for id in self.lanes.clear() {
            if let Some(entry) = self.book.find(id).filter(|entry| entry.state == State::Sending) {
                let due_ms = self.book.now_ms() + SWEEP.as_millis() as u64;
                self.book.end(Entry { state: State::Waiting, due_ms, ..Entry::clone(&entry) }, |_| {});
            }
        }
    }
}
