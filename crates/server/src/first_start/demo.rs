//! The demo menus, written with the same changes that the API makes.
//!
//! Shape: extension `100` has a context in English and one in Russian, extension `102` is where its key 3 leads.
//! Units: the API's: ms for the waits of a context, seconds for `transfer_timeout`.
//! Sources: `interface.md`, "First start"; `ringme-ivr.md` 1.3-1.6.

use antiphon_ivr::ContextId;
use serde_json::json;

use crate::sounds;
use crate::store::changes::CreateSound;
use crate::store::{Change, ClientId, Edit, Rejected, StagedSound, Store, UploadError};
use crate::templates::author::Menu;

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
    let mut menu = Menu::create(edit, client, &json!({"name": "100", "label": "demo"}), &sounds)?;
    let english = menu.context(edit, "English")?;
    let russian = menu.context(edit, "Russian")?;
    menu.begin_in(edit, english)?;
    first_menu(&mut menu, edit, Page { language: "en", context: english, other: russian })?;
    first_menu(&mut menu, edit, Page { language: "ru", context: russian, other: english })?;

    let mut menu = Menu::create(edit, client, &json!({"name": "102", "label": "second demo"}), &sounds)?;
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
