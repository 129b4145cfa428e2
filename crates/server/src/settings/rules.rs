//! Menus of rules, where their vendor's documentation leaves a choice.
//!
//! Shape: `[rules]`, and the limits of messages in `[recording]`; each is what serves most menus unless the file says otherwise.
//! Units: whole seconds.
//! Errors: [`SettingsError`] for a time that means nothing.
//! Sources: `ringme-ivr.md` 2.5 (`post_rule_as_object`, the paths that begin with `/ivr/`), 3.4, 3.6, 3.8, 3.11, 4.3, 5.1.

use std::time::Duration;

use antiphon_ivr::{
    ListenFrom,
    rules::{MessageLimits, Policy},
};

use super::{
    SettingsError,
    file::{RecordingTable, RulesTable},
};

/// The longest that anything here may take, in seconds: an hour.
const LONGEST: u64 = 3600;

/// How menus are run, and how the API shows a new rule.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub struct RulesSettings {
    /// How menus are run.
    pub policy: Policy,
    /// A new rule is answered as an object, not as a list of one.
    pub post_rule_as_object: bool,
    /// The paths of menus that begin with `/ivr/` are not there.
    pub without_ivr_paths: bool,
}

pub(super) fn rules(table: &RulesTable, recording: &RecordingTable) -> Result<RulesSettings, SettingsError> {
    let usual = Policy::default();
    let policy = Policy {
        strict_final: table.strict_final,
        transfer_timeout_falls_through: table.transfer_timeout_falls_through,
        eager_match: table.eager_match,
        ring_time: seconds("rules.ring_time", table.ring_time, usual.ring_time)?,
        voice_helper_from: if table.voice_helper_after_prompt { ListenFrom::PromptsEnd } else { ListenFrom::Start },
        exact_names: table.exact_names,
        messages: messages(recording, usual.messages)?,
    };
    let (post_rule_as_object, without_ivr_paths) = (table.post_rule_as_object, !table.ivr_paths.unwrap_or(true));
    Ok(RulesSettings { policy, post_rule_as_object, without_ivr_paths })
}

fn messages(table: &RecordingTable, usual: MessageLimits) -> Result<MessageLimits, SettingsError> {
    let limits = MessageLimits {
        longest: seconds("recording.message_longest", table.message_longest, usual.longest)?,
        silence: seconds("recording.message_silence", table.message_silence, usual.silence)?,
        shortest: match table.message_shortest {
            Some(0) => Duration::ZERO,
            given => seconds("recording.message_shortest", given, usual.shortest)?,
        },
    };
    if limits.shortest >= limits.longest {
        return Err(SettingsError::Value {
            setting: "recording.message_shortest".to_owned(),
            problem: "leaves no message: it is not below message_longest".to_owned(),
        });
    }
    Ok(limits)
}

fn seconds(setting: &str, given: Option<u64>, usual: Duration) -> Result<Duration, SettingsError> {
    match given {
        None => Ok(usual),
        Some(seconds @ 1..=LONGEST) => Ok(Duration::from_secs(seconds)),
        Some(other) => Err(SettingsError::Value {
            setting: setting.to_owned(),
            problem: format!("{other} is not between 1 and {LONGEST}"),
        }),
    }
}
