//! The `caller` fence: who calls, what they do and when, and who answers.
//!
//! Shape: one fact a line.
//! Units: seconds, from the call's arrival or from the ringing.
//! Errors: [`Problem`] on the line that is not understood.
//!
//! | line                                              | meaning                                     |
//! |---------------------------------------------------|---------------------------------------------|
//! | `3.2 presses 5`                                   | one key                                     |
//! | `4.0 speaks for 3 s`                              | the caller, which a message records         |
//! | `4.0 says taxi please for 1 s`                    | the caller, which a recogniser understands  |
//! | `slot holds Your order is ready`                  | a web script has had that rendered          |
//! | `slot is ready after 2 s and lasts 3 s`           | the rendering, from when it is asked for    |
//! | `slot cannot be rendered`                         | an engine that fails                        |
//! | `nobody understands the caller`                   | no recogniser is there                      |
//! | `then presses 12`                                 | the answer to the next wait for keys of a page |
//! | `then does nothing`, `then hangs up`              | the same                                    |
//! | `http://a.example/a.wav lasts 2 s`                | a sound of a web server                     |
//! | `9.0 hangs up`                                    | the caller                                  |
//! | `+7812 calls`, `+7812 calls anonymously`          | the caller's number, in place of the menu's |
//! | `050 answers after 2 s`                           | and talks until the caller hangs up         |
//! | `050 answers after 2 s and hangs up after 10 s`   | 10 s after the answer                       |
//! | `050 is busy`                                     | 486                                         |
//! | `050 does not answer`                             | it rings                                    |
//! | `050 is not registered`                           | 480                                         |
//! | `050 fails with 503`                              | that status                                 |
//! | `090 is extension 7`                              | another IVR                                 |
//! | `mailbox has a new message of 5 s from 050`      | the caller is at its telephone; `an old`    |
//! | `mailbox is empty`                                | the same, without any                       |
//! | `mailbox wants the PIN 4711`                      | the caller is not at its telephone          |
//! | `refer is refused with 603`                       | by the caller's side                        |
//! | `refer succeeds after 4 s`                        | the caller talks to the target without us   |
//! | `refer fails with 486 after 4 s`                  | the target's status                         |
//! | `it is 2026-07-06 22:30:00 UTC`                   | the date and time of the call's arrival     |
//! | `refer is not heard of`                           | agreed to, and no more                      |
//! | `callee presses 1 after 2 s`, `callee hangs up after 2 s` | somebody to whom a script speaks before the talk |
//! | `queue has 3 waiting`                             | before the caller                           |
//! | `queue takes the caller after 9 s`                | `… and hangs up after 5 s`                  |
//! | `queue misses the caller after 4 s`               | whoever takes it then is gone before they meet |
//! | `queue wants POST http://…`                       | what is heard before that talk              |
//! | `somebody waits in the queue after 4 s`           | whom the script takes from it; `… and hangs up after 5 s` |
//! | `customizer METHOD …`                             | see `customizer.rs`                         |
//! | `socket ends after 7 s`, `socket stays`           | the far end of a WebSocket                  |
//! | `conference is full`, `conference sends the caller out after 5 s` | where it goes                |
//! | `conference begins after 5 s`, `conference ends after 5 s` | the same                            |

use std::time::Duration;

use antiphon_ivr::{
    Digit, ExtensionId, Recogniser, RecordingId, Speech,
    call::Presentation,
    op::LeftMessage,
    simulator::{
        Conferring, Event, Opening, Queueing, Referring, Reply, Saying, Scenario, Streaming, Taking, Target, Text,
    },
};

use crate::{
    customizer,
    document::{Fence, Problem},
};

/// Reads a fence into a scenario.
pub(crate) fn read(fence: &Fence, scenario: &mut Scenario) -> Result<(), Problem> {
    for (index, line) in fence.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        fact(&words, scenario)
            .ok_or_else(|| Problem::new(fence.line + index + 1, format!("not understood: `{}`", line.trim())))?;
    }
    Ok(())
}

fn fact(words: &[&str], scenario: &mut Scenario) -> Option<()> {
    let (subject, rest) = words.split_first()?;
    match rest {
        ["presses", keys] if *subject == "then" => scenario.replies.push(Reply::Keys((*keys).to_owned())),
        ["does", "nothing"] if *subject == "then" => scenario.replies.push(Reply::Silence),
        ["hangs", "up"] if *subject == "then" => scenario.replies.push(Reply::HangUp),
        ["lasts", time, "s"] => drop(scenario.web_sounds.insert((*subject).to_owned(), seconds(time)?)),
        ["presses", key] => {
            let mut keys = key.chars();
            let digit = keys.next().filter(|_| keys.next().is_none()).and_then(Digit::from_char)?;
            scenario.timeline.push((seconds(subject)?, Event::Pressed(digit)));
        }
        ["speaks", "for", time, "s"] => scenario.timeline.push((seconds(subject)?, Event::Spoke(seconds(time)?))),
        ["says", words @ .., "for", time, "s"] if !words.is_empty() => {
            scenario.said.push(Saying { at: seconds(subject)?, time: seconds(time)?, words: words.join(" ") });
        }
        ["understands", "the", "caller"] if *subject == "nobody" => scenario.recogniser = Recogniser::Failed,
        rest if *subject == "slot" => slot(rest, scenario)?,
        ["hangs", "up"] => scenario.timeline.push((seconds(subject)?, Event::HungUp)),
        ["is", date, time, "UTC"] if *subject == "it" => {
            scenario.date = format!("{date}T{time}Z").parse().ok()?;
        }
        ["calls"] => (*subject).clone_into(&mut scenario.caller.number),
        ["calls", "anonymously"] => {
            (*subject).clone_into(&mut scenario.caller.number);
            scenario.caller.presentation = Presentation::Restricted;
        }
        rest if *subject == "mailbox" => mailbox(rest, &mut scenario.mailbox)?,
        rest if *subject == "customizer" => customizer::read(rest, scenario)?,
        rest if *subject == "refer" => scenario.referring = referring(rest)?,
        rest if *subject == "callee" => scenario.whispered.push(callee(rest)?),
        rest if *subject == "queue" => queue(rest, &mut scenario.queueing)?,
        ["waits", "in", "the", "queue", "after", rest @ ..] if *subject == "somebody" => {
            scenario.taking = Some(taking(rest)?);
        }
        ["stays"] if *subject == "socket" => scenario.streaming = Streaming::Stays,
        ["ends", "after", after, "s"] if *subject == "socket" => {
            scenario.streaming = Streaming::Ends { after: seconds(after)? };
        }
        ["begins", "after", after, "s"] if *subject == "conference" => {
            scenario.conferring = Conferring::Begins { after: seconds(after)? };
        }
        ["ends", "after", after, "s"] if *subject == "conference" => {
            scenario.conferring = Conferring::Ends { after: seconds(after)? };
        }
        ["is", "full"] if *subject == "conference" => scenario.conferring = Conferring::Full,
        ["sends", "the", "caller", "out", "after", after, "s"] if *subject == "conference" => {
            scenario.conferring = Conferring::Kicked { after: seconds(after)? };
        }
        _ => drop(scenario.targets.insert((*subject).to_owned(), target(rest)?)),
    }
    Some(())
}

/// What somebody does to whom a script speaks.
fn callee(words: &[&str]) -> Option<(Duration, Event)> {
    match words {
        ["presses", key, "after", after, "s"] => {
            let mut keys = key.chars();
            let digit = keys.next().filter(|_| keys.next().is_none()).and_then(Digit::from_char)?;
            Some((seconds(after)?, Event::Pressed(digit)))
        }
        ["hangs", "up", "after", after, "s"] => Some((seconds(after)?, Event::HungUp)),
        _ => None,
    }
}

/// What becomes of the caller in a queue.
fn queue(words: &[&str], queueing: &mut Queueing) -> Option<()> {
    match words {
        ["has", count, "waiting"] => queueing.before = count.parse().ok()?,
        ["misses", "the", "caller", "after", after, "s"] => queueing.missed = Some(seconds(after)?),
        ["takes", "the", "caller", "after", rest @ ..] => queueing.taken = Some(taking(rest)?),
        ["wants", message @ ..] if !message.is_empty() => queueing.message = Some(message.join(" ")),
        _ => return None,
    }
    Some(())
}

fn taking(words: &[&str]) -> Option<Taking> {
    match words {
        [after, "s"] => Some(Taking { after: seconds(after)?, talk: None }),
        [after, "s", "and", "hangs", "up", "after", talk, "s"] => {
            Some(Taking { after: seconds(after)?, talk: Some(seconds(talk)?) })
        }
        _ => None,
    }
}

/// What is in the mailbox, and whether the caller may hear it.
fn mailbox(words: &[&str], opening: &mut Opening) -> Option<()> {
    let messages = match opening {
        Opening::Missing => Vec::new(),
        Opening::Denied { messages, .. } | Opening::Open(messages) => std::mem::take(messages),
    };
    let mut now_open = |messages| match opening {
        Opening::Denied { messages: kept, .. } => *kept = messages,
        Opening::Missing | Opening::Open(_) => *opening = Opening::Open(messages),
    };
    match words {
        ["is", "empty"] => now_open(messages),
        ["wants", "the", "PIN", pin] => *opening = Opening::Denied { pin: Some((*pin).to_owned()), messages },
        ["has", "a" | "an", age @ ("new" | "old"), "message", "of", length, "s", "from", number] => {
            let mut messages = messages;
            let recording = RecordingId(messages.len() as u128 + 1);
            messages.push(LeftMessage {
                recording,
                heard: *age == "old",
                from_number: (*number).to_owned(),
                from_name: String::new(),
                left: "2026-11-27 03:10:00".to_owned(),
                length: seconds(length)?,
            });
            now_open(messages);
        }
        _ => return None,
    }
    Some(())
}

fn slot(words: &[&str], scenario: &mut Scenario) -> Option<()> {
    if let ["holds", words @ ..] = words {
        scenario.slot = Some(Speech::new(&words.join(" ")).ok()?.into());
        return Some(());
    }
    let text = match words {
        ["is", "ready", "after", after, "s", "and", "lasts", length, "s"] => {
            Text { after: seconds(after)?, length: Some(seconds(length)?) }
        }
        ["cannot", "be", "rendered"] => Text { after: Duration::ZERO, length: None },
        _ => return None,
    };
    scenario.texts.insert(scenario.slot.as_ref()?.text().to_owned(), text);
    Some(())
}

fn referring(words: &[&str]) -> Option<Referring> {
    Some(match words {
        ["is", "refused", "with", status] => Referring::Refuses { status: status.parse().ok()? },
        ["succeeds", "after", after, "s"] => Referring::Goes { after: seconds(after)? },
        ["fails", "with", status, "after", after, "s"] => {
            Referring::Fails { after: seconds(after)?, status: status.parse().ok()? }
        }
        ["is", "not", "heard", "of"] => Referring::SaysNothing,
        _ => return None,
    })
}

fn target(words: &[&str]) -> Option<Target> {
    Some(match words {
        ["answers", "after", after, "s"] => Target::Answers { after: seconds(after)?, talk: None },
        ["answers", "after", after, "s", "and", "hangs", "up", "after", talk, "s"] => {
            Target::Answers { after: seconds(after)?, talk: Some(seconds(talk)?) }
        }
        ["is", "busy"] => Target::Busy,
        ["does", "not", "answer"] => Target::NoAnswer,
        ["is", "not", "registered"] => Target::Fails { status: 480 },
        ["fails", "with", status] => Target::Fails { status: status.parse().ok()? },
        ["is", "extension", id] => Target::Ivr(ExtensionId(id.parse().ok()?)),
        _ => return None,
    })
}

/// A time written in seconds.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| plain).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_understood_is_told_with_its_number() {
        for line in ["3.2 presses", "3.2 presses 12", "3.2 presses x", "x presses 1", "050 rings", "-1 hangs up", "050"]
        {
            let fence = Fence { line: 10, text: format!("0.0 presses 1\n{line}\n") };
            let problem = read(&fence, &mut Scenario::default()).expect_err(line);
            assert_eq!(problem.line, 12, "{line}");
        }
    }
}
