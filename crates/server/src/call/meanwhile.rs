//! What a caller hears while something is worked out that takes long: an answer of a web server, a recognition.
//!
//! Shape: [`Executor::meanwhile`] and [`Executor::meanwhile_keeping`] are the one place; the work is any future, and is given up when the
//! call or its lifetime ends.
//! Time: nothing is heard for [`FillerSettings::after`], then the filler, until the work is done; it sinks within a frame, so that it
//! does not click.
//! Errors: [`Interrupted`] when there is nobody left to work for.
//! Sources: `ringme-ivr.md` 4.2; row A10 (keys meanwhile are thrown away).

use std::{
    pin::{Pin, pin},
    time::{Duration, Instant},
};

use antiphon_ivr::{Digit, DigitSet, Interrupted};
use antiphon_media::{Keys, PlaybackId, Repeat, Segment};

use super::executor::{Executor, Heard, clock, sleep_until};

/// How long the last frame of the filler is waited for.
const SINKING: Duration = Duration::from_millis(100);

/// How it stands with the filler.
enum Filler {
    /// It begins then.
    Due(Instant),
    Plays,
    /// There is none.
    Off,
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
            if let Meanwhile::Done(done) = self.wait_for(work.as_mut(), Pressed::Forgotten).await? {
                return Ok(done);
            }
        }
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
        self.wait_for(pin!(work), Pressed::Kept(ended_by)).await
    }

    async fn wait_for<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = T>>,
        pressed: Pressed,
    ) -> Result<Meanwhile<T>, Interrupted> {
        let mut filler = match self.rooms.filler.sound() {
            // Whom we send nothing hears what the telephone makes of the ringing.
            Some(_) if self.caller.stream().is_some() => Filler::Due(clock() + self.rooms.filler.after()),
            _ => Filler::Off,
        };
        let outcome = loop {
            let due = if let Filler::Due(due) = filler { Some(due) } else { None };
            let until = self.limit.into_iter().chain(due).min();
            tokio::select! {
                biased;
                done = &mut work => break Ok(Meanwhile::Done(done)),
                event = self.next_event() => match self.understand(event).await {
                    // Whoever is new hears it too.
                    Ok(Some(Heard::Replaced)) if matches!(filler, Filler::Plays) => self.play_filler().await,
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
                    self.play_filler().await;
                    filler = Filler::Plays;
                }
            }
        };
        if self.over.is_none() && matches!(filler, Filler::Plays) {
            self.fade_out().await?;
        }
        outcome
    }

    async fn play_filler(&mut self) {
        let sound = self.rooms.filler.sound().cloned();
        self.caller.play(sound.map(Segment::Audio).into_iter().collect(), Repeat::Forever, Keys::NONE).await;
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
