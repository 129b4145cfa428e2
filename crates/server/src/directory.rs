//! Numbers: what a dialled string means to the client that dials it.
//!
//! Shape: a dialled string in, a [`Target`] out, from a snapshot and the trunks of the settings; the only place that knows numbering.
//! Errors: [`NoRoute`] where nothing may be dialled: a trunk's `dial` patterns are an allow-list, and without one nothing leaves.
//! Sources: `ringme-ivr.md` 1.8 (address forms), 3.8 (target parsing).

mod people;

use std::sync::Arc;

use antiphon_ivr::{
    DocumentKind, EndpointKind, ExtensionId, IntervalId, Language, Patience, Prompt, SoundId, SoundName, SoundView,
    Surroundings,
    pivot::{self, Node},
    rules::Policy,
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    agreement::Agreement,
    rooms::Rooms,
    settings::Trunk,
    store::{ClientId, Config, Extension, ExtensionKind, ExtensionStatus, FlowId, Sound},
};

/// Where a dialled string leads.
#[derive(Clone, Debug)]
pub enum Target {
    /// Another IVR, or a conference: the call goes on there.
    Ivr(ExtensionId),
    /// A phone, by its registered or fixed contacts.
    Phone(Arc<Extension>),
    /// A number outside.
    Trunks {
        /// The trunks whose patterns allow the number, in the order of the settings; never none.
        trunks: Vec<Arc<Trunk>>,
        /// The number as dialled.
        number: String,
    },
}

/// The string leads nowhere.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NoRoute {
    /// Neither an internal number nor allowed by a trunk.
    #[error("no extension and no trunk has this number")]
    Unknown,
    /// The extension is blocked.
    #[error("the extension is blocked")]
    Blocked,
}

/// What a client's dialled string means.
///
/// # Errors
/// [`NoRoute`] when it leads nowhere.
pub fn resolve(config: &Config, trunks: &[Arc<Trunk>], client: ClientId, dialled: &str) -> Result<Target, NoRoute> {
    if let Some(extension) = config.find_extension(dialled, Some(client)) {
        return match (extension.status, &extension.kind) {
            (ExtensionStatus::Blocked, _) => Err(NoRoute::Blocked),
            (
                ExtensionStatus::Active,
                ExtensionKind::Ivr(_) | ExtensionKind::Conference(_) | ExtensionKind::Pivot(_) | ExtensionKind::Vxml(_),
            ) => Ok(Target::Ivr(extension.id)),
            (ExtensionStatus::Active, ExtensionKind::Phone(_)) => Ok(Target::Phone(extension.clone())),
        };
    }
    let allows = |trunk: &&Arc<Trunk>| trunk.dial.iter().any(|pattern| pattern.is_match(dialled));
    let trunks: Vec<Arc<Trunk>> = trunks.iter().filter(allows).cloned().collect();
    match trunks.is_empty() {
        true => Err(NoRoute::Unknown),
        false => Ok(Target::Trunks { trunks, number: dialled.to_owned() }),
    }
}

/// What one client's scripts see of the world around their call.
pub struct Around {
    /// The server, for its clock, its settings and the sounds of the system.
    pub rooms: Arc<Rooms>,
    /// The snapshot that the call began with.
    pub config: Arc<Config>,
    /// Whose numbers and intervals.
    pub client: ClientId,
    /// What is agreed with the caller for its sound.
    pub agreement: Agreement,
    /// Ends when a script has thought for long enough.
    pub patience: Patience,
}

impl Surroundings for Around {
    fn patience(&self) -> Patience {
        self.patience.clone()
    }

    fn sound(&self) -> Option<antiphon_ivr::AgreedSound> {
        self.agreement.sound()
    }

    fn is_internal(&self, digits: &str) -> bool {
        let extension = self.config.find_extension(digits, Some(self.client));
        extension.is_some_and(|extension| extension.status == ExtensionStatus::Active)
    }

    fn is_active(&self, interval: IntervalId) -> bool {
        let own = self.config.interval(interval).filter(|interval| interval.client == self.client);
        let now = Timestamp::try_from(self.rooms.wall.now());
        own.zip(now.ok()).is_some_and(|(interval, now)| interval.active.is_active(now))
    }

    fn policy(&self) -> Policy {
        self.rooms.settings.load().rules.policy
    }

    fn prompt(&self, sound: &SoundName, language: Language) -> Option<Prompt> {
        let of_client = || self.config.sounds().filter(|sound| sound.client == self.client);
        let own = || named(of_client(), &sound.name).map(Prompt::Sound);
        let of_system = || {
            let name = match sound.folder.trim_matches('/') {
                "" => sound.name.clone(),
                folder => format!("{folder}/{}", sound.name),
            };
            let language = sound.language.as_deref().and_then(|tag| tag.parse().ok()).unwrap_or(language);
            self.rooms.system_sound(&name, language).map(|_| Prompt::System { name: name.into(), language })
        };
        match sound.view {
            SoundView::Client => own(),
            SoundView::System => of_system(),
            SoundView::Any => own().or_else(of_system),
        }
    }

    fn pivot_policy(&self) -> Arc<pivot::Policy> {
        self.rooms.settings.load().pivot.policy.clone()
    }

    fn flow(&self, id: &str) -> Option<Arc<Node>> {
        let by_id = id.parse().ok().and_then(|id| self.config.flow(self.client, FlowId(id)));
        by_id.or_else(|| self.config.flow_named(self.client, id)).map(|flow| flow.runs.clone())
    }

    fn endpoints(&self, kind: EndpointKind, id: &str) -> Vec<String> {
        people::endpoints(&self.config, self.client, kind, id)
    }

    fn document(&self, kind: DocumentKind, id: &str) -> Option<serde_json::Value> {
        people::document(&self.config, self.client, kind, id)
    }

    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.rooms.wall.now()).unwrap_or_default()
    }

    fn zone(&self) -> TimeZone {
        TimeZone::system()
    }

    fn chance(&self) -> u64 {
        rand::random()
    }

    fn may_listen(&self) -> bool {
        self.config.client(self.client).is_some_and(|client| client.speech_to_text)
    }

    fn understands(&self) -> bool {
        self.may_listen() && self.rooms.speech.load().has_recogniser()
    }
}

/// The sound that is meant by a name: that of the content, that of the uploaded file, an id, and at last the name of the file without its
/// ending or a title. Of several, the newest (`ringme-ivr.md` 2.3, row A27).
fn named<'a>(sounds: impl Iterator<Item = &'a Arc<Sound>>, name: &str) -> Option<SoundId> {
    let id = name.parse().ok().map(SoundId);
    let rank = |sound: &Sound| {
        let stem = sound.uploaded_name.rsplit_once('.').map(|(stem, _)| stem);
        let ways = [sound.filename == name, sound.uploaded_name == name, Some(sound.id) == id];
        ways.into_iter().chain([stem == Some(name) || sound.title == name]).position(|fits| fits)
    };
    sounds.filter_map(|sound| Some((rank(sound)?, std::cmp::Reverse(sound.id)))).min().map(|(_, id)| id.0)
}

#[cfg(test)]
mod tests {
    use antiphon_media::Audio;

    use super::*;

    /// Row A27 of `ringme-ivr.md` 6.
    #[test]
    fn a_sound_is_known_by_content_file_id_and_at_last_by_its_bare_name() {
        let wav = crate::sounds::wav("en", "goodbye").expect("a prompt of the system");
        let audio = Arc::new(Audio::from_wav(wav).expect("it decodes"));
        let sound = |id, filename: &str, uploaded_name: &str, title: &str| {
            Arc::new(Sound {
                id: SoundId(id),
                client: ClientId(1),
                title: title.to_owned(),
                filename: filename.to_owned(),
                uploaded_name: uploaded_name.to_owned(),
                quality: None,
                audio: audio.clone(),
            })
        };
        let sounds = [
            sound(5, "ae3d96.wav", "hello.wav", "welcome"),
            sound(6, "bb0000.wav", "hello.wav", "5"),
            sound(7, "cc0000.wav", "7.wav", "hello.wav"),
            sound(8, "cc0000.wav", "5", "bye"),
        ];
        for (name, id) in [
            ("ae3d96.wav", Some(5)),
            ("cc0000.wav", Some(8)),
            ("hello.wav", Some(6)),
            ("hello", Some(6)),
            ("welcome", Some(5)),
            ("5", Some(8)),
            ("6", Some(6)),
            ("7", Some(7)),
            ("Hello.wav", None),
            ("9", None),
            ("", None),
        ] {
            assert_eq!(named(sounds.iter(), name), id.map(SoundId), "{name}");
        }
    }
}
