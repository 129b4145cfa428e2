//! A call that we placed: whoever answered is joined to a number, as if they had called it.
//!
//! Shape: the one who answered is the call's caller; a menu or a conference behind the number has the call, anybody else is dialled.
//! Time: each number rings for [`Dial::RING_TIME`].
//! Errors: a number that is not reached ends the call.
//! Sources: `ringme-ivr.md` 2.7, 5.2 (`transfer_after_dst_hangup`).

use crate::{
    BargeIn, Call, CallerId, Dial, Dialed, Interrupted, Next, Play, Prompt, SoundId, TargetRules, Terms, direct,
};

/// What follows when somebody has answered a call that we placed.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Callback {
    /// Said to them first.
    pub announce: Option<SoundId>,
    /// Whom they are joined to.
    pub to: String,
    /// Who calls, as that one sees it; the one who answered, where nothing is said.
    pub number: Option<String>,
    /// What else is wanted of that call.
    pub terms: Terms,
    /// Whom they are joined to after that one has hung up.
    pub after: Option<String>,
}

/// Joins whoever answered to the number, and ends the call as that ends.
pub(crate) async fn run(callback: &Callback, call: &mut Call) -> Result<Next, Interrupted> {
    call.answer().await?;
    if let Some(sound) = callback.announce {
        call.play(Play { prompts: vec![Prompt::Sound(sound)], barge_in: BargeIn::FOREGROUND }).await?;
    }
    let mut dialed = dial(call, &callback.to, callback).await?;
    if let (Dialed::Answered { .. }, Some(after)) = (&dialed, &callback.after) {
        dialed = dial(call, after, &Callback { terms: Terms::default(), ..callback.clone() }).await?;
    }
    direct::end_as(call, dialed).await
}

async fn dial(call: &mut Call, number: &str, callback: &Callback) -> Result<Dialed, Interrupted> {
    let shown = callback.number.clone().unwrap_or_else(|| call.caller.number.clone());
    // A name belongs to its own number.
    let name = if callback.number.is_some() { String::new() } else { call.caller.name.clone() };
    let (targets, caller_id) = (vec![number.to_owned()], CallerId { number: shown, name });
    let (rules, terms) = (TargetRules::Apply, callback.terms.clone());
    call.dial(Dial { targets, rules, no_answer: Dial::RING_TIME, caller_id, terms }).await
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::{
        Caller, ExtensionId, Script,
        simulator::{Scenario, Sound, Target, simulate},
    };

    fn transcript(callback: Callback, targets: &[(&str, Target)]) -> Vec<String> {
        let sound = Sound { name: "hello".to_owned(), length: Duration::from_secs(1) };
        let scenario = Scenario {
            caller: Caller { number: "101".to_owned(), name: "Anna".to_owned(), ..Caller::default() },
            sounds: BTreeMap::from([(SoundId(7), sound)]),
            targets: targets.iter().map(|(number, target)| ((*number).to_owned(), *target)).collect(),
            ..Scenario::default()
        };
        #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
        let transcript = simulate(&Script::Callback(callback.into()), &scenario, Instant::now());
        transcript.lines.into_iter().map(|line| line.text).collect()
    }

    fn to(number: &str) -> Callback {
        Callback { announce: None, to: number.to_owned(), number: None, terms: Terms::default(), after: None }
    }

    const TALKS: Target = Target::Answers { after: Duration::from_secs(2), talk: Some(Duration::from_secs(3)) };

    #[test]
    fn whoever_answers_hears_the_announcement_and_is_joined_and_then_sent_on() {
        let callback = Callback { announce: Some(SoundId(7)), after: Some("103".to_owned()), ..to("102") };
        let lines = transcript(callback, &[("102", TALKS), ("103", TALKS)]);
        assert_eq!(
            lines,
            [
                "answer",
                "play hello, foreground",
                "dial 102 for 60 s",
                "… 102 answers",
                "… 102 hangs up",
                "dial 103 for 60 s",
                "… 103 answers",
                "… 103 hangs up",
                "hang up"
            ]
        );
    }

    #[test]
    fn another_number_is_shown_without_the_name() {
        let callback = Callback { number: Some("+374".to_owned()), after: Some("103".to_owned()), ..to("102") };
        assert_eq!(
            transcript(callback, &[("102", Target::Busy)]),
            ["answer", "dial 102 for 60 s, number +374, name ", "… busy", "hang up"]
        );
    }

    #[test]
    fn a_menu_has_the_call() {
        let lines = transcript(to("071"), &[("071", Target::Ivr(ExtensionId(5)))]);
        assert_eq!(lines, ["answer", "dial 071 for 60 s", "handed over to extension 5"]);
    }
}
