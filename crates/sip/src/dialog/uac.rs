//! Calling: what is remembered between our INVITE and its final response.
//!
//! Shape: [`OutgoingCall`] until the call is answered, refused or given up; one [`Fork`] for each early dialog.
//! Sources: RFC 3261 §9.1 (CANCEL), §12.1.2 (early dialogs), §13.2, §22.2 (challenges); RFC 3262 §4.

use super::Path;
use crate::auth::Answered;
use bytes::Bytes;

/// At most this many early dialogs of one call are kept apart; further ones only ring.
const MAX_FORKS: usize = 16;

/// How far a CANCEL has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cancel {
    /// Nobody wants one.
    Unwanted,
    /// To be sent with the first provisional response.
    Wanted { reason: Option<String> },
    /// Sent.
    Sent { reason: Option<String> },
}

impl Cancel {
    /// Why, where one is wanted or sent: a BYE says it again when the answer was faster.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Unwanted => None,
            Self::Wanted { reason } | Self::Sent { reason } => reason.as_deref(),
        }
    }
}

/// One early dialog of our INVITE.
#[derive(Debug)]
pub(crate) struct Fork {
    /// The peer's tag.
    pub(crate) tag: String,
    pub(crate) path: Path,
    /// The highest CSeq this peer has used.
    pub(crate) remote_seq: Option<u32>,
    /// The RSeq of the last reliable provisional response.
    pub(crate) rseq: Option<u32>,
    /// The SDP it sent last, for a 2xx that comes without.
    pub(crate) early: Option<Bytes>,
    pub(crate) answer: EarlyAnswer,
}

/// What the SDP of a fork is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EarlyAnswer {
    /// None came, or without reliability.
    Open,
    /// It came reliably: offer and answer are done.
    Given,
    /// An UPDATE changed it since, so that what the 2xx repeats is old.
    Changed,
}

/// Our INVITE without a final response.
#[derive(Debug)]
pub(crate) struct OutgoingCall {
    /// The transaction it is in; a challenge starts another.
    pub(crate) branch: String,
    pub(crate) cancel: Cancel,
    pub(crate) forks: Vec<Fork>,
    /// Which challenges were answered.
    pub(crate) answered: Answered,
    /// How often a longer session interval was asked for.
    pub(crate) raised: u8,
}

impl OutgoingCall {
    pub(crate) fn new(branch: String) -> Self {
        Self { branch, cancel: Cancel::Unwanted, forks: Vec::new(), answered: Answered::default(), raised: 0 }
    }

    /// The early dialog with this tag of the peer's.
    pub(crate) fn fork(&mut self, tag: &str) -> Option<&mut Fork> {
        self.forks.iter_mut().find(|fork| fork.tag == tag)
    }

    /// The early dialog of a response, which may be new; `None` when there are too many.
    pub(crate) fn fork_or_new(&mut self, tag: String, path: impl FnOnce() -> Path) -> Option<&mut Fork> {
        let at = match self.forks.iter().position(|fork| fork.tag == tag) {
            Some(at) => at,
            None if self.forks.len() >= MAX_FORKS => return None,
            None => {
                let (path, answer) = (path(), EarlyAnswer::Open);
                self.forks.push(Fork { tag, path, remote_seq: None, rseq: None, early: None, answer });
                self.forks.len() - 1
            }
        };
        self.forks.get_mut(at)
    }
}
