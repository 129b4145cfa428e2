//! Calls that we place: somebody is rung, and whoever answers is the call's caller, whose script runs as if they had called.
//!
//! Shape: a [`Placement`] in, one task a call as for one that comes in; what follows the answer is `task`'s.
//! Time: the sources ring for `ring_time`; from the answer on, the call may last for `lasts`.
//! Errors: none for whoever ordered it, who has gone: a call that nobody answers is in the history with what came of it.
//! Sources: `ringme-ivr.md` 2.7 (callback), 1.7 (its variables).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{Call, Caller, CallerId, Dialed, ExtensionName, Interrupted, Request, Script};
use antiphon_sip::MAX_FORWARDS;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{
    CallEvent, INBOX,
    calling::Calling,
    executor::{Executor, PublicTransfers, Sounds, clock},
    failures::Failures,
    hunt::{Hunt, Referral},
    identity::Outward,
    leg::Leg,
    part::{self, Facts},
    reach::{self, Reach, Reading},
    task,
};
use crate::{
    callbacks::{Admitted, Order},
    calls::CallId,
    rooms::Rooms,
    store::{ClientId, Config, Extension},
    trace::{Beginning, CallTrace},
};

/// A call that is to be placed.
pub struct Placement {
    /// In whose name.
    pub extension: Arc<Extension>,
    /// The configuration that the call keeps.
    pub config: Arc<Config>,
    /// What was ordered.
    pub order: Order,
    /// Its place among those of the client.
    pub admitted: Admitted,
}

/// Places a call and says what it is called.
pub fn spawn(rooms: Arc<Rooms>, placement: Placement) -> CallId {
    let (id, at) = (CallId::new(), clock());
    let (inbox, events) = mpsc::channel(INBOX);
    rooms.calls.add(id, inbox.clone());
    let Placement { extension, config, order, .. } = &placement;
    let beginning = Beginning {
        id,
        client: extension.client,
        at,
        from: order.sources.join(" "),
        from_name: String::new(),
        to: order.callback.to.clone(),
        did: None,
        extension: extension.name.clone(),
        inbox: inbox.clone(),
    };
    let trace = rooms.trace.place(beginning, order.tag.clone());
    let span = tracing::info_span!("call", call_id = %id, extension = %extension.name, config_rev = config.revision);
    tokio::spawn(async move {
        let placing = place(rooms.clone(), placement, trace, (inbox, events), at);
        if tokio::spawn(placing.instrument(span.clone())).await.is_err() {
            metrics::counter!("antiphon_call_panics_total").increment(1);
            span.in_scope(|| tracing::error!("the call's task panicked; the call is ended"));
        }
        // It has ended already, but for a panic.
        rooms.trace.end(clock(), id, "failed");
        rooms.calls.remove(id);
    });
    id
}

async fn place(
    rooms: Arc<Rooms>,
    Placement { extension, config, order, mut admitted }: Placement,
    trace: Arc<CallTrace>,
    (inbox, mut events): (mpsc::Sender<CallEvent>, mpsc::Receiver<CallEvent>),
    at: Instant,
) {
    tracing::info!("call begins");
    let mut outward = Outward::default();
    outward.by(&extension);
    let transfers = if order.stays_inside { PublicTransfers::Refused } else { PublicTransfers::Allowed };
    // Those who ring are called by whom they are shown, and the script is the answerer's.
    let told = facts(&rooms, &config, trace.id, (&order, &order.shown));
    let calling = Calling {
        rooms: &rooms,
        facts: &told,
        config: &config,
        client: extension.client,
        call: trace.id,
        inbox: &inbox,
        worker: rooms.media.worker(),
        codec: None,
        outward: &outward,
        hops_left: MAX_FORWARDS,
        transfers,
    };
    let answered = ring(&calling, &order, &mut events).await;
    admitted.rings_no_more();
    let caller = match answered {
        Ok(caller) => caller,
        Err(outcome) => {
            metrics::counter!("antiphon_calls_total", "outcome" => outcome).increment(1);
            tracing::info!(outcome, "call ended");
            return rooms.trace.end(clock(), trace.id, outcome);
        }
    };
    trace.called_by(caller.dialog());
    trace.answered(clock());
    trace.record(|record| caller.shown.number.clone_into(&mut record.from));
    let (client, who) = (extension.client, caller.shown.clone());
    let facts = facts(&rooms, &config, trace.id, (&order, &who));
    let (call, requests) = call_of(&order, trace.id, who.clone(), &config, client);
    let parties = (caller, trace, facts);
    let mut executor = Executor::placed(rooms.clone(), config.clone(), client, parties, (inbox.clone(), events));
    executor.outward.own = who.number;
    executor.after_caller = order.after_caller;
    executor.transfers = transfers;
    executor.sounds = if order.sounds_are_accepted { Sounds::Accepted } else { Sounds::Heard };
    let act = (extension, Script::Callback(order.callback));
    tokio::select! {
        () = task::play(executor, call, requests, act, at) => {}
        () = end_after(order.lasts, inbox) => {}
    }
}

/// Rings the sources; what came of it, in a word, where nobody answers.
async fn ring(
    calling: &Calling<'_>,
    order: &Order,
    events: &mut mpsc::Receiver<CallEvent>,
) -> Result<Leg, &'static str> {
    let mut failures = Failures::default();
    let routes = match reach::routes(calling, &order.sources, Reading::OfScript, &mut failures) {
        Reach::Routes(routes) => routes,
        // The order was refused if it named one, and what it names has changed since.
        Reach::HandOver(_) => return Err("failed"),
    };
    let referral = Referral { answer_after: order.answer_after, ..Referral::default() };
    let mut hunt = Hunt::new(&order.shown, failures).referred(referral);
    let answered = hunt.run_alone(calling, routes, clock() + order.ring_time, events).await;
    answered.map_err(|why| if why == Interrupted::Shutdown { "shutdown" } else { "hung_up" })?.ok_or_else(|| match hunt
        .failures
        .outcome()
    {
        Dialed::Busy => "busy",
        Dialed::NoAnswer => "no_answer",
        Dialed::Answered { .. } | Dialed::Whispers { .. } | Dialed::HandedOver(_) | Dialed::Failed { .. } => "failed",
    })
}

/// What subscribers to events are told of a call that this one makes.
fn facts(
    rooms: &Rooms,
    config: &Arc<Config>,
    call: CallId,
    (order, CallerId { number, name }): (&Order, &CallerId),
) -> Arc<Facts> {
    let caller = Caller { number: number.clone(), name: name.clone(), ..Caller::default() };
    let (dialled, tag) = (order.callback.to.clone(), order.tag.clone());
    let beginning = part::Beginning { call, caller, did: None, phone: None, dialled, tag };
    Facts::new(rooms.events.clone(), config.clone(), beginning)
}

/// The call as its script sees it: whoever answered has called the number.
fn call_of(
    order: &Order,
    id: CallId,
    CallerId { number, name }: CallerId,
    config: &Config,
    client: ClientId,
) -> (Call, mpsc::Receiver<Request>) {
    let called = order.callback.to.rsplit_once('*').map_or(order.callback.to.as_str(), |(_, number)| number);
    let extension = config.find_extension(&number, Some(client)).filter(|extension| extension.client == client);
    let extension = extension.map(|extension| ExtensionName { id: extension.id, name: extension.name.clone() });
    let (called_did, called_number, call_id) = (called.to_owned(), order.callback.to.clone(), id.to_string());
    let caller = Caller { number, name, called_did, called_number, call_id, extension, ..Caller::default() };
    let (mut call, requests) = Call::new(caller);
    for (name, value) in order.variables.iter() {
        // There are fewer than a call may have, and each was looked at when it was ordered.
        let _ = call.vars.set(name, value);
    }
    call.callback = order.variables.clone();
    // Whoever is called by us is up before any script begins.
    call.answered = true;
    (call, requests)
}

/// Has a call hung up after so long; never ends itself.
async fn end_after(lasts: Option<Duration>, inbox: mpsc::Sender<CallEvent>) {
    if let Some(lasts) = lasts {
        tokio::time::sleep(lasts).await;
        tracing::info!("the call has lasted for as long as it may");
        // A call that is over needs no telling.
        let _ = inbox.send(CallEvent::HangUp).await;
    }
    std::future::pending().await
}
