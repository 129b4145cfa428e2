//! What a phone sends: a packet every 20 ms, of speech, silence or a key.
//!
//! Shape: told that a packet is due, it yields one.
//! Units: 160 bytes a packet; a key lasts five packets and has its end three times.
//! Sources: RFC 3550 §5.1; RFC 4733 §2.5.1.2 (updates), §2.5.1.4 (three ends).

use antiphon_media::dtmf::event::TelephoneEvent;
use antiphon_media::rtp::packet::{HEADER_LEN, Header};
use antiphon_media::{Audio, Codec, Digit};
use std::collections::VecDeque;
use std::time::Duration;

/// The time of one packet.
pub(super) const PTIME: Duration = Duration::from_millis(20);
const SAMPLES: u32 = 160;
/// Updates of a key, the first packet included.
const UPDATES: u16 = 5;
/// Packets that say that a key was let go.
const ENDS: u16 = 3;
/// Keys that wait at most.
const KEYS: usize = 64;

/// A key that is being pressed.
struct Pressed {
    digit: Digit,
    began: u32,
    sent: u16,
}

pub(super) struct Speaker {
    codec: Codec,
    /// The payload type of keys, as the far end knows it.
    pub(super) events: Option<u8>,
    speech: Option<Audio>,
    spoken: usize,
    keys: VecDeque<Digit>,
    pressed: Option<Pressed>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Speaker {
    pub(super) fn new(codec: Codec, seed: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
        Self {
            codec,
            events: None,
            speech: None,
            spoken: 0,
            keys: VecDeque::new(),
            pressed: None,
            ssrc: u32::from_be_bytes([a, b, c, d]),
            sequence: u16::from_be_bytes([e, f]),
            timestamp: u32::from_be_bytes([d, e, g, h]),
        }
    }

    pub(super) fn speak(&mut self, speech: Option<Audio>) {
        self.speech = speech;
        self.spoken = 0;
    }

    pub(super) fn press(&mut self, digit: Digit) {
        if self.keys.len() < KEYS {
            self.keys.push_back(digit);
        }
    }

    /// The packet that is due now.
    pub(super) fn packet(&mut self) -> Vec<u8> {
        if self.pressed.is_none() {
            let began = self.timestamp;
            self.pressed = self.keys.pop_front().map(|digit| Pressed { digit, began, sent: 0 });
        }
        let packet = match (self.pressed.take(), self.events) {
            (Some(pressed), Some(payload_type)) => self.key(pressed, payload_type),
            _ => self.sound(),
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES);
        packet
    }

    fn key(&mut self, mut pressed: Pressed, payload_type: u8) -> Vec<u8> {
        pressed.sent += 1;
        let event = TelephoneEvent {
            code: pressed.digit.event(),
            end: pressed.sent > UPDATES,
            volume: 10,
            duration: 160 * pressed.sent.min(UPDATES),
        };
        let packet = self.write(payload_type, pressed.sent == 1, pressed.began, &event.to_bytes());
        if pressed.sent < UPDATES + ENDS {
            self.pressed = Some(pressed);
        }
        packet
    }

    fn sound(&mut self) -> Vec<u8> {
        let codec = self.codec;
        let mut payload = vec![codec.silence(); SAMPLES as usize];
        if let Some(speech) = &self.speech {
            let whole = speech.payload(codec);
            for byte in &mut payload {
                *byte = whole[self.spoken % whole.len()];
                self.spoken += 1;
            }
        }
        self.write(codec.payload_type(), false, self.timestamp, &payload)
    }

    fn write(&self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut head = [0; HEADER_LEN];
        Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc }.write(&mut head);
        [&head, payload].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use antiphon_media::rtp::packet::Packet;

    #[test]
    fn a_key_is_five_updates_and_three_ends_of_one_timestamp() {
        let mut speaker = Speaker::new(Codec::Pcma, 1);
        speaker.events = Some(101);
        speaker.press(Digit::from_char('5').unwrap());
        let sent: Vec<_> = (0..9).map(|_| speaker.packet()).collect();
        let packets: Vec<_> = sent.iter().map(|packet| Packet::parse(packet).unwrap()).collect();
        let events: Vec<_> = packets[..8]
            .iter()
            .map(|packet| (packet.marker, TelephoneEvent::parse(packet.payload.try_into().unwrap())))
            .map(|(marker, event)| (marker, event.code, event.end, event.duration))
            .collect();
        let row = |marker, end, duration| (marker, 5, end, duration);
        let mut expected = vec![row(true, false, 160)];
        expected.extend((2..=5).map(|step| row(false, false, 160 * step)));
        expected.extend([row(false, true, 800); 3]);
        assert_eq!(events, expected);
        assert!(packets[..8].iter().all(|packet| packet.timestamp == packets[0].timestamp));
        assert_eq!((packets[8].payload_type, packets[8].timestamp), (8, packets[0].timestamp.wrapping_add(8 * 160)));
        assert!(packets.windows(2).all(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1)));
    }
}
