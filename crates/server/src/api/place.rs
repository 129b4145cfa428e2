//! What a path names.
//!
//! Shape: the raw parts of a path, read as ids when a handler asks; an id that is no number is not found.
//! Errors: [`ApiError`]: 404 for what is not there and for what is another client's.
//! Sources: `ringme-ivr.md` 2.1 (`@me`), 2.5.

use std::sync::Arc;

use antiphon_ivr::rules::{OptionKey, wire::ScriptEvent};
use antiphon_ivr::{ContextId, ExtensionId, IntervalId, RuleId, SoundId};
use antiphon_media::record::RecordingId;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::ApiState;
use super::error::ApiError;
use crate::calls::CallId;
use crate::recording::NotDeleted;
use crate::store::changes::OptionPath;
use crate::store::variables::named_in_path;
use crate::store::{
    ClientId, Config, ContextDocument, DidId, EventId, Extension, ExtensionKind, FlowId, Grant, IvrDocument, MailId,
    Missing, OptionDocument,
};
use crate::uploads::{NotDone, UploadId};

/// The parts of a request's path, and in whose name it is made.
pub(super) struct Place {
    client: ClientId,
    parts: Vec<(String, String)>,
}

impl FromRequestParts<ApiState> for Place {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let client = parts.extensions.get::<Grant>().ok_or(ApiError::NoToken)?.client;
        let raw = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::NoSuchPath)?;
        let mut parts: Vec<_> = raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for (_, value) in parts.iter_mut().filter(|(name, _)| name == "extension") {
            // `@{NAME}` in place of an id (`ringme-ivr.md` 1.7).
            if let Some(name) = named_in_path(value) {
                *value = state.store.snapshot().variables(client).get(name).ok_or(Missing::Variable)?.clone();
            }
        }
        Ok(Self { client, parts })
    }
}

impl Place {
    fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    fn id(&self, name: &str) -> Option<u64> {
        self.part(name).parse().ok()
    }

    /// The client of the path, which has to be the bearer's own.
    pub(super) fn client(&self) -> Result<ClientId, Missing> {
        match self.part("client") {
            "@me" => Ok(self.client),
            id if id.parse() == Ok(self.client.0) => Ok(self.client),
            _ => Err(Missing::Client),
        }
    }

    /// The client in whose name the request is made.
    pub(super) fn bearer(&self) -> ClientId {
        self.client
    }

    pub(super) fn sound(&self) -> Result<SoundId, Missing> {
        self.id("sound").map(SoundId).ok_or(Missing::Sound)
    }

    pub(super) fn did(&self) -> Result<DidId, Missing> {
        self.id("did").map(DidId).ok_or(Missing::Did)
    }

    pub(super) fn event(&self) -> Result<EventId, Missing> {
        self.id("event").map(EventId).ok_or(Missing::Event)
    }

    pub(super) fn interval(&self) -> Result<IntervalId, Missing> {
        self.id("interval").map(IntervalId).ok_or(Missing::Interval)
    }

    pub(super) fn flow(&self) -> Result<FlowId, Missing> {
        self.id("flow").map(FlowId).ok_or(Missing::Flow)
    }

    /// The number of a version.
    pub(super) fn version(&self) -> Result<u32, Missing> {
        self.part("version").parse().map_err(|_| Missing::Customizer)
    }

    /// The account of a path of KAZOO.
    pub(super) fn account(&self) -> &str {
        self.part("account")
    }

    /// The Call-ID, or the name of its debug records, of a path of KAZOO.
    pub(super) fn pivot_call(&self) -> &str {
        self.part("pivot_call")
    }

    /// The name of a variable.
    pub(super) fn variable(&self) -> &str {
        self.part("variable")
    }

    pub(super) fn call(&self) -> Result<CallId, ApiError> {
        self.part("call").parse().map_err(|_| ApiError::NoSuchCall)
    }

    /// The name of a conference.
    pub(super) fn conference(&self) -> &str {
        self.part("conference")
    }

    /// The name of a trunk.
    pub(super) fn trunk(&self) -> &str {
        self.part("trunk")
    }

    pub(super) fn record(&self) -> Result<RecordingId, ApiError> {
        self.part("record").parse().map_err(|_| NotDeleted::Unknown.into())
    }

    pub(super) fn mail(&self) -> Result<MailId, Missing> {
        self.id("mail").map(MailId).ok_or(Missing::Mail)
    }

    pub(super) fn upload(&self) -> Result<UploadId, ApiError> {
        self.id("upload").map(UploadId).ok_or(NotDone::Unknown.into())
    }

    pub(super) fn refusal(&self) -> Result<u64, ApiError> {
        self.id("refusal").ok_or(ApiError::NoSuchCall)
    }

    pub(super) fn extension_id(&self) -> Result<ExtensionId, Missing> {
        self.id("extension").map(ExtensionId).ok_or(Missing::Extension)
    }

    pub(super) fn context_id(&self) -> Result<ContextId, Missing> {
        self.id("context").map(ContextId).ok_or(Missing::Context)
    }

    pub(super) fn rule_id(&self) -> Result<RuleId, Missing> {
        self.id("rule").map(RuleId).ok_or(Missing::Rule)
    }

    /// The event of a script.
    pub(super) fn script(&self) -> Result<ScriptEvent, Missing> {
        self.part("script").parse().map_err(|_| Missing::Script)
    }

    pub(super) fn key(&self) -> Result<OptionKey, Missing> {
        self.part("digits").parse().map_err(|_| Missing::Option)
    }

    pub(super) fn option_path(&self) -> Result<OptionPath, Missing> {
        Ok(OptionPath {
            client: self.client,
            extension: self.extension_id()?,
            context: self.context_id()?,
            key: self.key()?,
        })
    }

    pub(super) fn extension<'a>(&self, config: &'a Config) -> Result<&'a Arc<Extension>, Missing> {
        let extension = config.extension(self.extension_id()?);
        extension.filter(|extension| extension.client == self.client).ok_or(Missing::Extension)
    }

    /// An extension whose pages are run.
    pub(super) fn pages<'a>(&self, config: &'a Config) -> Result<&'a Arc<Extension>, Missing> {
        let extension = self.extension(config)?;
        if matches!(extension.kind, ExtensionKind::Vxml(_)) { Ok(extension) } else { Err(Missing::Vxml) }
    }

    pub(super) fn menu<'a>(&self, config: &'a Config) -> Result<&'a IvrDocument, Missing> {
        self.extension(config)?.document.as_deref().ok_or(Missing::Ivr)
    }

    pub(super) fn context<'a>(&self, config: &'a Config) -> Result<&'a ContextDocument, Missing> {
        let contexts = &self.menu(config)?.contexts;
        contexts.get(&self.context_id()?).map(|context| &**context).ok_or(Missing::Context)
    }

    pub(super) fn option<'a>(&self, config: &'a Config) -> Result<&'a OptionDocument, Missing> {
        self.context(config)?.option(&self.key()?).ok_or(Missing::Option)
    }
}
