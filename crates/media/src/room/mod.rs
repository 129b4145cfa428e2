//! A conference: everybody in it hears all the others.
//!
//! Shape: one time line of samples for all. A member adds its frame to a running sum at the present of the line and hears, a little
//! behind, the sum less what it added itself. So a member costs the same whoever else is there.
//! Units: linear samples at the room's rate: 8, 16 or 48 kHz.
//! Time: told as the instant at which a member's frame is due; a position is that instant in samples since the room was opened.
//! Errors: none; what comes too late to be heard is left out.
//! Sources: RFC 7667 section 3.2.1 (a mixer); ITU-T G.114 (why the delay is short).
//!
//! # Why nobody is missed
//! Frames of a member are due one packet time after the other, so the stretches that it writes at, from the instant of each frame on,
//! lie side by side without a gap, whatever its packet time and its phase. At an instant `t` everybody who is serviced in time has
//! therefore written all before `t`: somebody whose frame was due at `t - n` or later has written up to `t` or beyond, and somebody
//! whose frame is due at `t` itself, and is serviced after us, has written up to `t`. A member with frames of length `n` hears at `t` the
//! stretch from `t - n - SLACK` to `t - SLACK`. So it misses only what is written more than [`SLACK`] late, and its delay is its own
//! packet time and the slack: 30 ms at 20 ms. Its own packet time is no choice: the last sample of a packet is never older than the
//! packet.

mod chime;
mod gate;
mod limit;
mod ring;
mod rooms;
mod seat;
#[cfg(test)]
mod tests;

use self::chime::{Chime, Chimes};
use self::ring::Ring;
use crate::config::MAX_PTIME;
use std::time::{Duration, Instant};

pub(crate) use self::rooms::Rooms;
pub use self::seat::{Hears, SeatOptions, Voice};
pub(crate) use self::seat::{Mixing, Seat};

/// How late a frame may be added and still be heard by all: many times the lateness of a service on a machine that is not overloaded.
const SLACK: Duration = Duration::from_millis(10);
/// How much of the line is remembered: the longest packet and its delay, and as much again for services that are late.
const REMEMBERED_MS: u32 = 256;
/// The position at which the line begins, so that a frame that was due before may be late.
const ORIGIN: u64 = 1 << 20;
/// The highest rate of a room.
const HIGHEST_RATE: u32 = 48_000;
/// The samples of the longest frame.
pub(crate) const LONGEST_FRAME: usize = (HIGHEST_RATE / 1_000) as usize * MAX_PTIME.as_millis() as usize;

/// A conference, as its owner names it.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct RoomId(pub u64);

/// Whether those in a room hear that a member comes or goes.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Announcement {
    /// They hear a tone.
    #[default]
    Tone,
    /// They hear a tone when it comes.
    Entry,
    /// They hear a tone when it goes.
    Exit,
    /// They hear nothing.
    Silent,
}

/// A conference.
#[derive(Debug)]
pub(crate) struct Room {
    rate: u32,
    opened: Instant,
    sum: Ring<i32>,
    chimes: Chimes,
    members: usize,
    scratch: Box<[i32]>,
}

impl Room {
    /// An empty room.
    pub(crate) fn new(now: Instant, rate: u32) -> Self {
        Self {
            rate,
            opened: now,
            sum: Ring::new(remembered(rate), ORIGIN),
            chimes: Chimes::new(rate),
            members: 0,
            scratch: vec![0; LONGEST_FRAME].into(),
        }
    }

    /// Samples a second.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// How many are in it.
    pub(crate) fn members(&self) -> usize {
        self.members
    }

    /// Goes on at another rate; what was on the line is lost, which is less than a tenth of a second.
    pub(crate) fn change_rate(&mut self, rate: u32) {
        let (members, opened) = (self.members, self.opened);
        *self = Self { members, ..Self::new(opened, rate) };
    }

    /// Somebody comes in.
    pub(crate) fn enter(&mut self, announcement: Announcement) {
        self.members += 1;
        // Alone, somebody who comes hears the music and needs no tone.
        if matches!(announcement, Announcement::Tone | Announcement::Entry) && self.members > 1 {
            self.chimes.ring(Chime::Joined);
        }
    }

    /// Somebody goes out. What it said last is heard to its end.
    pub(crate) fn leave(&mut self, announcement: Announcement) {
        self.members = self.members.saturating_sub(1);
        if matches!(announcement, Announcement::Tone | Announcement::Exit) {
            self.chimes.ring(Chime::Left);
        }
    }

    /// Whether a tone is being heard.
    fn is_announcing(&self) -> bool {
        self.chimes.is_ringing()
    }

    /// Where on the line an instant is.
    fn position(&self, at: Instant) -> u64 {
        match at.checked_duration_since(self.opened) {
            Some(after) => ORIGIN.saturating_add(self.samples(after)),
            None => ORIGIN.saturating_sub(self.samples(self.opened.saturating_duration_since(at))),
        }
    }

    fn samples(&self, duration: Duration) -> u64 {
        let samples = duration.as_nanos() * u128::from(self.rate) / 1_000_000_000;
        u64::try_from(samples).unwrap_or(u64::MAX)
    }

    /// A line of what one member says, as long as the room's.
    fn own_line(&self) -> Ring<i16> {
        Ring::new(remembered(self.rate), ORIGIN)
    }

    /// Adds a member's frame at a position; `own` remembers what was added.
    ///
    /// What is before the end of its last frame was said already, and what is older than the line is too late; neither is added.
    fn say(&mut self, own: &mut Ring<i16>, at: u64, frame: &[i16]) {
        let end = at + frame.len() as u64;
        self.go_on(at, end);
        let from = at.max(own.head()).max(self.sum.oldest());
        let Some(frame) = from.checked_sub(at).and_then(|said| frame.get(usize::try_from(said).ok()?..)) else {
            return;
        };
        own.advance(end);
        own.zip(from, frame, |own, said| *own = *said);
        self.sum.zip(from, frame, |sum, said| *sum += i32::from(*said));
    }

    /// Fills a frame with the sum, less what `own` added to it where there is that, of the stretch that ends a slack before `at`.
    fn hear(&mut self, own: Option<&Ring<i16>>, at: u64, frame: &mut [i16]) {
        // Tones sound also while nobody speaks.
        self.go_on(at, at + frame.len() as u64);
        let from = at.saturating_sub(self.samples(SLACK) + frame.len() as u64);
        let Some(scratch) = self.scratch.get_mut(..frame.len()) else { return };
        scratch.fill(0);
        self.sum.read(from, scratch, |sum, into| *into = *sum);
        // Somebody who says little remembers what the sum has forgotten.
        let forgotten = usize::try_from(self.sum.oldest().saturating_sub(from)).unwrap_or(usize::MAX);
        if let (Some(own), Some(remembered)) = (own, scratch.get_mut(forgotten..)) {
            own.read(from + forgotten as u64, remembered, |own, into| *into -= i32::from(*own));
        }
        for (sum, sample) in scratch.iter().zip(frame) {
            *sample = limit::soften(*sum);
        }
    }

    /// Lets the line reach to a position: with silence, or from the present on with the tone that is due.
    fn go_on(&mut self, present: u64, to: u64) {
        let from = self.sum.head().max(present);
        let Some(ahead) = to.checked_sub(from).filter(|ahead| *ahead > 0) else { return };
        self.sum.advance(to);
        let tone = self.chimes.next(usize::try_from(ahead).unwrap_or(usize::MAX));
        self.sum.zip(from, tone, |sum, tone| *sum += i32::from(*tone));
    }
}

/// The samples that a line at this rate remembers.
fn remembered(rate: u32) -> usize {
    (rate / 1_000 * REMEMBERED_MS) as usize
}
