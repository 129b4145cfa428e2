//! Keys that somebody has pressed towards a party of a call in progress, by the way that the party takes them.
//!
//! Sources: RFC 4733 section 2.5.1.4, RFC 6086, ITU-T Q.24.

use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::{SendDigits, send_digits::HELD};
use antiphon_server::trace::{CallTrace, NotPressed};
use antiphon_testkit::{Answering, Keys, PhoneSetup, SimPhone};

use crate::digits::state::{in_events, in_info, in_tones};
use crate::world::{Shape, TRUNK, World, on_its_own, pass, usual_trunks};

fn only_call(world: &World) -> Arc<CallTrace> {
    world.server.rooms.trace.calls().pop().expect("there is a call")
}

fn digits(text: &str) -> SendDigits {
    SendDigits::parse(text, HELD).expect("keys and pauses")
}

/// What a phone got: telephone-events, INFO, tones.
fn got(phone: &SimPhone) -> (String, String, String) {
    (in_events(phone), in_info(phone), in_tones(phone))
}

#[test]
fn a_caller_is_sent_keys_as_events_or_in_info_and_the_prompt_goes_on() {
    for (keys, events, infos) in [(Keys::Events, "12#", ""), (Keys::Info, "", "12#")] {
        on_its_own(async {
            let world = World::new().await;
            let caller = world.connect(PhoneSetup { keys, ..World::setup("caller", 10) });
            caller.call("071").await;
            caller.up().await;
            pass(3_000).await;
            only_call(&world).send_digits(0, digits("12w#")).expect("the call listens");
            pass(3_000).await;
            assert_eq!(got(&caller), (events.to_owned(), infos.to_owned(), String::new()), "{keys:?}");
            let heard = world.heard(&caller, &[]);
            assert!(heard.names().iter().any(|name| name == "hello"), "{heard}");
            caller.hang_up().await;
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_callee_behind_a_trunk_for_tones_is_sent_tones_and_nobody_else_hears_them() {
    let trunks = usual_trunks("dtmf = \"inband\"");
    let world = World::shaped(Shape { trunks, ..Shape::default() }).await;
    let caller = world.caller();
    let answering = Answering::After(Duration::from_secs(1));
    let callee = world.connect(PhoneSetup { keys: Keys::Info, answering, ..World::setup("trunk", TRUNK) });
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('1').await;
    callee.up().await;
    pass(500).await;
    assert!(!callee.requests("INVITE")[0].body.contains("telephone-event"));
    let call = only_call(&world);
    assert_eq!(call.send_digits(2, digits("1")), Err(NotPressed::NoLeg));
    call.send_digits(1, digits("0*9D")).expect("the call listens");
    pass(2_000).await;
    assert_eq!(got(&callee), (String::new(), String::new(), "0*9D".to_owned()));
    assert_eq!(got(&caller), (String::new(), String::new(), String::new()));
    caller.hang_up().await;
    callee.over().await;
    assert_eq!(call.send_digits(0, digits("1")), Err(NotPressed::NoLeg));
    world.leaves_nothing().await;
}
