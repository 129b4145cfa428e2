//! The demo menus, written with the same changes that the API makes.
//!
//! Shape: extension `100` has a context in English and one in Russian, extension `102` is where its key 3 leads.
//! Units: the API's: ms for the waits of a context, seconds for `transfer_timeout`.
//! Sources: `interface.md`, "First start"; `ringme-ivr.md` 1.3-1.6.

use antiphon_ivr::rules::OptionKey;
use antiphon_ivr::{ContextId, ExtensionId, SoundId};
use serde_json::{Value, json};

use crate::sounds;
use crate::store::changes::{
    CreateContext, CreateExtension, CreateOption, CreateRule, CreateSound, OptionPath, UpdateIvr,
};
use crate::store::{Change, ClientId, Edit, Rejected, StagedSound, Store, UploadError};

const NAMES: [&str; 8] = [
    "demo-welcome",
    "demo-menu",
    "demo-introduction",
    "invalid-choice",
    "goodbye",
    "demo-second-menu",
    "demo-calling",
    "demo-nobody",
];

/// The demo's sounds, decoded, each with its language and name.
pub(super) type Staged = Vec<(&'static str, &'static str, StagedSound)>;

/// Makes the files of the demo's sounds.
pub(super) fn stage(store: &Store) -> Result<Staged, UploadError> {
    let all = ["en", "ru"].into_iter().flat_map(|language| NAMES.map(|name| (language, name)));
    all.map(|(language, name)| {
        let wav = sounds::wav(language, name).unwrap_or_default();
        Ok((language, name, store.stage_sound(wav)?))
    })
    .collect()
}

/// Makes the sounds and the two menus.
pub(super) fn make(edit: &mut Edit<'_>, client: ClientId, staged: Staged) -> Result<(), Rejected> {
    let mut sounds = Vec::with_capacity(staged.len());
    for (language, name, content) in staged {
        let body = json!({ "title": format!("{language}/{name}") });
        let sound = CreateSound { client, body, uploaded_name: format!("{name}.wav"), content }.apply(edit)?;
        sounds.push((language, name, sound.id));
    }
    let mut menu = Menu::create(edit, client, "100", "demo", &sounds)?;
    let english = menu.context(edit, "English")?;
    let russian = menu.context(edit, "Russian")?;
    menu.begin_in(edit, english)?;
    first_menu(&mut menu, edit, Page { language: "en", context: english, other: russian })?;
    first_menu(&mut menu, edit, Page { language: "ru", context: russian, other: english })?;

    let mut menu = Menu::create(edit, client, "102", "second demo", &sounds)?;
    let context = menu.context(edit, "Second menu")?;
    menu.begin_in(edit, context)?;
    second_menu(&mut menu, edit, context)
}

/// One language of the first menu.
#[derive(Copy, Clone)]
struct Page {
    language: &'static str,
    context: ContextId,
    other: ContextId,
}

fn first_menu(menu: &mut Menu<'_>, edit: &mut Edit<'_>, page: Page) -> Result<(), Rejected> {
    menu.turn_to(page.language, page.context);
    let back = json!({"action": "jump_to_context", "context": page.context, "context_option": "timeout"});
    menu.option(edit, "start", [menu.say("demo-welcome"), menu.say("demo-menu")])?;
    menu.option(edit, "timeout", [menu.say("demo-menu")])?;
    menu.option(edit, "invalid", [menu.say("invalid-choice"), back.clone()])?;
    menu.option(edit, "1", [menu.say("demo-introduction"), back.clone()])?;
    menu.option(edit, "2", [json!({"action": "jump_to_context", "context": page.other})])?;
    menu.option(edit, "3", [json!({"action": "transfer", "transfer_dst": "102"})])?;
    let call = json!({"action": "transfer", "transfer_dst": "101", "final": false, "transfer_timeout": 20});
    menu.option(edit, "4", [menu.announce("demo-calling"), call, menu.say("demo-nobody"), back])?;
    menu.option(edit, "0", [menu.announce("goodbye"), json!({"action": "hangup"})])
}

fn second_menu(menu: &mut Menu<'_>, edit: &mut Edit<'_>, context: ContextId) -> Result<(), Rejected> {
    menu.turn_to("en", context);
    let back = json!({"action": "jump_to_context", "context": context, "context_option": "timeout"});
    menu.option(edit, "start", [menu.say("demo-second-menu")])?;
    menu.option(edit, "timeout", [menu.say("demo-second-menu")])?;
    menu.option(edit, "invalid", [menu.say("invalid-choice"), back])?;
    menu.option(edit, "1", [json!({"action": "transfer", "transfer_dst": "100"})])?;
    menu.option(edit, "0", [menu.announce("goodbye"), json!({"action": "hangup"})])
}

/// A menu that is being written, open at one context.
struct Menu<'a> {
    client: ClientId,
    extension: ExtensionId,
    sounds: &'a [(&'static str, &'static str, SoundId)],
    language: &'static str,
    context: ContextId,
}

impl<'a> Menu<'a> {
    fn create(
        edit: &mut Edit<'_>,
        client: ClientId,
        number: &str,
        label: &str,
        sounds: &'a [(&'static str, &'static str, SoundId)],
    ) -> Result<Self, Rejected> {
        let body = json!({"name": number, "type": "ivr", "label": label});
        let extension = CreateExtension { client, body }.apply(edit)?.id;
        Ok(Self { client, extension, sounds, language: "en", context: ContextId(0) })
    }

    /// A context whose keys act at once: one digit is a whole input, and internal numbers cannot be dialled.
    fn context(&self, edit: &mut Edit<'_>, name: &str) -> Result<ContextId, Rejected> {
        let body = json!({
            "name": name, "digit_len": 1, "allow_any_dial": false, "timeout": 5000, "inter_digit_timeout": 2000,
        });
        Ok(CreateContext { client: self.client, extension: self.extension, body }.apply(edit)?.id)
    }

    fn begin_in(&self, edit: &mut Edit<'_>, context: ContextId) -> Result<(), Rejected> {
        let body = json!({"entry_context": context, "lifetime": 1800});
        UpdateIvr { client: self.client, extension: self.extension, body }.apply(edit)?;
        Ok(())
    }

    fn turn_to(&mut self, language: &'static str, context: ContextId) {
        self.language = language;
        self.context = context;
    }

    fn sound(&self, name: &str) -> Option<SoundId> {
        self.sounds.iter().find(|(l, n, _)| *l == self.language && *n == name).map(|(_, _, id)| *id)
    }

    /// A prompt that a key stops.
    fn say(&self, name: &str) -> Value {
        json!({"action": "play_sound", "sound": self.sound(name), "sound_type": "background"})
    }

    /// A prompt that plays to its end.
    fn announce(&self, name: &str) -> Value {
        json!({"action": "play_sound", "sound": self.sound(name), "sound_type": "foreground"})
    }

    fn option<const N: usize>(&self, edit: &mut Edit<'_>, digits: &str, rules: [Value; N]) -> Result<(), Rejected> {
        let (client, extension, context) = (self.client, self.extension, self.context);
        let key = match digits.parse::<OptionKey>() {
            Ok(key) if key.is_built_in() => key,
            Ok(_) | Err(_) => {
                CreateOption { client, extension, context, body: json!({"digits": digits}) }.apply(edit)?
            }
        };
        for body in rules {
            let path = OptionPath { client, extension, context, key: key.clone() };
            CreateRule { path, body }.apply(edit)?;
        }
        Ok(())
    }
}
