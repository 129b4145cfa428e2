//! Sounds of web servers in a call: loaded ahead, or when they are said.
//!
//! Shape: a [`Load`] in, whether the sound is there out; the prompts of a play wait for theirs by themselves.
//! Time: a caller who waits long hears the filler; a prompt is waited for up to [`SPEECH_PATIENCE`].
//! Errors: [`LoadError`] is an outcome; what cannot be had counts as said, and is logged.

use std::sync::Arc;

use antiphon_ivr::{
    BargeIn, Digit, DigitSet, FetchError, Interrupted, Prompt, SPEECH_PATIENCE, TypeAhead, WebSound,
    op::{Load, LoadError},
};
use tokio::time::timeout;

use super::{executor::Executor, meanwhile::Meanwhile};

impl Executor {
    /// Has a sound ready. Keys meanwhile are kept. One that is not waited for takes the place of the one before.
    pub(super) async fn load(&mut self, load: &Load) -> Result<Result<(), LoadError>, Interrupted> {
        let (sounds, client, sound) = (self.rooms.web_sounds.clone(), self.client, load.sound.clone());
        let Some(patience) = load.patience else {
            self.ahead = match sounds.ahead(client, &sound) {
                Ok(ahead) => Some((sound, ahead)),
                Err(error) => return Ok(Err(error)),
            };
            return Ok(Ok(()));
        };
        let work = timeout(patience, async move { sounds.load(client, &sound).await.map(drop) });
        match self.meanwhile_keeping(DigitSet::NONE, work).await? {
            Meanwhile::Done(Ok(loaded)) => Ok(loaded),
            // No key ends the wait.
            Meanwhile::Done(Err(_)) | Meanwhile::Key(_) => Ok(Err(FetchError::TimedOut.into())),
        }
    }

    /// Waits for those sounds among prompts that are not there, or until a key is pressed that stops the prompts.
    pub(super) async fn loaded_or_key(
        &mut self,
        prompts: &[Prompt],
        barge_in: BargeIn,
    ) -> Result<Option<Digit>, Interrupted> {
        let missing: Vec<Arc<WebSound>> = prompts
            .iter()
            .filter_map(|prompt| if let Prompt::Web(sound) = prompt { Some(sound) } else { None })
            .filter(|sound| !self.rooms.web_sounds.is_fresh(self.client, sound))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(None);
        }
        let (sounds, client) = (self.rooms.web_sounds.clone(), self.client);
        let all = timeout(SPEECH_PATIENCE, async move { sounds.load_all(client, &missing).await });
        let keys_before = self.digits.clone();
        let key = match self.meanwhile_keeping(barge_in.by, all).await? {
            Meanwhile::Key(digit) => Some(digit),
            Meanwhile::Done(Ok(loaded)) => {
                for error in loaded.into_iter().filter_map(Result::err) {
                    tracing::warn!(%error, "a sound of a web server cannot be said; it counts as said");
                }
                None
            }
            Meanwhile::Done(Err(_)) => {
                tracing::warn!("a sound of a web server takes too long; it counts as said");
                None
            }
        };
        if key.is_none() && barge_in.otherwise == TypeAhead::Drop {
            self.digits = keys_before;
        }
        Ok(key)
    }
}
