//! What is heard while something else is waited for: `Say`, `Play` and `Pause` in a `Gather`.

use super::{Pause, Play, Played, Reading, Say, Session, play};
use crate::{Interrupted, Prompt};

/// Most prompts at once.
const MOST: usize = 1_000;

/// Something that is heard.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Spoken {
    /// `<Say>`
    Say(Say),
    /// `<Play>`
    Play(Play),
    /// `<Pause>`
    Pause(Pause),
}

impl Spoken {
    /// All of it in an element.
    pub(super) fn read_all(reading: &mut Reading<'_>) -> Vec<Self> {
        let element = reading.element;
        let all = element.elements().filter_map(|inner| {
            let mut inner = reading.inside(inner);
            match inner.element.name.as_str() {
                "Say" => Say::read(&mut inner).map(Self::Say),
                "Play" => Play::read(&mut inner).map(Self::Play),
                "Pause" => Some(Self::Pause(Pause::read(&mut inner))),
                _ => None,
            }
        });
        all.collect()
    }
}

impl Spoken {
    /// Adds what is heard to other prompts, as often as it is to be heard. What cannot be said is told and left out.
    pub(super) async fn add_to(&self, prompts: &mut Vec<Prompt>, session: &mut Session<'_>) -> Result<(), Interrupted> {
        let (once, times) = match self {
            Self::Say(say) => (say.prompt(session).await?.into_iter().collect(), say.times),
            Self::Play(Play { what: Played::Sound(sound), times, .. }) => {
                (play::heard(sound, session).await?.unwrap_or_default(), *times)
            }
            Self::Play(_) => (Vec::new(), 0),
            Self::Pause(pause) => (vec![Prompt::Silence(pause.length)], 1),
        };
        for _ in 0..times {
            let room = MOST.saturating_sub(prompts.len());
            if once.is_empty() || room == 0 {
                break;
            }
            prompts.extend(once.iter().take(room).cloned());
        }
        Ok(())
    }
}
