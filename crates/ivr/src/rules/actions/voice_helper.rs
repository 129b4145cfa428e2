//! `voice_helper`: listen to what the caller says, and go where the words lead.
//!
//! Shape: `voice_helper_rules` (required: `[{"to_option", "transcription"}]`) and `voice_helper_timeout` (required, above 0); `sound` or
//! the slot is played meanwhile. `transcription` is a regular expression, searched without regard to capitals in each result; the first
//! rule that is found leads to its option of the same context, or to `invalid` where there is none. Digits, at most
//! `voice_helper_digits_max`, lead where digits of the menu do.
//! Units: `voice_helper_timeout` in ms, from the beginning of the sound, unless the policy counts it from the end.
//! Errors: where the client may not use speech, or nothing is understood, the next rule runs.
//! Sources: `ringme-ivr.md` 5.1, row A21.

use std::time::Duration;

use serde_json::Value;

use super::{Check, Flow, Run};
use crate::{
    Digit, DigitSet, Interrupted, Listen, Listened, Pattern, TypeAhead,
    rules::{OptionKey, model::INTER_DIGIT_TIMEOUT, slot::Greeting},
};

/// The variable that holds what was said (`ringme-ivr.md` 5.1, a name of ours).
const SAID: &str = "voice_helper_text";
/// So long a silence is the end of what was said.
const END_SILENCE: Duration = Duration::from_millis(800);
/// Most rules, of which the vendor has no limit.
const MAX_RULES: usize = 500;
/// Most phrases that a recogniser is told.
const MAX_PHRASES: usize = 500;

/// Listens.
#[derive(Clone, PartialEq, Debug)]
pub struct VoiceHelper {
    /// What is played meanwhile.
    pub greeting: Greeting,
    /// How long to listen.
    pub timeout: Duration,
    /// Most digits; with 0 keys are thrown away.
    pub max_digits: usize,
    /// Most results; `None` sets no end.
    pub final_count: Option<usize>,
    /// Keys that end the listening.
    pub terminators: DigitSet,
    /// Where words lead.
    pub rules: Vec<VoiceRule>,
    /// The words and phrases of the rules, where they are plain text.
    pub phrases: Vec<String>,
}

/// Where words lead.
#[derive(Clone, PartialEq, Debug)]
pub struct VoiceRule {
    /// An option of the same context.
    pub to_option: OptionKey,
    /// What has to be found in what was said.
    pub transcription: Pattern,
}

impl VoiceHelper {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let greeting = Greeting::check(check);
        let milliseconds = check.required("voice_helper_timeout", |rule| &rule.voice_helper_timeout);
        if milliseconds == Some(0) {
            check.refuse("voice_helper_timeout", "must be above 0");
        }
        let written = check.required("voice_helper_rules", |rule| &rule.voice_helper_rules);
        let (rules, phrases) = rules(check, &written?)?;
        let size =
            |number: Option<u64>| number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
        let hash = Digit::from_char('#').filter(|_| check.rule.voice_helper_classic_term);
        Some(Self {
            greeting,
            timeout: Duration::from_millis(milliseconds?),
            max_digits: size(check.rule.voice_helper_digits_max).unwrap_or(0),
            final_count: size(check.rule.voice_helper_final_count),
            terminators: hash.into_iter().collect(),
            rules,
            phrases,
        })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        if !run.surroundings.may_listen() {
            return Ok(Flow::Continue);
        }
        let prompt = self.greeting.prompt(run).await?;
        let listen = Listen {
            prompts: prompt.into_iter().collect(),
            from: run.surroundings.policy().voice_helper_from,
            no_input: self.timeout,
            longest: self.timeout,
            end_silence: END_SILENCE,
            language: Some(run.call.language.tag().to_owned()),
            phrases: self.phrases.clone(),
            wanted: self.rules.iter().map(|rule| rule.transcription.clone()).collect(),
            max_results: self.final_count,
            type_ahead: TypeAhead::Drop,
            max_digits: self.max_digits,
            inter_digit: run.here.map_or(INTER_DIGIT_TIMEOUT, |context| context.inter_digit_timeout),
            terminators: self.terminators,
            keys: None,
        };
        let listened = run.call.listen(listen).await?;
        Ok(self.follow(run, listened))
    }

    /// Where what was said or pressed leads. Keys count before words that were only guessed.
    fn follow(&self, run: &mut Run<'_>, listened: Listened) -> Flow {
        let Listened { results, guess, digits, .. } = listened;
        let said = results.iter().map(|said| said.text.as_str()).chain(guess.as_deref());
        let said: Vec<&str> = said.collect();
        if let Some(last) = said.last() {
            run.something_happened();
            run.set_variable(SAID, last);
        }
        if let Some(option) = results.iter().find_map(|said| self.option(&said.text)) {
            return Flow::Option(option);
        }
        if !digits.is_empty() {
            run.something_happened();
            return Flow::Dialled(digits);
        }
        guess.and_then(|guess| self.option(&guess)).map_or(Flow::Continue, Flow::Option)
    }

    /// Where these words lead.
    fn option(&self, text: &str) -> Option<OptionKey> {
        self.rules.iter().find(|rule| rule.transcription.is_match(text)).map(|rule| rule.to_option.clone())
    }
}

/// The rules as they are written, and their phrases.
fn rules(check: &mut Check<'_>, written: &Value) -> Option<(Vec<VoiceRule>, Vec<String>)> {
    const FIELD: &str = "voice_helper_rules";
    let Some(list) = written.as_array().filter(|list| !list.is_empty()) else {
        check.refuse(FIELD, "must be a list of {\"to_option\", \"transcription\"} with at least one of them");
        return None;
    };
    if list.len() > MAX_RULES {
        check.refuse(FIELD, format!("has at most {MAX_RULES} rules"));
        return None;
    }
    let (mut rules, mut phrases) = (Vec::new(), Vec::new());
    for (index, rule) in list.iter().enumerate() {
        match voice_rule(rule) {
            Ok((rule, plain)) => {
                rules.push(rule);
                phrases.extend(plain);
            }
            Err(problem) => check.refuse(FIELD, format!("rule {}: {problem}", index + 1)),
        }
    }
    phrases.truncate(MAX_PHRASES);
    (rules.len() == list.len()).then_some((rules, phrases))
}

fn voice_rule(rule: &Value) -> Result<(VoiceRule, Vec<String>), String> {
    let to_option = match rule.get("to_option") {
        Some(Value::String(key)) => key.parse(),
        Some(Value::Number(number)) => number.to_string().parse(),
        _ => return Err("to_option is required".to_owned()),
    };
    let to_option: OptionKey = to_option.map_err(|error| format!("to_option {error}"))?;
    let text = rule.get("transcription").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let text = text.ok_or("transcription is required")?;
    let transcription = Pattern::ignoring_case(text).map_err(|error| format!("transcription {error}"))?;
    Ok((VoiceRule { to_option, transcription }, phrases(text)))
}

/// The phrases of a pattern that is nothing but alternatives in plain text; none of any other.
fn phrases(pattern: &str) -> Vec<String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '\'' | '-' | '|');
    if !pattern.chars().all(plain) {
        return Vec::new();
    }
    pattern.split('|').map(str::trim).filter(|phrase| !phrase.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::phrases;

    #[test]
    fn phrases_are_those_of_a_plain_pattern() {
        assert_eq!(phrases("машина|Техник "), ["машина", "техник"]);
        assert_eq!(phrases("i'd like a taxi"), ["i'd like a taxi"]);
        for pattern in ["taxi.*please", "^yes$", "(yes|no)", "a+", r"\d"] {
            assert!(phrases(pattern).is_empty(), "{pattern}");
        }
    }
}
