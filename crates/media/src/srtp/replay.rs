//! Which of the last packets of a source were taken.
//!
//! Shape: the highest index and a bit for each of the 128 up to it.
//! Units: indices.
//! Sources: RFC 3711 section 3.3.2, which wants at least 64.

/// Packets that are remembered.
pub(super) const WINDOW: u64 = 128;

/// The packets of one source, or none yet.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Window {
    /// The bit of `highest - n` is `1 << n`.
    taken: u128,
    highest: u64,
}

impl Window {
    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether a packet of this index may be taken: it was not, and is not too old to know.
    pub(super) fn allows(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            _ if self.taken == 0 => true,
            None => true,
            Some(behind) => behind < WINDOW && self.taken & (1 << behind) == 0,
        }
    }

    /// Notes a packet whose tag was true.
    pub(super) fn take(&mut self, index: u64) {
        if self.taken == 0 {
            (self.taken, self.highest) = (1, index);
            return;
        }
        match self.highest.checked_sub(index) {
            Some(behind) if behind < WINDOW => self.taken |= 1 << behind,
            Some(_) => {}
            None => {
                let ahead = index - self.highest;
                self.taken = if ahead < WINDOW { self.taken << ahead | 1 } else { 1 };
                self.highest = index;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_packet_is_taken_once_in_any_order() {
        let mut window = Window::default();
        for index in [500, 502, 501, 499, 700, 600, 573, 1_000_000, 999_900] {
            assert!(window.allows(index), "{index} is new");
            window.take(index);
            assert!(!window.allows(index), "{index} is known");
        }
        for (index, expect) in [(500, false), (700, false), (999_872, false), (999_873, true), (1_000_001, true)] {
            assert_eq!(window.allows(index), expect, "{index}");
        }
    }
}
