//! The outbox, messages without recordings, and the menu by which messages are heard.

use antiphon_ivr::ExtensionId;
use antiphon_media::record::RecordingId;
use serde_json::{Value, json};

use super::Api;
use crate::store::changes::{PostMessage, SettleMail, Settled};
use crate::store::{ClientId, MailBody, MailId, Message};

/// Puts a message into a mailbox, with a mail to each address.
async fn post(api: &Api, client: ClientId, record: u128, addresses: &[&str]) {
    let body = |address: &&str| MailBody { address: (*address).to_owned(), ..crate::voicemail::tests::mail_body() };
    let message = Message { record: RecordingId(record), client, mailbox: ExtensionId(1), heard: false };
    let change = PostMessage { message, mails: addresses.iter().map(body).collect() };
    assert_eq!(api.store.commit(change).await.expect("a store"), Some(addresses.len()));
}

#[tokio::test]
async fn the_outbox_is_shown_tried_again_and_cleared() {
    let api = Api::new().await;
    let (own, outbox) = (api.store.snapshot().clients().next().expect("a client").id, "/client/@me/mail/");
    post(&api, own, 5, &["ani@b.example", "mane@b.example"]).await;
    post(&api, api.other, 6, &["other@b.example"]).await;
    let list = api.get(outbox).await.expect(200);
    let addresses: Vec<_> = list.as_array().expect("a list").iter().map(|mail| mail["address"].clone()).collect();
    assert_eq!(addresses, ["mane@b.example", "ani@b.example"], "the newest first, and none of others");
    let one = api.get(&format!("{outbox}1")).await.expect(200);
    assert_eq!(
        (&one["state"], &one["attempts"], &one["record_id"]),
        (&json!("waiting"), &json!(0), &json!(format!("{:032x}", 5)))
    );
    // As long as the settings have no mail server, that is why it waits.
    assert_eq!(one["error"], "the settings have no [mail]");
    api.store.mailboxes().set_mail(true, 0);
    assert_eq!(api.get(&format!("{outbox}1")).await.expect(200)["error"], Value::Null);
    assert_eq!(api.post(&format!("{outbox}1/retry/"), json!({})).await.expect(202)["state"], "waiting");
    let claim = api.store.mailboxes().claim(MailId(1)).expect("nobody has it in hand");
    assert_eq!(api.delete(&format!("{outbox}1")).await.refused(409), "the mail is being sent");
    assert_eq!(api.post(&format!("{outbox}1/retry/"), json!({})).await.refused(409), "the mail is being sent");
    drop(claim);
    let settled = Settled::Failed("550 nobody".to_owned());
    api.store.commit(SettleMail { id: MailId(1), settled, now_ms: 1 }).await.expect("it is there");
    let failed = api.get(&format!("{outbox}?state=failed")).await.expect(200);
    assert_eq!((&failed[0]["error"], &failed[0]["ended_gmt"]), (&json!("550 nobody"), &json!("1970-01-01 00:00:00")));
    api.store.commit(SettleMail { id: MailId(2), settled: Settled::Sent, now_ms: 1 }).await.expect("it is there");
    let said = api.post(&format!("{outbox}2/retry/"), json!({})).await.refused(409);
    assert_eq!(said, "the mail is sent");
    for path in ["3", "99", "x"] {
        api.get(&format!("{outbox}{path}")).await.refused(404);
        api.delete(&format!("{outbox}{path}")).await.refused(404);
    }
    api.delete(&format!("{outbox}1")).await.expect(204);
    assert_eq!(api.get(outbox).await.expect(200).as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn whom_to_tell_is_taken_once_mail_can_be_sent_and_checked_in_any_case() {
    let api = Api::new().await;
    let path = format!("/extension/{}/ivr/", api.extension("071", "ivr").await);
    let wrong = json!({"vm_enabled": true, "vm_mailto": "nobody", "vm_pin": "12"});
    let message = api.put(&path, wrong).await.refused(400);
    assert!(message.contains("vm_mailto: \"nobody\" is no e-mail address"), "{message}");
    assert!(message.contains("vm_pin: must be 4 to 12 digits"), "{message}");
    api.store.mailboxes().set_mail(true, 0);
    let right = json!({"vm_enabled": true, "vm_mailto": "\"Mane, sales\" <m@b.example>", "vm_pin": "4711"});
    let set = api.put(&path, right).await.expect(200);
    assert_eq!((&set["vm_mailto"], &set["vm_pin"]), (&json!("\"Mane, sales\" <m@b.example>"), &json!("4711")));
    assert_eq!(api.put(&path, json!({"vm_pin": null})).await.expect(200).get("vm_pin"), None);
}

#[tokio::test]
async fn a_mailbox_that_has_none_is_empty_and_what_is_no_menu_has_no_mailbox() {
    let api = Api::new().await;
    let menu = format!("/extension/{}/voicemail/", api.extension("071", "ivr").await);
    assert_eq!(api.get(&menu).await.expect(200), json!([]));
    assert_eq!(api.get(&format!("{menu}count/")).await.expect(200), json!({"new": 0, "old": 0}));
    api.put(&format!("{menu}5"), json!({"heard": true})).await.refused(404);
    let phone = format!("/extension/{}/voicemail/", api.extension("002", "phone").await);
    api.get(&phone).await.refused(404);
}

#[tokio::test]
async fn one_request_makes_the_menu_by_which_messages_are_heard() {
    let api = Api::new().await;
    api.extension("071", "ivr").await;
    let body = json!({"name": "098", "template": "voicemail_menu", "mailbox": "071", "label": "messages"});
    let made = api.post("/client/@me/extension/", body).await.expect(201);
    assert_eq!((&made["name"], &made["type"], &made["label"]), (&json!("000*098"), &json!("ivr"), &json!("messages")));
    let contexts = format!("/extension/{}/ivr/context", made["id"]);
    let names = api.get(&format!("{contexts}/")).await.expect(200);
    let names: Vec<_> = names.as_array().expect("a list").iter().map(|context| context["name"].clone()).collect();
    assert_eq!(names, ["Entrance", "PIN", "Messages"]);
    let rules = api.get(&format!("{contexts}/1/options/start/rules/")).await.expect(200);
    assert_eq!((&rules[0]["voicemail_step"], &rules[0]["voicemail_mailbox"]), (&json!("open"), &json!("071")));
    // Its sounds are the client's, and a second menu says the same ones, also when they were replaced.
    let sounds = api.get("/client/@me/sound/").await.expect(200).as_array().map(Vec::len);
    api.post("/client/@me/extension/", json!({"name": "099", "template": "voicemail_menu"})).await.expect(201);
    assert_eq!(api.get("/client/@me/sound/").await.expect(200).as_array().map(Vec::len), sounds);
    for (body, said) in [
        (json!({"name": "097", "template": "fax_menu"}), "template: must be one of: voicemail_menu"),
        (json!({"name": "097", "template": "voicemail_menu", "type": "phone"}), "type: must be ivr"),
        (json!({"name": "097", "template": "voicemail_menu", "language": "xx"}), "language: must be one of: en"),
        (json!({"template": "voicemail_menu"}), "name: is required"),
        (json!({"name": "098", "template": "voicemail_menu"}), "098"),
    ] {
        let refused = api.post("/client/@me/extension/", body.clone()).await;
        let status = refused.status.as_u16();
        let message = refused.refused(status);
        assert!(status / 100 == 4 && message.contains(said), "{body}: {status} {message}");
    }
}
