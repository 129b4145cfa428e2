//! Rooms against what everybody in them ought to hear.
//!
//! Shape: members with their own rates, packet times and phases on a told clock; each is serviced a little late.

use super::seat::{Hears, Seat, SeatOptions, Voice};
use super::{Announcement, Mixing, ORIGIN, Room};
use crate::codec::Codec;
use crate::test_start;
use proptest::prelude::*;
use std::collections::HashMap;
use std::f64::consts::TAU;
use std::time::{Duration, Instant};

/// What a member is.
#[derive(Clone, Copy, Debug)]
struct Shape {
    rate: u32,
    ptime_ms: u64,
    /// When its first frame is due, in units of 125 us.
    phase: u64,
    /// Up to when it stays, in milliseconds.
    until: u64,
    /// How late it is serviced, in milliseconds.
    late: u64,
}

struct Member {
    shape: Shape,
    seat: Seat,
    due: Instant,
    /// How many samples it has said.
    said: u64,
    heard: Vec<i16>,
}

impl Member {
    fn frame(&self) -> usize {
        (u64::from(self.shape.rate) * self.shape.ptime_ms / 1_000) as usize
    }

    /// One frame: it says what `voice` gives for the number of a sample, and hears.
    fn service(&mut self, room: &mut Room, voice: impl Fn(u64) -> i16) -> Vec<i16> {
        let frame: Vec<i16> = (0..self.frame() as u64).map(|at| voice(self.said + at)).collect();
        self.said += frame.len() as u64;
        self.seat.say(Mixing { room, due: self.due }, &frame);
        let heard = self.seat.hear(Mixing { room, due: self.due }, Duration::from_millis(self.shape.ptime_ms));
        self.heard.extend_from_slice(heard);
        frame
    }
}

fn seated(room: &mut Room, start: Instant, shape: Shape) -> Member {
    announced(room, start, shape, Announcement::Silent)
}

fn announced(room: &mut Room, start: Instant, shape: Shape, announcement: Announcement) -> Member {
    room.enter(announcement);
    let codec = match shape.rate {
        8_000 => Codec::Pcma,
        16_000 => Codec::G722,
        _ => Codec::Opus,
    };
    let seat = Seat::new(room, 0, codec, SeatOptions::default());
    Member { shape, seat, due: start + Duration::from_micros(125) * shape.phase as u32, said: 0, heard: Vec::new() }
}

/// Services all members up to an instant, in the order in which an owner does that is late with each as its shape says.
fn run(members: &mut [Member], until: Duration, start: Instant, mut service: impl FnMut(usize, &mut Member)) {
    let mut frames: Vec<(Instant, usize)> = Vec::new();
    for (number, member) in members.iter().enumerate() {
        let ptime = Duration::from_millis(member.shape.ptime_ms);
        let last = start + until.min(Duration::from_millis(member.shape.until));
        let mut due = member.due;
        while due < last {
            frames.push((due + Duration::from_millis(member.shape.late), number));
            due += ptime;
        }
    }
    frames.sort();
    for (_, number) in frames {
        let member = &mut members[number];
        service(number, member);
        member.due += Duration::from_millis(member.shape.ptime_ms);
    }
}

/// A voice of noise, below what many together bend and above what the gate lets through.
fn noise(seed: usize, at: u64) -> i16 {
    let mut mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ at.wrapping_mul(0xD134_2543_DE82_EF95);
    mixed ^= mixed >> 29;
    mixed = mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (((mixed >> 40) % 4_000) as i16 - 2_000) | 1
}

fn shapes(rate: u32) -> impl Strategy<Value = Vec<Shape>> {
    let shape = (1u64..=6, 0u64..480, 100u64..600, 0u64..10);
    let shape =
        shape.prop_map(move |(tens, phase, until, late)| Shape { rate, ptime_ms: 10 * tens, phase, until, late });
    prop::collection::vec(shape, 2..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn everybody_hears_exactly_the_sum_of_all_others(shapes in prop::sample::select(vec![8_000u32, 16_000, 48_000]).prop_flat_map(shapes)) {
        let start = test_start();
        let rate = shapes[0].rate;
        let mut room = Room::new(start, rate);
        let mut members: Vec<Member> = shapes.iter().map(|shape| seated(&mut room, start, *shape)).collect();
        let mut said: HashMap<(u64, usize), i16> = HashMap::new();
        let mut heard: Vec<(usize, u64, i16)> = Vec::new();
        run(&mut members, Duration::from_secs(1), start, |number, member| {
            let at = room.position(member.due);
            let frame = member.service(&mut room, |sample| noise(number, sample));
            let from = at - frame.len() as u64 - u64::from(rate) / 100;
            let ears = &member.heard[member.heard.len() - frame.len()..];
            heard.extend(ears.iter().enumerate().map(|(i, sample)| (number, from + i as u64, *sample)));
            said.extend(frame.iter().enumerate().map(|(i, sample)| ((at + i as u64, number), *sample)));
        });
        for (number, position, sample) in heard {
            let others = (0..shapes.len()).filter(|other| *other != number);
            let sum: i32 = others.filter_map(|other| said.get(&(position, other))).map(|said| i32::from(*said)).sum();
            prop_assert_eq!(i32::from(sample), sum, "member {} at {}", number, position - ORIGIN);
        }
    }
}

/// The amplitude of a tone in a sound.
fn amplitude(sound: &[i16], rate: u32, hertz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (at, sample) in sound.iter().enumerate() {
        let angle = TAU * hertz * at as f64 / f64::from(rate);
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
    }
    2.0 * re.hypot(im) / sound.len() as f64
}

fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.max(1e-9).log10()
}

/// The note of a member: whole waves in the second that is measured, within the band of every rate.
fn note(number: usize) -> f64 {
    300.0 + 56.0 * number as f64
}

const LEVEL: f64 = 420.0;

fn mixed(count: usize, room_rate: u32) {
    let start = test_start();
    let mut room = Room::new(start, room_rate);
    let shape = |number: usize| Shape {
        rate: [8_000, 16_000, 48_000][number % 3],
        ptime_ms: 10 * (1 + number as u64 * 7 % 6),
        phase: number as u64 * 37 % 480,
        until: u64::MAX,
        late: number as u64 * 3 % 10,
    };
    let mut members: Vec<Member> = (0..count).map(|number| seated(&mut room, start, shape(number))).collect();
    run(&mut members, Duration::from_millis(1_700), start, |number, member| {
        let rate = f64::from(member.shape.rate);
        member.service(&mut room, |at| (LEVEL * (TAU * note(number) * at as f64 / rate).sin()).round() as i16);
    });
    for (number, member) in members.iter().enumerate() {
        let second = &member.heard[member.heard.len() - member.shape.rate as usize..];
        for other in 0..count {
            let level = decibels(amplitude(second, member.shape.rate, note(other)) / LEVEL);
            let right = if other == number { level < -40.0 } else { level.abs() < 1.0 };
            assert!(right, "{count} at {room_rate}: {number} hears {other} at {level:.2} dB");
        }
    }
}

#[test]
fn nobody_hears_himself_and_everybody_hears_all_others_at_their_level() {
    for (count, rate) in [(2, 8_000), (3, 48_000), (7, 16_000), (50, 16_000)] {
        mixed(count, rate);
    }
}

fn steady(rate: u32) -> Shape {
    Shape { rate, ptime_ms: 20, phase: 0, until: u64::MAX, late: 0 }
}

#[test]
fn ten_who_shout_are_loud_and_do_not_wrap() {
    let start = test_start();
    let mut room = Room::new(start, 16_000);
    let mut members: Vec<Member> = (0..11).map(|_| seated(&mut room, start, steady(16_000))).collect();
    // All shout the same: wrapped samples would have the other sign.
    let shout = |at: u64| (30_000.0 * (TAU * at as f64 / 160.0).sin()).round() as i16;
    run(&mut members, Duration::from_secs(1), start, |_, member| drop(member.service(&mut room, shout)));
    for member in &members {
        // The whole seconds before: 10 ms of slack, and a packet.
        let late = 160 + 320;
        let pairs = member.heard[1_000..].iter().enumerate();
        let pairs = pairs.map(|(at, heard)| (shout((at + 1_000 - late) as u64), *heard));
        for (said, heard) in pairs {
            assert!(i32::from(said) * i32::from(heard) >= 0 && heard.unsigned_abs() < 32_768, "{said} became {heard}");
            assert!(said.unsigned_abs() < 20_000 || heard.unsigned_abs() > 31_000, "{said} became {heard}");
        }
    }
}

#[test]
fn the_noise_of_fifty_silent_lines_is_not_heard() {
    let start = test_start();
    let mut room = Room::new(start, 8_000);
    let mut members: Vec<Member> = (0..50).map(|_| seated(&mut room, start, steady(8_000))).collect();
    run(&mut members, Duration::from_secs(2), start, |number, member| {
        member.service(&mut room, |at| noise(number, at) / 40);
    });
    assert!(members.iter().all(|member| member.heard.iter().all(|sample| *sample == 0)));
}

#[test]
fn who_is_muted_is_not_heard_and_hears() {
    let start = test_start();
    let mut room = Room::new(start, 8_000);
    let mut members: Vec<Member> = (0..2).map(|_| seated(&mut room, start, steady(8_000))).collect();
    run(&mut members, Duration::from_secs(3), start, |number, member| {
        let voice = match member.due.saturating_duration_since(start).as_millis() {
            1_000 if number == 0 => Some(Voice::Muted),
            2_000 if number == 0 => Some(Voice::Heard),
            _ => None,
        };
        if let Some(voice) = voice {
            member.seat.set_voice(voice);
        }
        member.service(&mut room, |at| noise(number, at));
    });
    let loud = |sound: &[i16]| sound.iter().filter(|sample| **sample != 0).count();
    let (first, second) = (&members[0].heard, &members[1].heard);
    assert!(loud(&first[1_000..]) > 22_900, "the muted one hears all the time");
    assert!(loud(&second[1_000..8_000]) > 6_900, "before");
    assert_eq!(loud(&second[8_000 + 240 + 160..16_000 + 240]), 0, "meanwhile");
    assert!(loud(&second[16_000 + 240..]) > 7_600, "after");
}

#[test]
fn all_hear_that_somebody_comes_and_goes_also_while_nobody_speaks() {
    let start = test_start();
    let mut room = Room::new(start, 16_000);
    let mut members: Vec<Member> =
        (0..2).map(|_| announced(&mut room, start, steady(16_000), Announcement::Tone)).collect();
    let silence = |_| 0;
    let mut tones = Vec::new();
    for (second, event) in (1u32..).zip(["the second has come", "", "one goes", ""]) {
        if event == "one goes" {
            room.leave(Announcement::Tone);
        }
        run(&mut members, Duration::from_secs(second.into()), start, |_, member| {
            drop(member.service(&mut room, silence))
        });
        let heard: Vec<Vec<i16>> = members.iter_mut().map(|member| std::mem::take(&mut member.heard)).collect();
        assert_eq!(heard[0], heard[1]);
        tones.push([523.25, 783.99].map(|note| decibels(amplitude(&heard[0], 16_000, note) / 3_600.0).round()));
    }
    // A tone of 110 ms in a second is 19 dB less than one of a second.
    assert!(tones[0].iter().chain(&tones[2]).all(|level| (-21.0..-17.0).contains(level)), "{tones:?}");
    assert!(tones[1].iter().chain(&tones[3]).all(|level| *level < -80.0), "{tones:?}");
}

#[test]
fn a_service_that_is_very_late_harms_only_what_it_missed() {
    let start = test_start();
    let mut room = Room::new(start, 48_000);
    let shape = steady(48_000);
    let mut members: Vec<Member> = (0..3).map(|_| seated(&mut room, start, shape)).collect();
    let constant = |_| 1_000;
    run(&mut members, Duration::from_millis(500), start, |_, member| drop(member.service(&mut room, constant)));
    // The first sleeps for half a second, then for longer than the line remembers; nobody hears a negative of it.
    for gap in [100, 5_000] {
        let awake = members[1].due + Duration::from_millis(gap);
        for number in [1, 2, 0] {
            let member = &mut members[number];
            while member.due < awake {
                member.service(&mut room, constant);
                member.due += Duration::from_millis(20);
            }
        }
    }
    for member in &members {
        assert!(member.heard.iter().all(|sample| (0..=2_000).contains(sample)));
    }
}

#[cfg(feature = "opus")]
#[test]
fn whoever_is_alone_is_sent_music_in_packets_of_opus_too() {
    let start = crate::test_start();
    let mut room = Room::new(start, Codec::Opus.sample_rate());
    room.enter(Announcement::Silent);
    let tone: Vec<i16> =
        (0..8_000).map(|at| (8_000.0 * (TAU * 440.0 * f64::from(at) / 8_000.0).sin()) as i16).collect();
    let music = std::sync::Arc::new(crate::Audio::from_pcm(&tone));
    music.prepare(Codec::Opus);
    let options = SeatOptions { alone: vec![crate::Segment::Audio(music)], ..SeatOptions::default() };
    let mut seat = Seat::new(&room, 0, Codec::Opus, options);
    let (mut decoder, mut loudest) = (crate::codec::Decoder::new(Codec::Opus), 0);
    for frame in 0..20u32 {
        let mut payload = [0x55; 1_280];
        let due = start + Duration::from_millis(20) * frame;
        let length = seat.fill(Mixing { room: &mut room, due }, Duration::from_millis(20), &mut payload);
        assert!(length < 400, "{length}");
        let mut pcm = [0; 5_760];
        assert_eq!(decoder.decode(&payload[..length], &mut pcm), Ok(960));
        loudest = pcm[..960].iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0).max(loudest);
    }
    assert!(loudest > 4_000, "{loudest}");
}

#[test]
fn somebody_may_hear_itself_or_nobody() {
    let start = test_start();
    for (hears, expected) in [(Hears::Others, 0), (Hears::Everybody, 1_000), (Hears::Nobody, 0)] {
        let mut room = Room::new(start, 8_000);
        let mut members = vec![seated(&mut room, start, steady(8_000))];
        members[0].seat = Seat::new(&room, 0, Codec::Pcma, SeatOptions { hears, ..SeatOptions::default() });
        run(&mut members, Duration::from_millis(400), start, |_, member| drop(member.service(&mut room, |_| 1_000)));
        let last = members[0].heard.last().copied().unwrap_or_default();
        assert_eq!(last, expected, "{hears:?}");
    }
}
