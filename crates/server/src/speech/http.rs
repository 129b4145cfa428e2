//! A web server with the speech API of OpenAI as a voice and as a recogniser; many programs that run beside a server have it.
//!
//! Shape: `POST {url}/audio/speech` (JSON in, a WAV file out) and `POST {url}/audio/transcriptions` (multipart in, `{"text"}` out).
//! Time: the room has the limit; a request that is dropped ends.
//! Errors: any answer but 200, and one that is too large or no sound or text.
//!
//! The address is the administrator's own, so what keeps web scripts from addresses inside does not count here. Redirects are not
//! followed.

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{RenderError, Speech, Utterance};
use reqwest::{Client, RequestBuilder, header};
use rustls::{ClientConfig, crypto::ring};
use serde_json::{Value, json};

use super::{NotUnderstood, Recogniser, Said, Task, Voice};
use crate::roots;
use crate::settings::{SpeechServer, SpeechSettings};

/// Most bytes of an answer.
const ANSWER: usize = 64 << 20;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Most characters of phrases that a recogniser is told; the API reads no more.
const PROMPT: usize = 800;
/// What stands between two parts of a form.
const BOUNDARY: &str = "antiphon-0f7a2c61d9";

/// The web server.
pub(super) struct HttpEngine {
    client: Client,
    server: SpeechServer,
    language: String,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("{0}")]
    Client(reqwest::Error),
    #[error("it answered {0}")]
    Status(u16),
    #[error("it answered more than {ANSWER} bytes")]
    TooMuch,
}

impl HttpEngine {
    /// A client of this server. It opens nothing until it is asked to; `None`, and a line in the log, where none can be made.
    pub(super) fn new(server: &SpeechServer, settings: &SpeechSettings) -> Option<Self> {
        let client =
            client().inspect_err(|error| tracing::error!(%error, "no client for the speech server can be made"));
        Some(Self { client: client.ok()?, server: server.clone(), language: settings.language.clone() })
    }

    fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> RequestBuilder {
        let request = self.client.post(format!("{}/audio/{path}", self.server.url));
        let request = request.header(header::CONTENT_TYPE, content_type).body(body);
        match &self.server.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }
}

fn client() -> Result<Client, Box<dyn std::error::Error>> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls =
        tls.with_safe_default_protocol_versions()?.with_root_certificates(roots::of_the_system()).with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).redirect(reqwest::redirect::Policy::none());
    Ok(client.no_proxy().connect_timeout(CONNECT).build()?)
}

async fn answer(request: RequestBuilder) -> Result<Vec<u8>, HttpError> {
    let mut response = request.send().await.map_err(|error| HttpError::Client(error.without_url()))?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(HttpError::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| HttpError::Client(error.without_url()))? {
        if body.len() + chunk.len() > ANSWER {
            return Err(HttpError::TooMuch);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Voice for HttpEngine {
    fn identity(&self) -> String {
        format!("http {} {} {}", self.server.url, self.server.model, self.server.voice)
    }

    fn render(&self, speech: Arc<Speech>) -> Task<Result<Vec<u8>, RenderError>> {
        // The API's own bounds.
        let speed = (f64::from(speech.speed) / f64::from(Speech::USUAL)).clamp(0.25, 4.0);
        let body = json!({
            "model": self.server.model,
            "input": speech.text(),
            "voice": speech.voice.as_deref().unwrap_or(&self.server.voice),
            "response_format": "wav",
            "speed": speed,
        });
        let request = self.post("speech", "application/json", body.to_string().into_bytes());
        Box::pin(async move {
            answer(request).await.map_err(|error| {
                tracing::warn!(%error, "the speech server rendered nothing");
                RenderError::Failed
            })
        })
    }
}

impl Recogniser for HttpEngine {
    fn understand(&self, said: Said) -> Task<Result<Option<Utterance>, NotUnderstood>> {
        let language = said.language.as_deref().unwrap_or(&self.language);
        // The API knows languages without a country.
        let language = language.split('-').next().unwrap_or_default().to_owned();
        let body = form(&self.server.model, &language, &said);
        let request = self.post("transcriptions", &format!("multipart/form-data; boundary={BOUNDARY}"), body);
        Box::pin(async move {
            let answer = answer(request).await.map_err(|error| {
                tracing::warn!(%error, "the speech server understood nothing");
                NotUnderstood::Failed
            })?;
            let answer: Value = serde_json::from_slice(&answer).map_err(|error| {
                tracing::warn!(%error, "the speech server answered no JSON");
                NotUnderstood::Failed
            })?;
            match answer.get("text").and_then(Value::as_str) {
                Some(text) if text.trim().is_empty() => Ok(None),
                Some(text) => Ok(Some(Utterance { text: text.to_owned(), confidence: None })),
                None => Err(NotUnderstood::Failed),
            }
        })
    }
}

/// The form of a transcription (RFC 7578).
fn form(model: &str, language: &str, said: &Said) -> Vec<u8> {
    let mut prompt = String::new();
    for phrase in said.phrases.iter() {
        if prompt.chars().count() + phrase.chars().count() + 2 > PROMPT {
            break;
        }
        prompt += if prompt.is_empty() { "" } else { ", " };
        prompt += phrase;
    }
    let mut body = Vec::new();
    for (name, value) in [("model", model), ("language", language), ("prompt", &prompt), ("response_format", "json")] {
        if !value.is_empty() {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
    }
    let file =
        "Content-Disposition: form-data; name=\"file\"; filename=\"said.wav\"\r\nContent-Type: audio/wav\r\n\r\n";
    body.extend_from_slice(format!("--{BOUNDARY}\r\n{file}").as_bytes());
    body.extend_from_slice(&said.wav());
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use antiphon_media::record::Rate;

    /// An engine whose server answers this once, and what it was asked.
    async fn engine(answer: Vec<u8>) -> (HttpEngine, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = SpeechServer { url, key: Some("secret".into()), model: "m-1".into(), voice: "alloy".into() };
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !is_whole(&request) && stream.read_buf(&mut request).await.unwrap() > 0 {}
            // Whoever asked may have had enough of the answer.
            let _ = stream.write_all(&answer).await;
            String::from_utf8_lossy(&request).into_owned()
        });
        (HttpEngine::new(&server, &SpeechSettings::default()).unwrap(), asked)
    }

    fn is_whole(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request);
        let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        request.len() >= head.len() + 4 + length.unwrap_or(0)
    }

    fn http(status: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn said() -> Said {
        let phrases = Arc::from(["taxi".to_owned(), "bus".to_owned()]);
        Said { samples: vec![100; 800], rate: Rate::Narrow, language: Some("ru-RU".into()), phrases }
    }

    #[tokio::test]
    async fn a_text_is_asked_for_as_the_api_wants_it() {
        let (engine, asked) = engine(http("200 OK", "a sound")).await;
        let speech = Speech { speed: 150, ..Speech::new("say \"this\"").unwrap() };
        assert_eq!(engine.render(Arc::new(speech)).await.unwrap(), b"a sound");
        let asked = asked.await.unwrap();
        let (head, body) = asked.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v1/audio/speech HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer secret"), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        let expect =
            json!({"model": "m-1", "input": "say \"this\"", "voice": "alloy", "response_format": "wav", "speed": 1.5});
        assert_eq!(body, expect);
    }

    #[tokio::test]
    async fn an_utterance_is_a_form_with_a_file_and_what_is_expected() {
        let (engine, asked) = engine(http("200 OK", r#"{"text": " A taxi. "}"#)).await;
        assert_eq!(engine.understand(said()).await.unwrap().unwrap().text, " A taxi. ");
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("POST /v1/audio/transcriptions HTTP/1.1\r\n"), "{asked}");
        for part in [
            "name=\"model\"\r\n\r\nm-1\r\n",
            "name=\"language\"\r\n\r\nru\r\n",
            "name=\"prompt\"\r\n\r\ntaxi, bus\r\n",
            "filename=\"said.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF",
        ] {
            assert!(asked.contains(part), "{part:?} is not in {asked}");
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_a_failure() {
        let redirect = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_vec();
        for answer in [http("500 Oh", ""), http("401 No", "{}"), redirect, b"rubbish\r\n\r\n".to_vec(), Vec::new()] {
            let (engine, _asked) = engine(answer.clone()).await;
            let rendered = engine.render(Arc::new(Speech::new("a").unwrap())).await;
            assert_eq!(rendered, Err(RenderError::Failed), "{}", String::from_utf8_lossy(&answer));
        }
        for body in ["rubbish", "{}", "[1]", r#"{"text": 1}"#] {
            let (engine, _asked) = engine(http("200 OK", body)).await;
            assert_eq!(engine.understand(said()).await, Err(NotUnderstood::Failed), "{body}");
        }
        let (engine, _asked) = engine(http("200 OK", r#"{"text": "  "}"#)).await;
        assert_eq!(engine.understand(said()).await, Ok(None));
    }
}
