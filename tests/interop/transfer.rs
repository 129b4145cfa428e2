//! Telephones that transfer: the two that are left hear each other, and whoever transferred is out.
//!
//! Sources: RFC 3515, RFC 5589; what these programs do is told in `docs/interop.md`.

use crate::baresip::Baresip;
use crate::house::House;
use crate::linphone::Linphone;
use crate::phone::{Account, Telephone};
use crate::scene::{Role, Scene};

const BARESIP: u32 = 450;
const LINPHONE: u32 = 650;
const TARGET: u32 = 850;

/// Three telephones, all registered.
struct Office {
    baresip: Baresip,
    linphone: Linphone,
    /// Another baresip.
    target: Baresip,
    _house: House,
    _scene: Scene,
}

impl Office {
    fn open() -> Self {
        let scene = Scene::new();
        let house = House::start(&scene, "", &["101", "103", "104"]);
        let account = |number, voice| Account::new(number, voice, house.sip);
        let baresip = Baresip::start(&scene, Role::Baresip, account("101", BARESIP));
        let linphone = Linphone::start(&scene, Role::Linphone, account("103", LINPHONE));
        let target = Baresip::start(&scene, Role::Target, account("104", TARGET));
        Self { baresip, linphone, target, _house: house, _scene: scene }
    }
}

/// The first calls the second, who picks up.
#[track_caller]
fn call(caller: (&mut dyn Telephone, &str, u32), callee: (&mut dyn Telephone, &str, u32)) {
    let ((caller, from, one), (callee, to, other)) = (caller, callee);
    caller.dial(to);
    callee.is_called_by(from);
    callee.pick_up();
    caller.is_answered();
    caller.hears(other);
    callee.hears(one);
}

/// Sends the other to the target, who picks up: the two are left.
#[track_caller]
fn transfers(
    referrer: &mut dyn Telephone,
    (other, number, voice): (&mut dyn Telephone, &str, u32),
    target: &mut Baresip,
) {
    referrer.transfer("104");
    target.is_called_by(number);
    target.pick_up();
    referrer.is_left();
    other.hears(TARGET);
    target.hears(voice);
    target.hang_up();
    other.is_left();
}

#[test]
fn baresip_transfers_whom_it_called() {
    let Office { baresip, linphone, target, .. } = &mut Office::open();
    call((baresip, "101", BARESIP), (linphone, "103", LINPHONE));
    transfers(baresip, (linphone, "103", LINPHONE), target);
}

#[test]
fn baresip_transfers_who_called_it_from_hold() {
    let Office { baresip, linphone, target, .. } = &mut Office::open();
    call((linphone, "103", LINPHONE), (baresip, "101", BARESIP));
    baresip.hold();
    transfers(baresip, (linphone, "103", LINPHONE), target);
}

#[test]
fn linphone_transfers_whom_it_called() {
    let Office { baresip, linphone, target, .. } = &mut Office::open();
    call((linphone, "103", LINPHONE), (baresip, "101", BARESIP));
    transfers(linphone, (baresip, "101", BARESIP), target);
}

#[test]
fn linphone_transfers_who_called_it_from_hold() {
    let Office { baresip, linphone, target, .. } = &mut Office::open();
    call((baresip, "101", BARESIP), (linphone, "103", LINPHONE));
    linphone.hold();
    transfers(linphone, (baresip, "101", BARESIP), target);
}

#[test]
fn linphone_joins_its_two_calls() {
    let Office { baresip, linphone, target, .. } = &mut Office::open();
    call((linphone, "103", LINPHONE), (baresip, "101", BARESIP));
    linphone.hold();
    call((linphone, "103", LINPHONE), (target, "104", TARGET));
    linphone.join_calls();
    linphone.is_left();
    linphone.is_left();
    baresip.hears(TARGET);
    target.hears(BARESIP);
    target.hang_up();
    baresip.is_left();
}

#[test]
fn baresip_hears_why_a_transfer_has_failed() {
    let Office { baresip, linphone, target, .. } = &mut Office::open();
    call((baresip, "101", BARESIP), (linphone, "103", LINPHONE));
    baresip.transfer("104");
    target.is_called_by("103");
    target.hang_up();
    // What it makes of the last NOTIFY is a hang-up.
    baresip.transfer_fails();
    linphone.is_left();
}

#[test]
fn a_transfer_of_linphone_that_fails_leaves_the_two_talking() {
    let Office { baresip, linphone, target, .. } = &mut Office::open();
    call((linphone, "103", LINPHONE), (baresip, "101", BARESIP));
    linphone.transfer("104");
    target.is_called_by("101");
    target.hang_up();
    linphone.transfer_fails();
    baresip.hears(LINPHONE);
    linphone.hears(BARESIP);
    linphone.transfer("999");
    linphone.transfer_fails();
    linphone.hears(BARESIP);
    baresip.hang_up();
    linphone.is_left();
}
