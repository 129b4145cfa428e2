//! Rules of an option, and their order.
//!
//! Shape: ids count up within the extension; positions are 1, 2, 3 in the database and the order of a list in memory.
//! Errors: a rule is checked with everything that it refers to before it is stored.
//! Sources: `ringme-ivr.md` 1.5, 1.6, 2.5 (rows 11 to 17).

use antiphon_ivr::rules::wire::FieldError;
use antiphon_ivr::rules::{OptionKey, Rule, wire};
use antiphon_ivr::{ContextId, ExtensionId, RuleId};
use serde_json::Value;

use super::super::document::{IvrDocument, OptionDocument, StoredRule};
use super::super::model::ClientId;
use super::super::writer::{Change, Edit, signed};
use super::super::{Denied, Missing, Rejected, limits};
use super::{Known, all_of, document_of, put_document, write_ivr};

/// Where rules hang.
#[derive(Clone, Debug)]
pub struct OptionPath {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// The context.
    pub context: ContextId,
    /// The option.
    pub key: OptionKey,
}

/// Makes a rule.
#[derive(Debug)]
pub struct CreateRule {
    /// Where.
    pub path: OptionPath,
    /// The request: `action` and what it needs, `order_position` where it is not to be last.
    pub body: Value,
}

/// Changes a rule.
#[derive(Debug)]
pub struct UpdateRule {
    /// Where.
    pub path: OptionPath,
    /// Which.
    pub id: RuleId,
    /// The request: `action`, and any subset of the rest.
    pub body: Value,
}

/// Removes a rule.
#[derive(Debug)]
pub struct DeleteRule {
    /// Where.
    pub path: OptionPath,
    /// Which.
    pub id: RuleId,
}

/// Puts the rules of an option into another order.
#[derive(Debug)]
pub struct ReorderRules {
    /// Where.
    pub path: OptionPath,
    /// The request: `rules_ids`, each rule's id once.
    pub body: Value,
}

impl OptionPath {
    /// The menu, to be changed; the option is there.
    fn document(&self, edit: &Edit<'_>) -> Result<IvrDocument, Rejected> {
        let document = document_of(edit.config(), self.client, self.extension)?;
        self.option(&document)?;
        Ok(document)
    }

    fn option<'a>(&self, document: &'a IvrDocument) -> Result<&'a OptionDocument, Missing> {
        let context = document.contexts.get(&self.context).ok_or(Missing::Context)?;
        context.option(&self.key).ok_or(Missing::Option)
    }

    fn edit<T>(&self, document: &mut IvrDocument, edit: impl FnOnce(&mut Vec<StoredRule>) -> T) -> Result<T, Missing> {
        document.edit_rules(self.context, &self.key, edit).ok_or(Missing::Option)
    }

    /// Refuses a rule that cannot run, with these problems of its request and all others.
    fn check(
        &self,
        edit: &Edit<'_>,
        document: &IvrDocument,
        rule: &wire::Rule,
        problems: Vec<FieldError>,
    ) -> Result<Rule, Rejected> {
        let known = Known { config: edit.config(), client: self.client, document };
        let runs = all_of(problems, Rule::check(rule, &known))?;
        let may_listen = edit.config().client(self.client).is_some_and(|client| client.speech_to_text);
        if rule.action == Some(wire::ActionName::VoiceHelper) && !may_listen {
            return Err(Denied::SpeechToText.into());
        }
        Ok(runs)
    }

    /// Writes where each rule of the option stands.
    fn write_order(&self, edit: &Edit<'_>, document: &IvrDocument) -> Result<(), Rejected> {
        let query = "UPDATE rule SET position = ?3 WHERE extension = ?1 AND id = ?2 AND position <> ?3";
        let mut statement = edit.transaction.prepare_cached(query)?;
        for (position, rule) in (1_i64..).zip(&self.option(document)?.rules) {
            statement.execute((signed(self.extension.0), signed(rule.id.0), position))?;
        }
        Ok(())
    }
}

impl Change for CreateRule {
    type Answer = wire::Rule;

    fn apply(self, edit: &mut Edit<'_>) -> Result<wire::Rule, Rejected> {
        let path = &self.path;
        let mut document = path.document(edit)?;
        let (mut rule, mut problems) = wire::Rule::default().patched(&self.body)?;
        let position = wire::order_position(&self.body).unwrap_or_else(|wrong| {
            problems.extend(wrong);
            None
        });
        let runs = path.check(edit, &document, &rule, problems)?;
        let there = room(&document, path)?;
        rule.id = document.take_rule_id();
        write_ivr(edit, path.extension, &document)?;
        let stored = StoredRule::new(&rule, runs);
        let index = position.map_or(there, |position| position.saturating_sub(1).min(there));
        // One that comes last needs no other to move.
        let place = if index == there { index + 1 } else { 0 };
        let query = "INSERT INTO rule (extension, id, context, digits, position, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (extension, context) = (signed(path.extension.0), signed(path.context.0));
        let row = (extension, signed(rule.id.0), context, path.key.as_str(), signed(place as u64), stored.text());
        edit.transaction.prepare_cached(query)?.execute(row)?;
        path.edit(&mut document, |rules| rules.insert(index, stored))?;
        if index < there {
            path.write_order(edit, &document)?;
        }
        put_document(edit, path.extension, document);
        Ok(rule)
    }
}

/// How many rules the option has, to which one more may come.
fn room(document: &IvrDocument, path: &OptionPath) -> Result<usize, Rejected> {
    let there = path.option(document)?.rules.len();
    if there >= limits::RULES_OF_AN_OPTION {
        return Err(Rejected::Full { table: "rules of the option", most: limits::RULES_OF_AN_OPTION });
    }
    if document.count() >= limits::RULES_OF_AN_IVR {
        return Err(Rejected::Full { table: "rules of the IVR", most: limits::RULES_OF_AN_IVR });
    }
    Ok(there)
}

impl Change for UpdateRule {
    type Answer = wire::Rule;

    fn apply(self, edit: &mut Edit<'_>) -> Result<wire::Rule, Rejected> {
        let path = &self.path;
        let mut document = path.document(edit)?;
        let old = path.option(&document)?.rule(self.id).ok_or(Missing::Rule)?;
        let (rule, problems) = old.written().patched(&self.body)?;
        let new = StoredRule::new(&rule, path.check(edit, &document, &rule, problems)?);
        let query = "UPDATE rule SET body = ?3 WHERE extension = ?1 AND id = ?2";
        let row = (signed(path.extension.0), signed(self.id.0), new.text());
        edit.transaction.prepare_cached(query)?.execute(row)?;
        path.edit(&mut document, |rules| {
            if let Some(stored) = rules.iter_mut().find(|stored| stored.id == self.id) {
                *stored = new;
            }
        })?;
        put_document(edit, path.extension, document);
        Ok(rule)
    }
}

impl Change for DeleteRule {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let path = &self.path;
        let mut document = path.document(edit)?;
        path.option(&document)?.rule(self.id).ok_or(Missing::Rule)?;
        path.edit(&mut document, |rules| rules.retain(|rule| rule.id != self.id))?;
        let query = "DELETE FROM rule WHERE extension = ?1 AND id = ?2";
        edit.transaction.prepare_cached(query)?.execute((signed(path.extension.0), signed(self.id.0)))?;
        path.write_order(edit, &document)?;
        put_document(edit, path.extension, document);
        Ok(())
    }
}

impl Change for ReorderRules {
    type Answer = Vec<RuleId>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Vec<RuleId>, Rejected> {
        let path = &self.path;
        let mut document = path.document(edit)?;
        let wanted = rules_ids(&self.body)?;
        path.edit(&mut document, |rules| reorder(rules, &wanted))??;
        path.write_order(edit, &document)?;
        put_document(edit, path.extension, document);
        Ok(wanted)
    }
}

fn reorder(rules: &mut Vec<StoredRule>, wanted: &[RuleId]) -> Result<(), Rejected> {
    let mut left = std::mem::take(rules);
    for id in wanted {
        let found = left.iter().position(|rule| rule.id == *id).ok_or_else(not_a_permutation)?;
        rules.push(left.remove(found));
    }
    if left.is_empty() { Ok(()) } else { Err(not_a_permutation()) }
}

fn not_a_permutation() -> Rejected {
    Rejected::field("rules_ids", "must hold the id of each rule of the option exactly once")
}

fn rules_ids(body: &Value) -> Result<Vec<RuleId>, Rejected> {
    let ids = body.get("rules_ids").ok_or_else(|| Rejected::field("rules_ids", "is required"))?;
    let ids = ids.as_array().ok_or_else(|| Rejected::field("rules_ids", "must be a list of rule ids"))?;
    let id = |value: &Value| match value {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let ids: Option<Vec<RuleId>> = ids.iter().map(|value| id(value).map(RuleId)).collect();
    ids.ok_or_else(|| Rejected::field("rules_ids", "must be a list of rule ids"))
}
