//! A text that is being rendered, in the hands of whoever waits for it.

use std::sync::Arc;

use antiphon_ivr::RenderError;
use antiphon_media::Audio;
use tokio::sync::{mpsc, watch};

use crate::call::CallEvent;

/// What came of a rendering, once it is known.
pub(super) type State = Option<Result<Arc<Audio>, RenderError>>;

/// A text that is rendered, or will be.
#[derive(Clone, Debug)]
pub struct Rendering(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Known(Result<Arc<Audio>, RenderError>),
    Going(watch::Receiver<State>),
}

/// Waits until it is known what came of a rendering.
async fn known(state: &mut watch::Receiver<State>) {
    // Whoever rendered it may have gone without a word; then that is known.
    let _ = state.wait_for(Option::is_some).await;
}

impl Rendering {
    pub(super) fn ready(audio: Arc<Audio>) -> Self {
        Self(Kind::Known(Ok(audio)))
    }

    pub(super) fn failed(error: RenderError) -> Self {
        Self(Kind::Known(Err(error)))
    }

    pub(super) fn going(state: watch::Receiver<State>) -> Self {
        Self(Kind::Going(state))
    }

    /// What came of it; `None` while that is not known.
    pub fn now(&self) -> State {
        match &self.0 {
            Kind::Known(known) => Some(known.clone()),
            Kind::Going(state) => {
                // Asked first: whoever rendered it may say what came of it, and go, between the two questions.
                let is_gone = state.has_changed().is_err();
                let known = state.borrow().clone();
                // Gone without a word.
                known.or_else(|| is_gone.then_some(Err(RenderError::Failed)))
            }
        }
    }

    /// Waits until it is known what came of it.
    pub async fn known(self) {
        if let Kind::Going(mut state) = self.0 {
            known(&mut state).await;
        }
    }

    /// Has a call told when it is known.
    pub fn tell(&self, inbox: &mpsc::Sender<CallEvent>) {
        if let Kind::Going(state) = &self.0 {
            let (mut state, inbox) = (state.clone(), inbox.clone());
            tokio::spawn(async move {
                // A call that is over needs no word.
                tokio::select! {
                    _ = known(&mut state) => {}
                    () = inbox.closed() => return,
                }
                let _ = inbox.send(CallEvent::Rendered).await;
            });
        }
    }
}
