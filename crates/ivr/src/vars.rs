//! The variables of a call.
//!
//! Shape: names `[A-Za-z][A-Za-z0-9_]*` to strings; [`Vars::expand`] puts them into a text as `${name}`.
//! Errors: [`NotSet`] when a name is malformed or a cap is met; the variables stay as they were.
//! Sources: `ringme-ivr.md` 1.7 (predefined), 3.9 (names, expansion).

use std::collections::BTreeMap;

use crate::Caller;

/// Most variables that a call holds.
pub const MAX_VARIABLES: usize = 256;
/// Most bytes of a variable's name.
pub const MAX_NAME: usize = 64;
/// Most bytes of a variable's value, and of an expanded text.
pub const MAX_VALUE: usize = 4096;

/// Why a variable was not set.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotSet {
    /// The name is not `[A-Za-z][A-Za-z0-9_]*`, or longer than [`MAX_NAME`].
    #[error("a variable's name is a letter and then letters, digits and _, at most {MAX_NAME} in all")]
    BadName,
    /// The value is longer than [`MAX_VALUE`].
    #[error("a variable's value has at most {MAX_VALUE} bytes")]
    ValueTooLong,
    /// The call holds [`MAX_VARIABLES`] already.
    #[error("a call holds at most {MAX_VARIABLES} variables")]
    TooMany,
}

/// The variables of one call.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Vars(BTreeMap<String, String>);

impl Vars {
    /// The predefined variables: `called_did`, `caller_id_name` and `caller_id_number` (`ringme-ivr.md` 1.7); for a call that was
    /// passed on to us also `diversion_number` and `diversion_reason`, and for one to a public number `CALLEDDID`, as scripts of VoipNow
    /// call it (`ringme-ivr.md` 4.5).
    ///
    /// What the network sent is cut at [`MAX_VALUE`].
    pub fn of_caller(caller: &Caller) -> Self {
        let predefined = [
            ("called_did", &caller.called_did),
            ("caller_id_name", &caller.name),
            ("caller_id_number", &caller.number),
        ];
        // These are set only where there is something to say.
        let more = [
            ("diversion_number", &caller.diversion_number),
            ("diversion_reason", &caller.diversion_reason),
            ("CALLEDDID", &caller.did),
        ];
        let said = more.into_iter().filter(|(_, value)| !value.is_empty());
        let all = predefined.into_iter().chain(said);
        Self(all.map(|(name, value)| (name.to_owned(), cut(value, MAX_VALUE).to_owned())).collect())
    }

    /// Whether a text can be the name of a variable.
    pub fn is_name(name: &str) -> bool {
        let mut chars = name.chars();
        name.len() <= MAX_NAME
            && chars.next().is_some_and(|first| first.is_ascii_alphabetic())
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    /// Sets a variable, replacing what it was.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), NotSet> {
        if !Self::is_name(name) {
            return Err(NotSet::BadName);
        }
        if value.len() > MAX_VALUE {
            return Err(NotSet::ValueTooLong);
        }
        if self.0.len() >= MAX_VARIABLES && !self.0.contains_key(name) {
            return Err(NotSet::TooMany);
        }
        self.0.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// The variable's value, or `None` where it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Makes a variable unset, and returns what it was.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// All variables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text with every `${name}` replaced by the variable's value, an unset one by nothing.
    ///
    /// One pass: what a value brings in is not looked at again. Anything else, also `$name` and `${not a name}`, stays.
    /// The result is cut at [`MAX_VALUE`] bytes.
    pub fn expand(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = next_reference(rest) {
            expanded.push_str(before);
            expanded.push_str(self.get(name).unwrap_or_default());
            rest = after;
            if expanded.len() > MAX_VALUE {
                break;
            }
        }
        if expanded.len() <= MAX_VALUE {
            expanded.push_str(rest);
        }
        expanded.truncate(cut(&expanded, MAX_VALUE).len());
        expanded
    }
}

/// The first `${name}` of a text: what stands before it, its name, what follows it.
fn next_reference(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("${") {
        let start = from + found;
        let inside = &text[start + 2..];
        // A name is short, so a text full of openings costs no second look at its far end.
        let length = inside.bytes().take(MAX_NAME + 1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let (name, after) = inside.split_at(length);
        if let Some(after) = after.strip_prefix('}')
            && Vars::is_name(name)
        {
            return Some((&text[..start], name, after));
        }
        from = start + 2;
    }
    None
}

/// As much of a text as `longest` bytes hold, without splitting a character.
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars() -> Vars {
        let mut vars = Vars::default();
        vars.set("mgr", "207").unwrap();
        vars.set("loop", "${loop}").unwrap();
        vars
    }

    #[test]
    fn references_are_replaced_once_and_unknown_ones_vanish() {
        for (text, expanded) in [
            ("", ""),
            ("plain", "plain"),
            ("${mgr}", "207"),
            ("a${mgr}b${mgr}", "a207b207"),
            ("${nobody}!", "!"),
            ("${loop}", "${loop}"),
            ("$mgr $${mgr}", "$mgr $207"),
            ("${mgr", "${mgr"),
            ("${}${not a name}${1x}", "${}${not a name}${1x}"),
            ("${a${mgr}", "${a207"),
            ("ж${mgr}ж", "ж207ж"),
        ] {
            assert_eq!(vars().expand(text), expanded, "{text}");
        }
    }

    #[test]
    fn an_expanded_text_has_a_cap() {
        let mut vars = Vars::default();
        vars.set("big", &"ж".repeat(MAX_VALUE / 2)).unwrap();
        let expanded = vars.expand(&format!("x{}", "${big}".repeat(1000)));
        assert!(expanded.len() <= MAX_VALUE && expanded.len() > MAX_VALUE - 2, "{}", expanded.len());
    }

    #[test]
    fn a_bad_name_a_long_value_and_one_too_many_are_refused() {
        let mut vars = vars();
        for name in ["", "1a", "_a", "a-b", "a b", "ж", &"a".repeat(MAX_NAME + 1)] {
            assert_eq!(vars.set(name, ""), Err(NotSet::BadName), "{name}");
        }
        assert_eq!(vars.set("a", &"x".repeat(MAX_VALUE + 1)), Err(NotSet::ValueTooLong));
        while vars.iter().count() < MAX_VARIABLES {
            vars.set(&format!("v{}", vars.iter().count()), "").unwrap();
        }
        assert_eq!(vars.set("one_more", ""), Err(NotSet::TooMany));
        assert_eq!(vars.set("mgr", "208"), Ok(()), "a full table still takes a new value for an old name");
        assert_eq!(vars.remove("mgr").as_deref(), Some("208"));
        assert_eq!(vars.get("mgr"), None);
    }

    #[test]
    fn a_call_begins_with_its_three_predefined_variables() {
        let caller = Caller {
            number: "+78121234567".into(),
            name: "Anna".into(),
            called_did: "071".into(),
            ..Caller::default()
        };
        let vars = Vars::of_caller(&caller);
        assert_eq!(
            vars.iter().collect::<Vec<_>>(),
            [("called_did", "071"), ("caller_id_name", "Anna"), ("caller_id_number", "+78121234567")]
        );
        let passed_on = Caller { diversion_number: "+74950000000".into(), ..caller };
        assert_eq!(Vars::of_caller(&passed_on).get("diversion_number"), Some("+74950000000"));
        assert_eq!(Vars::of_caller(&passed_on).get("diversion_reason"), None);
        let outside = Caller { did: "+74950000001".into(), ..passed_on };
        assert_eq!(Vars::of_caller(&outside).get("CALLEDDID"), Some("+74950000001"));
    }
}
