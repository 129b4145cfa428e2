//! The outbox against a mail server of ours that answers as a test says, on loopback.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use antiphon_ivr::ExtensionId;
use antiphon_ivr::op::{Attachment, Mailbox};
use antiphon_ivr::rules::mailto::Recipient;
use antiphon_media::record::{Channels, Rate, RecordEnd, RecordingId, Take, Trim};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Owner, letter, smtp};
use crate::calls::CallId;
use crate::events::Event;
use crate::recording::sidecar::Beginning;
use crate::recording::{self, Kind, Left, Recordings};
use crate::settings::{MailLogin, MailSecurity, MailSettings, RecordingSettings};
use crate::store::changes::{CreateClient, CreateExtension, DeleteMail, PostMessage, RetryMail};
use crate::store::{ClientId, Config, EventType, Mail, MailBody, MailId, MailState, Message, Rejected, Store, Taken};

/// How long anything on loopback may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// A mail as it begins, about a message of a winter's morning.
pub(crate) fn mail_body() -> MailBody {
    MailBody {
        address: "ani@b.example".to_owned(),
        name: Some("Ani".to_owned()),
        attach: true,
        mailbox: "071".to_owned(),
        from_number: "+37410000001".to_owned(),
        from_name: String::new(),
        left_ms: 1_795_749_000_000,
        length_ms: 42_180,
        message_id: "vm.5.0".to_owned(),
        written_ms: 1_795_749_043_000,
        state: MailState::Waiting,
        attempts: 0,
        due_ms: 0,
        error: None,
        over_ms: None,
    }
}

/// What the mail server does in place of saying yes: a reply to the first command of each connection that begins so. An empty
/// reply closes the connection, [`NEVER`] lets it hang. The command `.` is the end of a letter.
type Refusals = Vec<(&'static str, &'static str)>;

/// A reply that does not come.
const NEVER: &str = "(never)";

/// A mail server.
#[derive(Clone)]
struct Post {
    address: SocketAddr,
    /// What each next connection refuses; afterwards nothing.
    refusals: Arc<Mutex<VecDeque<Refusals>>>,
    heard: Arc<Mutex<Vec<String>>>,
    letters: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn open(refusals: Vec<Refusals>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let refusals = Arc::new(Mutex::new(refusals.into()));
        let post = Self { address, refusals, heard: Arc::default(), letters: Arc::default() };
        let served = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().serve(stream));
            }
        });
        post
    }

    async fn serve(self, stream: TcpStream) {
        let refusals = self.refusals.lock().unwrap().pop_front().unwrap_or_default();
        let reply = |command: &str, usual: &'static str| {
            refusals.iter().find(|(start, _)| command.starts_with(start)).map_or(usual, |(_, reply)| *reply)
        };
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let _ = write.write_all(b"220 post.example ESMTP\r\n").await;
        while let Ok(Some(line)) = lines.next_line().await {
            self.heard.lock().unwrap().push(line.clone());
            let mut answer = match line.split(' ').next().unwrap_or_default() {
                "EHLO" => reply(&line, "250-post.example\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME"),
                "AUTH" => reply(&line, "235 welcome"),
                "DATA" => reply(&line, "354 go on"),
                _ => reply(&line, "250 yes"),
            };
            if answer.starts_with("354") {
                let _ = write.write_all(b"354 go on\r\n").await;
                let mut letter = String::new();
                while let Ok(Some(line)) = lines.next_line().await.map(|line| line.filter(|line| line != ".")) {
                    letter += &line;
                    letter += "\n";
                }
                answer = reply(".", "250 taken");
                if answer.starts_with("250") {
                    self.letters.lock().unwrap().push(letter);
                }
            }
            if answer == NEVER {
                std::future::pending::<()>().await;
            }
            if answer.is_empty() || write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }

    fn settings(&self) -> MailSettings {
        MailSettings {
            host: "127.0.0.1".to_owned(),
            port: self.address.port(),
            security: MailSecurity::None,
            login: None,
            from: Recipient { name: None, address: "vm@here.example".to_owned() },
            roots: None,
            timeout: std::time::Duration::from_secs(5),
        }
    }

    async fn deliver(&self, settings: &MailSettings) -> Result<(), smtp::Undelivered> {
        let letter = letter::write(&mail_body(), &settings.from, None).expect("a letter");
        smtp::deliver(settings, &letter).await.map(drop)
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_told_from_what_may_go_right_another_time() {
    use smtp::Undelivered::{Ever, Now};
    type Kind = fn(String) -> smtp::Undelivered;
    let cases: [(&str, &str, Kind); 9] = [
        ("EHLO", "554 no", Now),
        ("MAIL", "451 later", Now),
        ("MAIL", "553 not you", Ever),
        ("MAIL", "530 authentication required", Now),
        ("RCPT", "550 nobody here", Ever),
        ("RCPT", "450 greylisted", Now),
        ("DATA", "554 no valid recipients", Ever),
        (".", "552 too large", Ever),
        (".", "", Now),
    ];
    for (command, reply, kind) in cases {
        let post = Post::open(vec![vec![(command, reply)]]).await;
        let undelivered = post.deliver(&post.settings()).await.expect_err(reply);
        let text = match &undelivered {
            Now(text) | Ever(text) => text.clone(),
        };
        assert_eq!(undelivered, kind(text.clone()), "{command} {reply}");
        let said = reply.split_once(' ').map_or("", |(_, said)| said);
        assert!(text.contains(said), "{reply}: {text}");
        assert!(post.letters().is_empty());
    }
}

#[tokio::test]
async fn a_server_hears_who_we_are_and_may_not_believe_it() {
    let login = Some(MailLogin { username: "u".to_owned(), password: "p".to_owned() });
    let post = Post::open(vec![vec![], vec![("AUTH", "535 wrong")]]).await;
    let settings = MailSettings { login, ..post.settings() };
    post.deliver(&settings).await.expect("taken");
    assert!(post.heard.lock().unwrap().contains(&format!("AUTH PLAIN {}", STANDARD.encode("\0u\0p"))));
    let refused = post.deliver(&settings).await;
    // Once the password is mended the mail goes out.
    assert!(matches!(&refused, Err(smtp::Undelivered::Now(text)) if text.contains("535")), "{refused:?}");
    assert!(!refused.is_err_and(|it| matches!(&it, smtp::Undelivered::Now(text) if text.contains("\0"))));
}

#[tokio::test]
async fn nothing_is_said_to_a_server_without_the_tls_that_is_wanted() {
    let post = Post::open(Vec::new()).await;
    let refused = post.deliver(&MailSettings { security: MailSecurity::StartTls, ..post.settings() }).await;
    assert!(matches!(&refused, Err(smtp::Undelivered::Now(text)) if text.contains("STARTTLS")), "{refused:?}");
    let heard = post.heard.lock().unwrap().clone();
    assert!(heard.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{heard:?}");
}

/// A store, the recordings beside it, and whoever sends mail.
struct House {
    store: Store,
    recordings: Recordings,
    writer: JoinHandle<()>,
    owner: JoinHandle<()>,
    /// What subscribers are told.
    events: std::sync::mpsc::Receiver<Event>,
    /// Held, so that the owner is not told to end.
    _farewell: super::Farewell,
}

impl House {
    async fn open(folder: &Path, settings: impl Into<Option<MailSettings>>) -> Self {
        let store = Store::open(folder).expect("a store");
        if store.snapshot().clients().next().is_none() {
            let client = store.commit(CreateClient { prefix: "000".to_owned() }).await.expect("a client");
            let body = serde_json::json!({ "name": "071", "type": "ivr" });
            store.commit(CreateExtension { client, body }).await.expect("a menu");
        }
        let disk = recording::disk::Machine::open(&folder.join("recordings")).expect("a folder");
        let (recordings, work) = Recordings::open(Arc::new(disk), RecordingSettings::default()).expect("recordings");
        let writer = tokio::spawn(recording::drive::drive(work));
        let settings = settings.into().map(Arc::new);
        let (told, events) = std::sync::mpsc::sync_channel(100);
        // Whoever hears of them may have gone.
        let subscribers = Box::new(move |_: &Config, event| drop(told.try_send(event)));
        let (owner, farewell) =
            Owner::new(store.clone(), recordings.clone(), Box::new(move || settings.clone()), subscribers);
        let owner = tokio::spawn(owner.run());
        Self { store, recordings, writer, owner, events, _farewell: farewell }
    }

    /// As `kill -9`: nothing more is done, whatever was under way.
    async fn kill(self) {
        self.owner.abort();
        let _ = self.owner.await;
        self.writer.abort();
        let _ = self.writer.await;
    }

    /// Begins a message to this address.
    fn message(&self, attachment: Attachment) -> Box<antiphon_media::record::Recorder> {
        let recipients = vec![Recipient { name: None, address: "ani@b.example".to_owned() }];
        let told = Arc::new(Mailbox { recipients, attachment });
        let left = Left { mailbox: ExtensionId(1), from_name: "Mane".to_owned(), told };
        let beginning = Beginning {
            client: ClientId(1),
            call: CallId::new(),
            extension: "000*071".to_owned(),
            from: "+37410000001".to_owned(),
            to: "071".to_owned(),
            kind: Kind::Message,
            label: String::new(),
            left: Some(Arc::new(left)),
        };
        let take = Take {
            channels: Channels::Mono,
            rate: Rate::Narrow,
            max_length: PATIENCE,
            end_silence: None,
            trim: Trim::Nothing,
        };
        self.recordings.begin(beginning, take, std::time::Duration::ZERO).expect("it begins")
    }

    /// Leaves a message of a second.
    fn leave(&self, attachment: Attachment) -> RecordingId {
        let mut recorder = self.message(attachment);
        speak(&mut recorder, 50);
        recorder.finish(RecordEnd::Stopped);
        recorder.id()
    }

    fn mail(&self) -> Option<Arc<Mail>> {
        self.store.mailboxes().mail(MailId(1))
    }

    /// Waits until the first mail is so.
    async fn until(&self, is_so: impl Fn(&MailBody) -> bool) -> MailBody {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(mail) = self.mail().filter(|mail| is_so(&mail.body)) {
                    return mail.body.clone();
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("the mail is {:?}", self.mail()))
    }
}

/// So many frames of 20 ms.
fn speak(recorder: &mut antiphon_media::record::Recorder, frames: usize) {
    for _ in 0..frames {
        assert_eq!(recorder.hear(8_000, &[100; 160], &[]), None);
    }
}

/// The sound in a letter.
fn attached(letter: &str) -> Vec<u8> {
    let (_, part) = letter.split_once("Content-Type: audio/wav").expect("a sound");
    let (_, rest) = part.split_once("\n\n").expect("a body");
    let body: String = rest.lines().take_while(|line| !line.starts_with("--")).collect();
    STANDARD.decode(body).expect("base64")
}

#[tokio::test]
async fn a_message_is_sent_with_its_sound_and_once() {
    let (folder, post) = (tempfile::tempdir().unwrap(), Post::open(Vec::new()).await);
    let house = House::open(folder.path(), post.settings()).await;
    let id = house.leave(Attachment::Sound);
    let body = house.until(|body| body.state == MailState::Sent).await;
    assert_eq!((body.attempts, body.mailbox.as_str(), body.length_ms), (1, "071", 1_000));
    let letters = post.letters();
    assert_eq!(letters.len(), 1);
    let sound = std::fs::read(folder.path().join(format!("recordings/{id}.wav"))).unwrap();
    assert_eq!(sound.len(), 16_044);
    assert_eq!(attached(&letters[0]), sound);
    assert!(letters[0].contains(&format!("Message-ID: <vm.{id}.0@here.example>\n")), "{}", letters[0]);
    house.kill().await;
    let house = House::open(folder.path(), post.settings()).await;
    house.until(|body| body.state == MailState::Sent).await;
    assert!(house.store.mailboxes().message(id).is_some());
    assert_eq!(post.letters().len(), 1);
}

#[tokio::test]
async fn subscribers_are_told_of_a_message_once() {
    let (folder, post) = (tempfile::tempdir().unwrap(), Post::open(Vec::new()).await);
    let house = House::open(folder.path(), post.settings()).await;
    let id = house.leave(Attachment::None);
    house.until(|body| body.state == MailState::Sent).await;
    let event = house.events.try_recv().expect("they are told");
    assert_eq!((event.kind, event.extension), (EventType::Voicemail, ExtensionId(1)));
    let told = |name: &str| event.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!((told("CallerIDNum"), told("CalledExtension")), (Some("+37410000001"), Some("000*071")));
    assert_eq!((told("RecordID"), told("Duration")), (Some(&*id.to_string()), Some("1")));
    house.kill().await;
    let house = House::open(folder.path(), post.settings()).await;
    house.until(|body| body.state == MailState::Sent).await;
    assert!(house.events.try_recv().is_err(), "it was told before");
}

#[tokio::test]
async fn killed_before_the_server_has_taken_it_a_mail_is_sent_after_the_next_start_once() {
    let folder = tempfile::tempdir().unwrap();
    // The first connection hangs after the letter: nothing is answered until the other side has gone.
    let post = Post::open(vec![vec![(".", NEVER)]]).await;
    let house = House::open(folder.path(), post.settings()).await;
    house.leave(Attachment::Sound);
    tokio::time::timeout(PATIENCE, async {
        while !post.heard.lock().unwrap().iter().any(|line| line == "DATA") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the letter is on its way");
    let deleted = house.store.commit(DeleteMail { client: ClientId(1), id: MailId(1) }).await;
    assert!(matches!(deleted, Err(Rejected::Conflict(Taken::MailInHand))), "{deleted:?}");
    house.kill().await;
    assert!(post.letters().is_empty());
    let house = House::open(folder.path(), post.settings()).await;
    house.until(|body| body.state == MailState::Sent).await;
    let letters = post.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(attached(&letters[0]).len(), 16_044);
}

#[tokio::test]
async fn killed_while_it_records_a_message_is_sent_after_the_next_start_as_far_as_it_came() {
    let (folder, post) = (tempfile::tempdir().unwrap(), Post::open(Vec::new()).await);
    let house = House::open(folder.path(), post.settings()).await;
    let mut recorder = house.message(Attachment::Sound);
    speak(&mut recorder, 100);
    let sound = folder.path().join(format!("recordings/{}.wav", recorder.id()));
    tokio::time::timeout(PATIENCE, async {
        while std::fs::metadata(&sound).map_or(0, |file| file.len()) < 20_000 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("some of it is written");
    assert!(house.mail().is_none(), "nothing is sent of what still goes on");
    house.kill().await;
    drop(recorder);
    let house = House::open(folder.path(), post.settings()).await;
    house.until(|body| body.state == MailState::Sent).await;
    assert_eq!(attached(&post.letters()[0]), std::fs::read(&sound).unwrap());
}

#[tokio::test]
async fn a_mail_waits_for_a_server_that_is_away_and_is_shown_why() {
    let folder = tempfile::tempdir().unwrap();
    let post = Post::open(vec![vec![("RCPT", "450 come again")]]).await;
    let house = House::open(folder.path(), post.settings()).await;
    house.leave(Attachment::Sound);
    let body = house.until(|body| body.attempts == 1).await;
    assert_eq!(body.state, MailState::Waiting);
    assert!(body.error.is_some_and(|error| error.contains("450")));
    house.store.commit(RetryMail { client: ClientId(1), id: MailId(1), now_ms: super::now_ms() }).await.unwrap();
    let body = house.until(|body| body.state == MailState::Sent).await;
    assert_eq!((body.attempts, body.error), (2, None));
}

#[tokio::test]
async fn a_mail_is_never_sent_without_the_sound_that_belongs_to_it() {
    for (attachment, expect) in [(Attachment::Sound, MailState::Cancelled), (Attachment::None, MailState::Sent)] {
        let folder = tempfile::tempdir().unwrap();
        let post = Post::open(vec![vec![("RCPT", "450 come again")]]).await;
        let house = House::open(folder.path(), post.settings()).await;
        let id = house.leave(attachment);
        house.until(|body| body.attempts == 1).await;
        house.recordings.delete(id).unwrap();
        tokio::time::timeout(PATIENCE, async {
            while house.store.mailboxes().message(id).is_some() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("the message is gone");
        // A mail that is over is not tried again.
        let _ = house.store.commit(RetryMail { client: ClientId(1), id: MailId(1), now_ms: super::now_ms() }).await;
        house.until(|body| body.state == expect).await;
        assert_eq!(post.letters().len(), usize::from(expect == MailState::Sent));
    }
}

/// Whoever takes `[mail]` out of the settings is not left with mails, and with recordings that wait for them, for ever.
#[tokio::test]
async fn without_a_server_a_mail_is_given_up_after_three_days_as_with_one() {
    const HOUR_MS: u64 = 3_600_000;
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), None).await;
    let message = Message { record: RecordingId(5), client: ClientId(1), mailbox: ExtensionId(1), heard: false };
    let body = |hours: u64| MailBody {
        attach: false,
        written_ms: super::now_ms() - hours * HOUR_MS,
        due_ms: u64::MAX >> 1,
        ..mail_body()
    };
    house.store.commit(PostMessage { message, mails: vec![body(73), body(71)] }).await.expect("it is new");
    house.kill().await;
    let house = House::open(folder.path(), None).await;
    let given_up = house.until(|body| body.state == MailState::Failed).await;
    assert_eq!(given_up.error.as_deref(), Some("given up after three days: the settings have no [mail]"));
    assert_eq!(given_up.attempts, 0);
    let young = house.store.mailboxes().mail(MailId(2)).expect("it is there");
    assert_eq!(young.body.state, MailState::Waiting);
}
