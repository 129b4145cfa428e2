//! The lines of a `caller` fence that begin with `customizer METHOD`: what comes of calling that method.
//!
//! | line                                              | meaning                                     |
//! |---------------------------------------------------|---------------------------------------------|
//! | `customizer find answers {"vip": true}`           | what it returns, as JSON                    |
//! | `customizer find fails with exception no table`   | a kind of failure and what is said of it    |
//! | `customizer find takes 2 s`                       | how long that takes                         |
//! | `customizer find sets name "Ann"`                 | a variable, as JSON                         |
//! | `customizer find attaches survey "7"`             | something to the call, as JSON              |
//! | `customizer find speaks fr`                       | the call, from then on                      |
//! | `customizer find wants priority 3`                | in queues, as JSON; `skills` likewise       |
//! | `customizer find goes to #form2`                  | where the script goes on                    |
//! | `customizer find throws event.name and a message` | the same                                    |

use antiphon_ivr::{
    op::{CustomError, CustomErrorKind, CustomResult, Flow},
    simulator::{CustomAnswer, Scenario},
};

use crate::caller::seconds;

/// Reads what follows `customizer`.
pub(crate) fn read(words: &[&str], scenario: &mut Scenario) -> Option<()> {
    let (method, what) = words.split_first()?;
    let answer: &mut CustomAnswer = scenario.customizer.entry((*method).to_owned()).or_default();
    match what {
        ["takes", time, "s"] => answer.after = seconds(time)?,
        ["fails", "with", kind, message @ ..] => {
            let kind = CustomErrorKind::ALL.into_iter().find(|known| known.as_str() == *kind)?;
            answer.answer = Err(CustomError { kind, message: message.join(" ") });
        }
        what => returns(what, answer.answer.as_mut().ok()?)?,
    }
    Some(())
}

fn returns(what: &[&str], result: &mut CustomResult) -> Option<()> {
    let json = |words: &[&str]| serde_json::from_str(&words.join(" ")).ok();
    let changes = &mut result.changes;
    match what {
        ["answers", value @ ..] => result.value = json(value)?,
        ["sets", name, value @ ..] => changes.vars.push(((*name).to_owned(), json(value)?)),
        ["attaches", name, value @ ..] => {
            changes.extra_data.get_or_insert_default().push(((*name).to_owned(), json(value)?));
        }
        ["speaks", language] => changes.language = Some((*language).to_owned()),
        ["wants", "priority", value @ ..] => changes.priority = Some(json(value)?),
        ["wants", "skills", value @ ..] => changes.skills = Some(json(value)?),
        ["goes", "to", place] => changes.flow = Some(Flow::Goto((*place).to_owned())),
        ["throws", event, message @ ..] => {
            changes.flow = Some(Flow::Throw { event: (*event).to_owned(), message: message.join(" ") });
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(lines: &[&str]) -> Option<CustomAnswer> {
        let mut scenario = Scenario::default();
        for line in lines {
            read(&line.split_whitespace().collect::<Vec<_>>(), &mut scenario)?;
        }
        scenario.customizer.remove("find")
    }

    #[test]
    fn what_a_method_does_is_told_line_by_line() {
        let lines = ["find answers {\"vip\": [1, 2]}", "find takes 2.5 s", "find sets name \"Ann\"", "find speaks fr"];
        let answer = told(&lines).expect("each line is understood");
        let result = answer.answer.expect("it returns");
        assert_eq!((answer.after, result.value), (Duration::from_millis(2500), serde_json::json!({"vip": [1, 2]})));
        assert_eq!(result.changes.vars, [("name".to_owned(), "Ann".into())]);
        assert_eq!(result.changes.language.as_deref(), Some("fr"));
        let failed = told(&["find fails with exception no such table"]).expect("it is understood").answer;
        assert_eq!(failed.expect_err("it fails").to_string(), "exception: no such table");
    }

    #[test]
    fn what_is_no_json_and_no_kind_is_not_understood() {
        for line in ["find answers vip", "find fails with surprise", "find takes long", "find", "find sets name", ""] {
            assert_eq!(told(&[line]), None, "{line}");
        }
    }
}
