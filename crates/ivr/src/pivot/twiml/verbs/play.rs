//! `<Play loop="2">https://…/hello.wav</Play>`: a sound is played. `<Play digits="ww1234"/>`: keys are pressed towards the caller.
//!
//! Shape: the URL of a WAV, MP3 or Ogg Vorbis file, which may be relative, or the name of a sound as callflows write it; `loop`, `terminators` as in `Say`;
//! `digits`, which goes before the text: keys, and `w` for half a second.
//! Errors: without either, or where the sound cannot be had, the next verb follows; both are told.
//! Sources: `kazoo-pivot.md` 5.3, 5.4.

use std::fmt;

use super::{Exit, Reading, Session, repeated, say};
use crate::{DigitSet, Interrupted, Prompt, SendDigits, Sent, pivot::Times, send_digits::HELD};

/// The longest name of a sound.
const MAX_NAME: usize = 2048;

/// Plays a sound or presses keys.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Play {
    /// What.
    pub what: Played,
    /// How often.
    pub times: u32,
    /// The keys that stop it.
    pub terminators: DigitSet,
}

/// What is played.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Played {
    /// A sound, as the document names it.
    Sound(String),
    /// Keys.
    Digits(SendDigits),
}

impl Play {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&["loop", "terminators", "digits"]);
        reading.holds(&[]);
        let times = say::times(reading);
        let terminators = reading.keys("terminators", DigitSet::ALL);
        let what = what(reading)?;
        Some(Self { what, times, terminators })
    }
}

fn what(reading: &mut Reading<'_>) -> Option<Played> {
    if let Some(digits) = reading.word("digits") {
        match SendDigits::parse(digits, HELD) {
            Ok(digits) => return Some(Played::Digits(digits)),
            Err(error) => reading.warn(format_args!("digits: {error}")),
        }
    }
    let sound = reading.element.text();
    if sound.is_empty() || sound.len() > MAX_NAME {
        reading.warn("names no sound; it is skipped");
        return None;
    }
    Some(Played::Sound(sound))
}

impl Play {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        match &self.what {
            Played::Sound(sound) => {
                if let Some(prompts) = heard(sound, session).await? {
                    let heard = session.say(prompts, Times::Count(self.times), self.terminators).await?;
                    session.gather_digits(&heard.digits);
                }
            }
            Played::Digits(digits) => {
                press(digits, self.times, session).await?;
                let typed = session.typed_ahead().await?;
                session.gather_digits(&typed);
            }
        }
        Ok(None)
    }
}

/// What a sound is, ready to be played.
pub(super) async fn heard(sound: &str, session: &mut Session<'_>) -> Result<Option<Vec<Prompt>>, Interrupted> {
    let sound = if is_relative(sound) { session.resolved(sound) } else { sound.to_owned() };
    session.media(&sound).await
}

/// Whether it is an address beside that of the document: a path, or the name of a file. A bare name is a sound of the client.
fn is_relative(sound: &str) -> bool {
    let is_prompt = sound.trim_start_matches('/').starts_with("system_media/");
    !is_prompt && !sound.contains("://") && sound.contains(['/', '.', '?'])
}

/// Presses keys towards the caller.
pub(super) async fn press(digits: &SendDigits, times: u32, session: &mut Session<'_>) -> Result<(), Interrupted> {
    for _ in 0..times {
        if session.call.send_digits(digits.clone()).await? == Sent::Unsent {
            return session.warn("Play: the caller's side takes no digits").await;
        }
    }
    Ok(())
}

impl fmt::Display for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Played::Sound(sound) => write!(f, "Play {sound}")?,
            Played::Digits(digits) => write!(f, "Play {} digits", digits.count())?,
        }
        repeated(self.times, f)
    }
}
