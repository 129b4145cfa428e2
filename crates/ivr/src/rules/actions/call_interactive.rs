//! `call_interactive`: tell a web server about the call, and run the verbs that it answers.
//!
//! Shape: `call_interactive_url` (required, `http` or `https`, with `${name}` and `$name`), `call_interactive_method` (required),
//! `call_interactive_timeout` (5 where it is not given or 0), and of ours `call_interactive_dialect` (`ucom`, else `voipnow`).
//! Units: `call_interactive_timeout` in seconds on the wire.
//! Errors: whatever goes wrong, the next rule runs.
//! Sources: `ringme-ivr.md` 3.8, 4.

use std::time::Duration;

use super::{
    Check, Flow, Run,
    wire::{InteractiveDialect, TransferMode},
};
use crate::{
    ContextId, Dialed, Interrupted, NoteKind, TargetRules,
    interactive::{
        self, Dialect, Keys, Names, Occasion, PATIENCE, Stage, Step, WebScript,
        verbs::{Finality, Jump, NamedBy, SimpleTransfer},
    },
    rules::OptionKey,
};

/// Asks a web server.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct CallInteractive {
    /// Whom, how, how long, and in whose words.
    pub script: WebScript,
}

impl CallInteractive {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let method = check.required("call_interactive_method", |rule| &rule.call_interactive_method);
        let url = check.filled("call_interactive_url", |rule| &rule.call_interactive_url)?;
        if !interactive::is_address(&url) {
            check.refuse("call_interactive_url", "must begin with http:// or https:// and hold no space");
        }
        let method = method?.fetch();
        let patience = match check.rule.call_interactive_timeout {
            None | Some(0) => PATIENCE,
            Some(seconds) => Duration::from_secs(seconds),
        };
        let dialect = match check.rule.call_interactive_dialect {
            InteractiveDialect::Ucom => Dialect::Ucom,
            InteractiveDialect::Voipnow => Dialect::Voipnow,
        };
        Some(Self { script: WebScript { url, method, patience, dialect } })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        let step = format!("rule {} call_interactive", run.rule);
        run.interact(&self.script, &Occasion::Action, &step).await
    }
}

impl Run<'_> {
    /// Asks a web server, and follows its verbs as far as they lead: [`Flow::Continue`] is whatever follows without them.
    pub(in crate::rules) async fn interact(
        &mut self,
        script: &WebScript,
        occasion: &Occasion,
        step: &str,
    ) -> Result<Flow, Interrupted> {
        let names = if self.surroundings.policy().exact_names { Names::Exact } else { Names::AnyCase };
        let mut verbs = interactive::ask(script, occasion, self.call, step, names).await?;
        loop {
            let mut stage = Stage {
                keys: self.keys(),
                call: self.call,
                caller_id: &mut self.caller_id,
                surroundings: self.surroundings,
                said: Duration::ZERO,
                pressed: false,
            };
            let led = verbs.perform(&mut stage).await?;
            let Stage { said, pressed, .. } = stage;
            self.heard(said);
            if pressed {
                self.something_happened();
            }
            let flow = match led {
                Step::Through => {
                    self.call.note(NoteKind::Next, next(occasion)).await?;
                    return Ok(Flow::Continue);
                }
                Step::BargedIn => Some(Flow::BargedIn),
                Step::Hangup => Some(self.hang_up().await.map(Flow::Ended)?),
                Step::Jump(jump) => self.jump(&jump).await?,
                Step::Transfer(transfer) => self.transfer(transfer).await?,
            };
            if let Some(flow) = flow {
                return Ok(flow);
            }
        }
    }

    /// How digits are taken where the menu is now.
    fn keys(&self) -> Keys {
        match self.here {
            Some(context) => Keys {
                first_digit: context.timeout,
                inter_digit: context.inter_digit_timeout,
                max_digits: context.max_digits(),
                terminators: context.terminators(),
            },
            None => Keys {
                first_digit: Duration::ZERO,
                inter_digit: crate::rules::model::INTER_DIGIT_TIMEOUT,
                max_digits: crate::rules::model::MAX_DIALLED,
                terminators: crate::Digit::from_char('#').into_iter().collect(),
            },
        }
    }

    /// Where a jump leads; nowhere where the menu has no such context.
    async fn jump(&mut self, jump: &Jump) -> Result<Option<Flow>, Interrupted> {
        let by_id = || jump.context.parse().ok().map(ContextId).filter(|id| self.ivr.contexts.contains_key(id));
        let by_name =
            || self.ivr.contexts.values().find(|context| context.name == jump.context).map(|context| context.id);
        let found = match jump.named_by {
            NamedBy::Id => by_id().or_else(by_name),
            NamedBy::Name => by_name().or_else(by_id),
        };
        let Some(id) = found else {
            self.call.note(NoteKind::Problem, format!("there is no context {:?}", jump.context)).await?;
            return Ok(None);
        };
        let options = self.ivr.contexts.get(&id).map(|context| &context.options);
        let key = jump.option.parse::<OptionKey>().ok();
        let key = key.filter(|key| options.is_some_and(|options| options.contains_key(key)));
        let (key, from) = match key {
            Some(key) => (key, jump.skip),
            None => {
                let problem = format!("context {id} has no option {:?}; its option invalid runs", jump.option);
                self.call.note(NoteKind::Problem, problem).await?;
                (OptionKey::Invalid, 0)
            }
        };
        self.call.note(NoteKind::Next, format!("option {key} of context {id}, rule {}", from + 1)).await?;
        Ok(Some(Flow::Enter(id, key, from)))
    }

    /// What a transfer has led to; nothing where the verbs go on.
    async fn transfer(&mut self, transfer: SimpleTransfer) -> Result<Option<Flow>, Interrupted> {
        let SimpleTransfer { numbers, ring_time, finality } = transfer;
        let flow = self.route(numbers, TargetRules::Ignore, ring_time, TransferMode::Trunk).await?;
        Ok(match (flow, finality) {
            (Flow::Routed(dialed @ (Dialed::Busy | Dialed::NoAnswer | Dialed::Failed { .. })), Finality::NotFinal) => {
                self.remember(&dialed);
                None
            }
            (Flow::Routed(dialed), _) => Some(Flow::RoutedForGood(dialed)),
            (flow, _) => Some(flow),
        })
    }
}

/// What follows where no verb leads elsewhere.
fn next(occasion: &Occasion) -> &'static str {
    match occasion {
        Occasion::Action => "the next rule",
        Occasion::DialIn => "the menu",
        Occasion::DialOut { .. } => "the numbers are called",
        Occasion::Hangup { .. } => "nothing",
    }
}
