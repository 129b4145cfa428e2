//! What the parts of a path mean.

use serde_json::{Value, json};

/// The schema and the meaning of a part that is written `{name}`.
pub(super) fn part(name: &str) -> Option<(Value, &'static str)> {
    let id = json!({ "type": "integer", "minimum": 1, "examples": [1] });
    let uuid = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    let word = |example: &str| json!({ "type": "string", "minLength": 1, "examples": [example] });
    Some(match name {
        "client" => {
            let schema = json!({ "type": "string", "pattern": "^(@me|[0-9]+)$", "examples": ["@me"] });
            (schema, "The client's id, or `@me` for that of the token.")
        }
        "extension" => (id, "The extension's id."),
        "context" => (id, "The context's id, counted within its menu."),
        "digits" => {
            let pattern = "^(start|timeout|invalid|[0-9*#]{1,32})$";
            let schema = json!({ "type": "string", "pattern": pattern, "examples": ["start"] });
            (schema, "The option: `start`, `timeout`, `invalid` or digits; `#` is written `%23`.")
        }
        "rule" => (id, "The rule's id, counted within its menu."),
        "sound" => (id, "The sound's id."),
        "did" => (id, "The DID's id."),
        "flow" => (id, "The flow's id."),
        "version" => (id, "The number of a version, counted within its extension."),
        "account" => (word("@me"), "The client's id, `@me`, or the account that its applications tell web servers."),
        "pivot_call" => (word("a84b4c76e66710"), "The Call-ID of a call, or its `debug_id`."),
        "event" => (id, "The subscription's id."),
        "interval" => (id, "The interval's id."),
        "variable" => (word("RECEPTION"), "The variable's name."),
        "script" => {
            let schema = json!({ "type": "string", "enum": ["dial-in", "dial-out", "hangup"] });
            (schema, "The event at which the script is asked.")
        }
        "mail" => (id, "The e-mail's id."),
        "upload" => (id, "The upload's id."),
        "file" => {
            (word("0194f0c6b2a07f3e9a51c2d4e6f80912.wav"), "The recording's id, with `.wav` or `.mp3` behind it.")
        }
        "refusal" => (id, "The number of the refused call."),
        "call" => (uuid, "The call's `call_uuid`."),
        "record" => (uuid, "The recording's id."),
        "conference" => (word("800"), "The conference's number, with or without its client's prefix."),
        "trunk" => (word("carrier"), "The trunk's name in the settings."),
        _ => return None,
    })
}

/// The names of the parts of a path, in order.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
