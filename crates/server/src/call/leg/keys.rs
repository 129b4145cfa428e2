//! Keys of a leg: those that its party pressed, and those that it is told of.
//!
//! Shape: a key comes and goes with the sound or in INFO; [`KeyWay`] says which.
//! Time: keys in INFO go out in their own time, whatever the call does meanwhile.
//! Errors: none; a key for a stream that is not open is dropped.

use std::time::Duration;

use antiphon_ivr::{Digit, DigitStep, send_digits::GAP};
use antiphon_media::KeyStep;

use super::Leg;
use crate::{
    call::info::{self, Press},
    media::worker::Order as MediaOrder,
    settings::DigitWay,
    signalling::Order,
};

/// How a party is told of keys.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(in crate::call) enum KeyWay {
    /// With its sound: as telephone-events, or as tones.
    Sound,
    /// In INFO.
    Info,
    /// Not at all: it does not speak telephone-events, and is to be told in no other way.
    None,
}

impl Leg {
    /// Takes a key that the party pressed and signalling brought; the stream tells whether it is a new one.
    pub async fn press(&self, Press { digit, held }: Press) {
        let key = antiphon_media::Digit::from_char(digit.as_char());
        if let (Some(stream), Some(key)) = (self.stream, key) {
            self.worker.order(MediaOrder::Press(stream, key, held)).await;
        }
    }

    /// Tells the party of a key that the other side of its bridge pressed, where that has not gone over the bridge already.
    pub async fn tell(&self, digit: Digit) {
        if self.key_way() == KeyWay::Info {
            self.inform(digit, info::HELD).await;
        }
    }

    /// Sends an INFO with a key.
    pub(in crate::call) async fn inform(&self, digit: Digit, held: Duration) {
        let (content_type, body) = info::write(digit, held);
        self.rooms.signalling.order(Order::Info(self.dialog, content_type, body)).await;
    }

    /// Sends INFOs with these keys in their time, whatever the call does meanwhile.
    pub(in crate::call) fn inform_in_time(&self, steps: Vec<DigitStep>) {
        let (rooms, dialog) = (self.rooms.clone(), self.dialog);
        // Ends: there are at most so many steps, each within seconds.
        tokio::spawn(async move {
            for step in steps {
                let length = match step {
                    DigitStep::Press(digit, held) => {
                        let (content_type, body) = info::write(digit, held);
                        rooms.signalling.order(Order::Info(dialog, content_type, body)).await;
                        held + GAP
                    }
                    DigitStep::Pause(length) => length,
                };
                tokio::time::sleep(length).await;
            }
        });
    }

    /// How the party is told of keys.
    pub(in crate::call) fn key_way(&self) -> KeyWay {
        match (self.telephone_event, self.port.digits) {
            (true, _) | (false, DigitWay::Inband) => KeyWay::Sound,
            (false, DigitWay::Info | DigitWay::Auto) => KeyWay::Info,
            (false, DigitWay::Rfc4733) => KeyWay::None,
        }
    }

    /// Presses keys towards the party, with the sound; none to give up those that are being pressed.
    pub(in crate::call) async fn send_keys(&self, steps: Vec<KeyStep>) {
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::SendKeys(stream, steps)).await;
        }
    }
}
