//! Subscriptions of peers to states of ours.
//!
//! Shape: a SUBSCRIBE in, [`Event::Subscribing`] out; the owner accepts or refuses, tells news, and hears of each end once.
//! Time: each ends an hour after its last SUBSCRIBE at the latest.
//! Errors: 489 for a package that we do not have, 406 for a body that we do not write, 423 for too short a time, 503 when the table is full.
//! A subscriber that does not take a NOTIFY is subscribed no more.
//! Sources: RFC 6665 §4.2.1, §4.2.2, §4.4.1; RFC 3842.

use super::Endpoint;
use crate::dialog::Path;
use crate::error::SipError;
use crate::event::{Event, RequestId, SubscriptionId};
use crate::flow::Flow;
use crate::message::build::{Answer, Outgoing, response};
use crate::message::{Headers, Method, Request, StatusCode};
use crate::subscription::{self, Notice, Package, Subscription, SubscriptionEnd};
use crate::transaction::{ClientOwner, ServerKey, ServerMachine};
use bytes::Bytes;
use std::time::{Duration, Instant};

use super::inside::Settled;

impl Endpoint {
    /// A SUBSCRIBE that begins something.
    pub(super) fn receive_subscribe(&mut self, now: Instant, flow: Flow, key: ServerKey, request: Box<Request>) {
        let Some(package) = Package::of(&request) else { return self.refuse_package(now, flow, &request) };
        let (status, headers) = if !package.is_accepted(&request) {
            (StatusCode::NOT_ACCEPTABLE, self.response_headers())
        } else if subscription::wanted(&request).is_none() {
            (StatusCode::INTERVAL_TOO_BRIEF, self.too_brief())
        } else if self.subscriptions.len() >= self.config.max_subscriptions {
            (StatusCode::SERVICE_UNAVAILABLE, self.retry_after(self.config.retry_after))
        } else if Path::of_invite(&request, flow, "", 0).is_err() {
            (StatusCode::BAD_REQUEST, self.response_headers())
        } else {
            let id = self.wait_for_owner(now, flow, key, &request);
            return self.events.push_back(Event::Subscribing { request: id, flow, message: request });
        };
        self.answer_at_once(now, flow, &request, status, headers);
    }

    fn too_brief(&self) -> Headers {
        let mut headers = self.response_headers();
        headers.push("Min-Expires", subscription::SHORTEST.as_secs().to_string());
        headers
    }

    /// Accepts a SUBSCRIBE, and tells the subscriber the state as it is. [`Event::SubscriptionEnded`] follows, once: at once where the
    /// peer only asks.
    ///
    /// # Errors
    /// [`SipError::UnknownRequest`] when it was answered or given up.
    pub fn accept_subscription(
        &mut self,
        now: Instant,
        request: RequestId,
        notice: Notice,
    ) -> Result<SubscriptionId, SipError> {
        let key = self.requests.remove(&request).ok_or(SipError::UnknownRequest)?;
        let asked = self.transactions.with_server(&key, |entry| Some((entry.flow, entry.request.take()?)));
        let (flow, asked) = asked.flatten().ok_or(SipError::UnknownRequest)?;
        let package = Package::of(&asked).ok_or(SipError::UnknownRequest)?;
        let local_tag = self.tokens.token();
        let path = Path::of_invite(&asked, flow, &local_tag, 0).map_err(|_| SipError::UnknownRequest)?;
        let lasts = subscription::wanted(&asked).unwrap_or_default();
        let id = SubscriptionId(self.fresh_id());
        let subscription = Subscription {
            path,
            local_tag: local_tag.clone(),
            remote_tag: asked.from().tag(),
            remote_seq: asked.cseq().number,
            package,
            event_id: subscription::event_id(&asked),
            notice,
            ends_at: now + lasts,
            over: lasts.is_zero().then_some(SubscriptionEnd::TimedOut),
            is_notifying: false,
            has_news: false,
        };
        let headers = self.granted(flow, &subscription, &asked, lasts);
        let answer = Answer { tag: Some(&local_tag), ..Answer::bare(StatusCode::OK, headers) };
        let payload = response(&asked, &answer);
        self.transactions.with_server(&key, |entry| {
            if let ServerMachine::Other(machine) = &mut entry.machine {
                machine.answered(now, entry.timing, payload.clone());
            }
        });
        self.transmit(flow, payload);
        self.subscriptions_by_tag.insert(local_tag, id);
        self.subscriptions.insert(id, subscription);
        self.notify_subscriber(now, id);
        Ok(id)
    }

    /// The headers of a 200 to a SUBSCRIBE.
    fn granted(&self, flow: Flow, subscription: &Subscription, request: &Request, lasts: Duration) -> Headers {
        let mut headers = self.response_headers();
        let user = subscription.path.local_user();
        headers.push("Contact", self.listeners.contact(flow, user.as_deref(), request.uri()));
        headers.push("Expires", lasts.as_secs().to_string());
        headers
    }

    /// The subscription of a request that carries our tag.
    pub(super) fn subscription_of(&self, request: &Request) -> Option<SubscriptionId> {
        let id = *self.subscriptions_by_tag.get(&request.to().tag()?)?;
        let is_its = |it: &&Subscription| it.over.is_none() && it.is_from_peer(request);
        self.subscriptions.get(&id).filter(is_its).map(|_| id)
    }

    /// A SUBSCRIBE that goes on with something, or ends it.
    pub(super) fn receive_resubscribe(&mut self, now: Instant, flow: Flow, request: &Request, id: SubscriptionId) {
        let Some(found) = self.subscriptions.get_mut(&id) else { return };
        let number = request.cseq().number;
        if number < found.remote_seq {
            return self.answer_at_once(now, flow, request, StatusCode::SERVER_ERROR, self.response_headers());
        }
        found.remote_seq = number;
        let Some(lasts) = subscription::wanted(request) else {
            return self.answer_at_once(now, flow, request, StatusCode::INTERVAL_TOO_BRIEF, self.too_brief());
        };
        found.path.refresh(request, flow);
        found.ends_at = now + lasts;
        if lasts.is_zero() {
            found.over = Some(SubscriptionEnd::TimedOut);
        } else {
            self.events.push_back(Event::Resubscribed { subscription: id });
        }
        if let Some(found) = self.subscriptions.get(&id) {
            let headers = self.granted(flow, found, request, lasts);
            self.answer_at_once(now, flow, request, StatusCode::OK, headers);
        }
        self.notify_subscriber(now, id);
    }

    /// Tells a subscriber of another state.
    ///
    /// # Errors
    /// [`SipError::UnknownSubscription`] when it is over.
    pub fn notify(&mut self, now: Instant, id: SubscriptionId, notice: Notice) -> Result<(), SipError> {
        self.subscribed(id)?.notice = notice;
        self.notify_subscriber(now, id);
        Ok(())
    }

    /// Ends a subscription, and tells the subscriber so. [`Event::SubscriptionEnded`] follows.
    ///
    /// # Errors
    /// [`SipError::UnknownSubscription`] when it is over.
    pub fn end_subscription(&mut self, now: Instant, id: SubscriptionId, why: SubscriptionEnd) -> Result<(), SipError> {
        let found = self.subscribed(id)?;
        found.over = Some(why);
        // Whoever may not know is told nothing.
        if why == SubscriptionEnd::Rejected {
            found.notice.body = Bytes::new();
        }
        self.notify_subscriber(now, id);
        Ok(())
    }

    fn subscribed(&mut self, id: SubscriptionId) -> Result<&mut Subscription, SipError> {
        let found = self.subscriptions.get_mut(&id).filter(|found| found.over.is_none());
        found.ok_or(SipError::UnknownSubscription)
    }

    /// How many subscriptions there are.
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.len()
    }

    fn notify_subscriber(&mut self, now: Instant, id: SubscriptionId) {
        let branch = self.branch();
        let mut headers = self.request_headers();
        let has_room = self.transactions.clients() < self.config.max_transactions;
        let Some(found) = self.subscriptions.get_mut(&id) else { return };
        self.subscription_wakes.set(&id, found.deadline());
        if found.is_notifying {
            found.has_news = true;
            return;
        }
        if !has_room {
            return self.forget_subscription(id);
        }
        found.is_notifying = true;
        let user = found.path.local_user();
        let contact = self.listeners.contact(found.path.flow, user.as_deref(), found.path.target());
        headers.append(found.head(now, &contact));
        let body = found.notice.body.clone();
        let (flow, outgoing) = found.path.request(Method::Notify, &self.listeners, &branch);
        let outgoing = Outgoing { headers, body, ..outgoing };
        self.send_request(now, flow, outgoing, ClientOwner::Subscription(id), None);
    }

    /// Something came of a NOTIFY.
    pub(super) fn settled_subscription(&mut self, now: Instant, id: SubscriptionId, settled: Settled<'_>) {
        let is_taken = settled.status().is_some_and(StatusCode::is_success);
        let Some(found) = self.subscriptions.get_mut(&id) else { return };
        found.is_notifying = false;
        match (is_taken, std::mem::take(&mut found.has_news)) {
            (true, true) => self.notify_subscriber(now, id),
            (true, false) if found.over.is_none() => {}
            _ => self.forget_subscription(id),
        }
    }

    fn forget_subscription(&mut self, id: SubscriptionId) {
        let Some(found) = self.subscriptions.remove(&id) else { return };
        self.subscriptions_by_tag.remove(&found.local_tag);
        self.subscription_wakes.set(&id, None);
        self.events.push_back(Event::SubscriptionEnded { subscription: id });
    }

    /// Ends what has run out.
    pub(super) fn wake_subscriptions(&mut self, now: Instant) {
        while let Some(id) = self.subscription_wakes.take_due(now) {
            if let Some(found) = self.subscriptions.get_mut(&id) {
                found.over = Some(SubscriptionEnd::TimedOut);
                self.notify_subscriber(now, id);
            }
        }
    }
}
