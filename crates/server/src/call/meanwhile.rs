//! What a caller hears while something is worked out that takes long: an answer of a web server, a recognition.
//!
//! Shape: [`Executor::meanwhile`], [`Executor::meanwhile_keeping`] and [`Executor::meanwhile_hearing`] are the one place; the work is any
//! future, and is given up when the call or its lifetime ends.
//! Time: nothing is heard for [`FillerSettings::after`], or as long as a script says, then the filler, until the work is done or it was
//! heard as long as it has to be; it sinks within a frame, so that it does not click. Where what a script says is not there yet, the usual
//! filler stands in for it.
//! Errors: [`Interrupted`] when there is nobody left to work for.
//! Sources: `ringme-ivr.md` 4.2; row A10 (keys meanwhile are thrown away).

use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{self as op, Digit, DigitSet, Interrupted, Prompt, WebSound};
use antiphon_media::{Keys, PlaybackId, Repeat, Segment};

use super::executor::{Executor, Heard, clock, sleep_until};

/// How long the last frame of the filler is waited for.
const SINKING: Duration = Duration::from_millis(100);

/// When it is looked again for what was not there.
const AGAIN: Duration = Duration::from_millis(200);

/// How it stands with the filler.
enum Filler {
    /// It begins then.
    Due(Instant),
    /// The usual one plays in its place; it is looked for again then.
    StandsIn(Instant),
    /// Since then.
    Plays(Instant),
    /// There is none.
    Off,
}

/// What is heard, and when.
struct Filling {
    segments: Vec<Segment>,
    /// What is not there yet, and is looked for again.
    awaited: Vec<Prompt>,
    after: Duration,
    least: Duration,
}

impl Filling {
    fn has_any(&self) -> bool {
        !(self.segments.is_empty() && self.awaited.is_empty())
    }
}

/// What becomes of keys meanwhile.
#[derive(Copy, Clone)]
enum Pressed {
    /// They are thrown away.
    Forgotten,
    /// They are kept, and these end the wait.
    Kept(DigitSet),
}

/// How a wait ended.
#[derive(Debug)]
pub(super) enum Meanwhile<T> {
    /// The work is done.
    Done(T),
    /// A key ended it.
    Key(Digit),
}

impl Executor {
    /// Waits for work to be done. Keys are thrown away, before and meanwhile.
    ///
    /// # Errors
    /// [`Interrupted`]; the work is dropped then.
    pub(super) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        self.digits.clear();
        let mut work = pin!(work);
        loop {
            let filling = self.usual_filling();
            if let Meanwhile::Done(done) = self.wait_for(work.as_mut(), Pressed::Forgotten, filling).await? {
                return Ok(done);
            }
        }
    }

    /// Waits for work to be done, with what a script wants to be heard. Keys are kept.
    ///
    /// # Errors
    /// [`Interrupted`]; the work is dropped then.
    pub(super) async fn meanwhile_hearing<T>(
        &mut self,
        sound: Option<&op::Filler>,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupted> {
        let awaited = self.unloaded(sound);
        let (sounds, client) = (self.rooms.web_sounds.clone(), self.client);
        let filling = match sound {
            Some(sound) if awaited.is_empty() => {
                let segments = self.ready_segments(&sound.prompts).await;
                Some(Filling { segments, awaited: Vec::new(), after: sound.after, least: sound.least })
            }
            Some(sound) => {
                let awaited = sound.prompts.clone();
                Some(Filling { segments: Vec::new(), awaited, after: sound.after, least: sound.least })
            }
            None => self.usual_filling(),
        };
        // What is heard is loaded as long as the work takes, and the work does not wait for it.
        let work = async move {
            let mut work = pin!(work);
            let loading = async {
                for error in sounds.load_all(client, &awaited).await.into_iter().filter_map(Result::err) {
                    tracing::warn!(%error, "a sound that is heard while a page is fetched cannot be had");
                }
                std::future::pending().await
            };
            tokio::select! {
                biased;
                done = &mut work => done,
                () = loading => unreachable!("it only ends with the work"),
            }
        };
        let mut work = pin!(work);
        let mut filling = filling;
        loop {
            let kept = Pressed::Kept(DigitSet::NONE);
            if let Meanwhile::Done(done) = self.wait_for(work.as_mut(), kept, filling.take()).await? {
                return Ok(done);
            }
        }
    }

    /// The sounds of web servers in it that are not there.
    fn unloaded(&self, sound: Option<&op::Filler>) -> Vec<Arc<WebSound>> {
        let prompts = sound.map(|sound| sound.prompts.as_slice()).unwrap_or_default();
        let web = prompts.iter().filter_map(|prompt| if let Prompt::Web(sound) = prompt { Some(sound) } else { None });
        web.filter(|sound| !self.rooms.web_sounds.is_fresh(self.client, sound)).cloned().collect()
    }

    /// What is always heard at such times.
    fn usual_filling(&self) -> Option<Filling> {
        let sound = self.rooms.filler.sound().cloned()?;
        let (segments, after) = (vec![Segment::Audio(sound)], self.rooms.filler.after());
        Some(Filling { segments, awaited: Vec::new(), after, least: Duration::ZERO })
    }

    /// Waits for work to be done. Keys are kept, and these end the wait.
    ///
    /// # Errors
    /// [`Interrupted`]; the work is dropped then, as it is where a key ends the wait.
    pub(super) async fn meanwhile_keeping<T>(
        &mut self,
        ended_by: DigitSet,
        work: impl Future<Output = T>,
    ) -> Result<Meanwhile<T>, Interrupted> {
        let filling = self.usual_filling();
        self.wait_for(pin!(work), Pressed::Kept(ended_by), filling).await
    }

    async fn wait_for<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = T>>,
        pressed: Pressed,
        filling: Option<Filling>,
    ) -> Result<Meanwhile<T>, Interrupted> {
        // Whom we send nothing hears what the telephone makes of the ringing.
        let mut filling = filling.filter(Filling::has_any).filter(|_| self.caller.stream().is_some());
        let began = clock();
        let mut filler = filling.as_ref().map_or(Filler::Off, |filling| Filler::Due(began + filling.after));
        let mut done = None;
        let outcome = loop {
            let heard_until = match (&filler, &filling) {
                (Filler::Plays(since), Some(filling)) => Some(*since + filling.least),
                _ => None,
            };
            if heard_until.is_none_or(|until| until <= clock())
                && let Some(done) = done.take()
            {
                break Ok(Meanwhile::Done(done));
            }
            let due = if let Filler::Due(due) | Filler::StandsIn(due) = filler { Some(due) } else { None };
            let until = self.limit.into_iter().chain(due).chain(heard_until.filter(|_| done.is_some())).min();
            tokio::select! {
                biased;
                finished = &mut work, if done.is_none() => done = Some(finished),
                event = self.next_event() => match self.understand(event).await {
                    // Whoever is new hears it too.
                    Ok(Some(Heard::Replaced)) => self.fill_again(&filler, filling.as_ref()).await,
                    Ok(Some(Heard::Wanted)) => break Err(Interrupted::Wanted),
                    Ok(Some(Heard::Digit(digit))) => if let Pressed::Kept(ended_by) = pressed {
                        self.digits.push(digit);
                        if ended_by.contains(digit) {
                            break Ok(Meanwhile::Key(digit));
                        }
                    },
                    Ok(_) => {}
                    Err(interrupted) => break Err(interrupted),
                },
                () = sleep_until(until) => {
                    if self.limit.is_some_and(|limit| limit <= clock()) {
                        self.limit = None;
                        break Err(Interrupted::LifetimeExpired);
                    }
                    if due.is_some_and(|due| due <= clock()) {
                        filler = self.begin_to_fill(filling.as_mut(), &filler, began).await;
                    }
                }
            }
        };
        if self.over.is_none() && matches!(filler, Filler::Plays(_) | Filler::StandsIn(_)) {
            self.fade_out(pressed).await?;
        }
        outcome
    }

    /// Plays what is there by now; what is still awaited is looked for again, and the usual filler stands in for it.
    async fn begin_to_fill(&mut self, filling: Option<&mut Filling>, filler: &Filler, began: Instant) -> Filler {
        let Some(filling) = filling else { return Filler::Off };
        if !filling.awaited.is_empty() {
            filling.segments = self.ready_segments(&filling.awaited).await;
        }
        if !filling.segments.is_empty() {
            self.fill(filling.segments.clone()).await;
            return Filler::Plays(clock());
        }
        let again = clock() + AGAIN;
        if matches!(filler, Filler::StandsIn(_)) {
            return Filler::StandsIn(again);
        }
        match self.usual_filling() {
            Some(usual) if began + usual.after > clock() => Filler::Due(again.min(began + usual.after)),
            Some(usual) => {
                self.fill(usual.segments).await;
                Filler::StandsIn(again)
            }
            None => Filler::Due(again),
        }
    }

    async fn fill(&mut self, segments: Vec<Segment>) {
        self.caller.play(segments, Repeat::Forever, Keys::NONE).await;
    }

    /// Plays what plays to somebody new.
    async fn fill_again(&mut self, filler: &Filler, filling: Option<&Filling>) {
        let segments = match filler {
            Filler::Plays(_) => filling.map(|filling| filling.segments.clone()),
            Filler::StandsIn(_) => self.usual_filling().map(|usual| usual.segments),
            Filler::Due(_) | Filler::Off => None,
        };
        if let Some(segments) = segments {
            self.fill(segments).await;
        }
    }

    /// Ends what plays, and waits for the frame in which it sinks. Keys come as at any other moment.
    async fn fade_out(&mut self, pressed: Pressed) -> Result<(), Interrupted> {
        let playback: PlaybackId = self.caller.fade_playback().await;
        let until = clock() + SINKING;
        loop {
            match self.hear(Some(until)).await? {
                Heard::PlaybackEnded(ended) if ended == playback => return Ok(()),
                Heard::Timeout => return Ok(()),
                Heard::Digit(digit) if matches!(pressed, Pressed::Kept(_)) => self.digits.push(digit),
                _ => {}
            }
        }
    }
}
