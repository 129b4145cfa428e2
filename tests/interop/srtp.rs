//! Telephones whose sound is protected: at a menu, with each other, and with one that knows no SRTP.

use crate::authority::Authority;
use crate::baresip::Baresip;
use crate::house::{CHOSEN, GREETING, House, MENU};
use crate::linphone::Linphone;
use crate::menu::certified;
use crate::phone::{Account, Sound, Telephone};
use crate::scene::{Role, Scene};

const BARESIP: u32 = 450;
const LINPHONE: u32 = 650;
/// Nothing plain is spoken under these.
const REQUIRED: &str = "[rtp]\nsrtp = \"required\"\n";

/// Talks to the menu, is answered, holds it, and hangs up.
#[track_caller]
fn uses_the_menu(phone: &mut dyn Telephone) {
    phone.call(MENU);
    phone.hears(GREETING);
    phone.press('5');
    phone.hears(CHOSEN);
    phone.hold();
    phone.hears_nothing();
    phone.resume();
    phone.hears(GREETING);
    phone.hang_up();
}

#[test]
fn baresip_uses_a_menu_with_srtp_over_udp() {
    let scene = Scene::new();
    let house = House::start(&scene, REQUIRED, &["101"]);
    let account = Account::new("101", BARESIP, house.sip).with_sound(Sound::Srtp);
    uses_the_menu(&mut Baresip::start(&scene, Role::Baresip, account));
}

#[test]
fn baresip_uses_a_menu_with_srtp_over_tls() {
    let (scene, authority) = (Scene::new(), Authority::new());
    let house = House::start(&scene, &format!("{}\n{REQUIRED}", certified(&scene, &authority)), &["101"]);
    let account = Account::new("101", BARESIP, house.sip).over_tls(&scene.folder("tls").join("ca.pem"));
    uses_the_menu(&mut Baresip::start(&scene, Role::Baresip, account.with_sound(Sound::Srtp)));
}

#[test]
fn baresip_that_leaves_the_choice_has_its_sound_protected() {
    let scene = Scene::new();
    let house = House::start(&scene, REQUIRED, &["101"]);
    let account = Account::new("101", BARESIP, house.sip).with_sound(Sound::SrtpIfTaken);
    uses_the_menu(&mut Baresip::start(&scene, Role::Baresip, account));
}

#[test]
fn linphone_uses_a_menu_with_srtp() {
    let scene = Scene::new();
    let house = House::start(&scene, REQUIRED, &["103"]);
    let account = Account::new("103", LINPHONE, house.sip).with_sound(Sound::Srtp);
    uses_the_menu(&mut Linphone::start(&scene, Role::Linphone, account));
}

#[test]
fn linphone_that_leaves_the_choice_has_its_sound_protected() {
    let scene = Scene::new();
    let house = House::start(&scene, REQUIRED, &["103"]);
    let account = Account::new("103", LINPHONE, house.sip).with_sound(Sound::SrtpIfTaken);
    uses_the_menu(&mut Linphone::start(&scene, Role::Linphone, account));
}

#[test]
fn a_telephone_with_srtp_calls_one_without() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101", "103"]);
    let caller = Account::new("103", LINPHONE, house.sip).with_sound(Sound::Srtp);
    let mut caller = Linphone::start(&scene, Role::Linphone, caller);
    let mut callee = Baresip::start(&scene, Role::Baresip, Account::new("101", BARESIP, house.sip));
    caller.call(MENU);
    caller.hears(GREETING);
    caller.press('1');
    callee.is_called_by("103");
    callee.pick_up();
    caller.hears(BARESIP);
    callee.hears(LINPHONE);
    caller.hang_up();
    callee.is_left();
}

#[test]
fn telephones_that_are_called_take_our_offer_of_srtp() {
    let scene = Scene::new();
    let house = House::start(&scene, REQUIRED, &["101", "103"]);
    let caller = Account::new("101", BARESIP, house.sip).with_sound(Sound::Srtp);
    let mut caller = Baresip::start(&scene, Role::Baresip, caller);
    let callee = Account::new("103", LINPHONE, house.sip).with_sound(Sound::Srtp);
    let mut callee = Linphone::start(&scene, Role::Linphone, callee);
    caller.call(MENU);
    caller.hears(GREETING);
    caller.press('3');
    callee.is_called_by("101");
    callee.pick_up();
    caller.hears(LINPHONE);
    callee.hears(BARESIP);
    callee.hold();
    callee.hears_nothing();
    callee.resume();
    caller.hears(LINPHONE);
    callee.hears(BARESIP);
    callee.hang_up();
    caller.is_left();
}
