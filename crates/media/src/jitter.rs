//! A small buffer between the two legs of a bridge, for payloads that pass as they are.
//!
//! Shape: bytes enter at their RTP timestamps, in the codec of the leg that they go to, and leave in order. What is missing is made up
//! from what went before, for a while.
//! Units: ticks of 8 kHz, one byte each.
//! Time: the receiving leg's packet times are the clock of a [`Timeline`].
//! Errors: what comes too late, or belongs to a line that was left, is dropped; the caller counts it.
//! Sources: RFC 3550 section 5.1 (the timestamp places a sample in time, whatever order packets come in).

use crate::codec::{Codec, Decoder, Encoder, transcode};
use crate::comfort::{ComfortNoise, Level, Silence};
use crate::holes::{Holes, Next, Range};
use crate::stretch;
use crate::timeline::{Laid, Place, Timeline};
use std::time::Duration;

/// The most sound in one packet: 200 ms.
const CAP: u32 = 1_600;
/// A power of two, so that a timestamp is an index: what may wait, and what has just left.
const RING: usize = 4_096;
/// How much of what has just left is listened to before something is made up.
const REMEMBERED: u32 = 400;
/// The longest frame, and what may be left out of it.
const WIDEST: usize = 480 + stretch::most(RATE);
const RATE: u32 = 8_000;

#[derive(Debug)]
pub(crate) struct JitterBuffer {
    line: Timeline,
    /// The end of the newest sound.
    end: u32,
    holes: Holes,
    ring: Box<[u8; RING]>,
    /// The codec of all that is in the ring.
    codec: Codec,
    /// What makes sound up, and smooths what follows.
    spare: Option<Box<Spare>>,
    state: State,
    /// What the other leg's silence sounds like, until sound comes again.
    silence: Option<Silence>,
}

/// What left last.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum State {
    Sound,
    MadeUp,
    /// A key is pressed, and no sound of its tone may pass.
    Hushed,
}

/// G.711 as linear sound, for the rare frames that are not copied.
#[derive(Debug)]
struct Spare {
    decoder: Decoder,
    encoder: Encoder,
    noise: ComfortNoise,
}

impl JitterBuffer {
    /// A buffer for a leg that is sent `codec`.
    pub(crate) fn new(codec: Codec) -> Self {
        let spare = codec.law().map(|_| {
            let (decoder, encoder) = (Decoder::new(codec), Encoder::new(codec));
            Box::new(Spare { decoder, encoder, noise: ComfortNoise::new(RATE) })
        });
        let mut ring = Box::new([0; RING]);
        codec.fill_silence(&mut ring[..]);
        let (line, holes, state) = (Timeline::new(), Holes::default(), State::Sound);
        Self { line, end: 0, holes, ring, codec, spare, state, silence: None }
    }

    /// Whether sound of one codec can pass to a leg of the other without being decoded.
    pub(crate) fn joins(one: Codec, other: Codec) -> bool {
        (one.law().is_some() && other.law().is_some()) || (one == Codec::G722 && other == Codec::G722)
    }

    /// Says how long the frames are that are pulled from now on.
    pub(crate) fn expect(&mut self, frame: Duration) {
        self.line.expect(frame);
    }

    /// Takes a packet's payload and answers how many samples this dropped.
    pub(crate) fn push(&mut self, ssrc: u32, codec: Codec, timestamp: u32, payload: &[u8]) -> u32 {
        let length = payload.len() as u32;
        if length > CAP || !Self::joins(codec, self.codec) {
            return length;
        }
        let before = self.line.next();
        let place = self.line.place((ssrc, RATE), timestamp, length);
        let next = self.line.next();
        let mut dropped = 0;
        match place {
            Place::Late => return length,
            Place::Anew(_) => {
                dropped += self.waiting(before);
                self.holes.clear();
                self.end = next;
            }
            Place::Here(_) if next != before => self.move_on(before, next),
            Place::Here(_) => {}
        }
        let over = next.wrapping_sub(timestamp) as i32;
        let over = u32::try_from(over).unwrap_or(0).min(length);
        dropped += over;
        self.write(timestamp.wrapping_add(over), payload.get(over as usize..).unwrap_or(&[]), codec);
        if self.state == State::Hushed {
            self.state = State::MadeUp;
        }
        self.silence = self.silence.filter(|silence| !silence.ends_with(timestamp));
        dropped
    }

    fn waiting(&self, from: u32) -> u32 {
        u32::try_from(self.end.wrapping_sub(from) as i32).unwrap_or(0)
    }

    /// The line goes on at another tick than before: earlier ones are missing, or some are passed over.
    fn move_on(&mut self, before: u32, next: u32) {
        if (next.wrapping_sub(before) as i32) < 0 {
            self.holes.add(Range::new(next, before));
        } else {
            self.holes.remove(Range::new(before, next));
            if (self.end.wrapping_sub(next) as i32) < 0 {
                self.end = next;
            }
        }
    }

    fn write(&mut self, start: u32, payload: &[u8], from: Codec) {
        let end = start.wrapping_add(payload.len() as u32);
        if start != self.end {
            if (start.wrapping_sub(self.end) as i32) > 0 {
                self.holes.add(Range::new(self.end, start));
            } else if !self.holes.are_none() {
                self.holes.remove(Range::new(start, end));
            }
        }
        let (one, other) = parts(&mut self.ring, start, payload.len());
        let (first, second) = payload.split_at(one.len());
        one.copy_from_slice(first);
        other.copy_from_slice(second);
        if from != self.codec {
            transcode(one, from, self.codec);
            transcode(other, from, self.codec);
        }
        if (end.wrapping_sub(self.end) as i32) > 0 {
            self.end = end;
        }
    }

    /// A key is pressed: what is missing is silence until sound comes again.
    pub(crate) fn hush(&mut self) {
        self.state = State::Hushed;
    }

    /// Takes a report of silence: where no sound comes from then on, there is its noise. Of G.722, which is not decoded here, there is
    /// nothing.
    pub(crate) fn hear_silence(&mut self, silence: Silence) {
        self.silence = Some(silence);
    }

    /// Fills a frame.
    pub(crate) fn pull(&mut self, frame: &mut [u8]) {
        let length = frame.len() as u32;
        if self.line.clock_rate().is_none() {
            self.codec.fill_silence(frame);
            return;
        }
        let whole = self.holes.are_none() && self.waiting(self.line.next()) >= length && self.state == State::Sound;
        if !whole {
            self.pull_parts(frame);
        } else if self.line.correction().unsigned_abs() as usize >= stretch::least(RATE) {
            self.pull_corrected(frame);
        } else {
            self.copy(self.line.next(), frame);
            self.line.leave(length, Laid::Sound);
        }
        self.line.frame();
    }

    fn copy(&mut self, from: u32, frame: &mut [u8]) {
        let (one, other) = parts(&mut self.ring, from, frame.len());
        let (first, second) = frame.split_at_mut(one.len());
        first.copy_from_slice(one);
        second.copy_from_slice(other);
    }

    /// Fills a frame of which something is missing, or which follows something that was.
    fn pull_parts(&mut self, frame: &mut [u8]) {
        let mut rest = frame;
        while !rest.is_empty() {
            let next = self.line.next();
            let range = Range::new(next, next.wrapping_add(rest.len() as u32));
            let there = self.waiting(next).min(rest.len() as u32);
            let part = match there {
                0 => Next::Hole(range.end),
                _ => self.holes.next(Range::new(next, next.wrapping_add(there))),
            };
            let (Next::Sound(end) | Next::Hole(end)) = part;
            let count = end.wrapping_sub(next);
            let (now, later) = std::mem::take(&mut rest).split_at_mut(count as usize);
            match part {
                Next::Sound(_) => {
                    self.copy(next, now);
                    self.resume(now);
                    self.line.leave(count, Laid::Sound);
                }
                Next::Hole(_) => {
                    self.make_up(next, now);
                    self.line.leave(count, Laid::Nothing);
                }
            }
            rest = later;
        }
        let next = self.line.next();
        self.holes.remove(Range::new(next.wrapping_sub(RING as u32), next));
        if (self.end.wrapping_sub(next) as i32) < 0 {
            self.end = next;
        }
    }

    /// Fills what is missing at a tick.
    fn make_up(&mut self, at: u32, bytes: &mut [u8]) {
        let silence = self.silence.filter(|silence| self.line.is_silent() || silence.has_begun(at));
        if let (Some(Silence { level, .. }), true) = (silence, self.state != State::Hushed) {
            self.state = State::MadeUp;
            return self.make_noise(level, bytes);
        }
        if self.state == State::Hushed || self.line.is_silent() {
            self.codec.fill_silence(bytes);
            return;
        }
        let is_first = std::mem::replace(&mut self.state, State::MadeUp) == State::Sound;
        let Some(mut spare) = self.spare.take() else {
            self.say_again(at, bytes, is_first);
            return;
        };
        let mut pcm = [0; REMEMBERED as usize];
        if is_first {
            let mut heard = [0; REMEMBERED as usize];
            self.copy(at.wrapping_sub(REMEMBERED), &mut heard);
            let _ = spare.decoder.decode(&heard, &mut pcm);
        }
        for part in bytes.chunks_mut(pcm.len()) {
            let pcm = &mut pcm[..part.len()];
            spare.decoder.conceal(pcm);
            spare.encoder.encode(pcm, part);
        }
        self.spare = Some(spare);
    }

    fn make_noise(&mut self, level: Level, bytes: &mut [u8]) {
        let Some(spare) = &mut self.spare else { return self.codec.fill_silence(bytes) };
        let mut pcm = [0; WIDEST];
        for part in bytes.chunks_mut(pcm.len()) {
            let pcm = &mut pcm[..part.len()];
            spare.noise.fill(level, pcm);
            spare.encoder.encode(pcm, part);
        }
    }

    /// Of G.722, which is not decoded here, the last bytes are said once more.
    fn say_again(&mut self, at: u32, bytes: &mut [u8], is_first: bool) {
        if is_first {
            self.copy(at.wrapping_sub(bytes.len() as u32), bytes);
        } else {
            self.codec.fill_silence(bytes);
        }
    }

    /// Smooths sound that follows what was made up.
    fn resume(&mut self, bytes: &mut [u8]) {
        if std::mem::replace(&mut self.state, State::Sound) == State::Sound {
            return;
        }
        let Some(spare) = &mut self.spare else { return };
        let mut pcm = [0; WIDEST];
        if let Ok(length) = spare.decoder.decode(bytes, &mut pcm) {
            spare.encoder.encode(&pcm[..length], bytes);
        }
    }

    /// Fills a frame with more sound than it holds, or with less.
    fn pull_corrected(&mut self, frame: &mut [u8]) {
        let (next, length) = (self.line.next(), frame.len());
        let asked = self.line.correction();
        let most = if asked > 0 { 0 } else { stretch::most(RATE) };
        let taken = (self.waiting(next) as usize).min(length + most).min(WIDEST);
        let mut bytes = [0; WIDEST];
        self.copy(next, &mut bytes[..taken]);
        let by = match &mut self.spare {
            Some(spare) => spare.stretch(&mut bytes, taken, asked, frame),
            None => leap(&bytes[..taken], asked, frame),
        };
        self.line.leave((length as i32 - by).unsigned_abs(), Laid::Sound);
        self.line.corrected(by);
    }
}

impl Spare {
    /// Makes a frame of the first `taken` bytes and answers how much longer, or shorter where negative, what it holds became.
    fn stretch(&mut self, bytes: &mut [u8; WIDEST], taken: usize, asked: i32, frame: &mut [u8]) -> i32 {
        let mut pcm = [0; WIDEST];
        let Ok(taken) = self.decoder.decode(&bytes[..taken], &mut pcm) else { return 0 };
        let at_most = asked.unsigned_abs() as usize;
        let by = if asked > 0 {
            stretch::lengthen(&mut pcm, taken, RATE, at_most) as i32
        } else {
            -(stretch::shorten(&mut pcm[..taken], RATE, at_most.min(taken - frame.len())) as i32)
        };
        self.encoder.encode(&pcm[..frame.len()], frame);
        by
    }
}

/// The same for bytes that are not decoded: some are said twice, or left out.
fn leap(bytes: &[u8], asked: i32, frame: &mut [u8]) -> i32 {
    let length = frame.len();
    let by = if asked > 0 { asked.min(length as i32 / 2) } else { asked.max(length as i32 - bytes.len() as i32) };
    let count = by.unsigned_abs() as usize;
    if by > 0 {
        let (again, rest) = frame.split_at_mut(count);
        again.copy_from_slice(&bytes[..count]);
        rest.copy_from_slice(&bytes[..length - count]);
    } else {
        frame.copy_from_slice(&bytes[count..count + length]);
    }
    by
}

/// The places of so many ticks in the ring: up to its end, and from its beginning.
fn parts(ring: &mut [u8; RING], from: u32, count: usize) -> (&mut [u8], &mut [u8]) {
    let at = from as usize % RING;
    let (before, behind) = ring.split_at_mut(at);
    let first = count.min(behind.len());
    let second = (count - first).min(before.len());
    (&mut behind[..first], &mut before[..second])
}

#[cfg(test)]
mod tests;
