//! Asking web servers for a script.
//!
//! Shape: a [`Fetch`] in, a page or why there is none out; the caller is not left in silence meanwhile, and each request is a step of
//! the call's live debug, without the recordings that go with it.
//! Errors: what a web server does wrong is an outcome. Where the caller hangs up the request is given up.

use std::time::Duration;

use antiphon_ivr::{
    Fetch, FetchError, FetchMethod, Interrupted, Meanwhile, Page, TypeAhead,
    op::Tell,
    vxml::{Application, UPLOADED},
};

use super::executor::Executor;
use crate::{rooms::Rooms, store::ClientId, trace::CallTrace, web::debug::Asker};

/// Most bytes of a request with the recordings in it.
const MOST: usize = 32 << 20;

impl Executor {
    /// Performs a fetch.
    pub(super) async fn fetch(&mut self, fetch: Fetch) -> Result<Result<Page, FetchError>, Interrupted> {
        let (web, client) = (self.rooms.web.clone(), self.client);
        let filled = match self.with_files(&fetch).await {
            Ok(filled) => filled,
            Err(error) => return Ok(Err(error)),
        };
        let step = self.rooms.http_debug.begin(asker(client, &self.trace), &fetch, &web.headers(client, &fetch));
        let meanwhile = fetch.meanwhile.clone();
        let work = async move { web.fetch(client, filled.as_ref().unwrap_or(&fetch)).await };
        let exchange = match meanwhile.keys {
            TypeAhead::Drop if meanwhile.sound.is_none() => self.meanwhile(work).await?,
            _ => self.meanwhile_hearing(meanwhile.sound.as_ref(), work).await?,
        };
        step.finish(&exchange);
        Ok(exchange.outcome)
    }

    /// The request with the recordings in its body; `None` where there are none.
    pub(super) async fn with_files(&self, fetch: &Fetch) -> Result<Option<Fetch>, FetchError> {
        let Some(body) = fetch.body.as_ref().filter(|_| !fetch.files.is_empty()) else { return Ok(None) };
        let (mut bytes, mut at) = (Vec::new(), 0);
        for file in &fetch.files {
            bytes.extend_from_slice(body.bytes.get(at..file.at).ok_or(FetchError::NoFile)?);
            at = file.at;
            let sound = self.taken_file(file.recording).await.ok_or(FetchError::NoFile)?;
            bytes.extend_from_slice(&sound);
            if bytes.len() > MOST {
                return Err(FetchError::NoFile);
            }
        }
        bytes.extend_from_slice(body.bytes.get(at..).unwrap_or_default());
        let body = antiphon_ivr::FetchBody { content_type: body.content_type.clone(), bytes };
        Ok(Some(Fetch { body: Some(body), ..fetch.clone() }))
    }
}

/// Tells a web server what a script says, soon.
pub(super) fn tell(rooms: &Rooms, client: ClientId, trace: &CallTrace, tell: Tell) {
    let headers = rooms.web.headers(client, &tell.fetch);
    let step = rooms.http_debug.begin_aside(asker(client, trace), &tell.fetch, &headers);
    rooms.events.tell(client, trace.id, tell, step);
}

/// Notes in live debug that a page runs which is asked for at no web server, so that there is something to note its log under.
pub(super) fn uploaded(rooms: &Rooms, client: ClientId, trace: &CallTrace, application: &Application) {
    let Some(upload) = application.upload.as_ref().filter(|_| application.url == UPLOADED) else { return };
    let fetch = Fetch {
        method: FetchMethod::Get,
        url: UPLOADED.to_owned(),
        headers: Vec::new(),
        body: None,
        patience: Duration::ZERO,
        max_bytes: upload.bytes.len(),
        redirects: 0,
        step: "vxml document".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    };
    rooms.http_debug.begin_uploaded(asker(client, trace), &fetch, &upload.bytes);
}

/// Whose request it is.
pub(super) fn asker(client: ClientId, trace: &CallTrace) -> Asker {
    trace.record(|record| {
        let (extension, from, to) = (record.extension.clone(), record.from.clone(), record.to.clone());
        let sip_call_id = record.legs.get(record.caller).map(|leg| leg.sip_call_id.clone()).unwrap_or_default();
        Asker { client, call: trace.id, sip_call_id, extension, from, to }
    })
}
