//! How callers rated calls.

use std::time::{Duration, UNIX_EPOCH};

use antiphon_ivr::{ExtensionId, Rating};
use serde_json::{Value, json};

use super::Api;
use crate::store::{ClientId, NewRating, changes::CreateClient};

impl Api {
    fn rated(&self, client: ClientId, extension: u64, seconds: u64, rate: u32) {
        let (extension, at) = (ExtensionId(extension), UNIX_EPOCH + Duration::from_secs(seconds));
        let rating = Rating { rate, max: 5 };
        self.store.rate(NewRating { client, extension, call: format!("c{seconds}"), at, rating });
    }

    /// What the writer was given before is done.
    async fn settle(&self) {
        let prefix = format!("9{}", self.store.snapshot().revision);
        self.store.commit(CreateClient { prefix }).await.unwrap();
    }
}

#[tokio::test]
async fn ratings_are_listed_by_time_extension_and_page() {
    let api = Api::new().await;
    let own = ClientId(1);
    // 2019-08-07 12:21:10
    let noon = 1_565_180_470;
    for (extension, seconds, rate) in [(7, noon, 5), (7, noon + 60, 4), (8, noon + 120, 1)] {
        api.rated(own, extension, seconds, rate);
    }
    api.rated(api.other, 9, noon, 2);
    api.settle().await;
    let all = api.get("/client/@me/quality_rate/").await.expect(200);
    assert_eq!(
        all[0],
        json!({"id": 1, "client_id": 1, "extension_id": 7, "call_uuid": format!("c{noon}"),
               "datetime": "2019-08-07 12:21:10", "rate": 5, "max_rate": 5})
    );
    for (query, rates) in [
        ("", json!([5, 4, 1])),
        ("?order=desc", json!([1, 4, 5])),
        ("?extension_id=7", json!([5, 4])),
        ("?start_datetime=2019-08-07%2012:22:10", json!([4, 1])),
        ("?start_datetime=2019-08-07+12:21:11&end_datetime=2019-08-07+12:22:10", json!([4])),
        ("?per_page=2&page=2", json!([1])),
        ("?per_page=2&page=3", json!([])),
    ] {
        let list = api.get(&format!("/client/@me/quality_rate/{query}")).await.expect(200);
        let told: Vec<&Value> = list.as_array().unwrap().iter().map(|rating| &rating["rate"]).collect();
        assert_eq!(json!(told), rates, "{query}");
    }
    for (query, field) in [
        ("start_datetime=now", "start_datetime"),
        ("end_datetime=1", "end_datetime"),
        ("extension_id=x", "extension_id"),
    ] {
        let message = api.get(&format!("/client/@me/quality_rate/?{query}")).await.refused(400);
        assert!(message.starts_with(field), "{message}");
    }
}
