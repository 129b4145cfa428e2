//! Being asked to call someone else, and telling how it goes.
//!
//! Shape: a REFER in, an event out; the owner's decision in, 202 and NOTIFYs out.
//! Time: the owner has 32 * T1, then the REFER is declined, so that the peer hears it before its own end (RFC 4320); a
//! transfer is told of for 3 min.
//! Errors: 400 for a REFER that cannot be read, 491 for a second one at a time, 403 outside a call (whom we are not talking
//! to cannot make us call anyone).
//! Sources: RFC 3515 §2.4, RFC 4488, RFC 6665 §4.2.2.

use super::Endpoint;
use super::inside::{Inside, Settled};
use crate::dialog::{Announced, ReferReceived, State};
use crate::error::SipError;
use crate::event::{DialogId, Event};
use crate::flow::Flow;
use crate::message::{Headers, Method, ReferRequest, Request, StatusCode};
use crate::message::{SIPFRAG, is_without_subscription, sipfrag};
use crate::transaction::{Purpose, ServerKey, ServerOwner};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// How long a transfer is told of.
const SUBSCRIPTION: Duration = Duration::from_secs(180);

impl Endpoint {
    /// A REFER inside a dialog.
    pub(super) fn receive_refer(
        &mut self,
        now: Instant,
        flow: Flow,
        key: ServerKey,
        refer: Box<Request>,
        id: DialogId,
    ) {
        let asked = match ReferRequest::of(&refer) {
            Ok(asked) => asked,
            Err(why) => {
                tracing::debug!(peer = %flow.peer, %why, "malformed REFER");
                return self.answer_at_once(now, flow, &refer, StatusCode::BAD_REQUEST, self.response_headers());
            }
        };
        let confirmed = self.dialogs.get(&id).is_some_and(|dialog| matches!(dialog.state, State::Confirmed(_)));
        let busy = self.transfers.get(&id).is_some_and(|transfers| transfers.received.is_some());
        if !confirmed || busy {
            return self.answer_at_once(now, flow, &refer, StatusCode::REQUEST_PENDING, self.response_headers());
        }
        self.begin_other(now, flow, &key, &refer, ServerOwner::Endpoint);
        let give_up_at = now + self.config.timers.t1 * 32;
        let transfers = self.transfers.entry(id).or_default();
        transfers.received = Some(ReferReceived::Asked { key, request: refer, give_up_at });
        self.reschedule_transfers(id);
        self.events.push_back(Event::ReferRequested { dialog: id, refer: Box::new(asked) });
    }

    /// Agrees to a REFER: 202, and NOTIFY with 100 unless the peer does not want to be told.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], or [`SipError::WrongState`] when no REFER waits.
    pub fn accept_refer(&mut self, now: Instant, dialog: DialogId) -> Result<(), SipError> {
        let (key, request) = self.asked(dialog)?;
        let untold = is_without_subscription(&request.common.headers);
        let mut headers = self.response_headers();
        let path = &self.live(dialog)?.path;
        headers.push("Contact", self.listeners.contact(path.flow, None, path.target()));
        if untold {
            headers.push("Refer-Sub", "false");
        }
        self.answer_other(now, &key, &request, StatusCode::ACCEPTED, headers, Bytes::new());
        let transfers = self.transfers.entry(dialog).or_default();
        if untold {
            transfers.received = Some(ReferReceived::Untold);
        } else {
            // Only the first REFER of a dialog can do without saying which it is (RFC 3515 §2.4.6).
            let first = transfers.accepted == 0;
            let event = if first { "refer".to_owned() } else { format!("refer;id={}", request.cseq().number) };
            transfers.accepted += 1;
            transfers.received = Some(ReferReceived::Accepted {
                event,
                told: StatusCode::TRYING,
                next: Some(StatusCode::TRYING),
                notifying: false,
                expires_at: now + SUBSCRIPTION,
            });
            self.notify_next(now, dialog);
        }
        self.reschedule_transfers(dialog);
        Ok(())
    }

    /// Refuses a REFER; 603 is the usual status.
    ///
    /// # Errors
    /// [`SipError::WrongStatus`] below 300; else as [`accept_refer`](Self::accept_refer).
    pub fn reject_refer(&mut self, now: Instant, dialog: DialogId, status: StatusCode) -> Result<(), SipError> {
        let (key, request) = self.asked(dialog)?;
        if !status.is_rejection() {
            return Err(SipError::WrongStatus);
        }
        self.answer_other(now, &key, &request, status, self.response_headers(), Bytes::new());
        self.transfers.entry(dialog).or_default().received = None;
        self.reschedule_transfers(dialog);
        Ok(())
    }

    /// Tells the peer how the call to the target goes. A final status ends it. While a NOTIFY is on its way, the latest
    /// status waits. Nothing is sent to a peer that does not want to be told.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], or [`SipError::WrongState`] when no REFER was accepted, or the peer has lost interest.
    pub fn notify_refer(&mut self, now: Instant, dialog: DialogId, status: StatusCode) -> Result<(), SipError> {
        self.live(dialog)?;
        let transfers = self.transfers.get_mut(&dialog).ok_or(SipError::WrongState)?;
        match &mut transfers.received {
            Some(ReferReceived::Untold) => {
                if status.is_final() {
                    transfers.received = None;
                }
            }
            Some(ReferReceived::Accepted { next, told, .. })
                if !next.is_some_and(StatusCode::is_final) && !told.is_final() =>
            {
                *next = Some(status);
                self.notify_next(now, dialog);
            }
            _ => return Err(SipError::WrongState),
        }
        Ok(())
    }

    /// A NOTIFY of ours was answered, or was not.
    pub(super) fn notify_settled(&mut self, now: Instant, id: DialogId, settled: Settled<'_>) {
        let Some(transfers) = self.transfers.get_mut(&id) else { return };
        let Some(ReferReceived::Accepted { told, notifying, .. }) = &mut transfers.received else { return };
        *notifying = false;
        let heard = settled.status().is_some_and(StatusCode::is_success);
        if heard && !told.is_final() {
            self.notify_next(now, id);
        } else {
            // It was the last one, or nobody listens any more.
            transfers.received = None;
        }
        self.reschedule_transfers(id);
    }

    /// Sends the NOTIFY that waits, unless another is on its way.
    fn notify_next(&mut self, now: Instant, id: DialogId) {
        let Some(transfers) = self.transfers.get_mut(&id) else { return };
        let Some(ReferReceived::Accepted { event, told, next, notifying, expires_at }) = &mut transfers.received else {
            return;
        };
        if *notifying {
            return;
        }
        let Some(status) = next.take() else { return };
        let left = expires_at.saturating_duration_since(now).as_secs();
        let state = if status.is_final() {
            "terminated;reason=noresource".to_owned()
        } else {
            format!("active;expires={left}")
        };
        (*told, *notifying) = (status, true);
        let event = event.clone();
        self.send_notify(now, id, &event, &state, status);
    }

    fn send_notify(&mut self, now: Instant, id: DialogId, event: &str, state: &str, status: StatusCode) {
        let Some(path) = self.dialogs.get(&id).map(|dialog| &dialog.path) else { return };
        let mut headers = Headers::default();
        headers.push("Event", event);
        headers.push("Subscription-State", state);
        headers.push("Contact", self.listeners.contact(path.flow, None, path.target()));
        headers.push("Content-Type", SIPFRAG);
        let body = Bytes::from(sipfrag(status));
        let request = Inside { purpose: Purpose::Notify, method: Method::Notify, headers, body };
        if self.send_inside(now, id, request).is_err()
            && let Some(transfers) = self.transfers.get_mut(&id)
        {
            transfers.received = None;
        }
    }

    /// A REFER that nobody decided, or a transfer that took too long.
    pub(super) fn wake_received(&mut self, now: Instant, id: DialogId) {
        let over = self.dialogs.get(&id).is_none_or(|dialog| dialog.announced == Announced::Ended);
        let Some(transfers) = self.transfers.get_mut(&id) else { return };
        match &transfers.received {
            Some(ReferReceived::Asked { key, request, give_up_at }) if *give_up_at <= now => {
                let (key, request) = (key.clone(), request.clone());
                let status = if over { StatusCode::NO_SUCH_TRANSACTION } else { StatusCode::DECLINE };
                transfers.received = None;
                self.answer_other(now, &key, &request, status, self.response_headers(), Bytes::new());
                if over {
                    self.transfers.remove(&id);
                }
            }
            Some(ReferReceived::Accepted { event, told, expires_at, .. }) if *expires_at <= now => {
                let (event, told) = (event.clone(), *told);
                transfers.received = None;
                self.send_notify(now, id, &event, "terminated;reason=timeout", told);
            }
            _ => {}
        }
    }

    /// The REFER that waits for our owner.
    fn asked(&self, dialog: DialogId) -> Result<(ServerKey, Box<Request>), SipError> {
        self.live(dialog)?;
        match self.transfers.get(&dialog).and_then(|transfers| transfers.received.as_ref()) {
            Some(ReferReceived::Asked { key, request, .. }) => Ok((key.clone(), request.clone())),
            _ => Err(SipError::WrongState),
        }
    }
}
