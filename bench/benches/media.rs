//! The work of the media path, a frame or a packet at a time.
//!
//! Shape: `frame/…` is what a worker does for one stream in one tick, without the socket; the rest are its parts.
//! Time: virtual; each pass goes 20 ms on.

use std::{
    hint::black_box,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_media::{
    Announcement, Audio, Codec, Digit, Keys, MAX_PACKET, Negotiated, PlaybackId, Repeat, RoomId, SeatOptions, Segment,
    StreamConfig, StreamId, StreamPool,
    codec::{Decoder, Encoder, Law},
    dtmf::{event::TelephoneEvent, receiver::Receiver},
    resample::Streaming,
    rtp::packet::{HEADER_LEN, Header, Packet},
    srtp::{Keying, MAX_TAG, MasterKey, Mki, Protection, Suite},
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const STREAMS: u64 = 1_000;
const FRAME: Duration = Duration::from_millis(20);
const SAMPLES: usize = 160;

fn peer(stream: u64) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 20_000 + u16::try_from(stream).unwrap_or(0)).into()
}

fn header(sequence: u16, timestamp: u32) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 }.write(&mut bytes);
    bytes
}

/// A pool with streams that are open, and the virtual time.
struct Bench {
    pool: StreamPool,
    now: Instant,
    sequence: u16,
    buffer: [u8; MAX_PACKET],
    packet: [u8; HEADER_LEN + SAMPLES],
}

impl Bench {
    fn new(codec_of: fn(u64) -> Codec) -> Self {
        let now = Instant::now();
        let mut pool = StreamPool::new(now, STREAMS as usize);
        for stream in 0..STREAMS {
            let codec = codec_of(stream);
            let negotiated = Negotiated { ptime: FRAME, remote: Some(peer(stream)), ..Negotiated::of(codec) };
            let config = StreamConfig { negotiated, ssrc: 1, first_sequence: 0, first_timestamp: 0 };
            pool.open(now, StreamId(stream), config).expect("the pool has room and the name is new");
        }
        Self { pool, now, sequence: 0, buffer: [0; MAX_PACKET], packet: [0x55; HEADER_LEN + SAMPLES] }
    }

    fn playing() -> Self {
        let mut bench = Self::new(|_| Codec::Pcmu);
        let audio = Arc::new(Audio::from_pcm(&vec![1_000; 80_000]));
        for stream in 0..STREAMS {
            let segments = vec![Segment::Audio(audio.clone())];
            bench.pool.play(StreamId(stream), PlaybackId(stream), segments, Repeat::Forever, Keys::NONE);
        }
        bench
    }

    fn bridged(codec_of: fn(u64) -> Codec) -> Self {
        let mut bench = Self::new(codec_of);
        for stream in (0..STREAMS).step_by(2) {
            bench.pool.bridge(StreamId(stream), StreamId(stream + 1));
        }
        bench
    }

    /// Conferences of so many; all of them talk at once, which is the dearest.
    fn conferring(members: u64, codec_of: fn(u64) -> Codec) -> Self {
        let mut bench = Self::new(codec_of);
        for stream in 0..STREAMS {
            let room = (RoomId(stream / members), Announcement::Silent);
            let seated = bench.pool.seat(bench.now, StreamId(stream), room, SeatOptions::default());
            seated.expect("the stream is open and there is a room for every stream");
        }
        bench
    }

    /// One frame of every stream: a packet in where `payload_type` names what each sends, a packet out.
    fn frame(&mut self, payload_type: Option<fn(u64) -> u8>) -> usize {
        self.now += FRAME;
        self.sequence = self.sequence.wrapping_add(1);
        let timestamp = u32::from(self.sequence).wrapping_mul(160);
        self.packet[..HEADER_LEN].copy_from_slice(&header(self.sequence, timestamp));
        let mut sent = 0;
        while let Some(due) = self.pool.poll_due(self.now) {
            if let Some(payload_type) = payload_type {
                self.packet[1] = payload_type(due.stream.0);
                self.pool.handle_datagram(self.now, due.slot, peer(due.stream.0), &self.packet);
            }
            while let Some(transmit) = self.pool.poll_transmit(self.now, due.slot, &mut self.buffer) {
                sent += black_box(transmit.payload).len();
            }
        }
        sent
    }
}

fn mixed(stream: u64) -> Codec {
    if stream.is_multiple_of(2) { Codec::Pcmu } else { Codec::Pcma }
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Elements(STREAMS));
    let mut bench = Bench::playing();
    group.bench_function("prompt", |b| b.iter(|| bench.frame(None)));
    let mut bench = Bench::playing();
    group.bench_function("prompt, caller talks", |b| b.iter(|| bench.frame(Some(|_| 0))));
    let mut bench = Bench::bridged(|_| Codec::Pcmu);
    group.bench_function("bridge", |b| b.iter(|| bench.frame(Some(|_| 0))));
    let mut bench = Bench::bridged(mixed);
    group.bench_function("bridge, transcoded", |b| {
        b.iter(|| bench.frame(Some(|stream| mixed(stream).payload_type())));
    });
    for members in [3, 10, 50] {
        let mut bench = Bench::conferring(members, |_| Codec::Pcmu);
        group.bench_function(format!("conference of {members}"), |b| b.iter(|| bench.frame(Some(|_| 0))));
    }
    let mut bench = Bench::conferring(10, half_wide);
    group.bench_function("conference of 10, half of them G.722", |b| {
        b.iter(|| bench.frame(Some(|stream| half_wide(stream).payload_type())));
    });
    group.finish();
}

fn half_wide(stream: u64) -> Codec {
    if stream.is_multiple_of(2) { Codec::Pcmu } else { Codec::G722 }
}

fn codecs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("g711");
    group.throughput(Throughput::Elements(1));
    let samples: [i16; SAMPLES] = std::array::from_fn(|at| i16::try_from(at).unwrap_or(0) * 100);
    let bytes: [u8; SAMPLES] = std::array::from_fn(|at| at as u8);
    for (name, law) in [("PCMU", Law::Mu), ("PCMA", Law::A)] {
        group.bench_function(format!("encode {name}"), |b| {
            b.iter(|| black_box(&samples).map(|sample| law.encode(sample)));
        });
        group.bench_function(format!("decode {name}"), |b| {
            b.iter(|| black_box(&bytes).map(|byte| law.decode(byte)));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("codec, 20 ms");
    for codec in Codec::ALL.into_iter().filter(|codec| codec.is_built()) {
        let length = codec.sample_rate() as usize / 50;
        let said: Vec<i16> =
            (0..length).map(|at| (f64::from(at as u32) * 0.05).sin().mul_add(8_000.0, 0.0) as i16).collect();
        let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
        let (mut payload, mut heard) = ([0; 1_280], [0; 5_760]);
        let bytes = encoder.encode(&said, &mut payload);
        let name = format!("{codec:?}");
        group.bench_function(format!("decode {name}"), |b| {
            b.iter(|| decoder.decode(black_box(&payload[..bytes]), &mut heard).is_ok());
        });
        group.bench_function(format!("encode {name}"), |b| b.iter(|| encoder.encode(black_box(&said), &mut payload)));
    }
    group.finish();
    let (mut up, mut down) = (Streaming::new(8_000, 48_000), Streaming::new(48_000, 8_000));
    let (mut wide, mut narrow) = ([0; 960], [0; 160]);
    criterion.bench_function("resample/20 ms, 8 to 48 kHz and back", |b| {
        b.iter(|| {
            up.run(black_box(&samples), &mut wide);
            down.run(&wide, &mut narrow)
        });
    });
}

fn packets(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rtp");
    let mut packet = [0x55; HEADER_LEN + SAMPLES];
    packet[..HEADER_LEN].copy_from_slice(&header(1, 160));
    group.bench_function("parse", |b| b.iter(|| Packet::parse(black_box(&packet)).is_ok()));
    group.bench_function("write", |b| b.iter(|| header(black_box(1), black_box(160))));
    group.finish();
}

fn digits(criterion: &mut Criterion) {
    let code = Digit::from_char('5').map_or(5, Digit::event);
    let reports: Vec<_> =
        (1..=12_u16).map(|at| TelephoneEvent { code, end: at > 9, volume: 10, duration: 160 * at.min(9) }).collect();
    criterion.bench_function("dtmf/a press of 12 reports", |b| {
        b.iter_batched_ref(
            Receiver::default,
            |receiver| {
                for (at, &report) in reports.iter().enumerate() {
                    black_box(receiver.note(7, at == 0, 0, report));
                }
            },
            BatchSize::SmallInput,
        );
    });
}

fn keying(suite: Suite, ours: u8, theirs: u8) -> Keying {
    let master =
        |seed| MasterKey::new(suite, &vec![seed; suite.material_len()]).expect("as long as the suite wants it");
    Keying { ours: master(ours), theirs: master(theirs), mki: Mki::default() }
}

fn protection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("srtp");
    group.throughput(Throughput::Elements(1));
    for suite in Suite::ALL {
        let mut here = Protection::new(&keying(suite, 1, 2));
        let mut sequence = 0u16;
        let mut packet = [0x55; HEADER_LEN + SAMPLES + MAX_TAG];
        let mut protected = |packet: &mut [u8]| {
            packet[..HEADER_LEN].copy_from_slice(&header(sequence, 160));
            sequence = sequence.wrapping_add(1);
            here.protect_rtp(packet, HEADER_LEN + SAMPLES).expect("the packets are in order")
        };
        group.bench_function(format!("protect {}", suite.name()), |b| b.iter(|| protected(black_box(&mut packet))));
        // Each packet is taken once, so that both halves are measured together.
        let mut there = Protection::new(&keying(suite, 2, 1));
        group.bench_function(format!("protect and unprotect {}", suite.name()), |b| {
            b.iter(|| {
                let length = protected(black_box(&mut packet));
                there.unprotect_rtp(&packet[..length]).expect("it is authentic").len()
            });
        });
        let length = protected(&mut packet);
        packet[20] ^= 1;
        group.bench_function(format!("refuse a forged {}", suite.name()), |b| {
            b.iter(|| there.unprotect_rtp(black_box(&packet[..length])).is_err());
        });
    }
    group.finish();
}

criterion_group!(benches, frames, codecs, packets, digits, protection);
criterion_main!(benches);
