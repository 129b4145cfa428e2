//! Digits in the sound: the limits of ITU-T Q.24, noise, and speech under the tones.
//!
//! Units: levels in dBm0 of each tone, times in milliseconds.

use antiphon_media::dtmf::{Detector, Digit, Edge, ToneEdge};
use std::f64::consts::TAU;

/// The amplitude of a sine of 0 dBm0.
const ZERO_DBM0: f64 = 22_827.0;
const RATES: [u32; 3] = [8_000, 16_000, 48_000];
const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYPAD: &str = "123A456B789C*0#D";

/// Sound that is put together for a test.
struct Sound {
    rate: u32,
    samples: Vec<f64>,
    seed: u64,
}

/// A press as a test wants it.
#[derive(Copy, Clone)]
struct Press {
    key: char,
    ms: f64,
    low_dbm0: f64,
    high_dbm0: f64,
    /// How far the frequencies are off, as parts of them.
    off: (f64, f64),
}

impl Press {
    fn new(key: char, ms: f64) -> Self {
        Self { key, ms, low_dbm0: -10.0, high_dbm0: -10.0, off: (0.0, 0.0) }
    }
}

impl Sound {
    fn new(rate: u32) -> Self {
        Self { rate, samples: Vec::new(), seed: 1 }
    }

    fn count(&self, ms: f64) -> usize {
        (ms * f64::from(self.rate) / 1_000.0).round() as usize
    }

    fn silence(&mut self, ms: f64) {
        self.samples.resize(self.samples.len() + self.count(ms), 0.0);
    }

    fn press(&mut self, press: Press) {
        let at = KEYPAD.find(press.key).expect("a key of the table");
        let amplitude = |dbm0: f64| ZERO_DBM0 * 10f64.powf(dbm0 / 20.0);
        let (low, high) = (LOW[at / 4] * (1.0 + press.off.0), HIGH[at % 4] * (1.0 + press.off.1));
        let begin = self.samples.len();
        for sample in 0..self.count(press.ms) {
            // Phases as they fall.
            let time = (begin + sample) as f64 / f64::from(self.rate);
            let sum = amplitude(press.low_dbm0) * (TAU * low * time).sin()
                + amplitude(press.high_dbm0) * (TAU * high * time + 1.0).sin();
            self.samples.push(sum);
        }
    }

    fn chance(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as f64 / f64::from(1u32 << 31) * 2.0 - 1.0
    }

    /// Adds white noise of a level.
    fn noise(&mut self, dbm0: f64) {
        let peak = ZERO_DBM0 / 2f64.sqrt() * 10f64.powf(dbm0 / 20.0) * 3f64.sqrt();
        for at in 0..self.samples.len() {
            let chance = self.chance();
            self.samples[at] += peak * chance;
        }
    }

    fn edges(&self) -> Vec<ToneEdge> {
        let pcm: Vec<i16> = self.samples.iter().map(|sample| sample.round() as i16).collect();
        let mut detector = Detector::new(self.rate);
        let mut edges = Vec::new();
        // Frames of an odd length, so that hops and frames never agree.
        pcm.chunks(self.rate as usize / 50 + 7).for_each(|frame| detector.hear(frame, |edge| edges.push(edge)));
        edges
    }

    fn digits(&self) -> String {
        let began = |edge: &ToneEdge| (edge.edge == Edge::Began).then_some(edge.digit.as_char());
        self.edges().iter().filter_map(began).collect()
    }
}

/// What is heard of one press in silence, at several places against the hops.
fn heard(rate: u32, press: Press) -> Vec<String> {
    let places = [0.0, 0.7, 1.9, 2.6, 3.3, 4.4];
    let once = |place: f64| {
        let mut sound = Sound::new(rate);
        sound.silence(50.0 + place);
        sound.press(press);
        sound.silence(100.0);
        sound.digits()
    };
    places.map(once).to_vec()
}

#[track_caller]
fn taken(rate: u32, press: Press, what: &str) {
    let heard = heard(rate, press);
    assert!(heard.iter().all(|heard| *heard == press.key.to_string()), "{rate} {} {what}: {heard:?}", press.key);
}

#[track_caller]
fn refused(rate: u32, press: Press, what: &str) {
    let heard = heard(rate, press);
    assert!(heard.iter().all(String::is_empty), "{rate} {} {what}: {heard:?}", press.key);
}

#[test]
fn each_key_is_heard_at_each_rate_with_its_beginning_and_its_end() {
    for rate in RATES {
        for key in KEYPAD.chars() {
            let mut sound = Sound::new(rate);
            sound.silence(123.0);
            sound.press(Press::new(key, 80.0));
            sound.silence(200.0);
            let edges = sound.edges();
            let digit = Digit::from_char(key).unwrap();
            let told: Vec<_> = edges.iter().map(|edge| (edge.digit, edge.edge)).collect();
            assert_eq!(told, [(digit, Edge::Began), (digit, Edge::Ended)], "{rate} {key}");
            for (edge, expect) in edges.iter().zip([123.0, 203.0]) {
                let at = edge.at as f64 * 1_000.0 / f64::from(rate);
                assert!((at - expect).abs() <= 5.0, "{rate} {key}: {:?} at {at} ms", edge.edge);
            }
        }
    }
}

#[test]
fn frequencies_within_one_and_a_half_percent_are_taken_and_beyond_three_and_a_half_refused() {
    for rate in RATES {
        for key in KEYPAD.chars() {
            for off in [(0.015, 0.015), (-0.015, 0.015), (0.015, -0.015), (-0.015, -0.015)] {
                taken(rate, Press { off, ..Press::new(key, 40.0) }, "1.5 %");
            }
            for off in [(0.035, 0.0), (-0.035, 0.0), (0.0, 0.035), (0.0, -0.035), (0.035, 0.035), (-0.05, 0.0)] {
                refused(rate, Press { off, ..Press::new(key, 100.0) }, "3.5 %");
            }
        }
    }
}

#[test]
fn levels_down_to_minus_25_are_taken_and_minus_45_refused() {
    for rate in RATES {
        for key in KEYPAD.chars() {
            for level in [0.0, -3.0, -15.0, -25.0] {
                // Two sines of 0 dBm0 would clip.
                let level: f64 = if level == 0.0 { -3.0 } else { level };
                taken(rate, Press { low_dbm0: level, high_dbm0: level, ..Press::new(key, 40.0) }, "level");
            }
            refused(rate, Press { low_dbm0: -45.0, high_dbm0: -45.0, ..Press::new(key, 100.0) }, "too soft");
        }
    }
}

#[test]
fn twist_is_taken_from_minus_8_to_plus_4_and_a_lone_tone_refused() {
    for rate in RATES {
        for key in KEYPAD.chars() {
            for (low_dbm0, high_dbm0) in [(-10.0, -18.0), (-17.0, -25.0), (-10.0, -6.0), (-25.0, -21.0), (-3.0, -11.0)]
            {
                taken(rate, Press { low_dbm0, high_dbm0, ..Press::new(key, 40.0) }, "twist");
            }
            refused(rate, Press { low_dbm0: -60.0, ..Press::new(key, 200.0) }, "one tone");
            refused(rate, Press { high_dbm0: -60.0, ..Press::new(key, 200.0) }, "one tone");
        }
    }
}

#[test]
fn forty_milliseconds_are_a_digit_and_twenty_four_are_none() {
    for rate in RATES {
        for key in KEYPAD.chars() {
            for ms in [40.0, 42.5, 60.0, 1_000.0] {
                taken(rate, Press::new(key, ms), "long enough");
            }
            for ms in [10.0, 15.0, 20.0, 24.0] {
                refused(rate, Press::new(key, ms), "too short");
            }
        }
    }
}

#[test]
fn a_pause_of_thirty_milliseconds_parts_two_presses_and_a_hole_of_ten_does_not() {
    for rate in RATES {
        for key in KEYPAD.chars() {
            for place in [0.0, 1.3, 2.5, 3.9] {
                let twice = |pause: f64| {
                    let mut sound = Sound::new(rate);
                    sound.silence(50.0 + place);
                    sound.press(Press::new(key, 65.0));
                    sound.silence(pause);
                    sound.press(Press::new(key, 65.0));
                    sound.silence(100.0);
                    sound.digits()
                };
                assert_eq!(twice(30.0), format!("{key}{key}"), "{rate} {place}");
                assert_eq!(twice(40.0), format!("{key}{key}"), "{rate} {place}");
                assert_eq!(twice(10.0), format!("{key}"), "{rate} {place}");
                assert_eq!(twice(4.0), format!("{key}"), "{rate} {place}");
            }
        }
    }
}

/// What is heard of two presses of a key with a pause between them, of which so much is told to be made up; frames are 20 ms.
fn over_a_loss(rate: u32, (pause, lost): (f64, usize), place: f64) -> String {
    let mut sound = Sound::new(rate);
    sound.silence(60.0);
    sound.press(Press::new('7', 65.0 + place));
    let begin = sound.samples.len();
    sound.silence(pause);
    sound.press(Press::new('7', 65.0));
    sound.silence(100.0);
    let (mut detector, mut digits, mut heard) = (Detector::new(rate), String::new(), 0);
    let lost = begin..begin + lost * rate as usize / 1_000;
    for frame in sound.samples.chunks(rate as usize / 50) {
        let pcm: Vec<i16> = frame.iter().map(|sample| sample.round() as i16).collect();
        let made_up = (lost.start.max(heard)..lost.end.min(heard + pcm.len())).len();
        detector.excuse(made_up);
        heard += pcm.len();
        detector.hear(&pcm, |edge| {
            if edge.edge == Edge::Began {
                digits.push(edge.digit.as_char());
            }
        });
    }
    digits
}

#[test]
fn a_key_is_one_key_through_two_lost_packets_and_a_pause_is_one_also_where_a_packet_of_it_is_lost() {
    for rate in RATES {
        for place in [0.0, 1.3, 4.0, 7.1, 11.0, 16.5] {
            for (pause, lost) in [(20.0, 20), (40.0, 40), (50.0, 40)] {
                assert_eq!(
                    over_a_loss(rate, (pause, lost), place),
                    "7",
                    "{rate}: {pause} ms, {lost} of them lost, {place}"
                );
            }
            for (pause, lost) in [(40.0, 0), (60.0, 0), (60.0, 20), (80.0, 40)] {
                assert_eq!(
                    over_a_loss(rate, (pause, lost), place),
                    "77",
                    "{rate}: {pause} ms, {lost} of them lost, {place}"
                );
            }
        }
    }
}

#[test]
fn a_hundred_keys_at_full_speed_come_in_their_order() {
    for rate in RATES {
        let keys: String = (0..100).map(|at| char::from(KEYPAD.as_bytes()[at * 7 % 16])).collect();
        let mut sound = Sound::new(rate);
        for key in keys.chars() {
            sound.press(Press::new(key, 40.0));
            sound.silence(40.0);
        }
        assert_eq!(sound.digits(), keys);
    }
}

#[test]
fn keys_without_a_pause_between_them_are_told_apart() {
    let mut sound = Sound::new(8_000);
    for key in "1236".chars() {
        sound.press(Press::new(key, 60.0));
    }
    sound.silence(100.0);
    let edges = sound.edges();
    assert_eq!(sound.digits(), "1236");
    assert_eq!(edges.iter().filter(|edge| edge.edge == Edge::Ended).count(), 4);
}

#[test]
fn noise_15_db_below_the_tones_hides_no_key_and_is_none() {
    for rate in RATES {
        let mut sound = Sound::new(rate);
        let keys = KEYPAD.repeat(20);
        for key in keys.chars() {
            sound.press(Press::new(key, 50.0));
            sound.silence(50.0);
        }
        // The tones together are at -7 dBm0.
        sound.noise(-22.0);
        assert_eq!(sound.digits(), keys, "{rate}");
        let mut alone = Sound::new(rate);
        alone.silence(60_000.0);
        alone.noise(-10.0);
        assert_eq!(alone.digits(), "");
    }
}

#[test]
fn a_tone_with_its_second_harmonic_is_a_voice() {
    let mut sound = Sound::new(8_000);
    sound.silence(50.0);
    sound.press(Press::new('1', 300.0));
    let begin = 400;
    for at in begin..sound.samples.len() {
        let time = at as f64 / 8_000.0;
        sound.samples[at] += 7_200.0 * (TAU * 1_394.0 * time).sin() + 7_200.0 * (TAU * 2_418.0 * time).sin();
    }
    assert_eq!(sound.digits(), "");
}
