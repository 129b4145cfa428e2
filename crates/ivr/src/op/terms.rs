//! What else is wanted of a dial, beside whom and for how long.
//!
//! Shape: nothing, as a rule: [`Terms::default`].
//! Sources: RFC 3515 (a caller's side that calls by itself), `ringme-ivr.md` 2.7 (callback), 1.7 (`autoanswer`).

use crate::{SoundId, send_digits::SendDigits};

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
