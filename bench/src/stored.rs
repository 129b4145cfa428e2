//! A store with much in it, written without a server: the API counts requests by the hour.
//!
//! Shape: menus of one context, the rules of each in its option `start` and in options of their own; of ten rules two look at the
//! caller's number.

use std::path::Path;

use antiphon_ivr::rules::OptionKey;
use antiphon_ivr::{ContextId, ExtensionId, RuleId};
use antiphon_server::store::changes::{
    CreateContext, CreateExtension, CreateOption, CreateRule, OptionPath, UpdateIvr,
};
use antiphon_server::store::{ClientId, Store};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// What is stored.
#[derive(Copy, Clone, Debug)]
pub struct Much {
    /// So many menus.
    pub menus: usize,
    /// So many rules in each.
    pub rules: usize,
    /// Of these, so many with a pattern that takes a millisecond to compile.
    pub heavy: usize,
}

/// A rule that is there.
#[derive(Copy, Clone, Debug)]
pub struct Place {
    /// Its menu.
    pub extension: ExtensionId,
    /// Its context, whose option `start` it is in.
    pub context: ContextId,
    /// The rule.
    pub rule: RuleId,
}

/// As many rules as an option has.
const OF_AN_OPTION: usize = 100;

/// Fills the store of a data directory, in which a server has been started before; the first rule of each menu.
///
/// # Errors
/// When the store refuses.
pub fn fill(data: &Path, much: Much) -> Result<Vec<Place>> {
    let store = Store::open(data)?;
    let client = store.snapshot().clients().next().context("the server has made a client")?.id;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut places = Vec::with_capacity(much.menus);
        for number in 0..much.menus {
            places.push(menu(&store, client, 200_000 + number, much).await?);
        }
        Ok(places)
    })
}

async fn menu(store: &Store, client: ClientId, number: usize, much: Much) -> Result<Place> {
    let body = json!({"name": format!("{number:06}"), "type": "ivr", "label": "load"});
    let extension = store.commit(CreateExtension { client, body }).await?.id;
    let body = json!({"name": "Main", "timeout": 5000});
    let context = store.commit(CreateContext { client, extension, body }).await?.id;
    let body = json!({"entry_context": context});
    store.commit(UpdateIvr { client, extension, body }).await?;
    let mut key = OptionKey::Start;
    for index in 0..much.rules {
        if index > 0 && index % OF_AN_OPTION == 0 {
            let body = json!({"digits": format!("{index}")});
            key = store.commit(CreateOption { client, extension, context, body }).await?;
        }
        let path = OptionPath { client, extension, context, key: key.clone() };
        store.commit(CreateRule { path, body: rule(index, much.heavy) }).await?;
    }
    Ok(Place { extension, context, rule: RuleId(1) })
}

/// A rule like those of a menu at work.
fn rule(index: usize, heavy: usize) -> Value {
    if index < heavy {
        let pattern = format!(r"^\+?{index}([0-9]{{1,40}}|[*#]{{1,40}}){{1,20}}$");
        return json!({"action": "hangup", "caller_id_action": "matches", "caller_id": pattern});
    }
    match index % 5 {
        0 => json!({"action": "set_variable", "set_variable_name": "place", "set_variable_value": "${called_did}"}),
        1 => json!({"action": "hangup", "caller_id_action": "matches", "caller_id": format!(r"^(\+|)7{index:03}")}),
        2 => json!({"action": "play_silence", "silence_time": 500, "call_status": "busy"}),
        3 => {
            json!({"action": "transfer", "transfer_dst": format!("20{index:04}"), "final": false, "call_status": "busy"})
        }
        _ => json!({"action": "hangup", "match_variable_name": "place", "match_variable_value": "nowhere"}),
    }
}
