use super::super::{Channels, Rate, Reading};
use super::*;

const FRAME: usize = 160;

fn take(channels: Channels) -> Take {
    Take { channels, rate: Rate::Narrow, max_length: Duration::from_secs(60), end_silence: None, trim: Trim::Nothing }
}

fn recorder(take: Take) -> (Recorder, Reel) {
    Recorder::new(RecordingId(7), take)
}

/// A file as a writer makes it: blocks where they belong, holes silent.
#[derive(Default)]
struct File {
    samples: Vec<i16>,
    ended: Option<Recorded>,
}

impl File {
    fn write(&mut self, reel: &mut Reel) {
        loop {
            match reel.read() {
                Reading::Block(block) => {
                    let at = block.at as usize * reel.take().channels.count();
                    assert!(at >= self.samples.len(), "a block overlaps the one before");
                    self.samples.resize(at, 0);
                    self.samples.extend(block.samples());
                    reel.give_back(block);
                }
                Reading::Nothing => return,
                Reading::Ended(recorded) => {
                    self.ended = Some(recorded);
                    return;
                }
            }
        }
    }

    fn why(&self) -> Option<RecordEnd> {
        self.ended.map(|ended| ended.why)
    }
}

fn left(frame: usize) -> Vec<i16> {
    (0..FRAME).map(|sample| (frame * FRAME + sample) as i16).collect()
}

fn right(frame: usize) -> Vec<i16> {
    left(frame).iter().map(|sample| -sample).collect()
}

#[test]
fn both_channels_are_written_side_by_side_and_to_the_last_sample() {
    let (mut recorder, mut reel) = recorder(take(Channels::Stereo));
    let mut file = File::default();
    assert!(recorder.wants_said());
    for frame in 0..137 {
        assert_eq!(recorder.hear(8_000, &left(frame), &right(frame)), None);
        file.write(&mut reel);
    }
    drop(recorder);
    file.write(&mut reel);
    assert_eq!(file.samples.len(), 137 * FRAME * 2);
    for (index, pair) in file.samples.chunks(2).enumerate() {
        assert_eq!(pair, [index as i16, -(index as i16)]);
    }
    let length = Duration::from_millis(137 * 20);
    let ended = Recorded { why: RecordEnd::CallOver, length, sounded: length, lost: Duration::ZERO };
    assert_eq!(file.ended, Some(ended));
}

#[test]
fn any_packet_time_fills_the_same_file() {
    for ms in [10, 20, 30, 40, 50, 60] {
        let (mut recorder, mut reel) = recorder(take(Channels::Mono));
        let mut file = File::default();
        let all: Vec<i16> = (0..8 * 1_200).map(|sample| sample as i16).collect();
        for frame in all.chunks(8 * ms) {
            recorder.hear(8_000, frame, &[]);
            file.write(&mut reel);
        }
        recorder.finish(RecordEnd::Stopped);
        file.write(&mut reel);
        assert_eq!(file.samples, all, "{ms} ms");
        assert_eq!(file.why(), Some(RecordEnd::Stopped));
    }
}

#[test]
fn a_writer_that_lags_costs_sound_and_no_time() {
    let (mut recorder, mut reel) = recorder(take(Channels::Mono));
    let mut file = File::default();
    // Eight blocks of 200 ms are filled, 500 ms find none.
    for frame in 0..105 {
        assert_eq!(recorder.hear(8_000, &left(frame), &[]), None);
    }
    file.write(&mut reel);
    for frame in 105..120 {
        recorder.hear(8_000, &left(frame), &[]);
    }
    drop(recorder);
    file.write(&mut reel);
    assert_eq!(file.samples.len(), 120 * FRAME);
    let expect = |index: usize| if (80..105).contains(&(index / FRAME)) { 0 } else { index as i16 };
    assert!(file.samples.iter().enumerate().all(|(index, &sample)| sample == expect(index)));
    assert_eq!(file.ended.map(|ended| ended.lost), Some(Duration::from_millis(500)));
}

#[test]
fn a_pause_is_cut_out_or_silent_as_asked() {
    for (gap, length) in [(Gap::Cut, 20), (Gap::Silent, 30)] {
        let (mut recorder, mut reel) = recorder(take(Channels::Stereo));
        let mut file = File::default();
        for frame in 0..30 {
            match frame {
                10 => recorder.pause(gap),
                20 => recorder.resume(),
                _ => {}
            }
            recorder.hear(8_000, &[1; FRAME], &[2; FRAME]);
            file.write(&mut reel);
        }
        drop(recorder);
        file.write(&mut reel);
        assert_eq!(file.samples.len(), length * FRAME * 2, "{gap:?}");
        let silent = file.samples.iter().filter(|sample| **sample == 0).count();
        assert_eq!(silent, (length - 20) * FRAME * 2, "{gap:?}");
    }
}

#[test]
fn what_was_said_before_a_pause_is_on_its_way_at_once() {
    let (mut recorder, mut reel) = recorder(take(Channels::Mono));
    recorder.hear(8_000, &[1; FRAME], &[]);
    assert!(matches!(reel.read(), Reading::Nothing));
    recorder.pause(Gap::Cut);
    assert!(matches!(reel.read(), Reading::Block(block) if block.samples() == [1; FRAME]));
}

#[test]
fn it_ends_at_its_longest_to_the_sample_and_says_so_once() {
    let (mut recorder, mut reel) = recorder(Take { max_length: Duration::from_millis(1_005), ..take(Channels::Mono) });
    let mut file = File::default();
    let ends: Vec<RecordEnd> = (0..100).filter_map(|frame| recorder.hear(8_000, &left(frame), &[])).collect();
    file.write(&mut reel);
    assert_eq!(ends, [RecordEnd::MaxLength]);
    assert_eq!(file.samples.len(), 8_040);
    assert_eq!(file.why(), Some(RecordEnd::MaxLength));
    drop(recorder);
}

#[test]
fn silence_ends_it_and_the_last_sound_is_known() {
    let (mut recorder, mut reel) = recorder(Take { end_silence: Some(Duration::from_secs(2)), ..take(Channels::Mono) });
    let mut file = File::default();
    let mut ended = None;
    for frame in 0..1_000 {
        let loud = frame % 25 < 15 && frame < 150;
        ended = recorder.hear(8_000, &[if loud { 3_000 } else { 3 }; FRAME], &[]);
        file.write(&mut reel);
        if ended.is_some() {
            break;
        }
    }
    assert_eq!(ended, Some(RecordEnd::EndSilence));
    let recorded = file.ended.expect("it has ended");
    // The last loud frame is number 139.
    assert_eq!(recorded.sounded, Duration::from_millis(140 * 20));
    assert_eq!(recorded.length, Duration::from_millis(140 * 20 + 2_000));
}

#[test]
fn a_writer_that_is_gone_ends_it() {
    let (mut recorder, reel) = recorder(take(Channels::Mono));
    drop(reel);
    let ends: Vec<RecordEnd> = (0..100).filter_map(|_| recorder.hear(8_000, &[1; FRAME], &[])).collect();
    assert_eq!(ends, [RecordEnd::Storage]);
    assert_eq!(recorder.finish(RecordEnd::Stopped), None);
}

#[test]
fn a_shorter_channel_and_another_rate_keep_the_time() {
    let (mut recorder, mut reel) = recorder(Take { rate: Rate::Wide, ..take(Channels::Stereo) });
    let mut file = File::default();
    for (rate, samples) in [(8_000, 160), (16_000, 320), (48_000, 960)] {
        recorder.follow(rate);
        recorder.hear(rate, &vec![500; samples], &vec![-500; samples]);
        recorder.hear(rate, &vec![500; samples], &[]);
        recorder.hear(rate, &[], &vec![-500; samples]);
    }
    // Of a rate that nobody told.
    recorder.hear(8_000, &[500; 160], &[-500; 160]);
    drop(recorder);
    file.write(&mut reel);
    assert_eq!(file.samples.len(), 10 * 320 * 2);
    for (index, frame) in file.samples.chunks(640).enumerate() {
        let expect = match index {
            9 => [0, 0],
            index => [[500, -500], [500, 0], [0, -500]][index % 3],
        };
        assert_eq!(frame[300..302], expect, "frame {index}");
    }
}

#[test]
fn both_sides_fit_into_one_channel_and_the_other_side_stands_by_itself() {
    for (channels, expected) in [(Channels::Mixed, 1_100), (Channels::Said, 100)] {
        let (mut recorder, mut reel) = recorder(take(channels));
        assert!(recorder.wants_said());
        let mut file = File::default();
        for _ in 0..50 {
            assert_eq!(recorder.hear(8_000, &[1_000; FRAME], &[100; FRAME]), None);
            file.write(&mut reel);
        }
        recorder.finish(RecordEnd::Stopped);
        file.write(&mut reel);
        assert_eq!(file.samples, vec![expected; 50 * FRAME], "{channels:?}");
    }
}

#[test]
fn silence_at_both_ends_is_left_out_but_for_a_moment() {
    let trimmed = Take { trim: Trim::Silence, end_silence: Some(Duration::from_secs(5)), ..take(Channels::Mono) };
    let (mut recorder, mut reel) = recorder(trimmed);
    let mut file = File::default();
    // 2 s of nothing, 1 s of a word, and nothing until that ends it.
    let mut ended = None;
    for frame in 0..1_000 {
        let sample = if (100..150).contains(&frame) { 4_000 } else { 0 };
        ended = recorder.hear(8_000, &[sample; FRAME], &[]);
        file.write(&mut reel);
        if ended.is_some() {
            assert_eq!(frame, 150 + 249, "5 s behind the last sound");
            break;
        }
    }
    assert_eq!(ended, Some(RecordEnd::EndSilence));
    let recorded = recorder.recorded().expect("it has ended");
    assert_eq!(recorded.length, Duration::from_millis(1_400), "the word and 200 ms on either side");
    let words = file.samples.iter().filter(|sample| **sample == 4_000).count();
    assert_eq!((words, file.samples.iter().position(|sample| *sample == 4_000)), (8_000, Some(1_600)));
}

#[test]
fn where_nothing_is_said_nothing_is_left_and_the_longest_counts_all_the_same() {
    let max_length = Duration::from_secs(3);
    let (mut recorder, mut reel) = recorder(Take { trim: Trim::Silence, max_length, ..take(Channels::Mono) });
    let mut file = File::default();
    let ended = (1..=200).find(|_| {
        let ended = recorder.hear(8_000, &[0; FRAME], &[]);
        file.write(&mut reel);
        ended == Some(RecordEnd::MaxLength)
    });
    assert_eq!((ended, file.samples.len()), (Some(150), 0));
    assert!(!recorder.recorded().expect("it has ended").reaches(Duration::ZERO));
}
