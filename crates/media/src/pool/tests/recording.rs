//! Recordings of streams: both sides of a call on one time line, whatever the network does.

use super::*;
use crate::codec::Law;
use crate::record::{Channels, Gap, Rate, Reading, RecordEnd, Recorded, Recorder, RecordingId, Reel, Seat, Take, Trim};

/// What a writer has made of a reel.
struct File {
    reel: Reel,
    samples: Vec<i16>,
    ended: Option<Recorded>,
}

impl File {
    fn write(&mut self) {
        loop {
            match self.reel.read() {
                Reading::Block(block) => {
                    self.samples.resize(block.at as usize * self.reel.take().channels.count(), 0);
                    self.samples.extend(block.samples());
                    self.reel.give_back(block);
                }
                Reading::Nothing => return,
                Reading::Ended(recorded) => {
                    self.ended = Some(recorded);
                    return;
                }
            }
        }
    }

    fn channel(&self, channel: usize) -> Vec<i16> {
        self.samples.chunks(self.reel.take().channels.count()).map(|frame| frame[channel]).collect()
    }
}

fn take(channels: Channels) -> Take {
    Take {
        channels,
        rate: Rate::Narrow,
        max_length: Duration::from_secs(3_600),
        end_silence: None,
        trim: Trim::Nothing,
    }
}

fn record(bench: &mut Bench, seat: Seat, take: Take) -> File {
    let (recorder, reel) = Recorder::new(RecordingId(1), take);
    bench.pool.record(StreamId(1), seat, Box::new(recorder));
    File { reel, samples: Vec::new(), ended: None }
}

/// Numbers that look like chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What becomes of packets: which part is lost, up to how many milliseconds they are late, and which part is held back for 30 to 60 ms more.
#[derive(Copy, Clone, Debug)]
struct Network {
    loss_percent: u64,
    jitter: u64,
    held_percent: u64,
}

/// A peer that clicks in each second, over a network that loses, delays, reorders and doubles.
struct Clicker {
    /// When packets arrive, the latest first; what is left of them.
    on_the_way: Vec<(u64, u16, u32)>,
}

const PERIOD: u32 = 50;

impl Clicker {
    fn new(packets: u32, network: Network, dice: &mut Dice) -> Self {
        let Network { loss_percent, jitter, held_percent } = network;
        let mut on_the_way = Vec::new();
        for count in 0..packets {
            if dice.below(100) < loss_percent {
                continue;
            }
            let held = if dice.below(100) < held_percent { 30 + dice.below(31) } else { 0 };
            for _ in 0..=u64::from(dice.below(100) < 2) {
                on_the_way.push((u64::from(count) * 20 + 40 + held + dice.below(jitter + 1), count as u16, count));
            }
        }
        on_the_way.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        Self { on_the_way }
    }

    fn arrive(&mut self, bench: &mut Bench, now: u64) {
        while let Some(&(at, sequence, count)) = self.on_the_way.last()
            && at <= now
        {
            self.on_the_way.pop();
            let header = Header { marker: false, payload_type: 8, sequence, timestamp: count * 160, ssrc: 5 };
            let level = if count % PERIOD == 10 { 12_000 } else { 0 };
            bench.receive(1, header, &[Law::A.encode(level); 160]);
        }
    }
}

/// Where clicks begin.
fn clicks(samples: &[i16]) -> Vec<usize> {
    let loud = |sample: &i16| sample.unsigned_abs() > 6_000;
    let mut found: Vec<usize> = Vec::new();
    for at in samples.iter().enumerate().filter(|(_, sample)| loud(sample)).map(|(at, _)| at) {
        if found.last().is_none_or(|last| at > last + 2_000) {
            found.push(at);
        }
    }
    found
}

/// Ten minutes with clicks on both sides; where they are in the file.
fn ten_minutes(network: Network) -> (File, Vec<usize>, Vec<usize>) {
    let minutes = 10;
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    let mut second = vec![0i16; 8_000];
    second[1_600..1_760].fill(12_000);
    let prompt = Arc::new(Audio::from_pcm(&second));
    let mut file = record(&mut bench, Seat::Call(0), take(Channels::Stereo));
    bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(prompt)], Repeat::Forever, Keys::NONE);
    let mut clicker = Clicker::new(minutes * 60 * PERIOD, network, &mut Dice(1));
    for now in (0..u64::from(minutes) * 60_000).step_by(5) {
        clicker.arrive(&mut bench, now);
        bench.run(ms(5));
        bench.sent.clear();
        file.write();
    }
    drop(bench);
    file.write();
    let (left, right) = (clicks(&file.channel(0)), clicks(&file.channel(1)));
    (file, left, right)
}

#[test]
fn both_sides_stay_within_20_ms_of_each_other_for_ten_minutes_of_a_bad_network() {
    for (loss, jitter) in [(0, 0), (3, 30), (15, 30)] {
        let (file, left, right) = ten_minutes(Network { loss_percent: loss, jitter, held_percent: 0 });
        let recorded = file.ended.expect("the stream is closed");
        let told = (recorded.why, recorded.lost, recorded.length.as_millis().div_ceil(20));
        assert_eq!(told, (RecordEnd::CallOver, Duration::ZERO, 30_000), "loss of {loss} %");
        assert_eq!(right.len(), 600, "every click of ours");
        assert!(right.windows(2).all(|pair| pair[1] - pair[0] == 8_000), "ours are on the sample");
        let missed = 600 - left.len();
        assert!(missed as u64 <= 6 * loss + loss, "{missed} clicks of 600 are missing with a loss of {loss} %");
        // How long after ours each of theirs is, in samples: as long at the end as in the middle.
        let late: Vec<i64> = left.iter().map(|&at| (at as i64 - right[0] as i64).rem_euclid(8_000)).collect();
        let settled = &late[10..];
        let (least, most) = (settled.iter().min().expect("clicks"), settled.iter().max().expect("clicks"));
        assert!(most - least <= 160, "{least} to {most} samples late with a loss of {loss} %");
    }
}

#[test]
fn packets_that_come_much_later_than_others_leave_no_lasting_delay() {
    for held_percent in [1, 3] {
        let (_, left, right) = ten_minutes(Network { loss_percent: 3, jitter: 30, held_percent });
        let late: Vec<i64> = left.iter().map(|&at| (at as i64 - right[0] as i64).rem_euclid(8_000)).collect();
        let middle = |range: std::ops::Range<usize>| {
            let mut part = late[range].to_vec();
            part.sort_unstable();
            part[part.len() / 2]
        };
        let (second, last) = (middle(55..110), middle(late.len() - 55..late.len()));
        assert!((second - last).abs() <= 160, "{held_percent} %: {second} in the second minute, {last} in the last");
        let far = late[10..].iter().map(|at| (at - second).abs()).max().expect("clicks");
        assert!(far <= 90 * 8, "{held_percent} %: a click is {far} samples from the others");
    }
}

#[test]
fn a_message_holds_the_party_alone_and_ends_at_its_longest_with_an_event() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(prompt(16_000))], Repeat::Once, Keys::NONE);
    let short = Take { max_length: ms(500), ..take(Channels::Mono) };
    let mut file = record(&mut bench, Seat::Message, short);
    for count in 0..50u16 {
        bench.receive_sound(1, count, 160, Law::A.encode(1_000));
        bench.run(ms(20));
        file.write();
    }
    assert_eq!(file.samples.len(), 4_000);
    assert!(file.samples.iter().all(|sample| [0, Law::A.decode(Law::A.encode(1_000))].contains(sample)));
    let told: Vec<_> = bench.events.iter().map(|event| event.kind).collect();
    assert_eq!(told, [EventKind::RecordingEnded { seat: Seat::Message, why: RecordEnd::MaxLength }]);
    let recorder = bench.pool.take_recorder(StreamId(1), Seat::Message).expect("it stays until it is taken");
    assert_eq!(recorder.recorded().map(|recorded| recorded.length), Some(ms(500)));
    assert!(bench.pool.take_recorder(StreamId(1), Seat::Message).is_none());
}

#[test]
fn a_call_and_a_message_are_recorded_side_by_side_and_a_pause_stops_one() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    let mut call = record(&mut bench, Seat::Call(0), take(Channels::Stereo));
    bench.run(ms(400));
    let mut message = record(&mut bench, Seat::Message, take(Channels::Mono));
    bench.run(ms(400));
    bench.pool.pause_recording(StreamId(1), Seat::Call(0), Gap::Cut);
    bench.run(ms(400));
    bench.pool.resume_recording(StreamId(1), Seat::Call(0));
    bench.run(ms(400));
    bench.pool.close(StreamId(1));
    call.write();
    message.write();
    let length = |file: &File| file.ended.map(|ended| ended.length);
    assert_eq!((length(&call), length(&message)), (Some(ms(1_200)), Some(ms(1_200))));
}

#[test]
fn a_recording_goes_on_in_another_stream_and_in_another_codec() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, negotiated(2, 20))]);
    let mut file = record(&mut bench, Seat::Call(0), Take { rate: Rate::Wide, ..take(Channels::Stereo) });
    bench.run(ms(400));
    bench.pool.reconfigure(bench.now, StreamId(1), Negotiated { remote: Some(peer(1)), ..Negotiated::of(Codec::G722) });
    bench.run(ms(400));
    let recorder = bench.pool.take_recorder(StreamId(1), Seat::Call(0)).expect("it records");
    bench.pool.record(StreamId(2), Seat::Call(0), recorder);
    bench.run(ms(400));
    bench.pool.close(StreamId(1));
    bench.run(ms(400));
    bench.pool.close(StreamId(2));
    file.write();
    // One frame may fall between the two streams' own times.
    let length = file.ended.expect("it has ended").length;
    assert!(length.abs_diff(ms(1_600)) <= ms(20), "{length:?}");
}
