//! What a party and we have agreed on for sound, for whoever reads it beside the call's task.
//!
//! Shape: clones are the same; the party's leg writes, the scripts of the call read.

use std::sync::{Arc, Mutex, PoisonError};

use antiphon_ivr::{AgreedSound, Way};
use antiphon_media::{Codec, Direction};

/// The codec of a leg and the way of its sound, once there are.
#[derive(Clone, Default, Debug)]
pub struct Agreement(Arc<Mutex<Option<(Codec, Direction)>>>);

impl Agreement {
    /// Another agreement.
    pub(crate) fn set(&self, codec: Codec, direction: Direction) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((codec, direction));
    }

    /// As scripts see it: which way, the other side says.
    pub(crate) fn sound(&self) -> Option<AgreedSound> {
        let (codec, direction) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let way = match direction {
            Direction::SendRecv => Way::Both,
            Direction::SendOnly => Way::Hears,
            Direction::RecvOnly => Way::Sends,
            Direction::Inactive => Way::Neither,
        };
        Some(AgreedSound { codec: codec.name().to_owned(), rate: codec.clock_rate(), way })
    }
}
