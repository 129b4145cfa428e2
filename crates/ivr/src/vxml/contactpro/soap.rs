//! `<soap>`: a query to a server of SOAP 1.1.
//!
//! Shape: the envelope goes out by POST; what comes back is a dictionary of the body's element, or a failure.
//! Errors: `error.soap.fault`, `.http`, `.unreachable`, `.badresult`, `.timeout`.
//! Sources: SOAP 1.1 §4, §6; `voicexml-customizers.md` 1.3, 1.7; 6, row 33.

use std::time::Duration;

use serde_json::Value as Json;

use super::{
    envelope::{self, Answer},
    query::{Failure, Query},
    wsdl,
};
use crate::{
    Fetch, FetchBody, FetchError, FetchMethod, Meanwhile, NoteKind, Page, TypeAhead,
    vxml::{
        elements::Reader,
        run::{Event, Flow, Interpreter, Stop},
        wire::{Attributes, Fault, Given, decode, xml},
    },
};

/// How long an answer is waited for where nobody says.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

/// What is asked of a server: the description, or with a body the method.
#[derive(Default)]
struct Asked<'a> {
    address: &'a str,
    /// Whether it is told the login.
    knows: bool,
    body: Option<FetchBody>,
    headers: Vec<(String, String)>,
}

/// A query.
#[derive(Clone, Debug)]
pub(crate) struct Soap {
    pub(crate) query: Query,
    source: Given,
    method: String,
    namespace: Option<String>,
    action: Option<String>,
    patience: Duration,
    login: Option<(String, String)>,
}

impl Soap {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let source = from.direct("source", "expr").ok_or_else(|| from.fault("there is neither source nor expr"))?;
        let method = from.vendor("method").ok_or_else(|| from.fault("method is missing"))?;
        if !envelope::is_name(method) {
            return Err(from.fault(format!("the method {method:?} cannot be the name of an element")));
        }
        let user = from.vendor("username").map(str::to_owned);
        Ok(Self {
            query: Query::read(from, reader)?,
            source,
            method: method.to_owned(),
            namespace: from.vendor("namespace").map(str::to_owned),
            action: from.vendor("action").map(str::to_owned),
            patience: from.vendor_time("timeout")?.unwrap_or(PATIENCE).min(LONGEST),
            login: user.map(|user| (user, from.vendor("password").unwrap_or_default().to_owned())),
        })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let params = self.query.values(interpreter)?;
        let source = interpreter.given(&self.source)?;
        interpreter.keep_result("soap", &self.query.id, &Json::Null)?;
        interpreter.flush(false).await?;
        match self.ask(&source, &params, interpreter).await? {
            Ok(result) => {
                interpreter.keep_result("soap", &self.query.id, &result)?;
                Ok(Flow::On)
            }
            Err(failure) => self.query.failed(failure, interpreter).await,
        }
    }

    async fn ask(
        &self,
        source: &str,
        params: &[(String, Json)],
        interpreter: &mut Interpreter<'_>,
    ) -> Result<Result<Json, Failure>, Stop> {
        let address = interpreter.resolved(source)?;
        let mut service = wsdl::Service { address: address.clone(), namespace: None, action: None };
        if address.to_ascii_lowercase().ends_with("?wsdl") {
            let asked = Asked { address: &address, knows: true, ..Asked::default() };
            let page = match self.fetch(asked, interpreter).await? {
                Ok(page) => page,
                Err(failure) => return Ok(Err(failure)),
            };
            match decode(&page.body, page.header("content-type")).and_then(|text| wsdl::read(&text, &self.method)) {
                Ok(found) => service = found,
                Err(fault) => return Ok(Err(failure("badresult", format!("{address}: {fault}")))),
            }
            // It may be written as seen from the description.
            service.address = match Interpreter::resolved_against(&address, &service.address) {
                Ok(found) => found,
                Err(_) => {
                    let message = format!("{address}: {} is no address of a server", service.address);
                    return Ok(Err(failure("badresult", message)));
                }
            };
        }
        let namespace = self.namespace.clone().or(service.namespace).unwrap_or_default();
        let action = self.action.clone().or(service.action);
        let action = action.unwrap_or_else(|| format!("{}#{}", namespace.trim_end_matches('#'), self.method));
        let body = envelope::write(&self.method, &namespace, params).map_err(Event::semantic)?;
        let body = FetchBody { content_type: "text/xml; charset=utf-8".to_owned(), bytes: body.into_bytes() };
        let action: String = action.chars().filter(|c| !c.is_control() && *c != '"').collect();
        let headers = vec![("SOAPAction".to_owned(), format!("\"{action}\""))];
        let knows = is_same_origin(&address, &service.address);
        if self.login.is_some() && !knows {
            let text = format!("{} is asked without the login, which is for {address}", service.address);
            interpreter.call.note(NoteKind::Problem, text).await?;
        }
        let asked = Asked { address: &service.address, knows, body: Some(body), headers };
        let page = match self.fetch(asked, interpreter).await? {
            Ok(page) => page,
            Err(failure) => return Ok(Err(failure)),
        };
        Ok(answer(&page, &service.address))
    }

    async fn fetch(
        &self,
        Asked { address, knows, body, headers }: Asked<'_>,
        interpreter: &mut Interpreter<'_>,
    ) -> Result<Result<Page, Failure>, Stop> {
        let mut url = url::Url::parse(address).map_err(|error| Event::semantic(format!("{address}: {error}")))?;
        if let Some((user, password)) = self.login.as_ref().filter(|_| knows) {
            let set = url.set_username(user).and_then(|()| url.set_password(Some(password)));
            set.map_err(|()| Event::semantic(format!("{address} takes no user")))?;
        }
        let is_get = body.is_none();
        let method = if is_get { FetchMethod::Get } else { FetchMethod::Post };
        let fetch = Fetch {
            method,
            url: url.into(),
            headers,
            body,
            patience: self.patience,
            max_bytes: xml::MAX_BYTES,
            redirects: if is_get { 5 } else { 0 },
            step: format!("soap {}", self.query.id),
            files: Vec::new(),
            meanwhile: Meanwhile { keys: TypeAhead::Keep, ..Meanwhile::default() },
            cookies: None,
        };
        let answer = interpreter.call.fetch(fetch).await?;
        interpreter.rested();
        Ok(match answer {
            Ok(page) if is_get && !page.is_success() => {
                Err(failure("http", format!("{address} has the status {}", page.status)))
            }
            Ok(page) => Ok(page),
            Err(FetchError::TimedOut) => Err(failure("timeout", format!("{address}: no answer in time"))),
            Err(error) => Err(failure("unreachable", format!("{address}: {error}"))),
        })
    }
}

/// Whether two addresses are of one server.
fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |address: &str| url::Url::parse(address).ok().map(|url| url.origin());
    origin(one).is_some_and(|own| origin(other) == Some(own))
}

/// What a server answers: a fault comes with a status of 500.
fn answer(page: &Page, address: &str) -> Result<Json, Failure> {
    let read = decode(&page.body, page.header("content-type")).and_then(|text| envelope::read(&text));
    match read {
        Ok(Answer::Fault(text)) => Err(failure("fault", text)),
        Ok(Answer::Result(result)) if page.is_success() => Ok(result),
        Err(fault) if page.is_success() => Err(failure("badresult", format!("{address}: {fault}"))),
        _ => Err(failure("http", format!("{address} has the status {}", page.status))),
    }
}

fn failure(kind: &str, message: String) -> Failure {
    Failure { event: format!("error.soap.{kind}"), kind: kind.to_owned(), message, is_timeout: kind == "timeout" }
}
