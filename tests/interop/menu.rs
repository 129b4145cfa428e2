//! One telephone and a menu: it registers, calls, hears, presses keys, is answered, holds, and either side ends the call.

use crate::authority::Authority;
use crate::baresip::Baresip;
use crate::house::{CHOSEN, GREETING, House, MENU};
use crate::linphone::Linphone;
use crate::phone::{Account, Keys, Telephone, Transport};
use crate::scene::{PATIENCE, Role, Scene, wait_for};

const BARESIP: u32 = 450;
const LINPHONE: u32 = 650;

/// Talks to the menu, and is answered.
#[track_caller]
fn uses_the_menu(phone: &mut dyn Telephone) {
    phone.call(MENU);
    phone.hears(GREETING);
    phone.press('5');
    phone.hears(CHOSEN);
    phone.hears(GREETING);
}

/// Holds a call with a menu and takes it back.
#[track_caller]
fn holds_the_menu(phone: &mut dyn Telephone) {
    phone.hold();
    phone.hears_nothing();
    phone.resume();
    phone.hears(GREETING);
}

/// Calls the menu twice: the menu ends one call, the telephone the other.
#[track_caller]
fn calls_and_calls_again(house: &House, phone: &mut dyn Telephone) {
    uses_the_menu(phone);
    holds_the_menu(phone);
    phone.press('0');
    phone.is_left();
    phone.call("100");
    phone.hears_something();
    phone.press('3');
    wait_for("key 3 of the demo leads to another extension", PATIENCE, || {
        house.log().contains("another extension takes the call over").then_some(())
    });
    phone.hears_something();
    phone.hang_up();
}

#[test]
fn baresip_registers_over_udp_and_uses_a_menu() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101"]);
    let account = Account::new("101", BARESIP, house.sip);
    calls_and_calls_again(&house, &mut Baresip::start(&scene, Role::Baresip, account));
}

#[test]
fn baresip_registers_over_tcp_and_uses_a_menu() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101"]);
    let account = Account::new("101", BARESIP, house.sip).over(Transport::Tcp);
    calls_and_calls_again(&house, &mut Baresip::start(&scene, Role::Baresip, account));
}

#[test]
fn baresip_registers_over_tls_and_uses_a_menu() {
    let scene = Scene::new();
    let authority = Authority::new();
    let house = House::start(&scene, &certified(&scene, &authority), &["101"]);
    let account = Account::new("101", BARESIP, house.sip).over_tls(&scene.folder("tls").join("ca.pem"));
    calls_and_calls_again(&house, &mut Baresip::start(&scene, Role::Baresip, account));
}

/// The settings of a server with a certificate of this authority for its address.
pub(crate) fn certified(scene: &Scene, authority: &Authority) -> String {
    let folder = scene.folder("tls");
    authority.issue_for(&folder, &scene.address(Role::Antiphon).to_string());
    let file = |name: &str| folder.join(name).display().to_string();
    format!("tls_certificate = \"{}\"\ntls_key = \"{}\"\n", file("certificate.pem"), file("key.pem"))
}

#[test]
fn baresip_proves_who_it_is_when_it_calls_without_a_registration() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101"]);
    let account = Account::new("101", BARESIP, house.sip).unregistered();
    let mut phone = Baresip::start(&scene, Role::Baresip, account);
    uses_the_menu(&mut phone);
    phone.hang_up();
}

#[test]
fn linphone_registers_over_udp_and_uses_a_menu_with_keys_as_events() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["103"]);
    let account = Account::new("103", LINPHONE, house.sip);
    calls_and_calls_again(&house, &mut Linphone::start(&scene, Role::Linphone, account));
}

#[test]
fn linphone_registers_over_tcp_and_uses_a_menu_with_keys_in_info() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["103"]);
    let account = Account::new("103", LINPHONE, house.sip).over(Transport::Tcp).with_keys(Keys::Info);
    calls_and_calls_again(&house, &mut Linphone::start(&scene, Role::Linphone, account));
}

#[test]
fn linphone_proves_who_it_is_when_it_calls_without_a_registration() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["103"]);
    let account = Account::new("103", LINPHONE, house.sip).unregistered().with_keys(Keys::Info);
    let mut phone = Linphone::start(&scene, Role::Linphone, account);
    uses_the_menu(&mut phone);
    phone.hang_up();
}

#[test]
fn a_telephone_with_a_wrong_password_is_refused() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101"]);
    let account = Account::new("101", BARESIP, house.sip).unregistered().with_password("another");
    Baresip::start(&scene, Role::Baresip, account).is_refused(MENU);
}

/// Calls the menu and stays until the telephone has told how far away it is and what it hears.
#[track_caller]
fn reports_what_it_hears(house: &House, phone: &mut dyn Telephone) {
    phone.call(MENU);
    phone.hears(GREETING);
    let sound = wait_for("the telephone's report", PATIENCE, || {
        let sound = house.sound_of_the_call()?;
        (!sound["rtt_ms"].is_null()).then_some(sound)
    });
    // Both are on this machine; what is read late from a port that both share makes some milliseconds of it.
    assert!(sound["rtt_ms"].as_f64().is_some_and(|trip| trip < 100.0), "{sound}");
    assert!(sound["peer_report"]["loss_percent"].as_f64().is_some_and(|loss| loss < 5.0), "{sound}");
    assert!(sound["mos"]["told"].as_f64().is_some_and(|mos| mos > 3.8), "{sound}");
    phone.hang_up();
}

#[test]
fn baresip_reports_what_it_hears() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101"]);
    let account = Account::new("101", BARESIP, house.sip);
    reports_what_it_hears(&house, &mut Baresip::start(&scene, Role::Baresip, account));
}

#[test]
fn linphone_reports_what_it_hears() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["103"]);
    let account = Account::new("103", LINPHONE, house.sip);
    reports_what_it_hears(&house, &mut Linphone::start(&scene, Role::Linphone, account));
}
