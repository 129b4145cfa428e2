//! Which ways out have failed lately, so that they are tried last.
//!
//! Shape: what became of each attempt in; an order of ways out.
//! Time: told; a failure is remembered for half a minute, or until the way answers something.
//! Sources: RFC 3263 §4.3 (the next address after a failure), §4.2 (no state is kept beyond that for want of time).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use antiphon_sip::Flow;

/// How long a way that failed is put last.
const PENALTY: Duration = Duration::from_secs(30);
/// How long a peer may be put last at its own wish.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Ways remembered at most; beyond, the one that failed longest ago is forgotten.
const REMEMBERED: usize = 1_024;

/// The ways that failed lately.
#[derive(Debug, Default)]
pub struct Destinations {
    /// When each stops being put last.
    failed: HashMap<Flow, Instant>,
}

impl Destinations {
    /// Something sent over this way got no answer, could not be sent, or got 503.
    pub fn failed(&mut self, now: Instant, flow: Flow) {
        if self.failed.len() >= REMEMBERED && !self.failed.contains_key(&flow) {
            self.failed.retain(|_, until| *until > now);
            if self.failed.len() >= REMEMBERED
                && let Some(oldest) = self.failed.iter().min_by_key(|(_, until)| **until).map(|(flow, _)| *flow)
            {
                self.failed.remove(&oldest);
            }
        }
        self.failed.insert(flow, now + PENALTY);
    }

    /// As [`failed`](Self::failed), for a time that is known: until a trunk is asked again, or as a `Retry-After` says.
    pub fn failed_for(&mut self, now: Instant, flow: Flow, pause: Duration) {
        self.failed(now, flow);
        if let Some(until) = self.failed.get_mut(&flow) {
            *until = now + pause.clamp(PENALTY, LONGEST);
        }
    }

    /// Something came back over this way, and it was no 503.
    pub fn answered(&mut self, _now: Instant, flow: Flow) {
        self.failed.remove(&flow);
    }

    /// Whether the way has failed lately.
    pub fn is_penalised(&self, now: Instant, flow: Flow) -> bool {
        self.failed.get(&flow).is_some_and(|until| *until > now)
    }

    /// Puts the ways that failed lately behind the others, the one that failed longest ago first; else the order stays.
    pub fn order(&self, now: Instant, flows: &mut [Flow]) {
        flows.sort_by_key(|flow| self.failed.get(flow).filter(|until| **until > now).copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use antiphon_sip::Transport;

    fn flow(port: u16) -> Flow {
        let at = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        Flow { transport: Transport::Udp, local: at(5060), peer: at(port) }
    }

    fn order(destinations: &Destinations, now: Instant) -> Vec<u16> {
        let mut flows = [1, 2, 3].map(flow);
        destinations.order(now, &mut flows);
        flows.iter().map(|flow| flow.peer.port()).collect()
    }

    #[test]
    fn a_way_that_failed_is_last_for_half_a_minute() {
        let begin = Instant::now();
        let mut destinations = Destinations::default();
        assert_eq!(order(&destinations, begin), [1, 2, 3]);
        destinations.failed(begin, flow(1));
        assert_eq!(order(&destinations, begin), [2, 3, 1]);
        let later = begin + Duration::from_secs(10);
        destinations.failed(later, flow(2));
        assert_eq!(order(&destinations, later), [3, 1, 2]);
        assert_eq!(order(&destinations, begin + PENALTY), [1, 3, 2]);
        assert_eq!(order(&destinations, later + PENALTY), [1, 2, 3]);
    }

    #[test]
    fn a_way_that_asks_for_a_pause_is_last_for_as_long_and_not_for_ever() {
        let now = Instant::now();
        let mut destinations = Destinations::default();
        destinations.failed_for(now, flow(1), Duration::from_secs(120));
        destinations.failed_for(now, flow(2), Duration::from_secs(1_000_000));
        destinations.failed_for(now, flow(3), Duration::ZERO);
        let penalised =
            |seconds| [1, 2, 3].map(|port| destinations.is_penalised(now + Duration::from_secs(seconds), flow(port)));
        assert_eq!(penalised(29), [true, true, true]);
        assert_eq!(penalised(119), [true, true, false]);
        assert_eq!(penalised(3_599), [false, true, false]);
        assert_eq!(penalised(3_600), [false, false, false]);
    }

    #[test]
    fn a_way_that_answers_is_as_good_as_before() {
        let now = Instant::now();
        let mut destinations = Destinations::default();
        destinations.failed(now, flow(1));
        assert!(destinations.is_penalised(now, flow(1)));
        destinations.answered(now, flow(1));
        assert_eq!(order(&destinations, now), [1, 2, 3]);
    }

    #[test]
    fn no_more_ways_are_remembered_than_there_is_room_for() {
        let begin = Instant::now();
        let mut destinations = Destinations::default();
        for port in 0..5_000u16 {
            destinations.failed(begin + Duration::from_millis(port.into()), flow(port));
        }
        assert_eq!(destinations.failed.len(), REMEMBERED);
        assert!(destinations.is_penalised(begin + Duration::from_secs(5), flow(4_999)));
        assert!(!destinations.is_penalised(begin + Duration::from_secs(5), flow(100)));
    }
}
