//! Who should be heard and is not, in one way or the other.
//!
//! Shape: [`Watch::look`] is told now and then what is known of a stream, and answers what has changed for people: one [`Finding`] a
//! look, each once until it is over.
//! Time: told; [`Patience`] says how long silence is no finding.
//! Sources: RFC 3550 section 6 (reports), RFC 3389 (comfort noise), RFC 4961 (where packets come from).
//!
//! Silence is excused while the peer need not send (hold), while what came last was comfort noise, and while the peer's reports say
//! that it sends nothing, as a phone that is muted does.

use crate::config::Direction;
use crate::rtcp::Sends;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a peer may be silent.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Patience {
    /// From when its sound is expected to its first packet.
    pub first: Duration,
    /// From one packet to the next.
    pub silence: Duration,
    /// Without packets and without reports, once some packets have come: longer, and it has vanished. `None` for ever.
    pub vanished: Option<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_secs(3), silence: Duration::from_secs(10), vanished: None }
    }
}

/// What has changed in who hears whom.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Finding {
    /// The peer should send, and nothing that can be used ever came.
    NeverHeard,
    /// The peer's sound has stopped.
    FellSilent,
    /// The peer's sound is there after all.
    HeardAgain,
    /// The peer's packets come from another address than its SDP said.
    FromElsewhere,
    /// The peer's reports say that nothing of us reaches it.
    HearsNothing,
    /// The peer's reports say that it hears us after all.
    HearsAgain,
    /// Neither sound nor reports have come for so long that nobody is there. Told again after as long.
    Vanished,
}

/// What is known of a stream.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Known {
    pub(crate) now: Instant,
    /// Whether the peer is meant to send.
    pub(crate) expected: bool,
    pub(crate) last_sound: Option<Instant>,
    pub(crate) last_report: Option<Instant>,
    /// Whether the last packet was comfort noise.
    pub(crate) comfort: bool,
    /// Whether the peer says that it sends.
    pub(crate) sends: Option<Sends>,
    /// The address in the SDP.
    pub(crate) told: Option<SocketAddr>,
    /// The address that packets come from.
    pub(crate) source: Option<SocketAddr>,
    /// Whether the peer's reports say that nothing of us reaches it, although we send.
    pub(crate) hears_nothing: bool,
}

/// Reports older than this say nothing of now.
const FRESH: Duration = Duration::from_secs(20);

/// What has been said of a stream.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Watch {
    /// Since when the peer's sound is expected.
    since: Instant,
    expected: bool,
    silence_said: bool,
    deafness_said: bool,
    /// When it was said that the peer has vanished. It is said again after as long, for nobody may have been able to act upon it.
    vanished_said: Option<Instant>,
    /// The source last told of.
    elsewhere: Option<SocketAddr>,
}

impl Watch {
    pub(crate) fn new(now: Instant, direction: Direction) -> Self {
        Self {
            since: now,
            expected: direction.receives(),
            silence_said: false,
            deafness_said: false,
            vanished_said: None,
            elsewhere: None,
        }
    }

    /// What is to be told now. [`Self::said`] is to follow when somebody was told.
    pub(crate) fn look(&mut self, known: &Known, patience: &Patience) -> Option<Finding> {
        if known.expected != self.expected {
            // Hold begins or ends: time counts from here, and what was said of silence is over.
            *self = Self { since: known.now, expected: known.expected, silence_said: false, ..*self };
        }
        self.silence(known, patience).or_else(|| self.place(known)).or_else(|| self.other_way(known))
    }

    /// Notes that somebody was told of a finding.
    pub(crate) fn said(&mut self, known: &Known, finding: Finding) {
        match finding {
            Finding::NeverHeard | Finding::FellSilent => self.silence_said = true,
            Finding::HeardAgain => (self.silence_said, self.vanished_said) = (false, None),
            Finding::FromElsewhere => self.elsewhere = known.source,
            Finding::HearsNothing => self.deafness_said = true,
            Finding::HearsAgain => self.deafness_said = false,
            Finding::Vanished => self.vanished_said = Some(known.now),
        }
    }

    fn silence(&self, known: &Known, patience: &Patience) -> Option<Finding> {
        if !known.expected {
            return None;
        }
        let since = |instant: Option<Instant>| {
            known.now.saturating_duration_since(instant.unwrap_or(self.since).max(self.since))
        };
        let quiet = since(known.last_sound);
        let (limit, finding) = match known.last_sound {
            None => (patience.first, Finding::NeverHeard),
            Some(_) => (patience.silence, Finding::FellSilent),
        };
        if quiet < limit {
            return self.silence_said.then_some(Finding::HeardAgain);
        }
        // Who sends comfort noise need send no more; whoever reported meanwhile and does no longer is gone all the same.
        if known.comfort && known.last_report.is_none() {
            return None;
        }
        let gone = quiet.min(since(known.last_report)).min(since(self.vanished_said));
        if known.last_sound.is_some() && patience.vanished.is_some_and(|limit| gone >= limit) {
            return Some(Finding::Vanished);
        }
        let fresh = known.last_report.is_some_and(|last| known.now.saturating_duration_since(last) < FRESH);
        let excused = fresh && known.sends == Some(Sends::No);
        (!self.silence_said && !excused && !known.comfort).then_some(finding)
    }

    fn place(&self, known: &Known) -> Option<Finding> {
        let moved = known.source.is_some() && known.told.is_some() && known.source != known.told;
        (moved && known.source != self.elsewhere).then_some(Finding::FromElsewhere)
    }

    fn other_way(&self, known: &Known) -> Option<Finding> {
        match (known.hears_nothing, self.deafness_said) {
            (true, false) => Some(Finding::HearsNothing),
            (false, true) => Some(Finding::HearsAgain),
            (true, true) | (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_start;

    /// A stream that is looked at every second, and what was found, each with its second.
    fn run(seconds: u64, vanished: Option<u64>, mut at: impl FnMut(u64, Instant, &mut Known)) -> Vec<(u64, Finding)> {
        let start = test_start();
        let mut watch = Watch::new(start, Direction::SendRecv);
        let patience = Patience { vanished: vanished.map(Duration::from_secs), ..Patience::default() };
        let mut found = Vec::new();
        let address = SocketAddr::from(([192, 0, 2, 1], 4_000));
        let mut known = Known {
            now: start,
            expected: true,
            last_sound: None,
            last_report: None,
            comfort: false,
            sends: None,
            told: Some(address),
            source: None,
            hears_nothing: false,
        };
        for second in 0..seconds {
            known.now = start + Duration::from_secs(second);
            at(second, known.now, &mut known);
            if let Some(finding) = watch.look(&known, &patience) {
                watch.said(&known, finding);
                found.push((second, finding));
            }
        }
        found
    }

    #[test]
    fn silence_from_the_beginning_is_told_once_and_so_is_its_end() {
        use Finding::{HeardAgain, NeverHeard};
        assert_eq!(run(60, None, |_, _, _| {}), [(3, NeverHeard)]);
        let late = run(60, None, |second, now, known| {
            if second >= 8 {
                known.last_sound = Some(now)
            }
        });
        assert_eq!(late, [(3, NeverHeard), (8, HeardAgain)]);
    }

    #[test]
    fn sound_that_stops_is_told_after_ten_seconds() {
        let stops = |second: u64, now: Instant, known: &mut Known| {
            if !(20..50).contains(&second) {
                known.last_sound = Some(now);
            }
        };
        assert_eq!(run(60, None, stops), [(29, Finding::FellSilent), (50, Finding::HeardAgain)]);
        let comfort = run(60, Some(30), |second, now, known| {
            stops(second, now, known);
            known.comfort = second >= 19;
        });
        assert_eq!(comfort, [], "comfort noise came last");
    }

    #[test]
    fn hold_excuses_silence_and_time_counts_from_its_end() {
        let held = run(60, Some(30), |second, now, known| {
            if second < 5 {
                known.last_sound = Some(now);
            }
            known.expected = !(5..30).contains(&second);
        });
        assert_eq!(held, [(40, Finding::FellSilent)]);
    }

    #[test]
    fn a_peer_that_says_that_it_sends_nothing_is_muted_and_one_that_says_it_sends_is_not() {
        let reported = |sends| {
            run(60, Some(30), move |second, now, known| {
                if second < 5 {
                    known.last_sound = Some(now);
                }
                if second % 5 == 0 {
                    (known.last_report, known.sends) = (Some(now), Some(sends));
                }
            })
        };
        assert_eq!(reported(Sends::No), []);
        assert_eq!(reported(Sends::Yes), [(14, Finding::FellSilent)]);
    }

    #[test]
    fn a_peer_without_sound_and_reports_has_vanished() {
        let gone = run(150, Some(60), |second, now, known| {
            if second < 5 {
                known.last_sound = Some(now);
            }
            if second < 20 {
                known.last_report = Some(now);
            }
        });
        // It is told of again after as long.
        assert_eq!(gone, [(14, Finding::FellSilent), (79, Finding::Vanished), (139, Finding::Vanished)]);
        assert_eq!(run(120, Some(60), |_, _, _| {}), [(3, Finding::NeverHeard)], "it may be one who only listens");
    }

    #[test]
    fn comfort_noise_excuses_no_peer_whose_reports_have_stopped_as_well() {
        let gone = run(150, Some(60), |second, now, known| {
            if second < 5 {
                (known.last_sound, known.comfort) = (Some(now), true);
            }
            if second % 5 == 0 && second < 50 {
                (known.last_report, known.sends) = (Some(now), Some(Sends::No));
            }
        });
        assert_eq!(gone, [(105, Finding::Vanished)]);
    }

    #[test]
    fn each_place_that_packets_come_from_is_told_once() {
        let moves = run(30, None, |second, now, known| {
            known.last_sound = Some(now);
            known.source = match second {
                0..5 => known.told,
                5..9 => Some(SocketAddr::from(([127, 0, 0, 1], 4_000))),
                _ => Some(SocketAddr::from(([127, 0, 0, 1], 5_000))),
            };
        });
        assert_eq!(moves, [(5, Finding::FromElsewhere), (9, Finding::FromElsewhere)]);
    }

    #[test]
    fn a_peer_that_hears_nothing_is_told_of_and_so_is_that_it_hears_again() {
        let deaf = run(30, None, |second, now, known| {
            known.last_sound = Some(now);
            known.hears_nothing = (7..15).contains(&second);
        });
        assert_eq!(deaf, [(7, Finding::HearsNothing), (15, Finding::HearsAgain)]);
    }
}
