//! Asking the caller's side to call somebody itself (REFER), in place of a bridge through us.
//!
//! Shape: a [`Refer`] in, a [`Referred`] out. Whom the caller's side is to call, the directory says: a number outside is one at the trunk
//! that the caller came by, and an internal one is at our own address.
//! Time: the outcome is waited for as long as the op says; a caller who is where they should be has [`LEAVE_TIME`] to hang up.
//! Errors: what cannot be asked of the caller's side counts as refused by it. Digits mean nothing meanwhile, as while ringing.
//! Sources: RFC 3515 §2.4, RFC 5589 §6.

use std::time::Duration;

use antiphon_ivr::{Dial, Dialed, Interrupted, Refer, ReferScope, Referred};
use antiphon_sip::{Event, Flow, ReferOptions, ReferOutcome, StatusCode, Uri};

use super::executor::{Executor, Heard, clock};
use crate::{
    directory::{self, NoRoute, Target},
    settings::TransferWay,
};

/// How long a caller is waited for to hang up after the success.
const LEAVE_TIME: Duration = Duration::from_secs(1);

/// Performs a refer.
pub(super) async fn refer(call: &mut Executor, refer: Refer) -> Result<Referred, Interrupted> {
    let target = match target(call, &refer) {
        Ok(target) => target,
        Err(status) => return Ok(Referred::Refused { status: status.code() }),
    };
    if let Err(error) = call.rooms.signalling.refer(call.caller.dialog(), target, ReferOptions::default()).await {
        tracing::info!(%error, "the caller cannot be asked to call somebody");
        return Ok(Referred::Refused { status: StatusCode::NOT_ACCEPTABLE_HERE.code() });
    }
    let until = clock() + refer.patience;
    let outcome = loop {
        match call.hear(Some(until)).await? {
            Heard::Other(Event::Referred { outcome, .. }) => break outcome,
            Heard::Timeout => break ReferOutcome::Unreported,
            // Whoever is the caller now was not asked.
            Heard::Replaced => return Ok(Referred::Refused { status: StatusCode::REQUEST_TERMINATED.code() }),
            _ => {}
        }
    };
    match outcome {
        ReferOutcome::Completed(status) if status.is_success() => leave(call).await,
        // Whoever is asked and hangs up has mostly done what was asked.
        ReferOutcome::HungUp => Ok(left(call)),
        ReferOutcome::Completed(status) => Ok(Referred::Failed { status: status.code() }),
        ReferOutcome::Refused(status) => Ok(Referred::Refused { status: status.code() }),
        ReferOutcome::Unreported | ReferOutcome::TimedOut | ReferOutcome::TransportFailed => Ok(Referred::TimedOut),
    }
}

/// The caller has left us for the target.
fn left(call: &Executor) -> Referred {
    call.parts().for_each(|part| part.transferred());
    Referred::Done
}

/// Asks the trunk that the caller came by to call the target of a dial, where its settings want that; `None` where we are to do it.
pub(super) async fn as_trunk_says(call: &mut Executor, dial: &Dial) -> Result<Option<Dialed>, Interrupted> {
    let scope = match call.caller.trunk().map(|trunk| trunk.transfer) {
        None | Some(TransferWay::Bridge) => return Ok(None),
        Some(TransferWay::Refer) => ReferScope::Anywhere,
        Some(TransferWay::Auto) => ReferScope::SameTrunk,
    };
    let [target] = dial.targets.as_slice() else { return Ok(None) };
    let asked = Refer { target: target.clone(), scope, patience: dial.no_answer };
    Ok(match refer(call, asked).await? {
        Referred::Refused { .. } => None,
        Referred::Done => {
            call.caller.hang_up(None);
            return Err(call.end(Interrupted::RemoteHangup));
        }
        Referred::Failed { status } if status == StatusCode::BUSY_HERE.code() => Some(Dialed::Busy),
        Referred::Failed { status } => Some(Dialed::Failed { status }),
        Referred::TimedOut => Some(Dialed::Failed { status: StatusCode::REQUEST_TIMEOUT.code() }),
    })
}

/// Gives a caller who talks to somebody else a moment to hang up.
async fn leave(call: &mut Executor) -> Result<Referred, Interrupted> {
    let until = clock() + LEAVE_TIME;
    loop {
        match call.hear(Some(until)).await {
            Ok(Heard::Timeout) | Err(Interrupted::RemoteHangup) => return Ok(left(call)),
            Ok(_) => {}
            Err(interrupted) => return Err(interrupted),
        }
    }
}

/// Whom the caller's side is to call.
fn target(call: &Executor, refer: &Refer) -> Result<Uri, StatusCode> {
    if !call.caller.is_answered() {
        return Err(StatusCode::NOT_ACCEPTABLE_HERE);
    }
    let flow = call.rooms.trace.flow(call.caller.dialog()).ok_or(StatusCode::SERVER_ERROR)?;
    let trunks = &call.rooms.settings.load().trunks;
    match directory::resolve(&call.config, trunks, call.client, &refer.target) {
        Ok(Target::Trunks { trunks, number }) => {
            let came_by = call.caller.trunk();
            let callers = trunks.iter().find(|trunk| came_by.is_some_and(|came_by| came_by.name == trunk.name));
            let uri = callers.and_then(|trunk| trunk.uri.parse::<Uri>().ok()).ok_or(StatusCode::FORBIDDEN)?;
            Ok(uri.with_user(&number))
        }
        Ok(Target::Ivr(_) | Target::Phone(_)) => match refer.scope {
            ReferScope::Anywhere => Ok(ours(call, flow, &refer.target)),
            ReferScope::SameTrunk => Err(StatusCode::FORBIDDEN),
        },
        Err(NoRoute::Unknown) => Err(StatusCode::NOT_FOUND),
        Err(NoRoute::Blocked) => Err(StatusCode::FORBIDDEN),
    }
}

/// A number at our own address, as the caller reaches it.
fn ours(call: &Executor, flow: Flow, number: &str) -> Uri {
    let host = call.rooms.listener(flow).map_or(flow.local, |listener| listener.advertised);
    Uri::sip(Some(number), host)
}
