//! Calls in each codec: the menu is heard, its keys count, and two who speak different ones hear each other.
//!
//! Sources: RFC 3551, RFC 7587, RFC 4733 section 2.1 (keys count as the codec does).

use std::time::Duration;

use antiphon_media::codec::Law;
use antiphon_media::{Audio, Band, Codec};
use antiphon_testkit::{Answering, PhoneSetup, SimPhone, likeness, linear};

use crate::world::{Shape, World, on_its_own, pass};

const ALL: &str = "codecs = [\"pcma\", \"pcmu\", \"g722\", \"l16\"]";

fn codecs() -> impl Iterator<Item = Codec> {
    let all = [Codec::G722, Codec::L16(Band::Narrow), Codec::L16(Band::Wide), Codec::Opus];
    all.into_iter().filter(|codec| codec.is_built())
}

/// What a server speaks by its settings: everything that is not spoken unless asked for, or what is spoken anyhow.
fn spoken(codec: Codec) -> Shape {
    let rtp = if matches!(codec, Codec::L16(_)) { ALL } else { "" };
    Shape { rtp, ..Shape::default() }
}

/// A prompt of the tree, and its samples as they are sent in G.711.
fn prompt(name: &str) -> (Audio, Vec<i16>) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../sounds").join(name).with_extension("wav");
    let audio = Audio::from_wav(&std::fs::read(file).expect("a prompt of the tree")).expect("a WAV file");
    let mut samples = vec![0; audio.payload(Codec::Pcma).len()];
    Law::A.decode_all(audio.payload(Codec::Pcma), &mut samples);
    (audio, samples)
}

/// How much what a phone heard in the first seconds, or the last ones, is like the first second of a prompt.
fn heard(phone: &SimPhone, seconds: std::ops::Range<usize>, said: &[i16]) -> f64 {
    let heard = linear(&phone.received(), phone.setup().codec);
    let part = &heard[(seconds.start * 8_000).min(heard.len())..(seconds.end * 8_000).min(heard.len())];
    likeness(part, &said[..said.len().min(8_000)])
}

#[test]
fn a_caller_hears_the_demo_in_each_codec_and_a_key_of_its_clock_counts() {
    let (_, welcome) = prompt("en/demo-welcome");
    let (_, introduction) = prompt("en/demo-introduction");
    for codec in codecs() {
        on_its_own(async {
            let world = World::of_the_demo_shaped(spoken(codec)).await;
            let caller = world.connect(PhoneSetup { codec, ..World::setup("caller", 10) });
            caller.call("100").await;
            caller.up().await;
            pass(2_000).await;
            caller.press('1').await;
            pass(3_000).await;
            caller.hang_up().await;
            let alike = heard(&caller, 0..3, &welcome);
            assert!(alike > 0.95, "{codec:?}: {alike:.3} of the welcome");
            let alike = heard(&caller, 1..6, &introduction);
            assert!(alike > 0.95, "{codec:?}: {alike:.3} of what its key asked for");
            world.leaves_nothing().await;
        });
    }
}

#[test]
fn phones_of_different_codecs_hear_each_other_over_a_bridge() {
    let (callers, from_caller) = prompt("en/goodbye");
    let (callees, from_callee) = prompt("en/invalid-choice");
    for codec in codecs() {
        on_its_own(async {
            let world = World::shaped(spoken(codec)).await;
            let caller = world.connect(PhoneSetup { codec, ..World::setup("caller", 10) });
            let callee = world.callee("002", 2, Answering::After(Duration::ZERO));
            caller.speak(Some(callers.clone())).await;
            callee.speak(Some(callees.clone())).await;
            caller.call("071").await;
            caller.up().await;
            pass(3_500).await;
            caller.press('6').await;
            callee.up().await;
            pass(6_000).await;
            caller.hang_up().await;
            callee.over().await;
            let alike = heard(&callee, 1..6, &from_caller);
            assert!(alike > 0.9, "{codec:?}: the callee hears {alike:.3} of the caller");
            let alike = heard(&caller, 5..10, &from_callee);
            assert!(alike > 0.9, "{codec:?}: the caller hears {alike:.3} of the callee");
            world.leaves_nothing().await;
        });
    }
}

fn offer(formats: &str, lines: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n{lines}"
    )
}

#[tokio::test]
async fn packets_are_as_long_as_asked_and_a_new_offer_changes_codec_and_length_in_the_middle_of_a_prompt() {
    let world = World::of_the_demo().await;
    let caller = world.connect(PhoneSetup { codec: Codec::G722, ..World::setup("caller", 10) });
    caller.call_offering("100", &offer("9", "a=ptime:30\r\n")).await;
    caller.up().await;
    pass(1_200).await;
    assert_eq!(caller.reoffer(&offer("9", "a=ptime:40\r\n").replace("- 1 1 IN", "- 1 2 IN")).await, 200);
    pass(600).await;
    assert_eq!(caller.reoffer(&offer("0", "a=ptime:10\r\n").replace("- 1 1 IN", "- 1 3 IN")).await, 200);
    pass(600).await;
    caller.hang_up().await;
    let packets = caller.received();
    let lengths: Vec<(u8, usize)> = packets.iter().map(|packet| (packet.payload_type, packet.payload.len())).collect();
    let mut kinds = lengths.clone();
    kinds.dedup();
    assert_eq!(kinds, [(9, 240), (9, 320), (0, 80)]);
    assert!(lengths.iter().filter(|kind| **kind == (9, 240)).count() >= 38, "1.2 s in packets of 30 ms");
    for pair in packets.windows(2) {
        let ticks = pair[1].timestamp.wrapping_sub(pair[0].timestamp) as usize;
        assert_eq!(ticks, pair[0].payload.len(), "the line of timestamps has no hole");
    }
    // In one codec after the other, what was said is one prompt.
    let (_, welcome) = prompt("en/demo-welcome");
    let mut whole = linear(&packets, Codec::G722);
    let alike = likeness(&whole, &welcome[..welcome.len().min(12_000)]);
    assert!(alike > 0.95, "{alike:.3} over a change of the packets' length");
    whole.extend(linear(&packets, Codec::Pcmu));
    assert!(whole.len() > 8_000 * 22 / 10, "{}", whole.len());
    world.leaves_nothing().await;
}

/// Whoever can speak what the caller speaks is asked for that first.
#[tokio::test]
async fn a_callee_is_offered_the_callers_codec_first() {
    let world = World::new().await;
    let caller = world.connect(PhoneSetup { codec: Codec::G722, ..World::setup("caller", 10) });
    let answering = Answering::After(Duration::ZERO);
    let callee = world.connect(PhoneSetup { codec: Codec::G722, answering, ..World::setup("002", 2) });
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    pass(500).await;
    let offered = callee.requests("INVITE").remove(0).body;
    assert!(offered.contains("RTP/AVP 9 8 0 "), "{offered}");
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[test]
fn the_codec_that_a_caller_prefers_is_taken_of_those_that_are_usual() {
    for (formats, expect) in [("9 8 0", 9), ("8 9", 8), ("0 9 8", 0)] {
        on_its_own(async {
            let world = World::new().await;
            let caller = world.caller();
            caller.call_offering("071", &offer(formats, "")).await;
            caller.up().await;
            pass(200).await;
            caller.hang_up().await;
            let packets = caller.received();
            assert!(packets.len() > 5 && packets.iter().all(|packet| packet.payload_type == expect), "{formats}");
            world.leaves_nothing().await;
        });
    }
}
