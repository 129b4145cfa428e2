//! Waiting without end: on hold with music, or in silence.
//!
//! Shape: a place in a conference of its own has the music on hold; nobody else comes there.
//! Sources: `kazoo-pivot.md` 4.2 (`park`, `wait_for_hangup`, `dead_air`, `after_bridge`).

use std::time::Duration;

use super::Session;
use crate::{Announcement, Conference, Interrupted, TypeAhead};

/// How long one wait of a wait without end takes.
const LONG: Duration = Duration::from_secs(3_600);

impl Session<'_> {
    /// Keeps the caller on hold, with music, until it is sent away.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn hold(&mut self) -> Result<(), Interrupted> {
        self.answer().await?;
        let conference = Conference {
            announcement: Announcement::Silent,
            ..Conference::new(format!("hold {}", self.call.caller.call_id), 1)
        };
        self.call.conference(conference).await.map(drop)
    }

    /// Waits until the call ends; what is pressed meanwhile means nothing.
    ///
    /// # Errors
    /// [`Interrupted`], in any case.
    pub async fn wait_for_end(&mut self) -> Result<(), Interrupted> {
        loop {
            if self.call.answered {
                self.silence(LONG, TypeAhead::Drop).await?;
            } else {
                self.wait(LONG).await?;
            }
        }
    }
}
