//! The digit conformance table: each way that a key can come, in each state of a call, under each fault, has one right outcome.
//!
//! Shape: a cell is a whole call with a world and a clock of its own. The caller presses one key under the fault, and clean
//! keys around it; what the menu says, or what the far end of the bridge gets, tells whether that key counted once.
//! `CELL=name` plays the cells whose names hold that alone.
//! Errors: the test goes through all cells and then names those that failed.
//! Sources: RFC 4733, RFC 6086, ITU-T Q.24; `ringme-ivr.md` 3.4 and 3.5.

#[path = "digits/fault.rs"]
mod fault;
#[path = "digits/state.rs"]
pub(crate) mod state;
#[path = "digits/table.rs"]
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use antiphon_media::{Band, Codec};
use antiphon_testkit::{KeyWay, Keys};

use crate::world::{World, on_its_own};
use fault::Fault;
use state::State;

/// A way for keys: what the phone's SDP says, and what it does.
#[derive(Debug, Clone, Copy)]
struct Way {
    name: &'static str,
    codec: Codec,
    keys: Keys,
    ways: &'static [KeyWay],
    faults: &'static [Fault],
    /// A menu's prompts are known by their bytes of G.711, so other codecs are tried on bridges alone.
    states: &'static [State],
}

const WAYS: [Way; 8] = [
    Way {
        name: "telephone-event",
        codec: Codec::Pcma,
        keys: Keys::Events,
        ways: &[KeyWay::Event],
        faults: &[
            Fault::None,
            Fault::FirstLost,
            Fault::AllButOneLost,
            Fault::EndsLost,
            Fault::Reordered,
            Fault::Duplicated,
            Fault::Long,
            Fault::Twice,
            Fault::LossAndJitter,
            Fault::ReorderedAtOnce,
            Fault::LossAndJitterAtOnce,
        ],
        states: &State::ALL,
    },
    Way {
        name: "INFO dtmf-relay",
        codec: Codec::Pcma,
        keys: Keys::Info,
        ways: &[KeyWay::InfoRelay],
        faults: &[
            Fault::None,
            Fault::MessageLost,
            Fault::AnswerLost,
            Fault::Duplicated,
            Fault::Long,
            Fault::Twice,
            Fault::LossAndJitter,
        ],
        states: &State::ALL,
    },
    Way {
        name: "INFO dtmf",
        codec: Codec::Pcma,
        keys: Keys::Info,
        ways: &[KeyWay::Info],
        faults: &[Fault::None, Fault::MessageLost, Fault::AnswerLost, Fault::Duplicated, Fault::Twice],
        states: &State::ALL,
    },
    Way {
        name: "tones",
        codec: Codec::Pcma,
        keys: Keys::Info,
        ways: &[KeyWay::Tone],
        faults: &[
            Fault::None,
            Fault::Reordered,
            Fault::Duplicated,
            Fault::Long,
            Fault::Twice,
            Fault::LossAndJitter,
            Fault::ReorderedAtOnce,
            Fault::LossAndJitterAtOnce,
        ],
        states: &State::ALL,
    },
    Way {
        name: "telephone-event and INFO",
        codec: Codec::Pcma,
        keys: Keys::Events,
        ways: &[KeyWay::Event, KeyWay::InfoRelay],
        faults: &[
            Fault::None,
            Fault::FirstLost,
            Fault::EndsLost,
            Fault::MessageLate,
            Fault::MessageLost,
            Fault::Long,
            Fault::Twice,
            Fault::LossAndJitter,
        ],
        states: &State::ALL,
    },
    Way {
        name: "all three, telephone-event agreed",
        codec: Codec::Pcma,
        keys: Keys::Events,
        ways: &[KeyWay::Event, KeyWay::Tone, KeyWay::InfoRelay],
        faults: &[
            Fault::None,
            Fault::FirstLost,
            Fault::MessageLate,
            Fault::AnswerLost,
            Fault::Duplicated,
            Fault::Long,
            Fault::Twice,
            Fault::LossAndJitter,
            Fault::ReorderedAtOnce,
            Fault::LossAndJitterAtOnce,
        ],
        states: &State::ALL,
    },
    Way {
        name: "all three, telephone-event not agreed",
        codec: Codec::Pcma,
        keys: Keys::Info,
        ways: &[KeyWay::Event, KeyWay::Tone, KeyWay::InfoRelay],
        faults: &[
            Fault::None,
            Fault::MessageLate,
            Fault::MessageLost,
            Fault::AnswerLost,
            Fault::Long,
            Fault::Twice,
            Fault::LossAndJitter,
            Fault::ReorderedAtOnce,
            Fault::LossAndJitterAtOnce,
        ],
        states: &State::ALL,
    },
    Way {
        name: "telephone-event at 16 kHz, beside L16",
        codec: Codec::L16(Band::Wide),
        keys: Keys::Events,
        ways: &[KeyWay::Event],
        faults: &[
            Fault::None,
            Fault::FirstLost,
            Fault::EndsLost,
            Fault::Reordered,
            Fault::Duplicated,
            Fault::Long,
            Fault::Twice,
            Fault::LossAndJitter,
        ],
        states: &[State::Dialling, State::ToEvents, State::ToInfo, State::ToTones],
    },
];

/// One cell.
#[derive(Debug, Clone, Copy)]
struct Cell {
    way: Way,
    state: State,
    fault: Fault,
}

impl Cell {
    fn name(&self) -> String {
        format!("{} / {} / {}", self.way.name, self.state.name(), self.fault.name())
    }
}

fn cells() -> Vec<Cell> {
    let of = |way: Way| {
        let all = way.states.iter().flat_map(move |state| way.faults.iter().map(move |fault| (*state, *fault)));
        all.map(move |(state, fault)| Cell { way, state, fault })
    };
    WAYS.into_iter().flat_map(of).collect()
}

#[test]
fn every_key_counts_once_by_every_way_in_every_state_under_every_fault() {
    World::fill_once();
    let wanted = std::env::var("CELL").unwrap_or_default();
    let cells: Vec<Cell> = cells().into_iter().filter(|cell| cell.name().contains(&wanted)).collect();
    assert!(!wanted.is_empty() || cells.len() >= 200, "{} cells", cells.len());
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            if catch_unwind(AssertUnwindSafe(|| on_its_own(state::play(*cell)))).is_err() {
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(cell.name());
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "{} of {}; play some again with CELL=: {failed:#?}", failed.len(), cells.len());
}
