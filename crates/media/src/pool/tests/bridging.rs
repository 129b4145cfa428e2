//! What crosses a bridge: codecs, packet lengths, and networks that lose, delay, mix up and repeat.

use super::*;
use crate::codec::{Band, Decoder, Encoder, Law};
use std::f64::consts::TAU;

const SOURCE: u32 = 5;

/// A stream of one codec, both ways, in packets of `ptime` milliseconds.
fn leg(id: u64, codec: Codec, ptime: u64) -> Negotiated {
    Negotiated { ptime: ms(ptime), remote: Some(peer(id)), ..Negotiated::of(codec) }
}

/// A peer that says a sound, a packet at a time.
struct Talker {
    codec: Codec,
    encoder: Encoder,
    said: u64,
    sequence: u16,
    timestamp: u32,
}

impl Talker {
    fn new(codec: Codec) -> Self {
        Self { codec, encoder: Encoder::new(codec), said: 0, sequence: 0, timestamp: u32::MAX - 5_000 }
    }

    /// The next packet, of `ptime` milliseconds.
    fn say(&mut self, ptime: u64, sound: impl Fn(f64) -> f64) -> (Header, Vec<u8>) {
        let rate = u64::from(self.codec.sample_rate());
        let first = self.said * rate / 1_000;
        let pcm: Vec<i16> =
            (first..first + ptime * rate / 1_000).map(|at| sound(at as f64 / rate as f64) as i16).collect();
        let mut payload = vec![0; 2_000];
        let length = self.encoder.encode(&pcm, &mut payload);
        payload.truncate(length);
        (self.stamp(ptime), payload)
    }

    /// The header of the next packet.
    fn stamp(&mut self, ptime: u64) -> Header {
        let header = Header {
            marker: false,
            payload_type: self.codec.payload_type(),
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: SOURCE,
        };
        self.pause(ptime);
        self.sequence = self.sequence.wrapping_add(1);
        header
    }

    /// Says nothing for a while.
    fn pause(&mut self, time: u64) {
        self.said += time;
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock_rate() / 1_000 * time as u32);
    }
}

fn tone(time: f64) -> f64 {
    8_000.0 * (TAU * 500.0 * time).sin()
}

/// What a leg was sent, as sound.
fn heard(sent: &[Sent], codec: Codec) -> Vec<i16> {
    let mut decoder = Decoder::new(codec);
    let mut pcm = vec![0; 10_000];
    let mut heard = Vec::new();
    for packet in sent {
        let length = decoder.decode(&packet.payload, &mut pcm).unwrap();
        heard.extend(&pcm[..length]);
    }
    heard
}

/// How loud a 500 Hz tone is in a sound, in dB against [`tone`]: a gap, a leap of the phase or another pitch takes from it.
fn level(pcm: &[i16], rate: u32) -> f64 {
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (at, &sample) in pcm.iter().enumerate() {
        let angle = TAU * 500.0 * at as f64 / f64::from(rate);
        real += f64::from(sample) * angle.cos();
        imaginary += f64::from(sample) * angle.sin();
    }
    let amplitude = 2.0 * (real * real + imaginary * imaginary).sqrt() / pcm.len() as f64;
    20.0 * (amplitude / 8_000.0).log10()
}

fn codecs() -> Vec<Codec> {
    Codec::ALL.into_iter().filter(|codec| codec.is_built()).collect()
}

#[test]
fn a_tone_crosses_between_all_codecs_and_packet_lengths() {
    for from in codecs() {
        for to in codecs() {
            for (one, other) in [(20, 20), (10, 60), (60, 10), (20, 40), (60, 20)] {
                let wide = Codec::L16(Band::Wide);
                if (one == 60 && from == wide) || (other == 60 && to == wide) {
                    // More than a packet holds on any usual network.
                    continue;
                }
                let name = format!("{from:?} {one} ms to {to:?} {other} ms");
                let mut bench = Bench::with(&[(1, leg(1, from, one)), (2, leg(2, to, other))]);
                bench.pool.bridge(StreamId(1), StreamId(2));
                let mut talker = Talker::new(from);
                for _ in 0..900 / one {
                    let (header, payload) = talker.say(one, tone);
                    bench.receive(1, header, &payload);
                    bench.run(ms(one));
                }
                let rate = to.sample_rate() as usize;
                let pcm = heard(bench.of(2), to);
                let begin = pcm.iter().position(|sample| sample.abs() > 2_000).unwrap_or(pcm.len());
                assert!(begin <= rate * 100 / 1_000, "{name}: {} ms late", begin * 1_000 / rate);
                // From a whole period on; the coder of Opus takes a while to settle.
                let middle = &pcm[begin + rate / 10..begin + rate / 10 + rate / 2];
                let level = level(middle, to.sample_rate());
                assert!(level.abs() < 1.0, "{name}: {level:.2} dB");
                assert_eq!(bench.pool.totals().bridge_dropped_samples, 0, "{name}");
            }
        }
    }
}

/// A network: which packets of 20 ms come when, in the order in which they come.
fn network(packets: u64, jitter: u64, loss: u64, seed: u32) -> Vec<(u64, u16)> {
    let mut state = seed;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(state >> 8) % below
    };
    let mut arrivals = Vec::new();
    for packet in 0..packets {
        if random(100) < loss {
            continue;
        }
        arrivals.push((20 * packet + random(jitter + 1), packet as u16));
        if random(100) < 2 {
            arrivals.push((20 * packet + random(jitter + 1), packet as u16));
        }
    }
    arrivals.sort_unstable();
    arrivals
}

/// How long after it was said each part of a sound is heard, in samples of 8 kHz, with when. Each packet of 20 ms was one value, of a
/// hundred in turn, so what is heard tells when it was said; what was made up tells nothing and is left out.
fn delays(values: &[u8], value_of: impl Fn(u16) -> u8) -> Vec<(usize, i64)> {
    let turn = 100 * 160;
    let mut delays = Vec::new();
    for (at, part) in values.chunks(40).enumerate() {
        let Some(number) = (0..100).find(|&number| value_of(number) == part[0]) else { continue };
        if at * 40 < 160 || values[at * 40 - 60..at * 40 + part.len()].iter().any(|&value| value != part[0]) {
            continue;
        }
        // The run began here; its packet was said whole, so the delay is that of the run's first sample.
        let run = values[..at * 40].iter().rev().take_while(|&&value| value == part[0]).count();
        let start = at as i64 * 40 - run as i64;
        delays.push((at * 40, (start - i64::from(number) * 160).rem_euclid(turn)));
    }
    delays
}

fn code(number: u16) -> u8 {
    // From loud to soft and back again in steps of one, so that no value is silence.
    0x80 + (number % 100) as u8
}

/// Ten minutes over a bad network; the codec that the other leg is sent as mu-law again.
fn bad_network(to: Codec, decode: impl Fn(&[u8]) -> Vec<u8>) {
    let mut bench = Bench::with(&[(1, leg(1, Codec::Pcmu, 20)), (2, leg(2, to, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    for (at, packet) in network(30_000, 30, 3, 7) {
        let until = bench.start + ms(at);
        bench.run(until.saturating_duration_since(bench.now));
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: packet,
            timestamp: u32::from(packet) * 160,
            ssrc: SOURCE,
        };
        bench.receive(1, header, &[code(packet); 160]);
    }
    let values = decode(&bench.sound_of(2));
    let delays = delays(&values, code);
    assert!(delays.len() * 40 > values.len() / 3, "{} of {}", delays.len() * 40, values.len());
    let settled: Vec<i64> = delays.iter().filter(|(at, _)| *at > 8_000 * 10).map(|&(_, delay)| delay).collect();
    let (least, most) = (settled.iter().min().unwrap(), settled.iter().max().unwrap());
    assert!(most - least <= 20 * 8, "{to:?}: {} to {} ms", least / 8, most / 8);
    assert!(*most <= 100 * 8, "{to:?}: {} ms", most / 8);
    assert_unbroken_of(bench.of(2), 160);
}

fn assert_unbroken_of(sent: &[Sent], ticks: u32) {
    for pair in sent.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(ticks));
    }
}

#[test]
fn ten_minutes_of_a_bad_network_leave_a_relayed_bridge_in_time() {
    bad_network(Codec::Pcmu, <[u8]>::to_vec);
}

#[test]
fn ten_minutes_of_a_bad_network_leave_a_transcoded_bridge_in_time() {
    bad_network(Codec::L16(Band::Narrow), |bytes| {
        let samples = bytes.as_chunks::<2>().0;
        samples.iter().map(|&sample| Law::Mu.encode(i16::from_be_bytes(sample))).collect()
    });
}

/// The parts of a second in which a sound is not silent.
fn sounding(pcm: &[i16], rate: u32) -> f64 {
    let parts = pcm.chunks(rate as usize / 100);
    let count = parts.len();
    let loud = parts.filter(|part| part.iter().any(|sample| sample.abs() > 1_000)).count();
    loud as f64 / count as f64
}

#[test]
fn a_clock_that_differs_is_followed_without_a_gap_and_without_growing_late() {
    for to in [Codec::Pcma, Codec::G722] {
        for per_million in [200i64, -200, 10_000, -10_000] {
            let mut bench = Bench::with(&[(1, leg(1, Codec::Pcma, 20)), (2, leg(2, to, 20))]);
            bench.pool.bridge(StreamId(1), StreamId(2));
            let mut talker = Talker::new(Codec::Pcma);
            let mut at = Duration::ZERO;
            let step = Duration::from_nanos((20_000_000 - 20 * per_million) as u64);
            while at < ms(60_000) {
                let (header, payload) = talker.say(20, tone);
                bench.receive(1, header, &payload);
                at += step;
                let until = bench.start + at;
                bench.run(until.saturating_duration_since(bench.now));
            }
            let name = format!("{per_million} to {to:?}");
            let pcm = heard(bench.of(2), to);
            let rate = to.sample_rate() as usize;
            let sounding = sounding(&pcm[rate / 10..], to.sample_rate());
            assert!(sounding > 0.999, "{name}: {sounding}");
            let before = bench.of(2).len();
            // What is heard after the peer fell silent is how late it was heard: of this, 100 ms may be made up.
            bench.run(ms(600));
            let tail = heard(&bench.of(2)[before..], to);
            let late = tail.iter().rposition(|sample| sample.abs() > 1_000).map_or(0, |at| at * 1_000 / rate);
            assert!(late < 220, "{name}: {late} ms");
            assert_eq!(bench.pool.totals().bridge_dropped_samples, 0, "{name}");
        }
    }
}

#[test]
fn another_codec_by_a_new_agreement_goes_on_over_the_bridge() {
    let mut bench = Bench::with(&[(1, leg(1, Codec::Pcmu, 20)), (2, leg(2, Codec::Pcma, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    for (from, to, one, other) in [
        (Codec::Pcmu, Codec::Pcma, 20, 20),
        (Codec::G722, Codec::Pcma, 20, 20),
        (Codec::G722, Codec::L16(Band::Wide), 20, 40),
        (Codec::G722, Codec::G722, 30, 20),
        (Codec::Pcma, Codec::Pcmu, 60, 10),
    ] {
        bench.pool.reconfigure(bench.now, StreamId(1), leg(1, from, one));
        bench.pool.reconfigure(bench.now, StreamId(2), leg(2, to, other));
        let before = bench.of(2).len();
        let mut talker = Talker::new(from);
        for _ in 0..1_200 / one {
            let (header, payload) = talker.say(one, tone);
            bench.receive(1, header, &payload);
            bench.run(ms(one));
        }
        let rate = to.sample_rate() as usize;
        let pcm = heard(&bench.of(2)[before..], to);
        let middle = &pcm[rate / 5..rate / 5 + rate / 2];
        assert!(level(middle, to.sample_rate()).abs() < 1.0, "{from:?} to {to:?}: {}", level(middle, to.sample_rate()));
    }
}

#[test]
fn a_peer_that_makes_its_packets_shorter_or_longer_is_heard_without_a_break() {
    for to in [Codec::Pcma, Codec::G722] {
        let mut bench = Bench::with(&[(1, leg(1, Codec::Pcma, 40)), (2, leg(2, to, 20))]);
        bench.pool.bridge(StreamId(1), StreamId(2));
        let mut talker = Talker::new(Codec::Pcma);
        for length in [40, 20, 10, 20, 40, 20] {
            for _ in 0..600 / length {
                let (header, payload) = talker.say(length, tone);
                bench.receive(1, header, &payload);
                bench.run(ms(length));
            }
        }
        let rate = to.sample_rate() as usize;
        let pcm = heard(bench.of(2), to);
        for part in 0..6 {
            let middle = &pcm[rate * 3 / 5 * part + rate / 5..][..rate / 4];
            let level = level(middle, to.sample_rate());
            assert!(level.abs() < 1.0, "{to:?} part {part}: {level:.2} dB");
        }
        assert!(sounding(&pcm[rate / 10..], to.sample_rate()) > 0.995);
    }
}

#[test]
fn pauses_of_a_peer_that_sends_nothing_in_them_stay_as_long_as_they_were() {
    for to in [Codec::Pcma, Codec::L16(Band::Narrow)] {
        let mut bench = Bench::with(&[(1, leg(1, Codec::Pcma, 20)), (2, leg(2, to, 20))]);
        bench.pool.bridge(StreamId(1), StreamId(2));
        let mut talker = Talker::new(Codec::Pcma);
        let mut begins = Vec::new();
        for pause in [1_000, 300, 3_000, 700, 5_000] {
            begins.push(talker.said);
            for _ in 0..20 {
                let (header, payload) = talker.say(20, |_| 8_000.0);
                bench.receive(1, header, &payload);
                bench.run(ms(20));
            }
            talker.pause(pause);
            bench.run(ms(pause));
        }
        let pcm = heard(bench.of(2), to);
        let is_begin =
            |at: usize| pcm[at] > 7_000 && pcm[at.saturating_sub(800)..at].iter().all(|&sample| sample < 7_000);
        let found: Vec<u64> = (0..pcm.len()).filter(|&at| is_begin(at)).map(|at| at as u64 / 8).collect();
        assert_eq!(found.len(), begins.len(), "{to:?}: {found:?}");
        for (begin, said) in found.iter().zip(&begins) {
            assert!((0..100).contains(&(begin - said)), "{to:?}: {found:?} {begins:?}");
            assert!((begin - said).abs_diff(found[0] - begins[0]) <= 20, "{to:?}: {found:?} {begins:?}");
        }
    }
}

#[test]
fn a_hold_ends_and_sound_goes_on_as_it_was() {
    let mut bench = Bench::with(&[(1, leg(1, Codec::G722, 20)), (2, leg(2, Codec::Pcma, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    let mut talker = Talker::new(Codec::G722);
    let mut talk = |bench: &mut Bench, packets: u64| {
        for _ in 0..packets {
            let (header, payload) = talker.say(20, tone);
            bench.receive(1, header, &payload);
            bench.run(ms(20));
        }
    };
    talk(&mut bench, 50);
    let before = bench.of(2).len();
    let hold = Negotiated { direction: Direction::Inactive, ..leg(2, Codec::Pcma, 20) };
    bench.pool.reconfigure(bench.now, StreamId(2), hold);
    talk(&mut bench, 100);
    assert_eq!(bench.of(2).len(), before);
    bench.pool.reconfigure(bench.now, StreamId(2), leg(2, Codec::Pcma, 20));
    talk(&mut bench, 50);
    let pcm = heard(&bench.of(2)[before..], Codec::Pcma);
    assert!(level(&pcm[..4_000], 8_000).abs() < 1.0, "{}", level(&pcm[..4_000], 8_000));
}

#[test]
fn while_a_key_is_pressed_nothing_is_made_up_in_its_place() {
    for to in [Codec::Pcma, Codec::L16(Band::Narrow)] {
        // The other leg has no telephone-events, so it is sent sound all the time.
        let deaf = Negotiated { telephone_event: None, ..leg(2, to, 20) };
        let mut bench = Bench::with(&[(1, leg(1, Codec::Pcma, 20)), (2, deaf)]);
        bench.pool.bridge(StreamId(1), StreamId(2));
        let mut talker = Talker::new(Codec::Pcma);
        for _ in 0..25 {
            let (header, payload) = talker.say(20, tone);
            bench.receive(1, header, &payload);
            bench.run(ms(20));
        }
        let (start, before) = (talker.timestamp, bench.of(2).len());
        for report in 1..=20u16 {
            let event = TelephoneEvent { code: 5, end: report > 18, volume: 10, duration: 160 * report.min(18) };
            bench.press(1, talker.sequence, start, event);
            talker.sequence += 1;
            talker.pause(20);
            bench.run(ms(20));
        }
        let pcm = heard(&bench.of(2)[before + 2..], to);
        assert!(pcm.iter().all(|sample| sample.abs() < 100), "{to:?}");
    }
}
