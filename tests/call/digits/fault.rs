//! What happens to one press on its way.
//!
//! Shape: a [`Fault`] presses a key and sees to it that the network does its part, for as long as the press takes.

use std::time::Duration;

use antiphon_media::rtp::packet::{HEADER_LEN, Packet};
use antiphon_testkit::{KeyWay, Path, SimPhone};

use super::Way;
use crate::world::{SERVER, World, pass};

/// A fault of a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// The first telephone-event packet is lost.
    FirstLost,
    /// Of eight telephone-event packets one arrives.
    AllButOneLost,
    /// All three ends are lost.
    EndsLost,
    /// Packets overtake one another.
    Reordered,
    /// Each datagram comes twice.
    Duplicated,
    /// The key is held for eight seconds.
    Long,
    /// The key is pressed twice for 60 ms, 60 ms apart.
    Twice,
    /// 3 % of the datagrams are lost, and the others come up to 30 ms late.
    LossAndJitter,
    /// Packets overtake one another, and did not before the key: its first ones come later than all before.
    ReorderedAtOnce,
    /// 3 % of the datagrams are lost and the others come up to 30 ms late, and did not before the key.
    LossAndJitterAtOnce,
    /// The INFO comes one and a half seconds after the key.
    MessageLate,
    /// The INFO is lost, and comes again.
    MessageLost,
    /// The answer to the INFO is lost, so that it comes again.
    AnswerLost,
}

const USUAL: Duration = Duration::from_millis(160);
const LONG: Duration = Duration::from_secs(8);
const SHORT: Duration = Duration::from_millis(60);
/// The payload type of telephone-events in these calls.
const EVENTS: u8 = 101;

impl Fault {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::FirstLost => "first packet lost",
            Self::AllButOneLost => "all packets but one lost",
            Self::EndsLost => "ends lost",
            Self::Reordered => "reordered",
            Self::Duplicated => "duplicated",
            Self::Long => "held for 8 s",
            Self::Twice => "two of the same, 60 ms apart",
            Self::LossAndJitter => "3 % loss, 30 ms jitter",
            Self::ReorderedAtOnce => "reordered from the key on",
            Self::LossAndJitterAtOnce => "3 % loss, 30 ms jitter from the key on",
            Self::MessageLate => "INFO 1.5 s late",
            Self::MessageLost => "INFO lost once",
            Self::AnswerLost => "INFO retransmitted",
        }
    }

    /// How often the key is pressed.
    pub(super) fn presses(self) -> usize {
        if self == Self::Twice { 2 } else { 1 }
    }

    /// The rough path of this fault.
    fn path(self) -> Option<Path> {
        let ms = Duration::from_millis;
        match self {
            Self::Reordered | Self::ReorderedAtOnce => {
                Some(Path { delay: ms(15), jitter: ms(10), reorder: 0.4, ..Path::default() })
            }
            Self::Duplicated => Some(Path { delay: ms(5), jitter: ms(5), duplicate: 1.0, ..Path::default() }),
            Self::LossAndJitter | Self::LossAndJitterAtOnce => {
                Some(Path { delay: ms(20), jitter: ms(30), loss: 0.03, ..Path::default() })
            }
            _ => None,
        }
    }

    /// Makes the network as rough as it is in this fault some time before the press, unless it becomes so with the key.
    pub(super) fn begin(self, world: &World, phone: &SimPhone) {
        if !matches!(self, Self::ReorderedAtOnce | Self::LossAndJitterAtOnce) {
            self.roughen(world, phone);
        }
    }

    fn roughen(self, world: &World, phone: &SimPhone) {
        let (from, server) = (phone.setup().sip.ip(), SERVER.ip());
        if let Some(path) = self.path() {
            world.net.set_path(from, server, path);
            world.net.set_path(server, from, path);
        }
    }

    /// Presses a key under this fault, until it is over and the network is well again.
    pub(super) async fn press(self, world: &World, phone: &SimPhone, key: char, way: &Way) {
        let (from, server) = (phone.setup().sip.ip(), SERVER.ip());
        self.roughen(world, phone);
        self.lose(world);
        match self {
            Self::Twice => {
                phone.press_by(key, SHORT, way.ways).await;
                pass(120).await;
                phone.press_by(key, SHORT, way.ways).await;
                pass(200).await;
            }
            Self::MessageLate => {
                phone.press_by(key, USUAL, if way.ways.contains(&KeyWay::Tone) { SOUND } else { EVENT }).await;
                pass(1_500).await;
                phone.press_by(key, USUAL, &[KeyWay::InfoRelay]).await;
            }
            Self::Long => {
                phone.press_by(key, LONG, way.ways).await;
                pass(8_000).await;
            }
            _ => phone.press_by(key, USUAL, way.ways).await,
        }
        // What was lost has come again, and what was held is over.
        pass(800).await;
        if self.path().is_some() {
            world.net.set_path(from, server, Path::default());
            world.net.set_path(server, from, Path::default());
        }
    }

    fn lose(self, world: &World) {
        match self {
            Self::FirstLost => world.net.lose(1, |_, to, bytes| event(to, bytes).is_some_and(|event| event.marker)),
            Self::AllButOneLost => {
                // The third of eight updates of 20 ms, and then three ends.
                world.net.lose(10, |_, to, bytes| event(to, bytes).is_some_and(|event| event.duration != 480));
            }
            Self::EndsLost => world.net.lose(3, |_, to, bytes| event(to, bytes).is_some_and(|event| event.end)),
            Self::MessageLost => world.net.lose(1, |_, to, bytes| to == SERVER && bytes.starts_with(b"INFO ")),
            Self::AnswerLost => world.net.lose(1, |from, _, bytes| {
                from == SERVER
                    && bytes.starts_with(b"SIP/2.0 200")
                    && String::from_utf8_lossy(bytes).contains(" INFO\r\n")
            }),
            _ => {}
        }
    }
}

const EVENT: &[KeyWay] = &[KeyWay::Event];
const SOUND: &[KeyWay] = &[KeyWay::Event, KeyWay::Tone];

/// What a telephone-event packet to the server says.
struct Event {
    marker: bool,
    end: bool,
    duration: u16,
}

fn event(to: std::net::SocketAddr, bytes: &[u8]) -> Option<Event> {
    let packet = Packet::parse(bytes).ok().filter(|_| to.ip() == SERVER.ip() && bytes.len() == HEADER_LEN + 4)?;
    let &[_, flags, high, low] = packet.payload else { return None };
    let is_event = packet.payload_type == EVENTS;
    is_event.then_some(Event {
        marker: packet.marker,
        end: flags & 0x80 != 0,
        duration: u16::from_be_bytes([high, low]),
    })
}
