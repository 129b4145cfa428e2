//! Talking with all others in a room.
//!
//! Shape: a [`Conference`] lasts until one of its ways out is taken; [`Conferred`] says which. To record it is to record the call
//! ([`super::Recording`]): both of what the caller says and hears.
//! Sources: `ringme-ivr.md` 1.1 (conferences); `kazoo-pivot.md` 4.2 (conference), 5.3 (Dial, Conference), 5.4.

use std::sync::Arc;

use super::{Prompt, Watcher};
use crate::DigitSet;

/// A place in a conference. The first who comes opens it, and it is gone with the last who goes.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Conference {
    /// What the conference is called; one name is one conference within a client.
    pub name: String,
    /// Whether the others hear the caller from the beginning.
    pub voice: Voice,
    /// Whether the caller hears the others.
    pub ears: Ears,
    /// How many may be in it; whoever comes then finds it full.
    pub most: usize,
    /// Whether it begins with the caller.
    pub opens: Opens,
    /// Whether it ends with the caller.
    pub ends: Ends,
    /// Whether all hear that the caller comes or goes.
    pub announcement: Announcement,
    /// What the caller hears while nobody else is there, or it has not begun.
    pub alone: Alone,
    /// The keys by which the caller leaves.
    pub leave_by: DigitSet,
    /// Who is told of it.
    pub watcher: Option<Watcher>,
}

impl Conference {
    /// A conference that begins at once, in which everybody is heard and hears, with tones and music.
    pub fn new(name: impl Into<String>, most: usize) -> Self {
        Self {
            name: name.into(),
            voice: Voice::Heard,
            ears: Ears::Open,
            most,
            opens: Opens::AtOnce,
            ends: Ends::WithTheLast,
            announcement: Announcement::Tone,
            alone: Alone::Music,
            leave_by: DigitSet::NONE,
            watcher: None,
        }
    }
}

/// Whether the others in a conference hear somebody. The caller changes it with `*6`, an administrator through the API.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Voice {
    /// They do.
    Heard,
    /// They do not.
    Muted,
}

/// Whether somebody in a conference hears the others.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Ears {
    /// It does.
    #[default]
    Open,
    /// It hears nothing, the tones of the conference neither.
    Deaf,
}

/// Whether a conference begins with somebody. Before it has begun nobody in it hears anybody.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Opens {
    /// It does, where it has not begun before.
    #[default]
    AtOnce,
    /// Not with this one: it waits for somebody with whom it does, such as a moderator.
    WithAnother,
}

/// Whether a conference ends when somebody goes.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Ends {
    /// With the last.
    #[default]
    WithTheLast,
    /// With the caller: all others are out then, by [`Conferred::Ended`].
    WithTheCaller,
}

/// Whether a conference tells that somebody comes or goes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Announcement {
    /// By a tone.
    Tone,
    /// By a tone when it comes.
    Entry,
    /// By a tone when it goes.
    Exit,
    /// Not at all.
    Silent,
}

/// What somebody hears in a conference who is alone, or before it begins.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Alone {
    /// The music on hold.
    Music,
    /// Nothing.
    Silence,
    /// These, over and over.
    Prompts(Arc<[Prompt]>),
    /// What the ops of the script say: the conference is at once [`Conferred::Waits`], and the place is kept. As soon as there is
    /// somebody to talk to, the op that runs ends with [`crate::Interrupted::Wanted`], once, and another [`Conference`] goes in.
    Script,
}

/// How a [`Conference`] ended for the caller. (The caller hanging up is [`crate::Interrupted::RemoteHangup`].)
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Conferred {
    /// The caller pressed a key for it.
    Left,
    /// An administrator sent the caller out.
    Kicked,
    /// There was no place.
    Full,
    /// Somebody with whom it ends has gone.
    Ended,
    /// There is nobody to talk to yet ([`Alone::Script`]).
    Waits,
}
