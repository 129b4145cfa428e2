//! E-mail about messages in mailboxes, from the end of a recording to the server that takes the mail; and the lamps of telephones.
//!
//! Shape: a recording that is left in a mailbox says so in its own first line, with whom to tell, and that line is on the disk before
//! there is any sound. The one [`Owner`] takes each such recording when it is whole, however it ended, and writes it and all mails about
//! it into the database at once. What is there it sends, until the server takes it, refuses it for good, or three days are over.
//! Time: the machine's. A call never waits for any of this.
//! Errors: what fails is tried again and shown by the API; what the database refuses is asked of it again a minute later.
//! Sources: RFC 5321 (SMTP: §4.5.4 for when to try again), RFC 5322 (messages).
//!
//! A mail is sent with its sound or not at all: where that was deleted the mail is cancelled. Between the server's 250 and the row that
//! says so lies one transaction of the database, a millisecond or so, and QUIT comes after it: a process that is killed in between sends
//! that mail a second time, under the same Message-ID. Nothing can be done about that in SMTP.

mod backoff;
mod event;
pub mod lamps;
mod letter;
mod owner;
mod smtp;
#[cfg(test)]
pub(crate) mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

pub use owner::Owner;

/// How long mails on their way may take at the end of the process.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Asks the owner to end.
pub struct Farewell(mpsc::Sender<oneshot::Sender<()>>);

impl Farewell {
    /// Has no further mail begun, and waits a few seconds for those on their way.
    pub async fn say(self) {
        let (reply, ended) = oneshot::channel();
        if self.0.send(reply).await.is_ok() {
            let _ = tokio::time::timeout(LAST_WORDS, ended).await;
        }
    }
}

/// The number and the name of a caller as others may see them: none where the number is hidden.
pub(crate) fn shown(number: &str, name: &str) -> (String, String) {
    let is_hidden = ["", "anonymous", "unavailable"].iter().any(|word| number.eq_ignore_ascii_case(word));
    if is_hidden { Default::default() } else { (number.to_owned(), name.to_owned()) }
}

/// A time as `2026-11-27 03:10:00`, in UTC.
pub(crate) fn utc(time: SystemTime) -> String {
    letter::stamp(millis(time), "%Y-%m-%d %H:%M:%S")
}

/// A time in milliseconds since 1970.
fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The present, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    millis(SystemTime::now())
}
