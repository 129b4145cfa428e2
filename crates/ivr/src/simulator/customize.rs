//! A customizer in a simulation: the scenario has what each method answers.
//!
//! Time: virtual; a method takes as long as the scenario says, or its timer ends first. Keys are kept.
//! Errors: a method that is not in the table is missing; where there is no table, no customizer is active.

use std::time::Duration;

use serde_json::Value;

use super::{
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Interrupted,
    op::{CUSTOM_PATIENCE, CustomError, CustomErrorKind, CustomResult, Customize},
};

/// What comes of calling a method.
#[derive(Clone, PartialEq, Debug)]
pub struct CustomAnswer {
    /// How long it takes.
    pub after: Duration,
    /// What it returns.
    pub answer: Result<CustomResult, CustomError>,
}

impl Default for CustomAnswer {
    /// It returns nothing, at once.
    fn default() -> Self {
        Self { after: Duration::ZERO, answer: Ok(CustomResult::default()) }
    }
}

impl World<'_> {
    pub(super) fn customize(
        &mut self,
        customize: &Customize,
    ) -> Result<Result<CustomResult, CustomError>, Interrupted> {
        let params: Vec<_> = customize.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let timer = customize.timer.map(|timer| format!(", within {}", seconds(timer))).unwrap_or_default();
        self.note(format!("customize {}({}){timer}", customize.method, params.join(", ")));
        let CustomAnswer { after, answer } = self.custom_answer(&customize.method);
        let patience = customize.timer.unwrap_or(CUSTOM_PATIENCE).min(CUSTOM_PATIENCE);
        let until = self.now.saturating_add(after.min(patience));
        while let Waited::Pressed(digit) = self.wait(until, Edge::Outside, Lifetime::Counts)? {
            self.keep(digit);
        }
        let answer = if after > patience {
            Err(CustomError { kind: CustomErrorKind::Timeout, message: "its time ran out".into() })
        } else {
            answer
        };
        match &answer {
            Ok(CustomResult { value: Value::Null, .. }) => self.note("… returned nothing"),
            Ok(result) => self.note(format!("… returned {}", result.value)),
            Err(error) => self.note(format!("… {error}")),
        }
        Ok(answer)
    }

    fn custom_answer(&self, method: &str) -> CustomAnswer {
        let failed = |kind, message: &str| CustomAnswer {
            after: Duration::ZERO,
            answer: Err(CustomError { kind, message: message.into() }),
        };
        match self.scenario.customizer.get(method) {
            Some(answer) => answer.clone(),
            None if self.scenario.customizer.is_empty() => failed(CustomErrorKind::Inactive, "no customizer is active"),
            None => failed(CustomErrorKind::BadMethod, "there is no such method"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        ExtensionId, Op,
        simulator::{Event, Scenario},
    };

    fn call(method: &str, timer: Option<u64>) -> Op {
        Op::Customize(Box::new(Customize {
            extension: ExtensionId(7),
            method: method.into(),
            params: vec![("phone".into(), "12345".into()), ("n".into(), 2.into())],
            about: crate::op::AboutCall::default(),
            timer: timer.map(Duration::from_secs),
        }))
    }

    #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
    fn transcript(scenario: &Scenario, ops: &[Op]) -> String {
        let mut world = World::new(scenario, Instant::now());
        for op in ops {
            if world.perform(op).is_err() {
                break;
            }
        }
        world.transcript().to_string()
    }

    #[test]
    fn a_method_returns_after_its_time_or_its_timer_ends_first() {
        let result = CustomResult { value: serde_json::json!({"vip": true}), ..CustomResult::default() };
        let answer = CustomAnswer { after: Duration::from_secs(3), answer: Ok(result) };
        let scenario = Scenario { customizer: [("find".to_owned(), answer)].into(), ..Scenario::default() };
        let ops = [call("find", None), call("find", Some(2)), call("lose", None)];
        let expected = "\
            \u{20}  0.0  customize find(phone=\"12345\", n=2)\n\
            \u{20}  3.0  … returned {\"vip\":true}\n\
            \u{20}  3.0  customize find(phone=\"12345\", n=2), within 2 s\n\
            \u{20}  5.0  … timeout: its time ran out\n\
            \u{20}  5.0  customize lose(phone=\"12345\", n=2)\n\
            \u{20}  5.0  … badmethod: there is no such method\n";
        assert_eq!(transcript(&scenario, &ops), expected);
    }

    #[test]
    fn a_caller_who_hangs_up_ends_the_wait_and_nobody_answers_without_a_customizer() {
        let answer = CustomAnswer { after: Duration::from_secs(3), ..CustomAnswer::default() };
        let timeline = vec![(Duration::from_secs(1), Event::HungUp)];
        let scenario = Scenario { customizer: [("find".to_owned(), answer)].into(), timeline, ..Scenario::default() };
        let happened = transcript(&scenario, &[call("find", None), call("find", None)]);
        assert!(happened.ends_with("   1.0  caller hangs up\n"), "{happened}");
        let happened = transcript(&Scenario::default(), &[call("find", None)]);
        assert!(happened.ends_with("… inactive: no customizer is active\n"), "{happened}");
    }
}
