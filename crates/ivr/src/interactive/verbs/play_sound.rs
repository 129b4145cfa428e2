//! `<PlaySound where="background" digitvar="pin">hello.wav</PlaySound>`: a sound, and keys meanwhile. Both dialects.
//!
//! Shape: the text names the sound. `where` is `foreground` (where it is missing) or `background`; `digitvar` is a variable for keys, in
//! the background only; `loop` is how often, 1 to 100. In VoipNow also `view` (`client` or `system`), `folder` and `language`.
//! Errors: a sound that is not there takes no time, and that is told.
//! Sources: `ringme-ivr.md` 4.3, 2.3 (names), 3.4 (digits).
//!
//! | in the background     | a key with `digitvar`                      | a key without                  |
//! |-----------------------|--------------------------------------------|--------------------------------|
//! | Ucom                  | begins digits as in a menu, then the next verb | begins an input of the menu |
//! | VoipNow               | is all there is, then the next verb        | stops the sound and is dropped |
//!
//! Where the sound is heard to its end, the first key is waited for as long as the menu waits for one; nothing pressed makes the variable unset.

use std::fmt;

use super::{Dialect, Reading, Stage, Step};
use crate::{
    BargeIn, Interrupted, Played,
    script::{SoundName, SoundView},
};

/// Most repetitions.
const MOST: u64 = 100;

/// Plays a sound.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PlaySound {
    /// Which.
    pub sound: SoundName,
    /// How often.
    pub times: usize,
    /// What keys do meanwhile.
    pub presses: Presses,
}

/// What keys do while a sound plays.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Presses {
    /// They are thrown away.
    Ignored,
    /// A key stops the sound and begins an input of the menu.
    Menu,
    /// A key stops the sound.
    Dropped,
    /// A key stops the sound, and it and those that follow are put into this variable.
    Digits(String),
    /// A key stops the sound, and is put into this variable.
    Key(String),
}

impl PlaySound {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let name = reading.element.text.clone();
        if name.is_empty() {
            reading.problem("names no sound; it is passed over");
            return None;
        }
        let mut sound = SoundName { name, ..SoundName::default() };
        if reading.dialect == Dialect::Voipnow {
            sound.view = view(reading);
            sound.folder = reading.attribute("folder").unwrap_or_default().to_owned();
            sound.language = reading.attribute("language").filter(|it| !it.is_empty()).map(str::to_owned);
        }
        let times = usize::try_from(reading.number("loop", 1..=MOST, 1)).unwrap_or(1);
        Some(Self { sound, times, presses: presses(reading) })
    }

    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> Result<Option<Step>, Interrupted> {
        let barge_in = if self.presses == Presses::Ignored { BargeIn::FOREGROUND } else { BargeIn::BACKGROUND };
        let played = match stage.surroundings.prompt(&self.sound, stage.call.language) {
            Some(prompt) => stage.play(vec![prompt; self.times], barge_in).await?,
            None => {
                stage.problem(format!("there is no sound {:?}", self.sound.name)).await?;
                Played::Finished { said: std::time::Duration::ZERO }
            }
        };
        match (&self.presses, played) {
            (Presses::Menu, Played::BargedIn(_)) => return Ok(Some(Step::BargedIn)),
            (Presses::Dropped, Played::BargedIn(_)) => drop(stage.collect_key().await?),
            (Presses::Ignored | Presses::Menu | Presses::Dropped, _) => {}
            (Presses::Digits(variable), _) => {
                let digits = stage.collect_digits().await?;
                stage.keep(variable, digits);
            }
            (Presses::Key(variable), _) => {
                let key = stage.collect_key().await?;
                stage.keep(variable, key);
            }
        }
        Ok(None)
    }
}

fn view(reading: &mut Reading<'_>) -> SoundView {
    match reading.attribute("view").map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => SoundView::Any,
        Some("client") => SoundView::Client,
        Some("system") => SoundView::System,
        Some(_) => {
            reading.problem("view must be client or system; both are looked at");
            SoundView::Any
        }
    }
}

fn presses(reading: &mut Reading<'_>) -> Presses {
    let background = match reading.attribute("where").map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "foreground") => false,
        Some("background") => true,
        Some(_) => {
            reading.problem("where must be foreground or background; it is taken as foreground");
            false
        }
    };
    let variable = reading.variable("digitvar");
    match (background, variable, reading.dialect) {
        (false, None, _) => Presses::Ignored,
        (false, Some(_), _) => {
            reading.problem("digitvar needs where=\"background\"; no key is waited for");
            Presses::Ignored
        }
        (true, None, Dialect::Ucom) => Presses::Menu,
        (true, None, Dialect::Voipnow) => Presses::Dropped,
        (true, Some(variable), Dialect::Ucom) => Presses::Digits(variable),
        (true, Some(variable), Dialect::Voipnow) => Presses::Key(variable),
    }
}

impl fmt::Display for PlaySound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlaySound {}", self.sound.name)
    }
}
