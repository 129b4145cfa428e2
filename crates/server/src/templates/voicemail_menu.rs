//! The menu by which messages are heard.
//!
//! Shape: whoever calls from a telephone with a mailbox hears it at once; anybody else, and for a mailbox that the request names, the PIN
//! is asked for, three times. Then message by message: 1 again, 2 next, 3 delete, 4 the one before, 9 keep as new, `*` ends.
//! Sources: `voicemail-menu.md` in `tests/specs/rules`, whose menu this is.

use antiphon_ivr::{ContextId, ExtensionId, SoundId};
use serde_json::{Value, json};

use super::author::Menu;
use crate::store::{ClientId, Edit, Rejected};

/// What it says.
pub(super) const SOUNDS: [&str; 9] = [
    "vm-new-messages",
    "vm-no-new-messages",
    "vm-keys",
    "vm-deleted",
    "vm-kept",
    "vm-no-more",
    "vm-enter-pin",
    "vm-denied",
    "goodbye",
];
/// How often the PIN is asked for. The server looks at no more of one call.
const ATTEMPTS: usize = 3;

/// A rule that holds where the step before came to this.
fn when(status: &str, mut rule: Value) -> Value {
    rule["match_variable_name"] = "vm_status".into();
    rule["match_variable_value"] = status.into();
    rule
}

fn step(step: &str) -> Value {
    json!({ "action": "voicemail", "voicemail_step": step })
}

fn jump(context: ContextId, option: &str) -> Value {
    json!({ "action": "jump_to_context", "context": context, "context_option": option })
}

pub(super) fn make(
    edit: &mut Edit<'_>,
    client: ClientId,
    body: &Value,
    language: &'static str,
    sounds: &[(&'static str, &'static str, SoundId)],
) -> Result<ExtensionId, Rejected> {
    let mut menu = Menu::create(edit, client, body, sounds)?;
    let entrance = menu.context(edit, "Entrance")?;
    let pin = menu.context(edit, "PIN")?;
    let messages = menu.context(edit, "Messages")?;
    menu.begin_in(edit, entrance)?;
    let open = |pin: Option<&str>| {
        let mailbox = body.get("mailbox").cloned().unwrap_or_default();
        json!({ "action": "voicemail", "voicemail_step": "open", "voicemail_mailbox": mailbox, "voicemail_pin": pin })
    };
    let hang_up = || json!({ "action": "hangup" });

    menu.turn_to(language, entrance);
    let begin = [open(None), when("open", jump(messages, "start")), when("denied", jump(pin, "start"))];
    menu.option(edit, "start", begin.into_iter().chain([menu.announce("vm-denied"), hang_up()]))?;

    menu.turn_to(language, pin);
    let ask = json!({
        "action": "record_digits", "record_digits_variable": "vm_pin", "record_digits_max": 12,
        "record_digits_sound": menu.sound("vm-enter-pin"), "record_digits_timeout": 10,
    });
    let attempt =
        || [ask.clone(), open(Some("${vm_pin}")), when("open", jump(messages, "start")), menu.announce("vm-denied")];
    menu.option(edit, "start", (0..ATTEMPTS).flat_map(|_| attempt()).chain([hang_up()]))?;

    menu.turn_to(language, messages);
    let mut none = menu.announce("vm-no-new-messages");
    none["match_variable_name"] = "vm_new".into();
    none["match_variable_value"] = "0".into();
    let mut passed = jump(messages, "2");
    passed["match_variable_name"] = "vm_new".into();
    passed["match_variable_value"] = "0".into();
    menu.option(edit, "start", [none, passed, menu.announce("vm-new-messages"), jump(messages, "2")])?;
    menu.option(edit, "1", [step("play"), menu.say("vm-keys")])?;
    let end = [when("end", menu.announce("vm-no-more")), when("end", menu.announce("goodbye")), when("end", hang_up())];
    menu.option(edit, "2", [step("next")].into_iter().chain(end).chain([jump(messages, "1")]))?;
    let deleted = when("deleted", menu.announce("vm-deleted"));
    menu.option(edit, "3", [step("delete"), deleted, jump(messages, "2")])?;
    menu.option(edit, "4", [step("previous"), jump(messages, "1")])?;
    menu.option(edit, "9", [step("keep"), when("kept", menu.announce("vm-kept")), jump(messages, "2")])?;
    menu.option(edit, "*", [menu.announce("goodbye"), hang_up()])?;
    menu.option(edit, "timeout", [menu.say("vm-keys")])?;
    menu.option(edit, "invalid", [menu.say("vm-keys")])?;
    Ok(menu.extension)
}
