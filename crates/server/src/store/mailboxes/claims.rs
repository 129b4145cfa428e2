//! Mails that somebody has in hand: they are being sent, tried anew or deleted, and by one at a time.
//!
//! Shape: a [`Claim`] is given back by dropping it, however its holder ends.
//! Errors: no claim is what its seeker makes of it.

use std::sync::Arc;

use super::Mailboxes;
use super::mail::MailId;

/// A mail in hand.
pub struct Claim {
    mailboxes: Arc<Mailboxes>,
    id: MailId,
}

impl Mailboxes {
    /// Takes a mail in hand, unless somebody has it there.
    pub fn claim(self: &Arc<Self>, id: MailId) -> Option<Claim> {
        self.lock().claimed.insert(id).then(|| Claim { mailboxes: Arc::clone(self), id })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.mailboxes.lock().claimed.remove(&self.id);
        self.mailboxes.mail_changed.notify_one();
    }
}
