//! When received sound is heard: where each packet lies against the sample that leaves next, and how early packets should be.
//!
//! Shape: [`Timeline::place`] for each packet, [`Timeline::leave`] for what leaves, and between them [`Timeline::correction`]: how much
//! longer or shorter the sound should be made so that packets come in time and not needlessly early.
//! Units: ticks of the source's clock. *Early* is how far a packet begins behind the next sample to leave; a late one has begun already.
//! Time: the ticks that leave are the clock. Missing sound leaves too, as something in its place, so a loss never moves the line.
//! Errors: a source that is new, or that leaps by more than [`LEAP`], begins a new line.
//! Sources: RFC 3550 section 5.1 (the timestamp places a sample in time, whatever order packets come in).
//!
//! A second is a window. Its measure is the packet that was second from the least early, so that one straggler moves nothing. Is that
//! below [`LEAST`], the sound is made longer; was it in two windows above [`MOST`], shorter; each time until packets are [`MARGIN`] early.
//! The band is wider than the 20 ms steps in which sockets are read, so that a clock that differs a little is followed without swinging.

use std::time::Duration;

/// How early packets should be.
const MARGIN: Ticks = Ticks(20);
/// When packets are less early than this, the sound is made longer.
const LEAST: Ticks = Ticks(8);
/// When packets are earlier than this for two seconds, the sound is made shorter.
const MOST: Ticks = Ticks(36);
/// A timestamp this far from what is expected begins a new line.
const LEAP: Ticks = Ticks(250);
/// How late a packet may come and still be heard, by hearing everything later.
const HOLD: Ticks = Ticks(60);
/// How long missing sound is made up; behind that is a silence, in which the line may move unheard.
pub(crate) const CONCEALED: Duration = Duration::from_millis(100);
/// In a silence, packets this early have needless delay.
const NEEDLESS: Ticks = Ticks(80);
/// The sound is made longer at most to where the packets are so early.
const EARLIEST: Ticks = Ticks(160);
/// The length of a window, and how many packets make it worth a look.
const WINDOW: Ticks = Ticks(1_000);
const ENOUGH: u32 = 8;

/// A time of so many milliseconds, to be counted at some rate.
#[derive(Copy, Clone, Debug)]
struct Ticks(i32);

/// The time line of one source after another.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    source: Option<(u32, u32)>,
    per_ms: i32,
    /// The next tick to leave.
    next: u32,
    /// Ticks that left without sound since the last sound.
    gap: u32,
    /// Milliseconds in a frame that leaves.
    frame: i32,
    /// Whether sound came since a silence began, and waits for its time.
    is_awaited: bool,
    window: Window,
    /// The measure of the window before.
    before: Option<i32>,
    /// How many ticks are to be added, or taken away where negative.
    correction: i32,
}

/// How early the packets of a window were.
#[derive(Clone, Debug)]
struct Window {
    /// The least and the second least of them.
    least: [i32; 2],
    packets: u32,
    late: u32,
    /// Milliseconds that left.
    left: i32,
}

impl Window {
    const NEW: Self = Self { least: [i32::MAX; 2], packets: 0, late: 0, left: 0 };

    fn note(&mut self, early: i32) {
        self.packets += 1;
        if early < self.least[0] {
            self.least = [early, self.least[0]];
        } else if early < self.least[1] {
            self.least[1] = early;
        }
    }
}

/// Where a packet lies.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// At its time, so many ticks behind the next to leave; below zero where its beginning is over.
    Here(i32),
    /// All of it is over.
    Late,
    /// At the beginning of a new line: whatever waits belongs to the old one.
    Anew(i32),
}

/// What left.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Laid {
    /// Sound that came.
    Sound,
    /// Something in its place.
    Nothing,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            source: None,
            per_ms: 8,
            next: 0,
            gap: u32::MAX,
            frame: MARGIN.0,
            is_awaited: false,
            window: Window::NEW,
            before: None,
            correction: 0,
        }
    }

    /// The next tick to leave.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// Ticks in a second of the present source; `None` before the first.
    pub(crate) fn clock_rate(&self) -> Option<u32> {
        self.source.map(|(_, clock_rate)| clock_rate)
    }

    /// Whether what is missing is a silence and no longer made up.
    pub(crate) fn is_silent(&self) -> bool {
        self.gap > self.ticks(Ticks(CONCEALED.as_millis() as i32)).unsigned_abs()
    }

    /// Ticks to add to the sound, or to take from it where negative, as soon as that harms little.
    pub(crate) fn correction(&self) -> i32 {
        self.correction
    }

    /// Places a packet of `ticks` ticks. The `source` is its SSRC and its clock rate.
    pub(crate) fn place(&mut self, source: (u32, u32), timestamp: u32, ticks: u32) -> Place {
        let ticks = ticks as i32;
        let early = timestamp.wrapping_sub(self.next) as i32;
        if self.source != Some(source) || early.unsigned_abs() > self.ticks(LEAP).unsigned_abs() {
            return Place::Anew(self.begin(source, timestamp, ticks));
        }
        if self.is_silent() && !self.is_awaited && (early < 0 || early > self.ticks(NEEDLESS)) {
            // Nobody hears that the line moves here.
            return Place::Anew(self.begin(source, timestamp, ticks));
        }
        self.is_awaited = true;
        self.window.note(early);
        if early + ticks > 0 {
            return Place::Here(early);
        }
        self.late(early)
    }

    /// All of a packet is over. What left in its place may have been made up, and nothing newer been heard: then the packet
    /// can still be heard, and everything behind it later, unless this is one straggler.
    fn late(&mut self, early: i32) -> Place {
        self.window.late += 1;
        let is_next = early.unsigned_abs() <= self.gap && -early <= self.ticks(HOLD);
        let is_one = self.window.late < 2 && self.before.is_some();
        if is_next && !is_one {
            self.next = self.next.wrapping_add(early as u32);
            self.gap -= early.unsigned_abs();
            self.shift(-early);
            return Place::Here(0);
        }
        if self.window.late >= 2 {
            self.review();
        }
        Place::Late
    }

    /// Begins a new line at a packet; answers how early that is.
    fn begin(&mut self, source: (u32, u32), timestamp: u32, ticks: i32) -> i32 {
        self.per_ms = (source.1 / 1_000).max(1) as i32;
        self.source = Some(source);
        let early = self.margin(ticks);
        self.next = timestamp.wrapping_sub(early as u32);
        self.window = Window::NEW;
        self.before = None;
        self.correction = 0;
        self.is_awaited = true;
        early
    }

    /// How early the first packet is taken to be: where a frame is longer than a packet, others are still to come for it.
    fn margin(&self, ticks: i32) -> i32 {
        self.ticks(MARGIN) + (self.frame * self.per_ms - ticks).max(0)
    }

    /// Says that `ticks` left.
    pub(crate) fn leave(&mut self, ticks: u32, laid: Laid) {
        self.next = self.next.wrapping_add(ticks);
        self.gap = match laid {
            Laid::Sound => {
                self.is_awaited = false;
                0
            }
            Laid::Nothing => self.gap.saturating_add(ticks),
        };
    }

    /// Says how long the frames are that leave from now on. Packets have to be earlier for longer ones.
    pub(crate) fn expect(&mut self, frame: Duration) {
        let frame = frame.as_millis() as i32;
        if self.source.is_some() {
            self.correction += (frame - self.frame).max(0) * self.per_ms;
        }
        self.frame = frame;
    }

    /// Says that a frame left.
    pub(crate) fn frame(&mut self) {
        self.window.left += self.frame;
        if self.window.left >= WINDOW.0 {
            self.review();
        }
    }

    /// Says that so many ticks of the correction were made: sound that lasts longer than what left for it, or shorter.
    pub(crate) fn corrected(&mut self, ticks: i32) {
        self.correction -= ticks;
        self.shift(ticks);
    }

    /// What was measured, as it would have been on a line that is later by `ticks`.
    fn shift(&mut self, ticks: i32) {
        for least in &mut self.window.least {
            *least = least.saturating_add(ticks);
        }
        self.before = self.before.map(|before| before.saturating_add(ticks));
    }

    /// Ends a window and decides what it asks for.
    fn review(&mut self) {
        let Window { least: [_, measure], packets, .. } = std::mem::replace(&mut self.window, Window::NEW);
        if packets < ENOUGH {
            return;
        }
        let (margin, before) = (self.ticks(MARGIN), self.before.replace(measure));
        self.correction = if measure < self.ticks(LEAST) {
            (margin - measure).min(self.ticks(EARLIEST))
        } else {
            let spare = before.map_or(measure, |before| before.min(measure));
            if spare > self.ticks(MOST) && before.is_some() { margin - spare } else { 0 }
        };
    }

    fn ticks(&self, time: Ticks) -> i32 {
        time.0 * self.per_ms
    }
}
