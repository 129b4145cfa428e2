//! Where a call stands when the key is pressed, and what must come of it.
//!
//! Shape: a menu takes three keys and says `bye` for 5 7 9, `thanks` for 5 5 7 and 5 7 7, and something else for any other keys or
//! too few; over a bridge the other side must get each key once.

use std::collections::HashSet;
use std::time::Duration;

use antiphon_media::Codec;
use antiphon_media::codec::Law;
use antiphon_media::dtmf::{Detector, Edge};
use antiphon_testkit::{Answering, Keys, PhoneSetup, SimPhone};

use super::{Cell, Fault, Way};
use crate::world::{Shape, TRUNK, World, pass, usual_trunks};

/// A state of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A prompt that is heard out: keys do not count.
    Foreground,
    /// A prompt that any key stops.
    Background,
    /// The menu waits for the first key.
    FirstDigit,
    /// The menu has one key and waits for more.
    InterDigit,
    /// The caller has put us on hold.
    Hold,
    /// Somebody is called for the caller: keys do not count.
    Dialling,
    /// Bridged with a phone that takes telephone-events.
    ToEvents,
    /// Bridged with a trunk that takes INFO.
    ToInfo,
    /// Bridged with a trunk that takes tones.
    ToTones,
}

impl State {
    pub(super) const ALL: [Self; 9] = [
        Self::Foreground,
        Self::Background,
        Self::FirstDigit,
        Self::InterDigit,
        Self::Hold,
        Self::Dialling,
        Self::ToEvents,
        Self::ToInfo,
        Self::ToTones,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Foreground => "foreground prompt",
            Self::Background => "background prompt",
            Self::FirstDigit => "first digit awaited",
            Self::InterDigit => "further digit awaited",
            Self::Hold => "caller holds us",
            Self::Dialling => "somebody is dialled",
            Self::ToEvents => "bridged to telephone-event",
            Self::ToInfo => "bridged to INFO",
            Self::ToTones => "bridged to tones",
        }
    }

    /// What must come of a press under a fault, in words.
    pub(super) fn outcome(self, fault: Fault) -> &'static str {
        match (self, fault.presses()) {
            (Self::Foreground | Self::Dialling, _) => "dropped",
            (Self::Background, 1) => "stops the prompt, counts once",
            (Self::Background, _) => "the first stops the prompt, counts twice",
            (Self::FirstDigit | Self::InterDigit | Self::Hold, 1) => "counts once",
            (Self::FirstDigit | Self::InterDigit | Self::Hold, _) => "counts twice",
            (Self::ToEvents, 1) => "one telephone-event",
            (Self::ToEvents, _) => "two telephone-events",
            (Self::ToInfo, 1) => "one INFO",
            (Self::ToInfo, _) => "two INFOs",
            (Self::ToTones, 1) => "one tone",
            (Self::ToTones, _) => "two tones",
        }
    }
}

/// Plays a cell.
pub(super) async fn play(cell: Cell) {
    match cell.state {
        State::Foreground | State::Background | State::FirstDigit | State::InterDigit | State::Hold => menu(cell).await,
        State::Dialling | State::ToEvents | State::ToInfo | State::ToTones => bridge(cell).await,
    }
}

async fn clean(cell: &Cell, phone: &SimPhone, keys: &str) {
    for key in keys.chars() {
        phone.press_by(key, Duration::from_millis(100), cell.way.ways).await;
        pass(400).await;
    }
}

/// The caller's description on hold and back.
async fn hold(caller: &SimPhone, version: u32, direction: &str) {
    let events = match caller.setup().keys {
        Keys::Events => ("8 101", "a=rtpmap:101 telephone-event/8000\r\n"),
        Keys::Info => ("8", ""),
    };
    let (ip, port) = (caller.setup().rtp.ip(), caller.setup().rtp.port());
    let sdp = format!(
        "v=0\r\no=- 1 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {}\r\n{}a={direction}\r\n",
        events.0, events.1
    );
    assert_eq!(caller.reoffer(&sdp).await, 200, "{direction}");
}

async fn menu(cell: Cell) {
    let world = World::sharing(Shape::default()).await;
    let caller = world.connect(PhoneSetup { keys: cell.way.keys, ..World::setup("caller", 10) });
    caller.call("074").await;
    caller.up().await;
    // Half a second of silence, then two of a foreground prompt, then three of a background prompt.
    let (wait, before, rest) = match cell.state {
        State::Foreground => (900, "", "579"),
        State::Background => (3_300, "", "79"),
        State::InterDigit => (6_000, "5", "9"),
        _ => (6_000, "", "79"),
    };
    cell.fault.begin(&world, &caller);
    pass(wait).await;
    if cell.state == State::Hold {
        hold(&caller, 2, "sendonly").await;
    }
    clean(&cell, &caller, before).await;
    let key = if cell.state == State::InterDigit { '7' } else { '5' };
    cell.fault.press(&world, &caller, key, &cell.way).await;
    if cell.state == State::Hold {
        hold(&caller, 3, "sendrecv").await;
    }
    let (rest, expected) = match (cell.state, cell.fault.presses()) {
        (State::Foreground, _) => {
            // The menu has gone on; the keys come when it waits.
            pass(if cell.fault == Fault::Long { 300 } else { 4_000 }).await;
            (rest, "bye")
        }
        (_, 1) => (rest, "bye"),
        (State::InterDigit, _) => ("", "thanks"),
        (_, _) => ("7", "thanks"),
    };
    clean(&cell, &caller, rest).await;
    pass(1_500).await;
    let heard = world.heard(&caller, &[]);
    assert!(heard.names().iter().any(|name| name == expected), "{}: no {expected} in\n{heard}", cell.name());
    if cell.state == State::Background {
        let prompt = heard.first("hello");
        assert!(prompt.duration() < Duration::from_millis(1_700), "{}: not stopped\n{heard}", cell.name());
    }
}

async fn bridge(cell: Cell) {
    let (way, keys) = match cell.state {
        State::ToInfo => ("info", Keys::Info),
        State::ToTones => ("inband", Keys::Info),
        _ => ("auto", Keys::Events),
    };
    let trunks = usual_trunks(&format!("dtmf = \"{way}\""));
    let rtp = if cell.way.codec == Codec::Pcma { "" } else { "codecs = [\"pcma\", \"l16\"]" };
    let world = World::sharing(Shape { trunks, rtp, ..Shape::default() }).await;
    let Way { codec, keys: from, .. } = cell.way;
    let caller = world.connect(PhoneSetup { codec, keys: from, ..World::setup("caller", 10) });
    let dialling = cell.state == State::Dialling;
    let answering = Answering::After(Duration::from_millis(if dialling { 11_000 } else { 500 }));
    let callee = world.connect(PhoneSetup { keys, answering, ..World::setup("trunk", TRUNK) });
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    clean(&cell, &caller, "1").await;
    let pressed = match cell.state {
        State::Dialling => {
            callee.ringing().await;
            cell.fault.begin(&world, &caller);
            pass(1_000).await;
            cell.fault.press(&world, &caller, '7', &cell.way).await;
            callee.up().await;
            pass(1_000).await;
            clean(&cell, &caller, "9").await;
            "9"
        }
        _ => {
            callee.up().await;
            cell.fault.begin(&world, &caller);
            pass(2_000).await;
            cell.fault.press(&world, &caller, '7', &cell.way).await;
            clean(&cell, &caller, "9").await;
            if cell.fault.presses() == 2 { "779" } else { "79" }
        }
    };
    pass(1_000).await;
    let expected = |by: State| if cell.state == by || (dialling && by == State::ToEvents) { pressed } else { "" };
    let came = (in_events(&callee), in_info(&callee), in_tones(&callee));
    let right = (expected(State::ToEvents), expected(State::ToInfo), expected(State::ToTones));
    assert_eq!((came.0.as_str(), came.1.as_str(), came.2.as_str()), right, "{}", cell.name());
    let is_stripped = matches!(cell.state, State::ToEvents | State::ToInfo) && cell.way.keys == Keys::Info;
    let fragments = if is_stripped { loud(&callee) } else { Vec::new() };
    assert!(fragments.is_empty(), "{}: fragments of tones are heard: {fragments:?}", cell.name());
}

/// The loud packets that a phone heard: how loud, and how long after its first packet.
fn loud(phone: &SimPhone) -> Vec<(u16, Duration)> {
    let packets = phone.received();
    let Some(first) = packets.first().map(|packet| packet.at) else { return Vec::new() };
    let sound = packets.iter().filter(|packet| packet.payload_type == 8);
    let loudest = |payload: &[u8]| payload.iter().map(|&byte| Law::A.decode(byte).unsigned_abs()).max().unwrap_or(0);
    sound.map(|packet| (loudest(&packet.payload), packet.at - first)).filter(|(level, _)| *level > 100).collect()
}

/// The keys that came as telephone-events, one for each press.
pub(crate) fn in_events(phone: &SimPhone) -> String {
    let mut presses = HashSet::new();
    let events = phone.received().into_iter().filter(|packet| packet.payload_type == 101);
    let fresh = events.filter(|packet| presses.insert(packet.timestamp));
    fresh.map(|packet| char::from(b"0123456789*#ABCD"[usize::from(packet.payload[0])])).collect()
}

/// The keys that came in INFO.
pub(crate) fn in_info(phone: &SimPhone) -> String {
    let signal = |body: &str| body.lines().next().unwrap_or_default().trim_start_matches("Signal=").to_owned();
    phone.requests("INFO").iter().map(|info| signal(&info.body)).collect()
}

/// The keys that can be heard.
pub(crate) fn in_tones(phone: &SimPhone) -> String {
    let mut detector = Detector::new(8_000);
    let mut keys = String::new();
    for packet in phone.received().into_iter().filter(|packet| packet.payload_type == 8) {
        let pcm: Vec<i16> = packet.payload.iter().map(|&byte| Law::A.decode(byte)).collect();
        detector.hear(&pcm, |edge| {
            if edge.edge == Edge::Began {
                keys.push(edge.digit.as_char());
            }
        });
    }
    keys
}
