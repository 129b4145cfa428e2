//! Queues, and who waits in them.

use antiphon_ivr::CallerId;
use serde_json::json;
use tokio::sync::mpsc;

use super::Api;
use crate::call::executor::clock;
use crate::calls::CallId;
use crate::queues::{Queues, Waiting};
use crate::store::ClientId;

#[tokio::test]
async fn whoever_waits_is_listed_for_its_client_alone() {
    let queues = Queues::default();
    let mut api = Api::with(|state| state.with_queues(queues.clone())).await;
    assert_eq!(api.get("/client/@me/queue/").await.expect(200), json!([]));
    let who = CallerId { number: "201".to_owned(), name: "Ann".to_owned() };
    let about = vec![("SKILLS".to_owned(), "english".to_owned())];
    let waiting = Waiting { call: CallId::new(), who, since: clock(), priority: 5, about };
    let call = waiting.call.to_string();
    let place = queues.join((ClientId(1), "sales"), 9, waiting, mpsc::channel(4).0).unwrap();
    let caller = json!({"call_uuid": call, "number": "201", "name": "Ann", "seconds": 0, "priority": 5,
                        "about": {"SKILLS": "english"}});
    let queue = json!({"name": "sales", "callers": [caller], "takers": 0, "average_seconds": 0});
    assert_eq!(api.get("/client/@me/queue/").await.expect(200), json!([queue]));
    api.become_other().await;
    assert_eq!(api.get("/client/@me/queue/").await.expect(200), json!([]));
    drop(place);
}
