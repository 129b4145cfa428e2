//! Keys on calls of VoiceXML: what they stop, what they are thrown away for, what ends an input, and what is said where none come.
//!
//! Sources: VoiceXML 2.0 §3.1, §4.1.5, §5.2, Appendix D; `voicexml-customizers.md` 3.4, 3.6, 4.

use std::time::Duration;

use antiphon_testkit::SimPhone;

use crate::vxml::{answer, calls, exit_of};
use crate::world::{World, on_its_own, pass, prompt};

const CLOSE: Duration = Duration::from_millis(150);
/// What may pass from one prompt to the next.
const SEAM: Duration = Duration::from_millis(45);

/// Presses keys, each after so many milliseconds.
async fn presses(caller: &SimPhone, keys: &[(u64, char)]) {
    for &(after, key) in keys {
        pass(after).await;
        caller.press(key).await;
    }
}

/// What the page comes to where these keys are pressed.
async fn comes_to(world: &World, content: &str, keys: &[(u64, char)]) -> (SimPhone, String) {
    answer(world, content);
    let caller = calls(world).await;
    presses(&caller, keys).await;
    caller.over().await;
    let exit = exit_of(&caller);
    (caller, exit)
}

#[tokio::test]
async fn what_has_to_be_heard_is_heard_and_a_key_stops_what_follows_it_at_once() {
    let world = World::new().await;
    let (caller, exit) = comes_to(
        &world,
        r#"<form><field name="key" type="digits?length=1">
             <prompt bargein="false"><audio src="builtin:ad"/></prompt><prompt><audio src="builtin:hello"/></prompt>
             <filled><exit expr="key"/></filled></field></form>"#,
        &[(1_000, '4'), (2_000, '5')],
    )
    .await;
    assert_eq!(exit, "5", "the first key was pressed where none counts");
    let heard = world.heard(&caller, &[]);
    let (ad, hello) = (heard.first("ad"), heard.first("hello"));
    assert_eq!(ad.duration(), prompt("ad").duration(), "{heard}");
    assert!(hello.from - ad.to <= SEAM, "{:?} between the two: {heard}", hello.from - ad.to);
    assert!(hello.duration().abs_diff(Duration::from_millis(1_000)) < CLOSE, "{heard}");
    world.leaves_nothing().await;
}

#[test]
fn an_input_ends_by_its_last_key_by_the_one_that_ends_it_or_by_its_time() {
    let field = |properties: &str, kind: &str| {
        format!(
            r#"<form>{properties}<field name="one" type="{kind}"/>
                 <field name="two" type="digits?length=1"><property name="timeout" value="1s"/><noinput><exit expr="one + ' then nothing'"/></noinput></field>
                 <block><exit expr="one + ' then ' + two"/></block></form>"#
        )
    };
    let cases = [
        // The key that ends the input is none of the next.
        ("", "digits?minlength=1;maxlength=4", vec![(500, '1'), (200, '2'), (200, '#')], "12 then nothing"),
        ("", "digits?minlength=1;maxlength=4", vec![(500, '1'), (200, '#'), (200, '7')], "1 then 7"),
        (
            r#"<property name="termchar" value="*"/>"#,
            "digits?minlength=1;maxlength=4",
            vec![(500, '1'), (200, '*'), (200, '7')],
            "1 then 7",
        ),
        // Typed ahead over two fields.
        ("", "digits?length=2", vec![(500, '1'), (200, '2'), (200, '3')], "12 then 3"),
        (
            r#"<property name="interdigittimeout" value="1s"/>"#,
            "digits?minlength=1;maxlength=4",
            vec![(500, '1'), (800, '2'), (1_200, '3')],
            "12 then 3",
        ),
    ];
    for (properties, kind, keys, expect) in cases {
        on_its_own(async move {
            let world = World::new().await;
            let (_caller, exit) = comes_to(&world, &field(properties, kind), &keys).await;
            assert_eq!(exit, expect, "{properties} {kind} {keys:?}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn nothing_and_something_wrong_are_answered_by_how_often_they_came() {
    let world = World::new().await;
    let (caller, exit) = comes_to(
        &world,
        r#"<link event="help" dtmf="*"/>
           <form><field name="key"><property name="timeout" value="2s"/>
             <prompt count="1"><audio src="builtin:hello"/></prompt><prompt count="3"><audio src="builtin:ad"/></prompt>
             <option dtmf="1" value="one">one</option>
             <noinput><audio src="builtin:nobody"/><reprompt/></noinput>
             <noinput count="2"><audio src="builtin:busy"/></noinput>
             <noinput count="4"><exit expr="'nothing'"/></noinput>
             <nomatch><audio src="builtin:thanks"/></nomatch>
             <help><audio src="builtin:bye"/><reprompt/></help>
             <filled><exit expr="key"/></filled></field></form>"#,
        // Nothing; nothing again; 9 is none of the options, which is known when no other key follows it; help; 1.
        &[(11_500, '9'), (5_500, '*'), (2_500, '1')],
    )
    .await;
    assert_eq!(exit, "one");
    let heard = world.heard(&caller, &[]);
    let mut said: Vec<String> = heard.names().into_iter().filter(|name| !name.starts_with('(')).collect();
    said.dedup();
    assert_eq!(said, ["hello", "nobody", "hello", "busy", "thanks", "bye", "ad"], "{heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_subdialog_takes_keys_of_its_own_and_returns_what_they_were() {
    let world = World::new().await;
    answer(
        &world,
        r#"<form><subdialog name="asked" src="pin"><param name="length" expr="2"/>
             <filled><prompt bargein="false"><audio src="builtin:thanks"/></prompt><exit expr="asked.pin + asked.length"/></filled></subdialog></form>"#,
    );
    answer(
        &world,
        r#"<form id="ask"><var name="length"/><field name="pin" type="digits?length=2"><prompt><audio src="builtin:hello"/></prompt>
             <filled><return namelist="pin length"/></filled></field></form>"#,
    );
    let caller = calls(&world).await;
    presses(&caller, &[(1_000, '4'), (200, '2')]).await;
    caller.over().await;
    assert_eq!(exit_of(&caller), "422");
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("thanks").duration(), prompt("thanks").duration(), "{heard}");
    assert_eq!(world.web.asked()[1].errand.url.as_str(), "http://app.test/pin");
    world.leaves_nothing().await;
}

/// The application's own variables and handlers are those of the root that a page names, and of no other.
#[tokio::test]
async fn another_root_brings_other_variables_and_the_link_that_listens() {
    let world = World::new().await;
    let rooted = |root: &str, content: &str| crate::vxml::page_with(&format!("application=\"{root}\""), content);
    let field = |next: &str| {
        format!(
            r#"<form><field name="key" type="digits?length=1"><prompt><audio src="builtin:hello"/></prompt>
                 <filled><goto next="{next}"/></filled></field></form>"#
        )
    };
    world.web.answer_as(0, 200, "text/xml", rooted("one", &field("second")));
    answer(&world, r#"<var name="who" expr="'one'"/><catch event="tell"><exit expr="'one heard it'"/></catch>"#);
    world.web.answer_as(0, 200, "text/xml", rooted("two", &field("third")));
    answer(
        &world,
        r#"<var name="who" expr="'two'"/><link event="tell" dtmf="*"/>
           <catch event="tell"><exit expr="who + ' heard it, one is ' + typeof application.before"/></catch>"#,
    );
    let caller = calls(&world).await;
    presses(&caller, &[(500, '1'), (1_500, '*')]).await;
    caller.over().await;
    assert_eq!(exit_of(&caller), "two heard it, one is undefined");
    let asked: Vec<_> = world.web.asked().iter().map(|asked| asked.errand.url.path().to_owned()).collect();
    assert_eq!(asked, ["/start.vxml", "/one", "/second", "/two"]);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_while_nothing_is_said_yet_stops_the_prompt_that_it_precedes() {
    let world = World::new().await;
    answer(&world, r#"<form><block><goto next="slow"/></block></form>"#);
    crate::vxml::answer_after(
        &world,
        600,
        r#"<form><field name="key" type="digits?length=1"><prompt><audio src="builtin:hello"/></prompt>
             <filled><exit expr="key"/></filled></field></form>"#,
    );
    let caller = calls(&world).await;
    presses(&caller, &[(300, '3')]).await;
    caller.over().await;
    assert_eq!(exit_of(&caller), "3");
    assert!(world.heard(&caller, &[]).all("hello").is_empty(), "{}", world.heard(&caller, &[]));
    world.leaves_nothing().await;
}
