//! The tones of a country.
//!
//! Sources: ITU-T E.180 Supplement 2.

use std::time::Duration;

use antiphon_testkit::{Answering, SimPhone};

use crate::world::{Shape, World, on_its_own, pass, usual_trunks};

/// For how long there was sound and silence in turns, in milliseconds, since the phone had received so many packets.
fn cadence(phone: &SimPhone, from: usize) -> Vec<usize> {
    let codec = phone.setup().codec;
    let silent = [codec.law().map_or(0, |law| law.silence()), codec.law().map_or(0, |law| law.encode(0))];
    let packets = phone.received();
    let sounds: Vec<bool> =
        packets[from..].iter().map(|packet| packet.payload.iter().any(|byte| !silent.contains(byte))).collect();
    sounds.chunk_by(|one, other| one == other).map(|run| run.len() * 20).collect()
}

#[test]
fn a_caller_hears_the_ringback_of_the_country() {
    let table: [(&str, &[usize]); 4] = [
        ("", &[1_000, 4_000, 1_000, 4_000]),
        ("us", &[2_000, 4_000, 2_000]),
        ("gb", &[400, 200, 400, 2_000, 400, 200, 400, 2_000]),
        ("ru", &[800, 3_200, 800, 3_200]),
    ];
    for (country, expected) in table {
        on_its_own(async move {
            let tones = if country.is_empty() { String::new() } else { format!("[tones]\ncountry = \"{country}\"\n") };
            let world = World::shaped(Shape { trunks: usual_trunks("") + &tones, ..Shape::default() }).await;
            let caller = world.caller();
            let callee = world.callee("002", 2, Answering::After(Duration::from_secs(12)));
            caller.call("071").await;
            caller.up().await;
            pass(3_500).await;
            caller.press('6').await;
            callee.ringing().await;
            let from = caller.received().len() + 5;
            pass(11_500).await;
            let heard = cadence(&caller, from);
            // The first run is cut by where it is looked at.
            let close = heard.iter().zip(expected).skip(1).all(|(heard, expected)| heard.abs_diff(*expected) <= 20);
            assert!(close && heard.len() >= expected.len() - 1, "{country}: {heard:?}");
            caller.hang_up().await;
            world.leaves_nothing().await;
        });
    }
}
