//! Pressing keys towards a party: the caller, as an op, or any party for the API.
//!
//! Shape: with the sound, as telephone-events or tones, the stream presses them and says when it is done; in INFO, this presses them
//! one by one.
//! Time: as long as the keys and pauses take, and [`PATIENCE`] more where the caller is on hold. The script's limit interrupts it.
//! Errors: [`Sent::Unsent`] where the caller's side takes keys in no way, or may not be sent to for so long.
//! Sources: RFC 4733, RFC 6086.

use std::time::{Duration, Instant};

use antiphon_ivr::{DigitStep, Interrupted, SendDigits, Sent, send_digits::GAP};
use antiphon_media::KeyStep;

use super::{
    executor::{Executor, Heard, clock},
    leg::{KeyWay, Leg},
};

/// How much longer than they take keys may wait to be sent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Presses these keys.
pub(super) async fn send(call: &mut Executor, digits: &SendDigits) -> Result<Sent, Interrupted> {
    if call.caller.stream().is_none() {
        return Ok(Sent::Unsent);
    }
    match call.caller.key_way() {
        KeyWay::Sound => with_the_sound(call, digits).await,
        KeyWay::Info => in_info(call, digits).await,
        KeyWay::None => {
            tracing::info!("the caller's side does not speak telephone-events, and its setting allows nothing else");
            Ok(Sent::Unsent)
        }
    }
}

/// Begins to press these keys towards a party, and does not wait until that is done.
pub(super) async fn begin(leg: &Leg, digits: SendDigits) {
    match leg.key_way() {
        KeyWay::Sound => leg.send_keys(steps(&digits)).await,
        KeyWay::Info => leg.inform_in_time(digits.steps),
        KeyWay::None => tracing::info!("digits were not sent: the party takes them in no way that its setting allows"),
    }
}

async fn with_the_sound(call: &mut Executor, digits: &SendDigits) -> Result<Sent, Interrupted> {
    call.caller.send_keys(steps(digits)).await;
    let until = clock() + digits.duration() + PATIENCE;
    loop {
        let sent = match call.wait(Some(until)).await {
            Ok(Heard::KeysSent) => return Ok(Sent::All),
            Ok(Heard::Digit(digit)) => {
                call.digits.push(digit);
                continue;
            }
            // Whoever is new has heard only some of them.
            Ok(Heard::Timeout | Heard::Replaced) => Ok(Sent::Unsent),
            Ok(_) => continue,
            Err(interrupted) => Err(interrupted),
        };
        call.caller.send_keys(Vec::new()).await;
        return sent;
    }
}

async fn in_info(call: &mut Executor, digits: &SendDigits) -> Result<Sent, Interrupted> {
    for step in &digits.steps {
        let length = match step {
            DigitStep::Press(digit, held) => {
                call.caller.inform(*digit, *held).await;
                *held + GAP
            }
            DigitStep::Pause(length) => *length,
        };
        pass(call, clock() + length).await?;
    }
    Ok(Sent::All)
}

/// Lets time pass; keys that come meanwhile are kept.
async fn pass(call: &mut Executor, until: Instant) -> Result<(), Interrupted> {
    loop {
        match call.wait(Some(until)).await? {
            Heard::Timeout => return Ok(()),
            Heard::Digit(digit) => call.digits.push(digit),
            _ => {}
        }
    }
}

/// The same in media's terms, each key with the gap behind it.
fn steps(digits: &SendDigits) -> Vec<KeyStep> {
    let mut steps = Vec::with_capacity(2 * digits.steps.len());
    for step in &digits.steps {
        match step {
            DigitStep::Press(digit, held) => {
                let key = antiphon_media::Digit::from_char(digit.as_char());
                steps.extend(key.map(|key| KeyStep::Press(key, *held)));
                steps.push(KeyStep::Pause(GAP));
            }
            DigitStep::Pause(length) => steps.push(KeyStep::Pause(*length)),
        }
    }
    steps
}
