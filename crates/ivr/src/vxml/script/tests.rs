use super::*;

fn engine() -> (QuickJs, Vec<ScopeId>) {
    let mut engine = QuickJs::new(1).expect("it starts");
    let chain = ["session", "application", "document", "dialog"];
    let chain = chain.map(|name| engine.open(&[name]).expect("there is room")).to_vec();
    (engine, chain)
}

#[test]
fn a_name_is_found_in_the_nearest_scope_and_each_scope_by_its_own_name() {
    let (mut engine, chain) = engine();
    engine.declare(&chain[..3], "x", Some("1")).expect("declared");
    engine.declare(&chain, "x", Some("x + 1")).expect("declared");
    assert_eq!(engine.text(&chain, "x + '/' + document.x").expect("text").as_deref(), Some("2/1"));
    assert!(engine.truth(&chain, "typeof session == 'object' && dialog.dialog === dialog").expect("truth"));
    engine.declare(&chain, "session", Some("'mine'")).expect("no name is reserved");
    assert_eq!(engine.text(&chain, "session").expect("text").as_deref(), Some("mine"));
}

#[test]
fn what_is_not_declared_is_an_error_to_read_and_to_assign() {
    let (mut engine, chain) = engine();
    assert!(engine.text(&chain, "nothing").is_err());
    assert!(engine.assign(&chain, "nothing", "1", chain[0]).is_err());
    engine.put_locked(chain[0], "connection", &serde_json::json!({"local": {"uri": "sip:a"}})).expect("put");
    for name in ["connection", "session.connection", "session.connection.local.uri"] {
        assert!(engine.assign(&chain, name, "1", chain[0]).is_err(), "{name}");
    }
    engine.run(&chain, "session.connection.local.uri = 'b'").expect("a script's write is ignored");
    assert_eq!(engine.text(&chain, "connection.local.uri").expect("text").as_deref(), Some("sip:a"));
    assert!(engine.text(&chain, "grammar_filename'.grxml'").is_err(), "no expression");
}

#[test]
fn scripts_declare_in_their_scope_and_closures_keep_it() {
    let (mut engine, chain) = engine();
    engine
        .run(
            &chain[..3],
            "var n = 1; function inc() { n++; return n; } function fact(k) { return k <= 1 ? 1 : k * fact(k - 1); }",
        )
        .expect("runs");
    engine.run(&chain, "n++; leaked = 7").expect("runs");
    assert_eq!(
        engine.text(&chain, "inc() + ' ' + document.n + ' ' + fact(4) + ' ' + dialog.leaked").expect("text").as_deref(),
        Some("3 3 24 7")
    );
    let other = [chain[0]];
    assert!(engine.text(&other, "leaked").is_err(), "it does not leak");
    engine.run(&chain, "function inc() { return 'mine'; } var got = inc();").expect("runs");
    assert_eq!(engine.text(&chain, "got + document.inc()").expect("text").as_deref(), Some("mine4"));
}

#[test]
fn what_does_not_end_is_ended_and_the_engine_goes_on() {
    let (mut engine, chain) = engine();
    for endless in [
        "while (true) {}",
        "(function f() { f(); })()",
        "(function () { for (var a = []; ; ) a.push('a piece of memory that is given back at the end' + a.length) })()",
        "/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')",
        "try { while (true) {} } catch (e) { while (true) {} }",
        "[].indexOf.call({length: 9007199254740991}, 1)",
        "var b = []; b.length = 4294967295; b.includes(1)",
        "'a'.repeat(1 << 29).length",
        "'a'.repeat(1e5).indexOf('a'.repeat(5e4) + 'b')",
        "'a'.repeat(1e5).replace({toString: function () { return 'a'.repeat(5e4) + 'b' }}, '')",
        "'a'.repeat(1e5).split('a'.repeat(5e4) + 'b')",
        "var s = 'x'.repeat(7e6); while (true) s.indexOf('y')",
        "var s = 'x'.repeat(3e6); while (true) s.lastIndexOf('y')",
        "var s = 'x'.repeat(3e6); while (true) s.includes('y')",
        "var s = 'x'.repeat(3e6); while (true) s.toUpperCase()",
        "var s = 'x'.repeat(6e3), t = 'x'.repeat(3e3) + 'y'; while (true) try { s.indexOf(t) } catch (e) {}",
    ] {
        assert!(engine.run(&chain, endless).is_err(), "{endless}");
        engine.rest();
        assert_eq!(engine.text(&chain, "1 + 1").expect("it goes on").as_deref(), Some("2"), "{endless}");
    }
}

#[test]
fn texts_are_searched_as_the_language_has_it() {
    let (mut engine, chain) = engine();
    for (expr, expected) in [
        ("'a,b,c'.indexOf(',') + 'a,b,c'.indexOf(',', 2) + 'abc'.indexOf('x')", "3"),
        ("'a,b,c'.lastIndexOf(',') + '/' + 'a,b,c'.lastIndexOf(',', 2)", "3/1"),
        ("'abc'.includes('b') + '/' + 'abc'.includes('b', 2)", "true/false"),
        ("'a-b-c'.replace('-', '+') + '/' + 'a-b-c'.replace(/-/g, function (m) { return m + m })", "a+b-c/a--b--c"),
        (
            "'a-b'.split('-').join('/') + '/' + 'ab'.split('').length + '/' + 'a1b2'.split(/[0-9]/).join('.')",
            "a/b/2/a.b.",
        ),
        (
            "' Ab '.trim().toUpperCase() + 'abc'.slice(-2) + 'abc'.substring(0, 1) + 'a'.repeat(3) + 'ab'.charAt(1)",
            "ABbcaaaab",
        ),
        (
            "'7'.padStart(3, '0') + 'a'.concat('b', 1) + 'abc'.startsWith('ab') + String.prototype.indexOf.call(1234, 34)",
            "007ab1true2",
        ),
        (
            "(function () { var s = 'a,'.repeat(50000), n = 0, at = -1; while ((at = s.indexOf(',', at + 1)) >= 0) n++; return n })()",
            "50000",
        ),
        (
            "(function () { var s = 'ab'.repeat(50000), n = 0; for (var i = 0; i < s.length; i++) if (s.charAt(i) === 'b') n++; return n })()",
            "50000",
        ),
    ] {
        assert_eq!(engine.text(&chain, expr).expect(expr).as_deref(), Some(expected), "{expr}");
        engine.rest();
    }
    assert!(engine.text(&chain, "''.indexOf.call(null, 'a')").is_err());
}

#[test]
fn whoever_has_had_enough_ends_what_is_evaluated_until_it_begins_anew() {
    let patience = crate::Patience::default();
    let mut engine = QuickJs::new(1).expect("it starts").heeding(patience.clone());
    let chain = [engine.open(&[]).expect("there is room")];
    patience.end();
    let error = engine.run(&chain, "while (true) {}").expect_err("ended");
    assert_eq!(error.to_string(), "it thinks for too long");
    assert!(engine.truth(&chain, "true").is_err());
    patience.begin();
    assert_eq!(engine.truth(&chain, "true"), Ok(true));
}

#[test]
fn what_does_much_in_one_step_is_paid_for_and_bounded() {
    let (mut engine, chain) = engine();
    engine
        .run(&chain, "var s = 'x'.repeat(1e6), a = []; for (var i = 0; i < 1e5; i++) a[i] = i;")
        .expect("there is room");
    for hostile in [
        "JSON.parse('[' + s.replace(/x/g, '1,') + '1]')",
        "JSON.stringify(a)",
        "encodeURIComponent(s)",
        "a.indexOf(-1)",
        "a.join()",
        "a.slice()",
        "Object.keys(a)",
        "parseInt(s, 36)",
        "Array.from(a)",
        "new Function(s)",
        "eval(s)",
    ] {
        engine.rest();
        let script = format!("var n = 0; while (n < 100000) {{ n++; try {{ {hostile} }} catch (e) {{}} }}");
        assert!(engine.run(&chain, &script).is_err(), "{hostile}");
        let often: u32 = engine.text(&chain, "n").expect("known").expect("a number").parse().expect("a number");
        assert!((1..20_000).contains(&often), "{hostile}: {often} times");
        engine.rest();
    }
}

#[test]
fn a_script_of_many_functions_pays_for_what_it_evaluates_and_not_for_them() {
    let (mut engine, chain) = engine();
    let functions: String = (0..500).map(|at| format!("function f{at}() {{ return {at}; }}\n")).collect();
    engine
        .run(&chain, &format!("{functions} var sum = 0; for (var i = 0; i < 20; i++) sum += eval('f' + i + '()');"))
        .expect("runs");
    assert_eq!(engine.text(&chain, "sum + f499()").expect("text").as_deref(), Some("689"));
    assert!(engine.text(&chain, "typeof eval + eval('1 + 1')").is_ok_and(|text| text.as_deref() == Some("function2")));
}

#[test]
fn questions_are_counted_as_steps_are() {
    let (mut engine, chain) = engine();
    let asked = (0..2_000_000).take_while(|_| engine.is_set(chain[0], "x").is_ok()).count();
    assert!((100_000..1_000_000).contains(&asked), "{asked}");
    assert!(engine.open(&[]).is_err());
    engine.rest();
    assert!(engine.open(&[]).is_ok());
}

#[test]
fn many_evaluations_together_are_bounded_until_time_passes() {
    let (mut engine, chain) = engine();
    let busy = "var n = 0; while (n < 3000000) n++";
    let ran = (0..100).take_while(|_| engine.run(&chain, busy).is_ok()).count();
    assert!((10..100).contains(&ran), "{ran}");
    engine.rest();
    assert!(engine.run(&chain, busy).is_ok());
}

#[test]
fn time_and_chance_are_told() {
    let (mut engine, chain) = engine();
    engine.tell(1_780_000_000_000);
    assert_eq!(
        engine.text(&chain, "new Date().getTime() + Date.now()").expect("text").as_deref(),
        Some("3560000000000")
    );
    let random = engine.text(&chain, "Math.random()").expect("text");
    assert_eq!(
        QuickJs::new(1)
            .map(|mut again| {
                let scope = again.open(&[]).expect("room");
                again.text(&[scope], "Math.random()")
            })
            .expect("starts")
            .expect("text"),
        random
    );
    assert!(
        engine
            .truth(&chain, "new Date(0) instanceof Date && typeof require == 'undefined' && typeof std == 'undefined'")
            .expect("truth")
    );
}

#[test]
fn tags_are_interpreted_as_their_grammar_says_or_as_they_look() {
    let (mut engine, chain) = engine();
    let mut meaning = |style, tags: &[&str]| {
        let parts: Vec<_> = tags.iter().map(|tag| serde_json::json!({"tag": tag})).collect();
        engine.interpret(&serde_json::json!({"text": "12", "parts": parts}), style, chain[3], "i")?;
        engine.json(&chain, "i").map(|json| json.expect("a value").to_string())
    };
    for (style, tags, expected) in [
        (TagStyle::Script, &["out='foo';"][..], "\"foo\""),
        (TagStyle::Script, &["out.a='valA'; ", "out.b=1"], r#"{"a":"valA","b":1}"#),
        (TagStyle::Script, &["out = meta.current().text + '!'"], "\"12!\""),
        (TagStyle::Literal, &["foo"], "\"foo\""),
        (TagStyle::Guess, &["$ = \"alpha\""], "\"alpha\""),
        (TagStyle::Guess, &["$.x = 'a'"], r#"{"x":"a"}"#),
        (TagStyle::Guess, &["out.x='a'"], r#"{"x":"a"}"#),
        (TagStyle::Guess, &["'alpha'"], "\"alpha\""),
        (TagStyle::Guess, &["var x='1'; var y=2"], r#"{"x":"1","y":2}"#),
        (TagStyle::Guess, &["alpha"], "\"alpha\""),
        (TagStyle::Guess, &["dest='sales'"], r#"{"dest":"sales"}"#),
        (TagStyle::Guess, &["dest = \"sales\"; floor='2';"], r#"{"dest":"sales","floor":"2"}"#),
        (TagStyle::Guess, &[" <dept \"sales\"> <floor 2> "], r#"{"dept":"sales","floor":"2"}"#),
        (TagStyle::Guess, &["<dept \"sales\"> please"], r#""<dept \"sales\"> please""#),
        (TagStyle::Guess, &["a == 'b'"], r#""a == 'b'""#),
        (TagStyle::Script, &[], "\"12\""),
    ] {
        assert_eq!(meaning(style, tags).expect(expected), expected);
    }
    assert!(meaning(TagStyle::Script, &["out="]).is_err());
}

#[test]
fn a_document_of_xml_is_read_only_structures() {
    let (mut engine, chain) = engine();
    let root = serde_json::json!({"k": 1, "n": "quote", "a": [["date", "today"]], "c": [
        {"k": 3, "n": "#text", "v": "\n"}, {"k": 1, "n": "last", "c": [{"k": 3, "n": "#text", "v": "12"}]}]});
    engine.document(&root, chain[3], "d").expect("it is there");
    for (expr, expected) in [
        ("d.documentElement.getAttribute('date')", "today"),
        ("d.getElementsByTagName('last').item(0).firstChild.data", "12"),
        ("d.documentElement.childNodes.length + d.documentElement.lastChild.nodeName", "2last"),
        ("d.documentElement.firstChild.nextSibling.tagName", "last"),
    ] {
        assert_eq!(engine.text(&chain, expr).expect(expr).as_deref(), Some(expected), "{expr}");
    }
}
