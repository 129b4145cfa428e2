use std::fmt::Write as _;

use super::*;
use crate::op::{KeyJudge, KeyState};

fn active(grammars: &[Grammar]) -> Active {
    let linked = |grammar: &Grammar| Linked::alone(Arc::new(grammar.clone()), None).expect("it has a root");
    Active { grammars: grammars.iter().map(linked).collect() }
}

/// What the state is after each key: `d` dead, `p` partial, `c` can end, `m` must end.
fn states(active: &Active, keys: &str) -> String {
    (0..=keys.len())
        .map(|length| match active.judge(&keys[..length]) {
            KeyState::Dead => 'd',
            KeyState::Partial => 'p',
            KeyState::CanEnd => 'c',
            KeyState::MustEnd => 'm',
        })
        .collect()
}

fn parts(active: &Active, keys: &str) -> Option<String> {
    let parse = active.parse(keys)?;
    let mut text = format!("{}:", parse.grammar);
    for part in parse.parts {
        match part {
            Part::Key(key) => text.push(key),
            Part::Word(word) => text += &word,
            Part::Tag(tag) => write!(text, "{{{tag}}}").expect("a text"),
            Part::Open(rule) => write!(text, "<{rule} ").expect("a text"),
            Part::Close => text.push('>'),
        }
    }
    Some(text)
}

fn xml(rules: &str) -> Grammar {
    srgs::read(&format!("<grammar mode='dtmf' root='r' version='1.0' tag-format='semantics/1.0'>{rules}</grammar>"))
        .expect(rules)
}

#[test]
fn keys_are_judged_one_after_the_other() {
    let pin = xml(
        "<rule id='r'><item repeat='2-4'><ruleref uri='#d'/></item></rule><rule id='d'><one-of><item>1</item><item>2 <tag>out=2</tag></item></one-of></rule>",
    );
    assert_eq!(states(&active(std::slice::from_ref(&pin)), "1212"), "ppccm");
    assert_eq!(states(&active(std::slice::from_ref(&pin)), "13"), "ppd");
    assert_eq!(states(&active(&[pin.clone(), builtin::grammar("digits?length=5").expect("known")]), "12123"), "ppcccm");
    assert_eq!(parts(&active(&[pin]), "12").as_deref(), Some("0:<d 1><d 2{out=2}>"));
}

#[test]
fn tokens_may_be_named_or_stand_together() {
    let menu = xml("<rule id='r'> star 12 <token>#</token> pound </rule>");
    assert_eq!(states(&active(&[menu]), "*12##"), "pppppm");
    assert!(srgs::read("<grammar mode='dtmf'><rule id='r'>Chicago</rule></grammar>").is_err());
    let spoken =
        srgs::read("<grammar mode='voice' root='r'><rule id='r'>Chicago</rule></grammar>").expect("well-formed");
    assert_eq!(states(&active(&[spoken]), "1"), "dd");
}

#[test]
fn words_are_matched_as_keys_are_and_are_told_where_they_are_a_list() {
    let text = "<grammar mode='voice' root='r' version='1.0' tag-format='semantics/1.0'><rule id='r'><item repeat='0-1'>to</item> \
        <one-of><item>New York</item><item>Oslo <tag>out=1</tag></item></one-of></rule></grammar>";
    let city = active(&[srgs::read(text).expect("it is one")]);
    let heard = |grammars: &Active, text: &str| {
        let (parse, keys) = grammars.hear(text)?;
        Some((parse.parts, keys))
    };
    let word = |word: &str| Part::Word(word.to_owned());
    assert_eq!(heard(&city, "TO new, york!"), Some((vec![word("to"), word("New"), word("York")], None)));
    assert_eq!(heard(&city, "oslo"), Some((vec![word("Oslo"), Part::Tag("out=1".to_owned())], None)));
    for other in ["", "York", "to to Oslo", "Oslo please", "1"] {
        assert_eq!(heard(&city, other), None, "{other}");
    }
    assert_eq!(city.phrases(), ["New York", "Oslo", "to New York", "to Oslo"]);
    let abnf = abnf::read("#ABNF 1.0;mode voice;root $r;$r = very large | \"extra large\";").expect("it is one");
    assert!(heard(&active(&[abnf]), "extra large").is_some());
    let endless =
        srgs::read("<grammar root='r'><rule id='r'><item repeat='1-'>go</item></rule></grammar>").expect("one");
    assert!(heard(&active(std::slice::from_ref(&endless)), &"go ".repeat(150)).is_some());
    assert!(active(&[endless]).phrases().is_empty());
    let doubled: String = (0..50)
        .map(|n| format!("<rule id='s{n}'><ruleref uri='#s{0}'/><ruleref uri='#s{0}'/></rule>", n + 1))
        .collect();
    let doubled = format!("<grammar root='s0'>{doubled}<rule id='s50'><tag>a</tag></rule></grammar>");
    assert!(active(&[srgs::read(&doubled).expect("one")]).phrases().is_empty());
}

#[test]
fn what_a_built_in_type_is_called_stands_for_its_keys() {
    for (name, said, keys) in [
        ("boolean", "Yes.", Some("1")),
        ("boolean?y=7;n=9", "нет", Some("9")),
        ("digits?length=3", "1 2 3", Some("123")),
        ("digits?length=3", "12", None),
        ("number", "12.5", Some("12*5")),
        ("number", "12,5", Some("12*5")),
        ("number", "1,250", Some("1250")),
        ("currency", "1,234,567.50", Some("1234567*50")),
        ("number", "0,125", Some("0*125")),
        ("number", "twelve", None),
    ] {
        let grammar = active(&[builtin::grammar(name).expect(name)]);
        assert_eq!(grammar.hear(said).and_then(|(_, keys)| keys).as_deref(), keys, "{name}: {said}");
    }
}

#[test]
fn built_in_types_have_keys_and_values() {
    for (name, keys, expected, value) in [
        ("boolean", "1", "pm", "true"),
        ("boolean?y=7;n=9", "9", "pm", "false"),
        ("digits", "12", "pcc", "\"12\""),
        ("digits?minlength=2;maxlength=3", "123", "ppcm", "\"123\""),
        ("number", "12*5", "pcccc", "\"12.5\""),
        ("currency", "12*5", "pcccc", "\"12.50\""),
        ("date", "20261127", "ppppppppm", "\"20261127\""),
        ("time", "1530", "ppppm", "\"1530?\""),
        ("phone", "12*3", "pccpc", "\"12x3\""),
    ] {
        let grammar = builtin::grammar(name).expect(name);
        assert_eq!(states(&active(std::slice::from_ref(&grammar)), keys), expected, "{name}");
        let Value::Builtin(kind) = grammar.value else { panic!("{name}") };
        assert_eq!(kind.value(keys).to_string(), value, "{name}");
    }
    for bad in
        ["digits?length=3;minlength=2", "digits?minlength=4;maxlength=2", "boolean?y=1;n=1", "digits?length=x", "town"]
    {
        assert!(builtin::grammar(bad).is_err(), "{bad}");
    }
}

#[test]
fn abnf_says_the_same_as_xml() {
    let text = "#ABNF 1.0 UTF-8;\nlanguage en; mode dtmf; root $pin; tag-format <semantics/1.0>;\n// a remark\n\
        $digit = 0 | 1 {out=1} | 2 /0.5/;\npublic $pin = $digit <2-3> [\"#\"] | (9 *) ; /* end */";
    let grammar = abnf::read(text).expect("it is one");
    assert_eq!(states(&active(std::slice::from_ref(&grammar)), "121#"), "ppccm");
    assert_eq!(states(&active(std::slice::from_ref(&grammar)), "9*"), "ppm");
    assert_eq!(grammar.tags, TagStyle::Script);
    assert_eq!(parts(&active(&[grammar]), "10").as_deref(), Some("0:<digit 1{out=1}><digit 0>"));
    for (bad, line) in [
        ("mode dtmf", 1),
        ("mode dtmf;\n$r = x;", 2),
        ("mode dtmf;\n$r = (1;", 2),
        ("root $r;\n\n$r = $s;", 0),
        ("{", 1),
    ] {
        let error = abnf::read(&format!("#ABNF 1.0;{bad}")).expect_err(bad).to_string();
        assert!(line == 0 || error.contains(&format!("line {line}")), "{bad}: {error}");
    }
}

#[test]
fn grammars_that_go_in_circles_end() {
    let endless = xml("<rule id='r'><ruleref uri='#r'/> 1</rule>");
    assert_eq!(states(&active(&[endless]), "1"), "dd");
    let right = xml("<rule id='r'>1 <one-of><item><ruleref uri='#r'/></item><item>2</item></one-of></rule>");
    assert_eq!(states(&active(std::slice::from_ref(&right)), "112"), "pppm");
    assert_eq!(parts(&active(&[right]), "112").as_deref(), Some("0:1<r 12>"));
    let heavy = "<item repeat='0-'>".repeat(20) + "1" + &"</item>".repeat(20);
    let heavy = xml(&format!("<rule id='r'>{heavy}</rule>"));
    assert_eq!(active(std::slice::from_ref(&heavy)).judge(&"1".repeat(100)), KeyState::CanEnd);
    assert!(parts(&active(&[heavy]), &"1".repeat(100)).is_some());
    let wide = xml(
        "<rule id='r'><one-of><item>1</item><item>1 <ruleref uri='#r'/></item><item>1 <ruleref uri='#r'/></item></one-of></rule>",
    );
    active(&[wide]).judge(&"1".repeat(60));
    let empty = xml("<rule id='r'><item repeat='1000000000-'><item repeat='0-1'>1</item></item></rule>");
    assert_eq!(active(&[empty]).judge("111"), KeyState::CanEnd);
}

#[test]
fn all_grammars_together_have_so_many_steps() {
    let dear = "<item repeat='0-'>".repeat(12) + "1" + &"</item>".repeat(12);
    let dear = xml(&format!("<rule id='r'>{dear}</rule>"));
    let two = builtin::grammar("digits?length=2").expect("known");
    let behind = |count: usize| active(&[vec![dear.clone(); count], vec![two.clone()]].concat());
    assert_eq!(states(&behind(1), "22"), "cpm");
    // What is behind more than can be judged is not heard, whatever it takes.
    assert_eq!(behind(200).judge(&"1".repeat(119)), KeyState::CanEnd);
    let words = "<grammar mode='voice' root='r'><rule id='r'><item repeat='0-'><item repeat='0-1'>a</item> <item repeat='0-1'>a</item></item> b</rule></grammar>";
    let words = srgs::read(words).expect("it is one");
    let last = Grammar::of_words("a a", Accept::Exact, Value::Keys);
    assert!(active(&[vec![words.clone(); 1], vec![last.clone()]].concat()).hear("a a").is_some());
    assert!(active(&vec![words; 200]).hear(&"a ".repeat(60)).is_none());
}

/// Runs something on a stack that is much smaller than that of any thread of ours.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(run).expect("there is room for a thread");
    thread.join().expect("it comes to an end");
}

#[test]
fn a_long_grammar_is_matched_on_a_small_stack() {
    on_a_small_stack(|| {
        let tags = "<tag>a</tag>".repeat(9_000);
        let long = active(&[xml(&format!("<rule id='r'>{tags}1<item repeat='0-'>2</item></rule>"))]);
        let parse = long.parse("122").expect("it matches");
        assert_eq!(parse.parts.len(), 9_003);
        let chain: String =
            (0..5_000).map(|n| format!("<rule id='s{n}'><ruleref uri='#s{}'/></rule>", n + 1)).collect();
        let chain = format!("{chain}<rule id='s5000'>1</rule>");
        let deep = active(&[xml(&format!("<rule id='r'><ruleref uri='#s0'/></rule>{chain}"))]);
        assert_eq!(states(&deep, "1"), "dd");
        let open = |n: u32| format!("<rule id='s{n}'>{}<ruleref uri='#s{}'/>", "<item repeat='0-1'>".repeat(15), n + 1);
        let nested: String = (0..30).map(|n| open(n) + &"</item>".repeat(15) + "</rule>").collect();
        let nested = xml(&format!("<rule id='r'><ruleref uri='#s0'/></rule>{nested}<rule id='s30'>1</rule>"));
        assert_eq!(states(&active(&[nested]), "1"), "md");
        // What is too deep is no way at the first choice, nor at the second.
        let either =
            format!("<rule id='r'><one-of><item><ruleref uri='#s0'/></item><item>1</item></one-of></rule>{chain}");
        assert_eq!(parts(&active(&[xml(&either)]), "1").as_deref(), Some("0:1"));
    });
}

#[test]
fn repeats_do_not_nest_without_parentheses() {
    let read = |rule: &str| abnf::read(&format!("#ABNF 1.0;mode dtmf;root $r;$r = {rule};"));
    let error = read(&format!("1 {}", "<1>".repeat(9_000))).expect_err("it is none").to_string();
    assert!(error.contains("a repeat of a repeat"), "{error}");
    assert_eq!(states(&active(&[read("1 <2> 2 <0-1>").expect("two repeats")]), "112"), "ppcm");
    assert_eq!(states(&active(&[read("[1] <2>").expect("of what may be missing")]), "11"), "ccm");
}

#[test]
fn tags_that_would_fill_the_memory_are_left_out() {
    let tag = "x".repeat(100_000);
    let grammar = xml(&format!("<rule id='r'><item repeat='0-'>1<tag>{tag}</tag></item></rule>"));
    let parse = active(&[grammar]).parse(&"1".repeat(100)).expect("it matches");
    assert!(parse.parts.iter().all(|part| matches!(part, Part::Key('1'))));
}

#[test]
fn what_is_malformed_is_told_with_its_line() {
    for bad in [
        "<grammar mode='dtmf' root='x'>\n<rule id='r'>1</rule></grammar>",
        "<grammar mode='dtmf'>\n<rule>1</rule></grammar>",
        "<grammar mode='dtmf'>\n<rule id='r'><ruleref uri='#s'/></rule></grammar>",
        "<grammar mode='dtmf'>\n<rule id='r'><item repeat='3-1'>1</item></rule></grammar>",
        "<grammar mode='dtmf'>\n<rule id='r'><one-of>1</one-of></rule></grammar>",
        "<!DOCTYPE grammar [<!ENTITY a 'b'>]><grammar/>",
        "<rule/>",
        "<grammar",
    ] {
        assert!(srgs::read(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_wrong_in_a_grammar_of_jsgf_is_said_with_its_line() {
    let wrong = [
        ("#JSGF V1.0;\ngrammar a;\n<x> = 1;", "no rule is public"),
        ("#JSGF V1.0;\ngrammar a;\npublic <x> = (1;", "line 3: ) is missing"),
        ("#JSGF V1.0;\ngrammar a;\npublic <x> = <y>;", "y"),
        ("1 {one", "line 1: a tag does not end"),
        ("", "there is nothing in it"),
        ("#JSGF V1.0", "there is nothing in it"),
        ("+", "a repeat of nothing"),
        ("one", "are no keys"),
    ];
    for (text, why) in wrong {
        let error = super::jsgf::read(text, Mode::Dtmf).expect_err(text).to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn a_text_that_is_too_long_is_refused_in_either_form() {
    let long = "a".repeat(MAX_NODES + 1);
    for read in [
        abnf::read(&format!("#ABNF 1.0;\nroot $r;\n$r = {long};")),
        jsgf::read(&format!("#JSGF V1.0;\ngrammar g;\npublic <r> = {long};"), Mode::Voice),
    ] {
        let refused = read.expect_err("it is too long").to_string();
        assert!(refused.contains("a text of more than"), "{refused}");
    }
}
