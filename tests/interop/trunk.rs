//! Kamailio as a carrier: it challenges calls out, and brings calls in.

use std::net::{IpAddr, SocketAddr};

use crate::baresip::Baresip;
use crate::house::{GREETING, House, MENU, NOBODY, OUTSIDE, trunk};
use crate::kamailio::Kamailio;
use crate::linphone::Linphone;
use crate::phone::{Account, Telephone};
use crate::scene::{Role, Scene};

const BARESIP: u32 = 450;
const LINPHONE: u32 = 650;
const PASSWORD: &str = "a-carriers-word";
/// The subscriber of the carrier who is called.
const SUBSCRIBER: &str = "105";

/// A carrier at its address, and another address of it at which there is never room.
fn carrier(scene: &Scene) -> Kamailio {
    let names = [
        ("ANTIPHON", scene.address(Role::Antiphon).to_string()),
        ("FULL", scene.address(Role::Full).to_string()),
        ("PASSWORD", PASSWORD.to_owned()),
        ("SUBSCRIBER", format!("{SUBSCRIBER}@{}:5060", scene.address(Role::Far))),
    ];
    let at = [scene.address(Role::Kamailio), scene.address(Role::Full)];
    Kamailio::start(scene, &at, include_str!("carrier.cfg"), &names)
}

fn at(scene: &Scene, role: Role) -> (SocketAddr, IpAddr) {
    let at = scene.address(role);
    (SocketAddr::new(at, 5060), at)
}

/// The trunk that the carrier is, with this password.
fn trunk_of(scene: &Scene, password: &str) -> String {
    let (uri, from) = at(scene, Role::Kamailio);
    trunk("carrier", uri, Some(("antiphon", password)), from)
}

/// A telephone that the carrier rings, and that calls through the carrier.
fn subscriber(scene: &Scene, house: &House) -> Linphone {
    let account = Account::new(SUBSCRIBER, LINPHONE, house.sip).unregistered();
    let account = account.through(at(scene, Role::Kamailio).0);
    Linphone::start(scene, Role::Far, account)
}

#[test]
fn a_call_out_answers_the_challenge_of_the_carrier() {
    let scene = Scene::new();
    let kamailio = carrier(&scene);
    let house = House::start(&scene, &trunk_of(&scene, PASSWORD), &["101"]);
    let mut far = subscriber(&scene, &house);
    let mut phone = Baresip::start(&scene, Role::Baresip, Account::new("101", BARESIP, house.sip));
    for _ in 0..2 {
        phone.call(MENU);
        phone.hears(GREETING);
        phone.press('9');
        far.is_called_by("101");
        far.pick_up();
        far.hears(BARESIP);
        phone.hears(LINPHONE);
        far.hold();
        far.hears_nothing();
        far.resume();
        far.hears(BARESIP);
        phone.hang_up();
        far.is_left();
    }
    assert!(kamailio.log().contains("authorised as antiphon"), "the carrier saw no credentials");
    assert!(kamailio.log().contains(&format!("INVITE sip:{OUTSIDE}@")), "the carrier saw another number");
}

#[test]
fn a_call_out_that_one_carrier_has_no_room_for_goes_to_the_next() {
    let scene = Scene::new();
    let kamailio = carrier(&scene);
    let (uri, from) = at(&scene, Role::Full);
    let settings = trunk("full", uri, None, from) + &trunk_of(&scene, PASSWORD);
    let house = House::start(&scene, &settings, &["101"]);
    let mut far = subscriber(&scene, &house);
    let mut phone = Baresip::start(&scene, Role::Baresip, Account::new("101", BARESIP, house.sip));
    phone.call(MENU);
    phone.hears(GREETING);
    phone.press('9');
    far.is_called_by("101");
    far.pick_up();
    far.hears(BARESIP);
    phone.hears(LINPHONE);
    phone.hang_up();
    far.is_left();
    assert!(kamailio.log().contains(&format!("to {from}, authorised")), "the first carrier was not asked");
}

#[test]
fn a_call_out_with_a_wrong_password_fails_and_the_caller_hears_so() {
    let scene = Scene::new();
    let _kamailio = carrier(&scene);
    let house = House::start(&scene, &trunk_of(&scene, "another"), &["101"]);
    let mut phone = Baresip::start(&scene, Role::Baresip, Account::new("101", BARESIP, house.sip));
    phone.call(MENU);
    phone.hears(GREETING);
    phone.press('9');
    phone.hears(NOBODY);
    phone.hears(GREETING);
    phone.hang_up();
}

#[test]
fn a_call_from_the_carrier_is_let_in_by_its_address() {
    let scene = Scene::new();
    let _kamailio = carrier(&scene);
    let house = House::start(&scene, &trunk_of(&scene, PASSWORD), &["101"]);
    let mut far = subscriber(&scene, &house);
    far.call(MENU);
    far.hears(GREETING);
    far.hold();
    far.hears_nothing();
    far.resume();
    far.hears(GREETING);
    far.press('0');
    far.is_left();
    let mut phone = Baresip::start(&scene, Role::Baresip, Account::new("101", BARESIP, house.sip));
    far.call(MENU);
    far.hears(GREETING);
    far.press('1');
    phone.is_called_by(SUBSCRIBER);
    phone.pick_up();
    phone.hears(LINPHONE);
    far.hears(BARESIP);
    far.hang_up();
    phone.is_left();
}
