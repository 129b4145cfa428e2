//! Texts that become sound: rendered ahead, or when they are needed.
//!
//! Shape: a rendering goes on by itself; the call is told through its inbox when it is known what came of it.
//! Time: a script that needs a text now waits for [`SPEECH_PATIENCE`]; a caller who waits long hears the filler.
//! Errors: a text that is not rendered is logged, and counts as said.

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{BargeIn, Digit, Interrupted, Prompt, Render, Rendered, SPEECH_PATIENCE, Speech, TypeAhead};
use antiphon_media::Audio;
use tokio::time::timeout;

use super::{
    executor::{Executor, Heard, clock},
    meanwhile::Meanwhile,
};

/// No key stops what is waited for, and all are kept.
pub(super) const KEEPING: BargeIn = BargeIn { by: antiphon_ivr::DigitSet::NONE, otherwise: TypeAhead::Keep };

impl Executor {
    /// Has a text rendered, and waits for it as long as is asked. Keys meanwhile are kept.
    pub(super) async fn render(&mut self, render: &Render) -> Result<Rendered, Interrupted> {
        let rendering = self.rooms.speech.load().render(self.client, &self.in_its_language(&render.speech));
        let until = clock() + render.patience.min(Duration::from_secs(3600));
        if rendering.now().is_none() && !render.patience.is_zero() {
            rendering.tell(&self.inbox);
        }
        loop {
            match rendering.now() {
                Some(Ok(audio)) => return Ok(Rendered::Ready { length: audio.duration() }),
                Some(Err(error)) => return Ok(Rendered::Failed(error)),
                None if clock() >= until => return Ok(Rendered::Pending),
                None => {}
            }
            if let Heard::Digit(digit) = self.wait(Some(until)).await? {
                self.digits.push(digit);
            }
        }
    }

    /// Waits until the texts among prompts are rendered, or it takes too long. Keys meanwhile are kept.
    pub(super) async fn rendered(&mut self, prompts: &[Prompt]) -> Result<(), Interrupted> {
        self.rendered_or_key(prompts, KEEPING).await.map(drop)
    }

    /// Waits until the texts among prompts are rendered, or it takes too long, or a key is pressed that stops the prompts.
    pub(super) async fn rendered_or_key(
        &mut self,
        prompts: &[Prompt],
        barge_in: BargeIn,
    ) -> Result<Option<Digit>, Interrupted> {
        let room = self.rooms.speech.load_full();
        let texts =
            prompts.iter().filter_map(|prompt| if let Prompt::Text(speech) = prompt { Some(speech) } else { None });
        let renderings: Vec<_> = texts.map(|speech| room.render(self.client, &self.in_its_language(speech))).collect();
        if renderings.iter().all(|rendering| rendering.now().is_some()) {
            return Ok(None);
        }
        let all = timeout(SPEECH_PATIENCE, async move {
            for rendering in renderings {
                rendering.known().await;
            }
        });
        let keys_before = self.digits.clone();
        let key = match self.meanwhile_keeping(barge_in.by, all).await? {
            Meanwhile::Key(digit) => Some(digit),
            Meanwhile::Done(_) => None,
        };
        if key.is_none() && barge_in.otherwise == TypeAhead::Drop {
            self.digits = keys_before;
        }
        Ok(key)
    }

    /// A text that names no language is said in that of the extension, where it has one; else in the usual one of the engine.
    fn in_its_language(&self, speech: &Arc<Speech>) -> Arc<Speech> {
        let own = self.served.as_ref().and_then(|(extension, _)| extension.profile.language);
        match own.filter(|_| speech.language.is_none()) {
            Some(own) => Arc::new(Speech { language: Some(own.tag().to_owned()), ..Speech::clone(speech) }),
            None => speech.clone(),
        }
    }

    /// The sound of a text, where it is rendered. What the text is, is nobody's business but the caller's.
    pub(super) fn spoken(&self, speech: &Arc<Speech>) -> Option<Arc<Audio>> {
        let audio = self.rooms.speech.load().rendered(&self.in_its_language(speech));
        if audio.is_none() {
            tracing::warn!("a text is not rendered; it counts as said");
        }
        audio
    }
}
