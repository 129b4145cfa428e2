//! Calls that take the place of another.

use super::*;

/// An INVITE of somebody else with these `Replaces` lines.
fn replacing(replaces: &str) -> String {
    let head = format!("{}\r\nMax-Forwards", replaces.replace('\n', "\r\n"));
    invite(OFFER).replace("z9hG4bKi1", "z9hG4bKi2").replace("call-1", "call-2").replace("alice", "bob").replacen(
        "Max-Forwards",
        &head,
        1,
    )
}

fn replaced(rig: &mut Rig) -> Option<DialogId> {
    let events = rig.events();
    let [Event::Incoming { invite, .. }] = &events[..] else { panic!("{events:?}") };
    invite.replaces
}

#[test]
fn an_invite_names_the_call_whose_place_it_takes() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&replacing(&format!("Require: replaces\nReplaces: call-1;to-tag={tag};from-tag=alice")));
    assert_eq!(rig.kinds(), ["100"]);
    assert_eq!(replaced(&mut rig), Some(dialog));
}

#[test]
fn a_call_of_ours_that_rings_can_be_replaced_too() {
    let mut rig = Rig::new();
    let (dialog, call) = rig.calling(None);
    rig.receive(&reply(&call, "180 Ringing", "callee", ""));
    rig.events();
    let tag = call.header("From").split("tag=").nth(1).unwrap_or_default().to_owned();
    let call_id = call.header("Call-ID");
    rig.receive(&replacing(&format!("Replaces: {call_id};to-tag={tag};from-tag=callee;early-only")));
    assert_eq!(replaced(&mut rig), Some(dialog));
}

#[test]
fn an_invite_that_can_replace_nothing_is_refused() {
    let check = |make: &dyn Fn(&mut Rig) -> String, headers: &str, expected: &str| {
        let mut rig = Rig::new();
        let tag = make(&mut rig);
        rig.events();
        rig.sent();
        rig.receive(&replacing(&headers.replace("TAG", &tag)));
        assert_eq!((rig.kinds(), rig.events()), (vec![expected.to_owned()], vec![]), "{headers}");
    };
    let answered = |rig: &mut Rig| rig.answered().1;
    let good = "Replaces: call-1;to-tag=TAG;from-tag=alice";
    check(&answered, &good.replace("alice", "bob"), "481");
    check(&answered, &good.replace("call-1", "call-9"), "481");
    check(&answered, &good.replace("TAG", "none"), "481");
    check(&answered, &format!("{good};early-only"), "486");
    check(&answered, &format!("{good}\n{good}"), "400");
    check(&answered, &format!("{good}, call-9;to-tag=a;from-tag=b"), "400");
    check(&answered, "Replaces: call-1", "400");
    let ringing = |rig: &mut Rig| {
        let dialog = rig.incoming(&invite(OFFER));
        rig.endpoint.ring(rig.now, dialog, None).expect("it is new");
        rig.only().to_tag()
    };
    check(&ringing, good, "481");
    let leaving = |rig: &mut Rig| {
        let (dialog, tag) = rig.answered();
        rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
        tag
    };
    check(&leaving, good, "603");
}
