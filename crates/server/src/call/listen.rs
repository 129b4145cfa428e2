//! Waiting for what the caller says or presses.
//!
//! Shape: the prompts play meanwhile, and end with the first key that counts.
//! Time: [`Listening`] has the deadlines.
//! Errors: a caller whom nobody understands still has keys.

use antiphon_ivr::{Interrupted, Listen, Listened, Listening, Recogniser};
use antiphon_media::{Keys, PlaybackId, Repeat};

use super::executor::{Executor, Heard, clock};

impl Executor {
    /// Waits for words and keys.
    pub(super) async fn listen(&mut self, listen: &Listen) -> Result<Listened, Interrupted> {
        let mut listening = Listening::new(listen, clock());
        if let Some(end) = listening.take(clock(), &mut self.digits) {
            return Ok(listening.ended(end, None, Recogniser::Failed));
        }
        let mut playback = self.play_over(listen, &mut listening).await;
        let ended = self.heard_enough(listen, &mut listening, &mut playback).await;
        if playback.is_some() {
            self.caller.stop_playback().await;
        }
        ended.map(|end| listening.ended(end, None, Recogniser::Failed))
    }

    /// Begins the prompts; `None` where there is nothing to hear.
    async fn play_over(&mut self, listen: &Listen, listening: &mut Listening) -> Option<PlaybackId> {
        let segments = self.segments(&listen.prompts);
        if segments.is_empty() || self.caller.stream().is_none() {
            listening.prompts_ended(clock());
            return None;
        }
        Some(self.caller.play(segments, Repeat::Once, Keys::NONE).await)
    }

    async fn heard_enough(
        &mut self,
        listen: &Listen,
        listening: &mut Listening,
        playback: &mut Option<PlaybackId>,
    ) -> Result<antiphon_ivr::ListenEnd, Interrupted> {
        loop {
            let ended = match self.wait(listening.deadline()).await? {
                Heard::Digit(digit) => {
                    if listening.counts(digit) && playback.take().is_some() {
                        self.caller.stop_playback().await;
                        listening.prompts_ended(clock());
                    }
                    listening.digit(clock(), digit)
                }
                Heard::PlaybackEnded(ended) if Some(ended) == *playback => {
                    *playback = None;
                    listening.prompts_ended(clock());
                    None
                }
                // Whoever is new has heard none of it.
                Heard::Replaced if playback.is_some() => {
                    *playback = self.play_over(listen, listening).await;
                    None
                }
                Heard::Timeout => listening.timeout(clock()),
                _ => None,
            };
            if let Some(ended) = ended {
                return Ok(ended);
            }
        }
    }
}
