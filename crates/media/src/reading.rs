//! How much a stream's socket is read when the stream is serviced.
//!
//! Shape: datagrams as they come in, [`Reading`] for the next service out.
//! Time: told.
//! Sources: none; the costs are measured in `bench/README.md`.
//!
//! A read that finds nothing costs a third of one that finds a packet, so reads are not made where they will find nothing. A peer that
//! sends as many packets as we do needs one read a service: after a service in which exactly one datagram waited, one is read, and
//! every [`STEADY`] services all are, so that one that came in between does not stay behind. As soon as that finds another number, all
//! are read at every service. A peer from which nothing came for a second is read at every other service.
//!
//! A peer that says a key sends its events beside the sound or in place of it, and each that stays behind makes sound late. So for a
//! second after a datagram that is no sound all are read at every service.

use std::time::{Duration, Instant};

/// How much of a stream's socket is to be read when the stream is serviced.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// Nothing. The first packet of a quiet peer, a key for example, is so read up to 40 ms after it came.
    Later,
    /// One datagram, before the packet is sent.
    One,
    /// All that wait, within the owner's bound, before the packet is sent.
    All,
}

/// After so long without a datagram a stream is read less often.
const QUIET_AFTER: Duration = Duration::from_secs(1);
/// Services with one read each, between two that read all: what stays behind does so for 60 ms at most.
const STEADY: u8 = 3;

/// After a datagram that is no sound, all are read for so long.
const ASIDE_FOR: Duration = Duration::from_secs(1);

/// What a datagram is, as far as it matters when the next one comes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    /// Sound, of which one comes a packet time.
    Sound,
    /// A key, comfort noise, what nobody knows: whatever may come beside sound.
    Aside,
}

/// What is known of one stream's datagrams.
#[derive(Debug)]
pub(crate) struct Reader {
    /// When the last datagram came, used or not; at first, when the stream was opened.
    arrived: Instant,
    /// Until when all are read, because something came beside the sound; at first, when the stream was opened.
    all_until: Instant,
    last: Reading,
    /// Datagrams since the last service began.
    came: u8,
    /// Services with one read that are left.
    steady: u8,
}

impl Reader {
    pub(crate) fn new(opened: Instant) -> Self {
        Self { arrived: opened, all_until: opened, last: Reading::All, came: 0, steady: 0 }
    }

    /// A datagram came.
    pub(crate) fn note(&mut self, now: Instant, content: Content) {
        self.arrived = now;
        if content == Content::Aside {
            self.all_until = now + ASIDE_FOR;
        }
        self.came = self.came.saturating_add(1);
    }

    /// What is to be read at the service that begins at `now`.
    pub(crate) fn next(&mut self, now: Instant) -> Reading {
        let came = std::mem::take(&mut self.came);
        let quiet = now.saturating_duration_since(self.arrived) >= QUIET_AFTER;
        self.steady = match (self.last, came) {
            _ if now < self.all_until => 0,
            (Reading::All, 1) => STEADY,
            (Reading::One, 1) => self.steady.saturating_sub(1),
            _ => 0,
        };
        self.last = match self.last {
            Reading::All if quiet => Reading::Later,
            _ if self.steady > 0 => Reading::One,
            _ => Reading::All,
        };
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Services every 20 ms into whose queue so many datagrams come before each; answers what was read at each, and what waits then.
    fn read(arrivals: &[u32]) -> (Vec<Reading>, u32) {
        let start = crate::test_start();
        let (mut reader, mut waiting) = (Reader::new(start), 0);
        let readings = arrivals.iter().zip(1..).map(|(came, service): (_, u32)| {
            let now = start + Duration::from_millis(20) * service;
            waiting += came;
            let reading = reader.next(now);
            let count = match reading {
                Reading::Later => 0,
                Reading::One => waiting.min(1),
                Reading::All => waiting,
            };
            (0..count).for_each(|_| reader.note(now, Content::Sound));
            waiting -= count;
            reading
        });
        (readings.collect(), waiting)
    }

    #[test]
    fn a_steady_peer_is_read_once_and_now_and_then_to_the_end() {
        use Reading::{All, One};
        assert_eq!(read(&[1; 10]).0, [All, One, One, One, All, One, One, One, All, One]);
    }

    #[test]
    fn what_comes_at_once_is_behind_for_three_services_at_most() {
        let (readings, waiting) = read(&[1, 1, 2, 1, 1, 1, 1, 1]);
        assert_eq!(waiting, 0, "{readings:?}");
        assert_eq!(readings[4], Reading::All);
    }

    #[test]
    fn a_key_that_is_said_beside_the_sound_leaves_nothing_behind_for_more_than_a_service() {
        let start = crate::test_start();
        // At whatever place between two full reads the key begins, and whichever of the two comes first.
        for (begins, first) in (20..24).flat_map(|at| [(at, Content::Sound), (at, Content::Aside)]) {
            let (mut reader, mut queue) = (Reader::new(start), VecDeque::new());
            let mut read = |service: u32| {
                let both = (begins..begins + 8).contains(&service).then_some(Content::Aside);
                let both =
                    if first == Content::Sound { [Some(Content::Sound), both] } else { [both, Some(Content::Sound)] };
                queue.extend(both.into_iter().flatten().map(|content| (service, content)));
                let now = start + Duration::from_millis(20) * service;
                let reading = reader.next(now);
                let count = if reading == Reading::All { queue.len() } else { 1 };
                for (came, content) in queue.drain(..count.min(queue.len())) {
                    reader.note(now, content);
                    assert!(service - came <= 1, "{begins} {first:?}: {content:?} of {came} is read at {service}");
                }
                reading
            };
            let readings: Vec<_> = (1..150).map(&mut read).collect();
            assert!(readings[begins as usize + 2..][..50].iter().all(|&reading| reading == Reading::All));
            let ones = readings[101..].iter().filter(|&&reading| reading == Reading::One).count();
            assert_eq!((readings[101..].len(), ones), (48, 36), "and then three of four, as before");
        }
    }

    #[test]
    fn a_peer_that_sends_twice_as_often_is_always_read_to_the_end() {
        let (readings, waiting) = read(&[2; 50]);
        assert!(readings.iter().all(|&reading| reading == Reading::All));
        assert_eq!(waiting, 0);
    }

    #[test]
    fn after_a_gap_all_that_comes_together_is_read_together() {
        let (readings, waiting) = read(&[1, 1, 0, 0, 3]);
        assert_eq!((readings[4], waiting), (Reading::All, 0));
    }

    #[test]
    fn a_quiet_peer_is_read_at_every_other_service() {
        let (readings, _) = read(&[0; 150]);
        let later = readings.iter().filter(|&&reading| reading == Reading::Later).count();
        assert_eq!(later, 51);
        assert!(readings[..49].iter().all(|&reading| reading == Reading::All));
    }
}
