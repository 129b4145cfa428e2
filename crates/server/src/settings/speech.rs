//! Who renders texts, and who understands callers.
//!
//! Shape: `[speech]`; an engine is a program or a web server, each with its own keys.
//! Units: `timeout` in seconds, `cache_megabytes` in megabytes of 1,048,576 bytes.
//! Errors: [`SettingsError`] for an engine that is unknown or lacks what it needs; whether a program is there shows when it is used.

use std::{fmt, time::Duration};

use antiphon_ivr::Language;

use super::{SettingsError, file::SpeechTable};

/// The longest that an engine may take.
const LONGEST: u64 = 120;
/// Engines that run at once, at most.
const MOST_CONCURRENT: u64 = 64;
/// The largest cache: a million megabytes.
const MOST_MEGABYTES: u64 = 1_000_000;

/// What is told about speech.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SpeechSettings {
    /// Who renders texts.
    pub engine: VoiceEngine,
    /// Who understands callers.
    pub recogniser: RecogniserEngine,
    /// The language of texts and callers where nobody says another.
    pub language: String,
    /// How long an engine may take for one text or utterance.
    pub timeout: Duration,
    /// Engines that render at once, and as many that understand.
    pub concurrent: usize,
    /// Bytes of rendered texts that are kept on the disk.
    pub cache_bytes: u64,
}

/// Who renders texts.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum VoiceEngine {
    /// Nobody.
    Off,
    /// espeak-ng, by its name on the PATH or its path; nobody where it is not there.
    Espeak(String),
    /// A program and its arguments.
    Command(Vec<String>),
    /// A web server.
    Http(SpeechServer),
}

/// Who understands callers.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum RecogniserEngine {
    /// Nobody.
    Off,
    /// pocketsphinx of this Python.
    Pocketsphinx {
        /// The interpreter.
        python: String,
    },
    /// A program and its arguments.
    Command(Vec<String>),
    /// A web server.
    Http(SpeechServer),
}

/// A web server with the speech API of OpenAI.
#[derive(Clone, Eq, PartialEq)]
pub struct SpeechServer {
    /// Where its API begins, such as `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// What it is shown as a bearer token.
    pub key: Option<String>,
    /// The model.
    pub model: String,
    /// The usual voice.
    pub voice: String,
}

impl fmt::Debug for SpeechServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechServer").field("url", &self.url).field("model", &self.model).finish_non_exhaustive()
    }
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self {
            engine: VoiceEngine::Espeak("espeak-ng".to_owned()),
            recogniser: RecogniserEngine::Off,
            language: "en".to_owned(),
            timeout: Duration::from_secs(10),
            concurrent: 8,
            cache_bytes: 256 << 20,
        }
    }
}

pub(super) fn speech(table: &SpeechTable, server: Language) -> Result<SpeechSettings, SettingsError> {
    let usual = SpeechSettings::default();
    let number = |name: &str, given: Option<u64>, least: u64, most: u64| match given {
        Some(number) if !(least..=most).contains(&number) => {
            Err(wrong(name, &format!("{number} is not between {least} and {most}")))
        }
        given => Ok(given),
    };
    let language = table.language.clone().unwrap_or_else(|| server.tag().to_owned());
    if language.is_empty() || !language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(wrong("language", "is no language such as en or ru-RU"));
    }
    let timeout = number("timeout", table.timeout, 1, LONGEST)?;
    let concurrent = number("concurrent", table.concurrent, 1, MOST_CONCURRENT)?;
    let megabytes = number("cache_megabytes", table.cache_megabytes, 0, MOST_MEGABYTES)?;
    Ok(SpeechSettings {
        engine: engine(table)?,
        recogniser: recogniser(table)?,
        language,
        timeout: timeout.map_or(usual.timeout, Duration::from_secs),
        concurrent: concurrent.and_then(|number| usize::try_from(number).ok()).unwrap_or(usual.concurrent),
        cache_bytes: megabytes.map_or(usual.cache_bytes, |megabytes| megabytes << 20),
    })
}

fn engine(table: &SpeechTable) -> Result<VoiceEngine, SettingsError> {
    Ok(match table.engine.as_deref().unwrap_or("espeak-ng") {
        "off" => VoiceEngine::Off,
        "espeak-ng" => VoiceEngine::Espeak(table.espeak.clone().unwrap_or_else(|| "espeak-ng".to_owned())),
        "command" => VoiceEngine::Command(words("command", &table.command)?),
        "http" => VoiceEngine::Http(server(table, table.model.as_deref().unwrap_or("tts-1"))?),
        other => return Err(wrong("engine", &format!("{other:?} is not espeak-ng, command, http or off"))),
    })
}

fn recogniser(table: &SpeechTable) -> Result<RecogniserEngine, SettingsError> {
    Ok(match table.recogniser.as_deref().unwrap_or("off") {
        "off" => RecogniserEngine::Off,
        "pocketsphinx" => {
            let python = table.python.clone().unwrap_or_else(|| "python3".to_owned());
            RecogniserEngine::Pocketsphinx { python }
        }
        "command" => RecogniserEngine::Command(words("recogniser_command", &table.recogniser_command)?),
        "http" => RecogniserEngine::Http(server(table, table.recogniser_model.as_deref().unwrap_or("whisper-1"))?),
        other => return Err(wrong("recogniser", &format!("{other:?} is not pocketsphinx, command, http or off"))),
    })
}

fn words(name: &str, words: &Option<Vec<String>>) -> Result<Vec<String>, SettingsError> {
    let words = words.clone().filter(|words| words.first().is_some_and(|program| !program.is_empty()));
    words.ok_or_else(|| wrong(name, "is needed: a program and its arguments, as a list"))
}

fn server(table: &SpeechTable, model: &str) -> Result<SpeechServer, SettingsError> {
    let url = table.url.clone().ok_or_else(|| wrong("url", "is needed where an engine is http"))?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(wrong("url", "begins with neither http:// nor https://"));
    }
    Ok(SpeechServer {
        url: url.trim_end_matches('/').to_owned(),
        key: table.key.clone(),
        model: model.to_owned(),
        voice: table.voice.clone().unwrap_or_else(|| "alloy".to_owned()),
    })
}

fn wrong(name: &str, problem: &str) -> SettingsError {
    SettingsError::Value { setting: format!("speech.{name}"), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SpeechSettings, String> {
        speech(&toml::from_str(text).expect("a table"), Language::English).map_err(|error| error.to_string())
    }

    #[test]
    fn each_engine_needs_its_own() {
        assert_eq!(read("").unwrap(), SpeechSettings::default());
        assert_eq!(read("engine = \"off\"").unwrap().engine, VoiceEngine::Off);
        let command = read("recogniser = \"command\"\nrecogniser_command = [\"vosk\", \"-m\"]").unwrap();
        assert_eq!(command.recogniser, RecogniserEngine::Command(vec!["vosk".to_owned(), "-m".to_owned()]));
        let http = read("engine = \"http\"\nurl = \"http://127.0.0.1:1/v1/\"\nkey = \"secret\"").unwrap();
        let VoiceEngine::Http(server) = &http.engine else { panic!("a server") };
        assert_eq!((server.url.as_str(), server.model.as_str()), ("http://127.0.0.1:1/v1", "tts-1"));
        assert!(!format!("{http:?}").contains("secret"), "a key is no part of a log");
        let russian = speech(&SpeechTable::default(), Language::Russian).unwrap();
        assert_eq!(russian.language, "ru", "as the server");
        for (text, problem) in [
            ("engine = \"flite\"", "speech.engine: \"flite\" is not espeak-ng, command, http or off"),
            ("engine = \"command\"", "speech.command: is needed: a program and its arguments, as a list"),
            ("recogniser = \"http\"", "speech.url: is needed where an engine is http"),
            ("recogniser = \"http\"\nurl = \"ftp://a\"", "speech.url: begins with neither http:// nor https://"),
            ("timeout = 0", "speech.timeout: 0 is not between 1 and 120"),
            ("language = \"../a\"", "speech.language: is no language such as en or ru-RU"),
        ] {
            assert_eq!(read(text), Err(problem.to_owned()));
        }
    }
}
