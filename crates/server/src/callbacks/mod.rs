//! Callbacks: orders for calls that we place, and how many may ring at once.
//!
//! Shape: `read` makes an [`Order`] of a request's body, or says all that is wrong with it; [`Callbacks`] gives it a place among those
//! that ring. What then happens is [`crate::call::place`]'s.
//! Errors: `FieldError`s, one for each field; no place is the caller's 503.
//! Sources: `ringme-ivr.md` 2.7, 1.7.

mod read;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_ivr::{Callback, CallerId, Vars};

pub use self::read::{Directory, destination, read};
use crate::store::ClientId;

/// Callbacks of one client that ring at once at most.
pub const RINGING_OF_A_CLIENT: usize = 30;

/// A call that somebody has ordered.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who is rung, all at once: telephones of the client and numbers outside.
    pub sources: Vec<String>,
    /// Who calls, as they see it.
    pub shown: CallerId,
    /// How long they ring.
    pub ring_time: Duration,
    /// After how many seconds their telephones are asked to answer by themselves.
    pub answer_after: Option<u16>,
    /// What follows the answer.
    pub callback: Arc<Callback>,
    /// Where the one who was called then goes when the one who answered first hangs up.
    pub after_caller: Option<String>,
    /// Whether neither may be transferred to a number outside.
    pub stays_inside: bool,
    /// Whether a sound of the client's that is played counts as somebody who has accepted the call.
    pub sounds_are_accepted: bool,
    /// How long the call may last from the first answer on.
    pub lasts: Option<Duration>,
    /// The variables that scripts of the call have from its beginning.
    pub variables: Vars,
    /// What whoever ordered it calls it.
    pub tag: Option<String>,
}

/// How many callbacks of each client ring now.
#[derive(Clone, Debug, Default)]
pub struct Callbacks {
    ringing: Arc<Mutex<HashMap<ClientId, usize>>>,
}

/// One callback's place among those that ring, given back when it is dropped.
#[derive(Debug)]
pub struct Ringing {
    callbacks: Callbacks,
    client: ClientId,
}

impl Callbacks {
    /// A place, unless as many of the client's callbacks ring as may.
    pub fn ring(&self, client: ClientId) -> Option<Ringing> {
        let mut ringing = self.lock();
        let count = ringing.entry(client).or_default();
        if *count >= RINGING_OF_A_CLIENT {
            return None;
        }
        *count += 1;
        Some(Ringing { callbacks: self.clone(), client })
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, HashMap<ClientId, usize>> {
        self.ringing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ringing {
    fn drop(&mut self) {
        let mut ringing = self.callbacks.lock();
        if let Some(count) = ringing.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                ringing.remove(&self.client);
            }
        }
    }
}
