//! News of those whom a script calls or meets, while its op runs.
//!
//! Shape: a script cannot send an op while another runs, so a surface gives a [`Watch`] along with the op: it is told of each event as
//! it happens, and says whom to tell. What it makes of it goes out as a [`Tell`] does.
//! Errors: none; what cannot be told is dropped and counted.
//! Sources: `kazoo-pivot.md` 5.4 (status callbacks of Number, Sip and Conference).

use std::{fmt::Debug, sync::Arc, time::Duration};

use super::Tell;

/// Who is told of what happens during an op.
pub trait Watch: Debug + Send + Sync {
    /// What a web server is told of this; `None` where it is nothing to it.
    fn news(&self, news: &News) -> Option<Tell>;
}

/// A [`Watch`] that goes with an op. Two are equal that are the same.
#[derive(Clone, Debug)]
pub struct Watcher(pub Arc<dyn Watch>);

impl PartialEq for Watcher {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Watcher {}

/// Something that happened.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum News {
    /// To a target of a dial.
    Party(PartyNews),
    /// In a conference.
    Conference(ConferenceNews),
}

/// What became of a target of a dial.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PartyNews {
    /// Which one, by its place in [`super::Dial::targets`].
    pub target: usize,
    /// The Call-ID of its dialog; empty where there is none. A target that is tried by several ways has one for each.
    pub sip_call_id: String,
    /// What happened.
    pub state: PartyState,
}

/// How it stands with a target.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum PartyState {
    /// It is being called.
    Initiated,
    /// It rings.
    Ringing,
    /// It has answered.
    Answered,
    /// It has answered, and has been hung up or has hung up.
    Completed {
        /// How long after its answer.
        talk: Duration,
    },
    /// It did not answer: it refused, with this SIP status; 408 where it rang for too long, 487 where another answered or the
    /// caller gave up.
    Failed {
        /// A SIP status.
        status: u16,
    },
}

/// What happened in a conference, told by the member whose op brought the watch.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct ConferenceNews {
    /// Its name.
    pub name: String,
    /// How many are in it afterwards.
    pub members: usize,
    /// What happened.
    pub event: ConferenceEvent,
}

/// What a member tells of its conference.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ConferenceEvent {
    /// It came in.
    Joined,
    /// The conference has begun with it.
    Began,
    /// It is no longer heard.
    Muted,
    /// It is heard again.
    Unmuted,
    /// It has gone.
    Left,
    /// The conference has ended with it.
    Ended,
}
