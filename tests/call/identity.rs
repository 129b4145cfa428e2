//! Who calls: what trunks are told, and whom trunks are believed.
//!
//! Sources: RFC 3323, RFC 3325, RFC 5806; draft-ietf-sip-privacy-04.

use std::time::Duration;

use antiphon_server::store::changes::UpdateExtension;
use antiphon_testkit::{Answering, SimPhone, SipText, VirtualSocket};

use serde_json::{Value, json};

use crate::world::{SERVER, Shape, TRUNK, World, on_its_own, pass, usual_trunks};

/// An INVITE to the menu's public number from a trunk's address, with these lines more.
fn invite(from: &str, number: u32, lines: &[(&str, &str)]) -> SipText {
    let sdp = "v=0\r\no=- 1 1 IN IP4 10.1.9.9\r\ns=-\r\nc=IN IP4 10.1.9.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
               a=rtpmap:101 telephone-event/8000\r\n";
    let request = SipText { start: format!("INVITE sip:+37410000000@{SERVER} SIP/2.0"), ..SipText::default() }
        .with("Via", &format!("SIP/2.0/UDP 10.1.9.9:5060;branch=z9hG4bKwho{number};rport"))
        .with("Max-Forwards", "70")
        .with("From", &format!("{from};tag=w{number}"))
        .with("To", "<sip:+37410000000@antiphon>")
        .with("Call-ID", &format!("who-{number}"))
        .with("CSeq", "1 INVITE")
        .with("Contact", "<sip:10.1.9.9:5060>");
    lines.iter().fold(request, |request, (name, value)| request.with(name, value)).with_body("application/sdp", sdp)
}

/// The INVITE that a trunk gets when a caller with this identity presses 1 in the menu.
async fn told(keys: &str, from: &str, lines: &[(&str, &str)]) -> SipText {
    told_by(json!({}), keys, from, lines).await
}

/// The same, where the menu's extension has these fields.
async fn told_by(fields: Value, keys: &str, from: &str, lines: &[(&str, &str)]) -> SipText {
    let trunks = usual_trunks(&format!("options_interval = 0\n{keys}"));
    let world = World::shaped(Shape { trunks, ..Shape::default() }).await;
    let store = &world.server.rooms.store;
    let menu = store.snapshot().find_extension("071", None).expect("the menu").clone();
    store.commit(UpdateExtension { client: menu.client, id: menu.id, body: fields }).await.expect("good fields");
    let callee = world.callee("trunk", TRUNK, Answering::After(Duration::from_secs(1)));
    let caller = world.net.bind(([10, 1, 9, 9], 5060).into()).expect("a free address");
    caller.send(&invite(from, 1, lines).to_bytes(), SERVER);
    let to = ok(&caller).await;
    let in_dialog = |method: &str, cseq: u32| {
        SipText { start: format!("{method} sip:+37410000000@{SERVER} SIP/2.0"), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP 10.1.9.9:5060;branch=z9hG4bK{method}{cseq};rport"))
            .with("Max-Forwards", "70")
            .with("From", &format!("{from};tag=w1"))
            .with("To", &to)
            .with("Call-ID", "who-1")
            .with("CSeq", &format!("{cseq} {method}"))
    };
    caller.send(&in_dialog("ACK", 1).to_bytes(), SERVER);
    pass(3_500).await;
    let key = in_dialog("INFO", 2).with_body("application/dtmf-relay", "Signal=1\r\nDuration=100\r\n");
    caller.send(&key.to_bytes(), SERVER);
    pass(2_000).await;
    callee.up().await;
    let told = first_invite(&callee);
    caller.send(&in_dialog("BYE", 3).to_bytes(), SERVER);
    callee.over().await;
    told
}

fn first_invite(callee: &SimPhone) -> SipText {
    callee.requests("INVITE").remove(0)
}

/// The To of the 200.
async fn ok(caller: &VirtualSocket) -> String {
    loop {
        let response = SipText::parse(&caller.receive().await.payload);
        match response.status() {
            Some(200) => return response.header("To").expect("a 200 has a To").to_owned(),
            Some(status) => assert!(status < 200, "refused with {status}"),
            None => {}
        }
    }
}

#[track_caller]
fn check(told: &SipText, header: &str, expected: Option<&str>) {
    assert_eq!(told.header(header), expected, "{header} of {told:?}");
}

#[tokio::test]
async fn a_trunk_is_told_the_callers_number_and_which_of_ours_passed_the_call_on() {
    let told = told("", "\"Anna\" <sip:+78121234567@far.example>", &[]).await;
    check(&told, "P-Asserted-Identity", Some("Anna <sip:+78121234567@127.0.0.1:5060>"));
    check(&told, "Privacy", None);
    let diversion = told.header("Diversion").expect("a menu passed the call on");
    assert!(
        diversion.contains("sip:+37410000000@127.0.0.1:5060") && diversion.contains("reason=unconditional"),
        "{diversion}"
    );
}

#[tokio::test]
async fn the_network_is_believed_before_from_and_a_remote_party_id_where_there_is_nothing_else() {
    let asserted = [("P-Asserted-Identity", "\"Real\" <sip:+74951112233@net>"), ("Remote-Party-ID", "<sip:+1@net>")];
    let told_by = told("identity = \"none\"", "<sip:fake@far.example>", &asserted).await;
    assert!(told_by.header("From").is_some_and(|from| from.contains("Real <sip:+74951112233@")), "{told_by:?}");
    check(&told_by, "P-Asserted-Identity", None);
}

#[tokio::test]
async fn a_remote_party_id_is_read_and_written_where_the_settings_want_it() {
    let remote = [("Remote-Party-ID", "\"Old\" <sip:+74954445566@net>;party=calling;screen=yes;privacy=off")];
    let told = told("identity = \"rpid\"\ndiversion = false", "<sip:fake@far.example>", &remote).await;
    let written = told.header("Remote-Party-ID").expect("the settings want one");
    assert!(written.contains("sip:+74954445566@127.0.0.1:5060") && written.contains("privacy=off"), "{written}");
    check(&told, "P-Asserted-Identity", None);
    check(&told, "Diversion", None);
}

#[tokio::test]
async fn a_hidden_number_is_told_to_the_trunk_alone_and_marked_as_hidden() {
    let hidden = [("P-Asserted-Identity", "<sip:+74951112233@net>"), ("Privacy", "id")];
    let told = told("", "\"Anonymous\" <sip:anonymous@anonymous.invalid>", &hidden).await;
    assert!(told.header("From").is_some_and(|from| from.contains("anonymous@anonymous.invalid")), "{told:?}");
    check(&told, "P-Asserted-Identity", Some("<sip:+74951112233@127.0.0.1:5060>"));
    check(&told, "Privacy", Some("id"));
}

#[tokio::test]
async fn an_extension_has_the_number_that_was_called_in_from() {
    let told = told_by(json!({"did_as_transfer_caller_id": "from"}), "", "\"Anna\" <sip:+7812@far.example>", &[]).await;
    assert!(
        told.header("From").is_some_and(|from| from.contains("Anna <sip:+37410000000@127.0.0.1:5060>")),
        "{told:?}"
    );
    check(&told, "P-Asserted-Identity", Some("Anna <sip:+7812@127.0.0.1:5060>"));
    check(&told, "Diversion", None);
}

#[tokio::test]
async fn an_extension_has_the_number_that_was_called_in_diversion_whatever_the_trunk_says() {
    let fields = json!({"did_as_transfer_caller_id": "diversion"});
    let told = told_by(fields, "diversion = false", "<sip:+7812@far.example>", &[]).await;
    assert!(told.header("From").is_some_and(|from| from.contains("<sip:+7812@")), "{told:?}");
    assert!(told.header("Diversion").is_some_and(|by| by.contains("sip:+37410000000@")), "{told:?}");
}

#[test]
fn an_extension_has_the_number_that_was_called_asserted_in_place_of_the_callers() {
    let hidden = [("P-Asserted-Identity", "<sip:+74951112233@net>"), ("Privacy", "id")];
    for (keys, from, lines, expected) in [
        ("", "<sip:+7812@far.example>", &[][..], Some("<sip:+37410000000@127.0.0.1:5060>")),
        ("", "<sip:anonymous@anonymous.invalid>", &hidden[..], Some("<sip:+37410000000@127.0.0.1:5060>")),
        // A trunk that takes no such header gets none.
        ("identity = \"none\"", "<sip:+7812@far.example>", &[][..], None),
    ] {
        on_its_own(async move {
            let told = told_by(json!({"ani_rfc3325": true}), keys, from, lines).await;
            check(&told, "P-Asserted-Identity", expected);
            // Of a caller who hides, nothing is told at all.
            assert!(!String::from_utf8_lossy(&told.to_bytes()).contains("74951112233"), "{told:?}");
        });
    }
}

#[tokio::test]
async fn from_is_as_the_carrier_demands() {
    let keys = "from_user = \"74950000000\"\nfrom_host = \"sip.carrier.example\"";
    let told = told(keys, "<sip:+78121234567@far.example>", &[]).await;
    assert!(told.header("From").is_some_and(|from| from.contains("<sip:74950000000@sip.carrier.example>")), "{told:?}");
    check(&told, "P-Asserted-Identity", Some("<sip:+78121234567@sip.carrier.example>"));
}

#[tokio::test]
async fn a_hostile_caller_id_adds_no_header_and_breaks_no_line() {
    let from = "\"Eve\\\" <sip:x@y>\\\\\" <sip:%0d%0aX-Evil:%20yes%3e,%3csip:a@far.example>";
    let told = told("", from, &[]).await;
    check(&told, "X-Evil", None);
    check(&told, "P-Asserted-Identity", Some("\"Eve\\\" <sip:x@y>\\\\\" <sip:X-Evil@127.0.0.1:5060>"));
    assert!(told.header("From").is_some_and(|from| from.contains("<sip:X-Evil@127.0.0.1:5060>")), "{told:?}");
}

/// RFC 3261 §16.3 step 3: what would be passed on and may not go any further.
#[tokio::test]
async fn a_call_without_hops_left_to_the_number_it_is_for_is_told_so() {
    let world = World::new().await;
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    let caller = world.net.bind(([10, 1, 9, 9], 5060).into()).expect("a free address");
    let text = String::from_utf8(invite("<sip:1@10.1.9.9>", 1, &[]).to_bytes()).expect("it is text");
    let text = text.replace("Max-Forwards: 70", "Max-Forwards: 0").replace("sip:+37410000000@", "sip:002@");
    caller.send(text.as_bytes(), SERVER);
    let refused = loop {
        let status = SipText::parse(&caller.receive().await.payload).status();
        if status.is_some_and(|status| status >= 200) {
            break status;
        }
    };
    assert_eq!((refused, callee.requests("INVITE").len()), (Some(483), 0));
}
