//! Kamailio between the telephones and Antiphon: their outbound proxy, which records its route in every call.

use std::net::SocketAddr;

use crate::baresip::Baresip;
use crate::house::{CHOSEN, GREETING, House, MENU};
use crate::kamailio::Kamailio;
use crate::linphone::Linphone;
use crate::phone::{Account, Telephone, Transport};
use crate::scene::{Role, Scene};

const BARESIP: u32 = 450;
const LINPHONE: u32 = 650;

/// A proxy that reaches Antiphon over this transport.
fn proxy(scene: &Scene, transport: Transport) -> (Kamailio, SocketAddr) {
    let at = scene.address(Role::Kamailio);
    let names = [("ANTIPHON", scene.address(Role::Antiphon).to_string()), ("TRANSPORT", transport.name().to_owned())];
    (Kamailio::start(scene, &[at], include_str!("proxy.cfg"), &names), SocketAddr::new(at, 5060))
}

/// Through the proxy: the call, keys, a re-INVITE each way of holding, and a BYE from either side.
fn uses_the_menu(phone: &mut dyn Telephone) {
    phone.call(MENU);
    phone.hears(GREETING);
    phone.press('5');
    phone.hears(CHOSEN);
    phone.hold();
    phone.hears_nothing();
    phone.resume();
    phone.hears(GREETING);
    phone.press('0');
    phone.is_left();
    phone.call(MENU);
    phone.hears(GREETING);
    phone.hang_up();
}

fn a_telephone_of_each_make(towards_us: Transport, towards_phones: Transport) {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101", "103"]);
    let (kamailio, proxy) = proxy(&scene, towards_us);
    let account = Account::new("101", BARESIP, house.sip).over(towards_phones).through(proxy);
    let mut baresip = Baresip::start(&scene, Role::Baresip, account);
    uses_the_menu(&mut baresip);
    let account = Account::new("103", LINPHONE, house.sip).over(towards_phones).through(proxy);
    let mut linphone = Linphone::start(&scene, Role::Linphone, account);
    uses_the_menu(&mut linphone);

    baresip.call(MENU);
    baresip.hears(GREETING);
    baresip.press('3');
    linphone.is_called_by("101");
    linphone.pick_up();
    baresip.hears(LINPHONE);
    linphone.hears(BARESIP);
    linphone.hold();
    linphone.hears_nothing();
    linphone.resume();
    linphone.hears(BARESIP);
    linphone.hang_up();
    baresip.is_left();
    for method in ["REGISTER", "INVITE", "BYE"] {
        assert!(kamailio.log().contains(&format!("{method} sip:")), "no {method} went through the proxy");
    }
}

#[test]
fn calls_go_through_a_proxy_over_udp() {
    a_telephone_of_each_make(Transport::Udp, Transport::Udp);
}

#[test]
fn calls_go_through_a_proxy_from_udp_to_tcp() {
    a_telephone_of_each_make(Transport::Tcp, Transport::Udp);
}

#[test]
fn calls_go_through_a_proxy_from_tcp_to_udp() {
    a_telephone_of_each_make(Transport::Udp, Transport::Tcp);
}

#[test]
fn a_stranger_behind_the_proxy_is_not_taken_for_a_telephone_that_registered_through_it() {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101", "103"]);
    let (_kamailio, proxy) = proxy(&scene, Transport::Udp);
    let account = Account::new("103", LINPHONE, house.sip).through(proxy);
    let mut linphone = Linphone::start(&scene, Role::Linphone, account);
    let account = Account::new("101", BARESIP, house.sip).through(proxy).unregistered().with_password("another");
    Baresip::start(&scene, Role::Baresip, account).is_refused(MENU);
    linphone.call(MENU);
    linphone.hears(GREETING);
    linphone.hang_up();
}
