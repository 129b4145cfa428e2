//! What follows a route that leads to nobody, where the menu has a mailbox: greeting, beep, message, the end of the call.
//!
//! Shape: entered after a final rule whose route failed, and where there is no entry context.
//! Units: the times are those of the policy: 180 s at most, 5 s of silence or `#` end it, less than 2 s are not kept, unless it says otherwise.
//! Time: the lifetime does not count while a message is taken.
//! Errors: a greeting that is gone takes no time. Who is told by e-mail goes with the message; whoever takes it sees to that.
//! Sources: `ringme-ivr.md` 3.11, row A16.

use std::sync::Arc;

use super::{mailto, run::Run, wire};
use crate::{
    BargeIn, Digit, Interrupted, Next, Prompt, Record, SoundId,
    op::{Attachment, Beep, Mailbox, Trim},
};

/// The system's own greeting.
const GREETING: &str = "vm-greeting";

/// A menu's mailbox.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Voicemail {
    /// What is said before the message; the system's own where there is none.
    pub greeting: Option<SoundId>,
    /// What becomes of a message.
    pub mailbox: Arc<Mailbox>,
}

impl Voicemail {
    /// The mailbox of these settings, where they have one. Addresses of before they were checked as strictly are none.
    pub(super) fn of(settings: &wire::Ivr) -> Option<Self> {
        let recipients = settings.vm_mailto.as_deref().map(mailto::parse).and_then(Result::ok).unwrap_or_default();
        let attachment = if settings.vm_attach_file { Attachment::Sound } else { Attachment::None };
        let mailbox = Arc::new(Mailbox { recipients, attachment });
        settings.vm_enabled.then_some(Self { greeting: settings.vm_greeting, mailbox })
    }
}

impl Run<'_> {
    /// Nobody was reached.
    pub(super) async fn unreached(&mut self) -> Result<Next, Interrupted> {
        if let Some(voicemail) = &self.ivr.voicemail {
            self.take_message(voicemail).await?;
        }
        self.hang_up().await
    }

    async fn take_message(&mut self, voicemail: &Voicemail) -> Result<(), Interrupted> {
        self.call.limit(None).await?;
        let greeting = voicemail.greeting.map_or_else(|| self.call.system(GREETING), Prompt::Sound);
        self.say(greeting, BargeIn::FOREGROUND).await?;
        let limits = self.surroundings.policy().messages;
        let record = Record {
            beep: Beep::Tone,
            max_length: limits.longest,
            end_silence: Some(limits.silence),
            min_length: limits.shortest,
            terminators: Digit::from_char('#').into_iter().collect(),
            mailbox: Some(voicemail.mailbox.clone()),
            trim: Trim::Nothing,
        };
        self.call.record(record).await.map(drop)
    }
}
