//! What one leg hears, as linear sound at the pace of its own packet times.
//!
//! Shape: packets in as they come; out, one frame for each packet time, exactly as long as asked. What did not come is concealed
//! for a while, then it is silence.
//! Units: samples at [`Ear::rate`], which is that of the codec agreed on whatever the peer sends; timestamps are ticks of the codec.
//! Time: the frames pulled are the clock of a [`Timeline`]; where that asks for it, sound is made longer or shorter by periods.
//! Errors: packets that come too late, twice, or that cannot be decoded are left out.
//! Sources: RFC 3550 section 5.1, RFC 3551 section 4.1, RFC 4733 section 2.6 (no sound while a key is said).
//!
//! An ear is large and is made only where somebody listens.

mod shelf;
mod voice;

use crate::codec::Codec;
use crate::config::MAX_PTIME;
use crate::rtp::packet::Packet;
use crate::stretch;
use crate::timeline::{Laid, Place, Timeline};
use shelf::{Shelf, Stored, Taken};
use std::time::Duration;
use voice::{LONGEST, Voice, ticks_of};

/// What one leg hears.
#[derive(Debug)]
pub(crate) struct Ear {
    rate: u32,
    voices: Box<[Voice]>,
    current: usize,
    shelf: Shelf,
    /// When the next sample is due to be laid into `pcm`.
    line: Timeline,
    /// Samples of which the first `given` were given out as the last frame and the first `ready` hold sound.
    pcm: Box<[i16]>,
    ready: usize,
    given: usize,
    /// Samples that were laid for the last frame in place of packets that did not come.
    made_up: usize,
    /// From this tick on, and for so many, a key is pressed.
    key: Option<(u32, u32)>,
}

impl Ear {
    /// An ear for a leg that agreed on `codec`.
    pub(crate) fn new(codec: Codec) -> Self {
        let rate = codec.sample_rate();
        Self {
            rate,
            voices: Voice::of(codec),
            current: 0,
            shelf: Shelf::new(),
            line: Timeline::new(),
            pcm: vec![0; samples(rate, 2 * LONGEST + 2 * MAX_PTIME)].into_boxed_slice(),
            ready: 0,
            given: 0,
            made_up: 0,
            key: None,
        }
    }

    /// Samples in a second of what [`Self::frame`] gives.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes a packet of sound and answers how many ticks of it will not be heard.
    pub(crate) fn hear(&mut self, packet: &Packet<'_>, codec: Codec) -> u32 {
        let ticks = ticks_of(codec, packet.payload);
        if !self.voices.iter().any(|voice| voice.codec() == codec) {
            return ticks;
        }
        let place = self.line.place((packet.ssrc, codec.clock_rate()), packet.timestamp, ticks);
        if let Place::Anew(_) = place {
            self.shelf.clear();
        }
        if place == Place::Late || self.shelf.store(packet.timestamp, codec, packet.payload) == Stored::Duplicate {
            return ticks;
        }
        0
    }

    /// Takes a report of a key: while it is pressed there is no sound.
    pub(crate) fn hear_key(&mut self, timestamp: u32, ticks: u32) {
        self.key = match self.key {
            Some((start, before)) if start == timestamp => Some((start, before.max(ticks))),
            Some(_) | None => Some((timestamp, ticks)),
        };
    }

    /// Says how long the frames are that are asked for from now on.
    pub(crate) fn expect(&mut self, frame: Duration) {
        self.line.expect(frame);
    }

    /// The next frame.
    pub(crate) fn frame(&mut self, duration: Duration) -> &[i16] {
        self.pcm.copy_within(self.given..self.ready, 0);
        self.ready -= self.given;
        self.made_up = 0;
        let wanted = samples(self.rate, duration.min(MAX_PTIME));
        self.fill(wanted);
        self.correct(wanted);
        self.fill(wanted);
        self.line.frame();
        self.given = wanted;
        &self.pcm[..wanted]
    }

    /// The frame that was given last.
    pub(crate) fn last(&self) -> &[i16] {
        &self.pcm[..self.given]
    }

    /// How many samples of that frame are made up, in place of sound that was lost; none in a silence.
    pub(crate) fn made_up(&self) -> usize {
        self.made_up.min(self.given)
    }

    fn fill(&mut self, wanted: usize) {
        while self.ready < wanted {
            self.lay(wanted - self.ready);
        }
    }

    /// Makes the sound longer or shorter where packets come too late or needlessly early.
    fn correct(&mut self, wanted: usize) {
        let ratio = self.ratio();
        let asked = self.line.correction().unsigned_abs() as usize * ratio;
        if asked < stretch::least(self.rate) {
            return;
        }
        let ticks = if self.line.correction() > 0 {
            let end = (self.ready + stretch::most(self.rate)).min(self.pcm.len());
            let added = stretch::lengthen(&mut self.pcm[..end], self.ready, self.rate, asked);
            self.ready += added;
            (added / ratio) as i32
        } else {
            if self.shelf.first() == Some(self.line.next()) && self.ready < wanted + stretch::most(self.rate) {
                self.lay_packet(ratio);
            }
            let spare = asked.min(self.ready - wanted);
            let gone = stretch::shorten(&mut self.pcm[..self.ready], self.rate, spare);
            self.ready -= gone;
            -((gone / ratio) as i32)
        };
        self.line.corrected(ticks);
    }

    fn ratio(&self) -> usize {
        self.line.clock_rate().map_or(1, |clock_rate| (self.rate / clock_rate.max(1)).max(1)) as usize
    }

    /// Lays at least one sample, or takes a packet from the shelf.
    fn lay(&mut self, wanted: usize) {
        let ratio = self.ratio();
        let ahead = self.shelf.first().map(|first| first.wrapping_sub(self.line.next()) as i32);
        match ahead {
            Some(..=0) => self.lay_packet(ratio),
            Some(ahead) => self.lay_gap(wanted.min(ahead as usize * ratio), ratio),
            None => self.lay_gap(wanted, ratio),
        }
    }

    fn lay_packet(&mut self, ratio: usize) {
        let Some(Taken { timestamp, codec, payload }) = self.shelf.take() else { return };
        let Some(at) = self.voices.iter().position(|voice| voice.codec() == codec) else { return };
        self.current = at;
        let length = self.voices[at].decode(payload, &mut self.pcm[self.ready..]);
        if length == 0 {
            return;
        }
        // A packet that begins before its turn was in part heard already.
        let heard = (self.line.next().wrapping_sub(timestamp) as usize * ratio).min(length);
        self.pcm.copy_within(self.ready + heard..self.ready + length, self.ready);
        let fresh = length - heard;
        self.advance(fresh, ratio, Laid::Sound);
    }

    fn lay_gap(&mut self, count: usize, ratio: usize) {
        let to = self.ready + count;
        let voice = self.voices.get_mut(self.current).filter(|_| !self.line.is_silent());
        match voice {
            Some(voice) => {
                voice.conceal(&mut self.pcm[self.ready..to], count / ratio);
                self.made_up += count;
            }
            None => self.pcm[self.ready..to].fill(0),
        }
        self.advance(count, ratio, Laid::Nothing);
    }

    /// Goes on over samples that were laid, and silences those under a key.
    fn advance(&mut self, count: usize, ratio: usize, laid: Laid) {
        let to = self.ready + count;
        let ticks = (count / ratio) as u32;
        if let Some((start, length)) = self.key {
            let from = (start.wrapping_sub(self.line.next()) as i32).max(0) as usize * ratio;
            let until = (start.wrapping_add(length).wrapping_sub(self.line.next()) as i32).max(0) as usize * ratio;
            let new = &mut self.pcm[self.ready..to];
            if until == 0 {
                self.key = None;
            }
            let until = until.min(new.len());
            if let Some(under) = new.get_mut(from.min(until)..until) {
                under.fill(0);
            }
        }
        self.ready = to;
        self.line.leave(ticks, laid);
    }
}

/// Samples, or ticks, of a time.
pub(crate) fn samples(rate: u32, duration: Duration) -> usize {
    rate as usize / 1_000 * duration.as_millis() as usize
}
