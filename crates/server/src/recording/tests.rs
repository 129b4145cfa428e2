//! The writer and its files, with a disk that can be full and a process that can be killed anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};
use std::time::Instant;

use antiphon_media::record::{Channels, Gap, Rate, Trim, wav};

use super::disk::{Machine, Output};
use super::*;
use crate::{calls::CallId, store::ClientId};

/// A disk of so many bytes, which counts flushes, and knows what a power cut would leave.
struct Small {
    machine: Machine,
    left: Arc<AtomicU64>,
    flushes: Arc<AtomicU64>,
    safe: Arc<Safe>,
}

/// What is on the medium: bytes of each file, and the names that lead to them.
#[derive(Default)]
struct Safe {
    files: Mutex<BTreeMap<String, u64>>,
    names: Mutex<BTreeSet<String>>,
}

struct SmallFile {
    name: String,
    safe: Arc<Safe>,
    file: Arc<dyn Output>,
    length: AtomicU64,
    left: Arc<AtomicU64>,
    flushes: Arc<AtomicU64>,
}

impl Output for SmallFile {
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let (end, length) = (at + bytes.len() as u64, self.length.load(Ordering::Relaxed));
        let more = end.saturating_sub(length);
        let left = self.left.load(Ordering::Relaxed);
        if more > left {
            // What fits is written, as a disk does.
            let fits = bytes.len() - (more - left) as usize;
            self.file.write_at(at, &bytes[..fits])?;
            self.left.store(0, Ordering::Relaxed);
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left.fetch_sub(more, Ordering::Relaxed);
        self.length.fetch_max(end, Ordering::Relaxed);
        self.file.write_at(at, bytes)
    }
    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }
    fn flush(&self) -> io::Result<()> {
        self.flushes.fetch_add(1, Ordering::Relaxed);
        self.safe.files.lock().unwrap().insert(self.name.clone(), self.length.load(Ordering::Relaxed));
        Ok(())
    }
}

impl Small {
    fn wrap(&self, name: &str, file: Arc<dyn Output>, length: u64) -> Arc<dyn Output> {
        let (left, flushes, safe) = (self.left.clone(), self.flushes.clone(), self.safe.clone());
        Arc::new(SmallFile { name: name.to_owned(), safe, file, length: length.into(), left, flushes })
    }
}

impl Disk for Small {
    fn create(&self, name: &str, first: &[u8]) -> io::Result<Arc<dyn Output>> {
        if self.left.load(Ordering::Relaxed) < first.len() as u64 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left.fetch_sub(first.len() as u64, Ordering::Relaxed);
        Ok(self.wrap(name, self.machine.create(name, first)?, first.len() as u64))
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.machine.replace(name, bytes)
    }
    fn update(&self, name: &str) -> io::Result<Arc<dyn Output>> {
        Ok(self.wrap(name, self.machine.update(name)?, self.machine.length(name)?))
    }
    fn read(&self, name: &str) -> io::Result<File> {
        self.machine.read(name)
    }
    fn length(&self, name: &str) -> io::Result<u64> {
        self.machine.length(name)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.machine.remove(name)
    }
    fn names(&self) -> io::Result<Vec<String>> {
        self.machine.names()
    }
    fn free(&self) -> io::Result<u64> {
        Ok(self.left.load(Ordering::Relaxed))
    }
    fn flush_names(&self) -> io::Result<()> {
        *self.safe.names.lock().unwrap() = self.machine.names()?.into_iter().collect();
        Ok(())
    }
    fn flush_all(&self) -> io::Result<()> {
        self.flushes.fetch_add(1, Ordering::Relaxed);
        for name in self.machine.names()? {
            let length = self.machine.length(&name)?;
            self.safe.files.lock().unwrap().insert(name, length);
        }
        self.flush_names()
    }
}

/// A writer that the test drives, frame by frame.
struct House {
    folder: tempfile::TempDir,
    recordings: Recordings,
    work: Work,
    now: Instant,
    left: Arc<AtomicU64>,
    flushes: Arc<AtomicU64>,
    safe: Arc<Safe>,
}

const ROOMY: u64 = 1 << 40;
const LONG: Duration = Duration::from_secs(3_600);

impl House {
    fn new(bytes: u64, min_free: u64) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), bytes, min_free)
    }

    /// A start in a folder that may hold recordings.
    fn in_folder(folder: tempfile::TempDir, bytes: u64, min_free: u64) -> Self {
        let (left, flushes): (Arc<AtomicU64>, _) = (Arc::new(bytes.into()), Arc::default());
        let machine = Machine::open(folder.path()).unwrap();
        let safe = Arc::<Safe>::default();
        let disk = Arc::new(Small { machine, left: left.clone(), flushes: Arc::clone(&flushes), safe: safe.clone() });
        let settings = RecordingSettings { min_free, ..RecordingSettings::default() };
        let (recordings, work) = Recordings::open(disk, settings).unwrap();
        let now = tokio::time::Instant::now().into_std();
        Self { folder, recordings, work, now, left, flushes, safe }
    }

    fn begin(&self, channels: Channels, least: Duration) -> Result<Box<Recorder>, NotRecorded> {
        let take = Take { channels, rate: Rate::Narrow, max_length: LONG, end_silence: None, trim: Trim::Nothing };
        self.recordings.begin(beginning(), take, least)
    }

    /// Frames of a ramp, with a pass of the writer after each.
    fn record(&mut self, recorder: &mut Recorder, frames: std::ops::Range<usize>) -> Option<RecordEnd> {
        let mut ended = None;
        for frame in frames {
            let left: Vec<i16> = (0..160).map(|sample| (frame * 160 + sample) as i16).collect();
            let right: Vec<i16> = left.iter().map(|sample| !sample).collect();
            ended = ended.or(recorder.hear(8_000, &left, &right));
            self.pass();
        }
        ended
    }

    fn pass(&mut self) {
        self.now += Duration::from_millis(20);
        self.work.pass(self.now);
    }

    fn bytes(&self, id: RecordingId) -> Vec<u8> {
        std::fs::read(self.folder.path().join(sidecar::sound_name(id))).unwrap()
    }

    fn only(&self) -> Arc<Entry> {
        let all = self.recordings.all();
        assert_eq!(all.len(), 1);
        all[0].clone()
    }

    /// Dies, and starts again.
    fn killed(self) -> Self {
        let Self { folder, recordings, work, .. } = self;
        drop((recordings, work));
        Self::in_folder(folder, ROOMY, 0)
    }
}

fn beginning() -> Beginning {
    Beginning {
        label: String::new(),
        left: None,
        client: ClientId(1),
        call: CallId::new(),
        extension: "000*071".to_owned(),
        from: "../../etc/passwd".to_owned(),
        to: "071".to_owned(),
        kind: Kind::Call,
    }
}

/// The samples of a file that opens, as the reader of uploads has them: both channels in one.
#[track_caller]
fn opened(file: &[u8], format: wav::Format) -> usize {
    let claimed = u32::from_le_bytes(file[40..44].try_into().unwrap()) as usize;
    assert!(claimed <= file.len() - 44, "the head claims more than there is: {claimed} of {}", file.len() - 44);
    assert_eq!(file[..44], format.head(claimed as u64));
    claimed
}

#[test]
fn the_file_opens_at_every_moment_and_is_at_most_a_block_behind() {
    let mut house = House::new(ROOMY, 0);
    let mut recorder = house.begin(Channels::Stereo, Duration::ZERO).unwrap();
    for frame in 0..500 {
        assert_eq!(house.record(&mut recorder, frame..frame + 1), None);
        let entry = house.only();
        let samples = opened(&house.bytes(entry.id), entry.format);
        let said = (frame + 1) * 640;
        assert!(samples <= said && said - samples < 6_400, "{samples} of {said} after frame {frame}");
        assert_eq!(entry.state, State::Running);
    }
    recorder.finish(RecordEnd::Stopped);
    house.pass();
    let entry = house.only();
    let file = house.bytes(entry.id);
    assert_eq!(opened(&file, entry.format), 500 * 640);
    assert_eq!((entry.state, entry.duration()), (State::Ended(RecordEnd::Stopped), Duration::from_secs(10)));
    for (index, pair) in file[44..].chunks(4).enumerate() {
        let sample = (index as i16).to_le_bytes();
        assert_eq!(pair, [sample, (!(index as i16)).to_le_bytes()].concat());
    }
    // Ten seconds: one flush in each, those of the end, and one of what says whose it is.
    let flushes = house.flushes.load(Ordering::Relaxed);
    assert!((10..=14).contains(&flushes), "{flushes}");
}

#[test]
fn whatever_a_kill_leaves_opens_after_the_next_start_with_all_its_samples() {
    let mut whole = House::new(ROOMY, 0);
    let mut recorder = whole.begin(Channels::Stereo, Duration::ZERO).unwrap();
    whole.record(&mut recorder, 0..45);
    let entry = whole.only();
    let (sound, beside) =
        (whole.bytes(entry.id), std::fs::read(whole.folder.path().join(format!("{}.json", entry.id))));
    let beside = beside.unwrap();
    // The file as it was after a part of a write, with the head of before.
    for cut in (0..60).chain((61..sound.len()).step_by(331)).chain([sound.len()]) {
        let folder = tempfile::tempdir().unwrap();
        let stale = (cut.saturating_sub(44) / 6_400 * 6_400) as u64;
        let mut torn = sound[..cut].to_vec();
        let head = entry.format.head(stale);
        let heads = torn.len().min(44);
        torn[..heads].copy_from_slice(&head[..heads]);
        std::fs::write(folder.path().join(sidecar::sound_name(entry.id)), &torn).unwrap();
        std::fs::write(folder.path().join(sidecar::sidecar_name(entry.id)), &beside).unwrap();
        let after = House::in_folder(folder, ROOMY, 0);
        let samples = cut.saturating_sub(44) / 4 * 4;
        if samples == 0 {
            assert!(after.recordings.all().is_empty(), "cut at {cut}");
            assert_eq!(std::fs::read_dir(after.folder.path()).unwrap().count(), 0, "cut at {cut}");
            continue;
        }
        let found = after.only();
        assert_eq!((found.state, found.samples), (State::Interrupted, samples as u64), "cut at {cut}");
        let file = after.bytes(entry.id);
        assert_eq!(opened(&file, entry.format), samples, "cut at {cut}");
        assert_eq!(file[44..], sound[44..44 + samples], "cut at {cut}");
        // The start after that finds nothing to repair.
        let again = after.killed();
        assert_eq!((again.only().state, again.only().samples), (State::Interrupted, samples as u64));
    }
}

#[test]
fn a_power_cut_leaves_what_was_flushed_and_whose_it_is() {
    for count in [1, 20] {
        let mut house = House::new(ROOMY, 0);
        let mut recorders: Vec<_> =
            (0..count).map(|_| house.begin(Channels::Stereo, Duration::ZERO).unwrap()).collect();
        for frame in 0..150 {
            for recorder in &mut recorders {
                assert_eq!(house.record(recorder, frame..frame + 1), None);
            }
        }
        assert_eq!(house.recordings.all().len(), count);
        let folder = tempfile::tempdir().unwrap();
        let files = house.safe.files.lock().unwrap().clone();
        for name in &*house.safe.names.lock().unwrap() {
            let mut file = std::fs::read(house.folder.path().join(name)).unwrap();
            file.truncate(files.get(name).map_or(0, |&length| length as usize));
            std::fs::write(folder.path().join(name), file).unwrap();
        }
        let after = House::in_folder(folder, ROOMY, 0);
        let kept = after.recordings.all();
        assert_eq!(kept.len(), count, "of those that were recorded");
        for entry in kept {
            assert_eq!(entry.state, State::Interrupted);
            assert!(entry.duration() >= Duration::from_millis(1_700), "{:?} of 3 s", entry.duration());
        }
    }
}

#[test]
fn a_recording_is_known_after_a_start_with_all_that_was_known_of_it() {
    let mut house = House::new(ROOMY, 0);
    let mut recorder = house.begin(Channels::Mono, Duration::ZERO).unwrap();
    house.record(&mut recorder, 0..25);
    recorder.pause(Gap::Silent);
    house.record(&mut recorder, 25..50);
    drop(recorder);
    house.pass();
    let before = house.only();
    assert_eq!((before.state, before.duration()), (State::Ended(RecordEnd::CallOver), Duration::from_secs(1)));
    let house = house.killed();
    let mut after = Entry::clone(&house.only());
    // Written in milliseconds.
    after.started = before.started;
    assert_eq!(after, *before);
    assert_eq!(after.of.from, "../../etc/passwd");
    assert!(house.folder.path().join(format!("{}.wav", after.id)).exists());
}

#[test]
fn a_full_disk_ends_the_recording_in_order_and_the_file_opens() {
    for bytes in [3_000, 10_000, 12_000, 50_000] {
        let mut house = House::new(bytes, 0);
        let mut recorder = house.begin(Channels::Mono, Duration::ZERO).unwrap();
        let ended = house.record(&mut recorder, 0..300);
        assert_eq!(ended, Some(RecordEnd::Storage), "{bytes}");
        assert_eq!(recorder.recorded().map(|recorded| recorded.why), Some(RecordEnd::Storage));
        let blocks = (bytes as usize).saturating_sub(700) / 3_200;
        if blocks == 0 {
            assert!(house.recordings.all().is_empty());
            assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), 0);
            continue;
        }
        let entry = house.only();
        assert_eq!(entry.state, State::Ended(RecordEnd::Storage), "{bytes}");
        let file = house.bytes(entry.id);
        assert_eq!(opened(&file, entry.format), file.len() - 44, "{bytes}");
        assert!(entry.samples as usize >= blocks * 3_200, "{bytes}: {}", entry.samples);
        // There may have been no room for its last line; the next start knows its length all the same.
        let samples = entry.samples;
        let after = house.killed();
        assert_eq!(after.only().samples, samples);
    }
}

#[test]
fn a_disk_with_too_little_room_ends_recordings_and_takes_them_again_later() {
    let mut house = House::new(ROOMY, 1_000_000);
    let mut recorder = house.begin(Channels::Mono, Duration::ZERO).unwrap();
    assert_eq!(house.record(&mut recorder, 0..100), None);
    house.left.store(999_999, Ordering::Relaxed);
    assert_eq!(house.record(&mut recorder, 100..200), Some(RecordEnd::Storage));
    let entry = house.only();
    assert_eq!(entry.state, State::Ended(RecordEnd::Storage));
    assert!(entry.duration() >= Duration::from_secs(2));
    assert_eq!(house.begin(Channels::Mono, Duration::ZERO).err(), Some(NotRecorded::NoSpace));
    house.left.store(ROOMY, Ordering::Relaxed);
    house.now += Duration::from_secs(1);
    house.pass();
    assert!(house.begin(Channels::Mono, Duration::ZERO).is_ok());
}

#[test]
fn what_is_too_short_is_not_kept() {
    for (frames, kept) in [(0, false), (99, false), (100, true)] {
        let mut house = House::new(ROOMY, 0);
        let mut recorder = house.begin(Channels::Mono, Duration::from_secs(2)).unwrap();
        house.record(&mut recorder, 0..frames);
        drop(recorder);
        house.pass();
        assert_eq!(house.recordings.all().len(), usize::from(kept), "{frames}");
        assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), if kept { 2 } else { 0 }, "{frames}");
    }
}

#[test]
fn a_recording_is_deleted_once_it_has_ended() {
    let mut house = House::new(ROOMY, 0);
    let mut recorder = house.begin(Channels::Mono, Duration::ZERO).unwrap();
    house.record(&mut recorder, 0..50);
    let id = house.only().id;
    assert_eq!(house.recordings.delete(id), Err(NotDeleted::Running));
    drop(recorder);
    house.pass();
    assert_eq!(house.recordings.delete(id), Ok(()));
    assert_eq!(house.recordings.delete(id), Err(NotDeleted::Unknown));
    assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), 0);
}

#[test]
fn files_of_others_and_broken_ones_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let id = RecordingId(7);
    let names = ["notes.txt", "song.wav", &sidecar::sound_name(id), &sidecar::sidecar_name(id), "x.wav.new", "0.json"];
    for name in names {
        std::fs::write(folder.path().join(name), b"\xff not ours").unwrap();
    }
    let house = House::in_folder(folder, ROOMY, 0);
    assert!(house.recordings.all().is_empty());
    let left: std::collections::BTreeSet<_> = house.work_names();
    for name in &names[..4] {
        assert!(left.contains(*name), "{name}");
    }
    assert!(!left.contains("x.wav.new"));
}

impl House {
    fn work_names(&self) -> std::collections::BTreeSet<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}
