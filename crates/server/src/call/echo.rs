//! A caller that hears itself.
//!
//! Shape: the caller's stream gets a seat in a conference of its own, in which it hears everybody.
//! Time: a packet and a little more behind what was said. The script's limit interrupts it.
//! Errors: [`Interrupted`], as of every op; without a stream nothing is heard, and the op takes its time.

use antiphon_ivr::{
    Interrupted,
    op::{Echo, Echoed},
};
use antiphon_media::{Announcement, Hears, RoomId, SeatOptions};

use super::executor::{Executor, Heard, clock};
use crate::media::worker::{Order, Seating};

/// Performs an echo.
pub(super) async fn echo(call: &mut Executor, echo: Echo) -> Result<Echoed, Interrupted> {
    call.caller.stop_playback().await;
    let room = call.rooms.conferences.own_room();
    sit(call, room).await;
    let until = echo.longest.and_then(|longest| clock().checked_add(longest));
    let echoed = loop {
        match call.wait(until).await {
            Ok(Heard::Digit(digit)) if echo.ends_by.contains(digit) => break Ok(Echoed::Key(digit)),
            Ok(Heard::Timeout) => break Ok(Echoed::Longest),
            // Whoever is new has a stream of its own.
            Ok(Heard::Replaced) => sit(call, room).await,
            Ok(_) => {}
            Err(interrupted) => break Err(interrupted),
        }
    };
    if let Some(stream) = call.caller.stream() {
        call.caller.worker().order(Order::Seat(stream, Seating::Nowhere)).await;
    }
    echoed
}

async fn sit(call: &Executor, room: RoomId) {
    if let Some(stream) = call.caller.stream() {
        let options = SeatOptions { hears: Hears::Everybody, ..SeatOptions::default() };
        call.caller.worker().order(Order::Seat(stream, Seating::In(room, Announcement::Silent, options))).await;
    }
}
