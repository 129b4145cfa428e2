//! A session: from the first page to the end of the call.
//!
//! Shape: [`run`] fetches the first page, answers, and goes from page to page.
//! Errors: a first page that cannot be had is answered with 500 before the call is connected.
//! Sources: RFC 5552 §2; VoiceXML 2.0 §5.1.4 (session variables); `voicexml-customizers.md` 3.10, 4.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{Event, Frame, Interpreter, Jump, Request, Returned, Stop, collect::Matched, fia::Params};
use crate::{
    AgreedSound, Call, Caller, Cookies, ExtensionId, FetchMethod, Interrupted, Next, NoteKind, SipFacts, Surroundings,
    op::{Conclusion, Respond},
    vxml::{
        Application, Entry,
        contactpro::attached::Attached,
        elements::terms::FetchTerms,
        model::Document,
        script::{QuickJs, SHOWN, ScopeId, ScriptEngine, ScriptError},
    },
};

/// How a context ended.
pub(super) enum Ended {
    Exit(Vec<(String, String)>),
    Return(Returned),
    HandOver(ExtensionId),
}

/// Why the session ends, as the caller's side is told (RFC 5552 §4).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum EndsBy {
    /// The pages are at their end.
    Exit,
    /// Something happened that no page handles.
    Error,
}

impl EndsBy {
    fn name(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Error => "error",
        }
    }
}

/// Runs an application to its end.
pub(crate) async fn run(
    application: &Application,
    call: &mut Call,
    surroundings: &dyn Surroundings,
) -> Result<Next, Interrupted> {
    let mut interpreter = match start(application, call, surroundings) {
        Ok(interpreter) => interpreter,
        Err((call, error)) => {
            call.note(NoteKind::Problem, error.to_string()).await?;
            return refuse(call).await;
        }
    };
    let Entry { body, max_age, max_stale, stays } = application.entry.clone();
    let method = if body.is_some() { FetchMethod::Post } else { FetchMethod::Get };
    let terms = FetchTerms { max_age, max_stale, ..FetchTerms::default() };
    let request = Request { method, body, follows: !stays, ..Request::get() };
    let first = interpreter.page(&application.url, request, &terms).await;
    let first = match first {
        Ok(jump) => jump,
        Err(Stop::Event(event)) if event.is_end => {
            return Err(Interrupted::RemoteHangup);
        }
        Err(Stop::Event(event)) => {
            let text = format!("{}: {}", event.name, event.message.unwrap_or_default());
            interpreter.call.note(NoteKind::Problem, text).await?;
            return refuse(interpreter.call).await;
        }
        Err(Stop::Interrupted(interrupted)) => return Err(interrupted),
    };
    interpreter.open(&first).await?;
    let ended = interpreter.context(first, Params::new()).await;
    match ended {
        Err(Interrupted::LifetimeExpired) if !interpreter.call.answered => interpreter.too_early().await,
        ended => interpreter.end(ended?).await,
    }
}

async fn refuse(call: &mut Call) -> Result<Next, Interrupted> {
    call.respond(Respond { status: 500, phrase: None }).await?;
    Ok(Next::Finished)
}

fn start<'a>(
    application: &'a Application,
    call: &'a mut Call,
    surroundings: &'a dyn Surroundings,
) -> Result<Interpreter<'a>, (&'a mut Call, ScriptError)> {
    let made = QuickJs::new(seed(call)).and_then(|engine| {
        let engine = engine.heeding(surroundings.patience());
        let mut engine: Box<dyn ScriptEngine> = Box::new(engine);
        engine.tell(surroundings.now().as_millisecond());
        let session = engine.open(&["session"])?;
        declare_session(&mut *engine, session, &call.caller, None)?;
        Ok((engine, session))
    });
    let (engine, session) = match made {
        Ok(made) => made,
        Err(error) => return Err((call, error)),
    };
    // Until the first page is there, there is an empty one.
    let nothing = Document::empty(&application.url);
    let frame =
        Frame { document: Arc::new(nothing), root: None, application: session, chain: vec![session], visit: None };
    Ok(Interpreter {
        call,
        surroundings,
        application,
        engine,
        session,
        frame,
        queue: Vec::new(),
        timeout: None,
        cache: super::fetching::Cache::default(),
        cookies: Cookies::default(),
        grammars: BTreeMap::new(),
        carried: None,
        reprompted: false,
        is_over: false,
        depth: 0,
        turns: 0,
        elements: 0,
        looks: 0,
        rested_at: surroundings.now().as_millisecond(),
        mark: None,
        is_python: false,
        entry: None,
        attached: Attached::default(),
        is_early: false,
        is_concluded: false,
        ends_by: EndsBy::Exit,
        sound: None,
    })
}

/// A number of the call's own, the same whenever it is told again.
pub(super) fn seed(call: &Call) -> u32 {
    let id = call.caller.call_id.bytes();
    id.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

pub(super) fn declare_session(
    engine: &mut dyn ScriptEngine,
    session: ScopeId,
    caller: &Caller,
    sound: Option<&AgreedSound>,
) -> Result<(), ScriptError> {
    let sip = &caller.sip;
    let uri = |user: &str, host: &str, number: &str| match (user.is_empty(), host.is_empty()) {
        (_, true) if number.is_empty() => String::new(),
        (_, true) => format!("tel:{number}"),
        (true, false) => format!("sip:{host}"),
        (false, false) => format!("sip:{user}@{host}"),
    };
    let local = uri(&sip.to_user, &sip.to_host, &caller.called_number);
    let remote = uri(&sip.from_user, &sip.from_host, &caller.number);
    let headers: serde_json::Map<_, _> = sip
        .headers
        .iter()
        .chain(&sip.all_headers)
        .map(|(name, value)| (name.to_ascii_lowercase(), json!(value)))
        .collect();
    let redirect = match caller.diversion_number.as_str() {
        "" => json!([]),
        number => {
            json!([{"uri": format!("tel:{number}"), "pi": "false", "si": "false", "reason": caller.diversion_reason}])
        }
    };
    let mut requested: serde_json::Map<_, _> =
        sip.request_params.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
    let whole = match sip.request_uri.as_str() {
        "" => uri(&sip.request_user, &sip.request_host, ""),
        whole => whole.to_owned(),
    };
    requested.insert(SHOWN.to_owned(), json!(whole));
    requested.insert("uri".to_owned(), json!(whole));
    let mut connection = json!({
        "local": {"uri": local},
        "remote": {"uri": remote},
        "originator": "remote",
        "aai": said_by_application(sip),
        "redirect": redirect,
        "protocol": {"name": "sip", "version": "2.0", "sip": {
            "headers": headers, "requesturi": requested, "media": sound.map(media).into_iter().collect::<Vec<_>>(),
        }},
    });
    if let Some(said) = said_by_call_control(sip) {
        connection["ccxml"] = said;
    }
    engine.put_locked(session, "connection", &connection)?;
    let telephone = json!({"ani": caller.number, "dnis": caller.called_number});
    engine.put_locked(session, "telephone", &telephone)?;
    engine.put_locked(session, "sessionid", &json!(caller.call_id))
}

/// A stream as RFC 5552 §2.4 has it.
fn media(sound: &AgreedSound) -> serde_json::Value {
    let format = json!({"name": format!("audio/{}", sound.codec), "rate": sound.rate.to_string()});
    json!({"type": "audio", "direction": sound.way.name(), "format": [format]})
}

/// What call control says to the page: JSON, and as a text what is none (RFC 5552 §2.3, §2.4). Its length is bounded with the parameter's,
/// and its depth by the reading of JSON.
fn said_by_call_control(sip: &SipFacts) -> Option<serde_json::Value> {
    let (_, said) = sip.request_params.iter().find(|(name, _)| name.eq_ignore_ascii_case("ccxml"))?;
    Some(serde_json::from_str(said).unwrap_or_else(|_| json!(said)))
}

/// What the caller's application says to ours.
fn said_by_application(sip: &SipFacts) -> &str {
    let header = || sip.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case("x-user-to-user"));
    match sip.user_to_user.as_str() {
        "" => header().map_or("", |(_, value)| value.as_str()),
        said => said,
    }
}

impl Interpreter<'_> {
    /// Sees to it that scripts know what is agreed on for the caller's sound.
    pub(super) fn hear_of_sound(&mut self) {
        let sound = self.surroundings.sound();
        if sound != self.sound && !self.is_python {
            // Where there is no room for it, what was known stays.
            let _ = declare_session(&mut *self.engine, self.session, &self.call.caller, sound.as_ref());
            self.sound = sound;
        }
    }

    /// Goes from page to page and from dialog to dialog, until there is nowhere to go.
    pub(super) async fn context(&mut self, first: Jump, params: Params) -> Result<Ended, Interrupted> {
        let (mut jump, mut params) = (first, params);
        let mut carried: Option<Matched> = None;
        loop {
            if self.is_lost() {
                jump = self.give_up().await?;
            }
            let dialog = match jump {
                Jump::Exit(said) => return Ok(Ended::Exit(said)),
                Jump::Return(returned) => return Ok(Ended::Return(returned)),
                Jump::HandOver(extension) => return Ok(Ended::HandOver(extension)),
                // An item is one of a dialog, which has taken the jump.
                Jump::Item(_) => return Ok(Ended::Exit(Vec::new())),
                Jump::Dialog(dialog) => Some(dialog),
                Jump::Entry(dialog, index) => {
                    self.entry = Some(index);
                    Some(dialog)
                }
                Jump::Page(loaded) => {
                    let name = loaded.dialog.clone();
                    match self.enter(*loaded).await? {
                        Some(elsewhere) => {
                            jump = elsewhere;
                            continue;
                        }
                        None => self.frame.document.dialog(name.as_deref()).cloned(),
                    }
                }
            };
            let Some(dialog) = dialog else { return Ok(Ended::Exit(Vec::new())) };
            jump = self.visit(dialog, std::mem::take(&mut params), carried.take()).await?;
            carried = self.take_carried();
        }
    }

    /// The page was told that it goes round and round, and still does.
    pub(super) async fn give_up(&mut self) -> Result<Jump, Interrupted> {
        self.call.note(NoteKind::Problem, "the session ends: it goes round and round").await?;
        self.ends_by = EndsBy::Error;
        Ok(Jump::Exit(Vec::new()))
    }

    /// Says what is left to be said, and what came of it all.
    async fn end(&mut self, ended: Ended) -> Result<Next, Interrupted> {
        let said = match ended {
            Ended::HandOver(extension) => {
                self.no_longer_early().await?;
                return Ok(Next::HandOver(extension));
            }
            Ended::Exit(said) => said,
            Ended::Return(_) => Vec::new(),
        };
        if !self.is_over {
            match self.flush(false).await {
                Ok(()) => {}
                // Nothing more is done for a caller who hangs up over the last prompt.
                Err(Stop::Event(_)) => self.is_over = true,
                Err(Stop::Interrupted(interrupted)) => return Err(interrupted),
            }
        }
        self.conclude(self.ends_by.name(), said).await?;
        self.hang_up().await?;
        Ok(Next::Finished)
    }

    /// Leaves what the page says at its end for the world outside (RFC 5552 §4).
    pub(crate) async fn conclude(
        &mut self,
        reason: &'static str,
        said: Vec<(String, String)>,
    ) -> Result<(), Interrupted> {
        // Of a page that has said something the end says nothing more.
        if said.is_empty() && std::mem::replace(&mut self.is_concluded, true) {
            return Ok(());
        }
        self.is_concluded = true;
        for (name, value) in &said {
            self.call.note(NoteKind::Log, format!("exit {name}={value}")).await?;
        }
        let reason = ("__reason".to_owned(), reason.to_owned());
        self.call.conclude(Conclusion::of([reason].into_iter().chain(said))).await
    }

    /// The values of variables, as properties of one object in a scope of its own.
    pub(crate) fn collected(&mut self, names: &[String]) -> Result<ScopeId, Stop> {
        let scope = self.engine.open(&[])?;
        self.engine.put(scope, "r", &json!({}))?;
        for name in names {
            if !self.is_declared(name)? {
                return Err(Event::semantic(format!("{name} is not declared")).into());
            }
            self.js(|engine, chain| engine.bind(chain, name, scope, "v"))?;
            let property = format!("r[{}]", json!(name.rsplit('.').next()));
            self.engine.assign(&[scope], &property, "v", self.session)?;
        }
        Ok(scope)
    }

    /// Whether the variable of a name, or of the beginning of a path, is declared.
    pub(crate) fn is_declared(&mut self, name: &str) -> Result<bool, Stop> {
        let root = name.split(['.', '[']).next().unwrap_or_default().to_owned();
        self.js(|engine, chain| engine.is_declared(chain, &root))
    }
}
