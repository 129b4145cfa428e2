//! `temporal_route`: goes on by the date and time.
//!
//! Shape: `rules`, each a rule that stands here (with its `id` or `name`), the id of a rule of the account, or the number of a time interval
//! of the client; then the ids that children are called by; then the members of `rule_set`. The first that is active leads to the child of
//! its name, a member of the set to the child `rule_set`, none to `_`. `timezone` is where the clock is.
//! Errors: a rule that is not there is not active, which is told.
//! Sources: `kazoo-pivot.md` 4.2.

use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{
    DocumentKind, Interrupted, IntervalId,
    pivot::{
        callflow::OTHERWISE,
        schema::{Data, Mode, Report},
        temporal::{self, Rule},
    },
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::any("rules").or_texts(&[]),
    Field::text("rule_set"),
    Field::text("timezone"),
    Field::one_of("action", &["menu", "enable", "disable", "reset"]),
    Field::integer("interdigit_timeout"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    if data.said("action").is_some() {
        session.warn("rules of time are not changed by calls; they are looked at").await?;
    }
    let now = local(data.said("timezone"), session).await?;
    let written = data.value("rules").and_then(Value::as_array).cloned().unwrap_or_default();
    for rule in written.iter().take(100) {
        let name = named(rule);
        if is_active(rule, now, session).await? {
            return Ok(Step::Child(name));
        }
    }
    let known = |id: &str| written.iter().any(|rule| named(rule) == id);
    for id in node.children.keys().filter(|id| *id != OTHERWISE && *id != "rule_set" && !known(id)) {
        if is_active(&Value::from(id.as_str()), now, session).await? {
            return Ok(Step::Child(id.clone()));
        }
    }
    if let Some(set) = data.said("rule_set") {
        let account = session.surroundings.document(DocumentKind::Account, "");
        let members =
            account.as_ref().and_then(|account| account.get("temporal_rules_sets")?.get(set)?.get("temporal_rules"));
        let members = members.and_then(Value::as_array).cloned().unwrap_or_default();
        for rule in &members {
            if is_active(rule, now, session).await? {
                return Ok(Step::Child("rule_set".to_owned()));
            }
        }
    }
    Ok(Step::Next)
}

/// What time it is where the rules are meant.
async fn local(zone: Option<&str>, session: &mut Session<'_>) -> Result<DateTime, Interrupted> {
    let named = zone.filter(|zone| *zone != "inherit").map(|zone| (zone.to_owned(), TimeZone::get(zone)));
    let zone = match named {
        None => session.surroundings.zone(),
        Some((_, Ok(zone))) => zone,
        Some((name, Err(_))) => {
            session.warn(format!("there is no time zone {name:?}; the client's own counts")).await?;
            session.surroundings.zone()
        }
    };
    Ok(zone.to_datetime(session.surroundings.now()))
}

fn named(rule: &Value) -> String {
    let name = rule.get("id").or_else(|| rule.get("_id")).or_else(|| rule.get("name")).unwrap_or(rule);
    name.as_str().unwrap_or_default().to_owned()
}

async fn is_active(rule: &Value, now: DateTime, session: &mut Session<'_>) -> Result<bool, Interrupted> {
    let id = match rule {
        Value::String(id) => id,
        rule => return inline(rule, now, session).await,
    };
    let account = session.surroundings.document(DocumentKind::Account, "");
    if let Some(rule) = account.as_ref().and_then(|account| account.get("temporal_rules")?.get(id)) {
        return inline(rule, now, session).await;
    }
    if let Ok(interval) = id.parse() {
        return Ok(session.surroundings.is_active(IntervalId(interval)));
    }
    session.warn(format!("there is no rule of time {id:?}; it is not active")).await?;
    Ok(false)
}

async fn inline(rule: &Value, now: DateTime, session: &mut Session<'_>) -> Result<bool, Interrupted> {
    let mut report = Report::new(Mode::Lenient);
    let data = Data::read(rule, temporal::FIELDS, &mut report);
    match report.finish(Rule::of(&data)) {
        Ok((rule, warnings)) => {
            for warning in warnings {
                session.warn(format!("a rule of time: {warning}")).await?;
            }
            Ok(rule.is_active(now))
        }
        Err(problems) => {
            let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
            session.warn(format!("a rule of time is not active: {}", told.join("; "))).await?;
            Ok(false)
        }
    }
}
