//! What a media reference of a module means.
//!
//! Shape: a text to a [`Media`]; KAZOO's prompts have names of their own, of which those that the system set can say are known.
//! Errors: `None` where a text names no sound.
//! Sources: `kazoo-pivot.md` 4.1 (media reference grammar); FreeSWITCH's `tone_stream://` (on, off and frequencies, loops).

use std::{borrow::Cow, sync::Arc, time::Duration};

use crate::{Language, Prompt, Tone};

/// What is meant.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Media {
    /// A sound of a web server.
    Web(String),
    /// A prompt of KAZOO.
    Prompt {
        /// Its name.
        name: String,
        /// Its language, where one is given.
        language: Option<String>,
    },
    /// Tones or silence.
    Sounds(Vec<Prompt>),
    /// A sound of the client, by its name or id.
    Stored(String),
}

/// The longest silence.
const LONGEST_SILENCE: Duration = Duration::from_secs(3_600);
/// Most tones of one reference.
const MOST_TONES: usize = 16;
/// How far below full scale a tone is.
const BELOW: u8 = 12;

impl Media {
    /// Reads a reference.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let scheme = text.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        match scheme.as_ref().map(|(scheme, rest)| (scheme.as_str(), *rest)) {
            Some(("http" | "https", _)) => Some(Self::Web(text.to_owned())),
            Some(("prompt", path)) => prompt(path),
            Some(("tone_stream", tones)) => tone_stream(tones).map(Self::Sounds),
            Some(("silence_stream", time)) => {
                let milliseconds = time.split(',').next()?.trim().parse().ok()?;
                let length = Duration::from_millis(milliseconds).min(LONGEST_SILENCE);
                Some(Self::Sounds(vec![Prompt::Silence(length)]))
            }
            // Music that a switch of KAZOO has, and nobody else.
            Some(("local_stream", _)) => None,
            Some(_) => None,
            None => match text.trim_start_matches('/').strip_prefix("system_media/") {
                Some(path) => prompt(&format!("system_media/{path}")),
                None => stored(text),
            },
        }
    }
}

/// `system_media/<name>/<language>`, or an account's own in place of `system_media`.
fn prompt(path: &str) -> Option<Media> {
    let mut parts = path.split('/').skip(1);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let language = parts.next().filter(|language| !language.is_empty());
    Some(Media::Prompt { name: name.to_owned(), language: language.map(str::to_owned) })
}

/// A bare id, or one behind the name of its account.
fn stored(text: &str) -> Option<Media> {
    let name = text.trim_matches('/').rsplit('/').next().unwrap_or_default();
    (!name.is_empty()).then(|| Media::Stored(name.to_owned()))
}

/// `%(on,off,f1,f2);…;loops=n`; a list with a volume (`v=-7`) keeps the usual one.
fn tone_stream(text: &str) -> Option<Vec<Prompt>> {
    let loops =
        text.split(';').find_map(|part| part.trim().strip_prefix("loops=")).and_then(|loops| loops.parse::<i64>().ok());
    let loops =
        loops.map_or(1, |loops| if loops < 0 { u32::MAX } else { u32::try_from(loops.max(1)).unwrap_or(u32::MAX) });
    let mut tones = Vec::new();
    for part in text.split("%(").skip(1).take(MOST_TONES) {
        let inside = part.split(')').next()?;
        let numbers: Option<Vec<f64>> = inside.split(',').map(|number| number.trim().parse().ok()).collect();
        let numbers = numbers?;
        let (on, off, frequencies) = match numbers.as_slice() {
            [on, off, frequencies @ ..] if !frequencies.is_empty() => (*on, *off, frequencies),
            _ => return None,
        };
        tones.push(tone(on, off, frequencies, 1)?);
    }
    match tones.as_mut_slice() {
        [] => None,
        [one] => {
            one.times = loops.min(most_times(one));
            Some(vec![Prompt::Tone(Arc::new(one.clone()))])
        }
        _ => {
            let round: Duration = tones.iter().map(|tone| tone.on + tone.off).sum();
            let most = LONGEST_TONE.as_millis() / round.as_millis().max(1);
            let loops = loops.min(u32::try_from(most).unwrap_or(u32::MAX)).clamp(1, 100);
            let once: Vec<_> = tones.into_iter().map(|tone| Prompt::Tone(Arc::new(tone))).collect();
            Some((0..loops).flat_map(|_| once.clone()).collect())
        }
    }
}

/// The longest that one reference sounds.
const LONGEST_TONE: Duration = Duration::from_secs(600);

fn most_times(tone: &Tone) -> u32 {
    let most = LONGEST_TONE.as_millis() / (tone.on + tone.off).as_millis().max(1);
    u32::try_from(most).unwrap_or(u32::MAX).max(1)
}

/// A tone of so many milliseconds, within what can be made.
pub fn tone(on: f64, off: f64, frequencies: &[f64], times: u32) -> Option<Tone> {
    let time = |milliseconds: f64| Duration::from_millis(milliseconds.clamp(0.0, 60_000.0) as u64);
    let frequencies: Vec<u16> = frequencies.iter().map(|hertz| hertz.clamp(50.0, 3_400.0) as u16).take(4).collect();
    let tone = Tone { frequencies, on: time(on), off: time(off), times: times.max(1), below: BELOW };
    let sounds = !tone.frequencies.is_empty() && !tone.on.is_zero();
    sounds.then(|| Tone { times: tone.times.min(most_times(&tone)), ..tone })
}

/// What the system set has for a prompt of KAZOO.
pub fn system_prompt(name: &str, language: Language) -> Option<Vec<Prompt>> {
    let known = PROMPTS.iter().find(|(kazoo, _)| *kazoo == name)?;
    Some(vec![Prompt::System { name: Cow::Borrowed(known.1), language }])
}

/// Prompts of KAZOO, and what the system set says in their place.
const PROMPTS: &[(&str, &str)] =
    &[("menu-invalid_entry", "invalid-choice"), ("menu-exit", "goodbye"), ("vm-goodbye", "goodbye")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_apart() {
        let prompt = |name: &str, language: Option<&str>| {
            Some(Media::Prompt { name: name.to_owned(), language: language.map(str::to_owned) })
        };
        for (text, media) in [
            ("http://a/b.mp3", Some(Media::Web("http://a/b.mp3".to_owned()))),
            ("prompt://system_media/vm-full/en-us", prompt("vm-full", Some("en-us"))),
            ("/system_media/vm-full", prompt("vm-full", None)),
            ("system_media/vm-full/", prompt("vm-full", None)),
            ("silence_stream://1500", Some(Media::Sounds(vec![Prompt::Silence(Duration::from_millis(1_500))]))),
            ("4a68/welcome.wav", Some(Media::Stored("welcome.wav".to_owned()))),
            ("welcome", Some(Media::Stored("welcome".to_owned()))),
            ("local_stream://default", None),
            ("ftp://a/b", None),
            ("tone_stream://%(x)", None),
            ("tone_stream://%(0,0,440)", None),
            ("", None),
        ] {
            assert_eq!(Media::read(text), media, "{text}");
        }
    }

    #[test]
    fn a_tone_stream_has_its_frequencies_and_an_end() {
        let Some(Media::Sounds(prompts)) = Media::read("tone_stream://%(500,250,480,620);loops=25") else {
            panic!("tones")
        };
        let [Prompt::Tone(tone)] = prompts.as_slice() else { panic!("{prompts:?}") };
        let told = (tone.frequencies.as_slice(), tone.on.as_millis(), tone.off.as_millis(), tone.times);
        assert_eq!(told, ([480, 620].as_slice(), 500, 250, 25));
        let Some(Media::Sounds(endless)) = Media::read("tone_stream://%(1000,1000,440);loops=-1") else {
            panic!("tones")
        };
        let [Prompt::Tone(tone)] = endless.as_slice() else { panic!("{endless:?}") };
        assert_eq!(tone.times, 300, "ten minutes");
        let Some(Media::Sounds(two)) = Media::read("tone_stream://%(100,0,440);%(100,0,880);loops=2") else {
            panic!("tones")
        };
        assert_eq!(two.len(), 4);
    }
}
