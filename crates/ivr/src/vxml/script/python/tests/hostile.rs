//! What a page may ask for, and does not get: each of these once took a call's process or its memory.

use jiff::tz::TimeZone;
use serde_json::json;

use super::super::{nested::MAX_DEPTH, *};
use crate::vxml::script::{ScopeId, ScriptEngine};

fn engine() -> (Python, [ScopeId; 1]) {
    let mut engine = Python::new(7, TimeZone::UTC);
    let chain = [engine.open(&[]).expect("there is room")];
    (engine, chain)
}

/// Each is ended with an error that says so, and all of what the engine is asked for is.
#[track_caller]
fn check_ended(table: &[(&str, &str)]) {
    for (expr, expected) in table {
        check(expr).unwrap_or_else(|refusal| panic!("{expr}: {refusal}"));
        let (mut engine, chain) = engine();
        for error in
            [engine.text(&chain, expr).map(drop).expect_err(expr), engine.json(&chain, expr).map(drop).expect_err(expr)]
        {
            assert!(error.to_string().contains(expected), "{expr}: {error}");
            assert!(error.to_string().chars().count() <= MAX_MESSAGE, "{expr}: {error}");
        }
        engine.rest();
        assert_eq!(engine.text(&chain, "1 + 1").expect("it goes on").as_deref(), Some("2"), "{expr}");
    }
}

#[track_caller]
fn check_values(table: &[(&str, &str)]) {
    for (expr, expected) in table {
        let (mut engine, chain) = engine();
        check(expr).unwrap_or_else(|refusal| panic!("{expr}: {refusal}"));
        let found = engine.text(&chain, expr).unwrap_or_else(|error| panic!("{expr}: {error}"));
        assert_eq!(found.as_deref(), Some(*expected), "{expr}");
    }
}

/// Runs something on a stack that is much smaller than that of any thread of ours.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(run).expect("there is room for a thread");
    thread.join().expect("it comes to an end");
}

/// A function that does another two to this power times.
fn many(times: usize, function: &str, of: &str) -> String {
    let doubled = "d(".repeat(times) + "w" + &")".repeat(times);
    format!("(lambda d: (lambda w: {doubled}({of}))({function}))(lambda f: lambda x: f(f(x)))")
}

#[test]
fn no_value_is_deeper_than_what_walks_over_it_takes() {
    on_a_small_stack(|| {
        for function in [
            "lambda x: [[[[[[x]]]]]]",
            "lambda x: (((((x,),),),),)",
            "lambda x: {1: {1: {1: x}}}",
            "lambda x: {1: x}",
            "lambda x: lambda: x",
            "lambda x: lambda y=x: y",
            "lambda x: list(enumerate([x]))",
        ] {
            check_ended(&[(&many(7, function, "0"), "64 levels")]);
        }
        let deep = "[".repeat(100) + &"]".repeat(100);
        let (mut engine, chain) = engine();
        assert!(engine.text(&chain, &format!("json.loads('{deep}')")).is_err());
        let mut json = json!(1);
        for _ in 0..MAX_DEPTH - 1 {
            json = json!([json]);
        }
        engine.put(chain[0], "deep", &json).expect("it is not too deep");
        assert!(engine.put(chain[0], "deeper", &json!([json])).is_err());
        assert_eq!(
            engine
                .text(&chain, "str({deep}) == json.dumps({deep}) and {deep} == {deep}[:]")
                .expect("a truth")
                .as_deref(),
            Some("True")
        );
    });
    check_ended(&[(&many(14, "lambda x: [[[[[[x]]]]]]", "0"), "64 levels")]);
    check_ended(&[("(lambda f: f(f))(lambda f: f(f))", "too deep")]);
}

#[test]
fn what_is_shared_is_paid_for_as_often_as_it_is_looked_at() {
    on_a_small_stack(|| {
        let shared = many(5, "lambda x: (x, x)", "0");
        for expr in [
            format!("{{{shared}: 1}}"),
            format!("{{{shared}}}"),
            format!("{{}}.get({shared})"),
            format!("{shared} == {shared}"),
            format!("{shared} < {shared}"),
            format!("sorted([{shared}, {shared}])"),
            format!("f'{{{shared}!r}}'"),
        ] {
            check_ended(&[(&expr, "too many steps")]);
        }
    });
}

#[test]
fn no_text_is_made_that_is_not_paid_for() {
    check_ended(&[
        ("['a' * 100000] * 3000", "too much memory"),
        ("f'{[\"a\" * 100000] * 3000!r}'", "too much memory"),
        ("'%r' % [['a' * 100000] * 3000]", "too much memory"),
        ("'%s' % [['a' * 100000] * 3000]", "too much memory"),
        ("{}[('a' * 100000,) * 3000]", "too much memory"),
        ("(lambda t: [format(t, '>1') for x in range(100)])('a' * 1000000)", "too much memory"),
        ("(lambda d: [dict(d) for x in range(5000)])({x: x for x in range(100)})", "too much memory"),
        ("(lambda d: [d | {} for x in range(5000)])({x: x for x in range(100)})", "too much memory"),
        ("[lambda a=1, b=2, c=3, d=4: 0 for x in range(20000)]", "too much memory"),
        ("{}['a' * 10000]", "KeyError: 'aaa"),
        ("int('x' * 100000)", "ValueError: invalid literal"),
    ]);
    let (mut engine, chain) = engine();
    engine.declare(&chain, "v", Some("['a' * 100000] * 30")).expect("it is kept");
    assert!(engine.text(&chain, "v").is_err() && engine.json(&chain, "v").is_err(), "a bare word pays, too");
    assert!(engine.truth(&chain, "v").expect("a truth"));
}

#[test]
fn regular_expressions_pay_for_each_match() {
    check_ended(&[
        ("re.findall('()' * 300, 'a' * 100000)", "4096 bytes"),
        ("re.findall('()' * 300, 'a' * 4000)", "too"),
        ("re.sub('(.*)', '\\\\1' * 5000, 'a' * 30000)", "4096 bytes"),
        ("re.sub('(.*)', '\\\\1' * 5000, 'a' * 3000)", "too much memory"),
        ("re.sub('', 'b' * 100000, 'a' * 300)", "too"),
        ("re.sub('.*?b|a', '', 'a' * 4000)", "too many steps"),
        ("re.findall('.*?b|a', 'a' * 4000)", "too many steps"),
        ("re.split('.*?b|a', 'a' * 4000)", "too many steps"),
        ("re.match('a{1000}{100}', 'a')", "re.error"),
        ("(lambda p: [p.pattern + '' for x in range(5000)])(re.compile('a' * 1000))", "too much memory"),
    ]);
    check_values(&[
        ("re.findall('a', 'a' * 500) == ['a'] * 500", "True"),
        ("re.match(r'[\\w.+-]+@[\\w-]+\\.[\\w.]+$', 'ann.b@example.com') is not None", "True"),
        ("re.match(r'^(\\+|00)?\\d{5,15}$', '+358401234567').group(1)", "+"),
        (
            "re.sub(r'\\s+', ' ', 'a  b\\t c'), re.split('[,;]', 'a,b;c', 1), re.findall('(a)(b)?', 'aba')",
            "('a b c', ['a', 'b;c'], [('a', 'b'), ('a', '')])",
        ),
        (
            "re.split('x', 'axbxc'), re.split('', 'ab'), re.compile('a+').pattern",
            "(['a', 'b', 'c'], ['', 'a', 'b', ''], 'a+')",
        ),
    ]);
}

#[test]
fn long_texts_are_paid_for_where_they_are_looked_through() {
    check_ended(&[
        ("('a' * 100000).strip('b' * 100000 + 'a')", "too many steps"),
        ("(lambda a, b: [a == b for x in range(1000)])('a' * 100000, 'a' * 99999 + 'a')", "too many steps"),
        ("(lambda a, b: [a < b for x in range(1000)])('a' * 100000, 'a' * 99999 + 'b')", "too many steps"),
        ("(lambda a: [a.startswith((a, a, a, a, a, a, a, a, a)) for x in range(1000)])('a' * 10000)", "too"),
    ]);
    check_values(&[("'xyaxy'.strip('yx'), '  a '.lstrip(), 'abc'.rstrip('c')", "('a', 'a ', 'ab')")]);
}

#[test]
fn an_expression_pays_for_being_read() {
    let (mut engine, chain) = engine();
    let long = format!("1{}", " ".repeat(8_000));
    let ran = (0..5_000).take_while(|_| engine.text(&chain, &long).is_ok()).count();
    assert!((500..700).contains(&ran), "{ran}");
    engine.rest();
    assert!(engine.text(&chain, &long).is_ok());
}

#[test]
fn sorting_takes_whatever_it_is_given() {
    let (mut engine, chain) = engine();
    for expr in [
        "len(sorted([(x * 7919) % 101 if x % 3 else math.nan for x in range(1000)]))",
        "len(sorted([(x * 7919) % 101, math.nan] for x in range(1000)))",
        "len(sorted(range(1000), key=lambda x: math.nan if x % 7 == 3 else -x % 13, reverse=True))",
    ] {
        assert_eq!(engine.text(&chain, expr).expect(expr).as_deref(), Some("1000"), "{expr}");
        engine.rest();
    }
    check_ended(&[
        ("sorted([x if x % 3 else 'a' for x in range(1000)])", "no order"),
        ("sorted([None] * 100)", "no order"),
        ("max([1, 'a', 2])", "no order"),
        ("min(1, None)", "no order"),
    ]);
    check_values(&[
        ("sorted([3, 1, 2]), sorted([]), sorted('ba', reverse=True)", "([1, 2, 3], [], ['b', 'a'])"),
        ("sorted(['b1', 'a1', 'b2', 'a2'], key=lambda x: x[0])", "['a1', 'a2', 'b1', 'b2']"),
        ("sorted(['b1', 'a1', 'b2', 'a2'], key=lambda x: x[0], reverse=True)", "['b1', 'b2', 'a1', 'a2']"),
        ("sorted((x * 37) % 101 for x in range(101)) == list(range(101))", "True"),
    ]);
}

#[test]
fn what_is_done_with_times_and_formats_is_as_in_python() {
    check_values(&[
        ("datetime.timedelta(hours=1) * 2, 2 * datetime.timedelta(hours=1)", "(2:00:00, 2:00:00)"),
        ("datetime.timedelta(hours=1) / 2, datetime.timedelta(hours=1) / 0.5", "(0:30:00, 2:00:00)"),
        ("datetime.timedelta(hours=1) * 1.5", "1:30:00"),
        (
            "datetime.timedelta(microseconds=5) / 2, datetime.timedelta(microseconds=7) / -2",
            "(0:00:00.000002, -1 day, 23:59:59.999996)",
        ),
        (
            "datetime.timedelta(microseconds=5) // 2, datetime.timedelta(microseconds=5) // -2",
            "(0:00:00.000002, -1 day, 23:59:59.999997)",
        ),
        ("datetime.timedelta(hours=1) / datetime.timedelta(minutes=30)", "2.0"),
        ("'%s' % {'a': 1}, '%(a)s' % {'a': 1}, 'x' % {'a': 1}", "(\"{'a': 1}\", '1', 'x')"),
        (
            "'½'.isdigit(), '½'.isnumeric(), '²'.isdigit(), '²'.isdecimal(), '٣'.isdecimal(), '12'.isdigit()",
            "(False, True, True, False, True, True)",
        ),
        ("str(datetime.datetime(2026, 1, 2, 3, 4, 5, 500000))", "2026-01-02 03:04:05.500000"),
        ("datetime.datetime(2026, 1, 2, 3, 4, 5, 6).isoformat()", "2026-01-02T03:04:05.000006"),
        ("datetime.time(8, 30), datetime.time(8, 30, 0, 1)", "(08:30:00, 08:30:00.000001)"),
        ("list(enumerate('ab', 9223372036854775805))", "[(9223372036854775805, 'a'), (9223372036854775806, 'b')]"),
    ]);
    check_ended(&[
        ("list(enumerate('ab', 9223372036854775807))", "OverflowError"),
        ("datetime.timedelta(1) / 0", "ZeroDivisionError"),
        ("datetime.timedelta(1) // datetime.timedelta(0)", "ZeroDivisionError"),
        ("datetime.timedelta(1) * 9223372036854775807", "ValueError"),
        ("datetime.timedelta(1) / 'a'", "TypeError"),
        ("datetime.timedelta(1) * 'a'", "TypeError"),
    ]);
}

/// Each of these took a tenth of a second and more.
#[test]
fn a_large_pattern_over_a_long_text_takes_too_many_steps_and_either_alone_does_not() {
    let steps = "it takes too many steps";
    check_ended(&[
        ("re.search('(?:(a?)){1500}$', 'a' * 4096)", steps),
        (r"re.search('(?:\\b?a?){1000}$', 'a1 b' * 1024)", steps),
        ("re.search('(?:a*b?){1000}$', 'ab' * 2048)", steps),
        ("[re.compile('(?:.?){100}' + str(i)) for i in range(100)]", steps),
    ]);
    check_values(&[
        ("re.search('(?:(a?)){1500}$', 'a' * 500) is None", "False"),
        ("len(re.findall('[0-9]+', '12, 3;' * 30))", "60"),
        (r"re.match(r'\w+@\w+[.]\w+', 'somebody@example.com') is None", "False"),
        ("re.search('b$', 'a' * 4000 + 'b') is None", "False"),
    ]);
}
