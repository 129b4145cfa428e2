//! How menus run where their vendor's documentation leaves a choice.
//!
//! Shape: one field a choice; the default is what serves most menus.
//! Sources: `ringme-ivr.md` 3.4 (`eager_match`), 3.6 (`strict_final`, `transfer_timeout_falls_through`), 3.8 (the ring time), 3.11 (messages),
//! 4.3 (names in answers), 5.1 (the time of `voice_helper`).

use std::time::Duration;

use crate::{Dial, ListenFrom};

/// The choices.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Policy {
    /// A performed rule that is `final` ends its option, whatever it did; what follows is the wait for a digit. Otherwise `final` is
    /// a matter of transfers.
    pub strict_final: bool,
    /// A transfer that rang out goes on with the next rule, also where it is `final`.
    pub transfer_timeout_falls_through: bool,
    /// An input is complete as soon as no option is longer, where a caller may not dial internal numbers.
    pub eager_match: bool,
    /// How long numbers ring where a transfer does not say it.
    pub ring_time: Duration,
    /// From when on the time of `voice_helper` counts.
    pub voice_helper_from: ListenFrom,
    /// The names of verbs and attributes in answers of web servers are taken as they are written, and not in any case.
    pub exact_names: bool,
    /// Messages that callers leave.
    pub messages: MessageLimits,
}

/// How long messages may be.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct MessageLimits {
    /// A longer one is cut.
    pub longest: Duration,
    /// So long a silence ends one.
    pub silence: Duration,
    /// A shorter one is none.
    pub shortest: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            strict_final: false,
            transfer_timeout_falls_through: false,
            eager_match: false,
            ring_time: Dial::RING_TIME,
            voice_helper_from: ListenFrom::Start,
            exact_names: false,
            messages: MessageLimits::default(),
        }
    }
}

impl Default for MessageLimits {
    fn default() -> Self {
        let [longest, silence, shortest] = [180, 5, 2].map(Duration::from_secs);
        Self { longest, silence, shortest }
    }
}
