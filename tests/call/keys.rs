//! Keys over a bridge, by the way that each side takes them, and once.
//!
//! Sources: RFC 4733 (telephone-event), RFC 6086 (INFO).

use std::collections::HashSet;
use std::time::Duration;

use antiphon_testkit::{Answering, Keys, PhoneSetup, SimPhone};

use crate::world::{Shape, TRUNK, World, on_its_own, pass, usual_trunks};

/// The payload type of telephone-events in every offer of the tests.
const TELEPHONE_EVENT: u8 = 101;

/// The keys that came in RTP, one for each press, by their event codes.
fn in_rtp(phone: &SimPhone) -> Vec<u8> {
    let mut presses = HashSet::new();
    let keys = phone.received().into_iter().filter(|packet| packet.payload_type == TELEPHONE_EVENT);
    keys.filter(|packet| presses.insert(packet.timestamp)).map(|packet| packet.payload[0]).collect()
}

/// The keys that came as INFO.
fn in_info(phone: &SimPhone) -> Vec<String> {
    let signal = |body: &str| body.lines().next().unwrap_or_default().trim_start_matches("Signal=").to_owned();
    phone.requests("INFO").iter().map(|info| signal(&info.body)).collect()
}

/// A caller and a callee behind a trunk with this digit way, who talk.
async fn bridged(dtmf: &str, caller: Keys, callee: Keys) -> (World, SimPhone, SimPhone) {
    let trunks = usual_trunks(&format!("dtmf = \"{dtmf}\""));
    let world = World::shaped(Shape { trunks, ..Shape::default() }).await;
    let caller = world.connect(PhoneSetup { keys: caller, ..World::setup("caller", 10) });
    let answering = Answering::After(Duration::from_secs(1));
    let callee = world.connect(PhoneSetup { keys: callee, answering, ..World::setup("trunk", TRUNK) });
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('1').await;
    callee.up().await;
    pass(1_000).await;
    (world, caller, callee)
}

async fn end(world: World, caller: SimPhone, callee: SimPhone) {
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_trunk_that_takes_info_is_sent_info_and_offered_no_telephone_event() {
    let (world, caller, callee) = bridged("info", Keys::Events, Keys::Info).await;
    assert!(!callee.requests("INVITE")[0].body.contains("telephone-event"));
    for key in ['5', '#', '5'] {
        caller.press(key).await;
        pass(500).await;
    }
    assert_eq!(in_info(&callee), ["5", "#", "5"]);
    let info = &callee.requests("INFO")[0];
    assert_eq!(info.header("Content-Type"), Some("application/dtmf-relay"));
    assert!(info.body.contains("Duration=160"), "{}", info.body);
    assert!(in_rtp(&callee).is_empty());
    end(world, caller, callee).await;
}

#[test]
fn by_auto_a_trunk_without_telephone_events_is_sent_info_and_one_with_them_is_not() {
    for (keys, by_info, by_rtp) in [(Keys::Info, vec!["9".to_owned()], vec![]), (Keys::Events, vec![], vec![9])] {
        on_its_own(async {
            let (world, caller, callee) = bridged("auto", Keys::Events, keys).await;
            caller.press('9').await;
            pass(500).await;
            assert_eq!((in_info(&callee), in_rtp(&callee)), (by_info, by_rtp), "{keys:?}");
            end(world, caller, callee).await;
        });
    }
}

#[tokio::test]
async fn by_rfc4733_nobody_is_sent_info() {
    let (world, caller, callee) = bridged("rfc4733", Keys::Events, Keys::Info).await;
    caller.press('9').await;
    pass(500).await;
    assert_eq!((in_info(&callee), in_rtp(&callee)), (vec![], vec![]));
    end(world, caller, callee).await;
}

#[tokio::test]
async fn a_key_in_info_reaches_the_other_side_in_rtp_and_the_other_way_round() {
    let (world, caller, callee) = bridged("auto", Keys::Info, Keys::Events).await;
    caller.press('7').await;
    pass(500).await;
    assert_eq!((in_info(&callee), in_rtp(&callee)), (vec![], vec![7]));
    callee.press('3').await;
    pass(500).await;
    assert_eq!((in_info(&caller), in_rtp(&caller)), (vec!["3".to_owned()], vec![]));
    end(world, caller, callee).await;
}

#[tokio::test]
async fn keys_in_info_pass_to_a_side_that_takes_info() {
    let (world, caller, callee) = bridged("info", Keys::Info, Keys::Info).await;
    caller.press('*').await;
    callee.press('0').await;
    pass(500).await;
    assert_eq!((in_info(&callee), in_info(&caller)), (vec!["*".to_owned()], vec!["0".to_owned()]));
    end(world, caller, callee).await;
}
