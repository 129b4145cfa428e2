//! `quality_rate`: ask for a rating and keep it.
//!
//! Shape: `max_rate` (required, 5 in a fresh rule) and `sound` (required, unless `play_sound_from_variable` plays the speech that a web
//! script had rendered). A key ends the sound and begins the answer, which is a number from 1 to `max_rate`; one digit where that has
//! one, else up to as many as it has, or `#`. After any other answer, and after none, the sound is heard again, [`TRIES`] times in all.
//! Time: [`PATIENCE`] after the sound for the first digit, [`FURTHER`] for each further one.
//! Errors: without a good answer nothing is kept. A sound that is gone takes no time.
//! Sources: `ringme-ivr.md` 5.2.

use std::time::Duration;

use super::{Check, Flow, Run};
use crate::{BargeIn, Collect, Digit, Interrupted, Rating, TypeAhead, rules::slot::Greeting};

/// How often the question is asked.
const TRIES: usize = 3;
/// The wait for the first digit.
const PATIENCE: Duration = Duration::from_secs(5);
/// The wait for each further digit.
const FURTHER: Duration = Duration::from_secs(2);
/// The variable that holds the rating.
const VARIABLE: &str = "quality_rate";

/// Asks for a rating.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct QualityRate {
    /// The question.
    pub greeting: Greeting,
    /// The best rating, at least 1.
    pub max: u32,
}

impl QualityRate {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let greeting = Greeting::required(check);
        let max = check.required("max_rate", |rule| &rule.max_rate).and_then(|max| u32::try_from(max).ok());
        if max == Some(0) {
            check.refuse("max_rate", "must be at least 1");
        }
        Some(Self { greeting: greeting?, max: max? })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        for _ in 0..TRIES {
            // A key that ends the sound waits in the type-ahead for what follows here.
            if let Some(prompt) = self.greeting.prompt(run).await? {
                run.say(prompt, BargeIn::BACKGROUND).await?;
            }
            let collect = Collect {
                type_ahead: TypeAhead::Keep,
                max_digits: self.max.to_string().len(),
                terminators: Digit::from_char('#').into_iter().collect(),
                first_digit: PATIENCE,
                inter_digit: FURTHER,
                longest: None,
            };
            let rate = run.take_digits(collect).await?.parse().ok().filter(|rate| (1..=self.max).contains(rate));
            if let Some(rate) = rate {
                run.call.rate(Rating { rate, max: self.max }).await?;
                run.set_variable(VARIABLE, &rate.to_string());
                break;
            }
        }
        Ok(Flow::Continue)
    }
}
