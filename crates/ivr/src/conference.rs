//! A call to the number of a conference.
//!
//! Shape: the caller is answered, gives the PIN where there is one, and talks with the others; nothing follows but the end of the call.
//! Time: a PIN is waited for as long as `FIRST_DIGIT` and `INTER_DIGIT` say, `ATTEMPTS` times.

use std::time::Duration;

use crate::{
    Alone, Announcement, BargeIn, Call, Cause, Collect, Conference, Conferred, Digit, DigitSet, Interrupted, Next,
    Play, TypeAhead, Voice,
};

/// How often a PIN may be given.
const ATTEMPTS: usize = 3;
/// How long its first digit is waited for.
const FIRST_DIGIT: Duration = Duration::from_secs(10);
/// How long each further digit is waited for.
const INTER_DIGIT: Duration = Duration::from_secs(5);
/// Most digits of a PIN.
pub const MAX_PIN: usize = 12;

/// A conference that can be called, and who is let in.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Entrance {
    /// The name of the conference.
    pub name: String,
    /// What has to be dialled before; nothing when everybody is let in.
    pub pin: Option<String>,
    /// How many may be in it.
    pub most: usize,
    /// Whether a caller is heard from the beginning.
    pub voice: Voice,
    /// Whether all hear that somebody comes or goes.
    pub announcement: Announcement,
    /// What a caller hears who is alone.
    pub alone: Alone,
}

/// The keys by which somebody in a conference changes whether the others hear it: `*6`.
#[derive(Copy, Clone, Debug)]
pub struct MuteKeys {
    voice: Voice,
    starred: bool,
}

impl MuteKeys {
    /// For somebody who is heard or not.
    pub fn new(voice: Voice) -> Self {
        Self { voice, starred: false }
    }

    /// Takes a key; what holds from now on, where the key changes it.
    pub fn press(&mut self, key: Digit) -> Option<Voice> {
        let starred = std::mem::replace(&mut self.starred, key.as_char() == '*');
        if !(starred && key.as_char() == '6') {
            return None;
        }
        self.voice = match self.voice {
            Voice::Heard => Voice::Muted,
            Voice::Muted => Voice::Heard,
        };
        Some(self.voice)
    }

    /// Somebody else has changed it.
    pub fn set(&mut self, voice: Voice) {
        self.voice = voice;
    }
}

/// Lets the caller in, and ends the call when it is out again.
pub(crate) async fn run(entrance: &Entrance, call: &mut Call) -> Result<Next, Interrupted> {
    call.answer().await?;
    if !is_let_in(entrance, call).await? {
        say(call, "goodbye").await?;
        call.hangup(Cause::NORMAL).await?;
        return Ok(Next::Finished);
    }
    let conference = Conference {
        voice: entrance.voice,
        announcement: entrance.announcement,
        alone: entrance.alone.clone(),
        ..Conference::new(entrance.name.clone(), entrance.most)
    };
    let cause = match call.conference(conference).await? {
        Conferred::Left | Conferred::Ended | Conferred::Waits => Cause::NORMAL,
        Conferred::Kicked => {
            say(call, "goodbye").await?;
            Cause::NORMAL
        }
        Conferred::Full => {
            say(call, "busy").await?;
            Cause::USER_BUSY
        }
    };
    call.hangup(cause).await?;
    Ok(Next::Finished)
}

/// Asks for the PIN.
async fn is_let_in(entrance: &Entrance, call: &mut Call) -> Result<bool, Interrupted> {
    let Some(pin) = &entrance.pin else { return Ok(true) };
    for _ in 0..ATTEMPTS {
        say(call, "vm-enter-pin").await?;
        let collect = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: MAX_PIN,
            terminators: Digit::from_char('#').into_iter().collect(),
            first_digit: FIRST_DIGIT,
            inter_digit: INTER_DIGIT,
            longest: None,
        };
        if call.collect(collect).await?.digits == *pin {
            return Ok(true);
        }
        say(call, "invalid-choice").await?;
    }
    Ok(false)
}

async fn say(call: &mut Call, name: &'static str) -> Result<(), Interrupted> {
    let barge_in = BargeIn { by: DigitSet::ALL, otherwise: TypeAhead::Keep };
    call.play(Play { prompts: vec![call.system(name)], barge_in }).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_and_a_six_mute_and_unmute_and_nothing_else_does() {
        let mut keys = MuteKeys::new(Voice::Heard);
        let mut press = |text: &str| -> Vec<Voice> {
            text.chars().filter_map(|key| keys.press(Digit::from_char(key).expect("a key"))).collect()
        };
        assert_eq!(press("6*5*#6"), []);
        assert_eq!(press("*6"), [Voice::Muted]);
        assert_eq!(press("6**6"), [Voice::Heard]);
    }
}
