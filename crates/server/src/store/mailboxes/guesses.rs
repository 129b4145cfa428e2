//! How often somebody may try a PIN: a PIN of four digits is found in ten thousand attempts, which machines make in a night.
//!
//! Shape: five wrong ones in a row from one number close a mailbox to PINs from that number for a quarter of an hour, and ten in a row from
//! whomever close it to all numbers but those that have opened it before. A right one opens the counts anew. So a stranger who guesses for
//! ever, in whatever name, does not keep out an owner who calls from a usual number; the owner's telephone needs no PIN at all.
//! Time: told.
//! Errors: none. Numbers are remembered until the process ends, so many of each mailbox.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use antiphon_ivr::ExtensionId;

/// Wrong ones in a row from one number.
const OF_A_NUMBER: u32 = 5;
/// Wrong ones in a row from all numbers that have not opened the mailbox before.
const OF_STRANGERS: u32 = 10;
/// How long none is looked at after them.
const PAUSE: Duration = Duration::from_secs(900);
/// Numbers that have opened a mailbox and are remembered: the last ones.
const KNOWN: usize = 16;

/// The PINs that were tried at each mailbox: no more mailboxes than there are menus with a PIN.
#[derive(Debug, Default)]
pub(super) struct Guesses(HashMap<ExtensionId, Door>);

/// What was tried at one mailbox.
#[derive(Debug, Default)]
struct Door {
    strangers: Wrong,
    /// Only numbers whose last wrong one was within the pause: strangers cannot add many, since the door closes to them.
    numbers: HashMap<String, Wrong>,
    /// The number that opened it last behind all others.
    known: VecDeque<String>,
}

/// Wrong ones in a row.
#[derive(Copy, Clone, Debug, Default)]
struct Wrong {
    count: u32,
    last: Option<Instant>,
}

impl Wrong {
    fn is_over(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE)
    }

    fn closes(&self, most: u32, now: Instant) -> bool {
        self.count >= most && !self.is_over(now)
    }

    /// One more. After the pause that follows the last of so many, the count begins anew.
    fn add(&mut self, most: u32, now: Instant) {
        let before = if self.count >= most && self.is_over(now) { 0 } else { self.count };
        (self.count, self.last) = (before.saturating_add(1), Some(now));
    }
}

impl Guesses {
    /// Whether a PIN of somebody with this number is looked at; an empty number is that of all who hide.
    pub(super) fn may_guess(&self, mailbox: ExtensionId, caller: &str, now: Instant) -> bool {
        let Some(door) = self.0.get(&mailbox) else { return true };
        let is_closed_to_number = door.numbers.get(caller).is_some_and(|wrong| wrong.closes(OF_A_NUMBER, now));
        let is_closed_to_strangers = door.strangers.closes(OF_STRANGERS, now) && !door.knows(caller);
        !is_closed_to_number && !is_closed_to_strangers
    }

    pub(super) fn guessed(&mut self, mailbox: ExtensionId, caller: &str, now: Instant, is_right: bool) {
        let door = self.0.entry(mailbox).or_default();
        door.numbers.retain(|_, wrong| !wrong.is_over(now));
        if is_right {
            door.strangers = Wrong::default();
            door.numbers.remove(caller);
            door.remember(caller);
            return;
        }
        door.numbers.entry(caller.to_owned()).or_default().add(OF_A_NUMBER, now);
        if !door.knows(caller) {
            door.strangers.add(OF_STRANGERS, now);
        }
    }
}

impl Door {
    fn knows(&self, caller: &str) -> bool {
        self.known.iter().any(|known| known == caller)
    }

    fn remember(&mut self, caller: &str) {
        if caller.is_empty() {
            return;
        }
        self.known.retain(|known| known != caller);
        self.known.push_back(caller.to_owned());
        if self.known.len() > KNOWN {
            self.known.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: ExtensionId = ExtensionId(7);

    /// Somebody tries a PIN, if that is looked at.
    fn tries(guesses: &mut Guesses, caller: &str, now: Instant, is_right: bool) -> bool {
        let may = guesses.may_guess(BOX, caller, now);
        if may {
            guesses.guessed(BOX, caller, now, is_right);
        }
        may
    }

    #[test]
    fn five_wrong_pins_of_a_number_close_a_mailbox_to_it_for_a_quarter_of_an_hour() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..3 {
            assert!((0..4).all(|_| tries(&mut guesses, "1", now, false)));
            assert!(tries(&mut guesses, "1", now, true), "a right one opens the count anew");
        }
        assert!((0..5).all(|_| tries(&mut guesses, "1", now, false)));
        assert!(!tries(&mut guesses, "1", now, true));
        assert!(guesses.may_guess(BOX, "2", now) && guesses.may_guess(ExtensionId(8), "1", now));
        assert!(!guesses.may_guess(BOX, "1", now + PAUSE - Duration::from_secs(1)));
        assert!((0..5).all(|_| tries(&mut guesses, "1", now + PAUSE, false)));
        assert!(!guesses.may_guess(BOX, "1", now + PAUSE));
    }

    #[test]
    fn ten_wrong_pins_of_strangers_close_it_to_strangers_and_not_to_who_has_opened_it() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        assert!(tries(&mut guesses, "owner", now, true));
        // A machine that guesses for a week, each time as somebody else.
        let mut looked_at = 0;
        for minute in 0..7 * 24 * 60_u32 {
            let now = now + Duration::from_secs(60) * minute;
            looked_at += u32::from(tries(&mut guesses, &format!("number {minute}"), now, false));
            assert!(guesses.may_guess(BOX, "owner", now));
        }
        // Ten in ten minutes, then none for a quarter of an hour.
        assert_eq!(looked_at, 4_200);
        assert!(guesses.0[&BOX].numbers.len() <= 16);
        let late = now + Duration::from_secs(60) * (7 * 24 * 60);
        assert!((0..5).all(|_| tries(&mut guesses, "owner", late, false)), "a known number has a count of its own");
        assert!(!tries(&mut guesses, "owner", late, true));
    }

    #[test]
    fn whoever_hides_is_a_stranger_for_ever() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        assert!(tries(&mut guesses, "", now, true));
        assert!((0..10).all(|guess| tries(&mut guesses, &guess.to_string(), now, false)));
        assert!(!guesses.may_guess(BOX, "", now));
    }
}
