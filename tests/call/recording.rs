//! Recordings: of whole calls, over bridges and bad networks, and messages that end at any moment.
//!
//! Sources: `ringme-ivr.md` 3.8 (start_record), 3.11 (voicemail), row A24.

use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::{
    Recording, RecordingState,
    op::{Gap, Which},
};
use antiphon_media::Audio;
use antiphon_media::record::RecordEnd;
use antiphon_server::call::{CallEvent, RecordingControl};
use antiphon_server::recording::{Entry, Kind, State};
use antiphon_testkit::{Answering, Path, noise};
use tokio::sync::oneshot;

use crate::world::{World, pass};

/// The samples of a file that opens, by channel.
#[track_caller]
fn channels(world: &World, entry: &Entry) -> Vec<Vec<i16>> {
    let file = world.recording(entry.id);
    let length = u32::from_le_bytes(file[40..44].try_into().expect("a head")) as usize;
    assert_eq!((&file[..4], &file[36..40], length), (&b"RIFF"[..], &b"data"[..], file.len() - 44));
    let samples: Vec<i16> = file[44..].chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let count = entry.format.channels.count();
    assert_eq!(u16::from_le_bytes([file[22], file[23]]) as usize, count);
    (0..count).map(|channel| samples.iter().skip(channel).step_by(count).copied().collect()).collect()
}

#[track_caller]
fn only(world: &World) -> Arc<Entry> {
    let all = world.server.rooms.recordings.all();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

/// A click in each second.
fn clicks() -> Audio {
    let mut second = vec![0; 8_000];
    second[1_600..1_760].fill(12_000);
    Audio::from_pcm(&second)
}

/// Where clicks begin, in samples.
fn found(samples: &[i16]) -> Vec<i64> {
    let mut found: Vec<i64> = Vec::new();
    for at in (0i64..).zip(samples).filter(|(_, sample)| sample.unsigned_abs() > 6_000).map(|(at, _)| at) {
        if found.last().is_none_or(|last| at > last + 2_000) {
            found.push(at);
        }
    }
    found
}

/// Where in their second the clicks of a stretch of the file are, in samples from `zero`; the middle one of them.
fn places(clicks: &[i64], zero: i64, seconds: std::ops::Range<i64>) -> (Vec<i64>, i64) {
    let inside = clicks.iter().filter(|&&at| seconds.contains(&(at / 8_000)));
    let mut places: Vec<i64> = inside.map(|at| (at - zero + 4_000).rem_euclid(8_000) - 4_000).collect();
    places.sort_unstable();
    let middle = places[places.len() / 2];
    (places, middle)
}

#[tokio::test]
async fn ten_minutes_of_a_bridge_over_a_bad_network_stay_aligned_within_20_ms() {
    let world = World::new().await;
    let bad = Path {
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(30),
        loss: 0.03,
        duplicate: 0.01,
        // Held back for another 30 to 60 ms: more than the jitter, and rare enough that nobody should wait for it for long.
        reorder: 0.01,
    };
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.speak(Some(clicks())).await;
    callee.speak(Some(clicks())).await;
    caller.call("084").await;
    caller.up().await;
    pass(2_500).await;
    caller.press('2').await;
    callee.up().await;
    world.net.set_usual_path(bad);
    pass(600_000).await;
    world.net.set_usual_path(Path::default());
    caller.hang_up().await;
    callee.over().await;
    pass(500).await;
    let entry = only(&world);
    assert_eq!((entry.state, entry.of.kind), (State::Ended(RecordEnd::CallOver), Kind::Call));
    assert_eq!(
        (entry.of.extension.as_str(), entry.of.from.as_str(), entry.of.to.as_str()),
        ("000*084", "caller", "084")
    );
    let call = &world.server.rooms.trace.calls()[0];
    let (began, ended) = call.record(|record| (record.ops[0].at, record.ended.expect("it is over").0));
    let lasted = ended - began - Duration::from_millis(500);
    assert!(entry.duration().abs_diff(lasted) < Duration::from_millis(60), "{:?} of {lasted:?}", entry.duration());
    let channels = channels(&world, &entry);
    // Both have clicked in step with one clock, so that how late a channel is against its source is where its clicks are.
    let drifts = ["caller", "callee"].iter().zip(&channels).map(|(name, channel)| {
        let clicks = found(channel);
        assert!(clicks.len() > 560, "{} clicks of the {name}", clicks.len());
        let (_, second) = places(&clicks, clicks[60], 60..120);
        let (all, _) = places(&clicks, clicks[60] + second, 15..600);
        // What was held back may be waited for, and for no more than that: 60 ms over 30 ms of jitter.
        assert!(
            all.iter().all(|at| at.abs() <= 90 * 8),
            "clicks of the {name} lie {all:?} samples from the second minute's"
        );
        let (_, last) = places(&clicks, clicks[60] + second, 540..600);
        assert!(last.abs() <= 160, "the last minute of the {name} is {last} samples from the second");
        last
    });
    let drifts: Vec<i64> = drifts.collect();
    assert!((drifts[0] - drifts[1]).abs() <= 160, "the channels have moved by {drifts:?} samples");
    world.leaves_nothing().await;
}

/// Row A24 of `ringme-ivr.md` 6.
#[tokio::test]
async fn another_extension_that_records_ends_the_recording_of_the_first() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("084").await;
    caller.up().await;
    pass(3_000).await;
    caller.press('6').await;
    pass(4_000).await;
    caller.hang_up().await;
    pass(500).await;
    let all = world.server.rooms.recordings.all();
    let told: Vec<_> = all.iter().map(|entry| (entry.of.extension.as_str(), entry.state)).collect();
    let first = ("000*084", State::Ended(RecordEnd::Stopped));
    assert_eq!(told, [first, ("000*086", State::Ended(RecordEnd::CallOver))]);
    for entry in &all {
        channels(&world, entry);
    }
    world.leaves_nothing().await;
}

/// Asks the only call about its recording.
async fn ask(world: &World, what: Recording) -> RecordingState {
    let call = world.server.rooms.trace.calls()[0].clone();
    let (reply, told) = oneshot::channel();
    assert!(call.tell(CallEvent::Recording(RecordingControl { what: Some(what), reply })));
    told.await.expect("the call answers").state
}

#[tokio::test]
async fn a_call_is_recorded_paused_and_stopped_from_outside_while_its_menu_plays() {
    let world = World::new().await;
    let caller = world.caller();
    caller.speak(Some(Audio::from_pcm(&noise(5, Duration::from_secs(1))))).await;
    caller.call("071").await;
    caller.up().await;
    pass(1_000).await;
    assert_eq!(ask(&world, Recording::Pause(Which::Newest, Gap::Cut)).await, RecordingState::Off);
    assert_eq!(ask(&world, Recording::start()).await, RecordingState::Running);
    pass(1_000).await;
    assert_eq!(ask(&world, Recording::Pause(Which::Newest, Gap::Silent)).await, RecordingState::Paused);
    pass(1_000).await;
    assert_eq!(ask(&world, Recording::Resume(Which::Newest)).await, RecordingState::Running);
    pass(1_000).await;
    assert_eq!(ask(&world, Recording::Stop(Which::Newest)).await, RecordingState::Off);
    pass(500).await;
    let entry = only(&world);
    assert_eq!(entry.state, State::Ended(RecordEnd::Stopped));
    assert!(entry.duration().abs_diff(Duration::from_secs(3)) <= Duration::from_millis(60), "{:?}", entry.duration());
    for channel in channels(&world, &entry) {
        let loud =
            |from: usize| channel[from..from + 4_000].iter().filter(|sample| sample.unsigned_abs() > 200).count();
        assert!(loud(2_000) > 1_000 && loud(18_000) > 1_000, "{} {}", loud(2_000), loud(18_000));
        assert_eq!(loud(10_000), 0, "nothing of the pause is in the file");
    }
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_message_holds_what_was_said_after_the_beep_and_ends_with_silence() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("085").await;
    caller.up().await;
    // The greeting and the beep; then the caller speaks for 4 s.
    let call = world.server.rooms.trace.calls()[0].clone();
    while call.record(|record| record.ops.iter().filter(|op| op.name == "play").count()) == 0 {
        pass(20).await;
    }
    pass(2_000).await;
    caller.speak(Some(Audio::from_pcm(&noise(5, Duration::from_secs(1))))).await;
    pass(4_000).await;
    caller.speak(None).await;
    caller.over().await;
    pass(500).await;
    let entry = only(&world);
    assert_eq!((entry.state, entry.of.kind), (State::Ended(RecordEnd::EndSilence), Kind::Message));
    assert!((Duration::from_secs(9)..Duration::from_secs(12)).contains(&entry.duration()), "{:?}", entry.duration());
    let channels = channels(&world, &entry);
    assert_eq!(channels.len(), 1);
    let loud = channels[0].iter().filter(|sample| sample.unsigned_abs() > 200).count();
    assert!((20_000..33_000).contains(&loud), "{loud} samples of speech");
    let ops = call.record(|record| record.ops.iter().map(|op| (op.name, op.outcome)).collect::<Vec<_>>());
    assert!(ops.contains(&("record", "end_silence")), "{ops:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_hang_up_at_any_frame_of_the_beep_and_the_message_leaves_a_file_that_opens_or_none() {
    let world = World::new().await;
    let caller = world.caller();
    caller.speak(Some(Audio::from_pcm(&noise(5, Duration::from_secs(1))))).await;
    let mut kept = 0;
    for frame in (0..60).chain((60..180).step_by(7)) {
        caller.call("085").await;
        caller.until("is up", |stage| *stage == antiphon_testkit::Stage::Up).await;
        let call = world.server.rooms.trace.calls().last().expect("a call").clone();
        while call.record(|record| record.ops.iter().filter(|op| op.name == "play").count()) == 0 {
            pass(20).await;
        }
        pass(frame * 20 + 3).await;
        caller.hang_up().await;
        pass(500).await;
        let all = world.server.rooms.recordings.all();
        if all.len() > kept {
            kept = all.len();
            let entry = &all[kept - 1];
            assert_eq!(entry.state, State::Ended(RecordEnd::CallOver), "frame {frame}");
            assert!(entry.duration() >= Duration::from_secs(2), "frame {frame}");
            channels(&world, entry);
        }
        assert_eq!(world.recording_files(), 2 * kept, "frame {frame}");
    }
    assert!((2..40).contains(&kept), "{kept} messages were long enough");
    world.leaves_nothing().await;
}
