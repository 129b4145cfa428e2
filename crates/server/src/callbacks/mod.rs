//! Callbacks: orders for calls that we place, and how many there may be at once.
//!
//! Shape: `read` makes an [`Order`] of a request's body, or says all that is wrong with it; [`Callbacks`] gives it its
//! places. What then happens is [`crate::call::place`]'s.
//! Errors: `FieldError`s, one for each field; no place is the caller's 503.
//! Sources: `ringme-ivr.md` 2.7, 1.7.

mod read;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{Callback, CallerId, Vars};

pub use self::read::{Directory, destination, read};
use crate::{
    places::{Place, Places},
    store::ClientId,
};

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

/// How many callbacks of each client ring, and how many there are.
#[derive(Clone, Debug)]
pub struct Callbacks {
    ringing: Places,
    all: Places,
}

/// One callback's places, given back when it is dropped.
#[derive(Debug)]
pub struct Admitted {
    ringing: Option<Place>,
    _call: Place,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self { ringing: Places::new(usize::MAX), all: Places::new(usize::MAX) }
    }
}

impl Callbacks {
    /// Places for one more, unless as many of the client's callbacks ring as may, or there are `most` of them, ringing and answered.
    pub fn admit(&self, client: ClientId, most: usize) -> Option<Admitted> {
        let call = self.all.take(client, most)?;
        let ringing = self.ringing.take(client, RINGING_OF_A_CLIENT)?;
        Some(Admitted { ringing: Some(ringing), _call: call })
    }
}

impl Admitted {
    /// It rings no more.
    pub fn rings_no_more(&mut self) {
        self.ringing = None;
    }
}
