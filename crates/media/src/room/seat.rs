//! A member's place in a conference: what it says goes in, what it hears comes out, at its own rates.
//!
//! Shape: what a member says is brought to the room's rate, goes through its gate and is added; what it hears is taken from the room and
//! brought to the rate of what it is sent.
//! Units: frames of the member are in its own samples, lines of the room in the room's.
//! Time: told as the instant at which the member's frame is due.

use super::gate::{Gate, Passage, fade};
use super::ring::Ring;
use super::{LONGEST_FRAME, Room};
use crate::audio::Audio;
use crate::resample::Streaming;
use crate::source::playlist::Playlist;
use std::sync::Arc;
use std::time::Instant;

/// Whether a member is heard.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Voice {
    /// By all others.
    #[default]
    Heard,
    /// By nobody.
    Muted,
}

/// How a member sits in a conference.
#[derive(Clone, Debug, Default)]
pub struct SeatOptions {
    /// Whether it is heard.
    pub voice: Voice,
    /// What it hears, over and over, while it is alone.
    pub music: Option<Arc<Audio>>,
}

/// What a seat is made for.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Seating {
    /// Samples a second of what the member says.
    pub(crate) said: u32,
    /// Samples a second of what it is sent.
    pub(crate) sent: u32,
}

/// A member's place.
#[derive(Debug)]
pub(crate) struct Seat {
    rates: Seating,
    own: Ring<i16>,
    gate: Gate,
    voice: Voice,
    /// What was heard up to now sinks in the next frame, so that it does not end with a click.
    fades: bool,
    inward: Streaming,
    outward: Streaming,
    frame: Box<[i16]>,
    music: Option<Playlist>,
}

impl Seat {
    /// A place in this room.
    pub(crate) fn new(room: &Room, rates: Seating, voice: Voice, music: Option<Playlist>) -> Self {
        Self {
            rates,
            own: room.own_line(),
            gate: Gate::default(),
            voice,
            fades: false,
            inward: Streaming::new(rates.said, room.rate()),
            outward: Streaming::new(room.rate(), rates.sent),
            frame: vec![0; LONGEST_FRAME].into(),
            music,
        }
    }

    /// Goes on after the room or the member has changed its rate.
    pub(crate) fn tune(&mut self, room: &Room, rates: Seating) {
        let music = self.music.take();
        *self = Self::new(room, rates, self.voice, music);
    }

    /// The rates that it was made for.
    pub(crate) fn rates(&self) -> Seating {
        self.rates
    }

    /// Whether the member is heard from its next frame on.
    pub(crate) fn set_voice(&mut self, voice: Voice) {
        self.fades = self.voice == Voice::Heard && voice == Voice::Muted;
        self.voice = voice;
    }

    /// Adds what the member said in the frame that is due then.
    pub(crate) fn say(&mut self, room: &mut Room, due: Instant, said: &[i16]) {
        let length = self.inward.run(said, &mut self.frame);
        let frame = &mut self.frame[..length];
        let fades = std::mem::take(&mut self.fades);
        let passage = match (self.gate.judge(frame, room.rate()), self.voice) {
            (Passage::Whole, Voice::Muted) if fades => Passage::Fading,
            (passage, Voice::Heard) => passage,
            (_, Voice::Muted) => Passage::Nothing,
        };
        if passage == Passage::Fading {
            fade(frame);
        }
        if passage != Passage::Nothing {
            room.say(&mut self.own, room.position(due), frame);
        }
    }

    /// Fills a frame that is due then with what all others said.
    pub(crate) fn hear(&mut self, room: &mut Room, due: Instant, heard: &mut [i16]) {
        let at = room.position(due);
        let length = heard.len() * room.rate() as usize / self.rates.sent.max(1) as usize;
        let Some(frame) = self.frame.get_mut(..length) else { return heard.fill(0) };
        room.hear(&self.own, at, frame);
        let filled = self.outward.run(frame, heard);
        heard[filled..].fill(0);
    }

    /// The music that the member hears now in place of the room, where there is some.
    pub(crate) fn music(&mut self, room: &Room) -> Option<&mut Playlist> {
        let alone = room.members() <= 1 && !room.is_announcing();
        self.music.as_mut().filter(|_| alone)
    }
}
