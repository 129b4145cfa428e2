//! What a phone sends: a packet every 20 ms, of speech, silence or a key; two where a key goes as event and as tone.
//!
//! Shape: told that a packet time has come, it yields its packets.
//! Units: ticks of the codec's clock, 160 a packet for G.711; a key usually lasts five packets and has its end three times.
//! Sources: RFC 3550 §5.1; RFC 4733 §2.5.1.2 (updates), §2.5.1.3 (long events), §2.5.1.4 (three ends); ITU-T Q.23 (tones).

use antiphon_media::dtmf::event::TelephoneEvent;
use antiphon_media::rtp::packet::{HEADER_LEN, Header};
use antiphon_media::{Audio, Codec, Digit};
use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::time::Duration;

/// The time of one packet.
pub(super) const PTIME: Duration = Duration::from_millis(20);
/// Packets in a second.
const RATE: u32 = 50;
/// How long a key is held that nobody wants held otherwise.
pub(super) const HELD: Duration = Duration::from_millis(100);
/// Packets that say that a key was let go.
const ENDS: u16 = 3;
/// The payload type of a phone that sends events which nobody agreed on.
const USUAL_EVENTS: u8 = 101;
/// Keys that wait at most.
const KEYS: usize = 64;
/// Silence behind a tone, as long as three ends take.
const TONE_PAUSE: usize = 480;
/// Each of the two tones of a key: about -10 dBm0.
const TONE: f64 = 7_200.0;

/// A key that is being pressed.
struct Pressed {
    digit: Digit,
    /// Where its present segment began.
    began: u32,
    /// Packets of this segment, and of those before it.
    sent: u16,
    before: u16,
    updates: u16,
    ends: u16,
}

pub(super) struct Speaker {
    codec: Codec,
    /// The payload type of keys, as the far end knows it.
    pub(super) events: Option<u8>,
    speech: Option<Audio>,
    spoken: usize,
    keys: VecDeque<(Digit, Duration)>,
    pressed: Option<Pressed>,
    /// The sound of keys that are pressed as tones, and the silence behind them.
    tones: VecDeque<i16>,
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
            tones: VecDeque::new(),
            ssrc: u32::from_be_bytes([a, b, c, d]),
            sequence: u16::from_be_bytes([e, f]),
            timestamp: u32::from_be_bytes([d, e, g, h]),
        }
    }

    /// Ticks of a packet.
    fn ticks(&self) -> u32 {
        self.codec.clock_rate() / RATE
    }

    pub(super) fn speak(&mut self, speech: Option<Audio>) {
        self.speech = speech;
        self.spoken = 0;
    }

    /// Presses a key as telephone-event.
    pub(super) fn press(&mut self, digit: Digit, held: Duration) {
        if self.keys.len() < KEYS {
            self.keys.push_back((digit, held));
        }
    }

    /// Presses a key as tones.
    pub(super) fn sound_key(&mut self, digit: Digit, held: Duration) {
        let keypad = "123A456B789C*0#D";
        let at = keypad.find(digit.as_char()).unwrap_or_default();
        let low = [697.0, 770.0, 852.0, 941.0][at / 4];
        let high = [1_209.0, 1_336.0, 1_477.0, 1_633.0][at % 4];
        let sine = |hertz: f64, sample: u32| (TAU * hertz * f64::from(sample) / 8_000.0).sin();
        let samples = u32::try_from(held.as_millis() * 8).unwrap_or_default();
        self.tones.extend((0..samples).map(|sample| (TONE * (sine(low, sample) + sine(high, sample))) as i16));
        self.tones.extend([0; TONE_PAUSE]);
    }

    /// The packets that are due now.
    pub(super) fn packets(&mut self) -> Vec<Vec<u8>> {
        if self.pressed.is_none() {
            let began = self.timestamp;
            self.pressed = self.keys.pop_front().map(|(digit, held)| {
                let updates = u16::try_from(held.as_millis() / PTIME.as_millis()).unwrap_or(u16::MAX).max(1);
                Pressed { digit, began, sent: 0, before: 0, updates, ends: 0 }
            });
        }
        let key = self.pressed.take().map(|pressed| self.key(pressed, self.events.unwrap_or(USUAL_EVENTS)));
        let both = key.is_some() && !self.tones.is_empty();
        let sound = (key.is_none() || both).then(|| self.sound());
        self.timestamp = self.timestamp.wrapping_add(self.ticks());
        key.into_iter().chain(sound).collect()
    }

    fn key(&mut self, mut pressed: Pressed, payload_type: u8) -> Vec<u8> {
        let first = pressed.sent + pressed.before == 0;
        if pressed.before + pressed.sent < pressed.updates {
            if u32::from(pressed.sent + 1) * self.ticks() > 0xFFFF {
                pressed.began = pressed.began.wrapping_add(u32::from(pressed.sent) * self.ticks());
                pressed.before += pressed.sent;
                pressed.sent = 0;
            }
            pressed.sent += 1;
        } else {
            pressed.ends += 1;
        }
        let event = TelephoneEvent {
            code: pressed.digit.event(),
            end: pressed.ends > 0,
            volume: 10,
            duration: self.ticks() as u16 * pressed.sent,
        };
        let packet = self.write(payload_type, first, pressed.began, &event.to_bytes());
        if pressed.ends < ENDS {
            self.pressed = Some(pressed);
        }
        packet
    }

    fn sound(&mut self) -> Vec<u8> {
        let codec = self.codec;
        let length = codec.bytes_per_ms().unwrap_or_default() * PTIME.as_millis() as usize;
        let mut payload = vec![codec.silence(); length];
        if let Some(speech) = &self.speech {
            let whole = speech.payload(codec);
            for byte in &mut payload {
                *byte = whole[self.spoken % whole.len()];
                self.spoken += 1;
            }
        }
        for (byte, tone) in payload.iter_mut().zip(self.tones.drain(..self.tones.len().min(length))) {
            *byte = codec.law().map_or(0, |law| law.encode(tone));
        }
        self.write(codec.payload_type(), false, self.timestamp, &payload)
    }

    fn write(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut head = [0; HEADER_LEN];
        Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc }.write(&mut head);
        self.sequence = self.sequence.wrapping_add(1);
        [&head, payload].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use antiphon_media::Band;
    use antiphon_media::rtp::packet::Packet;

    #[test]
    fn a_key_is_five_updates_and_three_ends_of_one_timestamp() {
        let mut speaker = Speaker::new(Codec::Pcma, 1);
        speaker.events = Some(101);
        speaker.press(Digit::from_char('5').unwrap(), HELD);
        let sent: Vec<_> = (0..9).flat_map(|_| speaker.packets()).collect();
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

    #[test]
    fn a_key_of_nine_seconds_is_two_segments_of_one_press() {
        let mut speaker = Speaker::new(Codec::Pcma, 1);
        speaker.events = Some(101);
        speaker.press(Digit::from_char('5').unwrap(), Duration::from_secs(9));
        let sent: Vec<_> = (0..460).flat_map(|_| speaker.packets()).collect();
        let keys = sent.iter().map(|packet| Packet::parse(packet).unwrap()).filter(|packet| packet.payload_type == 101);
        let keys: Vec<_> = keys.collect();
        assert_eq!(keys.len(), 450 + 3);
        assert_eq!(keys.iter().filter(|packet| packet.marker).count(), 1);
        let (first, last) = (keys.first().unwrap(), keys.last().unwrap());
        assert_eq!(last.timestamp.wrapping_sub(first.timestamp), 409 * 160, "as much as one report can say");
        assert_eq!(TelephoneEvent::parse(last.payload.try_into().unwrap()).duration, 41 * 160);
    }

    #[test]
    fn a_key_at_another_clock_counts_in_its_ticks() {
        let mut speaker = Speaker::new(Codec::L16(Band::Wide), 1);
        speaker.press(Digit::from_char('5').unwrap(), Duration::from_secs(5));
        let sent: Vec<_> = (0..260).flat_map(|_| speaker.packets()).collect();
        let packets: Vec<_> = sent.iter().map(|packet| Packet::parse(packet).unwrap()).collect();
        let event = |at: usize| TelephoneEvent::parse(packets[at].payload.try_into().unwrap());
        assert_eq!((event(0).duration, event(1).duration), (320, 640));
        // 65,535 ticks are 204 packets.
        assert_eq!(packets[204].timestamp.wrapping_sub(packets[0].timestamp), 204 * 320);
        assert_eq!((event(203).duration, event(204).duration), (204 * 320, 320));
        assert_eq!(
            (packets[259].payload.len(), packets[259].timestamp.wrapping_sub(packets[0].timestamp)),
            (640, 259 * 320)
        );
    }

    #[test]
    fn a_key_as_event_and_tone_is_two_packets_of_one_time() {
        let mut speaker = Speaker::new(Codec::Pcma, 1);
        speaker.events = Some(101);
        speaker.press(Digit::from_char('5').unwrap(), HELD);
        speaker.sound_key(Digit::from_char('5').unwrap(), HELD);
        let sent: Vec<_> = (0..9).map(|_| speaker.packets().len()).collect();
        assert_eq!(sent, [2, 2, 2, 2, 2, 2, 2, 2, 1]);
        let numbers: Vec<_> = (0..4).flat_map(|_| speaker.packets()).collect();
        assert!(numbers.iter().all(|packet| packet[HEADER_LEN..].iter().all(|&byte| byte == Codec::Pcma.silence())));
    }
}
