//! Transfers that a party of a bridge asks for (REFER).
//!
//! Shape: [`Transfers::hear`] stands between a bridge and its call: it takes what transfers are about, and passes on the rest. The bridge
//! goes on while the target rings; once somebody has answered, the referrer's leg is exchanged for theirs.
//! Time: a target rings for [`RING_TIME`]; a referrer whose transfer has succeeded has [`LEAVE_TIME`] to hang up by itself.
//! Errors: what cannot be done is the REFER's status, or the last NOTIFY's; the bridge goes on as it was.
//! Sources: RFC 3515 §2.4, RFC 5589 §6 (blind), §7 (attended); `docs/rfc/3515.md`.
//!
//! The party that stays is always `Executor::caller`: where the caller transfers the callee, the two change places, and with the success
//! the script has lost its caller.

use std::{
    mem,
    time::{Duration, Instant},
};

use antiphon_ivr::{Dialed, ExtensionId, Interrupted};
use antiphon_sip::{EndReason, Event, ReferRequest, StatusCode};

use super::{
    attended::{self, Asked},
    executor::{Executor, Heard, clock, dialog_of},
    hold,
    hunt::Hunt,
    leg::Leg,
    reach::Reach,
    referral::{self, Chosen, Judged, Side},
    replace,
    ringback::comfort,
};
use crate::{media::worker::Hearing, signalling::Order};

/// How long a target rings (`ringme-ivr.md` 3.8, the default of a transfer).
pub(super) const RING_TIME: Duration = antiphon_ivr::Dial::RING_TIME;
/// How long a referrer is waited for to hang up after the success, before we do.
const LEAVE_TIME: Duration = Duration::from_secs(2);
/// Transfers of one call at most.
const TRANSFERS: u8 = 32;

/// Who is joined to whom in a call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Joined {
    /// The caller talks to the script.
    Nobody,
    /// The caller talks to a callee.
    Caller,
    /// The callee stands in the caller's place, because the caller is about to transfer it.
    Turned,
    /// The caller has transferred the callee and left: the two that talk have no script.
    Orphaned,
}

/// What a transfer waits for.
enum Stage {
    /// The target's answer.
    Hunting(Box<Hunt>),
    /// The party of another call of ours.
    Asking(Asked),
    /// Nothing but the referrer's BYE: then the caller goes to this menu.
    HandingOver(ExtensionId),
}

/// A transfer under way.
struct Transfer {
    stage: Stage,
    until: Instant,
    /// The last status that the referrer was told.
    told: StatusCode,
    /// How the referrer's dialog ended, once it has.
    left: Option<EndReason>,
}

/// What a bridge's transfer was woken by.
enum Woken {
    Event(super::CallEvent),
    Lookup(super::hunt::Looked),
    Party(Option<Leg>),
    Timer,
}

/// The transfers of one bridge.
pub(super) struct Transfers {
    running: Option<Transfer>,
    /// Referrers that have yet to hang up, and when we do.
    leaving: Vec<(Leg, Instant)>,
    left: u8,
}

impl Transfers {
    /// Two are joined from now on.
    pub(super) async fn begin(call: &mut Executor) -> Self {
        call.joined = Joined::Caller;
        call.begin_armed_recordings().await;
        Self { running: None, leaving: Vec::new(), left: TRANSFERS }
    }

    /// What happens next in the bridge, apart from transfers; [`Heard::Timeout`] at this instant.
    pub(super) async fn hear(
        &mut self,
        call: &mut Executor,
        callee: &mut Leg,
        until: Instant,
    ) -> Result<Heard, Interrupted> {
        if let Some(over) = call.over {
            return Err(over);
        }
        loop {
            let music = hold::follow(call, callee).await;
            let woken = self.wait(call, music.map_or(until, |music| music.min(until))).await;
            let heard = match woken {
                Woken::Event(event) => match call.understand(event).await {
                    Ok(Some(heard)) => self.sort(call, callee, heard).await?,
                    Ok(None) => None,
                    Err(interrupted) => {
                        // Nobody is left who could be joined to the target.
                        self.abandon(call, callee, StatusCode::REQUEST_TERMINATED);
                        if call.next_act.is_some() {
                            // It is the caller who is sent elsewhere, and not whom the caller was about to transfer.
                            self.turn_back(call, callee);
                        }
                        return Err(interrupted);
                    }
                },
                Woken::Lookup(found) => {
                    if let Some(Transfer { stage: Stage::Hunting(hunt), .. }) = &mut self.running {
                        hunt.looked_up(&call.calling(), found).await;
                    }
                    self.look(call, callee).await?
                }
                Woken::Party(party) => self.given(call, callee, party).await?,
                Woken::Timer => self.wake(call, callee).await?,
            };
            if heard.is_some() || clock() >= until {
                return Ok(heard.unwrap_or(Heard::Timeout));
            }
        }
    }

    async fn wait(&mut self, call: &mut Executor, until: Instant) -> Woken {
        let wake_at = self.leaving.iter().map(|(_, at)| *at).fold(until, Instant::min);
        let Some(transfer) = &mut self.running else {
            tokio::select! {
                event = call.next_event() => return Woken::Event(event),
                () = tokio::time::sleep_until(wake_at.into()) => return Woken::Timer,
            }
        };
        let wake_at = wake_at.min(transfer.until);
        match &mut transfer.stage {
            Stage::Hunting(hunt) => {
                let wake_at = hunt.wakes_at(wake_at);
                tokio::select! {
                    event = call.next_event() => Woken::Event(event),
                    found = hunt.next_lookup() => Woken::Lookup(found),
                    () = tokio::time::sleep_until(wake_at.into()) => Woken::Timer,
                }
            }
            Stage::HandingOver(_) => tokio::select! {
                event = call.next_event() => Woken::Event(event),
                () = tokio::time::sleep_until(wake_at.into()) => Woken::Timer,
            },
            Stage::Asking(asked) => tokio::select! {
                event = call.next_event() => Woken::Event(event),
                party = asked.given() => Woken::Party(party),
                () = tokio::time::sleep_until(wake_at.into()) => Woken::Timer,
            },
        }
    }

    /// Takes what is about transfers; what is returned is the bridge's.
    async fn sort(
        &mut self,
        call: &mut Executor,
        callee: &mut Leg,
        heard: Heard,
    ) -> Result<Option<Heard>, Interrupted> {
        let event = match heard {
            Heard::Other(event) => event,
            Heard::Replacement(replacement) => {
                // A party that is about to be exchanged cannot be exchanged in another way; what is dropped is refused.
                if self.running.is_none() {
                    replace::in_bridge(call, callee, replacement).await;
                }
                return Ok(None);
            }
            Heard::Yield(ask) => return Ok(self.asked(call, callee, ask)),
            heard => return Ok(Some(heard)),
        };
        let dialog = dialog_of(&event);
        let (stays, goes) = (Some(call.caller.dialog()) == dialog, Some(callee.dialog()) == dialog);
        match event {
            Event::ReferRequested { refer, .. } if stays || goes => self.referred(call, callee, goes, *refer).await,
            Event::Ended { why, .. } if goes && self.running.is_some() => {
                callee.ended();
                Ok(self.referrer_left(call, why).await)
            }
            Event::Ended { .. } if stays => {
                // They had changed places: for the bridge it is the callee who has hung up.
                self.abandon(call, callee, StatusCode::REQUEST_TERMINATED);
                self.turn_back(call, callee);
                match callee.is_over() && call.caller.is_over() {
                    true => Err(call.end(Interrupted::RemoteHangup)),
                    false => Ok(Some(Heard::Other(event))),
                }
            }
            event if stays || goes => Ok(Some(Heard::Other(event))),
            event => self.of_others(call, callee, event).await,
        }
    }

    /// Something about a referrer that leaves, or about a target.
    async fn of_others(
        &mut self,
        call: &mut Executor,
        callee: &mut Leg,
        event: Event,
    ) -> Result<Option<Heard>, Interrupted> {
        let of = dialog_of(&event);
        if let Some(at) = self.leaving.iter().position(|(leg, _)| Some(leg.dialog()) == of) {
            match event {
                Event::Ended { .. } => self.leaving.swap_remove(at).0.ended(),
                Event::ReferRequested { dialog, .. } => {
                    call.rooms.signalling.order(Order::RejectRefer(dialog, StatusCode::DECLINE)).await;
                }
                Event::Reoffered { offer, .. } => self.leaving[at].0.reoffered(offer).await,
                _ => {}
            }
            return Ok(None);
        }
        let Some(Transfer { stage: Stage::Hunting(hunt), .. }) = &mut self.running else { return Ok(None) };
        if let Some(winner) = hunt.hear(&call.calling(), event).await {
            self.complete(call, callee, winner).await;
            return Ok(None);
        }
        self.look(call, callee).await
    }

    /// A party asks for a transfer.
    async fn referred(
        &mut self,
        call: &mut Executor,
        callee: &mut Leg,
        by_callee: bool,
        refer: ReferRequest,
    ) -> Result<Option<Heard>, Interrupted> {
        let (side, referrer, stays) =
            if by_callee { (Side::Callee, &*callee, &call.caller) } else { (Side::Caller, &call.caller, &*callee) };
        let (dialog, party, stays) = (referrer.dialog(), referrer.party, stays.party);
        let judged = match (&self.running, self.left) {
            (Some(_), _) => Err(StatusCode::REQUEST_PENDING),
            (None, 0) => Err(StatusCode::DECLINE),
            (None, _) => referral::judge(call, (side, party, stays), &refer).await,
        };
        match judged {
            Err(status) => {
                tracing::info!(status = status.code(), "a transfer was refused");
                call.rooms.signalling.order(Order::RejectRefer(dialog, status)).await;
                Ok(None)
            }
            Ok(Judged::HandOver(extension)) => {
                call.rooms.signalling.order(Order::AcceptRefer(dialog)).await;
                self.hand_over(call, callee, extension);
                Ok(None)
            }
            Ok(Judged::Accepted(stage)) => {
                self.left -= 1;
                call.rooms.signalling.order(Order::AcceptRefer(dialog)).await;
                if !by_callee {
                    mem::swap(&mut call.caller, callee);
                    if call.joined == Joined::Caller {
                        call.joined = Joined::Turned;
                    }
                }
                tracing::info!(referrer = %callee.shown.number, "a transfer begins");
                self.start(call, callee, stage, refer).await
            }
        }
    }

    async fn start(
        &mut self,
        call: &mut Executor,
        callee: &mut Leg,
        chosen: Chosen,
        refer: ReferRequest,
    ) -> Result<Option<Heard>, Interrupted> {
        // A referrer who has put the other on hold talks no more; ringback is better than nothing.
        if callee.hearing().await == Hearing::Excused {
            comfort(call).await;
        }
        let stage = match chosen {
            Chosen::Asking(asked) => Stage::Asking(asked),
            Chosen::Routes(routes) => Stage::Hunting(Box::new(referral::hunt(call, routes, &refer).await)),
        };
        self.running = Some(Transfer { stage, until: clock() + RING_TIME, told: StatusCode::TRYING, left: None });
        self.look(call, callee).await
    }

    /// The other call has given its party, or has none to give.
    async fn given(
        &mut self,
        call: &mut Executor,
        callee: &mut Leg,
        party: Option<Leg>,
    ) -> Result<Option<Heard>, Interrupted> {
        let Some(Transfer { stage: Stage::Asking(asked), .. }) = &mut self.running else { return Ok(None) };
        if let Some(party) = party {
            call.rooms.trace.moved(party.dialog(), call.trace.id, &party.worker());
            self.complete(call, callee, party).await;
            return Ok(None);
        }
        // It was in a menu, or still rang: then the number counts, as without `Replaces`.
        match referral::destination(call, callee.party, asked.refer()) {
            Ok(Reach::Routes(routes)) => {
                let refer = asked.refer().clone();
                let hunt = referral::hunt(call, routes, &ReferRequest { replaces: None, ..refer }).await;
                if let Some(transfer) = &mut self.running {
                    transfer.stage = Stage::Hunting(Box::new(hunt));
                }
                self.look(call, callee).await
            }
            Ok(Reach::HandOver(extension)) if call.joined == Joined::Caller => {
                self.hand_over(call, callee, extension);
                // A referrer who has gone is not waited for.
                Ok(callee.is_over().then_some(Heard::HandOver(extension)))
            }
            Ok(Reach::HandOver(_)) => self.failed(call, callee, StatusCode::DECLINE).await,
            Err(status) => self.failed(call, callee, status).await,
        }
    }

    /// Another call wants the party of this one that does not talk in the named dialog; this call is then over.
    fn asked(&mut self, call: &mut Executor, callee: &mut Leg, ask: Box<attended::Yield>) -> Option<Heard> {
        if self.running.is_some() || ask.client != call.client {
            return None;
        }
        let goes_on = match () {
            () if ask.dialog == callee.dialog() => call.caller.party,
            () if ask.dialog == call.caller.dialog() => callee.party,
            () => return None,
        };
        if !ask.may_have(goes_on, call.transfers) {
            tracing::info!("a party may not be transferred outside, and stays");
            return None;
        }
        if ask.dialog == callee.dialog() {
            mem::swap(&mut call.caller, callee);
        }
        Some(Heard::Yield(ask))
    }

    /// Sees to what is due.
    async fn wake(&mut self, call: &mut Executor, callee: &mut Leg) -> Result<Option<Heard>, Interrupted> {
        let now = clock();
        // Whoever is dropped here hears BYE.
        self.leaving.retain(|(_, at)| *at > now);
        let Some(transfer) = &mut self.running else { return Ok(None) };
        if let Stage::HandingOver(extension) = transfer.stage
            && transfer.until <= now
        {
            return Ok(Some(Heard::HandOver(extension)));
        }
        if transfer.until <= now {
            return self.failed(call, callee, StatusCode::TEMPORARILY_UNAVAILABLE).await;
        }
        if let Stage::Hunting(hunt) = &mut transfer.stage {
            hunt.leave_silent_ways(&call.calling()).await;
        }
        self.look(call, callee).await
    }

    /// Looks how the target is doing, and tells the referrer.
    async fn look(&mut self, call: &mut Executor, callee: &mut Leg) -> Result<Option<Heard>, Interrupted> {
        let Some(Transfer { stage: Stage::Hunting(hunt), told, .. }) = &mut self.running else { return Ok(None) };
        if hunt.is_over() {
            let status = hunt.failures.status();
            return self.failed(call, callee, status).await;
        }
        if hunt.progress.is_some() && *told == StatusCode::TRYING {
            self.tell(call, callee, StatusCode::RINGING);
        }
        Ok(None)
    }

    fn tell(&mut self, call: &Executor, referrer: &Leg, status: StatusCode) {
        let Some(transfer) = &mut self.running else { return };
        transfer.told = status;
        if !referrer.is_over() {
            call.rooms.signalling.order_now(Order::NotifyRefer(referrer.dialog(), status));
        }
    }

    /// Somebody takes the referrer's place.
    async fn complete(&mut self, call: &mut Executor, callee: &mut Leg, winner: Leg) {
        self.tell(call, callee, StatusCode::OK);
        told_of(call, callee);
        self.running = None;
        // It sits on the referrer where the caller was that: whoever is left is the caller now.
        let unseated = call.unseat_listeners().await;
        call.seat_listeners(unseated).await;
        call.caller.stop_playback().await;
        tracing::info!(referrer = %callee.shown.number, target = %winner.shown.number, "transferred");
        let referrer = mem::replace(callee, winner);
        if !referrer.is_over() {
            self.leaving.push((referrer, clock() + LEAVE_TIME));
        }
        if call.joined == Joined::Turned {
            call.joined = Joined::Orphaned;
        }
        call.caller.bridge(callee).await;
    }

    /// The target was not reached: the two talk on, unless the referrer has gone.
    async fn failed(
        &mut self,
        call: &mut Executor,
        callee: &mut Leg,
        status: StatusCode,
    ) -> Result<Option<Heard>, Interrupted> {
        tracing::info!(status = status.code(), "a transfer failed");
        self.tell(call, callee, status);
        call.caller.stop_playback().await;
        let left = self.running.take().and_then(|transfer| transfer.left);
        let Some(why) = left else {
            self.turn_back(call, callee);
            return Ok(None);
        };
        match call.joined {
            Joined::Turned | Joined::Orphaned => Err(call.end(Interrupted::RemoteHangup)),
            // The bridge hears of the hang-up now.
            Joined::Caller | Joined::Nobody => Ok(Some(Heard::Other(Event::Ended { dialog: callee.dialog(), why }))),
        }
    }

    /// Ends a transfer for which nobody is left.
    fn abandon(&mut self, call: &Executor, referrer: &Leg, status: StatusCode) {
        self.tell(call, referrer, status);
        self.running = None;
    }

    /// The referrer has hung up before the end; the transfer goes on for the other.
    async fn referrer_left(&mut self, call: &mut Executor, why: EndReason) -> Option<Heard> {
        let transfer = self.running.as_mut()?;
        if let Stage::HandingOver(extension) = transfer.stage {
            return Some(Heard::HandOver(extension));
        }
        transfer.left = Some(why);
        comfort(call).await;
        None
    }

    /// The caller goes to another menu as soon as the referrer has heard of it and hung up.
    fn hand_over(&mut self, call: &Executor, referrer: &Leg, extension: ExtensionId) {
        tracing::info!(referrer = %referrer.shown.number, "the caller is transferred to another menu");
        let (told, left) = (StatusCode::TRYING, None);
        let (stage, until) = (Stage::HandingOver(extension), clock() + LEAVE_TIME);
        self.running = Some(Transfer { stage, until, told, left });
        self.tell(call, referrer, StatusCode::OK);
        told_of(call, referrer);
    }

    /// Caller and callee take their own places again.
    fn turn_back(&mut self, call: &mut Executor, callee: &mut Leg) {
        if call.joined == Joined::Turned {
            mem::swap(&mut call.caller, callee);
            call.joined = Joined::Caller;
        }
    }
}

/// Subscribers to those who have had the call are told with its hangup that it was transferred.
fn told_of(call: &Executor, referrer: &Leg) {
    call.parts().chain(&referrer.part).for_each(|part| part.transferred());
}

/// What came of a talk, for the script: one whose caller has gone by a transfer is over.
pub(super) fn after(call: &mut Executor, talked: Result<Dialed, Interrupted>) -> Result<Dialed, Interrupted> {
    let joined = mem::replace(&mut call.joined, Joined::Nobody);
    match talked {
        Ok(_) if joined == Joined::Orphaned => {
            call.caller.hang_up(None);
            Err(call.end(Interrupted::RemoteHangup))
        }
        talked => talked,
    }
}
