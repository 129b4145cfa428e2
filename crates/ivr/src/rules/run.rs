//! Running a menu on a call.
//!
//! Shape: an option's rules run in order; then digits are awaited, and lead to the next option, to an internal number, or to
//! `invalid`.
//! Time: only inside ops. [`Op::Limit`](crate::Op::Limit) carries the lifetime, from the answer on.
//! Errors: none of its own. [`Interrupted::LifetimeExpired`] ends here in the expiry's action; every other interruption ends the run.
//! Sources: `ringme-ivr.md` 3.2 (entry), 3.3 (options, loop guard), 3.4 (digits), 3.6 (`final`), 3.10 (lifetime).
//!
//! The loop guard counts option runs. A collected digit, a bridge, and each second that prompts really said set it back to zero, so
//! that only a menu that does nothing at all meets it: [`Played::Finished`] tells how much was said, which is nothing for a missing
//! sound.

use std::{sync::Arc, time::Duration};

use super::{
    Context, DirectDial, Expiry, Ivr, OptionKey, Rule,
    actions::OpenedMailbox,
    guard::CallStatus,
    mode::{self, Asked},
    wire::TransferMode,
};
use crate::{
    BargeIn, Call, CallerId, Cause, Collect, Collected, ContextId, Dial, Dialed, EndedBy, Interrupted, Next, Play,
    Played, Prompt, RuleId, Surroundings, TargetRules, Terms, TypeAhead,
};

/// Most option runs in a row in which nothing happened (`ringme-ivr.md` 3.3).
pub(super) const IDLE_RUNS: u32 = 100;
/// As much of media as counts as something happening (`ringme-ivr.md` 3.3).
const SOME_MEDIA: Duration = Duration::from_secs(1);

/// Runs a menu on a call to its end.
pub async fn run(ivr: &Ivr, call: &mut Call, surroundings: &dyn Surroundings) -> Result<Next, Interrupted> {
    let caller_id = CallerId { number: call.caller.number.clone(), name: call.caller.name.clone() };
    let mut run = Run {
        ivr,
        call,
        surroundings,
        caller_id,
        mailbox: OpenedMailbox::default(),
        here: None,
        rule: RuleId(0),
        last_status: None,
        idle_runs: 0,
        said: Duration::ZERO,
    };
    match run.menu().await {
        Err(Interrupted::LifetimeExpired) => run.expire().await,
        ended => ended,
    }
}

/// One run of a menu.
pub(super) struct Run<'a> {
    pub(super) ivr: &'a Ivr,
    pub(super) call: &'a mut Call,
    /// What targets of later transfers see.
    pub(super) caller_id: CallerId,
    pub(super) surroundings: &'a dyn Surroundings,
    /// The context that runs.
    pub(super) here: Option<&'a Context>,
    /// The rule that runs.
    pub(super) rule: RuleId,
    /// The mailbox whose messages are heard.
    pub(super) mailbox: OpenedMailbox,
    /// How the last transfer ended; it survives jumps.
    last_status: Option<CallStatus>,
    /// Option runs since something happened.
    idle_runs: u32,
    /// Media since something happened.
    said: Duration,
}

/// What follows an action.
pub(super) enum Flow {
    /// The next rule.
    Continue,
    /// A digit waits in the type-ahead; the rest of the option is dropped.
    BargedIn,
    /// This option.
    Jump(ContextId, OptionKey),
    /// This option, without so many of its rules.
    Enter(ContextId, OptionKey, usize),
    /// This option of the same context, or `invalid` where there is none.
    Option(OptionKey),
    /// What these digits lead to, as if the menu had collected them.
    Dialled(String),
    /// A transfer ended.
    Routed(Dialed),
    /// A transfer ended, and where nobody answered it is as after a final rule, whatever the rule says.
    RoutedForGood(Dialed),
    /// The run is over.
    Ended(Next),
}

/// What follows an option.
enum Step<'a> {
    /// This option, without so many of its rules.
    Run(&'a Context, OptionKey, usize),
    End(Next),
}

/// Whether the first digit of an input is there already.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Input {
    Awaited,
    Begun,
}

impl<'a> Run<'a> {
    async fn menu(&mut self) -> Result<Next, Interrupted> {
        self.call.answer().await?;
        self.call.limit(self.ivr.lifetime).await?;
        if !self.ivr.sleep_time.is_zero() {
            self.say(Prompt::Silence(self.ivr.sleep_time), BargeIn::FOREGROUND).await?;
        }
        let entry = self.ivr.entry_context.and_then(|id| self.ivr.contexts.get(&id)).map(|context| &**context);
        self.here = entry;
        let elsewhere = match self.dial_in().await? {
            Flow::Ended(next) => return Ok(next),
            Flow::Enter(id, key, from) => self.ivr.contexts.get(&id).map(|context| (&**context, key, from)),
            _ => None,
        };
        let entry = elsewhere.or_else(|| Some((entry?, OptionKey::Start, 0)));
        let Some((mut context, mut option, mut from)) = entry else { return self.unreached().await };
        loop {
            self.idle_runs += 1;
            if self.idle_runs > IDLE_RUNS {
                return self.hang_up().await;
            }
            match self.option(context, &option, from).await? {
                Step::Run(next, key, skip) => (context, option, from) = (next, key, skip),
                Step::End(next) => return Ok(next),
            }
        }
    }

    /// Runs the rules of an option and finds what follows it (`ringme-ivr.md` 3.3).
    async fn option(&mut self, context: &'a Context, key: &OptionKey, from: usize) -> Result<Step<'a>, Interrupted> {
        self.here = Some(context);
        let rules = context.options.get(key).map(|rules| &**rules).unwrap_or_default();
        if rules.is_empty() {
            return self.hang_up().await.map(Step::End);
        }
        let mut index = from;
        while let Some(rule) = rules.get(index) {
            index += 1;
            if !rule.guard.allows(&self.call.caller, self.last_status, &self.call.vars, self.surroundings) {
                continue;
            }
            self.rule = rule.id;
            match rule.action.run(self).await? {
                Flow::Continue
                    if rule.is_final && !rule.action.is_transfer() && self.surroundings.policy().strict_final =>
                {
                    break;
                }
                Flow::Continue => {}
                Flow::BargedIn => return self.listen(context, key, Input::Begun).await,
                Flow::Jump(id, option) => {
                    if let Some(context) = self.ivr.contexts.get(&id) {
                        return Ok(Step::Run(context, option, 0));
                    }
                }
                Flow::Enter(id, option, from) => {
                    if let Some(context) = self.ivr.contexts.get(&id) {
                        return Ok(Step::Run(context, option, from));
                    }
                }
                Flow::Option(option) if context.options.contains_key(&option) => {
                    return Ok(Step::Run(context, option, 0));
                }
                Flow::Option(_) => return Ok(Step::Run(context, OptionKey::Invalid, 0)),
                Flow::Dialled(digits) => return self.dispatch(context, &digits).await,
                Flow::Ended(next) => return Ok(Step::End(next)),
                Flow::Routed(dialed) => match self.routed(&dialed, rule.is_final, &rules[index..]).await? {
                    After::Rule(skipped) => index += skipped,
                    After::End(next) => return Ok(Step::End(next)),
                },
                Flow::RoutedForGood(dialed) => match self.routed(&dialed, true, &rules[index..]).await? {
                    After::Rule(skipped) => index += skipped,
                    After::End(next) => return Ok(Step::End(next)),
                },
            }
        }
        self.listen(context, key, Input::Awaited).await
    }

    /// What follows a transfer: how many of the later rules to leave out, or the end (`ringme-ivr.md` 3.6).
    async fn routed(&mut self, dialed: &Dialed, is_final: bool, later: &[Arc<Rule>]) -> Result<After, Interrupted> {
        if let Dialed::HandedOver(extension) = dialed {
            return Ok(After::End(Next::HandOver(*extension)));
        }
        self.remember(dialed);
        if self.last_status == Some(CallStatus::Answered) {
            self.something_happened();
            let follows = |rule: &Arc<Rule>| rule.guard.call_status == Some(CallStatus::Answered);
            if let Some(skipped) = later.iter().position(follows) {
                return Ok(After::Rule(skipped));
            }
        } else if !is_final
            || (*dialed == Dialed::NoAnswer && self.surroundings.policy().transfer_timeout_falls_through)
        {
            return Ok(After::Rule(0));
        } else {
            return self.unreached().await.map(After::End);
        }
        self.hang_up().await.map(After::End)
    }

    /// How a transfer ended is what later rules may ask for.
    pub(super) fn remember(&mut self, dialed: &Dialed) {
        self.last_status = match dialed {
            Dialed::HandedOver(_) => self.last_status,
            Dialed::Answered { .. } => Some(CallStatus::Answered),
            Dialed::Busy => Some(CallStatus::Busy),
            Dialed::NoAnswer | Dialed::Failed { .. } | Dialed::Whispers { .. } => Some(CallStatus::NoAnswer),
        };
    }

    /// Waits for digits after an option, and finds where they lead (`ringme-ivr.md` 3.3, 3.4).
    async fn listen(&mut self, context: &'a Context, after: &OptionKey, input: Input) -> Result<Step<'a>, Interrupted> {
        if input == Input::Awaited && context.timeout.is_zero() {
            // Going from `timeout` to `timeout` without any wait would spin.
            return match after {
                OptionKey::Timeout => self.hang_up().await.map(Step::End),
                _ => Ok(Step::Run(context, OptionKey::Timeout, 0)),
            };
        }
        let collected = self.collect(context).await?;
        if collected.ended_by == EndedBy::NoInput {
            return Ok(Step::Run(context, OptionKey::Timeout, 0));
        }
        self.something_happened();
        self.dispatch(context, &collected.digits).await
    }

    /// Takes an input (`ringme-ivr.md` 3.4).
    async fn collect(&mut self, context: &Context) -> Result<Collected, Interrupted> {
        let collect = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: context.max_digits(),
            terminators: context.terminators(),
            first_digit: context.timeout,
            inter_digit: context.inter_digit_timeout,
            longest: None,
        };
        if !self.surroundings.policy().eager_match || context.direct_dial == DirectDial::Allowed {
            return self.call.collect(collect).await;
        }
        // Digit by digit, since after each it may be clear where the input leads.
        let mut next = Collect { max_digits: 1, ..collect.clone() };
        let mut digits = String::new();
        loop {
            let collected = self.call.collect(next.clone()).await?;
            digits.push_str(&collected.digits);
            let ended_by = match collected.ended_by {
                EndedBy::MaxDigits if digits.len() < collect.max_digits && context.has_longer_option(&digits) => {
                    next.first_digit = collect.inter_digit;
                    continue;
                }
                EndedBy::NoInput if !digits.is_empty() => EndedBy::InterDigitTimeout,
                ended_by => ended_by,
            };
            return Ok(Collected { digits, ended_by });
        }
    }

    /// Finds where digits lead: an option, an internal number, or `invalid` (`ringme-ivr.md` 3.4).
    async fn dispatch(&mut self, context: &'a Context, digits: &str) -> Result<Step<'a>, Interrupted> {
        if let Some(key) = OptionKey::dialled(digits)
            && context.options.contains_key(&key)
        {
            return Ok(Step::Run(context, key, 0));
        }
        if context.direct_dial == DirectDial::Allowed && self.surroundings.is_internal(digits) {
            // As a final transfer, which a mailbox may follow.
            let otherwise = Unreached::Mailbox;
            return self.last_transfer(vec![digits.to_owned()], otherwise).await;
        }
        Ok(Step::Run(context, OptionKey::Invalid, 0))
    }

    /// What the end of the lifetime leads to (`ringme-ivr.md` 3.10).
    async fn expire(&mut self) -> Result<Next, Interrupted> {
        match &self.ivr.lifetime_expiry {
            Expiry::Hangup => self.hang_up().await,
            Expiry::Transfer(targets) => {
                match self.last_transfer(targets.dialled(&self.call.vars), Unreached::Hangup).await? {
                    Step::End(next) => Ok(next),
                    // The time of the menu is over.
                    Step::Run(..) => self.hang_up().await,
                }
            }
        }
    }

    /// A transfer that nothing follows, whatever comes of it, unless a script leads elsewhere.
    async fn last_transfer(&mut self, targets: Vec<String>, otherwise: Unreached) -> Result<Step<'a>, Interrupted> {
        match self.route(targets, TargetRules::Apply, None, TransferMode::Trunk).await? {
            Flow::Routed(Dialed::HandedOver(extension)) => Ok(Step::End(Next::HandOver(extension))),
            Flow::Enter(id, key, from) if self.ivr.contexts.contains_key(&id) => {
                Ok(Step::Run(&self.ivr.contexts[&id], key, from))
            }
            Flow::Routed(Dialed::Busy | Dialed::NoAnswer | Dialed::Failed { .. } | Dialed::Whispers { .. })
                if otherwise == Unreached::Mailbox =>
            {
                self.unreached().await.map(Step::End)
            }
            _ => self.hang_up().await.map(Step::End),
        }
    }

    /// Rings targets, as long as the policy says where nothing else does, or has the caller's side do it; nothing where there are none.
    pub(super) async fn route(
        &mut self,
        targets: Vec<String>,
        rules: TargetRules,
        ring_time: Option<Duration>,
        mode: TransferMode,
    ) -> Result<Flow, Interrupted> {
        let no_answer = ring_time.unwrap_or_else(|| self.surroundings.policy().ring_time);
        if targets.is_empty() {
            return Ok(Flow::Continue);
        }
        match self.dial_out(&targets).await? {
            Flow::Continue => {}
            elsewhere => return Ok(elsewhere),
        }
        match mode::ask(self.call, mode, &targets, no_answer).await? {
            Asked::NotDone => {}
            Asked::Left => return self.hang_up().await.map(Flow::Ended),
            Asked::Tried(dialed) => return Ok(Flow::Routed(dialed)),
        }
        let terms = Terms { join: mode::join(mode), ..Terms::default() };
        let dial = Dial { targets, rules, no_answer, caller_id: self.caller_id.clone(), terms };
        self.call.dial(dial).await.map(Flow::Routed)
    }

    /// Says one prompt.
    pub(super) async fn say(&mut self, prompt: Prompt, barge_in: BargeIn) -> Result<Flow, Interrupted> {
        self.say_all(vec![prompt], barge_in).await
    }

    /// Says prompts, one after the other.
    pub(super) async fn say_all(&mut self, prompts: Vec<Prompt>, barge_in: BargeIn) -> Result<Flow, Interrupted> {
        match self.call.play(Play { prompts, barge_in }).await? {
            Played::BargedIn(_) => Ok(Flow::BargedIn),
            Played::Finished { said } => {
                self.heard(said);
                Ok(Flow::Continue)
            }
        }
    }

    /// So much was said.
    pub(super) fn heard(&mut self, said: Duration) {
        self.said = self.said.saturating_add(said);
        if self.said >= SOME_MEDIA {
            self.something_happened();
        }
    }

    /// Takes digits for an action; what comes of them is the action's.
    pub(super) async fn take_digits(&mut self, collect: Collect) -> Result<String, Interrupted> {
        let collected = self.call.collect(collect).await?;
        if collected.ended_by != EndedBy::NoInput {
            self.something_happened();
        }
        Ok(collected.digits)
    }

    /// Ends the call.
    pub(super) async fn hang_up(&mut self) -> Result<Next, Interrupted> {
        self.call.hangup(Cause::NORMAL).await?;
        Ok(Next::Finished)
    }

    /// Sets a variable; one that a cap refuses stays as it was, and the menu goes on.
    pub(super) fn set_variable(&mut self, name: &str, value: &str) {
        let _ = self.call.vars.set(name, value);
    }

    /// A text with `${}` expanded that may stand in a header: one line, and not blank.
    pub(super) fn expand_line(&self, text: &str) -> Option<String> {
        let line: String = self.call.vars.expand(text).chars().filter(|c| !c.is_control()).collect();
        (!line.trim().is_empty()).then_some(line)
    }

    pub(super) fn something_happened(&mut self) {
        self.idle_runs = 0;
        self.said = Duration::ZERO;
    }
}

/// What follows a transfer that reached nobody.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Unreached {
    /// The mailbox, where the menu has one (`ringme-ivr.md` 3.11).
    Mailbox,
    /// The end.
    Hangup,
}

/// What follows a transfer.
enum After {
    /// The rule after so many of the later ones.
    Rule(usize),
    /// Nothing.
    End(Next),
}
