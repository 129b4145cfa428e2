//! Every codec in offers and answers, with its keys and its comfort noise.

use super::*;
use crate::codec::{Band, Codec};

fn all() -> Capabilities {
    Capabilities { codecs: Codec::ALL.to_vec(), ..Capabilities::default() }
}

/// Codec, payload type, event type and clock, comfort noise, packet length; or the error.
fn agreed(offer: &str) -> String {
    match answer(head(offer).as_bytes(), local(), &all(), &VERSION) {
        Ok((_, agreed)) => {
            let agreed = agreed.negotiated;
            let event =
                agreed.telephone_event.map_or("-".into(), |event| format!("{event}/{}", agreed.telephone_event_clock));
            let noise = agreed.comfort_noise.map_or("-".into(), |number| number.to_string());
            format!("{:?} {} {event} {noise} {}", agreed.codec, agreed.payload_type, agreed.ptime.as_millis())
        }
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn the_offers_order_decides_and_keys_count_as_the_codec_does() {
    let table = [
        ("9 8 0 101\r\na=rtpmap:101 telephone-event/8000", "G722 9 101/8000 - 20"),
        ("9 8\r\na=rtpmap:9 G722/16000", "G722 9 - - 20"),
        ("0 13 101\r\na=rtpmap:101 telephone-event/8000", "Pcmu 0 101/8000 13 20"),
        ("9 13", "G722 9 - 13 20"),
        (
            "97 98 99\r\na=rtpmap:97 L16/16000\r\na=rtpmap:98 telephone-event/8000\r\na=rtpmap:99 telephone-event/16000",
            "L16(Wide) 97 99/16000 - 20",
        ),
        ("97 13\r\na=rtpmap:97 l16/8000/1", "L16(Narrow) 97 - 13 20"),
        ("97 13 98\r\na=rtpmap:97 L16/16000\r\na=rtpmap:98 CN/16000", "L16(Wide) 97 - 98 20"),
        // A peer that knows one clock only is better served by it than by no keys.
        ("97 101\r\na=rtpmap:97 L16/16000\r\na=rtpmap:101 telephone-event/8000", "L16(Wide) 97 101/8000 - 20"),
        // Keys of another clock alone are none beside a codec of 8 kHz.
        ("8 101\r\na=rtpmap:101 telephone-event/48000", "Pcma 8 - - 20"),
        ("97\r\na=rtpmap:97 L16/16000\r\na=ptime:60", "L16(Wide) 97 - - 40"),
        ("97\r\na=rtpmap:97 L16/8000\r\na=ptime:60", "L16(Narrow) 97 - - 60"),
        ("9\r\na=ptime:30", "G722 9 - - 30"),
        ("97\r\na=rtpmap:97 L16/44100", "NoCommonCodec"),
        ("97\r\na=rtpmap:97 L16/16000/2", "NoCommonCodec"),
        ("3 18", "NoCommonCodec"),
    ];
    for (formats, expect) in table {
        assert_eq!(agreed(&format!("m=audio 6000 RTP/AVP {formats}\r\n")), expect, "{formats}");
    }
}

#[test]
fn opus_is_agreed_on_where_it_is_built_in_and_the_peer_takes_what_we_send() {
    let opus = |more: &str| {
        agreed(&format!(
            "m=audio 6000 RTP/AVP 96 8 99\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:99 telephone-event/48000\r\n{more}"
        ))
    };
    let (with, without) = ("Opus 96 99/48000 - 20", "Pcma 8 - - 20");
    let table = [
        ("", with, without),
        ("a=fmtp:96 minptime=10; useinbandfec=1; maxaveragebitrate=64000\r\n", with, without),
        ("a=ptime:60\r\n", with, "Pcma 8 - - 60"),
        ("a=fmtp:96 maxaveragebitrate=16000\r\n", without, without),
        ("a=maxptime:10\r\n", "Pcma 8 - - 10", "Pcma 8 - - 10"),
    ];
    for (more, with, without) in table {
        assert_eq!(opus(more), if Codec::Opus.is_built() { with } else { without }, "{more}");
    }
}

#[test]
fn an_offer_names_every_codec_that_is_built_in_with_keys_for_each_clock() {
    let text = String::from_utf8(offer(local(), &all(), &VERSION).to_vec()).unwrap();
    let opus = Codec::Opus.is_built();
    let line = if opus {
        "m=audio 40000 RTP/AVP 8 0 9 111 97 96 101 102 110\r\n"
    } else {
        "m=audio 40000 RTP/AVP 8 0 9 97 96 101 102\r\n"
    };
    assert!(text.contains(line), "{text}");
    assert!(text.contains("a=rtpmap:9 G722/8000\r\n") && text.contains("a=rtpmap:97 L16/16000\r\n"), "{text}");
    assert_eq!(
        text.contains("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 maxaveragebitrate=32000;useinbandfec=1\r\n"),
        opus
    );
    assert_eq!(text.contains("a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n"), opus);
}

#[test]
fn an_answer_that_leaves_a_choice_lets_each_of_its_codecs_come() {
    let answer = head("m=audio 6000 RTP/AVP 9 97 8\r\na=rtpmap:97 L16/16000\r\n");
    let agreed = accept(answer.as_bytes(), &all()).unwrap().negotiated;
    assert_eq!(agreed.codec, Codec::G722);
    let others: Vec<_> = agreed.others.into_iter().flatten().collect();
    assert_eq!(others, [(97, Codec::L16(Band::Wide)), (8, Codec::Pcma)]);
}
