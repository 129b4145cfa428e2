//! A thousand calls over a bad network: with 5 % of the datagrams lost, others doubled and overtaken, each ends in the right state.
//!
//! Shape: each seed is one call with a world, a network and a clock of its own; the seed picks its scenario, the delay of its
//! path and every loss. `SEEDS=5000` plays so many; `SEED=17` plays that one alone.
//! Errors: the test goes through all seeds and then names those that failed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use antiphon_testkit::Path;

use crate::scenarios::SCENARIOS;
use crate::world::{Shape, World, on_its_own};

/// How many there are when nobody says otherwise.
const SEEDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn over_a_bad_network_each_of_a_thousand_calls_ends_as_it_should() {
    World::fill_once();
    let seeds = number("SEED").map_or(1..=number("SEEDS").unwrap_or(SEEDS), |seed| seed..=seed);
    let (next, last) = (AtomicU64::new(*seeds.start()), *seeds.end());
    let failed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > last {
                return;
            }
            if catch_unwind(AssertUnwindSafe(|| on_its_own(play(seed)))).is_err() {
                failed.lock().unwrap_or_else(PoisonError::into_inner).push((seed, scenario(seed).0));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "play one again with SEED=: {failed:?}");
}

fn scenario(seed: u64) -> (&'static str, crate::scenarios::Scenario) {
    SCENARIOS[usize::try_from(seed).unwrap_or_default() % SCENARIOS.len()]
}

async fn play(seed: u64) {
    let world = World::sharing(Shape { seed, ..Shape::default() }).await;
    let delay = Duration::from_millis(2 + seed.wrapping_mul(0x9E37_79B9) % 40);
    world.net.set_usual_path(Path { delay, jitter: delay / 2, loss: 0.05, duplicate: 0.02, reorder: 0.02 });
    let _phones = scenario(seed).1(&world).await;
    world.leaves_nothing().await;
}
