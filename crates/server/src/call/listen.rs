//! Waiting for what the caller says or presses.
//!
//! Shape: the prompts play meanwhile, and end with the first word, or the first key that counts. What the caller says comes from the
//! media worker as sound with turns in it; each utterance goes to the recogniser, and its words come back through the inbox.
//! Time: [`Listening`] has the deadlines. At the end, what was said last is waited for, up to [`GUESS_PATIENCE`].
//! Errors: a caller whom nobody understands still has keys.

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{Interrupted, Listen, ListenEnd, Listened, Listening, Recogniser, op::Extent};
use antiphon_media::{
    Keys, PlaybackId, Repeat, StreamId,
    record::{Rate, Reading, Reel},
    utterances::{Turn, Utterances},
};
use tokio::sync::oneshot;

use super::{
    CallEvent,
    executor::{Executor, Heard, clock},
    render::KEEPING,
};
use crate::{media::worker::Order, speech::Said};

/// How often the sound is fetched, well before the reel is full.
const FETCHED: Duration = Duration::from_millis(500);
/// As much of the sound before the first word goes with it.
const BEFORE: Duration = Duration::from_millis(300);
/// How long an utterance that is not understood yet is waited for when the wait is over.
const GUESS_PATIENCE: Duration = Duration::from_secs(3);

/// One wait for words.
struct Ear {
    listening: Listening,
    playback: Option<PlaybackId>,
    /// How long each prompt is, and how much of them was heard.
    lengths: Vec<Duration>,
    extent: Extent,
    sound: Option<Sound>,
    phrases: Arc<[String]>,
    language: Option<String>,
    /// Utterances that the recogniser has, by their numbers.
    asked: u64,
    waiting: Vec<u64>,
    /// Whether an utterance was ever understood, and whether one was not.
    has_worked: bool,
    has_failed: bool,
}

/// The caller's sound.
struct Sound {
    stream: StreamId,
    reel: Reel,
    rate: Rate,
    /// Samples from position `at` on.
    samples: Vec<i16>,
    at: u64,
    /// Where the utterance began that is heard now.
    began: Option<u64>,
}

impl Executor {
    /// Waits for words and keys.
    pub(super) async fn listen(&mut self, listen: &Listen) -> Result<Listened, Interrupted> {
        let mut ear = Ear {
            listening: Listening::new(listen, clock()),
            playback: None,
            lengths: Vec::new(),
            extent: Extent::default(),
            sound: None,
            phrases: listen.phrases.clone().into(),
            language: listen.language.clone(),
            asked: 0,
            waiting: Vec::new(),
            has_worked: false,
            has_failed: false,
        };
        if let Some(end) = ear.listening.take(clock(), &mut self.digits) {
            return Ok(ear.listening.ended(end, None, Recogniser::Worked, ear.extent));
        }
        let speech = self.rooms.speech.load_full();
        let ended = async {
            // Whoever has pressed a key before wants to hear none of them.
            match ear.listening.has_digits() {
                true => ear.listening.prompts_ended(clock()),
                false => self.play_over(listen, &mut ear).await?,
            }
            if speech.has_recogniser() {
                self.open_ear(&mut ear).await;
            }
            self.heard_enough(listen, &mut ear).await
        };
        let ended = ended.await;
        self.stop_prompts(&mut ear).await;
        // Where keys were pressed nobody waits for words.
        let is_heard_out = matches!(ended, Ok(ListenEnd::Wanted | ListenEnd::Results)) || ear.listening.has_digits();
        self.close_ear(&mut ear).await;
        let ended = ended?;
        let guess = if is_heard_out { None } else { self.guess(&mut ear).await? };
        let is_deaf = !speech.has_recogniser() || (ear.has_failed && !ear.has_worked);
        let recogniser = if is_deaf { Recogniser::Failed } else { Recogniser::Worked };
        Ok(ear.listening.ended(ended, guess, recogniser, ear.extent))
    }

    /// Begins the prompts, where there are some that can be heard.
    async fn play_over(&mut self, listen: &Listen, ear: &mut Ear) -> Result<(), Interrupted> {
        self.rendered(&listen.prompts).await?;
        self.loaded_or_key(&listen.prompts, KEEPING).await?;
        let segments;
        (segments, ear.lengths) = self.measured_segments(&listen.prompts).await;
        if segments.is_empty() || self.caller.stream().is_none() {
            ear.extent = Extent::whole(&vec![Duration::ZERO; ear.lengths.len()]);
            ear.listening.prompts_ended(clock());
        } else {
            ear.playback = Some(self.caller.play(segments, Repeat::Once, Keys::NONE).await);
        }
        Ok(())
    }

    /// Begins to listen to the caller's stream.
    async fn open_ear(&mut self, ear: &mut Ear) {
        let Some(stream) = self.caller.stream() else { return };
        let rate = Rate::of_leg(self.caller.sample_rate());
        let (utterances, reel) = Utterances::new(rate, ear.listening.end_silence());
        self.caller.worker().order(Order::HearUtterances(stream, Box::new(utterances))).await;
        ear.sound = Some(Sound { stream, reel, rate, samples: Vec::new(), at: 0, began: None });
    }

    /// Listens no more, and keeps what was heard last.
    async fn close_ear(&mut self, ear: &mut Ear) {
        let Some(sound) = &mut ear.sound else { return };
        let (reply, utterances) = oneshot::channel();
        self.caller.worker().order(Order::TakeUtterances(sound.stream, reply)).await;
        if let Ok(Some(utterances)) = utterances.await {
            utterances.finish();
        }
        sound.fetch();
    }

    async fn heard_enough(&mut self, listen: &Listen, ear: &mut Ear) -> Result<ListenEnd, Interrupted> {
        loop {
            let fetched = ear.sound.as_ref().map(|_| clock() + FETCHED);
            let until = [ear.listening.deadline(), fetched].into_iter().flatten().min();
            let ended = match self.wait(until).await? {
                Heard::Digit(digit) => {
                    if ear.listening.counts(digit) {
                        self.hush(ear).await;
                    }
                    ear.listening.digit(clock(), digit)
                }
                Heard::PlaybackEnded(ended) if Some(ended) == ear.playback => {
                    ear.playback = None;
                    ear.extent = Extent::whole(&ear.lengths);
                    ear.listening.prompts_ended(clock());
                    None
                }
                Heard::Spoke(turn) => {
                    self.turn(ear, turn).await;
                    None
                }
                Heard::Understood(number, said) => {
                    ear.understood(number, said).and_then(|said| ear.listening.result(said))
                }
                // Whoever is new has heard none of it, and nothing of them was heard.
                Heard::Replaced => {
                    if ear.playback.take().is_some() {
                        self.play_over(listen, ear).await?;
                    }
                    if ear.sound.take().is_some() {
                        self.open_ear(ear).await;
                    }
                    None
                }
                Heard::Timeout => ear.listening.timeout(clock()),
                _ => None,
            };
            if let Some(sound) = &mut ear.sound {
                sound.fetch();
            }
            if let Some(ended) = ended {
                return Ok(ended);
            }
        }
    }

    /// The caller began to speak, or has ended.
    async fn turn(&mut self, ear: &mut Ear, turn: Turn) {
        let Some(sound) = &mut ear.sound else { return };
        sound.fetch();
        match turn {
            Turn::Began { at } => {
                sound.began = Some(sound.rate.samples(at.saturating_sub(BEFORE)));
                ear.listening.spoke();
                self.hush(ear).await;
            }
            Turn::Ended { at } => {
                let end = sound.rate.samples(at + BEFORE);
                if let Some(samples) = sound.cut(end) {
                    self.ask(ear, samples);
                }
            }
        }
    }

    /// Stops the prompts, where they still play.
    async fn hush(&mut self, ear: &mut Ear) {
        if self.stop_prompts(ear).await {
            ear.listening.prompts_ended(clock());
        }
    }

    /// The same, and says whether they did.
    async fn stop_prompts(&mut self, ear: &mut Ear) -> bool {
        if ear.playback.take().is_none() {
            return false;
        }
        ear.extent = Extent::new(&ear.lengths, self.caller.position().await);
        self.caller.stop_playback().await;
        true
    }

    /// Has an utterance understood. Its words come through the inbox, also when they come too late.
    fn ask(&self, ear: &mut Ear, samples: Vec<i16>) {
        let Some(rate) = ear.sound.as_ref().map(|sound| sound.rate) else { return };
        ear.asked += 1;
        let number = ear.asked;
        ear.waiting.push(number);
        let said = Said { samples, rate, language: ear.language.clone(), phrases: ear.phrases.clone() };
        let (speech, client, inbox) = (self.rooms.speech.load_full(), self.client, self.inbox.clone());
        tokio::spawn(async move {
            tokio::select! {
                understood = speech.understand(client, said) => {
                    // A call that is over needs no word.
                    let _ = inbox.send(CallEvent::Understood(number, understood)).await;
                }
                () = inbox.closed() => {}
            }
        });
    }

    /// What the caller was saying when the wait ended; the keys of that time are kept for the next collect.
    async fn guess(&mut self, ear: &mut Ear) -> Result<Option<String>, Interrupted> {
        if let Some(samples) = ear.sound.as_mut().and_then(|sound| sound.cut(u64::MAX)) {
            self.ask(ear, samples);
        }
        let until = clock() + GUESS_PATIENCE;
        let mut guess = None;
        while !ear.waiting.is_empty() {
            match self.wait(Some(until)).await? {
                Heard::Understood(number, said) => {
                    guess = ear.understood(number, said).map(|said| said.text).or(guess);
                }
                Heard::Digit(digit) => self.digits.push(digit),
                Heard::Timeout => break,
                _ => {}
            }
        }
        Ok(guess)
    }
}

impl Ear {
    /// The words of an utterance of this wait, where there are some.
    fn understood(&mut self, number: u64, said: super::Understood) -> Option<antiphon_ivr::Utterance> {
        let place = self.waiting.iter().position(|waiting| *waiting == number)?;
        self.waiting.swap_remove(place);
        match said {
            Ok(said) => {
                self.has_worked = true;
                said
            }
            Err(error) => {
                tracing::warn!(%error, "the caller was not understood");
                self.has_failed = true;
                None
            }
        }
    }
}

impl Sound {
    /// Takes what there is from the reel; while nobody speaks, only the last of it is kept.
    fn fetch(&mut self) {
        while let Reading::Block(block) = self.reel.read() {
            let next = self.at + self.samples.len() as u64;
            // Where blocks were lost, time goes on.
            let lost = usize::try_from(block.at.saturating_sub(next)).unwrap_or(0);
            self.samples.resize(self.samples.len() + lost, 0);
            self.samples.extend_from_slice(block.samples());
            self.reel.give_back(block);
        }
        let kept = self.began.unwrap_or_else(|| {
            let end = self.at + self.samples.len() as u64;
            // A turn is told a little after its first sound.
            end.saturating_sub(self.rate.samples(4 * BEFORE))
        });
        let gone = usize::try_from(kept.saturating_sub(self.at)).unwrap_or(0).min(self.samples.len());
        self.samples.drain(..gone);
        self.at += gone as u64;
    }

    /// The samples of the utterance that is heard now, up to this position.
    fn cut(&mut self, end: u64) -> Option<Vec<i16>> {
        let began = self.began.take()?;
        let place = |position: u64| {
            usize::try_from(position.saturating_sub(self.at)).unwrap_or(usize::MAX).min(self.samples.len())
        };
        let samples = self.samples[place(began)..place(end)].to_vec();
        (!samples.is_empty()).then_some(samples)
    }
}
