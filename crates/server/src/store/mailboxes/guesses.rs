//! How often somebody may try a PIN: a PIN of four digits is found in ten thousand attempts, which machines make in a night.
//!
//! Shape: ten wrong ones in a row close a mailbox to PINs for a quarter of an hour; a right one opens the count anew. The owner's telephone
//! needs no PIN, and is not shut out.
//! Time: told.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use antiphon_ivr::ExtensionId;

/// Wrong ones in a row.
const MOST: u32 = 10;
/// How long none is looked at after them.
const PAUSE: Duration = Duration::from_secs(900);

/// The wrong PINs of each mailbox: no more mailboxes than there are menus with a PIN.
#[derive(Debug, Default)]
pub(super) struct Guesses(HashMap<ExtensionId, (u32, Instant)>);

impl Guesses {
    pub(super) fn may_guess(&mut self, mailbox: ExtensionId, now: Instant) -> bool {
        match self.0.get(&mailbox) {
            Some((wrong, last)) if *wrong >= MOST => {
                let is_over = now.saturating_duration_since(*last) >= PAUSE;
                if is_over {
                    self.0.remove(&mailbox);
                }
                is_over
            }
            _ => true,
        }
    }

    pub(super) fn guessed(&mut self, mailbox: ExtensionId, now: Instant, is_right: bool) {
        if is_right {
            self.0.remove(&mailbox);
        } else {
            let (wrong, last) = self.0.entry(mailbox).or_insert((0, now));
            (*wrong, *last) = (wrong.saturating_add(1), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_wrong_pins_close_a_mailbox_for_a_quarter_of_an_hour() {
        let (mut guesses, id, other) = (Guesses::default(), ExtensionId(7), ExtensionId(8));
        let now = Instant::now();
        for _ in 0..2 {
            for _ in 0..9 {
                assert!(guesses.may_guess(id, now));
                guesses.guessed(id, now, false);
            }
            guesses.guessed(id, now, true);
        }
        for _ in 0..10 {
            assert!(guesses.may_guess(id, now));
            guesses.guessed(id, now, false);
        }
        assert!(!guesses.may_guess(id, now) && guesses.may_guess(other, now));
        assert!(!guesses.may_guess(id, now + PAUSE - Duration::from_secs(1)));
        assert!(guesses.may_guess(id, now + PAUSE));
        guesses.guessed(id, now + PAUSE, false);
        assert!(guesses.may_guess(id, now + PAUSE));
    }
}
