//! Transferring the peer of a dialog, and being told how it goes.
//!
//! Shape: an order in, REFER out; NOTIFYs in, events out; exactly one [`Event::Referred`] for each REFER.
//! Time: after 202 the first NOTIFY is waited for 64 * T1, each further one as long as the peer says, up to 5 min.
//! Errors: a NOTIFY that belongs to nothing gets 481, one of another package 489; what it says wrongly counts as nothing.
//! Sources: RFC 3515 §2.4, RFC 3891 §4 (attended transfer), RFC 3892, RFC 4488, RFC 6665 §4.1.3.

use super::Endpoint;
use super::inside::{Inside, Settled};
use super::send::SUPPORTED;
use crate::dialog::{ReferReceived, ReferSent, State};
use crate::error::SipError;
use crate::event::{DialogId, Event};
use crate::flow::Flow;
use crate::message::{Headers, Method, NameAddr, Params, Request, StatusCode, Uri};
use crate::message::{is_without_subscription, parse_seconds, sipfrag_status};
use crate::transaction::Purpose;
use bytes::Bytes;
use std::time::{Duration, Instant};

/// How long a NOTIFY is waited for after another, when it does not say.
const NEXT_NOTIFY: Duration = Duration::from_secs(180);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Packages whose NOTIFYs nobody subscribed to here, and which phones and registrars send all the same: message waiting,
/// and requests that only keep a NAT open. Their senders take a refusal for a dead registration.
const UNSOLICITED: &[&str] = &["message-summary", "keep-alive"];

/// How a REFER is sent.
#[derive(Debug, Clone, Default)]
pub struct ReferOptions {
    /// Another dialog of ours, whose peer is the target: the two shall talk to each other, in place of that call.
    pub replaces: Option<DialogId>,
    /// Who asks (RFC 3892).
    pub referred_by: Option<NameAddr>,
    /// Whether to do without being told how it goes, if the peer knows RFC 4488.
    pub norefersub: bool,
}

/// What came of a REFER of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferOutcome {
    /// The peer called the target, which said this in the end: 2xx is success.
    Completed(StatusCode),
    /// The peer refused to.
    Refused(StatusCode),
    /// The peer agreed, and nothing more will be told: by agreement, or because it never did.
    Unreported,
    /// The dialog ended first. A peer that was asked and hangs up has mostly done what it was asked.
    HungUp,
    /// The peer did not answer the REFER.
    TimedOut,
    /// The transport could not carry it.
    TransportFailed,
}

impl Endpoint {
    /// Asks the peer of an answered call to call `target`, and to let us know. [`Event::ReferProgress`] and
    /// [`Event::Referred`] say how it goes; the call itself goes on until someone hangs up.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`] (also of `replaces`), [`SipError::WrongState`] before the answer and while another REFER
    /// is open, [`SipError::Full`].
    pub fn refer(
        &mut self,
        now: Instant,
        dialog: DialogId,
        target: Uri,
        options: ReferOptions,
    ) -> Result<(), SipError> {
        let found = self.live(dialog)?;
        let open = self.transfers.get(&dialog).is_some_and(|transfers| transfers.sent.is_some());
        if !matches!(found.state, State::Confirmed(_)) || open {
            return Err(SipError::WrongState);
        }
        let mut headers = Headers::default();
        let mut target = target.as_target();
        if let Some(other) = options.replaces {
            target = target.with_header("Replaces", &self.known_to_peer(other)?.to_string());
        }
        headers.push("Refer-To", NameAddr::new(target).to_string());
        if let Some(by) = &options.referred_by {
            headers.push("Referred-By", by.to_string());
        }
        if options.norefersub {
            headers.push("Refer-Sub", "false");
        }
        headers.push("Contact", self.listeners.contact(found.path.flow, None, found.path.target()));
        headers.push("Supported", SUPPORTED);
        let request = Inside { purpose: Purpose::Refer, method: Method::Refer, headers, body: Bytes::new() };
        let cseq = self.send_inside(now, dialog, request)?;
        let transfers = self.transfers.entry(dialog).or_default();
        transfers.sent = Some(ReferSent { cseq, give_up_at: None });
        transfers.ever_sent = true;
        Ok(())
    }

    /// The REFER itself was answered, or was not.
    pub(super) fn refer_settled(&mut self, now: Instant, id: DialogId, settled: Settled<'_>) {
        let outcome = match settled {
            Settled::TimedOut => ReferOutcome::TimedOut,
            Settled::TransportFailed => ReferOutcome::TransportFailed,
            Settled::Answered(response) if response.status.is_rejection() => ReferOutcome::Refused(response.status),
            Settled::Answered(response) if is_without_subscription(&response.common.headers) => {
                ReferOutcome::Unreported
            }
            Settled::Answered(response) => {
                let give_up_at = now + self.config.timers.give_up();
                let Some(sent) = self.transfers.get_mut(&id).and_then(|transfers| transfers.sent.as_mut()) else {
                    return;
                };
                // A NOTIFY that overtook this answer has set its own end.
                if sent.give_up_at.is_none() {
                    sent.give_up_at = Some(give_up_at);
                    self.events.push_back(Event::ReferProgress { dialog: id, status: response.status });
                }
                return self.reschedule_transfers(id);
            }
        };
        self.referred(id, outcome);
    }

    /// Reports the end of a REFER of ours, if it is open.
    pub(super) fn referred(&mut self, id: DialogId, outcome: ReferOutcome) {
        let open = self.transfers.get_mut(&id).and_then(|transfers| transfers.sent.take());
        if open.is_some() {
            self.events.push_back(Event::Referred { dialog: id, outcome });
            self.reschedule_transfers(id);
        }
    }

    /// A NOTIFY inside a dialog.
    pub(super) fn receive_notify(&mut self, now: Instant, flow: Flow, request: &Request, id: DialogId) {
        if package(request) != "refer" {
            return self.receive_notify_outside(now, flow, request);
        }
        let last = self.dialogs.get(&id).map_or(0, |dialog| dialog.path.local_seq);
        let transfers = self.transfers.get(&id);
        let known = transfers.is_some_and(|transfers| match (&transfers.sent, event_id(request)) {
            (Some(sent), Some(cseq)) => (sent.cseq..=last).contains(&cseq),
            // A NOTIFY after the final one may only say that this was it.
            _ => transfers.ever_sent,
        });
        if !known {
            return self.answer_at_once(now, flow, request, StatusCode::NO_SUCH_TRANSACTION, self.response_headers());
        }
        self.answer_at_once(now, flow, request, StatusCode::OK, self.response_headers());
        let status = sipfrag_status(request.body());
        let (terminated, expires) = subscription(request);
        match status {
            Some(status) if status.is_final() => return self.referred(id, ReferOutcome::Completed(status)),
            _ if terminated => return self.referred(id, ReferOutcome::Unreported),
            _ => {}
        }
        let Some(sent) = self.transfers.get_mut(&id).and_then(|transfers| transfers.sent.as_mut()) else { return };
        let wait = expires.unwrap_or(NEXT_NOTIFY).clamp(self.config.timers.give_up(), LONGEST_WAIT);
        sent.give_up_at = Some(now + wait);
        if let Some(status) = status {
            self.events.push_back(Event::ReferProgress { dialog: id, status });
        }
        self.reschedule_transfers(id);
    }

    /// A NOTIFY that belongs to no REFER of ours.
    pub(super) fn receive_notify_outside(&mut self, now: Instant, flow: Flow, request: &Request) {
        let status = match package(request).as_str() {
            package if UNSOLICITED.contains(&package) => StatusCode::OK,
            "refer" => StatusCode::NO_SUCH_TRANSACTION,
            _ => return self.refuse_package(now, flow, request),
        };
        self.answer_at_once(now, flow, request, status, self.response_headers());
    }

    /// Whether this is a NOTIFY that is taken even from nowhere.
    pub(super) fn is_unsolicited(request: &Request) -> bool {
        *request.method() == Method::Notify && UNSOLICITED.contains(&package(request).as_str())
    }

    /// SUBSCRIBE to, and NOTIFY of what we know nothing of: 489 says what there is (RFC 6665 §4.1.3, §4.2.1.1).
    pub(super) fn refuse_package(&mut self, now: Instant, flow: Flow, request: &Request) {
        let mut headers = self.response_headers();
        headers.push("Allow-Events", "refer, message-summary");
        self.answer_at_once(now, flow, request, StatusCode::BAD_EVENT, headers);
    }

    /// The dialog is over, and with it what is told inside it. An undecided REFER of the peer still gets its answer.
    pub(super) fn close_transfers(&mut self, id: DialogId) {
        self.referred(id, ReferOutcome::HungUp);
        let give_up = self.config.timers.give_up();
        match self.transfers.get_mut(&id).and_then(|transfers| transfers.received.as_mut()) {
            // Nobody will decide it any more: it is due at once, and its transaction ends in time.
            Some(ReferReceived::Asked { give_up_at, .. }) => {
                *give_up_at = give_up_at.checked_sub(give_up).unwrap_or(*give_up_at);
            }
            _ => drop(self.transfers.remove(&id)),
        }
        self.reschedule_transfers(id);
    }

    pub(super) fn reschedule_transfers(&mut self, id: DialogId) {
        let deadline = self.transfers.get(&id).and_then(crate::dialog::Transfers::deadline);
        self.transfer_wakes.set(&id, deadline);
    }

    /// Gives up what was waited for too long.
    pub(super) fn wake_transfers(&mut self, now: Instant) {
        while let Some(id) = self.transfer_wakes.take_due(now) {
            let sent = self.transfers.get(&id).and_then(|transfers| transfers.sent.as_ref());
            if sent.and_then(|sent| sent.give_up_at).is_some_and(|at| at <= now) {
                self.referred(id, ReferOutcome::Unreported);
            }
            self.wake_received(now, id);
            self.reschedule_transfers(id);
        }
    }
}

/// The event package of a request, in lower case; empty without `Event`.
fn package(request: &Request) -> String {
    let event = request.header("Event").unwrap_or_default();
    event.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The `id` of an `Event`.
fn event_id(request: &Request) -> Option<u32> {
    let (_, params) = request.header("Event")?.split_once(';')?;
    Params::parse(params).ok()?.value("id")?.parse().ok()
}

/// Whether a NOTIFY ends its subscription, and how long that lasts otherwise.
fn subscription(request: &Request) -> (bool, Option<Duration>) {
    let value = request.header("Subscription-State").unwrap_or_default();
    let (state, params) = value.split_once(';').unwrap_or((value, ""));
    let params = Params::parse(params).unwrap_or_default();
    let expires = params.value("expires").and_then(|value| parse_seconds(&value));
    (state.trim().eq_ignore_ascii_case("terminated"), expires)
}
