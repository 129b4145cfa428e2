//! Calls that take the place of another: the end of an attended transfer.
//!
//! Shape: an INVITE with `Replaces` in; the dialog of ours that it means out. Whether it may is the owner's to decide, who
//! answers the new call and hangs up the old one.
//! Errors: 400 for a header that cannot be read or stands twice, 481 for no such dialog or one that only rings here, 486
//! for `early-only` and an answered call, 603 for a dialog that is over.
//! Sources: RFC 3891 §3, §6.1.

use super::Endpoint;
use crate::dialog::{Announced, State};
use crate::error::SipError;
use crate::event::DialogId;
use crate::message::{Replaces, Request, StatusCode, Uri};

/// What stands for the tag of a peer that has none (RFC 3891 §3).
const NO_TAG: &str = "0";

impl Endpoint {
    /// The dialog that an INVITE takes the place of, or the status that refuses it.
    pub(super) fn replaced_by(&self, invite: &Request) -> Result<Option<DialogId>, StatusCode> {
        let Some(replaces) = invite.replaces() else { return Ok(None) };
        let replaces = replaces.map_err(|_| StatusCode::BAD_REQUEST)?;
        let id = self.find_replaced(&replaces).ok_or(StatusCode::NO_SUCH_TRANSACTION)?;
        let dialog = self.dialogs.get(&id).ok_or(StatusCode::NO_SUCH_TRANSACTION)?;
        match dialog.state {
            _ if dialog.announced == Announced::Ended => Err(StatusCode::DECLINE),
            State::Leaving => Err(StatusCode::DECLINE),
            // Only who began an early dialog may have it replaced.
            State::Incoming(_) => Err(StatusCode::NO_SUCH_TRANSACTION),
            State::Confirmed(_) if replaces.early_only => Err(StatusCode::BUSY_HERE),
            State::Confirmed(_) | State::Calling(_) => Ok(Some(id)),
        }
    }

    /// The dialog of ours that a `Replaces` means, in the eyes of its peer. With it an owner can see that both calls of an
    /// attended transfer end here ([`ReferRequest::replaces`](crate::ReferRequest::replaces)).
    pub fn find_replaced(&self, replaces: &Replaces) -> Option<DialogId> {
        let id = *self.by_tag.get(&replaces.to_tag)?;
        let from_tag = Some(replaces.from_tag.as_str());
        let is_from_peer =
            |tag: Option<&str>| self.dialogs.get(&id).is_some_and(|dialog| dialog.is_from_peer(&replaces.call_id, tag));
        let untagged = replaces.from_tag == NO_TAG && is_from_peer(None);
        (is_from_peer(from_tag) || untagged).then_some(id)
    }

    /// A dialog of ours as the peer of it knows it, for a `Replaces` that reaches that peer.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], [`SipError::WrongState`] before the answer.
    pub fn known_to_peer(&self, dialog: DialogId) -> Result<Replaces, SipError> {
        let found = self.live(dialog)?;
        if !matches!(found.state, State::Confirmed(_)) {
            return Err(SipError::WrongState);
        }
        Ok(Replaces {
            call_id: found.path.call_id.clone(),
            to_tag: found.remote_tag.clone().unwrap_or_else(|| NO_TAG.to_owned()),
            from_tag: found.local_tag.clone(),
            early_only: false,
        })
    }

    /// Where the peer of a dialog wants to be reached: its contact, which an attended transfer refers others to.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`].
    pub fn remote_target(&self, dialog: DialogId) -> Result<Uri, SipError> {
        Ok(self.live(dialog)?.path.target().clone())
    }
}
