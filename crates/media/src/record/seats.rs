//! The recorders of one leg.
//!
//! Shape: at most one of each [`Seat`], so that a message can be taken while the whole call is recorded.
//! Time: a recorder of one channel takes its frame when the leg is heard, one of two when the leg has been sent to.
//! Errors: what ended is told once, by [`Recorders::next_ended`]; a recorder stays until its owner takes it.

use super::{Channels, RecordEnd, Recorder};
use crate::listen::Frame;

/// What a recorder of a leg is for.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Seat {
    /// The whole call.
    Call,
    /// A message of the party.
    Message,
}

const SEATS: [Seat; 2] = [Seat::Call, Seat::Message];

#[derive(Debug, Default)]
struct Place {
    recorder: Option<Box<Recorder>>,
    ended: Option<RecordEnd>,
}

/// The recorders of one leg.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    call: Place,
    message: Place,
}

impl Recorders {
    pub(crate) fn is_empty(&self) -> bool {
        self.call.recorder.is_none() && self.message.recorder.is_none()
    }

    /// Whether any of them records what the leg is sent, too.
    pub(crate) fn want_said(&self) -> bool {
        self.all().any(Recorder::wants_said)
    }

    /// Seats a recorder of a leg of this rate, in place of the one that was there.
    pub(crate) fn seat(&mut self, seat: Seat, mut recorder: Box<Recorder>, rate: u32) {
        recorder.follow(rate);
        *self.place(seat) = Place { recorder: Some(recorder), ended: None };
    }

    /// Takes a recorder away.
    pub(crate) fn take(&mut self, seat: Seat) -> Option<Box<Recorder>> {
        std::mem::take(self.place(seat)).recorder
    }

    pub(crate) fn at(&mut self, seat: Seat) -> Option<&mut Recorder> {
        self.place(seat).recorder.as_deref_mut()
    }

    /// The leg has another rate from now on.
    pub(crate) fn follow(&mut self, rate: u32) {
        for seat in SEATS {
            if let Some(recorder) = self.at(seat) {
                recorder.follow(rate);
            }
        }
    }

    /// The leg was heard.
    pub(crate) fn hear(&mut self, frame: &Frame<'_>) {
        self.feed(Channels::Mono, frame);
    }

    /// The leg was heard and sent to.
    pub(crate) fn say(&mut self, frame: &Frame<'_>) {
        self.feed(Channels::Stereo, frame);
    }

    fn feed(&mut self, channels: Channels, frame: &Frame<'_>) {
        for seat in SEATS {
            let place = self.place(seat);
            if let Some(recorder) = place.recorder.as_deref_mut().filter(|recorder| recorder.channels() == channels)
                && let Some(why) = recorder.hear(frame.rate, frame.heard, frame.said)
            {
                place.ended = Some(why);
            }
        }
    }

    /// A recording that has ended by itself, and why.
    pub(crate) fn next_ended(&mut self) -> Option<(Seat, RecordEnd)> {
        SEATS.into_iter().find_map(|seat| Some((seat, self.place(seat).ended.take()?)))
    }

    fn all(&self) -> impl Iterator<Item = &Recorder> {
        [&self.call, &self.message].into_iter().filter_map(|place| place.recorder.as_deref())
    }

    fn place(&mut self, seat: Seat) -> &mut Place {
        match seat {
            Seat::Call => &mut self.call,
            Seat::Message => &mut self.message,
        }
    }
}
