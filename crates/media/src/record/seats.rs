//! The recorders of one leg.
//!
//! Shape: at most one of each [`Seat`], so that a message can be taken while the whole call is recorded, and that several times.
//! Time: a recorder of what is heard takes its frame when the leg is heard, any other when the leg has been sent to.
//! Errors: what ended is told once, by [`Recorders::next_ended`]; a recorder stays until its owner takes it.

use super::{Channels, RecordEnd, Recorder};
use crate::listen::Frame;

/// What a recorder of a leg is for.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Seat {
    /// The whole call; the number is below [`Seat::CALLS`].
    Call(u8),
    /// A message of the party.
    Message,
    /// A copy for somebody outside; the number is below [`Seat::STREAMS`].
    Stream(u8),
}

impl Seat {
    /// How many recordings of the whole call there may be at once.
    pub const CALLS: u8 = 4;

    /// How many copies there may be at once.
    pub const STREAMS: u8 = 4;

    /// Where it is among [`SEATS`].
    fn index(self) -> usize {
        match self {
            Self::Call(number) => usize::from(number.min(Self::CALLS - 1)),
            Self::Message => usize::from(Self::CALLS),
            Self::Stream(number) => usize::from(Self::CALLS + 1 + number.min(Self::STREAMS - 1)),
        }
    }
}

const SEATS: [Seat; 9] = [
    Seat::Call(0),
    Seat::Call(1),
    Seat::Call(2),
    Seat::Call(3),
    Seat::Message,
    Seat::Stream(0),
    Seat::Stream(1),
    Seat::Stream(2),
    Seat::Stream(3),
];

#[derive(Debug, Default)]
struct Place {
    recorder: Option<Box<Recorder>>,
    ended: Option<RecordEnd>,
}

/// The recorders of one leg.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    places: [Place; SEATS.len()],
}

impl Recorders {
    pub(crate) fn is_empty(&self) -> bool {
        self.places.iter().all(|place| place.recorder.is_none())
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
        self.feed(frame, |channels| !channels.want_said());
    }

    /// The leg was heard and sent to.
    pub(crate) fn say(&mut self, frame: &Frame<'_>) {
        self.feed(frame, Channels::want_said);
    }

    fn feed(&mut self, frame: &Frame<'_>, is_due: impl Fn(Channels) -> bool) {
        for place in &mut self.places {
            if let Some(recorder) = place.recorder.as_deref_mut().filter(|recorder| is_due(recorder.channels()))
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
        self.places.iter().filter_map(|place| place.recorder.as_deref())
    }

    fn place(&mut self, seat: Seat) -> &mut Place {
        &mut self.places[seat.index()]
    }
}
