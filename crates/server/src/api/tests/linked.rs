use axum::body::Body;
use axum::http::Request;

use super::Api;

#[tokio::test]
async fn a_link_that_proves_nothing_leads_to_no_recording() {
    let api = Api::new().await;
    for query in ["", "?expires=1&expires=1", "?expires=%FF", "?signature=a.mp3&signature=b"] {
        let path = format!("/recording/0194f0c6b2a07f3e9a51c2d4e6f80912.wav{query}");
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(api.send(request).await.refused(404), "recording not found", "{query}");
    }
}
