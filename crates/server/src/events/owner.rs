//! The owner of the notices: it sends them, and tries again what failed.
//!
//! Shape: one task a notice. Those of one call at one extension wait for each other, so that a subscriber hears of a call's end last;
//! beside that so many are sent at once, in all and of one client.
//! Time: a try may take [`PATIENCE`]; the next ones come after [`PAUSES`].
//! Errors: a subscriber that answers anything but 429 or 5xx has heard; where nobody may be asked nothing is tried again.

use std::{collections::HashMap, time::Duration};

use antiphon_ivr::{ExtensionId, Fetch, FetchBody, FetchError, FetchMethod};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use url::form_urlencoded;

use super::Notice;
use crate::{calls::CallId, store::EventType, turns::Turns, web::Web};

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a notice rests before each further try.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];
/// Notices that are sent at once.
const AT_ONCE: usize = 64;
/// The same of one client, so that nobody's dead web server keeps the others' notices waiting.
const OF_A_CLIENT: usize = 16;
/// The answer is read as far as this, so that its connection can be used again, and means nothing.
const ANSWER_BYTES: usize = 65_536;

/// What is sent one after the other.
type Line = (ExtensionId, Option<CallId>);

/// The owner.
pub struct Owner {
    web: Web,
    notices: mpsc::Receiver<Notice>,
    turns: Turns,
    /// The last notice of each line, and what says that it is done.
    lines: HashMap<Line, (u64, oneshot::Receiver<()>)>,
    sending: JoinSet<(Line, u64)>,
    count: u64,
}

impl Owner {
    pub(super) fn new(web: Web, notices: mpsc::Receiver<Notice>) -> Self {
        let turns = Turns::new(AT_ONCE, OF_A_CLIENT);
        Self { web, notices, turns, lines: HashMap::new(), sending: JoinSet::new(), count: 0 }
    }

    /// Sends notices as long as anybody can raise an event.
    pub async fn run(mut self) {
        loop {
            tokio::select! {
                notice = self.notices.recv() => match notice {
                    Some(notice) => self.send(notice),
                    None => return,
                },
                Some(sent) = self.sending.join_next() => {
                    // One that panicked has told so already, and only its own line's entry stays.
                    if let Ok((line, number)) = sent
                        && self.lines.get(&line).is_some_and(|(last, _)| *last == number)
                    {
                        self.lines.remove(&line);
                    }
                }
            }
        }
    }

    fn send(&mut self, notice: Notice) {
        let line = (notice.event.extension, notice.event.call);
        self.count += 1;
        let (done, is_done) = oneshot::channel::<()>();
        let before = self.lines.insert(line, (self.count, is_done));
        let (web, turns, number) = (self.web.clone(), self.turns.clone(), self.count);
        self.sending.spawn(async move {
            if let Some((_, before)) = before {
                // Its sender is dropped when it is done.
                let _ = before.await;
            }
            deliver(&web, &turns, &notice).await;
            drop(done);
            (line, number)
        });
    }
}

/// Tells one subscriber, in several tries.
async fn deliver(web: &Web, turns: &Turns, notice: &Notice) {
    let fetch = request(notice);
    let client = notice.event.client;
    let mut pauses = PAUSES.iter();
    let outcome = loop {
        let turn = turns.take(client.to_string()).await;
        let outcome = web.fetch(client, &fetch).await.outcome;
        drop(turn);
        let again = match &outcome {
            Ok(page) => page.status == 429 || page.status >= 500,
            Err(FetchError::BadUrl(_) | FetchError::BadHeader(_) | FetchError::Denied(_) | FetchError::Redirects) => {
                false
            }
            // Whoever answers at such length has heard.
            Err(FetchError::TooLarge) => break "told",
            Err(_) => true,
        };
        match (again, pauses.next()) {
            (true, Some(pause)) => tokio::time::sleep(*pause).await,
            (false, _) if outcome.is_ok() => break "told",
            _ => break "given_up",
        }
    };
    metrics::counter!("antiphon_event_notices_total", "outcome" => outcome).increment(1);
    if outcome == "given_up" {
        tracing::warn!(event = %notice.event.kind, subscription = notice.to.id.0, "a subscriber could not be told of an event");
    }
}

/// The notice as a request: parameters as a form, or behind the query that the URL has.
fn request(notice: &Notice) -> Fetch {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("EventType", EventType::as_str(notice.event.kind));
    for (name, value) in &notice.event.parameters {
        form.append_pair(name, value);
    }
    let form = form.finish();
    let (url, body) = match notice.to.method {
        FetchMethod::Get => (with_query(&notice.to.url, &form), None),
        FetchMethod::Post | FetchMethod::Put | FetchMethod::Patch => {
            let content_type = "application/x-www-form-urlencoded".to_owned();
            (notice.to.url.clone(), Some(FetchBody { content_type, bytes: form.into_bytes() }))
        }
    };
    Fetch {
        method: notice.to.method,
        url,
        headers: Vec::new(),
        body,
        patience: PATIENCE,
        max_bytes: ANSWER_BYTES,
        redirects: 3,
        step: format!("event {}", notice.event.kind),
    }
}

/// A URL with more parameters in its query.
fn with_query(url: &str, parameters: &str) -> String {
    let (rest, _) = url.split_once('#').unwrap_or((url, ""));
    let joint = match rest.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{rest}{joint}{parameters}")
}
