//! A menu that can run: what [`super::wire`] holds, checked.
//!
//! Shape: [`Ivr`] holds its contexts, a context its options, an option its rules in order.
//! Units: [`Duration`]; what the API writes as 0 or null is resolved here.
//! Errors: [`FieldError`], all of a rule's at once; a reference to something deleted since is none ([`Ivr::build`]).
//! Sources: `ringme-ivr.md` 1.2-1.6, 2.5, 3.4 (digit collection), 3.10 (lifetime).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    EventScripts, OptionKey, Targets, Voicemail,
    actions::Action,
    guard::Guard,
    mailto,
    wire::{self, ExpiryAction, FieldError},
};
use crate::{ContextId, Digit, DigitSet, IntervalId, RuleId, SoundId, conference::MAX_PIN, vars::Vars};

/// How long to wait for a further digit where the context does not say (`ringme-ivr.md` 3.4).
pub const INTER_DIGIT_TIMEOUT: Duration = Duration::from_secs(2);
/// Most digits of one input where the caller may dial any number (`ringme-ivr.md` 3.4).
pub const MAX_DIALLED: usize = 32;

/// One IVR's menu.
#[derive(Clone, PartialEq, Debug)]
pub struct Ivr {
    /// The context that receives the call. Without it, or where it names none of `contexts`, the mailbox takes a message, where there is one, and the call ends.
    pub entry_context: Option<ContextId>,
    /// How long the menu may take; `None` has no end.
    pub lifetime: Option<Duration>,
    /// What happens when the lifetime is over.
    pub lifetime_expiry: Expiry,
    /// The silence between the answer and the first rule.
    pub sleep_time: Duration,
    /// The mailbox, where there is one.
    pub voicemail: Option<Voicemail>,
    /// The contexts, each shared with the menu as it was before another was changed.
    pub contexts: BTreeMap<ContextId, Arc<Context>>,
    /// Who is asked at events of the menu.
    pub scripts: EventScripts,
}

/// What happens when the lifetime is over.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Expiry {
    /// The call ends.
    Hangup,
    /// The call goes there, and ends where nobody answers.
    Transfer(Targets),
}

/// A context: options, and how digits lead to them.
#[derive(Clone, PartialEq, Debug)]
pub struct Context {
    /// Its id.
    pub id: ContextId,
    /// Its name, for people.
    pub name: String,
    /// How long to wait for the first digit; zero is not at all.
    pub timeout: Duration,
    /// How long to wait for each further digit.
    pub inter_digit_timeout: Duration,
    /// How many digits an input has at most; `None` leaves it to the options.
    pub digit_len: Option<usize>,
    /// Whether a caller may dial internal numbers.
    pub direct_dial: DirectDial,
    /// The options; the three built-in ones are always there.
    pub options: BTreeMap<OptionKey, Rules>,
}

/// The rules of an option, in their order.
pub type Rules = Arc<[Arc<Rule>]>;

/// Whether a caller may dial internal numbers.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum DirectDial {
    /// Any active one of the client.
    Allowed,
    /// None.
    Refused,
}

/// A rule of an option.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Whether a transfer that fails here ends the call (`ringme-ivr.md` 3.6).
    pub is_final: bool,
    /// When it is performed.
    pub guard: Guard,
    /// What it does.
    pub action: Action,
    /// The sound that it plays, where it plays one of the client's.
    pub sound: Option<SoundId>,
    /// The context that it jumps to, where it does.
    pub jump_target: Option<ContextId>,
}

/// What a rule may refer to.
pub trait References {
    /// Whether the client has this sound.
    fn has_sound(&self, sound: SoundId) -> bool;
    /// Whether the extension has this context.
    fn has_context(&self, context: ContextId) -> bool;
    /// Whether the client has this time interval.
    fn has_interval(&self, interval: IntervalId) -> bool;
}

/// What [`Ivr::build`] made.
#[derive(Clone, PartialEq, Debug)]
pub struct Built {
    /// The menu.
    pub ivr: Ivr,
    /// Stored rules that no longer pass the checks and are not in the menu.
    pub left_out: Vec<LeftOut>,
}

/// A stored rule that cannot run.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct LeftOut {
    /// Its context.
    pub context: ContextId,
    /// Its option.
    pub option: OptionKey,
    /// The rule.
    pub rule: RuleId,
    /// Why.
    pub problems: Vec<FieldError>,
}

impl Ivr {
    /// Checks settings before they are stored: what they refer to exists.
    pub fn check(settings: &wire::Ivr, references: &dyn References) -> Result<(), Vec<FieldError>> {
        let mut problems = Vec::new();
        if settings.entry_context.is_some_and(|context| !references.has_context(context)) {
            problems.push(FieldError::new("entry_context", "no such context"));
        }
        if settings.vm_greeting.is_some_and(|sound| !references.has_sound(sound)) {
            problems.push(FieldError::new("vm_greeting", "no such sound"));
        }
        if let Some(Err(problem)) = settings.vm_mailto.as_deref().map(mailto::parse) {
            problems.push(FieldError::new("vm_mailto", problem));
        }
        if let Some(pin) = &settings.vm_pin
            && !((4..=MAX_PIN).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit()))
        {
            problems.push(FieldError::new("vm_pin", format!("must be 4 to {MAX_PIN} digits")));
        }
        if let Err(problem) = Expiry::check(settings) {
            problems.push(problem);
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Makes a menu of what is stored.
    ///
    /// A rule whose sound or context is gone since stays: at run time a missing sound takes no time and a jump to nowhere is passed over.
    pub fn build<'a>(
        settings: &wire::Ivr,
        contexts: impl IntoIterator<Item = (&'a wire::Context, Vec<(OptionKey, Vec<wire::Rule>)>)>,
    ) -> Built {
        let mut left_out = Vec::new();
        let contexts = contexts
            .into_iter()
            .map(|(context, options)| (context.id, Arc::new(Context::build(context, options, &mut left_out))));
        Built { ivr: Self::of(settings, contexts.collect()), left_out }
    }

    /// The menu of these contexts.
    pub fn of(settings: &wire::Ivr, contexts: BTreeMap<ContextId, Arc<Context>>) -> Self {
        Self {
            entry_context: settings.entry_context,
            lifetime: settings.lifetime.filter(|seconds| *seconds > 0).map(Duration::from_secs),
            // A transfer without a destination hangs up (`ringme-ivr.md` 3.10).
            lifetime_expiry: Expiry::check(settings).unwrap_or(Expiry::Hangup),
            sleep_time: Duration::from_millis(settings.sleep_time),
            voicemail: Voicemail::of(settings),
            contexts,
            scripts: EventScripts::default(),
        }
    }
}

impl Expiry {
    fn check(settings: &wire::Ivr) -> Result<Self, FieldError> {
        match settings.lifetime_exp_action {
            ExpiryAction::Hangup => Ok(Self::Hangup),
            ExpiryAction::Transfer => {
                let refused = |problem| FieldError::new("lifetime_exp_transfer_dst", problem);
                let numbers =
                    settings.lifetime_exp_transfer_dst.as_deref().filter(|numbers| !numbers.trim().is_empty());
                let numbers =
                    numbers.ok_or_else(|| refused("is required where lifetime_exp_action is transfer".to_owned()))?;
                Targets::parse(numbers, Targets::TRANSFER).map(Self::Transfer).map_err(refused)
            }
        }
    }
}

impl Context {
    fn build(context: &wire::Context, options: Vec<(OptionKey, Vec<wire::Rule>)>, left_out: &mut Vec<LeftOut>) -> Self {
        let options = options.into_iter().map(|(key, rules)| {
            let mut kept = Vec::with_capacity(rules.len());
            for rule in rules {
                match Rule::check_stored(&rule) {
                    Ok(rule) => kept.push(Arc::new(rule)),
                    Err(problems) => {
                        left_out.push(LeftOut { context: context.id, option: key.clone(), rule: rule.id, problems });
                    }
                }
            }
            (key, kept.into())
        });
        Self::of(context, options)
    }

    /// The context of these options, and of the built-in ones that are not among them.
    pub fn of(context: &wire::Context, options: impl IntoIterator<Item = (OptionKey, Rules)>) -> Self {
        let mut all: BTreeMap<OptionKey, Rules> = OptionKey::BUILT_IN.map(|key| (key, Rules::default())).into();
        all.extend(options);
        Self {
            id: context.id,
            name: context.name.clone(),
            timeout: Duration::from_millis(context.timeout),
            inter_digit_timeout: match context.inter_digit_timeout {
                0 => INTER_DIGIT_TIMEOUT,
                milliseconds => Duration::from_millis(milliseconds),
            },
            digit_len: usize::try_from(context.digit_len).ok().filter(|length| *length > 0),
            direct_dial: if context.allow_any_dial { DirectDial::Allowed } else { DirectDial::Refused },
            options: all,
        }
    }

    /// How many digits complete an input (`ringme-ivr.md` 3.4).
    pub fn max_digits(&self) -> usize {
        match (self.digit_len, self.direct_dial) {
            (Some(length), _) => length,
            (None, DirectDial::Allowed) => MAX_DIALLED,
            (None, DirectDial::Refused) => self.dialled_options().map(str::len).max().unwrap_or(1),
        }
    }

    /// The keys that end an input: `#`, unless an option has it among its digits (`ringme-ivr.md` 3.4).
    pub fn terminators(&self) -> DigitSet {
        if self.dialled_options().any(|digits| digits.contains('#')) {
            DigitSet::NONE
        } else {
            Digit::from_char('#').into_iter().collect()
        }
    }

    /// Whether an option begins with these digits and goes on.
    pub fn has_longer_option(&self, digits: &str) -> bool {
        self.dialled_options().any(|option| option.len() > digits.len() && option.starts_with(digits))
    }

    fn dialled_options(&self) -> impl Iterator<Item = &str> {
        self.options.keys().filter(|key| !key.is_built_in()).map(OptionKey::as_str)
    }
}

impl Rule {
    /// Checks a rule that is stored already: a sound, a context or an interval that is gone since does not matter.
    pub fn check_stored(rule: &wire::Rule) -> Result<Self, Vec<FieldError>> {
        Self::check(rule, &Anything)
    }

    /// Checks a rule: its action is built and has what it needs, its patterns compile, what it refers to exists.
    pub fn check(rule: &wire::Rule, references: &dyn References) -> Result<Self, Vec<FieldError>> {
        let mut check = Check { rule, references, problems: Vec::new() };
        let guard = Guard::check(&mut check);
        let action = Action::check(&mut check);
        match action {
            Some(action) if check.problems.is_empty() => {
                let (sound, jump_target) = (rule.played_sound(), rule.jump_target());
                Ok(Self { id: rule.id, is_final: rule.is_final, guard, action, sound, jump_target })
            }
            _ => Err(check.problems),
        }
    }
}

/// The check of one rule, and the problems found so far.
pub(super) struct Check<'a> {
    pub(super) rule: &'a wire::Rule,
    pub(super) references: &'a dyn References,
    pub(super) problems: Vec<FieldError>,
}

impl<'a> Check<'a> {
    /// Notes a problem.
    pub(super) fn refuse(&mut self, field: &str, problem: impl Into<String>) {
        self.problems.push(FieldError::new(field, problem));
    }

    /// The field's value, or `None` and a note that it is required.
    pub(super) fn required<T: Clone + 'a>(
        &mut self,
        field: &str,
        of: impl Fn(&'a wire::Rule) -> &'a Option<T>,
    ) -> Option<T> {
        let value = of(self.rule).clone();
        if value.is_none() {
            self.problems.push(FieldError::required(field));
        }
        value
    }

    /// The field's text, or `None` and a note that it is required where it is unset or blank.
    pub(super) fn filled(&mut self, field: &str, of: impl Fn(&'a wire::Rule) -> &'a Option<String>) -> Option<String> {
        let text = of(self.rule).clone().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.problems.push(FieldError::required(field));
        }
        text
    }

    /// Notes a problem where a text cannot name a variable.
    pub(super) fn variable_name(&mut self, field: &str, name: &str) {
        if !Vars::is_name(name) {
            let problem = "must be the name of a variable: a letter and then letters, digits and _, at most 64 in all";
            self.refuse(field, problem);
        }
    }
}

/// References when a snapshot is made: a thing deleted since must not make the rule vanish.
struct Anything;

impl References for Anything {
    fn has_sound(&self, _: SoundId) -> bool {
        true
    }

    fn has_context(&self, _: ContextId) -> bool {
        true
    }

    fn has_interval(&self, _: IntervalId) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
