//! Uploads over a web server of the test, on virtual time.

use std::{
    collections::VecDeque,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_ivr::{
    FetchError, FetchMethod,
    op::{SoundFormat, Upload},
};
use antiphon_media::record::{Channels, Rate, RecordEnd, Recorder, RecordingId, Take, Trim};
use tokio::time::Instant;

use super::{
    encoded::Encoded,
    encoder::{EncoderSetting, NotEncoded},
    *,
};
use crate::{
    recording::{self, Kind, disk::Machine, sidecar::Beginning},
    settings::{DebugSettings, RecordingSettings, WebSettings},
    web::{Answer, Answering, Errand, WebWire},
};

const CLIENT: ClientId = ClientId(3);

/// A web server that answers with these statuses, 0 for none at all, 1 for one that never ends, and what it got.
#[derive(Default)]
struct Taker {
    statuses: Mutex<VecDeque<u16>>,
    got: Mutex<Vec<(Duration, Errand)>>,
    began: Mutex<Option<Instant>>,
}

impl WebWire for Taker {
    fn carry(&self, errand: Errand) -> Answering<'_> {
        let began = *self.began.lock().unwrap().get_or_insert_with(Instant::now);
        self.got.lock().unwrap().push((began.elapsed(), errand));
        let status = self.statuses.lock().unwrap().pop_front().unwrap_or(200);
        Box::pin(async move {
            match status {
                0 => Err(FetchError::Unreachable("nobody is there".to_owned())),
                1 => std::future::pending().await,
                302 => {
                    let location = ("location".to_owned(), "/elsewhere".to_owned());
                    Ok(Answer { status, headers: vec![location], body: Vec::new() })
                }
                status => Ok(Answer { status, ..Answer::default() }),
            }
        })
    }
}

struct House {
    recordings: Recordings,
    uploads: Uploads,
    taker: Arc<Taker>,
    owner: tokio::task::JoinHandle<()>,
}

impl House {
    fn open(folder: &Path, statuses: &[u16], encoder: EncoderSetting) -> Self {
        let taker = Arc::new(Taker { statuses: Mutex::new(statuses.iter().copied().collect()), ..Taker::default() });
        let disk = |name| Arc::new(Machine::open(&folder.join(name)).unwrap());
        let (recordings, work) = Recordings::open(disk("recordings"), RecordingSettings::default()).unwrap();
        tokio::spawn(recording::drive::drive(work));
        let web = Web::new(&WebSettings::default(), taker.clone());
        let encoder = Encoder::new(encoder, &folder.join("uploads"));
        let debug = HttpDebug::new(DebugSettings::default());
        let (uploads, owner) = Uploads::open(disk("uploads"), recordings.clone(), web, debug, encoder).unwrap();
        Self { recordings, uploads, taker, owner: tokio::spawn(owner.run()) }
    }

    /// A recording that goes on, of as much sound as it is told.
    fn record(&self) -> Box<Recorder> {
        let take = Take {
            channels: Channels::Mono,
            rate: Rate::Narrow,
            max_length: Duration::from_secs(60),
            end_silence: None,
            trim: Trim::Nothing,
        };
        let beginning = Beginning {
            client: CLIENT,
            call: CallId::new(),
            extension: "000*071".to_owned(),
            from: String::new(),
            to: String::new(),
            kind: Kind::Call,
            label: String::new(),
            left: None,
        };
        let mut recorder = self.recordings.begin(beginning, take, Duration::ZERO).unwrap();
        for _ in 0..50 {
            recorder.hear(8_000, &[1_234; 160], &[]);
        }
        recorder
    }

    fn send(&self, id: RecordingId, url: &str, format: SoundFormat) {
        let recording = antiphon_ivr::RecordingId(id.0);
        let upload = Upload { recording, method: FetchMethod::Put, url: url.to_owned(), format };
        self.uploads.begin(CLIENT, CallId::new(), &upload).expect("there is room");
    }

    /// The only upload, once it is so.
    async fn once(&self, is_so: impl Fn(&Entry) -> bool) -> Arc<Entry> {
        for _ in 0..200_000 {
            if let Some(entry) = self.uploads.of_client(CLIENT).first().filter(|entry| is_so(entry)) {
                return entry.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never was: {:?}", self.uploads.of_client(CLIENT));
    }

    fn got(&self) -> Vec<(u64, String, String, usize)> {
        let got = self.taker.got.lock().unwrap();
        let shown = got.iter().map(|(at, errand)| {
            let kind = errand.headers.iter().find(|(name, _)| name == "content-type").map(|(_, kind)| kind.clone());
            let bytes = errand.file.as_ref().map_or(0, |file| file.length as usize);
            (at.as_secs(), format!("{} {}", errand.method, errand.url), kind.unwrap_or_default(), bytes)
        });
        shown.collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_sent_when_it_is_whole_and_not_again_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[], EncoderSetting::Off);
    let mut recorder = house.record();
    let id = recorder.id();
    house.send(id, "http://example.com/put/a.wav?call=1", SoundFormat::Wav);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(house.got().is_empty(), "it goes on");
    recorder.finish(RecordEnd::Stopped);
    let sent = house.once(|entry| entry.state == State::Sent).await;
    assert_eq!((sent.attempts, sent.status, sent.bytes), (1, Some(200), Some(16_044)));
    let got = house.got();
    assert_eq!(got.len(), 1);
    assert_eq!(
        (got[0].1.as_str(), got[0].2.as_str(), got[0].3),
        ("PUT http://example.com/put/a.wav?call=1", "audio/wav", 16_044)
    );
    let file = house.taker.got.lock().unwrap()[0].1.file.clone().unwrap();
    let bytes = fs::read(folder.path().join(format!("recordings/{id}.wav"))).unwrap();
    assert!(file.read().unwrap() == bytes, "the file as it is");
    house.owner.abort();
    let again = House::open(folder.path(), &[], EncoderSetting::Off);
    tokio::time::sleep(Duration::from_secs(3_000)).await;
    assert!(again.got().is_empty(), "what was sent is not sent again");
    assert_eq!(again.once(|_| true).await.state, State::Sent);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_by_a_start_is_sent_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[1], EncoderSetting::Off);
    let mut recorder = house.record();
    house.send(recorder.id(), "http://example.com/a.wav", SoundFormat::Wav);
    recorder.finish(RecordEnd::Stopped);
    house.once(|entry| entry.state == State::Sending).await;
    // The process dies while the server takes it.
    house.owner.abort();
    let again = House::open(folder.path(), &[], EncoderSetting::Off);
    let sent = again.once(|entry| entry.state == State::Sent).await;
    assert_eq!((again.got().len(), sent.bytes), (1, Some(16_044)));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_is_asked_five_times_more_with_growing_pauses() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[500, 0, 404, 503, 500, 500], EncoderSetting::Off);
    let mut recorder = house.record();
    recorder.finish(RecordEnd::Stopped);
    house.send(recorder.id(), "http://example.com/a.wav", SoundFormat::Wav);
    let failed = house.once(|entry| entry.state == State::Failed).await;
    assert_eq!(failed.attempts, 6);
    assert_eq!(failed.error.as_deref(), Some("given up after 6 tries: the server answered with 500"));
    assert_eq!(house.got().len(), 6);
    // Somebody has mended it, and asks for one more.
    house.uploads.retry(CLIENT, failed.id).unwrap();
    house.once(|entry| entry.state == State::Sent).await;
    assert_eq!(house.uploads.retry(CLIENT, failed.id), Err(NotDone::Sent));
    assert_eq!(house.uploads.retry(ClientId(9), failed.id), Err(NotDone::Unknown), "of another client");
}

#[tokio::test(start_paused = true)]
async fn the_file_goes_along_with_a_redirect() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[302, 201], EncoderSetting::Off);
    let mut recorder = house.record();
    recorder.finish(RecordEnd::Stopped);
    let id = recorder.id();
    let recording = antiphon_ivr::RecordingId(id.0);
    let url = "http://example.com/a.wav".to_owned();
    let upload = Upload { recording, method: FetchMethod::Post, url, format: SoundFormat::Wav };
    house.uploads.begin(CLIENT, CallId::new(), &upload).unwrap();
    let sent = house.once(|entry| entry.state == State::Sent).await;
    let asked: Vec<_> = house.got().into_iter().map(|(_, asked, _, bytes)| (asked, bytes)).collect();
    let expected = ["POST http://example.com/a.wav", "POST http://example.com/elsewhere"];
    assert_eq!(asked, expected.map(|asked| (asked.to_owned(), 16_044)));
    assert_eq!(sent.status, Some(201));
}

#[tokio::test(start_paused = true)]
async fn without_an_encoder_mp3_is_wav_by_its_name_its_type_and_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[], EncoderSetting::Off);
    let mut recorder = house.record();
    recorder.finish(RecordEnd::Stopped);
    house.send(recorder.id(), "http://example.com/call_1.mp3?x=a.mp3&y=b", SoundFormat::Mp3);
    let sent = house.once(|entry| entry.state == State::Sent).await;
    let got = house.got();
    assert_eq!((got[0].1.as_str(), got[0].2.as_str()), ("PUT http://example.com/call_1.wav?x=a.wav&y=b", "audio/wav"));
    assert!(sent.note.as_deref().is_some_and(|note| note.starts_with("sent as WAV: no program makes MP3")));
}

#[tokio::test]
async fn an_encoder_makes_what_is_sent() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    // It is told as a lame is, and makes as many bytes as it read.
    let program = folder.path().join("lame");
    fs::write(&program, "#!/bin/sh\n[ \"$*\" = '--quiet -b 32 - -' ] || exit 3\necho ID3\nwc -c\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let house = House::open(folder.path(), &[], EncoderSetting::Program(program.display().to_string()));
    let mut recorder = house.record();
    recorder.finish(RecordEnd::Stopped);
    house.send(recorder.id(), "http://example.com/call_1.mp3", SoundFormat::Mp3);
    house.once(|entry| entry.state == State::Sent).await;
    let errand = house.taker.got.lock().unwrap()[0].1.clone();
    assert_eq!(errand.url.path(), "/call_1.mp3");
    assert_eq!(errand.file.unwrap().read().unwrap(), b"ID3\n16044\n");
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_came_to_nothing_is_not_sent_and_a_foreign_one_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[], EncoderSetting::Off);
    let recorder = house.record();
    let id = recorder.id();
    let foreign = Upload {
        recording: antiphon_ivr::RecordingId(id.0),
        method: FetchMethod::Put,
        url: "http://example.com/".to_owned(),
        format: SoundFormat::Wav,
    };
    assert_eq!(house.uploads.begin(ClientId(9), CallId::new(), &foreign), Err(NotBegun::Unknown));
    assert!(house.uploads.of_client(ClientId(9)).is_empty());
    house.send(id, "http://example.com/", SoundFormat::Wav);
    drop(recorder);
    house.recordings.once_whole(id, Duration::from_secs(5)).await.expect("it is whole");
    house.once(|entry| !entry.is_open()).await;
    // One that is deleted before it can be sent.
    let second = House::open(&folder.path().join("second"), &[500], EncoderSetting::Off);
    let mut recorder = second.record();
    recorder.finish(RecordEnd::Stopped);
    second.send(recorder.id(), "http://example.com/", SoundFormat::Wav);
    second.once(|entry| entry.attempts == 1 && entry.state == State::Waiting).await;
    second.recordings.delete(recorder.id()).unwrap();
    let over = second.once(|entry| !entry.is_open()).await;
    assert_eq!((over.state, second.got().len()), (State::Cancelled, 1));
}

/// A program that is told as a lame is, makes as many bytes as it read, and leaves a line in `runs`.
fn lame(folder: &Path) -> EncoderSetting {
    use std::os::unix::fs::PermissionsExt;
    let (program, runs) = (folder.join("lame"), folder.join("runs"));
    fs::write(&program, format!("#!/bin/sh\necho x >>{}\necho ID3\nwc -c\n", runs.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    EncoderSetting::Program(program.display().to_string())
}

#[tokio::test]
async fn mp3_for_links_is_made_once_and_a_client_waits_for_no_more_than_its_share() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[], EncoderSetting::Off);
    let mut recorder = house.record();
    recorder.finish(RecordEnd::Stopped);
    let id = recorder.id();
    house.recordings.once_whole(id, Duration::from_secs(5)).await.expect("it is whole");
    let encoder = Encoder::new(lame(folder.path()), &folder.path().join("uploads"));
    let encoded = Encoded::new(encoder, house.recordings.clone());
    let runs = || fs::read_to_string(folder.path().join("runs")).unwrap().lines().count();
    let (one, other) = tokio::join!(encoded.mp3(CLIENT, id), encoded.mp3(CLIENT, id));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(Arc::ptr_eq(&one, &other) && one.metadata().unwrap().len() == 10);
    assert!(encoded.mp3(ClientId(9), id).await.is_ok());
    assert_eq!(runs(), 1);
    // As many of a client wait as may.
    let waiting: Vec<_> = (0..encoded::OF_CLIENT).map(|_| encoded.places.take(CLIENT, encoded::OF_CLIENT)).collect();
    let another = RecordingId(1);
    assert!(matches!(encoded.mp3(CLIENT, another).await, Err(NotEncoded::Busy)));
    assert!(matches!(encoded.mp3(ClientId(9), another).await, Err(NotEncoded::NoSound(_))), "another client's turn");
    assert!(encoded.mp3(CLIENT, id).await.is_ok(), "what is there waits for nobody");
    drop(waiting);
    assert!(matches!(encoded.mp3(CLIENT, another).await, Err(NotEncoded::NoSound(_))));
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_last_is_written_before_the_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[], EncoderSetting::Off);
    let recorder = house.record();
    for _ in 0..20 {
        house.send(recorder.id(), "http://example.com/a.wav", SoundFormat::Wav);
    }
    house.uploads.settle(Duration::from_secs(5)).await;
    house.owner.abort();
    assert_eq!(house.uploads.of_client(CLIENT).len(), 20);
    let again = House::open(folder.path(), &[], EncoderSetting::Off);
    assert_eq!(again.uploads.of_client(CLIENT).len(), 20);
}

#[tokio::test(start_paused = true)]
async fn what_is_being_sent_is_neither_deleted_nor_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), &[1], EncoderSetting::Off);
    let mut recorder = house.record();
    recorder.finish(RecordEnd::Stopped);
    house.send(recorder.id(), "http://example.com/a.wav", SoundFormat::Wav);
    let entry = house.once(|entry| entry.state == State::Sending).await;
    assert_eq!(house.uploads.retry(CLIENT, entry.id), Err(NotDone::Sending));
    assert_eq!(house.uploads.delete(CLIENT, entry.id), Err(NotDone::Sending));
    house.owner.abort();
    // One that was deleted before the owner had a look is not sent.
    let again = House::open(folder.path(), &[], EncoderSetting::Off);
    again.uploads.delete(CLIENT, entry.id).unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(again.got().is_empty() && again.uploads.of_client(CLIENT).is_empty());
    assert!(fs::read_dir(folder.path().join("uploads")).unwrap().next().is_none(), "nor written down any more");
}
