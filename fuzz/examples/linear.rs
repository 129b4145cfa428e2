//! How the time of each target grows with its input: eight times the bytes may take eight times as long, not sixty-four.
//!
//! Shape: nasty shapes at n, 2n, 4n and 8n bytes; the best of several runs counts. Status 1 when one grows too fast.
//! Time: wall clock, and a bound of four times the linear, so that a loaded machine does no harm.

use antiphon_ivr::fuzzing::{interactive, vxml_grammar, vxml_page};
use antiphon_media::fuzzing::{encoded, rtcp, rtp, sdes, srtp, telephone_event, wav};
use antiphon_media::sdp::{Capabilities, SdpVersion, accept, answer};
use antiphon_sip::fuzzing::{digest, framer, headers, message, uri};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The smallest input; the largest still fits into a datagram.
const BASE: usize = 7_500;
const RUNS: usize = 7;
/// How much longer eight times the bytes may take.
const MOST: f64 = 32.0;
/// Below this nothing can be said.
const TOO_SHORT: Duration = Duration::from_micros(20);

type Target = (&'static str, fn(&[u8]));
type Shape = (&'static str, fn(usize) -> String);
/// Of bytes that are no text.
type Binary = (&'static str, fn(usize) -> Vec<u8>);

fn sdp(bytes: &[u8]) {
    let (mine, version) = (Capabilities::default(), SdpVersion { session_id: 1, version: 1 });
    let _ = accept(bytes, &mine);
    let _ = answer(bytes, ([192, 0, 2, 1], 4000).into(), &mine, &version);
}

fn in_pieces(bytes: &[u8]) {
    framer(&[&[1], bytes].concat());
}

const TARGETS: &[Target] = &[
    ("message", message),
    ("headers", headers),
    ("uri", uri),
    ("digest", digest),
    ("framer", in_pieces),
    ("sdp", sdp),
    ("sdes", sdes),
    ("srtp", srtp),
    ("rtcp", rtcp),
    ("rtp", rtp),
    ("telephone_event", telephone_event),
    ("wav", wav),
    ("mp3", encoded),
    ("interactive", interactive),
    ("vxml_page", vxml_page),
    ("vxml_grammar", vxml_grammar),
];

fn filled(unit: &str, n: usize) -> String {
    unit.repeat(n / unit.len() + 1)
}

fn request(more: &str) -> String {
    format!(
        "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:a@a>\r\nCall-ID: 1\r\n\
         CSeq: 1 OPTIONS\r\n{more}\r\nContent-Length: 0\r\n\r\n"
    )
}

/// A new shape is one more line.
const SHAPES: &[Shape] = &[
    ("one long line", |n| request(&format!("X: {}", filled("a", n)))),
    ("many lines", |n| request(filled("X: y\r\n", n).trim_end())),
    ("many folds", |n| request(&format!("X: y{}", filled("\r\n z", n)))),
    ("many items", |n| request(&format!("Contact: {}", filled("<sip:a@a>,", n)))),
    ("many parameters", |n| request(&format!("Contact: <sip:a@a>{}", filled(";a=b", n)))),
    ("separators", |n| request(&format!("Contact: {}", filled(";,", n)))),
    ("open quotes", |n| request(&format!("Contact: {}", filled("\"\\", n)))),
    ("open brackets", |n| request(&format!("Contact: {}", filled("<", n)))),
    ("many Vias", |n| request(filled("Via: SIP/2.0/UDP a\r\n", n).trim_end())),
    ("no end", |n| filled("X: y\r\n", n)),
    ("line ends", |n| filled("\r\n", n)),
    ("a long body", |n| {
        format!("{}{}", request("X: y").replace("Content-Length: 0", &format!("Content-Length: {n}")), "b".repeat(n))
    }),
    ("many parts", |n| {
        let body = filled("--x\r\nContent-Type: a/b\r\n\r\n\r\n", n);
        let head = "INVITE sip:a SIP/2.0\r\nContent-Type: multipart/mixed;boundary=x\r\n";
        format!("{head}{body}")
    }),
    ("a long user", |n| format!("sip:{}@a", filled("%41", n))),
    ("many ats", |n| format!("sip:{}a", filled("a@", n))),
    ("URI parameters", |n| format!("sip:a{}", filled(";a=b", n))),
    ("URI headers", |n| format!("sip:a?{}", filled("a=b&", n))),
    ("a long host", |n| format!("sip:{}", filled("a.", n))),
    ("digest fields", |n| format!("Digest {}", filled("a=\"b\",", n))),
    ("one digest field", |n| format!("Digest realm=\"{}\", nonce=\"n\"", filled("\\\"", n))),
    ("attributes", |n| format!("v=0\r\nm=audio 1 RTP/AVP 0\r\n{}", filled("a=rtpmap:0 PCMU/8000\r\n", n))),
    ("formats", |n| format!("v=0\r\nc=IN IP4 1.1.1.1\r\nm=audio 1 RTP/AVP{}\r\n", filled(" 96", n))),
    ("many keys", |n| filled("1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\n", n)),
    ("one key of many parts", |n| format!("1 AES_CM_128_HMAC_SHA1_80 {}", filled("inline:A|1:4;", n))),
    ("verbs", |n| format!("<Response>{}</Response>", filled("<a/>", n))),
    ("elements", |n| format!("<Response>{}", filled("<a>", n))),
    ("attributes of XML", |n| format!("<Response><a {}/></Response>", filled("b='c' ", n))),
    ("references", |n| format!("<Response><a>{}</a></Response>", filled("&amp;", n))),
    ("lines of XML", |n| format!("<Response>{}<a/></Response>", filled("<!---->\n", n))),
    ("items of a page", |n| format!("<vxml version='2.1'><form>{}</form></vxml>", filled("<block/>\n", n))),
    ("dialogs of a page", |n| format!("<vxml version='2.1'>{}</vxml>", filled("<form/>", n))),
    ("names of a page", |n| {
        let dialogs: String = (0..n / 18).map(|at| format!("<form id='f{at}'/>")).collect();
        format!("<vxml version='2.1'>{dialogs}</vxml>")
    }),
    ("names of a form", |n| {
        let items: String = (0..n / 22).map(|at| format!("<block name='b{at}'/>")).collect();
        format!("<vxml version='2.1'><form>{items}</form></vxml>")
    }),
    ("properties of a page", |n| {
        let all: String = (0..n / 32).map(|at| format!("<property name='p{at}' value=''/>")).collect();
        format!("<vxml version='2.1'>{all}</vxml>")
    }),
    ("handlers of a page", |n| format!("<vxml version='2.1'>{}</vxml>", filled("<catch event='a'/>", n))),
    ("what is passed over", |n| format!("<vxml version='2.1'><form>{}</form></vxml>", filled("<choice/>", n))),
    ("branches of a page", |n| {
        format!("<vxml version='2.1'><form><block><if cond='a'>{}</if></block></form></vxml>", filled("<elseif cond='b'/>a", n))
    }),
    ("pieces of a text", |n| {
        format!("<vxml version='2.1'><form><block>{}</block></form></vxml>", filled("a<![CDATA[b]]><!---->", n))
    }),
    ("document types", |n| format!("{}<vxml version='2.1'/>", filled("<!DOCTYPE a>", n))),
    ("options of a field", |n| {
        format!("<vxml version='2.1'><form><field>{}</field></form></vxml>", filled("<option dtmf='1'>a</option>", n))
    }),
    ("a page of the vendor's", |n| {
        let blocks: String = (0..n / 40).map(|at| format!("<block name='b{at}'><link/></block>")).collect();
        format!("<vxml version='2.1' xmlns:bcm='b'>{blocks}</vxml>")
    }),
    ("remarks of a grammar", |n| format!("1\n#ABNF 1.0;mode dtmf;root $r;$r = 1;{}", filled("//\n", n))),
    ("words of a grammar", |n| format!("1\n#ABNF 1.0;mode dtmf;root $r;$r = {};", filled("1\n", n))),
    ("rules of a grammar", |n| {
        let rules: String = (0..n / 8).map(|rule| format!("$s{rule}=1;")).collect();
        format!("1\n#ABNF 1.0;mode dtmf;root $r;$r = $s1;{rules}")
    }),
    ("tags of a grammar", |n| format!("1\n<grammar mode='dtmf' root='r'><rule id='r'>{}1</rule></grammar>", filled("<tag>a</tag>", n))),
    ("media", |n| format!("v=0\r\nc=IN IP4 1.1.1.1\r\n{}", filled("m=audio 1 RTP/AVP 0\r\n", n))),
];

fn bytes(unit: &[u8], n: usize) -> Vec<u8> {
    unit.repeat(n / unit.len() + 1)
}

/// What the readers of sound could stumble over.
const BINARY: &[Binary] = &[
    ("chunks", |n| [b"RIFF\xFF\xFF\xFF\xFFWAVE", &bytes(b"LIST\0\0\0\0", n)[..]].concat()),
    ("odd chunks", |n| [b"RIFF\xFF\xFF\xFF\xFFWAVE", &bytes(b"LIST\x01\0\0\0x", n)[..]].concat()),
    ("samples", |n| {
        let head = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0data\xFF\xFF\xFF\xFF";
        [&head[..], &bytes(b"\x00\xFF", n)].concat()
    }),
    ("sync words", |n| bytes(b"\0\xFF\xFB\x90\x00", n)),
    ("short frames", |n| [&b"\0"[..], &bytes(&[b"\xFF\xF3\x14\xC4", &[0; 20][..]].concat(), n)].concat()),
    ("tags", |n| [&b"\0"[..], &bytes(b"ID3\x04\0\0\0\0\0\0", n)].concat()),
    ("pages", |n| [&b"\x01"[..], &bytes(b"OggS\0\x02\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0", n)].concat()),
    ("long pages", |n| {
        [&b"\x01"[..], &bytes(b"OggS\0\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\xFF\xFF", n)].concat()
    }),
    ("reports", |n| bytes(b"\x80\xC9\0\x01\0\0\0\x07", n)[..n / 8 * 8].to_vec()),
    ("report blocks", |n| bytes(&[&b"\x9F\xC9\0\xBB\0\0\0\x07"[..], &[1; 31 * 24]].concat(), n)),
    ("datagrams", |n| bytes(b"\x10\x05\x80\x65\0\x01\0\0\0\xA0\0\0\0\x07\x05\x0A\0\xA0", n)),
    ("keys", |n| bytes(b"\x01\x08\xFF\x01\x05\x0A\0\xA0\x03\0\0\0\x05\0\xFF\0", n)),
];

/// The best time of several runs.
fn time(target: fn(&[u8]), bytes: &[u8]) -> Duration {
    let run = |_| {
        let began = Instant::now();
        target(std::hint::black_box(bytes));
        began.elapsed()
    };
    (0..RUNS).map(run).min().unwrap_or_default()
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut failed = false;
    for (name, target) in TARGETS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|it| it == name)) {
        let mut worst = (0.0, "nothing");
        let texts = SHAPES.iter().map(|(shape, fill)| (*shape, [1, 2, 4, 8].map(|by| fill(BASE * by).into_bytes())));
        let sounds = BINARY.iter().map(|(shape, fill)| (*shape, [1, 2, 4, 8].map(|by| fill(BASE * by))));
        for (shape, inputs) in texts.chain(sounds) {
            let times = inputs.map(|input| time(*target, &input));
            let growth = times[3].as_secs_f64() / times[0].max(TOO_SHORT).as_secs_f64();
            if growth > worst.0 {
                worst = (growth, shape);
            }
            if growth > MOST {
                println!("{name}: {shape} takes {times:?} for {BASE} bytes and twice, four and eight times as many");
                failed = true;
            }
        }
        println!("{name}: eight times the bytes take at most {:.1} times as long ({})", worst.0, worst.1);
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
