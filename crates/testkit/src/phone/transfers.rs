//! A phone that transfers others, is transferred, and takes the place of others.
//!
//! Shape: REFER out with what came of it; what it does with a REFER that comes; INVITE with `Replaces`.
//! Sources: RFC 3515, RFC 3891, RFC 4488.

use super::{Offer, Order, SimPhone};
use antiphon_sip::{ReferOutcome, StatusCode};
use tokio::sync::oneshot;

/// What a phone does with a REFER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referring {
    /// It refuses with this status.
    Refuses(u16),
    /// It agrees, and tells that the target answered.
    Completes,
    /// It agrees, and tells that the target said this.
    Fails(u16),
    /// It agrees, and tells nothing more than 100.
    Agrees,
    /// It agrees and hangs up.
    HangsUp,
}

/// How a REFER is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// The far end tells how it goes.
    Wanted,
    /// RFC 4488: it need not.
    NotWanted,
}

/// A REFER that was sent.
pub struct Refer {
    name: &'static str,
    outcome: oneshot::Receiver<ReferOutcome>,
}

impl Refer {
    /// What came of it.
    ///
    /// # Panics
    /// When that takes ten minutes, or the REFER could not be sent.
    pub async fn outcome(self) -> ReferOutcome {
        let waited = tokio::time::timeout(super::PATIENCE, self.outcome).await;
        let outcome = waited.unwrap_or_else(|_| panic!("nothing came of the REFER of {}", self.name));
        outcome.unwrap_or_else(|_| panic!("{} could not send its REFER", self.name))
    }
}

impl SimPhone {
    /// Asks the far end of its call to call this URI; it may carry `?Replaces=`.
    pub async fn refer(&self, to: &str) -> Refer {
        self.refer_with(to, Subscription::Wanted).await
    }

    /// The same, with or without being told how it goes.
    pub async fn refer_with(&self, to: &str, subscription: Subscription) -> Refer {
        let (reply, outcome) = oneshot::channel();
        let norefersub = subscription == Subscription::NotWanted;
        self.order(Order::Refer { to: to.to_owned(), norefersub, reply }).await;
        Refer { name: self.setup().name, outcome }
    }

    /// Says what it does with REFERs from now on; at first it refuses them with 603.
    pub async fn on_refer(&self, referring: Referring) {
        self.order(Order::OnRefer(referring)).await;
    }

    /// Says in its REFERs from now on who asks.
    pub async fn says_it_refers_as(&self, who: &str) {
        self.order(Order::ReferAs(who.to_owned())).await;
    }

    /// Calls in place of somebody: `replaces` is the value of the header.
    pub async fn call_replacing(&self, user: &str, replaces: &str) {
        self.place(user, Offer::Replacing(replaces.to_owned())).await;
    }

    /// Its last call as the far end knows it: what a `Replaces` has to say to mean it.
    ///
    /// # Panics
    /// When no call of it was answered.
    pub fn dialog(&self) -> String {
        let messages = self.messages();
        let tag = |value: Option<&str>| {
            let tag = value.and_then(|value| value.rsplit_once(";tag=")).map(|(_, tag)| tag.to_owned());
            tag.unwrap_or_else(|| panic!("{} has no dialog", self.setup().name))
        };
        let called = messages.iter().rev().map(|(_, message)| message).find(|message| {
            let answered = message.status() == Some(200) && message.cseq_method() == "INVITE";
            answered || message.method() == Some("ACK")
        });
        let message = called.unwrap_or_else(|| panic!("no call of {} was answered", self.setup().name));
        let call_id = message.header("Call-ID").unwrap_or_default();
        let (from, to) = (tag(message.header("From")), tag(message.header("To")));
        match message.method() {
            // The ACK of the far end's own INVITE.
            Some(_) => format!("{call_id};to-tag={from};from-tag={to}"),
            None => format!("{call_id};to-tag={to};from-tag={from}"),
        }
    }

    /// The statuses that NOTIFYs told of a transfer, in order.
    pub fn notified(&self) -> Vec<u16> {
        let status = |body: &str| body.split_whitespace().nth(1)?.parse().ok();
        self.requests("NOTIFY").iter().filter_map(|notify| status(&notify.body)).collect()
    }
}

/// The status that a final NOTIFY of this behaviour tells; `None` for no such NOTIFY.
pub(super) fn told(referring: Referring) -> Option<StatusCode> {
    match referring {
        Referring::Completes => Some(StatusCode::OK),
        Referring::Fails(status) => StatusCode::new(status),
        Referring::Refuses(_) | Referring::Agrees | Referring::HangsUp => None,
    }
}
