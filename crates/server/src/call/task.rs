//! The task of one call: it runs the script and answers its ops.
//!
//! Shape: one task a call, with one inbox. The script and the executor take turns: while the script thinks, the executor keeps the
//! digits that come; while an op runs, the script waits.
//! Time: the task's clock is tokio's, which tests may pause.
//! Errors: a panic ends this call only; its legs hang up as they are dropped.

use std::{pin::pin, sync::Arc, time::Instant};

use antiphon_ivr::{Call, Caller, CallerId, ExtensionName, Interrupted, Next, Patience, Request, Script, Surroundings};
use antiphon_sip::{DialogId, Invite};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{
    CallEvent, apart,
    epilogue::Epilogue,
    executor::{Executor, clock},
    fetch,
    identity::{self, Outward},
    leg::{Leg, LegMedia, Party},
    media_port::MediaPort,
    part::{Beginning, Facts},
    srtp::DialogSrtp,
};
use crate::{
    calls::{CallId, busy},
    directory::Around,
    rooms::Rooms,
    settings::{DigitWay, Trunk},
    signalling::Order,
    store::{Config, Extension, ExtensionKind},
    trace::CallTrace,
    trunks::Claim,
};

/// How often a call may go from one extension to the next (`ringme-ivr.md` 3.8).
const HOPS: usize = 10;

/// Whom a call is for, and from whom, as far as the switchboard knows.
#[derive(Debug)]
pub struct Arrival {
    /// The extension that was called.
    pub extension: Arc<Extension>,
    /// The phone that calls, when it is one of ours.
    pub caller_phone: Option<Arc<Extension>>,
    /// The trunk that brought the call, when one did.
    pub trunk: Option<Arc<Trunk>>,
    /// The call's place on that trunk.
    pub claim: Option<Claim>,
    /// Whether what it says of the caller's identity is believed (RFC 3324).
    pub trust: Trust,
    /// The public number that was dialled, when it was one.
    pub did: Option<String>,
}

/// Whether a source's word about who calls is believed.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Trust {
    /// It is: a trunk, or an address that may call without credentials.
    Believed,
    /// It is not.
    Doubted,
}

/// A call that was let in.
pub struct Incoming {
    /// Our name of the call.
    pub id: CallId,
    /// What is remembered of it.
    pub trace: Arc<CallTrace>,
    /// The caller's dialog.
    pub dialog: DialogId,
    /// The caller's INVITE.
    pub invite: Box<Invite>,
    /// Whom it is for.
    pub arrival: Arrival,
    /// The configuration that the call keeps.
    pub config: Arc<Config>,
    /// The call's inbox, for what is attached to the call later.
    pub inbox: mpsc::Sender<CallEvent>,
    /// What comes out of the inbox.
    pub events: mpsc::Receiver<CallEvent>,
    /// When the INVITE came.
    pub at: Instant,
}

/// Starts the call's task. A panic in it is counted and ends nothing else.
pub fn spawn(rooms: Arc<Rooms>, call: Incoming) {
    let id = call.id;
    let span = tracing::info_span!(
        "call",
        call_id = %id,
        sip_call_id = call.invite.request.call_id(),
        extension = %call.arrival.extension.name,
        config_rev = call.config.revision,
    );
    tokio::spawn(async move {
        let task = tokio::spawn(run(rooms.clone(), call).instrument(span.clone()));
        if task.await.is_err() {
            metrics::counter!("antiphon_call_panics_total").increment(1);
            span.in_scope(|| tracing::error!("the call's task panicked; the call is ended"));
        }
        // It has ended already, but for a panic.
        rooms.trace.end(clock(), id, "failed");
        rooms.calls.remove(id);
    });
}

async fn run(rooms: Arc<Rooms>, call: Incoming) {
    let Incoming { id, trace, dialog, invite, mut arrival, config, inbox, events, at } = call;
    let addresses = rooms.media_addresses(invite.flow);
    let digits = arrival.trunk.as_ref().map_or(DigitWay::Auto, |trunk| trunk.dtmf);
    let srtp = DialogSrtp::new(&rooms, invite.flow, arrival.trunk.as_deref());
    let port = match MediaPort::lease(&rooms, addresses, digits, srtp) {
        Ok(port) => port.by_trunk(arrival.trunk.as_deref()),
        Err(error) => {
            tracing::warn!(%error, "call refused");
            rooms.signalling.order(Order::Reject(dialog, busy())).await;
            rooms.trace.end(clock(), id, "no_port");
            return;
        }
    };
    let media = LegMedia { worker: rooms.media.worker(), port };
    let (mut who, hidden) = identity::caller(id, &invite, &arrival);
    who.sip = Arc::new(identity::sip_facts(&invite, &rooms.settings.load().pivot));
    let mut leg = Leg::incoming(rooms.clone(), inbox.clone(), dialog, media).on_trunk(arrival.claim.take());
    // A phone of somebody else is here what anybody outside is.
    if let Some(phone) = arrival.caller_phone.as_ref().filter(|phone| phone.client == arrival.extension.client) {
        leg.party = Party::Phone;
        leg.phone = Some(phone.id);
    }
    let own = who.number.clone();
    let (call, requests) = Call::new(who);
    let client = arrival.extension.client;
    let facts = facts(&rooms, &config, (id, &call.caller), &invite, &arrival);
    let calling = arrival.caller_phone.as_ref().and_then(|phone| facts.leaves(phone, facts.dialled()));
    let parties = (leg, trace, facts);
    let mut executor = Executor::new(rooms.clone(), config.clone(), client, parties, &invite, (inbox, events), at);
    executor.callers_part = calling;
    executor.outward = Outward { own, hidden, diverted_by: arrival.did.clone(), ..Outward::NOTHING };
    tracing::info!(peer = %invite.flow.peer, "call begins");
    let script = script_of(&executor.rooms, &arrival.extension);
    play(executor, call, requests, (arrival.extension, script), at).await;
}

/// Plays a call from its first script to its end, and ends it.
pub(super) async fn play(
    mut executor: Executor,
    mut call: Call,
    mut requests: mpsc::Receiver<Request>,
    mut act: Act,
    at: Instant,
) {
    let (id, rooms) = (executor.trace.id, executor.rooms.clone());
    let mut last = Vec::new();
    let end = loop {
        let serving = act.0.clone();
        let end;
        (call, end) = run_scripts(&mut executor, (call, &mut requests), act, &mut last).await;
        let serving = executor.served.as_ref().map_or(serving, |(extension, _)| extension.clone());
        let Some((number, newcomer)) = executor.begin_next_act().await else { break end };
        if let Some(CallerId { number, name }) = newcomer {
            (call.caller.number, call.caller.name) = (number, name);
        }
        act = (serving, Script::Direct(number));
    };
    let ended = executor.last_words.since().unwrap_or_else(clock);
    let talked = ended.saturating_duration_since(at);
    let outcome = match end {
        // Such as a first page that is not to be had: nobody but us is to blame, and the caller never heard anything.
        Ok(()) if executor.refused_with.is_some_and(|status| matches!(status, 500..=599)) => "failed",
        Ok(()) => "finished",
        Err(Interrupted::RemoteHangup) => "caller_hung_up",
        Err(Interrupted::LocalHangup) => "hung_up",
        Err(Interrupted::LifetimeExpired) => "lifetime",
        Err(Interrupted::Wanted | Interrupted::PartyGone) => "finished",
        Err(Interrupted::Shutdown) => "shutdown",
    };
    metrics::counter!("antiphon_calls_total", "outcome" => outcome).increment(1);
    tracing::info!(outcome, ms = talked.as_millis() as u64, "call ended");
    let (client, trace) = (executor.client, executor.trace.clone());
    executor.finish();
    rooms.trace.end(ended, id, outcome);
    if !last.is_empty() {
        Epilogue { rooms, client, trace, scripts: last, call, requests }.run().await;
    }
}

/// What subscribers to events are told of the call.
fn facts(
    rooms: &Rooms,
    config: &Arc<Config>,
    (call, caller): (CallId, &Caller),
    invite: &Invite,
    arrival: &Arrival,
) -> Arc<Facts> {
    let dialled = invite.request.uri().user().unwrap_or_default().into_owned();
    let (caller, did, phone) = (caller.clone(), arrival.did.clone(), arrival.caller_phone.clone());
    let beginning = Beginning { call, caller, did, phone, dialled, tag: None };
    Facts::new(rooms.events.clone(), config.clone(), beginning)
}

/// An extension that serves a call, and the script that runs for it.
pub(super) type Act = (Arc<Extension>, Script);

/// What answers at an extension.
fn script_of(rooms: &Rooms, extension: &Extension) -> Script {
    if let Some(script) = rooms.scripts.of(&extension.name) {
        return script;
    }
    match &extension.kind {
        ExtensionKind::Ivr(ivr) => Script::Rules(ivr.clone()),
        ExtensionKind::Conference(entrance) => Script::Conference(entrance.clone()),
        ExtensionKind::Pivot(pivot) => Script::Pivot(pivot.clone()),
        ExtensionKind::Vxml(vxml) => Script::VoiceXml(vxml.application.clone()),
        ExtensionKind::Phone(_) => Script::Direct(extension.name.clone()),
    }
}

/// Runs a script, then that of each extension that takes the call over. Of each
/// surface the last of them that has something to do after the call is kept.
async fn run_scripts(
    executor: &mut Executor,
    (mut call, requests): (Call, &mut mpsc::Receiver<Request>),
    (mut extension, mut script): Act,
    last: &mut Vec<Script>,
) -> (Call, Result<(), Interrupted>) {
    let config = executor.config.clone();
    for _ in 0..HOPS {
        let (rooms, agreement) = (executor.rooms.clone(), executor.caller.agreement());
        let surroundings = Around {
            rooms,
            config: config.clone(),
            client: extension.client,
            agreement,
            patience: Patience::default(),
        };
        executor.serve(&extension);
        call.serve(ExtensionName { id: extension.id, name: extension.name.clone() });
        call.language = extension.profile.language.unwrap_or(executor.rooms.language);
        if script.has_epilogue() {
            last.retain(|other| std::mem::discriminant(other) != std::mem::discriminant(&script));
            last.push(script.clone());
        }
        executor.last_words.are_wanted = script.has_last_words();
        if let Script::VoiceXml(application) = &script {
            fetch::uploaded(&executor.rooms, executor.client, &executor.trace, application);
        }
        let next = if script.thinks_hard() {
            let next;
            (call, next) = apart::run(executor, script, call, requests, surroundings).await;
            next
        } else {
            run_script(executor, &script, &mut call, requests, &surroundings).await
        };
        match next {
            Err(interrupted) => return (call, Err(interrupted)),
            Ok(Next::Finished) => return (call, Ok(())),
            Ok(Next::HandOver(next)) => {
                let Some(next) = config.extension(next) else { return (call, Ok(())) };
                tracing::info!(extension = %next.name, "another extension takes the call over");
                (extension, script) = (next.clone(), script_of(&executor.rooms, next));
            }
        }
    }
    tracing::warn!(hops = HOPS, "the call went from extension to extension too often; it is ended");
    (call, Ok(()))
}

async fn run_script(
    executor: &mut Executor,
    script: &Script,
    call: &mut Call,
    requests: &mut mpsc::Receiver<Request>,
    surroundings: &dyn Surroundings,
) -> Result<Next, Interrupted> {
    let mut run = pin!(script.run(call, surroundings));
    loop {
        tokio::select! {
            biased;
            next = &mut run => return next,
            Some(request) = requests.recv() => {
                let outcome = executor.perform(request.op).await;
                // A script that no longer waits has decided otherwise.
                let _ = request.reply.send(outcome);
            }
            event = executor.next_event() => executor.keep(event).await,
        }
    }
}
