//! REFER in a simulation: what the caller's side makes of it.
//!
//! Time: virtual; as ringing, it defers the end of the lifetime.
//! Errors: [`Interrupted`], as on a real call.
//! Sources: RFC 3515.

use super::{
    Referring,
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{Interrupted, Refer, ReferScope, Referred};

impl World<'_> {
    pub(super) fn refer(&mut self, refer: &Refer) -> Result<Referred, Interrupted> {
        let scope = match refer.scope {
            ReferScope::Anywhere => "",
            ReferScope::SameTrunk => " on the caller's trunk",
        };
        self.note(format!("refer to {}{scope}, at most {}", refer.target, seconds(refer.patience)));
        let (wait, outcome, said) = match self.scenario.referring {
            Referring::Refuses { status } => (None, Referred::Refused { status }, format!("… refused with {status}")),
            Referring::Goes { after } if after <= refer.patience => {
                (Some(after), Referred::Done, "… the caller is there".to_owned())
            }
            Referring::Fails { after, status } if after <= refer.patience => {
                (Some(after), Referred::Failed { status }, format!("… failed with {status}"))
            }
            Referring::Goes { .. } | Referring::Fails { .. } | Referring::SaysNothing => {
                (Some(refer.patience), Referred::TimedOut, "… nothing heard of it".to_owned())
            }
        };
        if let Some(wait) = wait {
            let end = self.now.saturating_add(wait);
            while let Waited::Pressed(digit) = self.wait(end, Edge::Outside, Lifetime::Deferred)? {
                self.note(format!("… {digit} ignored"));
            }
        }
        self.note(said);
        Ok(outcome)
    }
}
