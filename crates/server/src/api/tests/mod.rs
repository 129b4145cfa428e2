//! The API through its router, without a socket.

mod access;
mod callbacks;
mod calls;
mod conditions;
mod conferences;
mod conformity;
mod description;
mod events;
mod http_debug;
mod intervals;
mod linked;
mod mail;
mod menus;
mod objects;
mod pivot_debug;
mod pivots;
mod queues;
mod ratings;
mod say;
mod scripts;
mod sounds;
mod variables;
mod vxml;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::{ApiState, router};
use crate::calls::Readiness;
use crate::store::changes::{CreateApplication, CreateClient};
use crate::store::{ClientId, Secret, Store};
use crate::trace::Trace;
use conformity::Conformity;

/// A server's HTTP side over a fresh store with two clients; requests are made as the first of them.
struct Api {
    router: Router,
    /// What is routed and not described.
    undescribed: Vec<String>,
    /// Every answer is held against it.
    conformity: Conformity,
    store: Store,
    readiness: watch::Sender<Readiness>,
    client_id: String,
    client_secret: String,
    token: String,
    other: ClientId,
    _data: TempDir,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    /// The body of an answer that has to have this status.
    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// The message of a refusal that has to have this status.
    #[track_caller]
    fn refused(self, status: u16) -> String {
        self.expect(status)["message"].as_str().expect("every refusal has a message").to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Api {
    async fn new() -> Self {
        Self::with_hourly_limit(1_000_000).await
    }

    async fn with_hourly_limit(limit: u64) -> Self {
        Self::with(|state| state.with_hourly_limit(limit)).await
    }

    async fn with_trace(trace: Arc<Trace>) -> Self {
        Self::with(|state| state.with_trace(trace)).await
    }

    async fn with(shape: impl FnOnce(ApiState) -> ApiState) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let client = store.commit(CreateClient { prefix: "000".to_owned() }).await.unwrap();
        let other = store.commit(CreateClient { prefix: "001".to_owned() }).await.unwrap();
        let secret = Secret::random();
        let application = CreateApplication { client, secret: secret.hash() };
        let client_id = store.commit(application).await.unwrap();
        let (readiness, told) = watch::channel(Readiness::Ready);
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let state = ApiState::new(store.clone(), told, metrics, "sip.example.net");
        let client_secret = secret.reveal().to_owned();
        let state = shape(state);
        let router = router(state.clone());
        let undescribed = super::table(&state).finish().1.problems;
        let document = serde_json::from_slice(state.description.get().unwrap()).unwrap();
        let mut api = Self {
            router,
            undescribed,
            conformity: Conformity::new(document),
            store,
            readiness,
            client_id,
            client_secret,
            token: String::new(),
            other,
            _data: data,
        };
        api.ask_in().await;
        api
    }

    /// Takes a token for the credentials.
    async fn ask_in(&mut self) {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=all",
            self.client_id, self.client_secret
        );
        let answer = self.send(Request::post("/oauth/token").body(form.into()).unwrap()).await.expect(200);
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    /// Requests are made as the second client from now on.
    async fn become_other(&mut self) {
        let secret = Secret::random();
        let application = CreateApplication { client: self.other, secret: secret.hash() };
        self.client_id = self.store.commit(application).await.unwrap();
        self.client_secret = secret.reveal().to_owned();
        self.ask_in().await;
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
        };
        self.conformity.check(&method, &path, head.status, &head.headers, &body);
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn raw(&self, method: Method, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/ver1.0{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap();
        self.send(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.raw(Method::GET, path, "", Body::empty()).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.raw(Method::DELETE, path, "", Body::empty()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.raw(Method::POST, path, "application/json", body.to_string()).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.raw(Method::PUT, path, "application/json", body.to_string()).await
    }

    /// A new extension's id.
    async fn extension(&self, name: &str, kind: &str) -> u64 {
        let made = self.post("/client/@me/extension/", json!({"name": name, "type": kind})).await.expect(201);
        made["id"].as_u64().unwrap()
    }

    /// The path of a fresh menu with one context, which has the id 1.
    async fn menu(&self, name: &str) -> String {
        let path = format!("/extension/{}/ivr", self.extension(name, "ivr").await);
        let context = self.post(&format!("{path}/context/"), json!({"name": "Main"})).await.expect(201);
        assert_eq!(context["id"], 1);
        path
    }

    /// A new sound's id.
    async fn sound(&self, title: &str) -> u64 {
        let made = self.upload("/client/@me/sound/", Some(title), Some(&sounds::wav(800))).await.expect(201);
        made["id"].as_u64().unwrap()
    }

    async fn upload(&self, path: &str, title: Option<&str>, file: Option<&[u8]>) -> Answer {
        let mut body = Vec::new();
        if let Some(title) = title {
            body.extend(b"--X\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n");
            body.extend(title.as_bytes());
            body.extend(b"\r\n");
        }
        if let Some(file) = file {
            body.extend(b"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"hello.wav\"\r\n");
            body.extend(b"Content-Type: audio/wav\r\n\r\n");
            body.extend(file);
            body.extend(b"\r\n");
        }
        body.extend(b"--X--\r\n");
        self.raw(Method::POST, path, "multipart/form-data; boundary=X", body).await
    }
}
