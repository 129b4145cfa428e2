//! A pattern that a script's author wrote, for callers' numbers and for what callers say.
//!
//! Shape: searched anywhere in the text, as in PCRE; `regex` where it parses the pattern, `fancy-regex` for look-around and
//! back-references.
//! Time: bounded by the pattern's and the text's length, with `fancy-regex` by `BACKTRACKS`; a search that is given up found nothing.
//! Errors: [`BadPattern`].
//! Sources: `ringme-ivr.md` 3.7 (numbers), 5.1 (speech).

use crate::vars::cut;

/// Most characters of a pattern.
pub const MAX_PATTERN: usize = 1024;
/// Most bytes of a compiled pattern.
const COMPILED: usize = 1 << 20;
/// Most steps back in one search.
const BACKTRACKS: usize = 10_000;
/// As much of a text as is searched, in bytes; what is longer is no number and no sentence.
const SEARCHED: usize = 1024;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    engine: Engine,
    case: Case,
}

/// Whether a pattern tells capitals from small letters.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Case {
    Matters,
    Ignored,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// A text that is no pattern, or too large a one.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum BadPattern {
    /// It has more than [`MAX_PATTERN`] characters.
    #[error("has at most {MAX_PATTERN} characters")]
    TooLong,
    /// It would take too much memory.
    #[error("is too large once its repetitions are counted out")]
    TooLarge,
    /// It is not a regular expression.
    #[error("is not a regular expression")]
    Malformed,
}

impl Pattern {
    /// Compiles a pattern that tells capitals from small letters.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        Self::compile(pattern, Case::Matters)
    }

    /// Compiles a pattern that does not, in any script.
    pub fn ignoring_case(pattern: &str) -> Result<Self, BadPattern> {
        Self::compile(pattern, Case::Ignored)
    }

    fn compile(pattern: &str, case: Case) -> Result<Self, BadPattern> {
        if pattern.chars().count() > MAX_PATTERN {
            return Err(BadPattern::TooLong);
        }
        let any_case = case == Case::Ignored;
        let mut linear = regex::RegexBuilder::new(pattern);
        match linear.case_insensitive(any_case).size_limit(COMPILED).dfa_size_limit(COMPILED).build() {
            Ok(linear) => Ok(Self { engine: Engine::Linear(linear), case }),
            Err(regex::Error::CompiledTooBig(_)) => Err(BadPattern::TooLarge),
            Err(_) if !needs_backtracking(pattern) => Err(BadPattern::Malformed),
            Err(_) => fancy_regex::RegexBuilder::new(pattern)
                .case_insensitive(any_case)
                .backtrack_limit(BACKTRACKS)
                .delegate_size_limit(COMPILED)
                .delegate_dfa_size_limit(COMPILED)
                .build()
                .map(|backtracking| Self { engine: Engine::Backtracking(Box::new(backtracking)), case })
                .map_err(|_| BadPattern::Malformed),
        }
    }

    /// Whether the pattern is found in a text.
    pub fn is_match(&self, text: &str) -> bool {
        let text = cut(text, SEARCHED);
        match &self.engine {
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

/// Whether a pattern has look-around or a back-reference, which the linear engine does not know.
///
/// The other engine takes more than that, `a{2,1}` for one, which an author does not mean.
fn needs_backtracking(pattern: &str) -> bool {
    let references = |pair: &[u8]| pair[0] == b'\\' && (pair[1].is_ascii_digit() || pair[1] == b'k');
    ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look))
        || pattern.as_bytes().windows(2).any(references)
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() && self.case == other.case
    }
}

impl Pattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        match &self.engine {
            Engine::Linear(regex) => regex.as_str(),
            Engine::Backtracking(regex) => regex.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_searched_anywhere_in_the_number() {
        for (pattern, number, found) in [
            (r"^(\+|)7812", "+78121234567", true),
            (r"^(\+|)7812", "78121234567", true),
            (r"^(\+|)7812", "74951234567", false),
            ("12", "+78121234567", true),
            (r"^7(?!812)", "74951234567", true),
            (r"^7(?!812)", "78121234567", false),
            (r"(\d)\1{3}", "+7855550", true),
            (r"(\d)\1{3}", "+7855150", false),
            ("", "", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().is_match(number), found, "{pattern} {number}");
        }
    }

    #[test]
    fn case_is_ignored_in_every_script_and_by_both_engines() {
        for (pattern, text, found) in [
            ("машина|техник", "Мне нужен ТЕХНИК", true),
            ("машина|техник", "косметика", false),
            ("yes|yeah", "Yeah, sure", true),
            ("(?=.*red)(?=.*car)", "A Car that is RED", true),
        ] {
            assert_eq!(Pattern::ignoring_case(pattern).unwrap().is_match(text), found, "{pattern} {text}");
        }
        assert!(!Pattern::new("yes").unwrap().is_match("YES"));
    }

    #[test]
    fn a_bad_pattern_is_refused() {
        for (pattern, error) in [
            ("(".to_owned(), BadPattern::Malformed),
            ("a{2,1}".to_owned(), BadPattern::Malformed),
            ("*".to_owned(), BadPattern::Malformed),
            (r"(?<=a+)b(".to_owned(), BadPattern::Malformed),
            ("(((a{100}){100}){100})".to_owned(), BadPattern::TooLarge),
            ("a".repeat(MAX_PATTERN + 1), BadPattern::TooLong),
        ] {
            assert_eq!(Pattern::new(&pattern).err(), Some(error), "{pattern}");
        }
    }

    /// The patterns that stop a backtracking engine: here they end at once, and where they need backtracking, they find nothing.
    #[test]
    fn an_evil_pattern_ends() {
        let number = "1".repeat(200) + "x";
        for pattern in [r"^(1+)+$", r"^(1|11)+$", r"^(?=1)(1+)+\1$", r"^((1*)*)*(?!x)$", r"(?=(1+))(\1+)+$"] {
            assert!(!Pattern::new(pattern).unwrap().is_match(&number), "{pattern}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let _ = Pattern::new(&("(?=".repeat(300) + &")".repeat(300)));
        let _ = Pattern::new(&"(".repeat(MAX_PATTERN));
    }
}
