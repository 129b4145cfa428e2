//! Sound of a call that goes to web servers, and a caller who talks with one.
//!
//! Shape: a copy has a recorder on the caller's stream like the recordings have, and moves along with them; whoever talks hears what comes
//! by a source on the same stream. Each has a task of its own, which ends when the call lets go of it.
//! Time: a start waits for nobody; a talk waits until the caller or the server ends it.
//! Errors: [`StreamError`] is an outcome. Who is to be told of a copy's end is, by a notice.
//! Sources: `kazoo-pivot.md` 5.4 (Start, Stop, Stream, Connect).

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{
    Fetch, FetchBody, FetchMethod, Interrupted, Meanwhile,
    op::{Connect, Connected, Stream, StreamError, Tell, WebStream},
};
use antiphon_media::{
    StreamId,
    live::{self, LiveSource},
    record::{Rate, RecordEnd, Recorder, RecordingId, Seat, Take, Trim},
};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use url::form_urlencoded;

use super::{
    CallEvent,
    executor::{Executor, Heard},
    fetch,
    recording::taken,
};
use crate::{
    media::worker::Order,
    rooms::Rooms,
    store::ClientId,
    streams::{Ears, News, Pump, Word},
    trace::CallTrace,
    web,
};

/// The longest stream: a day.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Keys that wait to be told.
const WORDS: usize = 64;
/// How a status callback is tried.
const STATUS_PATIENCE: Duration = Duration::from_secs(10);
const STATUS_RETRIES: u8 = 2;
const STATUS_PAUSE: Duration = Duration::from_secs(2);

/// A stream of this call.
pub(super) struct OfCall {
    number: u64,
    name: String,
    /// The place of its recorder.
    pub(super) seat: Seat,
    pub(super) at: StreamId,
    /// It ends when this is gone.
    words: mpsc::Sender<Word>,
}

impl Executor {
    /// Begins or ends a copy of the call's sound.
    pub(super) async fn stream(&mut self, asked: Stream) -> Result<(), StreamError> {
        match asked {
            Stream::Start(of) => self.begin_stream(of, None, None).await.map(drop),
            Stream::Stop(name) => {
                let number = self.streams.iter().find(|stream| stream.name == name).map(|stream| stream.number);
                if let Some(number) = number {
                    self.end_stream(number).await;
                }
                Ok(())
            }
        }
    }

    /// Has the caller talk with a web server.
    pub(super) async fn connect(&mut self, connect: Connect) -> Result<Connected, Interrupted> {
        let Some(at) = self.caller.stream() else { return Ok(Connected::Failed(StreamError::NoMedia)) };
        self.limit = None;
        self.caller.stop_playback().await;
        let (feed, source) = live::live();
        let (news, mut told) = oneshot::channel();
        let number = match self.begin_stream(connect.stream, Some(feed), Some(news)).await {
            Ok(number) => number,
            Err(error) => return Ok(Connected::Failed(error)),
        };
        self.caller.worker().order(Order::HearLive(at, Box::new(source))).await;
        let ended = loop {
            match self.hear(None).await {
                Ok(Heard::Digit(digit)) => {
                    if let Some(stream) = self.streams.iter().find(|stream| stream.number == number) {
                        // A server that is not there yet is told of as many as may wait.
                        let _ = stream.words.try_send(Word::Key(digit.as_char()));
                    }
                }
                Ok(Heard::StreamEnded(ended)) if ended == number => {
                    break Ok(match told.try_recv() {
                        Ok(News::Failed(error)) => Connected::Failed(error),
                        _ => Connected::FarEnd,
                    });
                }
                Ok(_) => {}
                Err(interrupted) => break Err(interrupted),
            }
        };
        self.end_stream(number).await;
        drop(self.take_live().await);
        ended
    }

    async fn begin_stream(
        &mut self,
        of: Arc<WebStream>,
        feed: Option<live::LiveFeed>,
        news: Option<oneshot::Sender<News>>,
    ) -> Result<u64, StreamError> {
        web::check_socket_url(&of.url)?;
        if self.streams.iter().any(|stream| stream.name == of.name) {
            return Err(StreamError::NameTaken);
        }
        let at = self.caller.stream().ok_or(StreamError::NoMedia)?;
        let free = (0..Seat::STREAMS).map(Seat::Stream);
        let mut free = free.filter(|seat| self.streams.iter().all(|stream| stream.seat != *seat));
        let seat = free.next().ok_or(StreamError::Busy)?;
        let permit = self.rooms.streams.enter(self.client).ok_or(StreamError::Busy)?;
        let take = Take {
            channels: Ears::of(of.track),
            rate: Rate::Narrow,
            max_length: LONGEST,
            end_silence: None,
            trim: Trim::Nothing,
        };
        let (recorder, reel) = Recorder::live(RecordingId(0), take);
        self.caller.worker().order(Order::Record(at, seat, Box::new(recorder))).await;
        self.streamed += 1;
        let number = self.streamed;
        let (words, told) = mpsc::channel(WORDS);
        let sid = format!("MZ{:032x}", rand::random::<u128>());
        let status = Status {
            rooms: self.rooms.clone(),
            client: self.client,
            trace: self.trace.clone(),
            of: of.clone(),
            sid: sid.clone(),
        };
        let (name, web, client, inbox) = (of.name.clone(), self.rooms.web.clone(), self.client, self.inbox.clone());
        let pump = Pump { client, of, sid, web, reel, feed, words: told, permit };
        tokio::spawn(async move {
            let last = std::sync::Mutex::new(None);
            pump.run(|told| {
                status.tell(&told);
                *last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(told);
            })
            .await;
            let last = last.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let (Some(news), Some(last)) = (news, last) {
                // A call that is over waits for no news.
                let _ = news.send(last);
            }
            // The same.
            let _ = inbox.send(CallEvent::StreamEnded(number)).await;
        });
        self.streams.push(OfCall { number, name, seat, at, words });
        Ok(number)
    }

    /// Lets go of a stream, whose task then ends it.
    pub(super) async fn end_stream(&mut self, number: u64) {
        let Some(index) = self.streams.iter().position(|stream| stream.number == number) else { return };
        let stream = self.streams.swap_remove(index);
        if let Some(mut recorder) = taken(&self.caller.worker(), stream.at, stream.seat).await {
            let lost = recorder.lost();
            recorder.finish(RecordEnd::Stopped);
            if !lost.is_zero() {
                metrics::counter!("antiphon_stream_lost_milliseconds_total").increment(lost.as_millis() as u64);
            }
        }
    }

    /// Takes whom the caller hears from outside away, to end it or to take it along.
    pub(super) async fn take_live(&self) -> Option<LiveSource> {
        let (reply, source) = oneshot::channel();
        self.caller.worker().order(Order::TakeLive(self.caller.stream()?, reply)).await;
        source.await.ok().flatten()
    }
}

/// Who is told of a stream.
struct Status {
    rooms: Arc<Rooms>,
    client: ClientId,
    trace: Arc<CallTrace>,
    of: Arc<WebStream>,
    sid: String,
}

impl Status {
    fn tell(&self, news: &News) {
        let Some(status) = &self.of.status else { return };
        let (event, error) = match news {
            News::Began => ("stream-started", String::new()),
            News::Ended => ("stream-stopped", String::new()),
            News::Failed(error) => ("stream-error", error.to_string()),
        };
        let timestamp = Timestamp::now().to_string();
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("AccountSid", self.of.account.as_str()),
            ("CallSid", &self.of.call),
            ("StreamSid", &self.sid),
            ("StreamName", &self.of.name),
            ("StreamEvent", event),
            ("StreamError", &error),
            ("Timestamp", &timestamp),
        ] {
            if name != "StreamError" || !value.is_empty() {
                form.append_pair(name, value);
            }
        }
        let form = form.finish();
        let (url, body) = match status.method {
            FetchMethod::Get => {
                let joint = if status.url.contains('?') { '&' } else { '?' };
                (format!("{}{joint}{form}", status.url), None)
            }
            _ => {
                let content_type = "application/x-www-form-urlencoded".to_owned();
                (status.url.clone(), Some(FetchBody { content_type, bytes: form.into_bytes() }))
            }
        };
        let fetch = Fetch {
            method: status.method,
            url,
            headers: Vec::new(),
            body,
            patience: STATUS_PATIENCE,
            max_bytes: 65_536,
            redirects: 3,
            step: format!("status of stream {}", self.of.name),
            files: Vec::new(),
            meanwhile: Meanwhile::default(),
            cookies: None,
        };
        let tell = Tell { fetch, retries: STATUS_RETRIES, pause: STATUS_PAUSE };
        fetch::tell(&self.rooms, self.client, &self.trace, tell);
    }
}
