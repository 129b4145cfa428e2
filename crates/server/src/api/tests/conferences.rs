//! Conferences: their settings, and who is in one now.

use antiphon_ivr::{
    CallerId, Voice,
    op::{Ears, Ends, Opens},
};
use antiphon_media::Patience;
use serde_json::json;
use tokio::sync::mpsc;

use super::Api;
use crate::call::{CallEvent, executor::clock};
use crate::calls::CallId;
use crate::conferences::{Conferences, Entry, Member, Wish};
use crate::media::worker::Worker;
use crate::store::ClientId;

#[tokio::test]
async fn a_conference_has_settings_and_keeps_them() {
    let api = Api::new().await;
    let id = api.extension("800", "conference").await;
    let path = format!("/extension/{id}/conference/");
    let new = json!({"pin": null, "max_members": 50, "muted": false, "tones": true, "music": true});
    assert_eq!(api.get(&path).await.expect(200), new);
    let changed = api.put(&path, json!({"pin": "2580", "max_members": 20, "muted": true})).await.expect(200);
    let expected = json!({"pin": "2580", "max_members": 20, "muted": true, "tones": true, "music": true});
    assert_eq!((&changed, &api.get(&path).await.expect(200)), (&expected, &expected));
    // A change of the extension leaves them alone.
    let labelled = api.put(&format!("/client/@me/extension/{id}"), json!({"label": "board"})).await.expect(200);
    assert_eq!((&labelled["type"], &labelled["label"]), (&json!("conference"), &json!("board")));
    assert_eq!(api.get(&path).await.expect(200), expected);
    for (body, said) in [
        (json!({"pin": "12a"}), "pin: must be 1 to 12 digits"),
        (json!({"pin": ""}), "pin: must be 1 to 12 digits"),
        (json!({"max_members": 1}), "max_members: must be 2 to 500"),
        (json!({"max_members": 501}), "max_members: must be 2 to 500"),
        (json!({"music": 7}), "music: must be true or false"),
    ] {
        let message = api.put(&path, body.clone()).await.refused(400);
        assert!(message.contains(said), "{body}: {message}");
    }
    assert_eq!(api.put(&path, json!({"pin": null})).await.expect(200)["pin"], json!(null));
    let phone = api.extension("201", "phone").await;
    let message = api.get(&format!("/extension/{phone}/conference/")).await.refused(404);
    assert!(message.contains("not a conference"), "{message}");
    assert!(api.get(&format!("/extension/{id}/phone/")).await.refused(404).contains("not a phone"));
    assert_eq!(api.get("/client/@me/conference/").await.expect(200), json!([]));
    api.get("/client/@me/conference/800").await.refused(404);
}

#[tokio::test]
async fn members_are_listed_muted_and_sent_out_by_their_client_alone() {
    let conferences = Conferences::default();
    let mut api = Api::with(|state| state.with_conferences(conferences.clone())).await;
    let (worker, _work) = Worker::new(clock(), 1, Patience::default());
    let (inbox, mut events) = mpsc::channel(4);
    let who = CallerId { number: "201".to_owned(), name: "Ann".to_owned() };
    let member = Member { call: CallId::new(), who, voice: Voice::Heard, ears: Ears::Open, since: clock() };
    let (call, name) = (member.call, "000*800".to_owned());
    let (client, opens, ends) = (ClientId(1), Opens::AtOnce, Ends::WithTheLast);
    let entry = Entry { client, name, most: 2, opens, ends, worker, member, inbox };
    let membership = conferences.enter(entry).unwrap();
    let shown = json!({"call_uuid": call.to_string(), "number": "201", "name": "Ann", "muted": false, "deaf": false, "seconds": 0});
    let conference = json!({"name": "000*800", "begun": true, "members": [shown]});
    assert_eq!(api.get("/client/@me/conference/").await.expect(200), json!([conference]));
    assert_eq!(api.get("/client/@me/conference/800").await.expect(200), conference);
    let path = format!("/client/@me/conference/800/member/{call}");
    api.put(&path, json!({"muted": true})).await.expect(204);
    assert!(matches!(events.try_recv(), Ok(CallEvent::Conference(_, Wish::Voice(Voice::Muted)))));
    membership.note(Voice::Muted);
    assert_eq!(api.get("/client/@me/conference/800").await.expect(200)["members"][0]["muted"], json!(true));
    let message = api.put(&path, json!({"muted": "loud"})).await.refused(400);
    assert!(message.contains("muted: must be true or false"), "{message}");
    api.delete(&path).await.expect(204);
    assert!(matches!(events.try_recv(), Ok(CallEvent::Conference(_, Wish::Leave))));
    api.delete(&format!("/client/@me/conference/800/member/{}", CallId::new())).await.refused(404);
    api.become_other().await;
    assert_eq!(api.get("/client/@me/conference/").await.expect(200), json!([]));
    api.delete(&path).await.refused(404);
    assert!(events.try_recv().is_err());
    drop(membership);
}
