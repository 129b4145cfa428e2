//! A serviced frame allocates nothing: not when it is received, not when it is sent, not when its prompt ends.
#![allow(unsafe_code, reason = "a counting global allocator can only be written as an unsafe impl")]

use antiphon_media::codec::{Band, Law};
use antiphon_media::dtmf::tone::{Hold, Tone};
use antiphon_media::dtmf::{Detector, Digit, Edge};
use antiphon_media::record::{Channels, Rate, Reading, RecordEnd, Recorder, RecordingId, Reel, Seat, Take, Trim};
use antiphon_media::rtcp::write::{Cname, Farewell, MAX_REPORT, Report};
use antiphon_media::rtcp::{Block, NtpTime, Sending};
use antiphon_media::rtp::packet::{HEADER_LEN, Header};
use antiphon_media::srtp::{Keying, MAX_TAG, MasterKey, Mki, Protection, Suite};
use antiphon_media::utterances::Utterances;
use antiphon_media::{
    Announcement, Audio, Codec, ControlTurn, Due, EventKind, Inband, KeyStep, Keys, MAX_PACKET, Negotiated, PlaybackId,
    Repeat, RoomId, RtcpPath, SeatOptions, Segment, StreamConfig, StreamId, StreamPool,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Counting;

thread_local! {
    /// Of this thread alone, because the test harness allocates on its own.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends may free memory after its cell is gone; nobody counts then.
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: every call goes on to the system allocator with the arguments as they came; only a counter is added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller keeps the contract of `dealloc`, which is the same.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, which is the same.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const STREAMS: u64 = 6;

fn remote(id: u64) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4_000 + u16::try_from(id).expect("ids are small")))
}

fn opened(start: Instant) -> StreamPool {
    let mut pool = StreamPool::new(start, 16);
    let audio = Arc::new(Audio::from_pcm(&[1_000; 3_333]));
    for id in 0..STREAMS {
        let codec = match id {
            4 => Codec::G722,
            5 => Codec::L16(Band::Wide),
            id if id % 2 == 0 => Codec::Pcma,
            _ => Codec::Pcmu,
        };
        audio.prepare(codec);
        let negotiated = Negotiated {
            ptime: Duration::from_millis(10 * (id + 1)),
            remote: Some(remote(id)),
            rtcp: if id % 2 == 0 { RtcpPath::Muxed } else { RtcpPath::Beside },
            ..Negotiated::of(codec)
        };
        let config = StreamConfig { negotiated, ssrc: 9, first_sequence: 0, first_timestamp: 0 };
        pool.open(start, StreamId(id), config).expect("the pool has room");
        let segments = vec![Segment::Audio(Arc::clone(&audio)), Segment::Silence(Duration::from_millis(33))];
        let repeat = if id < 2 { Repeat::Forever } else { Repeat::Once };
        pool.play(StreamId(id), PlaybackId(id), segments, repeat, Keys::NONE);
    }
    pool.bridge(StreamId(2), StreamId(3));
    pool
}

/// Records both sides of a stream's call, for 8 s.
fn recorded(pool: &mut StreamPool, id: u64) -> Reel {
    let max_length = Duration::from_secs(8);
    let take = Take {
        channels: Channels::Stereo,
        rate: Rate::Wide,
        max_length,
        end_silence: Some(max_length),
        trim: Trim::Nothing,
    };
    let (recorder, reel) = Recorder::new(RecordingId(1), take);
    pool.record(StreamId(id), Seat::Call(0), Box::new(recorder));
    reel
}

/// Gives blocks back as a writer does, and counts samples.
fn write(reel: &mut Reel) -> usize {
    let mut samples = 0;
    while let Reading::Block(block) = reel.read() {
        samples += block.samples().len();
        reel.give_back(block);
    }
    samples
}

fn keying(suite: Suite, ours: u8, theirs: u8) -> Keying {
    let master =
        |seed| MasterKey::new(suite, &vec![seed; suite.material_len()]).expect("as long as the suite wants it");
    Keying { ours: master(ours), theirs: master(theirs), mki: Mki::default() }
}

/// Sound, and a key now and then, of every stream's peer.
fn hear(pool: &mut StreamPool, now: Instant, due: Due, count: u16) {
    let id = due.stream.0;
    let mut datagram = [0x55; HEADER_LEN + 160];
    let payload_type = match (count % 50, id % 2) {
        (0, _) => 101,
        (_, 0) => 8,
        _ => 0,
    };
    let timestamp = u32::from(count) * 160;
    let header = Header { marker: false, payload_type, sequence: count, timestamp, ssrc: 1 };
    header.write(datagram.first_chunk_mut().expect("it is longer than a header"));
    let length = if payload_type == 101 { HEADER_LEN + 4 } else { datagram.len() };
    datagram[HEADER_LEN] = if payload_type == 101 { 5 } else { 0x2A };
    pool.handle_datagram(now, due.slot, remote(id), &datagram[..length]);
}

/// Reports of every stream's peer, which hears nothing every other minute, and ours.
fn report(pool: &mut StreamPool, now: Instant, due: Due, count: u32) -> u64 {
    let id = due.stream.0;
    let block = Block { ssrc: 9, highest: count / 100 * 100, last_report: 1, ..Block::default() };
    let sending = Some(Sending { ntp: NtpTime(u64::from(count) << 32), timestamp: 0, packets: count, octets: 0 });
    let (cname, farewell) = (Cname::new([7; 10]), Farewell::No);
    let mut datagram = [0; MAX_REPORT];
    let length = Report { ssrc: 1, sending, block: Some(block), cname, farewell }.write(&mut datagram);
    if pool.has_control_port(due.slot) {
        pool.handle_control(now, due.slot, SocketAddr::from(([127, 0, 0, 1], 9_000)), &datagram[..length]);
        pool.handle_control(now, due.slot, remote(id), &datagram[..length]);
        pool.handle_control(now, due.slot, remote(id), &datagram[1..]);
    } else {
        pool.handle_datagram(now, due.slot, remote(id), &datagram[..length]);
    }
    let mut buffer = [0; MAX_PACKET];
    u64::from(pool.poll_control(now, due.slot, &mut buffer).is_some())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the test only adds to it")]
fn a_serviced_frame_allocates_nothing() {
    let start = Instant::now();
    let mut pool = opened(start);
    let mut reels = [recorded(&mut pool, 1), recorded(&mut pool, 3)];
    let (utterances, _unread) = Utterances::new(Rate::Wide, Duration::from_millis(800));
    pool.hear_utterances(StreamId(2), Box::new(utterances));
    let mut buffer = [0; MAX_PACKET];
    let (mut sent, mut digits, mut ended, mut reports, mut found) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let (mut recordings, mut samples) = (0u64, 0);
    let before = CALLS.get();
    assert!(before > 0, "opening does allocate, and the counter sees it");
    for tick in 0..25_000u32 {
        let now = start + Duration::from_millis(u64::from(tick));
        while let Some(due) = pool.poll_due(now) {
            if tick < 10_000 {
                hear(&mut pool, now, due, u16::try_from(tick / 20).expect("500 at most"));
            }
            if due.control == ControlTurn::Now {
                reports += report(&mut pool, now, due, tick / 1_000);
            }
            while pool.poll_transmit(now, due.slot, &mut buffer).is_some() {
                sent += 1;
            }
        }
        samples += reels.iter_mut().map(write).sum::<usize>();
        while let Some(event) = pool.poll_event() {
            match event.kind {
                EventKind::Digit(_) => digits += 1,
                EventKind::PlaybackEnded { .. } | EventKind::KeysSent => ended += 1,
                EventKind::RecordingEnded { why, .. } => recordings += u64::from(why == RecordEnd::MaxLength),
                EventKind::Found(_) => found += 1,
                EventKind::Spoke(_) => {}
            }
        }
    }
    let calls = CALLS.get() - before;
    assert_eq!(calls, 0, "allocator calls while {sent} packets were sent");
    assert!(sent > 4_000 && digits >= 10 * STREAMS && ended == STREAMS - 2, "{sent} {digits} {ended}");
    assert!(reports >= 2 * STREAMS && found >= STREAMS, "{reports} {found}");
    assert_eq!((recordings, samples), (2, 2 * 2 * 8 * 16_000));
}

/// A leg whose keys come as tones, bridged to one that is sent telephone-events, and one to which keys are sent as tones.
#[test]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the test only adds to it")]
fn keys_in_the_sound_allocate_nothing() {
    let start = Instant::now();
    let mut pool = StreamPool::new(start, 4);
    let five = Digit::from_char('5').expect("a key");
    for id in 0..3 {
        let telephone_event = if id == 1 { Some(101) } else { None };
        let negotiated = Negotiated { telephone_event, remote: Some(remote(id)), ..Negotiated::of(Codec::Pcma) };
        let config = StreamConfig { negotiated, ssrc: 9, first_sequence: 0, first_timestamp: 0 };
        pool.open(start, StreamId(id), config).expect("the pool has room");
    }
    pool.use_inband(StreamId(0), Inband::Heard);
    pool.use_inband(StreamId(2), Inband::Spoken);
    pool.bridge(StreamId(0), StreamId(1));
    let held = Duration::from_millis(100);
    pool.send_keys(StreamId(2), vec![KeyStep::Press(five, held), KeyStep::Pause(held), KeyStep::Press(five, held)]);
    // A second of the key and a second of silence, by turns.
    let mut pressed = [0i16; 160];
    let mut tone = Tone::new(five, 8_000);
    let (mut digits, mut sent_keys, mut events, mut done) = (0, 0, 0, 0);
    let mut detector = Detector::new(8_000);
    let mut buffer = [0; MAX_PACKET];
    let before = CALLS.get();
    for tick in 0..4_000u32 {
        let now = start + Duration::from_millis(u64::from(tick));
        while let Some(due) = pool.poll_due(now) {
            if due.stream == StreamId(0) {
                let mut datagram = [0x55; HEADER_LEN + 160];
                tone.fill(&mut pressed, if tick % 2_000 < 1_000 { Hold::On } else { Hold::Off });
                datagram.iter_mut().skip(HEADER_LEN).zip(&pressed).for_each(|(byte, &pcm)| *byte = Law::A.encode(pcm));
                let (sequence, timestamp) = ((tick / 20) as u16, tick / 20 * 160);
                let header = Header { marker: false, payload_type: 8, sequence, timestamp, ssrc: 1 };
                header.write(datagram.first_chunk_mut().expect("it is longer than a header"));
                pool.handle_datagram(now, due.slot, remote(0), &datagram);
            }
            while let Some(transmit) = pool.poll_transmit(now, due.slot, &mut buffer) {
                let payload = &transmit.payload[HEADER_LEN..];
                match due.stream {
                    StreamId(1) => events += u32::from(transmit.payload[1] & 0x7F == 101),
                    StreamId(2) => {
                        let mut pcm = [0; 160];
                        pcm.iter_mut().zip(payload).for_each(|(pcm, &byte)| *pcm = Law::A.decode(byte));
                        detector.hear(&pcm, |edge| sent_keys += u32::from(edge.edge == Edge::Began));
                    }
                    _ => {}
                }
            }
        }
        while let Some(event) = pool.poll_event() {
            match event.kind {
                EventKind::Digit(_) => digits += 1,
                EventKind::KeysSent => done += 1,
                EventKind::PlaybackEnded { .. }
                | EventKind::RecordingEnded { .. }
                | EventKind::Spoke(_)
                | EventKind::Found(_) => {}
            }
        }
    }
    assert_eq!(CALLS.get() - before, 0, "allocator calls");
    assert_eq!((digits, sent_keys, done), (2, 2, 1));
    assert!((96..=120).contains(&events), "{events} packets of two presses of a second");
}

/// Each suite, both ways, through a bridge of two suites, a change of keys and packets that are refused.
#[test]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the test only adds to it")]
fn a_protected_frame_allocates_nothing() {
    let start = Instant::now();
    let mut pool = opened(start);
    let mut peers: Vec<_> = Suite::ALL.iter().map(|&suite| Protection::new(&keying(suite, 2, 1))).collect();
    for (id, &suite) in (0..).zip(&Suite::ALL) {
        pool.protect(StreamId(id), Some(&keying(suite, 1, 2)));
    }
    let mut buffer = [0; MAX_PACKET];
    let (mut sent, mut opened, mut calls) = (0u64, 0u64, 0u64);
    for tick in 0..4_000u32 {
        let now = start + Duration::from_millis(u64::from(tick));
        if tick == 2_000 {
            for ((id, &suite), peer) in (0..).zip(&Suite::ALL).zip(&mut peers) {
                pool.protect(StreamId(id), Some(&keying(suite, 3, 4)));
                peer.rekey(&keying(suite, 4, 3));
            }
        }
        let before = CALLS.get();
        while let Some(due) = pool.poll_due(now) {
            let mut peer = usize::try_from(due.stream.0).ok().and_then(|at| peers.get_mut(at));
            let mut datagram = [0x55; HEADER_LEN + 160 + MAX_TAG];
            let sequence = u16::try_from(tick).expect("4,000 at most");
            let payload_type = if due.stream.0 % 2 == 0 { 8 } else { 0 };
            let header = Header { marker: false, payload_type, sequence, timestamp: tick * 8, ssrc: 1 };
            header.write(datagram.first_chunk_mut().expect("it is longer than a header"));
            let length = peer.as_mut().map(|peer| peer.protect_rtp(&mut datagram, HEADER_LEN + 160).expect("in order"));
            let length = length.unwrap_or(HEADER_LEN + 160);
            // As it came, once more, and changed.
            pool.handle_datagram(now, due.slot, remote(due.stream.0), &datagram[..length]);
            pool.handle_datagram(now, due.slot, remote(due.stream.0), &datagram[..length]);
            datagram[30] ^= 1;
            datagram[3] ^= 1;
            pool.handle_datagram(now, due.slot, remote(due.stream.0), &datagram[..length]);
            while let Some(transmit) = pool.poll_transmit(now, due.slot, &mut buffer) {
                sent += 1;
                if let Some(peer) = &mut peer {
                    opened += u64::from(peer.unprotect_rtp(transmit.payload).is_ok());
                }
            }
        }
        while pool.poll_event().is_some() {}
        calls += CALLS.get() - before;
    }
    assert_eq!(calls, 0, "allocator calls while {sent} packets were sent");
    assert!(sent > opened && opened > 300, "{sent} {opened}");
    let totals = pool.totals();
    assert!(totals.received > 300 && totals.dropped.replayed > 300 && totals.dropped.unauthentic > 300, "{totals:?}");
}

/// A relay, and transcoders of every kind, over a network that loses, repeats and delays.
#[test]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the test only adds to it")]
fn a_bridge_allocates_nothing_whatever_is_lost_on_it() {
    let start = Instant::now();
    let mut pool = StreamPool::new(start, 16);
    let wide = Codec::L16(Band::Wide);
    let legs = [Codec::Pcma, Codec::Pcmu, Codec::Pcmu, Codec::G722, Codec::G722, wide, Codec::G722, Codec::G722];
    for (id, codec) in (0..).zip(legs) {
        let negotiated = Negotiated { remote: Some(remote(id)), ..Negotiated::of(codec) };
        let config = StreamConfig { negotiated, ssrc: 9, first_sequence: 0, first_timestamp: 0 };
        pool.open(start, StreamId(id), config).expect("the pool has room");
    }
    for id in [0, 2, 4, 6] {
        pool.bridge(StreamId(id), StreamId(id + 1));
    }
    let mut buffer = [0; MAX_PACKET];
    let (mut sent, before) = (0u64, CALLS.get());
    for tick in 0..10_000u32 {
        let now = start + Duration::from_millis(u64::from(tick));
        while let Some(due) = pool.poll_due(now) {
            let codec = legs[due.stream.0 as usize];
            // A clock that runs 2 % faster than ours, with losses, repeats and packets that come before their turn.
            let count = tick / 20 + tick / 1_000;
            for count in [count, count + u32::from(count % 13 == 0)] {
                if count % 17 != 0 {
                    say(&mut pool, now, due, codec, count);
                }
            }
            while pool.poll_transmit(now, due.slot, &mut buffer).is_some() {
                sent += 1;
            }
        }
    }
    let calls = CALLS.get() - before;
    assert_eq!(calls, 0, "allocator calls while {sent} packets were sent");
    assert!(sent > 3_900, "{sent}");
}

/// Prompts in G.722 that are stopped and follow one another, to a peer that says that it is silent, bridged to others.
#[test]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the test only adds to it")]
fn prompts_that_meet_and_comfort_noise_allocate_nothing() {
    let start = Instant::now();
    let mut pool = StreamPool::new(start, 8);
    let legs = [Codec::G722, Codec::Pcma, Codec::Pcma, Codec::Pcmu];
    for (id, codec) in (0..).zip(legs) {
        let negotiated = Negotiated { remote: Some(remote(id)), ..Negotiated::of(codec) };
        let config = StreamConfig { negotiated, ssrc: 9, first_sequence: 0, first_timestamp: 0 };
        pool.open(start, StreamId(id), config).expect("the pool has room");
    }
    pool.bridge(StreamId(0), StreamId(1));
    pool.bridge(StreamId(2), StreamId(3));
    let prompt = Arc::new(Audio::from_pcm(&(0..3_333).map(|at| (at % 50) * 400 - 10_000).collect::<Vec<_>>()));
    prompt.prepare(Codec::G722);
    let segments =
        vec![Segment::Audio(prompt.clone()), Segment::Silence(Duration::from_millis(33)), Segment::Audio(prompt)];
    pool.play(StreamId(0), PlaybackId(1), segments, Repeat::Forever, Keys::NONE);
    let (mut buffer, mut sent, before) = ([0; MAX_PACKET], 0u64, CALLS.get());
    for tick in 0..5_000u32 {
        let now = start + Duration::from_millis(u64::from(tick));
        while let Some(due) = pool.poll_due(now) {
            let codec = legs[due.stream.0 as usize];
            if tick / 500 % 2 == 0 {
                say(&mut pool, now, due, codec, tick / 20);
            } else if tick % 500 < 20 {
                let mut datagram = [40; HEADER_LEN + 1];
                let (sequence, timestamp) = ((tick / 20) as u16, tick / 20 * 160);
                let header = Header { marker: false, payload_type: 13, sequence, timestamp, ssrc: 1 };
                header.write(datagram.first_chunk_mut().expect("it is longer than a header"));
                pool.handle_datagram(now, due.slot, remote(due.stream.0), &datagram);
            }
            while pool.poll_transmit(now, due.slot, &mut buffer).is_some() {
                sent += 1;
            }
        }
    }
    assert_eq!(CALLS.get() - before, 0, "allocator calls while {sent} packets were sent");
    assert!(sent > 900, "{sent}");
    let totals = pool.totals();
    assert!(totals.received > 400 && totals.dropped.unknown_payload == 0, "{totals:?}");
}

/// A packet of 20 ms.
fn say(pool: &mut StreamPool, now: Instant, due: Due, codec: Codec, count: u32) {
    let mut datagram = [0x35; HEADER_LEN + 640];
    let ticks = codec.clock_rate() / 50;
    let header = Header {
        marker: false,
        payload_type: codec.payload_type(),
        sequence: count as u16,
        timestamp: count * ticks,
        ssrc: 1,
    };
    header.write(datagram.first_chunk_mut().expect("it is longer than a header"));
    let length = HEADER_LEN + 20 * codec.bytes_per_ms().expect("no codec of varying length is here");
    pool.handle_datagram(now, due.slot, remote(due.stream.0), &datagram[..length]);
}

/// Members of all packet times and bands, all in one room.
const MEMBERS: [(Codec, u64); 5] =
    [(Codec::Pcma, 20), (Codec::Pcmu, 30), (Codec::G722, 10), (Codec::L16(Band::Wide), 20), (Codec::Pcma, 60)];

#[test]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the test only adds to it")]
fn a_conference_allocates_nothing() {
    let start = Instant::now();
    let mut pool = StreamPool::new(start, MEMBERS.len());
    let music = Some(Arc::new(Audio::from_pcm(&[1_000; 3_333])));
    for (id, (codec, ptime)) in (0..).zip(MEMBERS) {
        let negotiated =
            Negotiated { ptime: Duration::from_millis(ptime), remote: Some(remote(id)), ..Negotiated::of(codec) };
        let config = StreamConfig { negotiated, ssrc: 9, first_sequence: 0, first_timestamp: 0 };
        pool.open(start, StreamId(id), config).expect("the pool has room");
        let options =
            SeatOptions { alone: music.iter().cloned().map(Segment::Audio).collect(), ..SeatOptions::default() };
        pool.seat(start, StreamId(id), (RoomId(1), Announcement::Tone), options).expect("there is a room");
    }
    let (mut buffer, mut sent) = ([0; MAX_PACKET], 0u64);
    let before = CALLS.get();
    for tick in 0..3_000u32 {
        let now = start + Duration::from_millis(u64::from(tick));
        while let Some(due) = pool.poll_due(now) {
            let codec = MEMBERS[due.stream.0 as usize].0;
            let mut datagram = [0x2A; HEADER_LEN + 640];
            let bytes = codec.bytes_per_ms().expect("no Opus here") * 20;
            let (sequence, ticks) = ((tick / 20) as u16, codec.clock_rate() / 50);
            let payload_type = codec.payload_type();
            let header = Header { marker: false, payload_type, sequence, timestamp: tick / 20 * ticks, ssrc: 1 };
            header.write(datagram.first_chunk_mut().expect("it is longer than a header"));
            pool.handle_datagram(now, due.slot, remote(due.stream.0), &datagram[..HEADER_LEN + bytes]);
            while pool.poll_transmit(now, due.slot, &mut buffer).is_some() {
                sent += 1;
            }
        }
    }
    assert_eq!(CALLS.get() - before, 0, "allocator calls while {sent} packets were sent");
    assert!(sent > 700, "{sent}");
}
