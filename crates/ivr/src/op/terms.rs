//! What else is wanted of a dial, beside whom and for how long.
//!
//! Shape: nothing, as a rule: [`Terms::default`].
//! Sources: RFC 3515 (a caller's side that calls by itself), `ringme-ivr.md` 2.7 (callback), 1.7 (`autoanswer`).

use std::time::Duration;

use super::{Prompt, TypeAhead, Watcher};
use crate::{DigitSet, SoundId, send_digits::SendDigits};

/// What else is wanted of a [`super::Dial`].
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Terms {
    /// Whether the caller's side may be asked to call by itself.
    pub join: Join,
    /// Said to whoever answers before the two are joined; the caller hears ringback meanwhile.
    pub announce: Option<SoundId>,
    /// Pressed towards whoever answers, after that.
    pub digits: Option<SendDigits>,
    /// Asks the targets to answer by themselves after so many seconds.
    pub answer_after: Option<u16>,
    /// Whether targets ring together.
    pub order: RingOrder,
    /// What is wanted of each target, in their order; one that is missing has nothing of its own.
    pub parties: Vec<PartyTerms>,
    /// Header fields of every INVITE, beside ours. Those that SIP needs itself, that say who calls, or that are no header are left out.
    pub headers: Vec<(String, String)>,
    /// How long the two may talk at most; both are then parted.
    pub longest: Option<Duration>,
    /// Keys of the caller that end the talk: the callee is hung up, and the script goes on.
    pub ends_by: DigitSet,
    /// Whether the caller hears what a target sends before it answers.
    pub early: EarlySound,
    /// What the caller hears again and again until somebody answers, in place of ringback and of what a target sends; where it cannot be
    /// had, those are heard.
    pub ringback: Option<Prompt>,
    /// What becomes of keys that the caller presses meanwhile: while it rings, and while the two talk, who hear them all the same.
    pub keys: TypeAhead,
    /// Whether the script speaks to whoever answers before the two are joined.
    pub whisper: Whisper,
}

/// Whether the script speaks to whoever answers before the two are joined.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Whisper {
    /// They are joined at once, after [`Terms::announce`] and [`Terms::digits`].
    #[default]
    None,
    /// The dial is [`super::Dialed::Whispers`] then, and goes on with [`super::Op::Join`].
    Script,
}

/// In which order targets ring.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum RingOrder {
    /// All at once, each after its own delay.
    #[default]
    AtOnce,
    /// The next one when the one before has failed or was rung for long enough.
    OneByOne,
}

/// What the caller hears while targets ring.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum EarlySound {
    /// What a single target sends, else ringback.
    #[default]
    Passed,
    /// Ringback.
    Ignored,
}

/// What is wanted of one target.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct PartyTerms {
    /// How long after the others it begins to ring.
    pub delay: Duration,
    /// How long it rings; as long as [`super::Dial::no_answer`] where it is missing, and never longer.
    pub patience: Option<Duration>,
    /// Header fields of its INVITE.
    pub headers: Vec<(String, String)>,
    /// Who we are, if it asks (RFC 3261 §22).
    pub login: Option<Login>,
    /// Pressed towards it once it has answered, after those of [`Terms::digits`].
    pub digits: Option<SendDigits>,
    /// Who is told how it stands with it.
    pub watcher: Option<Watcher>,
}

/// A digest user and its password.
#[derive(Clone, Eq, PartialEq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Who joins the caller to a target outside.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Join {
    /// Whoever the trunk that the caller came by says; we do for any other caller.
    #[default]
    AsTrunkSays,
    /// We do.
    Here,
}
