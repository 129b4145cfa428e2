//! Law: what an author can write has a specification.

use crate::assert_lawful;
use crate::tree::texts;

/// A specification belongs to an action when its document uses it: `"action": "play_sound"`.
#[test]
fn every_action_of_the_rules_is_used_in_a_specification() {
    let specs = texts("tests/specs/", ".md");
    let actions = texts("crates/ivr/src/rules/actions/", ".rs").into_iter();
    let breaches: Vec<_> = actions
        .filter_map(|action| {
            let stem = action.path.rsplit('/').next()?.strip_suffix(".rs")?;
            let quoted = format!("\"{stem}\"");
            let exempt = matches!(stem, "mod" | "tests") || specs.iter().any(|spec| spec.content.contains(&quoted));
            (!exempt).then(|| format!("{}: no file in tests/specs uses {quoted}", action.path))
        })
        .collect();
    assert_lawful("an action without a specification", &breaches);
}

/// A specification belongs to a verb when an answer in it has one: `<PlaySound`.
#[test]
fn every_verb_of_call_interactive_is_used_in_a_specification() {
    let specs = texts("tests/specs/interactive/", ".md");
    let written: String = specs.iter().map(|spec| spec.content.to_lowercase()).collect();
    let breaches: Vec<_> = texts("crates/ivr/src/interactive/verbs/", ".rs")
        .into_iter()
        .filter_map(|verb| {
            let stem = verb.path.rsplit('/').next()?.strip_suffix(".rs")?;
            let tag = format!("<{}", stem.replace('_', ""));
            (!written.contains(&tag)).then(|| format!("{}: no file in tests/specs/interactive uses {tag}", verb.path))
        })
        .collect();
    assert_lawful("a verb without a specification", &breaches);
}

/// A specification belongs to a module of Pivot's callflows when a flow in it uses it.
#[test]
fn every_module_of_a_callflow_is_used_in_a_specification() {
    let specs = texts("tests/specs/pivot/", ".md");
    let breaches: Vec<_> = texts("crates/ivr/src/pivot/callflow/modules/", ".rs")
        .into_iter()
        .filter_map(|module| {
            let stem = module.path.rsplit('/').next()?.strip_suffix(".rs")?;
            let used = format!("\"module\": \"{stem}\"");
            let exempt = stem == "tests" || specs.iter().any(|spec| spec.content.contains(&used));
            (!exempt).then(|| format!("{}: no file in tests/specs/pivot uses {used}", module.path))
        })
        .collect();
    assert_lawful("a module without a specification", &breaches);
}

/// The same for TwiML: `<Gather`. Two files have what stands in several verbs.
#[test]
fn every_verb_of_twiml_is_used_in_a_specification() {
    let specs = texts("tests/specs/pivot/", ".md");
    let written: String = specs.iter().map(|spec| spec.content.to_lowercase()).collect();
    let folder = "crates/ivr/src/pivot/twiml/verbs/";
    let verbs = texts(folder, ".rs").into_iter().filter_map(|verb| {
        let stem = verb.path.strip_prefix(folder)?.strip_suffix(".rs")?;
        (!stem.contains('/') && !["fork", "spoken"].contains(&stem)).then(|| format!("<{stem}"))
    });
    let breaches: Vec<_> = verbs
        .filter(|tag| !written.contains(tag))
        .map(|tag| format!("no file in tests/specs/pivot uses {tag}"))
        .collect();
    assert_lawful("a verb without a specification", &breaches);
}
