//! Asking a web server, and running what it answers.
//!
//! Shape: [`ask`] makes one request and reads the answer into [`Verbs`]; [`Verbs::perform`] runs them in their order until one leads
//! somewhere. What that means, whoever asked knows; it may go on with the verbs behind it.
//! Time: only inside ops.
//! Errors: a request that fails, and an answer that cannot be read, are told and leave no verbs.
//! Sources: `ringme-ivr.md` 4.2 (what counts as an error), 4.3 (several verbs), row A18.

use std::{collections::VecDeque, time::Duration};

use super::{
    Dialect, Names, WebScript,
    request::{self, Occasion},
    verbs::{self, Item, Jump, SimpleTransfer},
    wire,
};
use crate::{
    BargeIn, Call, CallerId, Collect, DigitSet, Interrupted, NoteKind, Page, Play, Played, Prompt, Surroundings,
    TypeAhead,
};

/// Where verbs run, lent by whoever asked.
pub struct Stage<'a> {
    /// The call.
    pub call: &'a mut Call,
    /// What targets of later transfers see.
    pub caller_id: &'a mut CallerId,
    /// What is asked about sounds.
    pub surroundings: &'a dyn Surroundings,
    /// How digits are taken.
    pub keys: Keys,
    /// How much was said.
    pub said: Duration,
    /// Whether a key was waited for and pressed.
    pub pressed: bool,
}

/// How digits are taken for a variable: as in the context where the menu is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Keys {
    /// How long the first is waited for.
    pub first_digit: Duration,
    /// How long each further one is waited for.
    pub inter_digit: Duration,
    /// Most digits.
    pub max_digits: usize,
    /// What ends them.
    pub terminators: DigitSet,
}

/// Where verbs have led.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Step {
    /// To their end.
    Through,
    /// A key waits in the type-ahead, for the menu.
    BargedIn,
    /// Elsewhere in the menu.
    Jump(Jump),
    /// To other numbers.
    Transfer(SimpleTransfer),
    /// To the end of the call.
    Hangup,
}

/// The verbs of an answer that have not been run.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Verbs(VecDeque<Item>);

/// Asks a web server. Where that fails, or its answer cannot be read, there are no verbs.
pub async fn ask(
    script: &WebScript,
    occasion: &Occasion,
    call: &mut Call,
    step: &str,
    names: Names,
) -> Result<Verbs, Interrupted> {
    let fetch = match request::fetch(script, occasion, call, step) {
        Ok(fetch) => fetch,
        Err(error) => {
            call.note(NoteKind::Problem, error.to_string()).await?;
            return Ok(Verbs::default());
        }
    };
    let problem = match call.fetch(fetch).await? {
        Ok(page) => match read(&page, script.dialect, names) {
            Ok(verbs) => return Ok(verbs),
            Err(problem) => problem,
        },
        Err(error) => error.to_string(),
    };
    call.note(NoteKind::Problem, problem).await?;
    Ok(Verbs::default())
}

/// The verbs of an answer, or what is wrong with it.
fn read(page: &Page, dialect: Dialect, names: Names) -> Result<Verbs, String> {
    if !page.is_success() {
        return Err(format!("the answer has the status {}", page.status));
    }
    let document =
        wire::read(&page.body, page.header("content-type").and_then(charset)).map_err(|error| error.to_string())?;
    Ok(Verbs(verbs::items(&document, dialect, names).into()))
}

/// The charset of a media type.
fn charset(media_type: &str) -> Option<&str> {
    let mut parameters = media_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim().trim_matches('"'))
}

impl Verbs {
    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Runs verbs until one leads somewhere, or none is left.
    pub async fn perform(&mut self, stage: &mut Stage<'_>) -> Result<Step, Interrupted> {
        while let Some(item) = self.0.pop_front() {
            match item {
                Item::Problem(problem) => stage.problem(problem).await?,
                Item::Verb(verb) => {
                    stage.call.note(NoteKind::Ran, verb.to_string()).await?;
                    if let Some(step) = verb.run(stage).await? {
                        return Ok(step);
                    }
                }
            }
        }
        Ok(Step::Through)
    }
}

impl Stage<'_> {
    pub(super) async fn play(&mut self, prompts: Vec<Prompt>, barge_in: BargeIn) -> Result<Played, Interrupted> {
        let played = self.call.play(Play { prompts, barge_in }).await?;
        if let Played::Finished { said } = played {
            self.said = self.said.saturating_add(said);
        }
        Ok(played)
    }

    pub(super) async fn problem(&mut self, problem: impl Into<String>) -> Result<(), Interrupted> {
        self.call.note(NoteKind::Problem, problem).await
    }

    /// Digits as the menu takes them.
    pub(super) async fn collect_digits(&mut self) -> Result<String, Interrupted> {
        self.collect(self.keys.max_digits, self.keys.terminators).await
    }

    /// One key, whichever it is.
    pub(super) async fn collect_key(&mut self) -> Result<String, Interrupted> {
        self.collect(1, DigitSet::NONE).await
    }

    async fn collect(&mut self, max_digits: usize, terminators: DigitSet) -> Result<String, Interrupted> {
        let Keys { first_digit, inter_digit, .. } = self.keys;
        let collect =
            Collect { type_ahead: TypeAhead::Keep, max_digits, terminators, first_digit, inter_digit, longest: None };
        let digits = self.call.collect(collect).await?.digits;
        self.pressed |= !digits.is_empty();
        Ok(digits)
    }

    /// Puts digits into a variable, which nothing pressed makes unset.
    pub(super) fn keep(&mut self, variable: &str, digits: String) {
        if digits.is_empty() {
            self.call.vars.remove(variable);
        } else {
            // Digits are short and the name is one; a call that is full of variables keeps those that it has.
            let _ = self.call.vars.set(variable, &digits);
        }
    }
}
