//! What happens to datagrams between two hosts.
//!
//! Shape: a [`Path`] says how likely things are, the dice say what happens to one datagram.
//! Units: probabilities are 0 to 1.

use crate::dice::Dice;
use std::time::Duration;

/// How one host's datagrams reach another.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Path {
    /// How long each takes at least.
    pub delay: Duration,
    /// How much longer one may take; each takes its own part of it, so that jitter above the sending interval reorders.
    pub jitter: Duration,
    /// How likely one is lost.
    pub loss: f64,
    /// How likely one arrives twice.
    pub duplicate: f64,
    /// How likely one is held back for another `delay` and `jitter`, so that later ones overtake it.
    pub reorder: f64,
}

/// What happens to one datagram.
pub(crate) enum Plan {
    Lose,
    Arrive { delay: Duration, again: Option<Duration> },
}

impl Path {
    /// A path that takes this long and does nothing else.
    pub fn after(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Every datagram draws the same count of numbers, so that one path's settings do not change the luck of another's.
    pub(crate) fn plan(&self, dice: &mut Dice) -> Plan {
        let lost = dice.happens(self.loss);
        let doubled = dice.happens(self.duplicate);
        let held = dice.happens(self.reorder);
        let (first, second, third) = (dice.up_to(self.jitter), dice.up_to(self.jitter), dice.up_to(self.jitter));
        if lost {
            return Plan::Lose;
        }
        let mut delay = self.delay + first;
        if held {
            delay += self.delay + third;
        }
        Plan::Arrive { delay, again: doubled.then_some(self.delay + second) }
    }
}
