//! Two phones on one network call each other: what they say is heard, and each way to end is seen.

use super::*;
use crate::heard::Heard;
use crate::ladder::ladder;
use crate::net::Path;
use crate::sound::{KnownSounds, noise};
use crate::stream::{Pace, breaks};
use antiphon_sip::StatusCode;

fn setup(name: &'static str, host: u8, answering: Answering) -> PhoneSetup {
    let at = |port| SocketAddr::from(([127, 0, 0, host], port));
    let server = SocketAddr::from(([127, 0, 0, 12], 5060));
    PhoneSetup {
        name,
        sip: at(5060),
        rtp: at(4000),
        server,
        codec: Codec::Pcmu,
        keys: Keys::Events,
        answering,
        srtp: None,
    }
}

fn pair(net: &VirtualNet, answering: Answering) -> (SimPhone, SimPhone) {
    let alice = SimPhone::connect(net, setup("alice", 11, Answering::Busy)).unwrap();
    let bob = SimPhone::connect(net, setup("bob", 12, answering)).unwrap();
    (alice, bob)
}

#[tokio::test(start_paused = true)]
async fn what_one_phone_says_the_other_hears_at_the_pace_of_the_clock() {
    let net = VirtualNet::new(1);
    net.set_usual_path(Path::after(Duration::from_millis(20)));
    let (alice, bob) = pair(&net, Answering::After(Duration::from_secs(2)));
    let hello = Audio::from_pcm(&noise(1, Duration::from_secs(1)));
    alice.speak(Some(hello.clone())).await;
    alice.call("bob").await;
    alice.up().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    alice.hang_up().await;
    assert_eq!(bob.over().await, EndReason::RemoteBye);
    let packets = bob.received();
    let pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(1) };
    assert_eq!(breaks(&packets, pace), []);
    let heard = Heard::of(&packets, &KnownSounds::new(Codec::Pcmu).with("hello", &hello));
    assert_eq!(heard.names(), ["hello"; 4].map(str::to_owned)[..heard.spans.len()]);
    assert!(heard.spans.len() >= 3, "{heard}");
    let names = [([127, 0, 0, 11].into(), "alice"), ([127, 0, 0, 12].into(), "bob")];
    let expected = "  0.00     alice -> bob       INVITE bob +sdp
  0.02       bob -> alice     100 (INVITE)
  0.02       bob -> alice     180 (INVITE)
  2.02       bob -> alice     200 (INVITE) +sdp
  2.04     alice -> bob       ACK
  5.04     alice -> bob       BYE
  5.06       bob -> alice     200 (BYE)
";
    assert_eq!(ladder(&net.tape(), &names), expected);
}

#[tokio::test(start_paused = true)]
async fn each_way_of_answering_is_what_the_caller_sees() {
    let check = async |answering, expected: EndReason| {
        let net = VirtualNet::new(1);
        let (alice, _bob) = pair(&net, answering);
        alice.call("bob").await;
        if answering == Answering::Never {
            alice.ringing().await;
            alice.hang_up().await;
        }
        assert_eq!(alice.over().await, expected, "{answering:?}");
    };
    check(Answering::Busy, EndReason::Rejected(StatusCode::BUSY_HERE)).await;
    check(Answering::Refuses(404), EndReason::Rejected(StatusCode::NOT_FOUND)).await;
    check(Answering::Never, EndReason::Cancelled).await;
    check(Answering::Deaf, EndReason::TransactionTimeout).await;
}

#[tokio::test(start_paused = true)]
async fn media_moves_with_a_reinvite_and_the_call_can_still_be_ended() {
    let net = VirtualNet::new(1);
    let (alice, bob) = pair(&net, Answering::After(Duration::ZERO));
    alice.call("bob").await;
    alice.up().await;
    let elsewhere = SocketAddr::from(([127, 0, 0, 13], 4_002));
    assert_eq!(alice.move_media(elsewhere).await, 200);
    alice.hang_up().await;
    assert_eq!(bob.over().await, EndReason::RemoteBye);
    let bye = bob.requests("BYE").pop().unwrap();
    assert_eq!(bye.cseq(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_offer_brings_its_answer_in_the_ack() {
    let net = VirtualNet::new(1);
    let (alice, bob) = pair(&net, Answering::After(Duration::ZERO));
    alice.call_without_offer("bob").await;
    alice.up().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(bob.requests("ACK")[0].body.contains("m=audio 4000"));
    assert!(!bob.received().is_empty());
}
