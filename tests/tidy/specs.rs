//! Law: what an author can write has a specification.

use crate::assert_lawful;
use crate::tree::texts;

/// A specification belongs to an action when its document uses it: `"action": "play_sound"`.
#[test]
fn every_action_of_the_rules_is_used_in_a_specification() {
    let specs = texts("tests/specs/rules/", ".md");
    let actions = texts("crates/ivr/src/rules/actions/", ".rs").into_iter();
    let breaches: Vec<_> = actions
        .filter_map(|action| {
            let stem = action.path.rsplit('/').next()?.strip_suffix(".rs")?;
            let quoted = format!("\"{stem}\"");
            let exempt = matches!(stem, "mod" | "tests") || specs.iter().any(|spec| spec.content.contains(&quoted));
            (!exempt).then(|| format!("{}: no file in tests/specs/rules uses {quoted}", action.path))
        })
        .collect();
    assert_lawful("an action without a specification", &breaches);
}
