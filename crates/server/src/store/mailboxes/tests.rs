//! Messages and mails, and that both are as they were after a restart.

use super::post::*;
use super::*;
use crate::store::changes::CreateClient;
use crate::store::{Rejected, Store, Taken, limits};

fn record(id: u128) -> RecordingId {
    RecordingId(id)
}

fn mail_body(address: &str, attach: bool) -> mail::MailBody {
    mail::MailBody { address: address.to_owned(), attach, ..crate::voicemail::tests::mail_body() }
}

/// A store with one client, whose id is 1.
async fn store(folder: &std::path::Path) -> Store {
    let store = Store::open(folder).unwrap();
    if store.snapshot().clients().next().is_none() {
        store.commit(CreateClient { prefix: "000".to_owned() }).await.unwrap();
    }
    store
}

/// Puts a message into a mailbox; how many mails about it are written down, where it was not there.
async fn post(store: &Store, id: u128, mails: Vec<mail::MailBody>) -> Option<usize> {
    let message = Message { record: record(id), client: ClientId(1), mailbox: ExtensionId(7), heard: false };
    store.commit(PostMessage { message, mails }).await.unwrap()
}

#[tokio::test]
async fn a_message_is_posted_once_with_its_mails_and_both_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let opened = store(folder.path()).await;
    let two = vec![mail_body("a@b.example", true), mail_body("c@d.example", true)];
    assert_eq!(post(&opened, 5, two.clone()).await, Some(2));
    assert_eq!(post(&opened, 5, two).await, None, "it was posted before");
    assert_eq!(post(&opened, 6, Vec::new()).await, Some(0));
    opened.commit(MarkHeard { client: ClientId(1), record: record(6), heard: true }).await.unwrap();
    let settle = SettleMail { id: MailId(1), settled: Settled::Sent, now_ms: 99 };
    opened.commit(settle).await.unwrap();
    let before = opened.mailboxes().mails(ClientId(1));
    drop(opened);

    let opened = store(folder.path()).await;
    let mailboxes = opened.mailboxes();
    assert_eq!(mailboxes.count(ExtensionId(7)), Count { new: 1, old: 1 });
    assert_eq!(mailboxes.of(ExtensionId(7)).iter().map(|it| it.record.0).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(mailboxes.mails(ClientId(1)), before);
    let states: Vec<_> = before.iter().map(|mail| (mail.body.state, mail.body.over_ms)).collect();
    assert_eq!(states, [(MailState::Sent, Some(99)), (MailState::Waiting, None)]);
    assert_eq!(mailboxes.first_due().map(|(_, id)| id), Some(MailId(2)));
    assert!(mailboxes.is_awaited(record(5)) && !mailboxes.is_awaited(record(6)));
    assert!(mailboxes.mails(ClientId(2)).is_empty());
}

#[tokio::test]
async fn a_mail_fails_waits_is_tried_again_and_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    post(&store, 5, vec![mail_body("a@b.example", true)]).await;
    let (client, id) = (ClientId(1), MailId(1));
    let settle = |settled| store.commit(SettleMail { id, settled, now_ms: 50 });
    settle(Settled::Again { due_ms: 700, error: "later".to_owned() }).await.unwrap();
    let mail = store.mailboxes().mail(id).unwrap();
    assert_eq!((mail.body.attempts, mail.body.due_ms, mail.body.error.as_deref()), (1, 700, Some("later")));
    assert_eq!(store.mailboxes().first_due().map(|(due, _)| due), Some(700));
    store.mailboxes().hasten(60);
    assert_eq!(store.mailboxes().first_due().map(|(due, _)| due), Some(60));
    settle(Settled::Failed("550 nobody".to_owned())).await.unwrap();
    assert!(store.mailboxes().first_due().is_none());
    // Somebody mends the mailbox there, and has it tried again.
    let retried = store.commit(RetryMail { client, id, now_ms: 80 }).await.unwrap();
    assert_eq!((retried.body.state, retried.body.written_ms, retried.body.attempts), (MailState::Waiting, 80, 2));
    settle(Settled::Sent).await.unwrap();
    let again = store.commit(RetryMail { client, id, now_ms: 90 }).await;
    assert!(matches!(again, Err(Rejected::Conflict(Taken::MailOver("sent")))), "{again:?}");
    let others = store.commit(DeleteMail { client: ClientId(2), id }).await;
    assert!(matches!(others, Err(Rejected::NotFound(_))), "{others:?}");
    store.commit(SweepMails { before_ms: 50 }).await.unwrap();
    assert!(store.mailboxes().mail(id).is_some());
    store.commit(SweepMails { before_ms: 51 }).await.unwrap();
    assert!(store.mailboxes().mail(id).is_none());
    // What comes of a mail that is gone matters to nobody.
    settle(Settled::Sent).await.unwrap();
    assert!(store.mailboxes().mail(id).is_none());
}

#[tokio::test]
async fn a_message_that_is_deleted_takes_the_mails_with_its_sound_along() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    post(&store, 5, vec![mail_body("a@b.example", true), mail_body("c@d.example", false)]).await;
    store.commit(ForgetMessage { record: record(5), now_ms: 44 }).await.unwrap();
    let states: Vec<_> = store.mailboxes().mails(ClientId(1)).iter().map(|mail| mail.body.state).collect();
    assert_eq!(states, [MailState::Cancelled, MailState::Waiting]);
    assert_eq!(store.mailboxes().count(ExtensionId(7)), Count::default());
    assert_eq!(store.mailboxes().take_changed().into_iter().collect::<Vec<_>>(), [ExtensionId(7)]);
    assert!(store.mailboxes().take_changed().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_not_marked() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    post(&store, 5, Vec::new()).await;
    for (client, id) in [(1, 4), (2, 5)] {
        let marked = store.commit(MarkHeard { client: ClientId(client), record: record(id), heard: true }).await;
        assert!(matches!(marked, Err(Rejected::NotFound(_))), "{marked:?}");
    }
}

#[tokio::test]
async fn a_full_outbox_loses_what_is_over_and_never_a_message_or_a_mail_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    store.commit(CreateClient { prefix: "001".to_owned() }).await.unwrap();
    let mails = |count: usize| (0..count).map(|_| mail_body("a@b.example", false)).collect::<Vec<_>>();
    assert_eq!(post(&store, 1, mails(limits::MAILS_OF_A_CLIENT - 1)).await, Some(limits::MAILS_OF_A_CLIENT - 1));
    for (id, now_ms) in [(1, 30), (2, 10), (3, 20)] {
        store.commit(SettleMail { id: MailId(id), settled: Settled::Sent, now_ms }).await.unwrap();
    }
    assert_eq!(post(&store, 2, mails(3)).await, Some(3));
    let left = [1, 2, 3].map(|id| store.mailboxes().mail(MailId(id)).is_some());
    assert_eq!(left, [true, false, false], "the oldest that were over have gone");
    assert_eq!(post(&store, 3, mails(3)).await, Some(1), "one was over, and all others wait");
    assert_eq!(post(&store, 4, mails(1)).await, Some(0));
    assert_eq!(store.mailboxes().count(ExtensionId(7)), Count { new: 4, old: 0 });
    assert_eq!(store.mailboxes().mails(ClientId(1)).len(), limits::MAILS_OF_A_CLIENT);
    let message = Message { record: record(5), client: ClientId(2), mailbox: ExtensionId(8), heard: false };
    assert_eq!(store.commit(PostMessage { message, mails: mails(2) }).await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_mail_in_hand_is_neither_deleted_nor_tried_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    post(&store, 5, vec![mail_body("a@b.example", true)]).await;
    let (client, id) = (ClientId(1), MailId(1));
    let claim = store.mailboxes().claim(id).expect("nobody has it");
    assert!(store.mailboxes().first_due().is_none() && store.mailboxes().claim(id).is_none());
    let deleted = store.commit(DeleteMail { client, id }).await;
    assert!(matches!(deleted, Err(Rejected::Conflict(Taken::MailInHand))), "{deleted:?}");
    let retried = store.commit(RetryMail { client, id, now_ms: 9 }).await;
    assert!(matches!(retried, Err(Rejected::Conflict(Taken::MailInHand))), "{retried:?}");
    // As soon as what came of it is written down, it is in nobody's hand any more, and whoever has had it takes it out of no other's.
    store.commit(SettleMail { id, settled: Settled::Failed("550".to_owned()), now_ms: 9 }).await.unwrap();
    let other = store.mailboxes().claim(id).expect("nobody has it");
    drop(claim);
    assert!(store.mailboxes().claim(id).is_none());
    drop(other);
    store.commit(RetryMail { client, id, now_ms: 9 }).await.unwrap();
    assert_eq!(store.mailboxes().first_due(), Some((9, id)), "whoever made a change has let go of it");
    store.commit(DeleteMail { client, id }).await.unwrap();
    assert!(store.mailboxes().mail(id).is_none() && store.mailboxes().claim(id).is_some());
}

/// Many who have seen that a message is new want to say so at once: one may.
#[tokio::test]
async fn of_many_marks_on_one_condition_one_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    post(&store, 5, Vec::new()).await;
    let mailboxes = Arc::clone(store.mailboxes());
    let is_new = move || {
        let mailboxes = Arc::clone(&mailboxes);
        Box::pin(async move { mailboxes.message(record(5)).is_some_and(|message| !message.heard) }) as _
    };
    let provided = store.provided(Arc::new(is_new));
    let mark = || provided.commit(MarkHeard { client: ClientId(1), record: record(5), heard: true });
    let (a, b, c) = tokio::join!(mark(), mark(), mark());
    let made = [&a, &b, &c].into_iter().filter(|made| made.is_ok()).count();
    assert_eq!(made, 1, "{a:?} {b:?} {c:?}");
    assert!([a, b, c].iter().all(|made| matches!(made, Ok(_) | Err(Rejected::Outdated))));
    store.commit(MarkHeard { client: ClientId(1), record: record(5), heard: false }).await.unwrap();
    let deleted = DeleteMessage {
        client: ClientId(1),
        record: record(5),
        now_ms: 9,
        recording: Box::new(|| Err(crate::recording::NotDeleted::Running)),
    };
    assert!(matches!(provided.commit(deleted).await, Ok(Err(crate::recording::NotDeleted::Running))));
    let delete = || {
        let recording = Box::new(|| Ok(()));
        provided.commit(DeleteMessage { client: ClientId(1), record: record(5), now_ms: 9, recording })
    };
    let (marked, deleted) = tokio::join!(mark(), delete());
    assert!(marked.is_ok() && matches!(deleted, Err(Rejected::Outdated)), "{marked:?} {deleted:?}");
}
