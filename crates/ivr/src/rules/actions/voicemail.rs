//! `voicemail`: one step of hearing the messages of a mailbox. An action of ours.
//!
//! Shape: `voicemail_step` (required) says which step; `open` takes `voicemail_mailbox` and `voicemail_pin`, with `${}`. What came of a step
//! is in the variable `vm_status`, and what there is to know of the mailbox and the message in others, so that later rules decide what
//! follows. `final` has no effect.
//! Errors: a step without an open mailbox, or without a message, does nothing and says so in `vm_status`.
//! Sources: ours.
//!
//! | step       | does                                          | `vm_status` then              |
//! |------------|-----------------------------------------------|-------------------------------|
//! | `open`     | lists the messages, new ones first            | `open`, `denied`, `missing`   |
//! | `next`     | goes to the next message, at first to the first | `message`, `end`            |
//! | `previous` | goes to the one before, if there is one       | `message`, `end`              |
//! | `play`     | says the message; a key stops it; it is heard | `played`, `none`              |
//! | `keep`     | makes the message new again                   | `kept`, `none`, `failed`      |
//! | `delete`   | deletes the message                           | `deleted`, `none`, `failed`   |

use super::{Check, Flow, Run};
use crate::{
    BargeIn, Interrupted, Prompt,
    op::{LeftMessage, Mark, Marked, OpenMailbox, Opened},
    rules::wire::VoicemailStep,
};

/// A step.
#[derive(Clone, PartialEq, Debug)]
pub struct VoicemailAction {
    /// Which.
    pub step: VoicemailStep,
    /// `open`: the number of the mailbox, with `${}`.
    pub mailbox: Option<String>,
    /// `open`: the PIN, with `${}`.
    pub pin: Option<String>,
}

/// The mailbox that a run has open.
#[derive(Default, Debug)]
pub(in crate::rules) struct OpenedMailbox {
    messages: Vec<LeftMessage>,
    /// The message that steps are about; none at the beginning, and after one was deleted.
    at: Option<usize>,
    /// Where `next` leads.
    next: usize,
}

impl OpenedMailbox {
    fn current(&mut self) -> Option<&mut LeftMessage> {
        self.messages.get_mut(self.at?)
    }

    /// Goes to a message; where there is none, the one before stays.
    fn go(&mut self, to: Option<usize>) -> &'static str {
        let Some(at) = to.filter(|at| *at < self.messages.len()) else { return "end" };
        (self.at, self.next) = (Some(at), at + 1);
        "message"
    }

    /// Where `previous` leads.
    fn before(&self) -> Option<usize> {
        self.at.unwrap_or(self.next).checked_sub(1)
    }

    fn count(&self, heard: bool) -> usize {
        self.messages.iter().filter(|message| message.heard == heard).count()
    }
}

impl VoicemailAction {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let step = check.required("voicemail_step", |rule| &rule.voicemail_step)?;
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let (mailbox, pin) = (filled(&check.rule.voicemail_mailbox), filled(&check.rule.voicemail_pin));
        Some(Self { step, mailbox, pin })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        let (status, flow) = match self.step {
            VoicemailStep::Open => (self.open(run).await?, Flow::Continue),
            VoicemailStep::Next => (run.mailbox.go(Some(run.mailbox.next)), Flow::Continue),
            VoicemailStep::Previous => (run.mailbox.go(run.mailbox.before()), Flow::Continue),
            VoicemailStep::Play => play(run).await?,
            VoicemailStep::Keep => (mark(run, Mark::New, "kept").await?, Flow::Continue),
            VoicemailStep::Delete => (mark(run, Mark::Deleted, "deleted").await?, Flow::Continue),
        };
        run.set_variable("vm_status", status);
        tell(run);
        Ok(flow)
    }

    async fn open(&self, run: &mut Run<'_>) -> Result<&'static str, Interrupted> {
        let expanded = |text: &Option<String>| text.as_deref().and_then(|text| run.expand_line(text));
        let open = OpenMailbox { number: expanded(&self.mailbox), pin: expanded(&self.pin) };
        run.mailbox = OpenedMailbox::default();
        match run.call.open_mailbox(open).await? {
            Opened::Messages(mut messages) => {
                // The sort keeps the order of those that are alike.
                messages.sort_by_key(|message| message.heard);
                run.mailbox.messages = messages;
                Ok("open")
            }
            Opened::Denied => Ok("denied"),
            Opened::Missing => Ok("missing"),
        }
    }
}

async fn play(run: &mut Run<'_>) -> Result<(&'static str, Flow), Interrupted> {
    let Some(message) = run.mailbox.current().map(|message| message.recording) else {
        return Ok(("none", Flow::Continue));
    };
    let flow = run.say(Prompt::Message(message), BargeIn::BACKGROUND).await?;
    mark(run, Mark::Heard, "").await?;
    Ok(("played", flow))
}

/// Marks the message; what came of it, where that is `done`.
async fn mark(run: &mut Run<'_>, mark: Mark, done: &'static str) -> Result<&'static str, Interrupted> {
    let Some(message) = run.mailbox.current().map(|message| message.clone()) else { return Ok("none") };
    if mark == Mark::Heard && message.heard {
        return Ok(done);
    }
    if run.call.mark_message(message.recording, mark).await? == Marked::Failed {
        return Ok("failed");
    }
    match mark {
        Mark::Heard | Mark::New => {
            if let Some(message) = run.mailbox.current() {
                message.heard = mark == Mark::Heard;
            }
        }
        Mark::Deleted => {
            if let Some(at) = run.mailbox.at {
                run.mailbox.messages.remove(at);
                // `next` leads to the one that has taken its place.
                (run.mailbox.at, run.mailbox.next) = (None, at);
            }
        }
    }
    Ok(done)
}

/// Says in variables what there is to know.
fn tell(run: &mut Run<'_>) {
    let (new, old) = (run.mailbox.count(false), run.mailbox.count(true));
    run.set_variable("vm_new", &new.to_string());
    run.set_variable("vm_old", &old.to_string());
    let position = run.mailbox.at.map(|at| at + 1);
    let Some(message) = run.mailbox.current().cloned() else { return };
    run.set_variable("vm_position", &position.map(|at| at.to_string()).unwrap_or_default());
    run.set_variable("vm_from", &message.from_number);
    run.set_variable("vm_from_name", &message.from_name);
    run.set_variable("vm_time", &message.left);
    run.set_variable("vm_seconds", &message.length.as_secs().to_string());
    run.set_variable("vm_message", if message.heard { "old" } else { "new" });
}
