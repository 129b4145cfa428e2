//! Mails that somebody has in hand: they are being sent, tried anew or deleted, and by one at a time.
//!
//! Shape: a [`Claim`] is given back by dropping it, however its holder ends; a mail of which it is known what came of an attempt is in nobody's
//! hand any more.
//! Errors: no claim is what its seeker makes of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Mailboxes;
use super::mail::MailId;

/// The mails that are in hand, each with the number of its claim.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: HashMap<MailId, u64>,
    last: u64,
}

/// A mail in hand.
pub struct Claim {
    mailboxes: Arc<Mailboxes>,
    id: MailId,
    number: u64,
}

impl Claims {
    pub(super) fn has(&self, id: MailId) -> bool {
        self.held.contains_key(&id)
    }

    fn take(&mut self, id: MailId) -> Option<u64> {
        if self.has(id) {
            return None;
        }
        self.last += 1;
        self.held.insert(id, self.last);
        Some(self.last)
    }
}

impl Mailboxes {
    /// Takes a mail in hand, unless somebody has it there.
    pub fn claim(self: &Arc<Self>, id: MailId) -> Option<Claim> {
        let number = self.lock().claims.take(id)?;
        Some(Claim { mailboxes: Arc::clone(self), id, number })
    }

    /// A mail is in nobody's hand any more.
    pub(super) fn let_go(&self, id: MailId) {
        self.lock().claims.held.remove(&id);
        self.mail_changed.notify_one();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut tables = self.mailboxes.lock();
        if tables.claims.held.get(&self.id) == Some(&self.number) {
            tables.claims.held.remove(&self.id);
            self.mailboxes.mail_changed.notify_one();
        }
    }
}
