//! All uploads, in memory, and what may become of each.
//!
//! Shape: whoever changes an upload judges and changes it under one lock. One that is being sent is its attempt's: it ends by
//! [`Book::end`], and nothing else touches it before.
//! Time: milliseconds since 1970, by the clock that the owner sleeps by.
//! Errors: [`NotBegun`], [`NotDone`].

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_ivr::op::Upload;
use antiphon_media::record::RecordingId;
use tokio::{sync::Notify, time::Instant};

use super::{Entry, MOST, NotBegun, NotDone, OF_CLIENT, SHOWN, State, UploadId};
use crate::{calls::CallId, store::ClientId};

type Entries = BTreeMap<UploadId, Arc<Entry>>;

/// All uploads.
pub(super) struct Book {
    entries: Mutex<Entries>,
    /// Something is to be tried sooner than it was.
    pub(super) sooner: Notify,
    /// The time of day when all began, and the same moment on the clock by which the owner sleeps.
    began: (u64, Instant),
}

impl Book {
    /// A book of these, at this time of day.
    pub(super) fn of(entries: Vec<Entry>, now_ms: u64) -> Self {
        let entries = entries.into_iter().map(|entry| (entry.id, Arc::new(entry))).collect();
        Self { entries: Mutex::new(entries), sooner: Notify::new(), began: (now_ms, Instant::now()) }
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    pub(super) fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present.
    pub(super) fn now_ms(&self) -> u64 {
        let (at, began) = self.began;
        at + u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX >> 1)
    }

    pub(super) fn find(&self, id: UploadId) -> Option<Arc<Entry>> {
        self.lock().get(&id).cloned()
    }

    /// Another upload; `keep` sees to it that its recording stays.
    pub(super) fn begin(
        &self,
        whose: (ClientId, CallId),
        upload: &Upload,
        keep: impl FnOnce(),
    ) -> Result<Arc<Entry>, NotBegun> {
        let mut entries = self.lock();
        let open = || entries.values().filter(|entry| entry.is_open());
        if open().count() >= MOST || open().filter(|entry| entry.client == whose.0).count() >= OF_CLIENT {
            return Err(NotBegun::Full);
        }
        // They count up, over restarts too.
        let last = entries.keys().next_back().map_or(0, |last| last.0);
        let id = UploadId((last + 1).max(self.now_ms()));
        let entry = Arc::new(Entry::new(id, whose, upload, self.now_ms()));
        entries.insert(id, entry.clone());
        keep();
        Ok(entry)
    }

    /// One that waits or was given up is tried now; `keep` sees to it that its recording stays.
    pub(super) fn retry(
        &self,
        client: ClientId,
        id: UploadId,
        keep: impl FnOnce(RecordingId),
    ) -> Result<Arc<Entry>, NotDone> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&id).filter(|entry| entry.client == client).ok_or(NotDone::Unknown)?;
        let mut retried = Entry::clone(entry);
        match entry.state {
            State::Sent => return Err(NotDone::Sent),
            State::Sending => return Err(NotDone::Sending),
            State::Failed | State::Cancelled => retried.attempts = 0,
            State::Waiting => {}
        }
        (retried.state, retried.due_ms, retried.over_ms) = (State::Waiting, self.now_ms(), None);
        *entry = Arc::new(retried);
        keep(entry.recording);
        Ok(entry.clone())
    }

    /// One that is not being sent is forgotten; `let_go` is told of its recording where nothing else is to be done with that.
    pub(super) fn delete(
        &self,
        client: ClientId,
        id: UploadId,
        let_go: impl FnOnce(RecordingId),
    ) -> Result<(), NotDone> {
        let mut entries = self.lock();
        let entry = entries.get(&id).filter(|entry| entry.client == client).ok_or(NotDone::Unknown)?;
        if entry.state == State::Sending {
            return Err(NotDone::Sending);
        }
        let recording = entry.recording;
        entries.remove(&id);
        if !awaits(&entries, recording) {
            let_go(recording);
        }
        Ok(())
    }

    /// One that waits is being sent from now on; `None` where it does not wait any more.
    pub(super) fn begin_sending(&self, id: UploadId) -> Option<Arc<Entry>> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&id).filter(|entry| entry.state == State::Waiting)?;
        *entry = Arc::new(Entry { state: State::Sending, ..Entry::clone(entry) });
        Some(entry.clone())
    }

    /// What came of one that was being sent; `let_go` as above.
    pub(super) fn end(&self, ended: Entry, let_go: impl FnOnce(RecordingId)) {
        let (id, recording) = (ended.id, ended.recording);
        let mut entries = self.lock();
        entries.insert(id, Arc::new(ended));
        if !awaits(&entries, recording) {
            let_go(recording);
        }
    }

    /// Forgets those that were over before this moment, and of each client those beyond the last [`SHOWN`]; their names.
    pub(super) fn forget(&self, before_ms: u64) -> Vec<UploadId> {
        let mut entries = self.lock();
        let mut shown: BTreeMap<ClientId, usize> = BTreeMap::new();
        let mut old = Vec::new();
        for entry in entries.values().rev() {
            let Some(over_ms) = entry.over_ms else { continue };
            let count = shown.entry(entry.client).or_default();
            *count += 1;
            if over_ms < before_ms || *count > SHOWN {
                old.push(entry.id);
            }
        }
        old.iter().for_each(|id| drop(entries.remove(id)));
        old
    }
}

/// Whether any upload of this recording is not over.
fn awaits(entries: &Entries, recording: RecordingId) -> bool {
    entries.values().any(|entry| entry.recording == recording && entry.is_open())
}

#[cfg(test)]
mod tests {
    use antiphon_ivr::{FetchMethod, op::SoundFormat};

    use super::*;

    #[tokio::test]
    async fn what_is_over_takes_no_place_and_of_that_the_last_are_shown() {
        let book = Book::of(Vec::new(), 1_000);
        let upload = Upload {
            recording: antiphon_ivr::RecordingId(7),
            method: FetchMethod::Put,
            url: "http://example.com/".to_owned(),
            format: SoundFormat::Wav,
        };
        let begin = |client| book.begin((ClientId(client), CallId::new()), &upload, || {});
        let send = |entry: Arc<Entry>| {
            let sending = book.begin_sending(entry.id).expect("it waits");
            book.end(Entry { state: State::Sent, over_ms: Some(2_000), ..Entry::clone(&sending) }, |_| {});
        };
        for _ in 0..SHOWN + 5 {
            send(begin(1).expect("nothing waits"));
        }
        let waiting: Vec<_> = (0..OF_CLIENT).map(|_| begin(1).expect("there is room")).collect();
        assert_eq!(begin(1), Err(NotBegun::Full));
        assert!(begin(2).is_ok(), "another client's");
        assert_eq!(book.forget(0).len(), 5);
        assert_eq!(book.lock().len(), SHOWN + OF_CLIENT + 1);
        send(waiting[0].clone());
        assert!(begin(1).is_ok());
        assert_eq!(book.forget(3_000).len(), SHOWN + 1, "a week is over");
    }

    #[tokio::test]
    async fn whoever_is_first_decides() {
        let book = Book::of(Vec::new(), 1_000);
        let (client, url) = (ClientId(1), "http://example.com/".to_owned());
        let recording = antiphon_ivr::RecordingId(7);
        let upload = Upload { recording, method: FetchMethod::Put, url, format: SoundFormat::Wav };
        let entry = book.begin((client, CallId::new()), &upload, || {}).unwrap();
        let seen = entry.clone();
        assert!(book.begin_sending(entry.id).is_some());
        assert!(book.begin_sending(entry.id).is_none(), "it is being sent already");
        assert_eq!(book.retry(client, entry.id, |_| {}), Err(NotDone::Sending));
        assert_eq!(book.delete(client, entry.id, |_| {}), Err(NotDone::Sending));
        let mut let_go = None;
        book.end(Entry { state: State::Failed, over_ms: Some(1), ..Entry::clone(&seen) }, |id| let_go = Some(id));
        assert_eq!(let_go, Some(seen.recording));
        assert!(book.retry(client, entry.id, |_| {}).is_ok_and(|entry| entry.state == State::Waiting));
        assert_eq!(book.delete(client, entry.id, |_| {}), Ok(()));
        assert!(book.begin_sending(entry.id).is_none(), "what is not there is not sent");
    }
}
