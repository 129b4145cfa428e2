//! Whether a transfer that a party asks for may be, and where it leads.
//!
//! Shape: a REFER and who sends it in, a [`Judged`] out.
//! Errors: the status that refuses it: 404, 403 and 480 as for a call to that number, 603 for a menu that cannot be.
//! Sources: RFC 3515 §2.4.2; `docs/rfc/3515.md`.
//!
//! A transferred party is dialled for as a menu would: only the user part of `Refer-To` counts, and the directory says where it leads.
//! Its host is whatever the phone takes for our name. A party from outside reaches internal numbers only.

use antiphon_ivr::ExtensionId;
use antiphon_sip::{ReferRequest, StatusCode};

use super::{
    attended::{self, Asked},
    executor::{Executor, PublicTransfers},
    failures::Failures,
    hunt::{Hunt, Referral},
    leg::Party,
    reach::{self, Reach, Reading, Route},
    transfer::Joined,
};
use crate::directory::{self, Target};

/// Most bytes of a number.
const MAX_NUMBER: usize = 128;

/// Which of a bridge's two sides asks.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Side {
    Caller,
    Callee,
}

/// What came of judging a REFER.
pub(super) enum Judged {
    /// The caller goes to this menu.
    HandOver(ExtensionId),
    /// It is tried.
    Accepted(Chosen),
}

/// How a transfer is tried.
pub(super) enum Chosen {
    /// By calling the target.
    Routes(Vec<Route>),
    /// By asking another call of ours for its party.
    Asking(Asked),
}

/// Whether a transfer may be, and where it leads. One party refers, the other `stays`.
pub(super) async fn judge(
    call: &Executor,
    (side, party, stays): (Side, Party, Party),
    refer: &ReferRequest,
) -> Result<Judged, StatusCode> {
    if let Some(asked) = attended::ask(call, stays, refer).await {
        return Ok(Judged::Accepted(Chosen::Asking(asked)));
    }
    match destination(call, party, refer)? {
        Reach::Routes(routes) => Ok(Judged::Accepted(Chosen::Routes(routes))),
        // A menu serves whoever called; somebody we called has no script to go on with.
        Reach::HandOver(extension) if side == Side::Callee && call.joined == Joined::Caller => {
            Ok(Judged::HandOver(extension))
        }
        Reach::HandOver(_) => Err(StatusCode::DECLINE),
    }
}

/// Where a `Refer-To` leads for this party.
pub(super) fn destination(call: &Executor, party: Party, refer: &ReferRequest) -> Result<Reach, StatusCode> {
    let number = refer.target.uri.user().unwrap_or_default().into_owned();
    let strange = |c: char| c.is_control() || c.is_whitespace();
    if number.is_empty() || number.len() > MAX_NUMBER || number.contains(strange) {
        return Err(StatusCode::NOT_FOUND);
    }
    let trunks = &call.rooms.settings.load().trunks;
    if (party == Party::Outside || call.transfers == PublicTransfers::Refused)
        && matches!(directory::resolve(&call.config, trunks, call.client, &number), Ok(Target::Trunks { .. }))
    {
        return Err(StatusCode::FORBIDDEN);
    }
    let mut failures = Failures::default();
    match reach::routes(&call.calling(), &[number], Reading::OfParty, &mut failures) {
        Reach::Routes(routes) if routes.is_empty() => Err(failures.status()),
        reach => Ok(reach),
    }
}

/// Begins to call the target for the party that stays.
pub(super) async fn hunt(call: &Executor, routes: Vec<Route>, refer: &ReferRequest) -> Hunt {
    let referral = Referral {
        referred_by: refer.referred_by.as_ref().map(ToString::to_string),
        replaces: refer.replaces.as_ref().map(ToString::to_string),
        answer_after: None,
    };
    let mut hunt = Hunt::new(&call.caller.shown, Failures::default()).referred(referral);
    hunt.begin(&call.calling(), routes).await;
    hunt
}
