//! The stored objects, as calls and the API read them.
//!
//! Shape: plain values behind `Arc`; whoever holds one keeps it as it was when the snapshot was taken.
//! Units: dates are `YYYY-MM-DD hh:mm:ss` in UTC, as the API writes them.
//! Sources: `ringme-ivr.md` 1.8, 2.3, 2.4; `interface.md`, "Beyond RingMe".

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use antiphon_ivr::conference::Entrance;
use antiphon_ivr::pivot::Pivot;
use antiphon_ivr::rules::{self, Ivr, wire};
use antiphon_ivr::{Alone, Announcement, ExtensionId, Language, SoundId, Voice};
use antiphon_media::Audio;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::credentials::SecretHash;
use super::customizer_config::CustomizerConfig;
use super::document::IvrDocument;
use super::pivot::PivotApplication;
use super::sound_quality::SoundQuality;
use super::vxml::{VxmlApplication, VxmlExtension};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A client: the owner of extensions, sounds and numbers.
    ClientId
);
id!(
    /// A public number's entry.
    DidId
);

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// What stands before the star in its extensions' names, `000`.
    pub prefix: String,
    /// Whether its menus may have what callers say understood.
    pub speech_to_text: bool,
}

/// A program that may ask for tokens in the name of a client.
#[derive(Clone)]
pub struct Application {
    /// The OAuth2 `client_id`.
    pub id: String,
    /// Whose objects it may touch.
    pub client: ClientId,
    /// What is kept of its secret.
    pub secret: SecretHash,
}

/// Whether an extension takes part in calls.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionStatus {
    /// It does.
    #[default]
    Active,
    /// It neither calls nor is called.
    Blocked,
}

impl ExtensionStatus {
    /// The API's words.
    pub(super) const WORDS: [&'static str; 2] = ["active", "blocked"];

    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
        }
    }
}

impl FromStr for ExtensionStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        match word {
            "active" => Ok(Self::Active),
            "blocked" => Ok(Self::Blocked),
            _ => Err(UnknownStatus),
        }
    }
}

/// A word that is no status.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("must be active or blocked")]
pub struct UnknownStatus;

/// An internal number and what answers there.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its id.
    pub id: ExtensionId,
    /// Whose it is.
    pub client: ClientId,
    /// The whole name, `000*071`.
    pub name: String,
    /// Whether it takes part in calls.
    pub status: ExtensionStatus,
    /// What answers there.
    pub kind: ExtensionKind,
    /// The name that its calls show, when set.
    pub caller_id_name: Option<String>,
    /// When it was made.
    pub create_date: String,
    /// What the API stores and echoes for it.
    pub profile: ExtensionProfile,
    /// The menu as its author wrote it; present exactly where `kind` is [`ExtensionKind::Ivr`].
    pub document: Option<Arc<IvrDocument>>,
}

impl Extension {
    /// The number within the client, `071` of `000*071`.
    pub fn number(&self) -> &str {
        self.name.rsplit_once('*').map_or(self.name.as_str(), |(_, number)| number)
    }
}

/// What answers at an extension.
#[derive(Clone, Debug)]
pub enum ExtensionKind {
    /// A menu of contexts, options and rules.
    Ivr(Arc<Ivr>),
    /// A telephone.
    Phone(Phone),
    /// A conference.
    Conference(Arc<Entrance>),
    /// A web server that says what a call does.
    Pivot(Arc<Pivot>),
    /// Pages of VoiceXML.
    Vxml(VxmlExtension),
}

impl ExtensionKind {
    /// The API's word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ivr(_) => "ivr",
            Self::Phone(_) => "phone",
            Self::Conference(_) => "conference",
            Self::Pivot(_) => "pivot",
            Self::Vxml(_) => "vxml",
        }
    }
}

/// A telephone: a digest user, a fixed contact, or both.
///
/// A digest password has to be known in clear to check an answer against any nonce, so the database holds it as it is.
/// The API never shows it, and the database lies in a directory that only its owner may enter.
#[derive(Clone, Eq, PartialEq, Default)]
pub struct Phone {
    /// The digest password; without one, nobody can register or call as this phone.
    pub password: Option<String>,
    /// A SIP URI to ring while nothing is registered.
    pub contact: Option<String>,
    /// The menu whose messages light its lamp. It may be gone.
    pub mailbox: Option<ExtensionId>,
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone").field("contact", &self.contact).finish_non_exhaustive()
    }
}

/// The settings of a conference, as the API stores and shows them.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ConferenceSettings {
    /// What has to be dialled before somebody is let in.
    pub pin: Option<String>,
    /// How many may be in it.
    pub max_members: u64,
    /// Whether those who come are not heard at first.
    pub muted: bool,
    /// Whether all hear that somebody comes or goes.
    pub tones: bool,
    /// Whether somebody who is alone hears music.
    pub music: bool,
}

impl Default for ConferenceSettings {
    fn default() -> Self {
        Self { pin: None, max_members: 50, muted: false, tones: true, music: true }
    }
}

impl ConferenceSettings {
    /// The way into the conference of this name.
    pub(super) fn entrance(&self, name: &str) -> Arc<Entrance> {
        Arc::new(Entrance {
            name: name.to_owned(),
            pin: self.pin.clone(),
            most: usize::try_from(self.max_members).unwrap_or(usize::MAX),
            voice: if self.muted { Voice::Muted } else { Voice::Heard },
            announcement: if self.tones { Announcement::Tone } else { Announcement::Silent },
            alone: if self.music { Alone::Music } else { Alone::Silence },
        })
    }
}

/// How trunks are shown the public number that was called, when an extension passes a call on.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DidAs {
    /// As the trunk's own setting says.
    #[default]
    #[serde(rename = "default")]
    TrunkSays,
    /// In From, in place of the caller's.
    From,
    /// In Diversion, whatever the trunk's setting says.
    Diversion,
}

impl DidAs {
    /// The API's words.
    pub(super) const WORDS: [&'static str; 3] = ["default", "from", "diversion"];

    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrunkSays => "default",
            Self::From => "from",
            Self::Diversion => "diversion",
        }
    }

    /// What one of the API's words means.
    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::TrunkSays, Self::From, Self::Diversion].into_iter().find(|form| form.as_str() == word)
    }
}

/// The fields of an extension that are neither its number nor what answers there, as the API stores and echoes them.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are the API's, described in `ringme-ivr.md` 1.8")]
pub struct ExtensionProfile {
    pub label: Option<String>,
    pub dial_rule_id: Option<u64>,
    pub dial_rule_limit: Option<u64>,
    pub extension_group_id: Option<u64>,
    pub extra_params: Option<Value>,
    pub message_did: Option<String>,
    pub ani_rfc3325: bool,
    pub did_as_transfer_caller_id: Option<DidAs>,
    /// The language of the system's prompts; the server's where there is none.
    pub language: Option<Language>,
    /// Present exactly where the extension is a conference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conference: Option<ConferenceSettings>,
    /// Present exactly where the extension is an application for Pivot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pivot: Option<PivotApplication>,
    /// Present exactly where the extension is an application in VoiceXML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vxml: Option<VxmlApplication>,
    /// What its customizer is told, whichever version it is.
    #[serde(skip_serializing_if = "CustomizerConfig::is_untouched")]
    pub customizer: CustomizerConfig,
}

/// An uploaded sound, decoded.
#[derive(Clone)]
pub struct Sound {
    /// Its id.
    pub id: SoundId,
    /// Whose it is.
    pub client: ClientId,
    /// The title that a person gave it.
    pub title: String,
    /// The name of its content, `<sha1>.wav`, `.mp3` or `.ogg`.
    pub filename: String,
    /// The name of the file that was uploaded.
    pub uploaded_name: String,
    /// What was found out about it at its upload, where that was asked then.
    pub quality: Option<SoundQuality>,
    /// The samples, ready to send.
    pub audio: Arc<Audio>,
}

/// A time interval that rules ask for.
#[derive(Clone, PartialEq, Debug)]
pub struct Interval {
    /// Whose it is.
    pub client: ClientId,
    /// The interval as its author wrote it, with its id.
    pub written: wire::Interval,
    /// When it is active.
    pub active: rules::Interval,
}

/// A public number that leads to an extension.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Did {
    /// Its id.
    pub id: DidId,
    /// Whose it is.
    pub client: ClientId,
    /// The number as it was written, `+37410000000`.
    pub number: String,
    /// Where it leads.
    pub extension: ExtensionId,
}

/// The same public number with and without its plus is one number.
pub(super) fn bare_number(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}
