//! What we ask of others outside any call: OPTIONS to trunks, and registrations of ours.
//!
//! Shape: an [`Ask`] is one of the orders of signalling; who asked is remembered here until the endpoint has told what came of it.
//! Errors: what the endpoint refuses is told at once; a keeper that does not read its news loses those that the next replaces.

use std::{collections::HashMap, time::Instant};

use antiphon_sip::{Endpoint, Event, Flow, Outcome, OutsideRequest, Registration, RegistrationId, RequestId, SipError};
use tokio::sync::{mpsc, oneshot};

use super::{Order, Signalling};

/// News of a registration that wait for its keeper; each replaces what the one before said.
const NEWS: usize = 16;

/// What is asked.
#[derive(Debug)]
pub enum Ask {
    /// Send a request outside any dialog and say what came of it.
    Request(Box<OutsideRequest>, oneshot::Sender<Outcome>),
    /// Register and stay registered; news come to the queue.
    Register(Box<Registration>, mpsc::Sender<Event>, oneshot::Sender<Result<RegistrationId, SipError>>),
    /// Register again now.
    Refresh(RegistrationId),
    /// Register over another flow.
    Move(RegistrationId, Flow),
    /// Take a registration away.
    Unregister(RegistrationId),
}

/// Who asked what.
#[derive(Debug, Default)]
pub(super) struct Asked {
    requests: HashMap<RequestId, oneshot::Sender<Outcome>>,
    registrations: HashMap<RegistrationId, mpsc::Sender<Event>>,
}

impl Asked {
    pub(super) fn carry_out(&mut self, now: Instant, endpoint: &mut Endpoint, ask: Ask) -> Result<(), SipError> {
        match ask {
            Ask::Request(request, reply) => {
                // Without a reply, whoever asked takes it for silence.
                let id = endpoint.request(now, *request)?;
                self.requests.insert(id, reply);
                Ok(())
            }
            Ask::Register(registration, news, reply) => {
                let registered = endpoint.register(now, *registration);
                if let Ok(id) = registered {
                    self.registrations.insert(id, news);
                }
                match reply.send(registered) {
                    Ok(()) => Ok(()),
                    // Whoever asked has gone meanwhile.
                    Err(Ok(id)) => endpoint.unregister(now, id),
                    Err(Err(error)) => Err(error),
                }
            }
            Ask::Refresh(id) => endpoint.refresh_registration(now, id),
            Ask::Move(id, flow) => endpoint.move_registration(now, id, flow),
            Ask::Unregister(id) => endpoint.unregister(now, id),
        }
    }

    /// Tells whoever asked.
    pub(super) fn hear(&mut self, event: Event) {
        let (registration, over) = match event {
            Event::Responded { request, outcome } => {
                if let Some(reply) = self.requests.remove(&request) {
                    // Whoever asked may have stopped waiting.
                    let _ = reply.send(outcome);
                }
                return;
            }
            Event::Registered { registration, .. } | Event::RegistrationFailed { registration, .. } => {
                (registration, false)
            }
            Event::Unregistered { registration } => (registration, true),
            _ => return,
        };
        if let Some(news) = self.registrations.get(&registration)
            && news.try_send(event).is_err()
        {
            metrics::counter!("antiphon_events_waiting_total").increment(1);
        }
        if over {
            self.registrations.remove(&registration);
        }
    }
}

/// A registration of ours: its name, and the queue of what becomes of it.
pub type Kept = (RegistrationId, mpsc::Receiver<Event>);

impl Signalling {
    /// Sends a request outside any dialog; what came of it, which takes 32 s at most. `None` when it could not be sent at all.
    pub async fn request(&self, request: OutsideRequest) -> Option<Outcome> {
        let (reply, outcome) = oneshot::channel();
        self.order(Order::Ask(Ask::Request(Box::new(request), reply))).await;
        outcome.await.ok()
    }

    /// Registers with a registrar and stays registered.
    ///
    /// # Errors
    /// As the endpoint says.
    pub async fn register(&self, registration: Registration) -> Result<Kept, SipError> {
        let (news, queue) = mpsc::channel(NEWS);
        let (reply, registered) = oneshot::channel();
        self.order(Order::Ask(Ask::Register(Box::new(registration), news, reply))).await;
        let id = registered.await.unwrap_or(Err(SipError::UnknownRegistration))?;
        Ok((id, queue))
    }

    /// Something about a request or registration of ours.
    pub async fn ask(&self, ask: Ask) {
        self.order(Order::Ask(ask)).await;
    }
}
