//! A word to whoever answers before it is joined to the caller.
//!
//! Shape: [`begin`] puts the callee in the caller's place, so that every op is to it; [`join`] and [`part`] put the caller back. The
//! caller hears ringback meanwhile.
//! Time: as long as the script takes.
//! Errors: a callee that hangs up ends the op that runs with [`Interrupted::PartyGone`], a caller that does the whole call.
//! Sources: `kazoo-pivot.md` 5.4 (Number, Sip: `url`).

use std::mem;

use antiphon_ivr::{Dialed, Interrupted};
use antiphon_sip::{Event, StatusCode};

use super::{
    dial::{self, Asked},
    executor::{Executor, Heard},
    leg::Leg,
    ringback::comfort,
};
use crate::signalling::Order;

/// The caller of a dial whose callee is spoken to.
pub(super) struct Whispering {
    /// The caller's leg, while the callee's has its place.
    pub(super) caller: Leg,
    asked: Asked,
}

/// From now on the script speaks to this callee.
pub(super) async fn begin(call: &mut Executor, callee: Leg, asked: Asked) {
    comfort(call).await;
    let caller = mem::replace(&mut call.caller, callee);
    call.digits.clear();
    call.whispering = Some(Box::new(Whispering { caller, asked }));
}

/// The caller is the party of the ops again; the callee, and what was wanted of it.
fn turn_back(call: &mut Executor) -> Option<(Leg, Asked)> {
    let Whispering { caller, asked } = *call.whispering.take()?;
    let callee = mem::replace(&mut call.caller, caller);
    call.digits.clear();
    Some((callee, asked))
}

/// Joins the two.
pub(super) async fn join(call: &mut Executor) -> Result<Dialed, Interrupted> {
    let Some((mut callee, asked)) = turn_back(call) else { return Ok(Dialed::NoAnswer) };
    callee.stop_playback().await;
    call.caller.stop_playback().await;
    dial::joined(call, callee, asked).await
}

/// Hangs up the callee; the caller hears nothing more.
pub(super) async fn part(call: &mut Executor) {
    call.pending = call.pending.filter(|pending| *pending != Interrupted::PartyGone);
    let Some((mut callee, asked)) = turn_back(call) else { return };
    callee.hang_up(None);
    call.caller.stop_playback().await;
    dial::completed(call, &asked);
}

/// The callee has hung up.
pub(super) async fn gone(call: &mut Executor) -> Interrupted {
    if let Some((mut callee, asked)) = turn_back(call) {
        callee.ended();
        call.caller.stop_playback().await;
        dial::completed(call, &asked);
    }
    call.pending = Some(Interrupted::PartyGone);
    Interrupted::PartyGone
}

/// What happens in the dialog of the caller meanwhile.
pub(super) async fn of_caller(call: &mut Executor, event: Event) -> Result<Option<Heard>, Interrupted> {
    let Some(whispering) = &mut call.whispering else { return Ok(None) };
    match event {
        Event::Ended { .. } => {
            whispering.caller.ended();
            if let Some((mut callee, asked)) = turn_back(call) {
                callee.hang_up(None);
                dial::completed(call, &asked);
            }
            call.facts.cancelled();
            return Err(call.end(Interrupted::RemoteHangup));
        }
        Event::Confirmed { answer: Some(answer), .. } => {
            if let Err(error) = whispering.caller.accept(&answer).await {
                tracing::info!(%error, "the caller's answer to our offer is unusable");
            }
        }
        Event::Reoffered { offer, .. } => whispering.caller.reoffered(offer).await,
        Event::Reanswered { answer, .. } => whispering.caller.reanswered(&answer).await,
        Event::ReofferRefused { status, .. } => whispering.caller.reoffer_refused(status),
        Event::ReferRequested { dialog, .. } => {
            call.rooms.signalling.order(Order::RejectRefer(dialog, StatusCode::DECLINE)).await;
        }
        _ => {}
    }
    Ok(None)
}
