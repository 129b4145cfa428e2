//! Recordings of VoiceXML on whole calls: what ends them, what is heard before, and what is sent.
//!
//! Sources: VoiceXML 2.0 §2.3.6; `voicexml-customizers.md` 3.8.

use std::time::Duration;

use antiphon_testkit::{SimPhone, likeness};

use crate::vxml::{answer, calls, exit_of};
use crate::world::{World, on_its_own, pass, prompt};

/// A page that records with these attributes and sends what it has.
fn recording(attributes: &str) -> String {
    format!(
        r#"<var name="how" expr="''"/>
           <form><record name="said" {attributes}><prompt bargein="false"><audio src="builtin:hello"/></prompt>
               <noinput><exit expr="'nothing'"/></noinput>
               <filled><assign name="how" expr="said$.termchar + ' ' + said$.maxtime + ' ' + said$.duration"/></filled></record>
             <block><submit next="take" method="post" enctype="multipart/form-data" namelist="how said"/></block></form>"#
    )
}

/// The samples of the WAV file in a request.
#[track_caller]
fn sent(world: &World) -> Vec<i16> {
    let asked = world.web.asked();
    let body = asked[1].errand.body.clone().expect("a form");
    let at = body.windows(4).position(|window| window == b"RIFF").expect("a file of sound");
    let file = &body[at..];
    let data = file.windows(4).position(|window| window == b"data").expect("its samples") + 4;
    let length = u32::from_le_bytes(file[data..data + 4].try_into().expect("four bytes")) as usize;
    let samples = file[data + 4..data + 4 + length].as_chunks::<2>().0;
    samples.iter().map(|sample| i16::from_le_bytes(*sample)).collect()
}

/// How the recording ended, as the page has sent it: the key, whether it was the longest, and its length in ms.
#[track_caller]
fn how(world: &World) -> (String, bool, u64) {
    let asked = world.web.asked();
    let body = String::from_utf8_lossy(asked[1].errand.body.as_deref().unwrap_or_default()).into_owned();
    let (_, value) = body.split_once("name=\"how\"\r\n\r\n").expect("a part of that name");
    let mut words = value.lines().next().unwrap_or_default().split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    (word(), word() == "true", word().parse().expect("a number of milliseconds"))
}

async fn speaking(world: &World) -> SimPhone {
    let caller = calls(world).await;
    pass(3_200).await;
    caller.speak(Some(prompt("caller"))).await;
    caller
}

/// What a caller said, as a phone hears it.
fn words() -> Vec<i16> {
    let seed = "caller".bytes().fold(1_000, |sum: u64, byte| sum * 31 + u64::from(byte));
    antiphon_testkit::noise(seed, Duration::from_millis(700))
}

/// How like what was said the first 1.3 s of a recording are, in which all of it was said once.
fn alike(samples: &[i16]) -> f64 {
    likeness(&samples[..samples.len().min(10_400)], &words())
}

#[test]
fn a_recording_ends_by_silence_by_its_time_or_by_a_key_and_is_sent_as_it_was_said() {
    let cases = [
        // Attributes; a key; when the caller falls silent; how it ends and how long it is, in ms.
        (r#"finalsilence="2s" maxtime="30s""#, None, Some(2_000), ("null", false), 4_200),
        (r#"finalsilence="9s" maxtime="3s""#, None, None, ("null", true), 3_000),
        (r##"finalsilence="9s" maxtime="30s""##, Some((1_800, '#')), None, ("#", false), 2_000),
        // A key that ends nothing.
        (r#"finalsilence="9s" maxtime="4s" dtmfterm="false""#, Some((1_800, '5')), None, ("null", true), 4_000),
    ];
    for (attributes, key, silent, (termchar, is_longest), length) in cases {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &recording(attributes));
            answer(&world, "<form><block><exit expr=\"'kept'\"/></block></form>");
            let caller = speaking(&world).await;
            if let Some((after, key)) = key {
                pass(after).await;
                caller.press(key).await;
            }
            if let Some(after) = silent {
                pass(after).await;
                caller.speak(None).await;
            }
            caller.over().await;
            assert_eq!(exit_of(&caller), "kept", "{attributes}");
            let (key, longest, told) = how(&world);
            assert_eq!((key.as_str(), longest), (termchar, is_longest), "{attributes}");
            assert!(told.abs_diff(length) < 250, "{attributes}: {told} ms");
            let samples = sent(&world);
            assert!((samples.len() as u64 / 8).abs_diff(told) < 60, "{attributes}: {} samples", samples.len());
            let alike = alike(&samples);
            assert!(alike > 0.98, "{attributes}: what is sent is like what was said by {alike}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_beep_says_when_to_speak_and_is_no_part_of_the_recording() {
    let world = World::new().await;
    answer(&world, &recording(r#"beep="true" finalsilence="2s" maxtime="10s""#));
    answer(&world, "<form><block><exit expr=\"'kept'\"/></block></form>");
    let caller = calls(&world).await;
    let beep = world.server.rooms.tone("beep").expect("a system sound");
    pass(3_000 + u64::try_from(beep.duration().as_millis()).expect("it is short") + 500).await;
    caller.speak(Some(prompt("caller"))).await;
    pass(1_400).await;
    caller.speak(None).await;
    caller.over().await;
    let known = world.known(&caller, &[]).with("beep", &beep);
    let heard = antiphon_testkit::Heard::of(&caller.received(), &known);
    let (hello, beep) = (heard.first("hello"), heard.first("beep"));
    assert!(beep.from - hello.to <= Duration::from_millis(45), "{heard}");
    let samples = sent(&world);
    let silence = samples.iter().take_while(|sample| sample.unsigned_abs() < 200).count() / 8;
    assert!((400..700).contains(&silence), "{silence} ms before the first word");
    assert!(alike(&samples) > 0.98, "{}", alike(&samples));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn who_says_nothing_is_not_recorded_and_who_hangs_up_has_said_what_was_said() {
    let world = World::new().await;
    answer(&world, &recording(r#"finalsilence="2s""#));
    let caller = calls(&world).await;
    caller.over().await;
    assert_eq!(exit_of(&caller), "nothing");
    drop(caller);
    pass(1_000).await;
    let asked = world.web.asked().len();
    answer(
        &world,
        r#"<catch event="connection.disconnect.hangup"><submit next="take" method="post" enctype="multipart/form-data" namelist="said"/></catch>
           <form><record name="said" finalsilence="9s"><prompt bargein="false"><audio src="builtin:hello"/></prompt></record></form>"#,
    );
    answer(&world, "<form><block><exit/></block></form>");
    let caller = speaking(&world).await;
    pass(2_000).await;
    caller.hang_up().await;
    caller.over().await;
    pass(1_000).await;
    let after = world.web.asked().split_off(asked);
    assert_eq!(after.len(), 2, "the page, and what it says when the caller has gone");
    let body = after[1].errand.body.clone().expect("a form");
    assert!(body.windows(4).any(|window| window == b"RIFF") && body.len() > 30_000, "{} bytes", body.len());
    world.leaves_nothing().await;
}
