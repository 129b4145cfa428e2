//! What rules do, one file an action.
//!
//! Shape: each action is a struct with `check` (from the wire) and `run` (on a call, which says what follows).
//! Errors: an action without what it needs, is refused while the menu is written.
//! Sources: `ringme-ivr.md` 1.6 (required fields), 3.8 (execution).

mod call_interactive;
mod hangup;
mod jump_to_context;
mod play_digits;
mod play_digits_from_variable;
mod play_silence;
mod play_sound;
mod quality_rate;
mod record_digits;
mod set_caller_id_name;
mod set_caller_id_number;
mod set_variable;
mod simple_transfer;
mod start_record;
mod transfer;
mod transfer_from_variable;
mod voice_helper;
mod voicemail;

pub use call_interactive::CallInteractive;
pub use hangup::Hangup;
pub use jump_to_context::JumpToContext;
pub use play_digits::PlayDigits;
pub use play_digits_from_variable::PlayDigitsFromVariable;
pub use play_silence::PlaySilence;
pub use play_sound::PlaySound;
pub use quality_rate::QualityRate;
pub use record_digits::RecordDigits;
pub use set_caller_id_name::SetCallerIdName;
pub use set_caller_id_number::SetCallerIdNumber;
pub use set_variable::SetVariable;
pub use simple_transfer::SimpleTransfer;
pub use start_record::StartRecord;
pub use transfer::Transfer;
pub use transfer_from_variable::TransferFromVariable;
pub use voice_helper::{VoiceHelper, VoiceRule};
pub(in crate::rules) use voicemail::OpenedMailbox;
pub use voicemail::VoicemailAction;

use super::{
    DigitSpeech, Targets, mode,
    model::Check,
    run::{Flow, Run},
    wire::{self, ActionName, FieldError},
};
use crate::Interrupted;

/// What a rule does.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// `transfer`
    Transfer(Transfer),
    /// `simple_transfer`
    SimpleTransfer(SimpleTransfer),
    /// `transfer_from_variable`
    TransferFromVariable(TransferFromVariable),
    /// `hangup`
    Hangup(Hangup),
    /// `play_sound`
    PlaySound(PlaySound),
    /// `play_silence`
    PlaySilence(PlaySilence),
    /// `play_digits`
    PlayDigits(PlayDigits),
    /// `play_digits_from_variable`
    PlayDigitsFromVariable(PlayDigitsFromVariable),
    /// `jump_to_context`
    JumpToContext(JumpToContext),
    /// `record_digits`
    RecordDigits(RecordDigits),
    /// `quality_rate`
    QualityRate(QualityRate),
    /// `set_variable`
    SetVariable(SetVariable),
    /// `set_caller_id_number`
    SetCallerIdNumber(SetCallerIdNumber),
    /// `set_caller_id_name`
    SetCallerIdName(SetCallerIdName),
    /// `start_record`
    StartRecord(StartRecord),
    /// `call_interactive`
    CallInteractive(CallInteractive),
    /// `voicemail`
    Voicemail(VoicemailAction),
    /// `voice_helper`
    VoiceHelper(Box<VoiceHelper>),
}

impl Action {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let Some(name) = check.rule.action else {
            check.problems.push(FieldError::required("action"));
            return None;
        };
        match name {
            ActionName::Transfer => Transfer::check(check).map(Self::Transfer),
            ActionName::SimpleTransfer => SimpleTransfer::check(check).map(Self::SimpleTransfer),
            ActionName::TransferFromVariable => TransferFromVariable::check(check).map(Self::TransferFromVariable),
            ActionName::Hangup => Some(Self::Hangup(Hangup)),
            ActionName::PlaySound => PlaySound::check(check).map(Self::PlaySound),
            ActionName::PlaySilence => PlaySilence::check(check).map(Self::PlaySilence),
            ActionName::PlayDigits => PlayDigits::check(check).map(Self::PlayDigits),
            ActionName::PlayDigitsFromVariable => {
                PlayDigitsFromVariable::check(check).map(Self::PlayDigitsFromVariable)
            }
            ActionName::JumpToContext => JumpToContext::check(check).map(Self::JumpToContext),
            ActionName::RecordDigits => RecordDigits::check(check).map(Self::RecordDigits),
            ActionName::QualityRate => QualityRate::check(check).map(Self::QualityRate),
            ActionName::SetVariable => SetVariable::check(check).map(Self::SetVariable),
            ActionName::SetCallerIdNumber => SetCallerIdNumber::check(check).map(Self::SetCallerIdNumber),
            ActionName::SetCallerIdName => SetCallerIdName::check(check).map(Self::SetCallerIdName),
            ActionName::StartRecord => Some(Self::StartRecord(StartRecord)),
            ActionName::CallInteractive => CallInteractive::check(check).map(Self::CallInteractive),
            ActionName::Voicemail => VoicemailAction::check(check).map(Self::Voicemail),
            ActionName::VoiceHelper => VoiceHelper::check(check).map(Box::new).map(Self::VoiceHelper),
        }
    }

    /// Whether it is a transfer, where `final` decides what follows (`ringme-ivr.md` 3.6).
    pub fn is_transfer(&self) -> bool {
        matches!(self, Self::Transfer(_) | Self::SimpleTransfer(_) | Self::TransferFromVariable(_))
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        match self {
            Self::Transfer(action) => action.run(run).await,
            Self::SimpleTransfer(action) => action.run(run).await,
            Self::TransferFromVariable(action) => action.run(run).await,
            Self::Hangup(action) => action.run(run).await,
            Self::PlaySound(action) => action.run(run).await,
            Self::PlaySilence(action) => action.run(run).await,
            Self::PlayDigits(action) => action.run(run).await,
            Self::PlayDigitsFromVariable(action) => action.run(run).await,
            Self::JumpToContext(action) => Ok(action.run(run)),
            Self::RecordDigits(action) => action.run(run).await,
            Self::QualityRate(action) => action.run(run).await,
            Self::SetVariable(action) => Ok(action.run(run)),
            Self::SetCallerIdNumber(action) => Ok(action.run(run)),
            Self::SetCallerIdName(action) => Ok(action.run(run)),
            Self::StartRecord(action) => action.run(run).await,
            Self::CallInteractive(action) => action.run(run).await,
            Self::Voicemail(action) => action.run(run).await,
            Self::VoiceHelper(action) => action.run(run).await,
        }
    }
}
