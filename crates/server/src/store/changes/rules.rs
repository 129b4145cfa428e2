//! Rules of an option, and their order.
//!
//! Shape: ids count up within the extension; positions are 1, 2, 3 in the database and the order of a list in memory.
//! Errors: a rule is checked with everything that it refers to before it is stored.
//! Sources: `ringme-ivr.md` 1.5, 1.6, 2.5 (rows 11 to 17).

use antiphon_ivr::rules::{OptionKey, Rule, wire};
use antiphon_ivr::{ContextId, ExtensionId, RuleId};
use serde_json::Value;

use super::super::document::{IvrDocument, OptionDocument};
use super::super::model::ClientId;
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected, limits};
use super::{Known, document_of, json, put_document, write_ivr};

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
    fn document(&self, edit: &Edit<'_>) -> Result<IvrDocument, Rejected> {
        let document = document_of(edit.config(), self.client, self.extension)?;
        let context = document.contexts.get(&self.context).ok_or(Missing::Context)?;
        context.option(&self.key).ok_or(Missing::Option)?;
        Ok(document)
    }

    fn option<'a>(&self, document: &'a mut IvrDocument) -> Result<&'a mut OptionDocument, Missing> {
        let context = document.contexts.get_mut(&self.context).ok_or(Missing::Context)?;
        context.option_mut(&self.key).ok_or(Missing::Option)
    }

    fn check(&self, edit: &Edit<'_>, document: &IvrDocument, rule: &wire::Rule) -> Result<(), Rejected> {
        Rule::check(rule, &Known { config: edit.config(), client: self.client, document })?;
        Ok(())
    }

    /// Writes where each rule of the option stands.
    fn write_order(&self, edit: &Edit<'_>, option: &OptionDocument) -> Result<(), Rejected> {
        let query = "UPDATE rule SET position = ?3 WHERE extension = ?1 AND id = ?2 AND position <> ?3";
        let mut statement = edit.transaction.prepare_cached(query)?;
        for (position, rule) in (1_i64..).zip(&option.rules) {
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
        let position = wire::order_position(&self.body)?;
        let mut rule = wire::Rule::default().patch(&self.body)?;
        path.check(edit, &document, &rule)?;
        room(&mut document, path)?;
        rule.id = document.take_rule_id();
        write_ivr(edit, path.extension, &document)?;
        let query = "INSERT INTO rule (extension, id, context, digits, position, body) VALUES (?1, ?2, ?3, ?4, 0, ?5)";
        let (extension, context) = (signed(path.extension.0), signed(path.context.0));
        let row = (extension, signed(rule.id.0), context, path.key.as_str(), json(&rule));
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let option = path.option(&mut document)?;
        let index = position.map_or(option.rules.len(), |position| position.saturating_sub(1).min(option.rules.len()));
        option.rules.insert(index, rule.clone());
        path.write_order(edit, option)?;
        put_document(edit, path.extension, document);
        Ok(rule)
    }
}

fn room(document: &mut IvrDocument, path: &OptionPath) -> Result<(), Rejected> {
    if path.option(document)?.rules.len() >= limits::RULES_OF_AN_OPTION {
        return Err(Rejected::Full { table: "rules of the option", most: limits::RULES_OF_AN_OPTION });
    }
    if document.rules().count() >= limits::RULES_OF_AN_IVR {
        return Err(Rejected::Full { table: "rules of the IVR", most: limits::RULES_OF_AN_IVR });
    }
    Ok(())
}

impl Change for UpdateRule {
    type Answer = wire::Rule;

    fn apply(self, edit: &mut Edit<'_>) -> Result<wire::Rule, Rejected> {
        let path = &self.path;
        let mut document = path.document(edit)?;
        let stored = path.option(&mut document)?.rule(self.id).ok_or(Missing::Rule)?;
        let rule = stored.patch(&self.body)?;
        path.check(edit, &document, &rule)?;
        let query = "UPDATE rule SET body = ?3 WHERE extension = ?1 AND id = ?2";
        let row = (signed(path.extension.0), signed(self.id.0), json(&rule));
        edit.transaction.prepare_cached(query)?.execute(row)?;
        for stored in path.option(&mut document)?.rules.iter_mut().filter(|stored| stored.id == self.id) {
            *stored = rule.clone();
        }
        put_document(edit, path.extension, document);
        Ok(rule)
    }
}

impl Change for DeleteRule {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let path = &self.path;
        let mut document = path.document(edit)?;
        let option = path.option(&mut document)?;
        option.rule(self.id).ok_or(Missing::Rule)?;
        option.rules.retain(|rule| rule.id != self.id);
        let query = "DELETE FROM rule WHERE extension = ?1 AND id = ?2";
        edit.transaction.prepare_cached(query)?.execute((signed(path.extension.0), signed(self.id.0)))?;
        path.write_order(edit, option)?;
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
        let option = path.option(&mut document)?;
        let mut left = std::mem::take(&mut option.rules);
        for id in &wanted {
            let found = left.iter().position(|rule| rule.id == *id).ok_or_else(not_a_permutation)?;
            option.rules.push(left.remove(found));
        }
        if !left.is_empty() {
            return Err(not_a_permutation());
        }
        path.write_order(edit, option)?;
        put_document(edit, path.extension, document);
        Ok(wanted)
    }
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
