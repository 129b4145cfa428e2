//! What a caller hears while something is worked out that takes long: an answer of a web server, a recognition.
//!
//! Shape: [`Executor::meanwhile`], [`Executor::meanwhile_keeping`] and [`Executor::meanwhile_hearing`] are the one place; the work is any
//! future, and is given up when the call or its lifetime ends.
//! Time: nothing is heard for [`FillerSettings::after`], or as long as a script says, then the filler, until the work is done or it was
//! heard as long as it has to be; it sinks within a frame, so that it does not click.
//! Errors: [`Interrupted`] when there is nobody left to work for.
//! Sources: `ringme-ivr.md` 4.2; row A10 (keys meanwhile are thrown away).

use std::{
    pin::{Pin, pin},
    time::{Duration, Instant},
};

use antiphon_ivr::{self as op, Digit, DigitSet, Interrupted};
use antiphon_media::{Keys, PlaybackId, Repeat, Segment};

use super::executor::{Executor, Heard, clock, sleep_until};

/// How long the last frame of the filler is waited for.
const SINKING: Duration = Duration::from_millis(100);

/// How it stands with the filler.
enum Filler {
    /// It begins then.
    Due(Instant),
    /// Since then.
    Plays(Instant),
    /// There is none.
    Off,
}

/// What is heard, and when.
struct Filling {
    segments: Vec<Segment>,
    after: Duration,
    least: Duration,
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
        let filling = match sound {
            Some(sound) => {
                let segments = self.ready_segments(&sound.prompts).await;
                Some(Filling { segments, after: sound.after, least: sound.least })
            }
            None => self.usual_filling(),
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

    /// What is always heard at such times.
    fn usual_filling(&self) -> Option<Filling> {
        let sound = self.rooms.filler.sound().cloned()?;
        Some(Filling { segments: vec![Segment::Audio(sound)], after: self.rooms.filler.after(), least: Duration::ZERO })
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
        let filling = filling.filter(|filling| !filling.segments.is_empty() && self.caller.stream().is_some());
        let mut filler = filling.as_ref().map_or(Filler::Off, |filling| Filler::Due(clock() + filling.after));
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
            let due = if let Filler::Due(due) = filler { Some(due) } else { None };
            let until = self.limit.into_iter().chain(due).chain(heard_until.filter(|_| done.is_some())).min();
            tokio::select! {
                biased;
                finished = &mut work, if done.is_none() => done = Some(finished),
                event = self.next_event() => match self.understand(event).await {
                    // Whoever is new hears it too.
                    Ok(Some(Heard::Replaced)) if matches!(filler, Filler::Plays(_)) => self.fill(filling.as_ref()).await,
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
                        self.fill(filling.as_ref()).await;
                        filler = Filler::Plays(clock());
                    }
                }
            }
        };
        if self.over.is_none() && matches!(filler, Filler::Plays(_)) {
            self.fade_out().await?;
        }
        outcome
    }

    async fn fill(&mut self, filling: Option<&Filling>) {
        let segments = filling.map(|filling| filling.segments.clone()).unwrap_or_default();
        self.caller.play(segments, Repeat::Forever, Keys::NONE).await;
    }

    /// Ends what plays, and waits for the frame in which it sinks.
    async fn fade_out(&mut self) -> Result<(), Interrupted> {
        let playback: PlaybackId = self.caller.fade_playback().await;
        let until = clock() + SINKING;
        loop {
            match self.hear(Some(until)).await? {
                Heard::PlaybackEnded(ended) if ended == playback => return Ok(()),
                Heard::Timeout => return Ok(()),
                _ => {}
            }
        }
    }
}
