//! What it takes to call somebody: the rooms, and in whose name.
//!
//! Shape: a view of a call that goes on, or of one that has nobody yet; finding ways, hunting and ringing need no more than this.

use std::sync::Arc;

use antiphon_media::Codec;
use tokio::sync::mpsc;

use super::{
    CallEvent,
    executor::{Executor, PublicTransfers},
    identity::Outward,
    part::Facts,
    transfer::Joined,
};
use crate::{
    calls::CallId,
    media::worker::Worker,
    rooms::Rooms,
    store::{ClientId, Config},
};

/// Nothing more is known of who calls.
const NOTHING: &Outward = &Outward::NOTHING;

/// In whose name, and for which call, somebody is called.
pub(super) struct Calling<'a> {
    pub(super) rooms: &'a Arc<Rooms>,
    pub(super) config: &'a Arc<Config>,
    /// Whose numbers count.
    pub(super) client: ClientId,
    /// The call that they become parties of.
    pub(super) call: CallId,
    /// What subscribers are told of it.
    pub(super) facts: &'a Arc<Facts>,
    /// Where it listens.
    pub(super) inbox: &'a mpsc::Sender<CallEvent>,
    /// Who has its streams.
    pub(super) worker: Worker,
    /// What the party speaks that they are to talk to.
    pub(super) codec: Option<Codec>,
    /// What trunks are told beside who calls.
    pub(super) outward: &'a Outward,
    /// How many hops are left.
    pub(super) hops_left: u8,
    /// Whether a telephone may send the call on to a number outside.
    pub(super) transfers: PublicTransfers,
}

impl Executor {
    /// Calling somebody for this call.
    pub(super) fn calling(&self) -> Calling<'_> {
        // Of a callee that the caller transfers, nothing more is known, and it is not the caller's number that passes it on.
        let is_callee = matches!(self.joined, Joined::Turned | Joined::Orphaned);
        Calling {
            rooms: &self.rooms,
            config: &self.config,
            client: self.client,
            call: self.trace.id,
            facts: &self.facts,
            inbox: &self.inbox,
            worker: self.caller.worker(),
            codec: self.caller.codec(),
            outward: if is_callee { NOTHING } else { &self.outward },
            hops_left: self.hops_left,
            transfers: self.transfers,
        }
    }
}
