//! Two telephones of different make, joined by a menu: both hear each other, either holds and resumes, either hangs up.

use crate::baresip::Baresip;
use crate::house::{GREETING, House, MENU};
use crate::linphone::Linphone;
use crate::phone::{Account, Telephone, Transport};
use crate::scene::{Role, Scene};

const BARESIP: u32 = 450;
const LINPHONE: u32 = 650;

/// One party of a conversation.
struct Party<'a> {
    phone: &'a mut dyn Telephone,
    /// What it says, in Hz.
    voice: u32,
    number: &'static str,
}

/// The first calls the menu and presses the key of the second, who picks up.
#[track_caller]
fn calls(caller: &mut Party<'_>, callee: &mut Party<'_>, key: char) {
    caller.phone.call(MENU);
    caller.phone.hears(GREETING);
    caller.phone.press(key);
    callee.phone.is_called_by(caller.number);
    callee.phone.pick_up();
    talk(caller, callee);
}

/// Both hear each other.
#[track_caller]
fn talk(one: &mut Party<'_>, other: &mut Party<'_>) {
    one.phone.hears(other.voice);
    other.phone.hears(one.voice);
}

/// The first puts the second on hold, and takes it back.
#[track_caller]
fn holds(holder: &mut Party<'_>, held: &mut Party<'_>) {
    holder.phone.hold();
    holder.phone.hears_nothing();
    holder.phone.resume();
    talk(holder, held);
}

fn each_calls_the_other(baresip: Transport, linphone: Transport) {
    let scene = Scene::new();
    let house = House::start(&scene, "", &["101", "103"]);
    let account = Account::new("101", BARESIP, house.sip).over(baresip);
    let mut baresip = Baresip::start(&scene, Role::Baresip, account);
    let account = Account::new("103", LINPHONE, house.sip).over(linphone);
    let mut linphone = Linphone::start(&scene, Role::Linphone, account);
    let mut baresip = Party { phone: &mut baresip, voice: BARESIP, number: "101" };
    let mut linphone = Party { phone: &mut linphone, voice: LINPHONE, number: "103" };

    calls(&mut baresip, &mut linphone, '3');
    holds(&mut baresip, &mut linphone);
    holds(&mut linphone, &mut baresip);
    baresip.phone.hang_up();
    linphone.phone.is_left();

    calls(&mut linphone, &mut baresip, '1');
    holds(&mut linphone, &mut baresip);
    holds(&mut baresip, &mut linphone);
    baresip.phone.hang_up();
    linphone.phone.is_left();
}

#[test]
fn baresip_and_linphone_talk_over_udp() {
    each_calls_the_other(Transport::Udp, Transport::Udp);
}

#[test]
fn baresip_over_tcp_and_linphone_over_udp_talk() {
    each_calls_the_other(Transport::Tcp, Transport::Udp);
}

#[test]
fn baresip_over_udp_and_linphone_over_tcp_talk() {
    each_calls_the_other(Transport::Udp, Transport::Tcp);
}
