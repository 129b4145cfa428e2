//! One stream: what the call says goes to a web server as messages, and where the two talk, what the server sends is heard.
//!
//! Shape: blocks of samples come from the media thread by a reel; messages go out through a queue of [`QUEUE`], so that a server that is slow
//! to read costs sound and never time. What it sends waits here, and is given on in pieces as they are played, so that it can be
//! cleared, and marks told when they are heard.
//! Time: the reel is looked at every [`TICK`], however much the server sends. A message that is not taken within [`WRITE`] ends the stream.
//! Errors: [`StreamError`] where it did not begin or broke; what is dropped is counted.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use antiphon_ivr::op::{StreamError, Track, WebStream};
use antiphon_media::{
    codec::Law,
    live::{LiveFeed, PIECE},
    record::{Channels, Reading, Reel},
};
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{
    Permit,
    protocol::{Side, Told, Voice},
};
use crate::{
    store::ClientId,
    web::{Socket, Web},
};

/// How often the reel is looked at.
const TICK: Duration = Duration::from_millis(20);
/// Messages that wait to be written: two seconds of both tracks.
const QUEUE: usize = 200;
/// How long one may take to be written.
const WRITE: Duration = Duration::from_secs(10);
/// How long the last words may take.
const LAST: Duration = Duration::from_secs(2);
/// Bytes of what a server sent that wait to be heard: a minute.
const MOST_WAITING: usize = 480_000;
/// Marks that wait.
const MOST_MARKS: usize = 1_000;

/// A stream, before it has begun.
pub struct Pump {
    /// Whose it is.
    pub client: ClientId,
    /// What was asked for.
    pub of: Arc<WebStream>,
    /// Its name in messages.
    pub sid: String,
    /// The web.
    pub web: Web,
    /// What the call says, hears, or both.
    pub reel: Reel,
    /// Where what the server sends is heard; `None` for a copy, which hears nothing.
    pub feed: Option<LiveFeed>,
    /// What the call tells it; it ends when nobody can any more.
    pub words: mpsc::Receiver<Word>,
    /// The right to go on.
    pub permit: Permit,
}

/// What a call tells its stream.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Word {
    /// A key was pressed.
    Key(char),
}

/// What becomes of a stream.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum News {
    /// Messages flow.
    Began,
    /// It has ended, in order: the call or the server ended it.
    Ended,
    /// It did not begin, or broke.
    Failed(StreamError),
}

/// Whose sound a reel has to bring for a track.
pub struct Ears;

impl Ears {
    /// The channels of a recorder.
    pub fn of(track: Track) -> Channels {
        match track {
            Track::Inbound => Channels::Mono,
            Track::Outbound => Channels::Said,
            Track::Both => Channels::Stereo,
        }
    }
}

impl Pump {
    /// Carries it to its end, and says what becomes of it.
    pub async fn run(mut self, tell: impl Fn(News)) {
        let socket = tokio::select! {
            opened = self.web.open(self.client, &self.of.url) => opened,
            () = closed(&mut self.words) => Err(StreamError::Unreachable("the call ended before".to_owned())),
        };
        let socket = match socket {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(stream = self.of.name, %error, "a stream to a web server did not begin");
                return tell(News::Failed(error));
            }
        };
        tracing::info!(stream = self.of.name, sid = self.sid, "stream to a web server begins");
        tell(News::Began);
        let ended = Flow::new(&self).run(&mut self, socket).await;
        match ended {
            Ok(()) => {
                tracing::info!(stream = self.of.name, sid = self.sid, "stream to a web server ended");
                tell(News::Ended);
            }
            Err(error) => {
                tracing::warn!(stream = self.of.name, sid = self.sid, %error, "a stream to a web server broke");
                tell(News::Failed(error));
            }
        }
    }
}

/// Waits until nobody can tell a stream anything.
async fn closed(words: &mut mpsc::Receiver<Word>) {
    while words.recv().await.is_some() {}
}

/// A stream that goes on.
struct Flow {
    voice: Voice,
    /// What the server sent and is not given on yet.
    waiting: VecDeque<u8>,
    /// How many bytes it sent, and how many of them were given on, up to each piece that is being played.
    accepted: u64,
    given: VecDeque<(u64, u64)>,
    given_bytes: u64,
    heard: u64,
    marks: VecDeque<(u64, String)>,
    dropped: u64,
}

impl Flow {
    fn new(pump: &Pump) -> Self {
        Self {
            voice: Voice::new(&pump.sid),
            waiting: VecDeque::new(),
            accepted: 0,
            given: VecDeque::new(),
            given_bytes: 0,
            heard: 0,
            marks: VecDeque::new(),
            dropped: 0,
        }
    }

    async fn run(mut self, pump: &mut Pump, socket: Socket) -> Result<(), StreamError> {
        let (sink, mut incoming) = socket.split();
        let (out, queue) = mpsc::channel(QUEUE);
        let mut writing = tokio::spawn(write(sink, queue));
        self.say(&out, Voice::connected());
        let start = self.voice.start(&pump.of);
        self.say(&out, start);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            tokio::select! {
                biased;
                word = pump.words.recv() => match word {
                    Some(Word::Key(key)) => {
                        let message = self.voice.dtmf(key);
                        self.say(&out, message);
                    }
                    None => break Ok(()),
                },
                // Before what the server sends, which may be without end.
                _ = tick.tick() => if self.pass_on(pump, &out) { break Ok(()) },
                written = &mut writing => break written.unwrap_or_else(|_| Err(broken("its writer failed"))),
                message = incoming.next() => match message {
                    Some(Ok(Message::Text(text))) if pump.feed.is_some() => self.hear(pump, &out, &text),
                    Some(Ok(Message::Close(_))) | None => break Ok(()),
                    Some(Ok(_)) => {}
                    Some(Err(Error::ConnectionClosed)) => break Ok(()),
                    Some(Err(error)) => break Err(broken(&error.to_string())),
                },
            }
        };
        if let Some(feed) = &pump.feed {
            feed.clear();
        }
        if ended.is_ok() && !writing.is_finished() {
            let stop = self.voice.stop(&pump.of);
            self.say(&out, stop);
            drop(out);
            let _ = timeout(LAST, &mut writing).await;
        }
        writing.abort();
        if self.dropped > 0 {
            metrics::counter!("antiphon_stream_messages_dropped_total").increment(self.dropped);
            tracing::warn!(
                dropped = self.dropped,
                sid = pump.sid,
                "a web server was too slow, or sent too much, for a stream"
            );
        }
        ended
    }

    /// Has a message written; one that finds no room is dropped and counted.
    fn say(&mut self, out: &mpsc::Sender<String>, message: String) {
        if out.try_send(message).is_err() {
            self.dropped += 1;
        }
    }

    /// Takes what the server says.
    fn hear(&mut self, pump: &mut Pump, out: &mpsc::Sender<String>, text: &str) {
        match Told::read(text) {
            Told::Media(sound) if self.waiting.len() + sound.len() <= MOST_WAITING => {
                self.accepted += sound.len() as u64;
                self.waiting.extend(sound);
            }
            Told::Mark(name) if self.marks.len() < MOST_MARKS => self.marks.push_back((self.accepted, name)),
            Told::Media(_) | Told::Mark(_) => self.dropped += 1,
            Told::Clear => {
                self.waiting.clear();
                self.given.clear();
                (self.given_bytes, self.heard) = (self.accepted, self.accepted);
                if let Some(feed) = &pump.feed {
                    feed.clear();
                }
            }
            Told::Nothing => {}
        }
        self.give(pump, out);
    }

    /// Gives on what there is room for, and tells of what was heard.
    fn give(&mut self, pump: &mut Pump, out: &mpsc::Sender<String>) {
        let Some(feed) = &mut pump.feed else { return };
        while !self.waiting.is_empty() && feed.has_room() {
            let length = self.waiting.len().min(PIECE);
            let sound: Vec<u8> = self.waiting.drain(..length).collect();
            let mut samples = [0; PIECE];
            Law::Mu.decode_all(&sound, &mut samples);
            self.given_bytes += length as u64;
            if let Some(number) = feed.say(&samples[..length]) {
                self.given.push_back((number, self.given_bytes));
            }
        }
        let played = feed.played();
        while let Some(&(number, until)) = self.given.front()
            && number <= played
        {
            self.given.pop_front();
            self.heard = until;
        }
        while self.marks.front().is_some_and(|(at, _)| *at <= self.heard)
            && let Some((_, name)) = self.marks.pop_front()
        {
            let message = self.voice.mark(&name);
            self.say(out, message);
        }
    }

    /// Passes on what the call said; whether that has ended.
    fn pass_on(&mut self, pump: &mut Pump, out: &mpsc::Sender<String>) -> bool {
        self.give(pump, out);
        let take = pump.reel.take();
        loop {
            let block = match pump.reel.read() {
                Reading::Nothing => return false,
                Reading::Ended(_) => return true,
                Reading::Block(block) => block,
            };
            let at_ms = u64::try_from(take.rate.duration(block.at).as_millis()).unwrap_or(u64::MAX);
            let channels = take.channels.count();
            for channel in 0..channels {
                let side = if channel == 1 || take.channels == Channels::Said { Side::Outbound } else { Side::Inbound };
                let samples: Vec<i16> = block.samples().iter().skip(channel).step_by(channels).copied().collect();
                let mut sound = vec![0; samples.len()];
                Law::Mu.encode_all(&samples, &mut sound);
                let message = self.voice.media(side, at_ms, &sound);
                self.say(out, message);
            }
            pump.reel.give_back(block);
        }
    }
}

/// Writes messages until there are no more, then says goodbye.
async fn write(mut sink: SplitSink<Socket, Message>, mut queue: mpsc::Receiver<String>) -> Result<(), StreamError> {
    let began = Instant::now();
    while let Some(message) = queue.recv().await {
        match timeout(WRITE, sink.send(Message::text(message))).await {
            Ok(Ok(())) => {}
            Ok(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => return Ok(()),
            Ok(Err(error)) => return Err(broken(&error.to_string())),
            Err(_) => return Err(broken("the server reads nothing")),
        }
    }
    tracing::debug!(ms = began.elapsed().as_millis() as u64, "the last message of a stream is written");
    // How the connection ends matters to nobody.
    let _ = timeout(LAST, sink.close()).await;
    Ok(())
}

fn broken(why: &str) -> StreamError {
    StreamError::Broken(why.to_owned())
}
