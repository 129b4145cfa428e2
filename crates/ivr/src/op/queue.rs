//! Waiting in a queue, and taking who waits.
//!
//! Shape: [`Enqueue`] puts the caller in a queue of its client, and the script goes on: what it says is what the caller hears while
//! it waits. When somebody takes the caller, the op that runs ends with [`crate::Interrupted::Wanted`], once; the script then performs
//! [`Meet`], which is the talk. A script with nothing to say performs [`Meet`] at once. The other side is a [`Take`] of another call:
//! it gets the one who has waited longest.
//! Time: a place is kept until the talk begins, the caller leaves, or its script ends. Whoever takes waits for the [`Meet`] for
//! [`MEET_PATIENCE`], then takes the next.
//! Sources: `kazoo-pivot.md` 5.4 (Enqueue, Leave, Dial Queue).

use std::time::Duration;

use super::Alone;
use crate::DigitSet;

/// How long whoever takes somebody waits for its script.
pub const MEET_PATIENCE: Duration = Duration::from_secs(30);

/// How many may be in a queue where nobody says.
pub const QUEUE_SIZE: usize = 100;

/// A place in a queue. Whoever is in one already leaves it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Enqueue {
    /// What the queue is called; one name is one queue within a client.
    pub name: String,
    /// How many may be in it; whoever comes then finds it full.
    pub most: usize,
    /// Whoever waits with more is taken before all who wait with less; 0 where nobody says.
    pub priority: i64,
    /// What is said of the caller to whoever looks at the queue, by names.
    pub about: Vec<(String, String)>,
}

impl Enqueue {
    /// A place behind all others, for a caller of whom nothing is said.
    pub fn new(name: impl Into<String>, most: usize) -> Self {
        Self { name: name.into(), most, priority: 0, about: Vec::new() }
    }
}

/// What came of an [`Enqueue`].
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Enqueued {
    /// The caller waits.
    In(Place),
    /// There is no place.
    Full,
}

/// Where somebody stands in a queue.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Place {
    /// 1 for whoever is taken next; 0 for one who has been taken, and whose talk is about to begin.
    pub position: usize,
    /// How many wait.
    pub size: usize,
    /// How long the caller has waited.
    pub waited: Duration,
    /// How long those who were taken from it had waited, on average; zero while nobody was.
    pub average: Duration,
    /// What whoever took the caller wants its script to know before the talk, in the words of its surface.
    pub message: Option<String>,
}

/// The talk with whoever takes the caller out of its queue; where nobody has yet, the wait for it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Meet {
    /// What the caller hears until then; [`Alone::Script`] is silence here.
    pub alone: Alone,
    /// Keys by which the caller leaves the queue; they mean nothing once the talk has begun.
    pub leave_by: DigitSet,
    /// How long to wait for somebody; `None` as long as the caller likes.
    pub patience: Option<Duration>,
}

/// How a [`Meet`] ended. (The caller hanging up is [`crate::Interrupted::RemoteHangup`].)
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Met {
    /// They talked.
    Talked {
        /// How long.
        talk: Duration,
        /// How long the caller had waited before.
        waited: Duration,
    },
    /// The caller pressed a key for it.
    Left {
        /// How long the caller had waited.
        waited: Duration,
    },
    /// Nobody took the caller in time, and it has left the queue.
    Nobody {
        /// How long the caller had waited.
        waited: Duration,
    },
    /// Whoever took the caller has gone before they were joined. The caller has its place still, and is taken by the next.
    Missed,
    /// The caller is in no queue.
    Nowhere,
}

/// Take whoever has waited longest in a queue, and talk. Its outcome is a [`super::Dialed`], without a Call-ID of the other where
/// nobody came: [`super::Dialed::NoAnswer`] after the patience.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Take {
    /// The queue.
    pub name: String,
    /// How long to wait for somebody, where nobody waits. The caller hears ringback.
    pub patience: Duration,
    /// What the script of the other is to know before the talk.
    pub message: Option<String>,
    /// How long the two may talk at most.
    pub longest: Option<Duration>,
    /// Keys of the caller that end the talk ([`super::TalkEnd::Key`]).
    pub ends_by: DigitSet,
}
