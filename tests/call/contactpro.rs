//! Pages in the dialect of Contact Pro on whole calls: what a caller hears and what others are told.
//!
//! Sources: `voicexml-customizers.md` 1.3, 1.6, 1.7, 2.2.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use antiphon_ivr::Language;
use antiphon_ivr::op::{AllowFlow, Changes, CustomError, CustomErrorKind, CustomResult, Customize, Flow};
use antiphon_media::Audio;
use antiphon_server::store::ClientId;
use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Heard, SimPhone, Stage, noise};
use serde_json::json;

use crate::custom::install_customizer;
use crate::pivot::{is_one_stream, response};
use crate::queues::{calls, said, takes};
use crate::vxml::{notes, page};
use crate::world::{Author, World, on_its_own, pass, prompt};

/// The client's `bye` in Russian.
const RUSSIAN: (&str, u64, u64) = ("ru/bye", 21, 1_300);

/// Applications whose page is at `http://app.test/start.vxml`: 323 with early queuing, 324 whose customizer may say where it goes on.
pub(crate) async fn fill(author: &Author) {
    let url = "http://app.test/start.vxml";
    author.vxml("323", json!({"url": url, "early_queuing": true}), None).await;
    author.vxml("324", json!({"url": url, "allow_flow": true, "dialect": "contactpro"}), None).await;
    author.sound(RUSSIAN.0, RUSSIAN.1, RUSSIAN.2).await;
}

/// The page of the next call.
fn answer(world: &World, content: &str) {
    let page = String::from_utf8(page(content)).expect("it is text");
    let page = page.replacen("<vxml ", "<vxml xmlns:bcm=\"urn:contactpro:bcm\" ", 1);
    world.web.answer_as(100, 200, "text/xml", page.into_bytes());
}

/// What somebody has heard, also of the sounds that only these pages have.
fn heard(world: &World, listener: &SimPhone, speakers: &[&SimPhone]) -> Heard {
    let mut known = world.known(listener, speakers);
    known = known.with(RUSSIAN.0, &Audio::from_pcm(&noise(RUSSIAN.1, Duration::from_millis(RUSSIAN.2))));
    for (name, language) in [("en goodbye", Language::En), ("ru goodbye", Language::Ru)] {
        let sound = world.server.rooms.system_sound("goodbye", language).expect("a sound of the system");
        known = known.with(name, &sound);
    }
    Heard::of(&listener.received(), &known)
}

/// The known sounds that somebody has heard, one after the other.
fn sounds(world: &World, listener: &SimPhone) -> Vec<String> {
    let mut names = heard(world, listener, &[]).names();
    names.retain(|name| !name.starts_with('('));
    names
}

#[tokio::test]
async fn a_menu_says_its_prompts_again_until_a_key_is_one_of_its_own() {
    let world = World::new().await;
    answer(
        &world,
        r##"<menu id="main" bcm:timeout="2s"><audio bcm:prompt="hello"/>
              <choice dtmf="1" next="#sales"/>
              <noinput><audio bcm:prompt="nobody"/></noinput><nomatch><audio bcm:prompt="busy"/><goto next="#main"/></nomatch></menu>
            <block name="no"><audio bcm:prompt="ad"/></block>
            <block name="sales"><log>key <value expr="{menu:main}"/></log><audio bcm:prompt="thanks"/></block>"##,
    );
    let caller = world.caller();
    caller.call("324").await;
    caller.up().await;
    pass(6_500).await;
    caller.press('9').await;
    pass(1_500).await;
    caller.press('1').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(sounds(&world, &caller), ["hello", "nobody", "busy", "hello", "thanks"]);
    assert_eq!(notes(&world), ["key 1"]);
    is_one_stream(&caller);
    world.leaves_nothing().await;
}

#[test]
fn a_customizer_finds_who_calls_and_says_where_it_goes_on_where_it_may() {
    let goes = || Ok(Some(Flow::Goto("#vip".to_owned())));
    let throws = || Ok(Some(Flow::Throw { event: "nomatch".to_owned(), message: String::new() }));
    let fails = || Err(CustomError { kind: CustomErrorKind::Exception, message: "no table".to_owned() });
    for (application, came, expected) in [
        ("324", Ok(None), ["ad", "bye"].as_slice()),
        ("324", goes(), &["thanks"]),
        ("324", throws(), &["nobody"]),
        ("324", fails(), &["busy"]),
        ("321", goes(), &["ad", "bye"]),
    ] {
        on_its_own(customized(application, came, expected));
    }
}

/// A call to an application whose customizer moves the page, or does not, or fails.
async fn customized(
    application: &'static str,
    came: Result<Option<Flow>, CustomError>,
    expected: &'static [&'static str],
) {
    let world = World::new().await;
    answer(
        &world,
        r##"<nomatch><audio bcm:prompt="nobody"/><exit/></nomatch>
            <bcm:customstate id="who" method="find"><bcm:param name="phone" expr="{ANUMBER}"/>
              <bcm:error><audio bcm:prompt="busy"/><exit/></bcm:error></bcm:customstate>
            <block cond="{customstate:who}['vip']"><audio bcm:prompt="ad"/></block>
            <block><audio bcm:prompt="bye"/><exit/></block>
            <block name="vip"><audio bcm:prompt="thanks"/></block>"##,
    );
    let asked: Arc<Mutex<Vec<Customize>>> = Arc::default();
    let told = asked.clone();
    let failed = came.is_err();
    install_customizer(&world, application, move |customize| {
        told.lock().expect("nobody panics here").push(customize.clone());
        let changes = Changes { flow: came.clone()?, ..Changes::default() };
        Ok(CustomResult { value: json!({"vip": true}), changes, ..CustomResult::default() })
    });
    let caller = world.caller();
    caller.call(application).await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(sounds(&world, &caller), expected, "{application}, fails: {failed}");
    let asked = asked.lock().expect("nobody panics here")[0].clone();
    assert_eq!((asked.method.as_str(), &asked.params), ("find", &vec![("phone".to_owned(), json!("caller"))]));
    let may = if application == "324" { AllowFlow::Yes } else { AllowFlow::No };
    assert_eq!(asked.about.flow, may);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_callout_joins_two_and_gives_the_caller_back_to_the_page() {
    let world = World::new().await;
    answer(
        &world,
        r#"<bcm:setextradata name="survey" value="900"/>
           <bcm:callout id="boss" destination="002" callernumber="700"/>
           <block><log expr="{callout:boss}['status'] + ' ' + str({callout:boss}['cause'])"/><audio bcm:prompt="bye"/></block>"#,
    );
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.speak(Some(prompt("caller"))).await;
    callee.speak(Some(prompt("002"))).await;
    caller.call("321").await;
    callee.up().await;
    pass(3_000).await;
    for (listener, speaker) in [(&caller, &callee), (&callee, &caller)] {
        let lasted = said(&world, listener, speaker);
        assert!(lasted > Duration::from_millis(2_500), "{lasted:?} {}", world.heard(listener, &[speaker]));
    }
    let invite = callee.requests("INVITE").remove(0);
    assert_eq!(invite.header("X-Extra-Data-survey"), Some("900"));
    assert!(invite.header("From").is_some_and(|from| from.contains("sip:700@")), "{invite:?}");
    callee.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(world.heard(&caller, &[&callee]).first("bye").duration(), prompt("bye").duration());
    assert!(notes(&world).contains(&"answered 16".to_owned()), "{:?}", notes(&world));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn in_early_queuing_the_page_is_heard_before_the_answer_which_connect_gives() {
    let world = World::new().await;
    answer(
        &world,
        r#"<block><audio bcm:prompt="hello"/></block>
           <block><bcm:connect/><audio bcm:prompt="bye"/></block>"#,
    );
    let caller = world.caller();
    caller.call("323").await;
    pass(2_500).await;
    assert_eq!(caller.stage(), Stage::Ringing);
    let progress = response(&caller, 183).expect("early media");
    assert!(progress.body.contains("m=audio"), "{progress:?}");
    assert!(response(&caller, 200).is_none());
    caller.up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let heard = world.heard(&caller, &[]);
    for name in ["hello", "bye"] {
        assert_eq!(heard.first(name).duration(), prompt(name).duration(), "{heard}");
    }
    is_one_stream(&caller);
    world.leaves_nothing().await;
}

#[test]
fn a_disconnect_says_its_cause_as_a_status_before_the_answer_and_as_a_reason_after_it() {
    for (element, status, cause) in [
        ("<disconnect/>", 486, 16),
        ("<disconnect bcm:cause='1'/>", 404, 1),
        ("<disconnect bcm:cause='17'/>", 486, 17),
        ("<disconnect bcm:cause='18'/>", 480, 18),
        ("<disconnect bcm:cause='21'/>", 403, 21),
        ("<disconnect bcm:causeexpr='30 + 4'/>", 503, 34),
    ] {
        on_its_own(async move {
            let world = World::new().await;
            let caller = world.caller();
            answer(&world, &format!("<block>{element}</block>"));
            caller.call("323").await;
            let why = caller.over().await;
            assert!(matches!(why, EndReason::Rejected(said) if said.code() == status), "{element}: {why:?}");
            answer(&world, &format!("<block><bcm:connect/>{element}</block>"));
            let connected = world.connect(World::setup("other", 11));
            connected.call("323").await;
            assert_eq!(connected.over().await, EndReason::RemoteBye);
            let reason = format!("Q.850;cause={cause}");
            assert_eq!(connected.requests("BYE")[0].header("Reason"), Some(reason.as_str()), "{element}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_prompt_is_heard_in_the_language_of_the_call_or_its_own_and_of_the_client_before_the_system() {
    let world = World::new().await;
    answer(
        &world,
        r#"<block><audio bcm:prompt="goodbye"/><audio bcm:prompt="bye"/></block>
           <block><bcm:setlanguage language="ru"/><audio bcm:prompt="goodbye"/><audio bcm:prompt="bye"/></block>
           <block><audio bcm:prompt="goodbye" xml:lang="en"/><audio bcm:prompt="bye" xml:lang="en"/></block>
           <block><audio bcm:prompt="nothing of this name"/><audio bcm:prompt="thanks"/></block>"#,
    );
    let caller = world.caller();
    caller.call("321").await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let expected = ["en goodbye", "bye", "ru goodbye", "ru/bye", "en goodbye", "bye", "thanks"];
    assert_eq!(sounds(&world, &caller), expected);
    let heard = heard(&world, &caller, &[]);
    assert_eq!(heard.first("ru/bye").duration(), Duration::from_millis(RUSSIAN.2), "{heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_transfer_tells_the_other_what_is_attached_and_its_failure_is_a_cause() {
    let world = World::new().await;
    answer(
        &world,
        r#"<block><bcm:setpriority value="5"/><bcm:setskills skills="sales english"/><bcm:setlanguage language="ru"/>
             <bcm:setextradata name="SurveyExtension" expr="900"/></block>
           <form id="t"><transfer name="one" bcm:destination="003"/></form>
           <block><log expr="'cause ' + str({transfer:one})"/></block>
           <form id="u"><transfer name="two" bcm:destinationexpr="{'number': '002'}" bcm:keeplanguage="true"/></form>
           <block><log>not reached</log></block>"#,
    );
    let caller = world.caller();
    let (callee, busy) =
        (world.callee("002", 2, Answering::After(Duration::from_secs(1))), world.callee("003", 3, Answering::Busy));
    caller.call("321").await;
    callee.up().await;
    pass(1_000).await;
    callee.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let told = [
        ("X-Priority", "5"),
        ("X-Skills", "sales,english"),
        ("X-Language", "ru"),
        ("Accept-Language", "ru"),
        ("X-Extra-Data-SurveyExtension", "900"),
    ];
    let invites = [busy.requests("INVITE").remove(0), callee.requests("INVITE").remove(0)];
    for invite in &invites {
        for (name, value) in told {
            assert_eq!(invite.header(name), Some(value), "{name} of {invite:?}");
        }
    }
    let keeps = invites.each_ref().map(|invite| invite.header("X-Keep-Language"));
    assert_eq!(keeps, [None, Some("true")]);
    let notes = notes(&world);
    assert!(notes.contains(&"cause 17".to_owned()) && !notes.contains(&"not reached".to_owned()), "{notes:?}");
    world.leaves_nothing().await;
}

const TO_QUEUE: &str = r#"<form id="t"><transfer name="t1" bcm:destination="queue:sales"/></form>"#;

#[tokio::test]
async fn a_transfer_to_a_queue_waits_with_music_and_ends_with_the_talk() {
    let world = World::new().await;
    let taking = takes(&world, 30);
    let attached =
        "<block><bcm:setskills skills='sales english'/><bcm:setextradata name='survey' value='900'/></block>";
    answer(&world, &format!("{attached}{TO_QUEUE}<block><log>not reached</log></block>"));
    let caller = calls(&world, "one", 11, "321").await;
    pass(4_000).await;
    let shown = world.server.rooms.queues.of(ClientId(1));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(shown[0].name, "sales");
    assert_eq!(shown[0].waiting[0].about, [pair("SKILLS", "sales,english"), pair("EXTRADATA_survey", "900")]);
    let heard = world.heard(&caller, &[]);
    assert!(heard.first("hold").duration() > Duration::from_secs(3), "{heard}");
    let agent = calls(&world, "two", 12, "074").await;
    pass(3_000).await;
    for (listener, speaker) in [(&caller, &agent), (&agent, &caller)] {
        let lasted = said(&world, listener, speaker);
        assert!(lasted > Duration::from_millis(2_500), "{lasted:?} {}", world.heard(listener, &[speaker]));
    }
    agent.press('*').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    agent.over().await;
    assert!(taking.all()[0].contains("Answered"), "{:?}", taking.all());
    assert!(!notes(&world).contains(&"not reached".to_owned()));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_has_more_priority_is_taken_out_of_a_queue_first_and_a_callout_goes_on_after_the_talk() {
    let world = World::new().await;
    takes(&world, 30);
    let waits = |priority: &str| {
        format!(
            "<block><bcm:setpriority value='{priority}'/></block><bcm:callout id='c' destination='queue:sales'/>
             <block><log expr=\"{{callout:c}}['status']\"/><audio bcm:prompt='bye'/></block>"
        )
    };
    let mut callers = Vec::new();
    for (name, host, priority) in [("one", 11, "1"), ("two", 12, "7"), ("three", 13, "1")] {
        answer(&world, &waits(priority));
        callers.push(calls(&world, name, host, "321").await);
        pass(1_000).await;
    }
    let numbers = |world: &World| -> Vec<String> {
        let shown = world.server.rooms.queues.of(ClientId(1));
        shown.iter().flat_map(|queue| &queue.waiting).map(|waiting| waiting.who.number.clone()).collect()
    };
    assert_eq!(numbers(&world), ["two", "one", "three"]);
    let agent = calls(&world, "agent", 14, "074").await;
    pass(2_000).await;
    assert_eq!(numbers(&world), ["one", "three"]);
    agent.hang_up().await;
    assert_eq!(callers[1].over().await, EndReason::RemoteBye);
    assert_eq!(world.heard(&callers[1], &[&agent]).first("bye").duration(), prompt("bye").duration());
    for phone in [&callers[0], &callers[2]] {
        phone.hang_up().await;
        phone.over().await;
    }
    assert!(numbers(&world).is_empty());
    world.leaves_nothing().await;
}

#[test]
fn a_queue_in_early_queuing_connects_with_the_agent_or_ends_after_two_minutes() {
    for comes in [true, false] {
        on_its_own(async move {
            let world = World::new().await;
            takes(&world, 30);
            answer(&world, TO_QUEUE);
            let caller = world.caller();
            caller.call("323").await;
            pass(100_000).await;
            assert_eq!(caller.stage(), Stage::Ringing);
            assert!(response(&caller, 183).is_some() && response(&caller, 200).is_none());
            let heard = world.heard(&caller, &[]);
            assert!(heard.first("hold").duration() > Duration::from_secs(5), "{heard}");
            if comes {
                let agent = calls(&world, "two", 12, "074").await;
                caller.up().await;
                // The two minutes are over now, and mean nothing any more.
                pass(40_000).await;
                assert!(said(&world, &caller, &agent) > Duration::from_secs(35), "{}", world.heard(&caller, &[&agent]));
                caller.hang_up().await;
                agent.over().await;
            } else {
                let why = caller.over().await;
                assert!(matches!(why, EndReason::Rejected(status) if status.code() == 480), "{why:?}");
                assert!(world.server.rooms.queues.of(ClientId(1)).is_empty());
            }
            world.leaves_nothing().await;
        });
    }
}
