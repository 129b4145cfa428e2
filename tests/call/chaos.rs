//! Callers and callees who do anything at any moment, over a network that loses: whatever happens, nothing is left of it.
//!
//! Shape: each seed is one evening of five callers; the seed says who does what, when. `CHAOS_SEEDS=500` plays so many.

use std::time::Duration;

use antiphon_testkit::{Answering, Path, PhoneSetup, SimPhone, Stage};

use crate::world::{Shape, World, on_its_own, pass};

/// A row of numbers that follows from its seed (xorshift, Marsaglia 2003).
struct Row(u64);

impl Row {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

#[test]
fn whatever_callers_and_callees_do_nothing_is_left_of_their_calls() {
    let seeds = std::env::var("CHAOS_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(12);
    for seed in 1..=seeds {
        on_its_own(evening(seed));
    }
}

fn answering(row: &mut Row) -> Answering {
    match row.below(6) {
        0 => Answering::Busy,
        1 => Answering::Refuses(500),
        2 => Answering::Never,
        3 => Answering::Deaf,
        _ => Answering::After(Duration::from_millis(row.below(3_000))),
    }
}

async fn evening(seed: u64) {
    let mut row = Row(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let world = World::shaped(Shape { seed, ..Shape::default() }).await;
    let loss = [0.0, 0.0, 0.05, 0.15][usize::try_from(seed % 4).unwrap_or(0)];
    let (delay, jitter) = (Duration::from_millis(row.below(60)), Duration::from_millis(row.below(40)));
    world.net.set_usual_path(Path { delay, jitter, loss, duplicate: loss / 2.0, reorder: loss / 2.0 });
    let callees: Vec<SimPhone> = [("002", 2), ("003", 3), ("050", 50), ("trunk", 90)]
        .into_iter()
        .map(|(name, host)| world.connect(PhoneSetup { answering: answering(&mut row), ..World::setup(name, host) }))
        .collect();
    let callers: Vec<SimPhone> = (10..15).map(|host| world.connect(World::setup("caller", host))).collect();
    for caller in &callers {
        let number = ["071", "071", "071", "002", "404"][usize::try_from(row.below(5)).unwrap_or(0)];
        if row.below(5) == 0 {
            caller.call_without_offer(number).await;
        } else {
            caller.call(number).await;
        }
        pass(row.below(400)).await;
    }
    for _ in 0..60 {
        let somebody = usize::try_from(row.below(5)).unwrap_or(0);
        match row.below(12) {
            0 => callers[somebody].hang_up().await,
            1 if somebody < callees.len() => callees[somebody].hang_up().await,
            _ => {
                let key = ['1', '2', '3', '6', '7', '8', '9'][usize::try_from(row.below(7)).unwrap_or(0)];
                callers[somebody].press(key).await;
            }
        }
        pass(row.below(900)).await;
    }
    for phone in callers.iter().chain(&callees) {
        phone.hang_up().await;
    }
    for caller in &callers {
        caller.until("is over", |stage| matches!(stage, Stage::Over(_))).await;
    }
    world.leaves_nothing().await;
}
