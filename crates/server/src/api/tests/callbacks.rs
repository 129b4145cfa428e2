//! Callbacks, and callers who are sent elsewhere, as far as an API goes that takes no calls itself.

use antiphon_ivr::ExtensionId;
use serde_json::json;

use super::Api;
use crate::settings::TraceSettings;
use crate::store::ClientId;
use crate::store::changes::CreateExtension;
use crate::trace::tests::Desk;

async fn extension(api: &Api, client: ClientId, name: &str, status: &str) -> ExtensionId {
    let body = json!({"name": name, "type": "ivr", "status": status});
    api.store.commit(CreateExtension { client, body }).await.unwrap().id
}

#[tokio::test]
async fn a_callback_is_made_in_the_name_of_an_extension_that_may_call() {
    let api = Api::new().await;
    let [active, blocked, foreign] = [
        extension(&api, ClientId(1), "071", "active").await,
        extension(&api, ClientId(1), "072", "blocked").await,
        extension(&api, api.other, "071", "active").await,
    ];
    let body = json!({"src_num": ["101"], "dst_num": "071"});
    for (extension, status) in [(foreign.0, 404), (999, 404), (blocked.0, 403), (active.0, 503)] {
        api.post(&format!("/extension/{extension}/callback/"), body.clone()).await.refused(status);
    }
    // Variables of the client may stand for parts of the body, and for the extension itself.
    let named = json!({"src_num": ["$cv(DESK)"], "dst_num": "071"});
    let path = format!("/extension/{}/callback/", active.0);
    assert_eq!(api.post(&path, named.clone()).await.refused(400), "src_num[0]: the client has no variable DESK");
    let set = json!({"variables": [{"var": "DESK", "value": "101"}, {"var": "MENU", "value": active.0}]});
    api.post("/client/@me/variables/", set).await.expect(201);
    // It takes no calls, so it comes no further.
    api.post("/extension/@%7BMENU%7D/callback/", named).await.refused(503);
}

#[tokio::test]
async fn only_calls_in_progress_and_of_the_client_are_sent_elsewhere() {
    let mut desk = Desk::new(TraceSettings::default());
    let api = Api::with_trace(desk.trace.clone()).await;
    let (call, _) = desk.call(ClientId(1), "a@b");
    let (foreign, _) = desk.call(api.other, "c@d");
    let other = extension(&api, ClientId(1), "555", "active").await;
    let path = |id: &str| format!("/client/@me/current_calls/{id}");
    let (call, foreign) = (call.id.to_string(), foreign.id.to_string());
    let send = json!({"action": "transfer", "send_dst": "101"});
    for (path, body, status) in [
        (path(&foreign), send.clone(), 404),
        (path("0"), send.clone(), 404),
        (path(&call), json!({}), 400),
        (path(&call), json!({"action": "park"}), 400),
        (path(&call), json!({"action": "transfer", "send_dst": "$cv(NOBODY)"}), 400),
        // It takes no calls, so it knows no numbers either.
        (path(&call), send.clone(), 503),
        (format!("/extension/{other}/current_calls/{call}"), send, 404),
    ] {
        api.put(&path, body.clone()).await.refused(status);
    }
}
