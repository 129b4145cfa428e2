use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use antiphon_ivr::rules::OptionKey;
use antiphon_ivr::{ContextId, ExtensionId, RuleId, SoundId};
use antiphon_media::{Audio, Codec};
use serde_json::{Value, json};

use super::changes::{
    CreateApplication, CreateClient, CreateContext, CreateDid, CreateExtension, CreateInterval, CreateOption,
    CreateRule, CreateSound, DeleteSound, IssueToken, OptionPath, ReplaceSound, SetVariables, UpdateIvr, UpdatePhone,
    UpdateRule,
};
use super::{ClientId, ExtensionKind, NewRating, Rejected, Secret, Store, StoreError, WantedRatings, limits};

/// A WAV file of 16-bit samples at 8 kHz.
fn wav(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let length = u32::try_from(data.len()).unwrap();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend([16, 0, 0, 0, 1, 0, 1, 0]);
    file.extend(8000_u32.to_le_bytes());
    file.extend(16000_u32.to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(data);
    file
}

async fn with_client(data: &Path) -> (Store, ClientId) {
    let store = Store::open(data).unwrap();
    let client = store.commit(CreateClient { prefix: "000".to_owned() }).await.unwrap();
    (store, client)
}

async fn extension(store: &Store, client: ClientId, body: Value) -> Result<ExtensionId, Rejected> {
    store.commit(CreateExtension { client, body }).await.map(|extension| extension.id)
}

async fn sound(store: &Store, client: ClientId, samples: &[i16]) -> SoundId {
    let content = store.stage_sound(&wav(samples)).unwrap();
    let body = json!({"title": "hello"});
    store.commit(CreateSound { client, body, uploaded_name: "a/hello.wav".to_owned(), content }).await.unwrap().id
}

fn files(data: &Path) -> usize {
    std::fs::read_dir(data.join("sounds")).unwrap().count()
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let menu = extension(&store, client, json!({"name": "071", "type": "ivr", "label": "test"})).await.unwrap();
    let phone = extension(&store, client, json!({"name": "050", "type": "phone"})).await.unwrap();
    let sound = sound(&store, client, &[1000; 800]).await;
    let body = json!({"password": "secret", "contact": "sip:050@127.0.0.1:5070"});
    store.commit(UpdatePhone { client, extension: phone, body }).await.unwrap();
    let context = store
        .commit(CreateContext { client, extension: menu, body: json!({"name": "Main", "digit_len": 3}) })
        .await
        .unwrap();
    store.commit(UpdateIvr { client, extension: menu, body: json!({"entry_context": context.id}) }).await.unwrap();
    let option = CreateOption { client, extension: menu, context: context.id, body: json!({"digits": "2"}) };
    store.commit(option).await.unwrap();
    for key in [OptionKey::Start, "2".parse().unwrap()] {
        let path = OptionPath { client, extension: menu, context: context.id, key };
        let body = json!({"action": "play_sound", "sound": sound, "sound_type": "background"});
        store.commit(CreateRule { path, body }).await.unwrap();
    }
    store.commit(CreateDid { client, body: json!({"did": "+3741", "extension_id": menu}) }).await.unwrap();
    let before = store.snapshot();
    drop(store);

    let store = Store::open(data.path()).unwrap();
    let after = store.snapshot();
    assert_eq!(after.revision, before.revision);
    let (old, new) = (before.extension(menu).unwrap(), after.extension(menu).unwrap());
    assert_eq!(format!("{old:?}"), format!("{new:?}"));
    let (ExtensionKind::Ivr(old), ExtensionKind::Ivr(new)) = (&old.kind, &new.kind) else { panic!("a menu") };
    assert_eq!(old, new);
    assert_eq!(new.contexts[&ContextId(1)].options[&OptionKey::Start].len(), 1);
    let ExtensionKind::Phone(kept) = &after.extension(phone).unwrap().kind else { panic!("a phone") };
    assert_eq!(kept.password.as_deref(), Some("secret"));
    assert_eq!(after.sound(sound).unwrap().audio.payload(Codec::Pcma).len(), 800);
    assert_eq!(after.sound(sound).unwrap().audio, before.sound(sound).unwrap().audio);
    assert_eq!(after.did("3741").unwrap().id, menu);
    assert_eq!(after.find_extension("000*050", None).unwrap().id, phone);
}

#[test]
fn a_second_server_on_the_directory_is_refused_with_its_name() {
    let data = tempfile::tempdir().unwrap();
    let first = Store::open(data.path()).unwrap();
    let Err(error) = Store::open(data.path()) else { panic!("two stores on one directory") };
    assert!(matches!(error, StoreError::InUse(_)));
    assert!(error.to_string().contains(data.path().to_str().unwrap()), "{error}");
    drop(first);
    Store::open(data.path()).unwrap();
}

#[test]
fn a_second_server_on_the_database_is_refused_with_its_name() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = ours.path().join("antiphon.db");
    let first = Store::open(ours.path()).unwrap();
    let by_another_name = theirs.path().join("link.db");
    std::os::unix::fs::symlink(&database, &by_another_name).unwrap();
    for path in [&database, &by_another_name] {
        let Err(error) = Store::open_with(theirs.path(), path) else { panic!("two stores on one database") };
        assert!(matches!(error, StoreError::DatabaseInUse(_)));
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    drop(first);
    Store::open_with(theirs.path(), &database).unwrap();
}

#[test]
fn directory_and_database_are_their_owners_only() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("a/b");
    let _store = Store::open(&data).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("antiphon.db")), 0o600);
}

#[test]
fn a_database_of_a_later_version_is_refused_and_kept() {
    let data = tempfile::tempdir().unwrap();
    drop(Store::open(data.path()).unwrap());
    let database = data.path().join("antiphon.db");
    let applied = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                   SELECT 99, 'later', applied_on, checksum FROM refinery_schema_history LIMIT 1";
    rusqlite::Connection::open(&database).unwrap().execute(applied, []).unwrap();
    let Err(error) = Store::open(data.path()) else { panic!("a later version was taken for this one") };
    assert!(matches!(error, StoreError::Migration(_)), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(
        data.path().join("antiphon.db"),
        "this is no database, though it is long enough to be read as one. ".repeat(20),
    )
    .unwrap();
    let Err(error) = Store::open(data.path()) else { panic!("a text was taken for a database") };
    assert!(error.to_string().starts_with("store: "), "{error}");
}

#[tokio::test]
async fn a_dialled_number_is_found_within_its_client() {
    let data = tempfile::tempdir().unwrap();
    let (store, first) = with_client(data.path()).await;
    let second = store.commit(CreateClient { prefix: "001".to_owned() }).await.unwrap();
    let mine = extension(&store, first, json!({"name": "071", "type": "phone"})).await.unwrap();
    let theirs = extension(&store, second, json!({"name": "001*071", "type": "phone"})).await.unwrap();
    let only = extension(&store, second, json!({"name": "072", "type": "phone"})).await.unwrap();
    let config = store.snapshot();
    let find = |dialled, client| config.find_extension(dialled, client).map(|extension| extension.id);
    assert_eq!(find("071", Some(first)), Some(mine));
    assert_eq!(find("071", Some(second)), Some(theirs));
    assert_eq!(find("071", None), None, "two clients have it");
    assert_eq!(find("072", None), Some(only));
    assert_eq!(find("072", Some(first)), None);
    assert_eq!(find("001*071", Some(first)), Some(theirs));
    assert_eq!(find("000*072", None), None);
}

#[tokio::test]
async fn ratings_survive_a_restart_and_the_end_of_their_extension() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
    for second in 0..2_500_u64 {
        let rating = antiphon_ivr::Rating { rate: 4, max: 5 };
        let (extension, call) = (ExtensionId(1), second.to_string());
        store.rate(NewRating { client, extension, call, at: at(second), rating });
    }
    drop(store);
    let store = Store::open(data.path()).unwrap();
    let all = WantedRatings { client, extension: None, from: None, until: None, newest_first: true, skip: 10, most: 2 };
    let kept = store.ratings(&all).unwrap();
    let calls: Vec<&str> = kept.iter().map(|kept| kept.rating.call.as_str()).collect();
    assert_eq!(calls, ["2489", "2488"]);
}

#[tokio::test]
async fn more_ratings_than_may_wait_are_lost_and_no_call_waits_for_the_disk() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let (finish, finished) = std::sync::mpsc::sync_channel(1);
    let (begin, begun) = std::sync::mpsc::sync_channel(1);
    let busy = tokio::spawn(commit(store.clone(), Held(begin, finished)));
    tokio::task::yield_now().await;
    begun.recv().unwrap();
    let rating = antiphon_ivr::Rating { rate: 1, max: 5 };
    let rate = || {
        let (extension, call, at) = (ExtensionId(1), String::new(), SystemTime::UNIX_EPOCH);
        store.rate(NewRating { client, extension, call, at, rating });
    };
    (0..limits::WAITING_RATINGS + 10).for_each(|_| rate());
    drop(finish);
    busy.await.unwrap().unwrap();
    store.commit(CreateClient { prefix: "001".to_owned() }).await.unwrap();
    let all = WantedRatings {
        client,
        extension: None,
        from: None,
        until: None,
        newest_first: false,
        skip: 0,
        most: usize::MAX,
    };
    assert_eq!(store.ratings(&all).unwrap().len(), limits::WAITING_RATINGS);
}

#[tokio::test]
async fn intervals_and_variables_are_there_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let body = json!({"name": "july", "timezone": "Asia/Yerevan", "conditions": [{"month": 7}]});
    let made = store.commit(CreateInterval { client, body }).await.unwrap();
    let body = json!({"variables": [{"var": "DESK", "value": "201"}]});
    store.commit(SetVariables { client, body }).await.unwrap();
    drop(store);
    let config = Store::open(data.path()).unwrap().snapshot();
    assert_eq!(config.interval(made.written.id), Some(&made));
    assert_eq!(config.variables(client).get("DESK").map(String::as_str), Some("201"));
    assert!(config.variables(ClientId(9)).is_empty());
}

#[tokio::test]
async fn a_held_snapshot_stays_as_it_was() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let held = store.snapshot();
    extension(&store, client, json!({"name": "071", "type": "phone"})).await.unwrap();
    assert!(held.find_extension("071", None).is_none());
    assert_eq!(store.snapshot().revision, held.revision + 1);
}

#[tokio::test]
async fn a_refused_change_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    extension(&store, client, json!({"name": "071", "type": "phone"})).await.unwrap();
    let before = store.snapshot();
    let again = extension(&store, client, json!({"name": "071", "type": "ivr"})).await;
    assert!(matches!(again, Err(Rejected::Conflict(_))), "{again:?}");
    assert_eq!(store.snapshot().revision, before.revision);
}

#[tokio::test]
async fn a_sounds_files_go_with_the_last_sound_that_has_them() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let (first, second) = (sound(&store, client, &[7; 80]).await, sound(&store, client, &[7; 80]).await);
    assert_eq!(files(data.path()), 2, "one content, and its ready form");
    store.commit(DeleteSound { client, id: first }).await.unwrap();
    assert_eq!(files(data.path()), 2);
    store.commit(DeleteSound { client, id: second }).await.unwrap();
    assert_eq!(files(data.path()), 0);
    assert_eq!(store.snapshot().sound(second).map(|sound| sound.id), None);
}

#[tokio::test]
async fn a_lost_ready_form_is_made_again_and_leftovers_are_swept() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let id = sound(&store, client, &[1000; 800]).await;
    let filename = store.snapshot().sound(id).unwrap().filename.clone();
    assert_eq!(store.snapshot().sound(id).unwrap().uploaded_name, "hello.wav");
    drop(store);
    let sounds = data.path().join("sounds");
    std::fs::remove_file(sounds.join(&filename).with_extension("g711")).unwrap();
    std::fs::write(sounds.join("9.staged"), b"half an upload").unwrap();
    let store = Store::open(data.path()).unwrap();
    assert_eq!(store.snapshot().sound(id).unwrap().audio.payload(Codec::Pcmu).len(), 800);
    assert_eq!(files(data.path()), 2);
}

#[tokio::test]
async fn an_mp3_file_and_its_report_are_there_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let content = store.stage_sound(include_bytes!("../../../media/fixtures/mono-8k.mp3")).unwrap();
    let change = CreateSound { client, body: json!({"title": "x"}), uploaded_name: "x.wav".to_owned(), content };
    let made = store.commit(change).await.unwrap();
    assert_eq!(made.quality.as_ref().map(|quality| quality.format.as_str()), Some("mp3"));
    drop(store);
    std::fs::remove_file(data.path().join("sounds").join(&made.filename).with_extension("g711")).unwrap();
    let again = Store::open(data.path()).unwrap().snapshot().sound(made.id).cloned().unwrap();
    assert_eq!((&again.quality, &again.audio), (&made.quality, &made.audio));
}

/// A database of before the report was kept.
#[tokio::test]
async fn a_sound_without_a_report_stays_a_sound() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let id = sound(&store, client, &[1000; 800]).await;
    drop(store);
    let database = rusqlite::Connection::open(data.path().join("antiphon.db")).unwrap();
    database.execute("UPDATE sound SET quality = NULL", []).unwrap();
    drop(database);
    assert_eq!(Store::open(data.path()).unwrap().snapshot().sound(id).unwrap().quality, None);
}

#[tokio::test]
async fn an_upload_that_nobody_takes_leaves_no_file() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    drop(store.stage_sound(&wav(&[1; 80])).unwrap());
    assert_eq!(files(data.path()), 0);
}

#[tokio::test]
async fn tokens_survive_a_restart_and_run_out() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let secret = Secret::random();
    let application = store.commit(CreateApplication { client, secret: secret.hash() }).await.unwrap();
    assert!(store.snapshot().application(&application).unwrap().secret.verify(secret.reveal()));
    assert!(!store.snapshot().application(&application).unwrap().secret.verify("guess"));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let revision = store.snapshot().revision;
    let issued = store.commit(IssueToken { application, now }).await.unwrap();
    assert_eq!(store.snapshot().revision, revision, "a token is no configuration");
    drop(store);
    let store = Store::open(data.path()).unwrap();
    assert_eq!(store.grant(&issued.token, now).unwrap().client, client);
    assert_eq!(store.grant(&issued.token, now + issued.expires_in), None);
    assert_eq!(store.grant("guess", now), None);
}

#[tokio::test]
async fn the_oldest_token_of_too_many_goes() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let application = store.commit(CreateApplication { client, secret: Secret::random().hash() }).await.unwrap();
    let at = |second: usize| SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + second as u64);
    let mut tokens = Vec::new();
    for number in 0..=limits::TOKENS_OF_AN_APPLICATION {
        let issue = IssueToken { application: application.clone(), now: at(number) };
        tokens.push(store.commit(issue).await.unwrap().token);
    }
    let now = at(limits::TOKENS_OF_AN_APPLICATION);
    let good: Vec<bool> = tokens.iter().map(|token| store.grant(token, now).is_some()).collect();
    assert!(!good[0]);
    assert_eq!(good.iter().filter(|good| **good).count(), limits::TOKENS_OF_AN_APPLICATION);
}

#[tokio::test]
async fn an_option_and_a_context_have_their_caps() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let menu = extension(&store, client, json!({"name": "071", "type": "ivr"})).await.unwrap();
    let body = json!({"name": "Main"});
    let context = store.commit(CreateContext { client, extension: menu, body }).await.unwrap().id;
    let path = OptionPath { client, extension: menu, context, key: OptionKey::Start };
    let rule = || CreateRule { path: path.clone(), body: json!({"action": "hangup"}) };
    for _ in 0..limits::RULES_OF_AN_OPTION {
        store.commit(rule()).await.unwrap();
    }
    assert!(matches!(store.commit(rule()).await, Err(Rejected::Full { most: limits::RULES_OF_AN_OPTION, .. })));
    let option = |number: usize| {
        let body = json!({"digits": format!("{number:04}")});
        CreateOption { client, extension: menu, context, body }
    };
    let built_in = OptionKey::BUILT_IN.len();
    for number in built_in..limits::OPTIONS_OF_A_CONTEXT {
        store.commit(option(number)).await.unwrap();
    }
    let one_more = store.commit(option(0)).await;
    assert!(matches!(one_more, Err(Rejected::Full { most: limits::OPTIONS_OF_A_CONTEXT, .. })));
}

#[tokio::test]
async fn an_edit_leaves_all_other_extensions_as_they_are() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    store.commit(Many { client, count: 1_000 }).await.unwrap();
    let before = store.snapshot();
    extension(&store, client, json!({"name": "9000000", "type": "phone"})).await.unwrap();
    let after = store.snapshot();
    assert_eq!(after.extensions().count(), before.extensions().count() + 1);
    // The same values in memory, not values that are alike: nothing was built again.
    for extension in before.extensions() {
        assert!(after.extension(extension.id).is_some_and(|same| std::sync::Arc::ptr_eq(same, extension)));
    }
}

#[tokio::test]
async fn an_edit_of_a_rule_leaves_all_others_as_they_are() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let menu = extension(&store, client, json!({"name": "071", "type": "ivr"})).await.unwrap();
    for name in ["Main", "Second"] {
        store.commit(CreateContext { client, extension: menu, body: json!({"name": name}) }).await.unwrap();
    }
    let path = |context, key| OptionPath { client, extension: menu, context: ContextId(context), key };
    let pattern = json!({"action": "hangup", "caller_id_action": "matches", "caller_id": "^7812"});
    for path in
        [path(1, OptionKey::Start), path(1, OptionKey::Start), path(1, OptionKey::Timeout), path(2, OptionKey::Start)]
    {
        store.commit(CreateRule { path, body: pattern.clone() }).await.unwrap();
    }
    let runs = || match &store.snapshot().extension(menu).unwrap().kind {
        ExtensionKind::Ivr(ivr) => Arc::clone(ivr),
        _ => panic!("a menu"),
    };
    let before = runs();
    let body = json!({"action": "hangup", "caller_id": "^7813"});
    let edited = store.commit(UpdateRule { path: path(1, OptionKey::Start), id: RuleId(1), body }).await.unwrap();
    assert_eq!(edited.caller_id.as_deref(), Some("^7813"));
    let after = runs();
    let rules = |ivr: &Arc<antiphon_ivr::rules::Ivr>, context, key| {
        Arc::clone(&ivr.contexts[&ContextId(context)].options[&key])
    };
    // The same values in memory, not values that are alike: no pattern was compiled again.
    let (old, new) = (rules(&before, 1, OptionKey::Start), rules(&after, 1, OptionKey::Start));
    assert!(!Arc::ptr_eq(&old[0], &new[0]) && old[0] != new[0]);
    assert!(Arc::ptr_eq(&old[1], &new[1]));
    let (old, new) = (rules(&before, 1, OptionKey::Timeout), rules(&after, 1, OptionKey::Timeout));
    assert!(Arc::ptr_eq(&old, &new));
    assert!(Arc::ptr_eq(&before.contexts[&ContextId(2)], &after.contexts[&ContextId(2)]));
}

/// Makes many phones in one transaction.
struct Many {
    client: ClientId,
    count: u32,
}

impl super::Change for Many {
    type Answer = ();

    fn apply(self, edit: &mut super::Edit<'_>) -> Result<(), Rejected> {
        for number in 0..self.count {
            let mut extension = None;
            let name = format!("000*{number:05}");
            let query = "INSERT INTO extension (client, name, kind, status, create_date, body)
                         VALUES (?1, ?2, 'phone', 'active', '', '{}') RETURNING id";
            edit.transaction
                .prepare_cached(query)?
                .query_row((1, &name), |row| row.get::<_, i64>(0).map(|id| extension = Some(id)))?;
            edit.draft().put_extension(super::Extension {
                id: ExtensionId(super::writer::unsigned(extension.unwrap())),
                client: self.client,
                name,
                status: super::ExtensionStatus::Active,
                kind: ExtensionKind::Phone(super::Phone::default()),
                caller_id_name: None,
                create_date: String::new(),
                profile: super::ExtensionProfile::default(),
                document: None,
            });
        }
        Ok(())
    }
}

/// Keeps the writer busy until the other end of the channel goes.
struct Wait(std::sync::mpsc::Receiver<()>);

impl super::Change for Wait {
    type Answer = ();

    fn apply(self, _edit: &mut super::Edit<'_>) -> Result<(), Rejected> {
        let _ = self.0.recv();
        Ok(())
    }
}

/// The same, and says when the writer has come to it.
struct Held(std::sync::mpsc::SyncSender<()>, std::sync::mpsc::Receiver<()>);

impl super::Change for Held {
    type Answer = ();

    fn apply(self, edit: &mut super::Edit<'_>) -> Result<(), Rejected> {
        self.0.send(()).unwrap();
        Wait(self.1).apply(edit)
    }
}

#[tokio::test]
async fn beyond_the_waiting_changes_one_more_is_refused_as_busy() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let (finish, finished) = std::sync::mpsc::sync_channel(1);
    let mut waiting = vec![tokio::spawn(commit(store.clone(), Wait(finished)))];
    let mut refused = 0;
    while refused == 0 {
        assert!(waiting.len() <= super::limits::WAITING_CHANGES + 2, "the queue has no end");
        let (_, over) = std::sync::mpsc::sync_channel(1);
        let task = tokio::spawn(commit(store.clone(), Wait(over)));
        tokio::task::yield_now().await;
        if task.is_finished() {
            assert!(matches!(task.await.unwrap(), Err(Rejected::Busy)));
            refused += 1;
        } else {
            waiting.push(task);
        }
    }
    assert!(waiting.len() >= super::limits::WAITING_CHANGES);
    drop(finish);
    for task in waiting {
        task.await.unwrap().unwrap();
    }
}

async fn commit<C: super::Change>(store: Store, change: C) -> Result<C::Answer, Rejected> {
    store.commit(change).await
}

/// Writes half of something and then meets a bug.
struct Bug;

impl super::Change for Bug {
    type Answer = ();

    fn apply(self, edit: &mut super::Edit<'_>) -> Result<(), Rejected> {
        CreateClient { prefix: "007".to_owned() }.apply(edit)?;
        panic!("a bug, for a test");
    }
}

#[tokio::test]
async fn a_change_that_panics_leaves_nothing_and_the_writer_lives_on() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = with_client(data.path()).await;
    assert!(matches!(store.commit(Bug).await, Err(Rejected::Storage)));
    assert_eq!(store.snapshot().clients().count(), 1);
    store.commit(CreateClient { prefix: "007".to_owned() }).await.unwrap();
    drop(store);
    assert_eq!(Store::open(data.path()).unwrap().snapshot().clients().count(), 2);
}

/// All sounds of all clients lie in memory, so a small file that plays for an hour is a large thing.
#[tokio::test]
async fn beyond_a_day_of_sound_one_more_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let (store, client) = with_client(data.path()).await;
    let samples = 3600 * 8000;
    let hour = Arc::new(Audio::from_payloads(&vec![0xff; samples], &vec![0xd5; samples]).unwrap());
    let staged = || {
        let mut content = store.stage_sound(&wav(&[0; 80])).unwrap();
        content.audio = Arc::clone(&hour);
        content
    };
    let (title, uploaded_name) = (json!({"title": "an hour"}), "a.wav".to_owned());
    let create =
        || CreateSound { client, body: title.clone(), uploaded_name: uploaded_name.clone(), content: staged() };
    let first = store.commit(create()).await.unwrap().id;
    for _ in 1..24 {
        store.commit(create()).await.unwrap();
    }
    assert!(matches!(store.commit(create()).await, Err(Rejected::Full { most: 24, .. })));
    let again =
        ReplaceSound { client, id: first, body: json!({}), uploaded_name: uploaded_name.clone(), content: staged() };
    store.commit(again).await.unwrap();
    let another = store.commit(CreateClient { prefix: "001".to_owned() }).await.unwrap();
    store.commit(CreateSound { client: another, ..create() }).await.unwrap();
}
