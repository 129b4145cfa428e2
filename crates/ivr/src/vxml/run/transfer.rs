//! Somebody else for the caller.
//!
//! Shape: a bridge is a [`Dial`]; blind and with consultation the caller's side is asked to call, and where it does not do that we do.
//! Errors: `error.connection.*`, `error.unsupported.uri`; what the far end does is the value of the item.
//! Sources: VoiceXML 2.0 §2.3.7; VoiceXML 2.1 §7; RFC 5552 §5; `voicexml-customizers.md` 3.9.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Event, Interpreter, Jump, Stop, fia::Visited};
use crate::{
    CallerId, Dial, Dialed, Digit, DigitSet, Prompt, Refer, ReferScope, Referred, TalkEnd, TargetRules, Terms,
    op::{KeyJudge, KeyState, Load},
    send_digits::{self, SendDigits},
    vxml::{
        contactpro::{
            place::{self, Destination},
            queue::Waited,
        },
        elements::transfer::{Transfer, TransferKind},
        model::Item,
    },
};

/// What has come of an attempt.
enum Came {
    /// The value of the item, how long the two talked, and the key that ended it.
    Value(&'static str, Duration, Option<Digit>),
    /// Nobody was reached.
    Failed {
        status: u16,
    },
    /// The caller is with somebody else.
    Gone,
    HandOver(crate::ExtensionId),
}

impl Interpreter<'_> {
    pub(super) async fn transfer(&mut self, item: &Arc<Item>, transfer: &Transfer) -> Result<Visited, Stop> {
        let target = match self.is_vendor() {
            true => {
                let destination = self.json_of(&transfer.target)?;
                match place::destination(&destination).map_err(Event::semantic)? {
                    Destination::Number(number) => number,
                    Destination::Queue(queue) => return self.transfer_to_queue(queue, item, transfer).await,
                }
            }
            false => self.given(&transfer.target)?,
        };
        let (number, digits) = target_of(&target)?;
        let user_to_user = transfer.user_to_user.as_ref().map(|given| self.given(given)).transpose()?;
        let kind = transfer.kind.unwrap_or(self.application.transfer);
        let (active, _) = self.active(item).await?;
        let listens = Self::has_keys(&active);
        self.timeout = None;
        let ringback = self.transfer_audio(transfer, kind).await?;
        self.flush(listens).await?;
        self.forget_keys().await?;
        let ring_time = transfer.ring_time.unwrap_or(Dial::RING_TIME);
        let mut terms = Terms { longest: transfer.longest, digits, ringback, ..Terms::default() };
        terms.headers.extend(user_to_user.map(|value| ("User-to-User".to_owned(), value)));
        terms.headers.extend(self.attached.headers());
        if transfer.keeps_language {
            terms.headers.push(("X-Keep-Language".to_owned(), "true".to_owned()));
        }
        if kind == TransferKind::Bridge {
            terms.ends_by = single_keys(&active);
        }
        let came = match kind {
            TransferKind::Bridge => self.dial(number, ring_time, terms).await?,
            TransferKind::Blind | TransferKind::Consultation => self.refer(number, ring_time, terms).await?,
        };
        self.rested();
        self.came(came, item).await
    }

    /// What the caller hears until somebody answers. One of a web server is had while what waits is said; where the caller's side is to
    /// call, it is the other's sound that is heard.
    async fn transfer_audio(&mut self, transfer: &Transfer, kind: TransferKind) -> Result<Option<Prompt>, Stop> {
        let Some(address) = transfer.audio.as_deref().filter(|_| kind != TransferKind::Blind && !self.is_over) else {
            return Ok(None);
        };
        let sound = self.unloaded(address);
        match &sound {
            Some(Prompt::Web(sound)) => {
                // What comes of it is heard.
                let _ = self.call.load(Load { sound: sound.clone(), patience: None }).await?;
            }
            Some(_) => {}
            None => self.no_such_sound(address).await?,
        }
        Ok(sound)
    }

    /// Keeps what has come of it.
    async fn came(&mut self, came: Came, item: &Arc<Item>) -> Result<Visited, Stop> {
        let (value, talk, key) = match came {
            Came::HandOver(extension) => return Ok(Visited::Jump(Jump::HandOver(extension))),
            Came::Gone => {
                return Err(Event { is_end: true, ..Event::new("connection.disconnect.transfer") }.into());
            }
            Came::Value(value, talk, key) => (value, talk, key),
            Came::Failed { status } if self.is_vendor() => return self.failed_transfer(item, status),
            Came::Failed { status } => (failed(status)?, Duration::ZERO, None),
        };
        let scope = self.frame.visit.as_ref().map_or(self.session, |visit| visit.scope(&self.frame.chain));
        self.engine.put(scope, &item.name, &json!(value))?;
        let mut shadow = json!({"duration": talk.as_secs_f64()});
        if let Some(key) = key {
            shadow["inputmode"] = json!("dtmf");
            shadow["utterance"] = json!(key.to_string());
        }
        self.show_mark(&mut shadow);
        self.engine.put(scope, &format!("{}$", item.name), &shadow)?;
        Ok(Visited::Filled)
    }

    /// The caller waits in a queue, and talks with whoever takes it out of there.
    async fn transfer_to_queue(
        &mut self,
        queue: String,
        item: &Arc<Item>,
        transfer: &Transfer,
    ) -> Result<Visited, Stop> {
        let kind = transfer.kind.unwrap_or(self.application.transfer);
        self.timeout = None;
        self.flush(false).await?;
        self.forget_keys().await?;
        let came = match self.wait_in(queue, transfer.ring_time, transfer.keeps_language).await? {
            Waited::Talked(talk) if kind == TransferKind::Bridge => Came::Value("far_end_disconnect", talk, None),
            Waited::Talked(_) => {
                self.hang_up().await?;
                Came::Gone
            }
            Waited::Failed(status) => Came::Failed { status },
        };
        self.came(came, item).await
    }

    async fn dial(&mut self, number: String, ring_time: Duration, terms: Terms) -> Result<Came, Stop> {
        let caller_id = CallerId { number: self.call.caller.number.clone(), name: self.call.caller.name.clone() };
        let dial = Dial { targets: vec![number], rules: TargetRules::Apply, no_answer: ring_time, caller_id, terms };
        let dialed = self.call.dial(dial).await?;
        if matches!(dialed, Dialed::Answered { .. }) {
            self.connected().await?;
        }
        Ok(match dialed {
            Dialed::Answered { talk, ended_by, .. } => {
                let (value, key) = match ended_by {
                    TalkEnd::FarEnd => ("far_end_disconnect", None),
                    TalkEnd::Key(key) => ("near_end_disconnect", Some(key)),
                    TalkEnd::Longest => ("maxtime_disconnect", None),
                };
                Came::Value(value, talk, key)
            }
            // Nobody is spoken to before the two are joined.
            Dialed::Whispers { .. } => Came::Value("unknown", Duration::ZERO, None),
            Dialed::HandedOver(extension) => Came::HandOver(extension),
            Dialed::Busy => Came::Failed { status: 486 },
            Dialed::NoAnswer => Came::Failed { status: 480 },
            Dialed::Failed { status } => Came::Failed { status },
        })
    }

    async fn refer(&mut self, number: String, ring_time: Duration, terms: Terms) -> Result<Came, Stop> {
        // What is attached to the call goes with an INVITE of ours, and with no REFER.
        if !self.attached.headers().is_empty() {
            return self.dial_away(number, ring_time, terms).await;
        }
        let refer = Refer { target: number.clone(), scope: ReferScope::Anywhere, patience: ring_time };
        match self.call.refer(refer).await? {
            Referred::Done => Ok(Came::Gone),
            Referred::Failed { status } => Ok(Came::Failed { status }),
            Referred::TimedOut => Ok(Came::Failed { status: 480 }),
            // The caller's side does not do that, so we call.
            Referred::Refused { .. } => self.dial_away(number, ring_time, terms).await,
        }
    }

    /// Calls, and when the two have talked, the caller is gone.
    async fn dial_away(&mut self, number: String, ring_time: Duration, terms: Terms) -> Result<Came, Stop> {
        match self.dial(number, ring_time, terms).await? {
            Came::Value("far_end_disconnect" | "near_end_disconnect" | "maxtime_disconnect", ..) => {
                self.hang_up().await?;
                Ok(Came::Gone)
            }
            came => Ok(came),
        }
    }

    /// The item holds the cause for which it failed, where the page is one of Contact Pro.
    fn failed_transfer(&mut self, item: &Arc<Item>, status: u16) -> Result<Visited, Stop> {
        let cause = json!(place::cause(status).0);
        let scope = self.frame.visit.as_ref().map_or(self.session, |visit| visit.scope(&self.frame.chain));
        self.engine.put(scope, &item.name, &cause)?;
        self.keep_item("transfer", item, &cause)?;
        Ok(Visited::Filled)
    }
}

/// What a status means.
fn failed(status: u16) -> Result<&'static str, Stop> {
    let event = match status {
        486 | 600 => return Ok("busy"),
        408 | 480 | 487 => return Ok("noanswer"),
        500 | 503 | 504 => return Ok("network_busy"),
        404 | 484 | 604 => "error.connection.baddestination",
        401 | 403 | 407 | 603 => "error.connection.noauthorization",
        _ => return Ok("unknown"),
    };
    Err(Event::with(event, format!("the far end answers with {status}")).into())
}

/// What is dialled, and the keys that are pressed when somebody answers.
fn target_of(uri: &str) -> Result<(String, Option<SendDigits>), Stop> {
    let uri = uri.trim();
    let (scheme, rest) = match uri.split_once(':') {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("tel".to_owned(), uri),
    };
    match scheme.as_str() {
        "tel" => {
            let mut parts = rest.split(';');
            let number: String = parts
                .next()
                .unwrap_or_default()
                .chars()
                .filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' '))
                .collect();
            if number.is_empty() {
                return Err(Event::with("error.connection.baddestination", "there is no number").into());
            }
            let behind = parts.find_map(|part| part.strip_prefix("postd="));
            let digits = behind.and_then(|text| SendDigits::parse(&text.replace('p', "W"), send_digits::HELD).ok());
            Ok((number, digits))
        }
        "sip" | "sips" => Ok((uri.to_owned(), None)),
        _ => Err(Event::with("error.unsupported.uri", uri.to_owned()).into()),
    }
}

/// The keys each of which the grammars match alone.
pub(super) fn single_keys(active: &crate::vxml::grammar::Active) -> DigitSet {
    let matches = |key: &Digit| matches!(active.judge(&key.to_string()), KeyState::CanEnd | KeyState::MustEnd);
    (0..16).filter_map(Digit::from_event).filter(matches).collect()
}
