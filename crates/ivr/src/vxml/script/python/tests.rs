mod hostile;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::vxml::script::{ScopeId, ScriptEngine, TagStyle};

/// An engine with a session, an application and a dialog.
fn engine() -> (Python, [ScopeId; 3]) {
    let mut engine = Python::new(7, TimeZone::UTC);
    engine.tell(1_795_953_600_000);
    let chain = [(); 3].map(|()| engine.open(&[]).expect("there is room"));
    engine.put(chain[0], "ANUMBER", &json!("12345")).expect("put");
    engine.put(chain[1], "tries", &json!(2)).expect("put");
    engine.put(chain[1], "customstate:lookup", &json!({"vip": true, "name": "Ann", "n": [1, 2, 3]})).expect("put");
    engine.put(chain[1], "empty", &json!(null)).expect("put");
    (engine, chain)
}

#[track_caller]
fn check_values(table: &[(&str, &str)]) {
    for (expr, expected) in table {
        let (mut engine, chain) = engine();
        check(expr).unwrap_or_else(|refusal| panic!("{expr}: {refusal}"));
        let found = engine.text(&chain, expr).unwrap_or_else(|error| panic!("{expr}: {error}"));
        assert_eq!(found.as_deref().unwrap_or("None"), *expected, "{expr}");
    }
}

#[track_caller]
fn check_failures(table: &[(&str, &str)]) {
    for (expr, expected) in table {
        let (mut engine, chain) = engine();
        check(expr).unwrap_or_else(|refusal| panic!("{expr}: {refusal}"));
        let error = engine.text(&chain, expr).expect_err(expr).to_string();
        assert!(error.contains(expected), "{expr}: {error}");
    }
}

#[test]
fn references_are_the_calls_then_the_pages_and_undefined_is_none() {
    check_values(&[
        ("{ANUMBER} == \"12345\"", "True"),
        ("{tries} + 1", "3"),
        ("{var:tries} + 1", "3"),
        ("var:tries * 2", "4"),
        ("{customstate:lookup} and {customstate:lookup}['vip']", "True"),
        ("customstate:lookup['name']", "Ann"),
        ("{nothing} == None", "True"),
        ("{nothing} is None and {soap:none} is None", "True"),
        ("tries + 1 if tries else 0", "3"),
        ("{'a': {tries}, 'b': [1]}", "{'a': 2, 'b': [1]}"),
        ("'{ANUMBER}'", "{ANUMBER}"),
        ("f'{tries:03d}/{ANUMBER!r}'", "002/'12345'"),
        ("{1, 2, 2}", "{1, 2}"),
        ("{customstate:lookup}['n'][-1]", "3"),
    ]);
}

#[test]
fn a_bare_word_is_a_variable_or_itself_and_a_number_is_a_number() {
    check_values(&[
        ("0123", "0123"),
        ("0", "0"),
        ("12345", "12345"),
        ("*31#", "*31#"),
        ("+358401234", "+358401234"),
        ("12-34", "12-34"),
        ("sales", "sales"),
        ("tries", "2"),
        ("True", "True"),
        ("-5", "-5"),
    ]);
    let (mut engine, chain) = engine();
    for (cond, holds) in [("tries", true), ("nothing", false), ("empty", false), ("not nothing", true), ("1", true)] {
        assert_eq!(engine.truth(&chain, cond).expect(cond), holds, "{cond}");
    }
    assert_eq!(engine.json(&chain, "0").expect("a number"), Some(json!(0)));
}

#[test]
fn operators_are_those_of_python() {
    check_values(&[
        ("1 + 2 * 3 ** 2", "19"),
        ("-2 ** 2", "-4"),
        ("2 ** -1", "0.5"),
        ("7 // 2, -7 // 2, 7 % -3, -7 % 3", "(3, -4, -2, 2)"),
        ("7 / 2", "3.5"),
        ("1 < 2 <= 2 < 3", "True"),
        ("1 < 3 < 2", "False"),
        ("not 1 == 2", "True"),
        ("'a' in 'cab', 4 not in [1, 2]", "(True, True)"),
        ("5 & 3 | 8 ^ 1, 1 << 4, ~1", "(9, 16, -2)"),
        ("'ab' * 2 + 'c'", "ababc"),
        ("[1] * 2 + [3]", "[1, 1, 3]"),
        ("{1, 2} & {2, 3}, {1} | {2}, {1, 2} - {2}", "({2}, {1, 2}, {1})"),
        ("'' or 'x', 'a' and 'b'", "('x', 'b')"),
        ("1 == 1.0, True == 1, 'a' == 1", "(True, True, False)"),
        ("'%s has %05.1f%%, %d' % ('x', 2.55, 7)", "x has 002.5%, 7"),
        ("0.1 + 0.2, 1e16, 1e-5, 2.0", "(0.30000000000000004, 1e+16, 1e-05, 2.0)"),
        ("{'a': 1} | {'b': 2}", "{'a': 1, 'b': 2}"),
        ("9223372036854775807", "9223372036854775807"),
        ("'a' 'b'", "ab"),
        ("(1,), ()", "((1,), ())"),
    ]);
}

#[test]
fn texts_lists_and_dictionaries_have_their_methods_and_slices() {
    check_values(&[
        ("'hello'[1:3], 'hello'[::-1], 'hello'[-3:], [1, 2, 3, 4][::2]", "('el', 'olleh', 'llo', [1, 3])"),
        ("' a b '.strip().upper().split()", "['A', 'B']"),
        ("'a,b,c'.split(',', 1), 'a b c'.rsplit(None, 1)", "(['a', 'b,c'], ['a b', 'c'])"),
        ("', '.join(['x', 'y'])", "x, y"),
        ("'7'.zfill(3), '-7'.zfill(4), 'x'.rjust(3, '.')", "('007', '-007', '..x')"),
        ("'abc'.startswith(('x', 'a')), 'abc'.find('c'), 'aXa'.replace('a', 'b', 1)", "(True, 2, 'bXa')"),
        ("'{} {1} {n:>3}|'.format(1, 2, n=3)", "1 2   3|"),
        ("{'a': 1}.get('b', 5), list({'a': 1}.items()), 'a' in {'a': 1}", "(5, [('a', 1)], True)"),
        ("[1, 2, 1].count(1), (1, 2).index(2)", "(2, 1)"),
        ("{1, 2}.issubset({1, 2, 3})", "True"),
        ("'0123'.isdigit(), ''.isdigit(), 'aB'.swapcase()", "(True, False, 'Ab')"),
        ("f'{1234567:,} {3.14159:.2f} {255:#x} {\"a\":*^5}'", "1,234,567 3.14 0xff **a**"),
        ("f'{{}} {1 + 1}'", "{} 2"),
    ]);
}

#[test]
fn functions_comprehensions_and_lambdas() {
    check_values(&[
        ("[x * 2 for x in range(5) if x % 2]", "[2, 6]"),
        ("{k: v for k, v in zip(['a', 'b'], [1, 2])}", "{'a': 1, 'b': 2}"),
        ("sum(x for x in [1, 2, 3])", "6"),
        ("[(x, y) for x in [1, 2] for y in 'ab']", "[(1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]"),
        ("sorted(['b', 'A', 'c'], key=lambda s: s.lower(), reverse=True)", "['c', 'b', 'A']"),
        ("(lambda a, b=2: a + b)(1)", "3"),
        ("(lambda f, n: f(f, n))(lambda f, n: 1 if n < 2 else n * f(f, n - 1), 10)", "3628800"),
        ("max([1, 3, 2]), min(4, 2), max([], default=0)", "(3, 2, 0)"),
        (
            "len('äö'), abs(-2), round(2.5), round(2.675, 2), int('42'), int(-3.9), float('1.5')",
            "(2, 2, 2, 2.67, 42, -3, 1.5)",
        ),
        (
            "all([1, 'a']), any([]), bool(''), isinstance(1, (str, int)), str(None)",
            "(True, False, False, True, 'None')",
        ),
        (
            "list(enumerate('ab', 1)), list(reversed([1, 2])), tuple('ab'), dict(a=1), set([1, 1])",
            "([(1, 'a'), (2, 'b')], [2, 1], ('a', 'b'), {'a': 1}, {1})",
        ),
        ("divmod(7, 2), repr('it\\'s')", "((3, 1), '\"it\\'s\"')"),
    ]);
}

#[test]
fn bits_of_truths_are_truths() {
    check_values(&[
        ("True & False, True | False, True ^ True", "(False, True, False)"),
        ("True & 1, 6 & True, True + True", "(1, 0, 2)"),
    ]);
}

#[test]
fn modules_have_what_conditions_need() {
    check_values(&[
        ("math.floor(2.7), math.sqrt(16), math.ceil(2.1), round(math.pi, 3)", "(2, 4.0, 3, 3.142)"),
        ("re.match(r'(\\d+)-(?P<b>\\w+)', '12-ab').groups()", "('12', 'ab')"),
        ("re.search('b+', 'abbc').span(), re.fullmatch('a', 'ab') is None", "((1, 3), True)"),
        (
            "re.sub(r'(\\d)', r'<\\1>', 'a1b2'), re.findall('[ab]', 'cab'), re.split(',', 'a,b')",
            "('a<1>b<2>', ['a', 'b'], ['a', 'b'])",
        ),
        ("bool(re.match('ABC', 'abcd', re.I))", "True"),
        (
            "json.loads('{\"a\": [1, 2.5, null]}'), json.dumps({'a': (1, None)})",
            "({'a': [1, 2.5, None]}, '{\"a\": [1, null]}')",
        ),
        (
            "json.dumps({'b': [1, 'é'], 'a': {}, 1: 2.0}, indent=2)",
            "{\n  \"b\": [\n    1,\n    \"\\u00e9\"\n  ],\n  \"a\": {},\n  \"1\": 2.0\n}",
        ),
        ("json.dumps('é😀'), json.dumps('é', ensure_ascii=False)", "('\"\\\\u00e9\\\\ud83d\\\\ude00\"', '\"é\"')"),
        ("json.dumps([1, [True]], indent='-')", "[\n-1,\n-[\n--true\n-]\n]"),
        ("datetime.datetime.now().strftime('%Y-%m-%d %H:%M')", "2026-11-29 12:00"),
        ("datetime.date(2026, 11, 27).weekday(), datetime.datetime.now().hour", "(4, 12)"),
        ("datetime.date(2026, 1, 31) + datetime.timedelta(days=1)", "2026-02-01"),
        ("(datetime.datetime(2026, 1, 2) - datetime.datetime(2026, 1, 1, 12)).total_seconds()", "43200.0"),
        ("datetime.datetime.strptime('27.11.2026 08:30', '%d.%m.%Y %H:%M').isoformat()", "2026-11-27T08:30:00"),
        ("datetime.time(8) <= datetime.datetime.now().time() < datetime.time(16)", "True"),
        ("0 <= random.random() < 1 and random.randint(3, 3) == 3 and random.choice('a') == 'a'", "True"),
    ]);
}

#[test]
fn what_goes_wrong_is_an_error_in_pythons_words() {
    check_failures(&[
        ("1 + 'a'", "TypeError"),
        ("{tries}['a']", "TypeError: 'int' object is not subscriptable"),
        ("{customstate:lookup}['nothing']", "KeyError: 'nothing'"),
        ("{nothing}['a']", "TypeError"),
        ("[1][1]", "IndexError"),
        ("1 / 0, 1", "ZeroDivisionError"),
        ("9223372036854775807 + 1", "OverflowError"),
        ("-9223372036854775807 - 2", "OverflowError"),
        ("2 ** 64", "OverflowError"),
        ("int('x')", "ValueError"),
        ("{[1]: 2}", "unhashable"),
        ("sorted([1, 'a'])", "no order"),
        ("(lambda: 1)(2)", "TypeError"),
        ("re.match('(', 'a')", "re.error"),
        ("re.match('(?=a)', 'a')", "re.error"),
        ("{tries}.upper()", "AttributeError"),
        ("datetime.date(2026, 2, 30)", "ValueError"),
    ]);
}

#[test]
fn what_could_never_be_evaluated_is_refused_with_its_place() {
    for (expr, at, why) in [
        ("x = 1", 2, "assigns nothing"),
        ("import os", 0, "statement"),
        ("1 if 2", 6, "else"),
        ("(1 +", 4, "too early"),
        ("open('x')", 0, "no function open"),
        ("[].append(1)", 0, "would change"),
        ("'a'.nothing()", 0, "no method"),
        ("math.nothing(1)", 0, "no math.nothing"),
        ("{customstate:lookup}.name", 0, "a key stands in brackets"),
        ("().__class__.__bases__", 0, "no attribute"),
        ("'a", 0, "without its end"),
        ("b'a'", 0, "no bytes"),
        ("1 # note", 2, "comment"),
        ("(x := 1)", 3, "missing"),
        ("f(*a)", 2, "one by one"),
        ("99999999999999999999 / 1", 0, "63 bits"),
        ("$x", 0, "means nothing"),
        ("f'{x'", 0, "brace"),
        ("yield x", 6, "ended"),
    ] {
        let refusal = check(expr).expect_err(expr);
        assert!(refusal.text.contains(why), "{expr}: {refusal}");
        assert_eq!(refusal.at, at, "{expr}: {refusal}");
    }
    for deep in
        ["(".repeat(5_000) + "1", "[".repeat(60) + &"]".repeat(60), "1 + ".repeat(2_000) + "1", "~".repeat(5_000) + "1"]
    {
        assert!(check(&deep).is_err(), "{}", &deep[..20]);
    }
}

#[test]
fn what_takes_too_much_is_ended_and_the_engine_goes_on() {
    let (mut engine, chain) = engine();
    for greedy in [
        "'a' * 10 ** 9",
        "[0] * 10 ** 9 + []",
        "len(range(10 ** 12))",
        "[x for x in range(10 ** 6) for y in range(10 ** 6)]",
        "(lambda f: f(f))(lambda f: f(f))",
        "f'{1:9999999999}'",
        "'a'.rjust(10 ** 9)",
        "'{:999999999}'.format(1)",
        "'%999999999d' % 1",
        "(lambda f, n, x: f(f, n, x))(lambda f, n, x: str(x) if n == 0 else f(f, n - 1, [x, x]), 25, 1)",
        "(lambda f, n, x: f(f, n, x))(lambda f, n, x: x if n == 0 else f(f, n - 1, [x, x]), 25, 1)",
        "'a'.replace('', 'b' * 1000000).replace('', 'b' * 1000000)",
        "re.match('(a{1,1000}){1,1000}', 'a')",
        "datetime.datetime.now().strftime('%999999999d')",
        "','.join(['a' * 1000000] * 1000)",
    ] {
        check(greedy).unwrap_or_else(|refusal| panic!("{greedy}: {refusal}"));
        assert!(engine.text(&chain, greedy).is_err(), "{greedy}");
        engine.rest();
        assert_eq!(engine.text(&chain, "1 + 1").expect("it goes on").as_deref(), Some("2"), "{greedy}");
    }
}

#[test]
fn variables_together_are_bounded_and_so_is_what_is_done_between_two_waits() {
    let (mut engine, chain) = engine();
    let kept = (0..100).take_while(|n| engine.declare(&chain, &format!("v{n}"), Some("'a' * 1000000")).is_ok()).count();
    assert!((10..20).contains(&kept), "{kept}");
    for n in 0..kept {
        engine.unset(chain[2], &format!("v{n}")).expect("there is room");
    }
    let ran = (0..100).take_while(|_| engine.text(&chain, "len([x for x in range(50000)])").is_ok()).count();
    assert!((5..50).contains(&ran), "{ran}");
    engine.rest();
    assert!(engine.text(&chain, "len([x for x in range(50000)])").is_ok());
    assert!(engine.declare(&chain, "f", Some("lambda: 1")).is_err(), "a function cannot be kept");
    engine.declare(&chain, "deep", Some("[1]")).expect("declared");
    let deeper = (0..200).take_while(|_| engine.assign(&chain, "deep", "[{deep}]", chain[0]).is_ok()).count();
    assert!(deeper < 70, "{deeper}");
}

#[test]
fn a_variable_is_declared_assigned_and_reset() {
    let (mut engine, chain) = engine();
    assert!(engine.assign(&chain, "nothing", "1", chain[0]).is_err());
    assert!(engine.assign(&chain, "ANUMBER", "1", chain[0]).is_err());
    engine.assign(&chain, "tries", "{tries} + 1", chain[0]).expect("assigned");
    assert_eq!(engine.json(&chain, "{tries}").expect("json"), Some(json!(3)));
    engine.reset(&chain, "tries").expect("reset");
    assert!(!engine.is_set(chain[1], "tries").expect("asked"));
    assert!(engine.is_declared(&chain, "tries").expect("asked"));
    assert!(engine.run(&chain, "x = 1").is_err());
}

#[test]
fn tags_of_a_plain_page_are_texts_and_no_scripts() {
    let (mut engine, chain) = engine();
    let parse = json!({"text": "12", "parts": [{"word": "1"}, {"parts": [{"tag": " sales "}]}]});
    for style in [TagStyle::Literal, TagStyle::Guess] {
        engine.interpret(&parse, style, chain[2], "meant").expect("a text");
        assert_eq!(engine.text(&chain, "{meant}").expect("a text").as_deref(), Some("sales"));
    }
    let refused = engine.interpret(&parse, TagStyle::Script, chain[2], "meant").expect_err("a script");
    assert!(refused.to_string().contains("semantics/1.0"), "{refused}");
    engine.interpret(&json!({"text": "34"}), TagStyle::Script, chain[2], "meant").expect("there is no tag");
    assert_eq!(engine.text(&chain, "{meant}").expect("a text").as_deref(), Some("34"));
}

const PIECES: &[&str] = &[
    "1",
    "0",
    "'a'",
    "{ANUMBER}",
    "{tries}",
    "{customstate:lookup}",
    "tries",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "<",
    "==",
    " in ",
    " is not ",
    " not ",
    " and ",
    " or ",
    " if ",
    " else ",
    " for x in ",
    "lambda x: ",
    "range(9)",
    ".upper()",
    ".get(",
    "['vip']",
    "f'{x!r:>3}'",
    "f'{",
    "str(",
    "sorted(",
    "math.sqrt(",
    "re.sub(",
    "datetime.date(",
    "datetime.timedelta(",
    "9223372036854775807",
    "1e308",
    "-1",
    "[::-1]",
    "json.loads(",
    "%s",
    "''",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_an_expression_is_made_of_it_has_a_value_or_an_error(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14),
    ) {
        crate::vxml::fuzzing::python(pieces.concat().as_bytes());
    }

    #[test]
    fn whatever_the_characters_are_nothing_breaks(text in "\\PC{0,40}") {
        crate::vxml::fuzzing::python(text.as_bytes());
    }

    #[test]
    fn whole_numbers_are_exact_or_refused(left in any::<i64>(), right in any::<i64>()) {
        let (mut engine, chain) = engine();
        engine.put(chain[2], "l", &json!(left)).expect("put");
        engine.put(chain[2], "r", &json!(right)).expect("put");
        for (expr, exact) in [
            ("{l} + {r}", left.checked_add(right)),
            ("{l} - {r}", left.checked_sub(right)),
            ("{l} * {r}", left.checked_mul(right)),
        ] {
            prop_assert_eq!(engine.json(&chain, expr).ok().flatten(), exact.map(|exact| json!(exact)));
        }
        if right != 0 && !(left == i64::MIN && right == -1) {
            let holds = engine.truth(&chain, "({l} // {r}) * {r} + {l} % {r} == {l}").unwrap_or(true);
            prop_assert!(holds);
        }
    }
}
