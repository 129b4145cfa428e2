mod bridging;
mod codecs;
mod conference;
mod listening;
mod recording;
mod silence;

use super::*;
use crate::audio::Audio;
use crate::codec::Codec;
use crate::config::Direction;
use crate::dtmf::Digit;
use crate::dtmf::event::TelephoneEvent;
use crate::event::EventKind;
use crate::rtp::packet::{HEADER_LEN, Header, Packet};
use crate::stream::MAX_PACKET;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const TELEPHONE_EVENT: u8 = 101;
const SSRC: u32 = 0xA11CE;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn peer(id: u64) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4_000 + u16::try_from(id).unwrap()))
}

fn negotiated(id: u64, ptime: u64) -> Negotiated {
    Negotiated {
        telephone_event: Some(TELEPHONE_EVENT),
        ptime: ms(ptime),
        remote: Some(peer(id)),
        ..Negotiated::of(Codec::Pcma)
    }
}

fn config(negotiated: Negotiated) -> StreamConfig {
    StreamConfig { negotiated, ssrc: SSRC, first_sequence: 65_530, first_timestamp: u32::MAX - 1_000 }
}

/// A packet that left, with when.
#[derive(Clone, Debug)]
struct Sent {
    at: Duration,
    to: SocketAddr,
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    payload: Vec<u8>,
}

/// A pool, its clock, and all that left it.
struct Bench {
    pool: StreamPool,
    start: Instant,
    now: Instant,
    sent: HashMap<StreamId, Vec<Sent>>,
    events: Vec<Event>,
}

impl Bench {
    fn new() -> Self {
        let start = crate::test_start();
        Self { pool: StreamPool::new(start, 8), start, now: start, sent: HashMap::new(), events: Vec::new() }
    }

    fn with(streams: &[(u64, Negotiated)]) -> Self {
        let mut bench = Self::new();
        for &(id, negotiated) in streams {
            bench.pool.open(bench.now, StreamId(id), config(negotiated)).unwrap();
        }
        bench
    }

    fn service(&mut self) {
        while let Some(Due { stream: id, slot, .. }) = self.pool.poll_due(self.now) {
            let mut buffer = [0; MAX_PACKET];
            while let Some(transmit) = self.pool.poll_transmit(self.now, slot, &mut buffer) {
                let packet = Packet::parse(transmit.payload).unwrap();
                self.sent.entry(id).or_default().push(Sent {
                    at: self.now - self.start,
                    to: transmit.to,
                    marker: packet.marker,
                    payload_type: packet.payload_type,
                    sequence: packet.sequence,
                    timestamp: packet.timestamp,
                    ssrc: packet.ssrc,
                    payload: packet.payload.to_vec(),
                });
            }
        }
        while let Some(event) = self.pool.poll_event() {
            self.events.push(event);
        }
    }

    /// Runs punctually for a time.
    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.pool.poll_timeout().filter(|&at| at <= until) {
            self.now = at;
            self.service();
        }
        self.now = until;
    }

    fn receive(&mut self, id: u64, header: Header, payload: &[u8]) {
        let mut datagram = vec![0; HEADER_LEN];
        header.write(datagram.first_chunk_mut().unwrap());
        datagram.extend_from_slice(payload);
        let slot = self.pool.slot(StreamId(id)).unwrap();
        self.pool.handle_datagram(self.now, slot, peer(id), &datagram);
    }

    fn receive_sound(&mut self, id: u64, count: u16, samples: usize, byte: u8) {
        let header = Header {
            marker: false,
            payload_type: 8,
            sequence: count,
            timestamp: u32::from(count) * u32::try_from(samples).unwrap(),
            ssrc: 5,
        };
        self.receive(id, header, &vec![byte; samples]);
    }

    fn press(&mut self, id: u64, sequence: u16, timestamp: u32, event: TelephoneEvent) {
        let header = Header { marker: false, payload_type: TELEPHONE_EVENT, sequence, timestamp, ssrc: 5 };
        self.receive(id, header, &event.to_bytes());
    }

    fn of(&self, id: u64) -> &[Sent] {
        self.sent.get(&StreamId(id)).map_or(&[], Vec::as_slice)
    }

    fn sound_of(&self, id: u64) -> Vec<u8> {
        self.of(id).iter().flat_map(|sent| sent.payload.clone()).collect()
    }

    fn ended(&self) -> Vec<u64> {
        let ended = |event: &Event| match event.kind {
            EventKind::PlaybackEnded { playback } => Some(playback.0),
            EventKind::Digit(_)
            | EventKind::RecordingEnded { .. }
            | EventKind::KeysSent
            | EventKind::Spoke(_)
            | EventKind::Found(_) => None,
        };
        self.events.iter().filter_map(ended).collect()
    }
}

fn prompt(samples: i16) -> Arc<Audio> {
    let samples: Vec<i16> = (0..samples).map(|at| at.wrapping_mul(13).wrapping_add(500)).collect();
    Arc::new(Audio::from_pcm(&samples))
}

/// One source, and sequence and timestamp without a gap.
fn assert_unbroken(sent: &[Sent]) {
    let first = &sent[0];
    assert_eq!((first.sequence, first.timestamp, first.ssrc), (65_530, u32::MAX - 1_000, SSRC));
    for pair in sent.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(pair[0].payload.len() as u32), "{:?}", pair[1].at);
        assert_eq!(pair[1].ssrc, SSRC);
        assert!(!pair[1].marker);
    }
}

#[test]
fn every_packet_length_is_sent_at_exact_instants_with_its_samples() {
    for ptime in [10, 20, 30, 40, 50, 60] {
        let mut bench = Bench::with(&[(1, negotiated(1, ptime))]);
        bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(prompt(2_000))], Repeat::Once, Keys::NONE);
        bench.run(ms(601));
        let sent = bench.of(1);
        assert_eq!(sent.len() as u64, 600 / ptime + 1);
        for (frame, packet) in sent.iter().enumerate() {
            assert_eq!(packet.at, ms(1 + ptime * frame as u64), "{ptime}");
            assert_eq!(packet.payload.len() as u64, ptime * 8);
            assert_eq!(packet.marker, frame == 0);
        }
        assert_unbroken(sent);
        assert_eq!(bench.sound_of(1)[..2_000], *prompt(2_000).payload(Codec::Pcma), "{ptime}");
    }
}

#[test]
fn ten_thousand_frames_under_a_late_and_uneven_clock_do_not_drift() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 30))]);
    let mut state = 1u32;
    while bench.of(1).len() < 10_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = bench.pool.poll_timeout().unwrap();
        bench.now = at.max(bench.now) + Duration::from_micros(u64::from(state >> 16) % 9_000);
        bench.service();
    }
    for (id, ptime) in [(1, 20), (2, 30)] {
        assert_unbroken(bench.of(id));
        let first = bench.of(id)[0].at.as_millis() as u64;
        for (frame, packet) in bench.of(id).iter().enumerate() {
            let due = ms(id + ptime * frame as u64);
            assert!(packet.at >= due && packet.at < due + ms(20), "frame {frame} at {:?}, first at {first}", packet.at);
        }
    }
    assert_eq!(bench.pool.totals().skipped_frames, 0);
    assert!(bench.pool.lateness().count() >= 10_000);
}

#[test]
fn a_late_service_catches_up_three_frames_and_leaves_a_timestamp_gap_for_the_rest() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    bench.run(ms(1));
    bench.now += ms(200);
    bench.service();
    let sent = bench.of(1).to_vec();
    assert_eq!(sent.len(), 5, "one before, then one due and three late");
    let gap = sent[1].timestamp.wrapping_sub(sent[0].timestamp);
    assert_eq!(gap, 7 * 160);
    assert!(sent.windows(2).all(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1)));
    let totals = bench.pool.totals();
    assert_eq!((totals.skipped_frames, totals.caught_up_frames, totals.sent), (6, 3, 5));
    bench.run(ms(20));
    assert_eq!(bench.of(1)[5].at, ms(221), "the schedule did not move");
}

#[test]
fn a_leg_is_one_line_through_prompt_silence_prompt_bridge_prompt_and_hold_of_the_prompt() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 20))]);
    let segments = || vec![Segment::Audio(prompt(333)), Segment::Silence(ms(5)), Segment::Audio(prompt(71))];
    bench.run(ms(50));
    bench.pool.play(StreamId(1), PlaybackId(1), segments(), Repeat::Once, Keys::NONE);
    bench.run(ms(300));
    bench.pool.play(StreamId(1), PlaybackId(2), segments(), Repeat::Forever, Keys::NONE);
    bench.run(ms(100));
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.pool.stop_playback(StreamId(1));
    for count in 0..20 {
        bench.receive_sound(2, count, 160, 0x11);
        bench.run(ms(20));
    }
    bench.pool.unbridge(StreamId(2));
    bench.pool.play(StreamId(1), PlaybackId(3), segments(), Repeat::Once, Keys::NONE);
    bench.run(ms(200));
    assert_unbroken(bench.of(1));
    assert!(bench.sound_of(1).contains(&0x11));
    assert_eq!(bench.ended(), [1, 3], "what is replaced or stopped has no end");
}

#[test]
fn an_owner_that_answers_the_end_at_once_continues_in_the_very_next_frame() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(prompt(320))], Repeat::Once, Keys::NONE);
    while bench.ended().is_empty() {
        bench.run(ms(1));
    }
    assert_eq!(bench.of(1).len(), 2, "raised with the last frame, not after it");
    bench.pool.play(StreamId(1), PlaybackId(2), vec![Segment::Audio(prompt(160))], Repeat::Once, Keys::NONE);
    bench.run(ms(20));
    let sound = bench.sound_of(1);
    assert_eq!(sound[..320], *prompt(320).payload(Codec::Pcma));
    assert_eq!(sound[320..480], *prompt(160).payload(Codec::Pcma));
    assert_eq!(bench.ended(), [1, 2]);
}

#[test]
fn the_frame_after_a_barge_in_sinks_in_5_ms_and_is_then_silent() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(prompt(8_000))], Repeat::Once, Keys::NONE);
    bench.run(ms(50));
    bench.pool.stop_playback(StreamId(1));
    bench.run(ms(20));
    let frames = bench.of(1);
    assert!(frames[2].payload.iter().any(|&byte| byte != 0xD5));
    assert!(frames[3].payload[..20].iter().any(|&byte| byte != 0xD5));
    assert!(frames[3].payload[40..].iter().all(|&byte| byte == 0xD5));
    bench.run(ms(40));
    assert!(bench.of(1)[4..].iter().all(|frame| frame.payload.iter().all(|&byte| byte == 0xD5)));
    assert_eq!(bench.ended(), []);
}

#[test]
fn a_key_that_stops_the_prompt_silences_the_frame_of_the_tick_at_which_it_is_read() {
    let stopping: Keys = Digit::from_char('4').into_iter().collect();
    for (stopped_by, code, silent) in [(stopping, 4, true), (stopping, 5, false), (Keys::NONE, 4, false)] {
        let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
        let segments = vec![Segment::Audio(prompt(8_000))];
        bench.pool.play(StreamId(1), PlaybackId(1), segments, Repeat::Once, stopped_by);
        bench.run(ms(60));
        // The next frame is due at 61 ms; the key came just before.
        bench.press(1, 1, 0, TelephoneEvent { code, end: false, volume: 10, duration: 160 });
        bench.run(ms(40));
        // It sinks in the first 5 ms of that frame.
        let is_silent = |sent: &Sent| sent.payload[40..].iter().all(|&byte| byte == 0xD5);
        let heard: Vec<bool> = bench.of(1).iter().map(is_silent).collect();
        assert_eq!(heard, [false, false, false, silent, silent], "{code}");
        let key = Digit::from_event(code).unwrap();
        assert_eq!(bench.events, [Event { stream: StreamId(1), kind: EventKind::Digit(key) }], "no end is raised");
        bench.run(ms(2_000));
        assert_eq!(bench.ended().is_empty(), silent);
    }
}

#[test]
fn how_long_of_a_playback_was_said_is_known_also_after_its_end_or_a_key() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    let segments = || vec![Segment::Audio(prompt(320)), Segment::Silence(ms(7)), Segment::Audio(prompt(800))];
    assert_eq!(bench.pool.position(StreamId(1)), None);
    bench.pool.play(StreamId(1), PlaybackId(1), segments(), Repeat::Once, Keys::ALL);
    assert_eq!(bench.pool.position(StreamId(1)), Some((PlaybackId(1), ms(0))));
    bench.run(ms(60));
    assert_eq!(bench.pool.position(StreamId(1)), Some((PlaybackId(1), ms(60))));
    bench.press(1, 1, 0, TelephoneEvent { code: 4, end: false, volume: 10, duration: 160 });
    bench.run(ms(500));
    assert_eq!(bench.pool.position(StreamId(1)), Some((PlaybackId(1), ms(65))), "with what sinks");
    bench.pool.play(StreamId(1), PlaybackId(2), segments(), Repeat::Once, Keys::NONE);
    bench.run(ms(500));
    assert_eq!(bench.pool.position(StreamId(1)), Some((PlaybackId(2), ms(147))), "all of it");
    bench.pool.stop_playback(StreamId(1));
    assert_eq!(bench.pool.position(StreamId(1)), None, "the owner has stopped it");
}

#[test]
fn a_stream_from_which_nothing_comes_is_read_every_40_ms_until_something_comes() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    let readings = |bench: &mut Bench, time| {
        let until = bench.now + time;
        let mut read = 0;
        while let Some(at) = bench.pool.poll_timeout().filter(|&at| at <= until) {
            bench.now = at;
            while let Some(due) = bench.pool.poll_due(bench.now) {
                read += u32::from(due.reading != Reading::Later);
            }
        }
        bench.now = until;
        read
    };
    assert_eq!(readings(&mut bench, ms(1_000)), 50);
    assert_eq!(readings(&mut bench, ms(1_000)), 25);
    bench.receive(1, Header { marker: false, payload_type: 77, sequence: 0, timestamp: 0, ssrc: 1 }, &[]);
    assert_eq!(readings(&mut bench, ms(1_000)), 50, "also when it is nothing of use");
}

#[test]
fn nothing_is_sent_without_an_address_or_on_hold_and_playlists_still_end() {
    for (remote, direction) in [(None, Direction::SendRecv), (Some(peer(1)), Direction::RecvOnly)] {
        let mut bench = Bench::with(&[(1, Negotiated { remote, direction, ..negotiated(1, 20) })]);
        bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(prompt(320))], Repeat::Once, Keys::NONE);
        bench.run(ms(100));
        assert_eq!(bench.of(1).len(), 0);
        assert_eq!(bench.ended(), [1]);
        bench.pool.reconfigure(bench.now, StreamId(1), negotiated(1, 20));
        bench.run(ms(20));
        let first = &bench.of(1)[0];
        assert_eq!(first.sequence, 65_530, "packets that were not sent have no number");
        assert_eq!(first.timestamp, (u32::MAX - 1_000).wrapping_add(5 * 160));
        assert!(first.marker);
    }
}

#[test]
fn a_negotiation_changes_codec_length_and_address_and_not_the_line() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    bench.run(ms(61));
    for (ptime, codec) in [(30, Codec::Pcmu), (40, Codec::Pcma), (10, Codec::Pcma), (60, Codec::Pcmu)] {
        let payload_type = codec.payload_type();
        let next = Negotiated { codec, payload_type, remote: Some(peer(7)), ..negotiated(1, ptime) };
        bench.pool.reconfigure(bench.now, StreamId(1), next);
        let before = bench.of(1).len();
        bench.run(ms(240));
        let sent = &bench.of(1)[before..];
        // The frame that was due keeps its instant, so the first may come up to an old packet length later.
        assert!((180..=300).contains(&(sent.len() as u64 * ptime)), "{ptime}");
        assert!(sent.iter().all(|packet| packet.payload.len() as u64 == ptime * 8 && packet.to == peer(7)));
        assert!(
            sent.iter().all(
                |packet| packet.payload_type == payload_type && packet.payload[0] == codec.law().unwrap().silence()
            )
        );
    }
    assert_unbroken(bench.of(1));
}

#[test]
fn packets_that_are_not_ours_are_dropped_by_reason() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (3, negotiated(3, 20))]);
    let slots = [1, 3].map(|id| bench.pool.slot(StreamId(id)).unwrap());
    bench.pool.close(StreamId(3));
    let header = |payload_type| Header { marker: false, payload_type, sequence: 1, timestamp: 0, ssrc: 5 };
    let datagram = |payload_type: u8, length: usize| {
        let mut bytes = vec![0; HEADER_LEN + length];
        header(payload_type).write(bytes.first_chunk_mut().unwrap());
        bytes
    };
    let mut hear = |stream: usize, from, bytes: &[u8]| {
        bench.pool.handle_datagram(bench.now, slots[stream], from, bytes);
    };
    hear(0, peer(9), &[0x40; 40]);
    hear(0, peer(9), &datagram(18, 160));
    hear(0, peer(1), &datagram(8, 160));
    hear(0, peer(3), &datagram(8, 160));
    hear(0, peer(1), &datagram(8, 1_601));
    hear(1, peer(2), &datagram(8, 160));
    let totals = bench.pool.totals();
    let expect = crate::Dropped {
        malformed: 1,
        unknown_payload: 1,
        foreign_source: 1,
        oversize: 1,
        unknown_stream: 1,
        ..crate::Dropped::default()
    };
    assert_eq!((totals.dropped, totals.received), (expect, 1));
}

/// RTPBleed and RTP injection: somebody who only knows the port.
#[test]
fn a_stranger_before_and_after_the_peer_is_not_sent_sound_nor_heard_and_presses_no_key() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    let slot = bench.pool.slot(StreamId(1)).unwrap();
    let packet = |payload_type: u8, sequence: u16, payload: &[u8]| {
        let mut bytes = vec![0; HEADER_LEN];
        let timestamp = u32::from(sequence) * 160;
        Header { marker: false, payload_type, sequence, timestamp, ssrc: 66 }.write(bytes.first_chunk_mut().unwrap());
        bytes.extend_from_slice(payload);
        bytes
    };
    let key = TelephoneEvent { code: 5, end: true, volume: 10, duration: 800 }.to_bytes();
    for number in 0..200u16 {
        // Bursts from many ports before the peer's first packet at 1 s; after it also one orderly stream.
        for attacker in 100..110u64 {
            bench.pool.handle_datagram(
                bench.now,
                slot,
                peer(attacker + u64::from(number)),
                &packet(8, number, &[0x2A; 160]),
            );
            bench.pool.handle_datagram(
                bench.now,
                slot,
                peer(attacker + u64::from(number)),
                &packet(TELEPHONE_EVENT, number + 1, &key),
            );
        }
        if number >= 50 {
            bench.receive_sound(1, number, 160, 0x55);
            bench.pool.handle_datagram(bench.now, slot, peer(99), &packet(8, number, &[0x2A; 160]));
            bench.pool.handle_datagram(bench.now, slot, peer(99), &packet(TELEPHONE_EVENT, number, &key));
        }
        bench.run(ms(20));
    }
    assert!(bench.of(1).iter().all(|sent| sent.to == peer(1)), "sound went to a stranger");
    assert!(bench.sound_of(2).iter().all(|&byte| byte != 0x2A), "a stranger was heard");
    assert_eq!(bench.events, [], "a stranger pressed a key");
    assert_eq!((bench.pool.totals().received, bench.pool.totals().dropped.foreign_source), (150, 4_300));
}

#[test]
fn a_peer_behind_a_nat_is_sent_to_where_it_sends_from() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    let slot = bench.pool.slot(StreamId(1)).unwrap();
    for sequence in 0..10 {
        let mut datagram = vec![0; HEADER_LEN + 160];
        let header = Header { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc: 5 };
        header.write(datagram.first_chunk_mut().unwrap());
        bench.pool.handle_datagram(bench.now, slot, peer(2), &datagram);
        bench.run(ms(20));
    }
    let sent = bench.of(1);
    assert_eq!((sent[0].to, sent[sent.len() - 1].to), (peer(1), peer(2)));
}

#[test]
fn a_bridge_carries_sound_both_ways_over_codecs_and_packet_lengths() {
    for (one, other) in [(20, 20), (20, 30), (60, 10), (10, 60), (40, 20)] {
        let ulaw = Negotiated { codec: Codec::Pcmu, payload_type: 0, ..negotiated(2, other) };
        let mut bench = Bench::with(&[(1, negotiated(1, one)), (2, ulaw)]);
        bench.pool.bridge(StreamId(1), StreamId(2));
        for at in 0..600u64 {
            if at % one == 0 {
                bench.receive_sound(1, u16::try_from(at / one).unwrap(), usize::try_from(one * 8).unwrap(), 0x2A);
            }
            bench.run(ms(1));
        }
        let sound = bench.sound_of(2);
        let spoken = sound.iter().filter(|&&byte| byte == 0x00).count();
        let begin = sound.iter().position(|&byte| byte == 0x00).unwrap();
        assert!(begin <= 120 * 8, "{one} to {other}: begins after {} ms", begin / 8);
        assert!(spoken + 140 * 8 >= sound.len(), "{one} to {other}: {spoken} of {}", sound.len());
        assert!(sound[begin..begin + spoken].iter().all(|&byte| byte == 0x00), "{one} to {other}: a gap");
        assert_unbroken(bench.of(2));
        assert_eq!(bench.pool.totals().bridge_dropped_samples, 0, "{one} to {other}");
    }
}

/// A callee that answers `0 8` to our `8 0` should send what we prefer, which is not what we send (RFC 3264 section 6.1).
#[test]
fn a_bridge_carries_the_other_g711_than_the_one_we_send() {
    let ulaw = Negotiated { codec: Codec::Pcmu, payload_type: 0, ..negotiated(1, 20) };
    let mut bench = Bench::with(&[(1, ulaw), (2, negotiated(2, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    for at in 0..50 {
        bench.receive_sound(1, at, 160, 0x2A);
        bench.run(ms(20));
    }
    let spoken = bench.sound_of(2).iter().filter(|&&byte| byte == 0x2A).count();
    assert!(spoken > 40 * 160, "{spoken} samples of A-law");
    assert_eq!(bench.pool.totals().dropped.unknown_payload, 0);
}

#[test]
fn a_bridge_follows_a_packet_length_that_a_negotiation_made_longer() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.pool.reconfigure(bench.now, StreamId(2), negotiated(2, 60));
    for count in 0..100u16 {
        bench.receive_sound(1, count, 160, 0x2A);
        // Every other packet is late by half of its length.
        bench.run(ms(if count % 2 == 0 { 30 } else { 10 }));
    }
    let sound = bench.sound_of(2);
    let begin = sound.iter().position(|&byte| byte == 0x2A).unwrap();
    assert!(sound[begin..].iter().all(|&byte| byte == 0x2A), "a gap");
}

#[test]
fn the_owner_can_ask_when_a_peer_was_last_heard() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    assert_eq!(bench.pool.last_heard(StreamId(1)), None);
    bench.receive_sound(1, 0, 160, 1);
    let heard = bench.now;
    bench.run(ms(500));
    let slot = bench.pool.slot(StreamId(1)).unwrap();
    bench.pool.handle_datagram(bench.now, slot, peer(1), &[0; 40]);
    assert_eq!(bench.pool.last_heard(StreamId(1)), Some(heard), "noise is not the peer");
}

#[test]
fn a_key_on_a_bridge_is_raised_once_and_said_on_the_other_leg() {
    let mut bench =
        Bench::with(&[(1, negotiated(1, 20)), (2, Negotiated { telephone_event: Some(96), ..negotiated(2, 20) })]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.run(ms(45));
    let event = |end, duration| TelephoneEvent { code: 11, end, volume: 10, duration };
    for (count, end) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        bench.press(1, count, 9_000, event(end, count.min(3) * 160));
        bench.run(ms(20));
    }
    bench.run(ms(100));
    let hash = Digit::from_char('#').unwrap();
    assert_eq!(bench.events, [Event { stream: StreamId(1), kind: EventKind::Digit(hash) }]);
    let keys: Vec<_> = bench.of(2).iter().filter(|sent| sent.payload_type == 96).collect();
    assert_eq!(keys.len(), 5);
    assert!(keys.iter().all(|key| key.timestamp == keys[0].timestamp && key.payload.len() == 4));
    assert!(keys[0].marker && !keys[1].marker);
    let told: Vec<_> = keys.iter().map(|key| (key.payload[1] & 0x80 != 0, key.payload[3])).collect();
    assert_eq!(told, [(false, 160), (false, 64), (true, 224), (true, 224), (true, 224)]);
    let all = bench.of(2);
    assert!(all.windows(2).all(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1)));
    let (first, last) = (&all[0], &all[all.len() - 1]);
    assert_eq!(last.timestamp.wrapping_sub(first.timestamp), 160 * (all.len() as u32 - 1), "sound goes on in its time");
}

/// Presses said to leg 2, by their timestamps, and events raised for leg 1, after what `press` does.
fn said_of(press: impl Fn(&mut Bench)) -> (usize, usize) {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.run(ms(45));
    press(&mut bench);
    bench.run(ms(900));
    let keys = bench.of(2).iter().filter(|sent| sent.payload_type == TELEPHONE_EVENT);
    let presses: std::collections::HashSet<u32> = keys.map(|key| key.timestamp).collect();
    (presses.len(), bench.events.len())
}

#[test]
fn a_key_that_signalling_brings_is_raised_and_said_like_one_in_rtp_and_both_are_one() {
    let five = Digit::from_event(5).unwrap();
    let message = |bench: &mut Bench| bench.pool.press(bench.now, StreamId(1), five, ms(120));
    let rtp = |bench: &mut Bench, at: u16| {
        for (count, end) in [(0, false), (1, true), (2, true)] {
            let event = TelephoneEvent { code: 5, end, volume: 10, duration: 160 * (count + 1) };
            bench.press(1, at + count, u32::from(at) * 8_000, event);
            bench.run(ms(20));
        }
    };
    assert_eq!(said_of(message), (1, 1));
    assert_eq!(said_of(|bench| rtp(bench, 1)), (1, 1));
    assert_eq!(said_of(|bench| (message(bench), rtp(bench, 1)).1), (1, 1), "the message first");
    assert_eq!(said_of(|bench| (rtp(bench, 1), message(bench)).1), (1, 1), "RTP first");
    let twice = |bench: &mut Bench| {
        rtp(bench, 1);
        rtp(bench, 9);
        message(bench);
        message(bench);
    };
    assert_eq!(said_of(twice), (2, 2));
}

#[test]
fn a_key_is_not_passed_on_to_a_leg_without_telephone_events() {
    let mut bench =
        Bench::with(&[(1, negotiated(1, 20)), (2, Negotiated { telephone_event: None, ..negotiated(2, 20) })]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.press(1, 1, 0, TelephoneEvent { code: 1, end: true, volume: 0, duration: 400 });
    bench.run(ms(100));
    assert_eq!(bench.events.len(), 1);
    assert!(bench.of(2).iter().all(|sent| sent.payload_type == 8));
}

#[test]
fn legs_part_when_one_closes_and_orders_for_it_do_nothing() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.pool.bridge(StreamId(1), StreamId(1));
    bench.receive_sound(1, 0, 160, 1);
    bench.receive_sound(1, 2, 160, 1);
    let totals = bench.pool.close(StreamId(1)).unwrap();
    assert_eq!((totals.received, totals.lost), (2, 1));
    assert_eq!(bench.pool.close(StreamId(1)), None);
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.pool.play(StreamId(1), PlaybackId(1), Vec::new(), Repeat::Once, Keys::NONE);
    bench.run(ms(100));
    assert!(bench.sound_of(2).iter().all(|&byte| byte == 0xD5));
    assert_eq!(bench.pool.totals().received, 2, "the counters of a closed stream stay");
    assert_eq!(bench.pool.open_streams(), 1);
}

#[test]
fn a_pool_has_a_capacity_and_names_are_unique() {
    let mut bench = Bench::new();
    for id in 0..8 {
        assert!(bench.pool.open(bench.now, StreamId(id), config(negotiated(id, 20))).is_ok());
    }
    assert_eq!(bench.pool.open(bench.now, StreamId(8), config(negotiated(8, 20))), Err(PoolError::Full));
    assert_eq!(bench.pool.open(bench.now, StreamId(3), config(negotiated(3, 20))), Err(PoolError::Duplicate));
    bench.pool.close(StreamId(3));
    assert!(bench.pool.open(bench.now, StreamId(8), config(negotiated(8, 20))).is_ok());
    bench.run(ms(20));
    let firsts: std::collections::HashSet<_> = bench.sent.values().map(|sent| sent[0].at).collect();
    assert_eq!(firsts.len(), 8, "each has a slot of its own");
}

#[test]
fn an_owner_that_never_drains_loses_digits_before_ends_and_no_memory() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    for press in 0..200u16 {
        bench.press(
            1,
            press,
            u32::from(press) * 1_000,
            TelephoneEvent { code: 1, end: true, volume: 0, duration: 400 },
        );
    }
    bench.pool.play(StreamId(1), PlaybackId(1), Vec::new(), Repeat::Forever, Keys::ALL);
    bench.press(1, 200, 900_000, TelephoneEvent { code: 2, end: true, volume: 0, duration: 400 });
    bench.run(ms(20));
    assert_eq!(bench.events.len(), 33);
    assert_eq!(bench.ended(), [1], "a key that nobody hears of stops nothing");
    assert_eq!(bench.pool.totals().refused_events, 169);
}

#[test]
fn a_stream_that_moves_to_another_pool_is_one_line_at_its_own_instants() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 20))]);
    bench.pool.bridge(StreamId(1), StreamId(2));
    bench.run(ms(1_000));
    let sent = bench.of(2).len();
    // The other pool's calendar began at an odd moment, and is full but for two places.
    let mut other = Bench { start: bench.start, ..Bench::new() };
    other.pool = StreamPool::new(bench.start + Duration::from_micros(300), 2);
    other.pool.open(bench.now, StreamId(3), config(negotiated(3, 20))).unwrap();
    other.now = bench.now;
    let departed = bench.pool.depart(StreamId(2)).unwrap();
    assert_eq!(bench.pool.open_streams(), 1);
    other.pool.arrive(other.now, departed).unwrap();
    other.pool.bridge(StreamId(3), StreamId(2));
    other.run(ms(1_000));
    let all: Vec<Sent> = bench.of(2).iter().chain(other.of(2)).cloned().collect();
    assert_eq!((sent, all.len()), (50, 100));
    assert_unbroken(&all);
    for pair in all.windows(2) {
        let gap = pair[1].at - pair[0].at;
        assert!(gap.abs_diff(ms(20)) <= ms(1), "{gap:?} at {:?}", pair[1].at);
    }
    // The one that was left goes on alone; a third finds no place, and is counted as closed.
    bench.run(ms(100));
    assert_unbroken(bench.of(1));
    let departed = bench.pool.depart(StreamId(1)).unwrap();
    assert!(matches!(other.pool.arrive(other.now, departed), Err(PoolError::Full)));
    assert_eq!(other.pool.totals().sent, 1_000 / 20 * 2 + 50 + 55);
}
