//! Menus of rules, where their vendor's documentation leaves a choice.
//!
//! Shape: flags of `[rules]`, all of them off unless the file says otherwise.
//! Sources: `ringme-ivr.md` 2.5 (`post_rule_as_object`), 3.4, 3.6.

use antiphon_ivr::rules::Policy;

use super::file::RulesTable;

/// How menus are run, and how the API shows a new rule.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub struct RulesSettings {
    /// How menus are run.
    pub policy: Policy,
    /// A new rule is answered as an object, not as a list of one.
    pub post_rule_as_object: bool,
}

pub(super) fn rules(table: &RulesTable) -> RulesSettings {
    let RulesTable { strict_final, transfer_timeout_falls_through, eager_match, post_rule_as_object } = *table;
    let policy = Policy { strict_final, transfer_timeout_falls_through, eager_match };
    RulesSettings { policy, post_rule_as_object }
}
