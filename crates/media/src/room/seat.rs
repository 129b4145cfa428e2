//! A member's place in a conference: what it says goes in, what it hears comes out, at its own rate.
//!
//! Shape: what a member says is brought to the room's rate, goes through its gate and is added; what it hears is taken from the room,
//! brought to the member's rate and encoded.
//! Units: frames of the member are in samples of its codec, lines of the room in the room's.
//! Time: told as the instant at which the member's frame is due.

use super::gate::{Gate, Passage, fade};
use super::ring::Ring;
use super::{Announcement, LONGEST_FRAME, Room};
use crate::codec::g722::Seam;
use crate::codec::{Codec, Encoder};
use crate::config::Direction;
use crate::resample::Streaming;
use crate::source::playlist::{Playlist, Repeat, Segment};
use std::time::{Duration, Instant};

/// Whether a member is heard.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Voice {
    /// By all others.
    #[default]
    Heard,
    /// By nobody.
    Muted,
}

/// Whom a member hears.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Hears {
    /// All others.
    #[default]
    Others,
    /// All others and itself, as an echo.
    Everybody,
    /// Nobody, and no tones.
    Nobody,
}

/// How a member sits in a conference.
#[derive(Clone, Debug, Default)]
pub struct SeatOptions {
    /// Whether it is heard.
    pub voice: Voice,
    /// Whom it hears.
    pub hears: Hears,
    /// What it hears, over and over, while it is alone; nothing of it makes silence.
    pub alone: Vec<Segment>,
}

/// Where a member's frame stands on the line of its room.
pub(crate) struct Mixing<'r> {
    /// The room.
    pub(crate) room: &'r mut Room,
    /// When the frame is due.
    pub(crate) due: Instant,
}

impl<'r> Mixing<'r> {
    /// The same for a frame whose member may be in no room.
    pub(crate) fn at(room: &'r mut Option<&mut Room>, due: Instant) -> Option<Self> {
        Some(Self { room: room.as_deref_mut()?, due })
    }
}

/// A member's place.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Where its room stands among those of the pool.
    pub(crate) room: usize,
    own: Ring<i16>,
    gate: Gate,
    voice: Voice,
    hears: Hears,
    /// Whether all hear that the member comes or goes.
    pub(crate) announcement: Announcement,
    /// Which way the member lets sound flow. Who does not listen has put us on hold, and what it sends then is its music on hold.
    direction: Direction,
    /// What was heard up to now sinks in the next frame, so that it does not end with a click.
    fades: bool,
    inward: Streaming,
    outward: Streaming,
    encoder: Encoder,
    /// A frame at the room's rate.
    line: Box<[i16]>,
    /// A frame at the member's.
    heard: Box<[i16]>,
    music: Option<Playlist>,
    /// For music in G.722.
    seam: Option<Box<Seam>>,
}

impl Seat {
    /// A place in this room, which stands at `number`, for a member that says and is sent this codec.
    pub(crate) fn new(room: &Room, number: usize, codec: Codec, options: SeatOptions) -> Self {
        let alone = Some(options.alone).filter(|alone| !alone.is_empty());
        let music = alone.map(|alone| Playlist::new(alone, Repeat::Forever));
        let rate = codec.sample_rate();
        Self {
            room: number,
            own: room.own_line(),
            gate: Gate::default(),
            voice: options.voice,
            hears: options.hears,
            announcement: Announcement::Silent,
            direction: Direction::SendRecv,
            fades: false,
            inward: Streaming::new(rate, room.rate()),
            outward: Streaming::new(room.rate(), rate),
            encoder: Encoder::new(codec),
            line: vec![0; LONGEST_FRAME].into(),
            heard: vec![0; LONGEST_FRAME].into(),
            music,
            seam: Seam::of(codec),
        }
    }

    /// Goes on after the room has changed its rate, or the member its codec.
    pub(crate) fn tune(&mut self, room: &Room, codec: Codec) {
        let (music, direction, announcement) = (self.music.take(), self.direction, self.announcement);
        let options = SeatOptions { voice: self.voice, hears: self.hears, alone: Vec::new() };
        *self = Self { music, direction, announcement, ..Self::new(room, self.room, codec, options) };
    }

    /// What it is made for.
    pub(crate) fn codec(&self) -> Codec {
        self.encoder.codec()
    }

    /// Whether the member is heard from its next frame on.
    pub(crate) fn set_voice(&mut self, voice: Voice) {
        let was_heard = self.is_heard();
        self.voice = voice;
        self.fades = was_heard && !self.is_heard();
    }

    /// Sound flows this way between us and the member from now on: one that puts us on hold is not heard until it is back.
    pub(crate) fn set_direction(&mut self, direction: Direction) {
        let was_heard = self.is_heard();
        self.direction = direction;
        self.fades = was_heard && !self.is_heard();
    }

    fn is_heard(&self) -> bool {
        self.voice == Voice::Heard && self.direction.sends()
    }

    /// Adds what the member said in the frame that is due then.
    pub(crate) fn say(&mut self, Mixing { room, due }: Mixing<'_>, said: &[i16]) {
        let is_heard = self.is_heard();
        let length = self.inward.run(said, &mut self.line);
        let Some(frame) = self.line.get_mut(..length) else { return };
        let fades = std::mem::take(&mut self.fades);
        let passage = match self.gate.judge(frame, room.rate()) {
            passage if is_heard => passage,
            Passage::Whole if fades => Passage::Fading,
            _ => Passage::Nothing,
        };
        if passage == Passage::Fading {
            fade(frame);
        }
        if passage != Passage::Nothing {
            room.say(&mut self.own, room.position(due), frame);
        }
    }

    /// What all whom it hears said, for a frame of this length that is due then; silence beyond the longest frame.
    pub(crate) fn hear(&mut self, Mixing { room, due }: Mixing<'_>, length: Duration) -> &[i16] {
        let samples = |rate: u32| (rate as usize * length.as_millis() as usize / 1_000).min(LONGEST_FRAME);
        let line = &mut self.line[..samples(room.rate())];
        let own = (self.hears != Hears::Everybody).then_some(&self.own);
        room.hear(own, room.position(due), line);
        if self.hears == Hears::Nobody {
            line.fill(0);
        }
        let frame = &mut self.heard[..samples(self.encoder.codec().sample_rate())];
        frame.fill(0);
        self.outward.run(line, frame);
        frame
    }

    /// Fills the payload of a frame with what the member hears, and answers how many bytes that is: all others, or the music while
    /// it is alone.
    pub(crate) fn fill(&mut self, mixing: Mixing<'_>, length: Duration, payload: &mut [u8]) -> usize {
        let alone = mixing.room.members() <= 1 && !mixing.room.is_announcing();
        if let Some(music) = self.music.as_mut().filter(|_| alone && self.hears != Hears::Nobody) {
            let codec = self.encoder.codec();
            if codec == Codec::Opus {
                return music.fill_packet(payload).0;
            }
            music.fill(payload, codec, self.seam.as_deref_mut());
            return payload.len();
        }
        self.hear(mixing, length);
        let samples = self.encoder.codec().sample_rate() as usize * length.as_millis() as usize / 1_000;
        self.encoder.encode(&self.heard[..samples.min(LONGEST_FRAME)], payload)
    }
}
