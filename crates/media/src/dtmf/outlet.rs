//! How keys go to a leg's peer, one packet time after the other: as telephone events, or as tones where the peer has none.
//!
//! Shape: what is to be said comes from a [`Relay`]: keys of the other leg of a bridge, or keys that the owner sends.
//! Units: samples and ticks of the leg's own clocks.
//! Time: packet times.
//! Sources: RFC 4733 section 2.5.1.1 (events in place of sound); ITU-T Q.24 (40 ms of tone, 40 ms of pause).

use super::Digit;
use super::relay::{Relayed, Saying};
use super::tone::{Hold, Tone};
use std::time::Duration;

/// A tone is at least so long: half as long again as any receiver asks for.
const SHORTEST_TONE: Duration = Duration::from_millis(60);
/// Behind it there is silence for at least so long.
const PAUSE: Duration = Duration::from_millis(50);

impl Saying {
    /// As tones, in packets of so many ticks of a clock.
    pub(crate) fn tones(clock: u32, ticks: u32) -> Self {
        Self { clock, ticks, shortest: SHORTEST_TONE, pause: PAUSE }
    }
}

/// The tone that a leg is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToneOutlet {
    tone: Option<Tone>,
    /// Whether the end of the key was said.
    ended: bool,
}

impl ToneOutlet {
    /// Writes the sound of a packet time in which this is said of a key, at `rate` samples a second.
    pub(crate) fn say(&mut self, key: Relayed, rate: u32, frame: &mut [i16]) {
        if key.marker {
            self.tone = Digit::from_event(key.event.code).map(|digit| Tone::new(digit, rate));
            self.ended = false;
        }
        let hold = if self.ended { Hold::Off } else { Hold::On };
        self.ended |= key.event.end;
        match &mut self.tone {
            Some(tone) => {
                if !tone.fill(frame, hold) {
                    self.tone = None;
                }
            }
            None => frame.fill(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::inband::{Detector, Edge};
    use super::super::relay::Relay;
    use super::*;

    #[test]
    fn keys_said_as_tones_are_heard_as_the_same_keys() {
        for (rate, clock, packet_ms) in [(8_000, 8_000, 20), (16_000, 8_000, 10), (48_000, 48_000, 60)] {
            let (mut relay, mut outlet, mut detector) = (Relay::new(), ToneOutlet::default(), Detector::new(rate));
            let keys = "0123456789*#ABCD";
            for (at, key) in keys.chars().enumerate() {
                // From nothing to as long as a key is.
                relay.press(Digit::from_char(key).unwrap(), Duration::from_millis(at as u64 * 13));
            }
            let saying = Saying::tones(clock, clock / 1_000 * packet_ms);
            let mut frame = vec![0; (rate / 1_000 * packet_ms) as usize];
            let mut heard = String::new();
            let mut last = 0;
            while let Some(key) = relay.next(0, saying) {
                outlet.say(key, rate, &mut frame);
                detector.hear(&frame, |edge| match edge.edge {
                    Edge::Began => {
                        let pause = (edge.at - last) * 1_000 / u64::from(rate);
                        assert!(heard.is_empty() || pause >= 40, "{rate}: {pause} ms before {}", edge.digit.as_char());
                        heard.push(edge.digit.as_char());
                    }
                    Edge::Ended => last = edge.at,
                });
            }
            assert_eq!(heard, keys, "{rate}");
        }
    }
}
