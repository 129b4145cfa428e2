use super::{
    request::fetch,
    verbs::{Item, items},
    *,
};
use crate::{Call, Caller, ExtensionId, ExtensionName};

fn extension(id: u64, name: &str) -> ExtensionName {
    ExtensionName { id: ExtensionId(id), name: name.to_owned() }
}

/// The internal call of the vendor's sample (`ringme-ivr.md` 4.2).
fn call() -> Call {
    let caller = Caller {
        number: "000*306".into(),
        name: "000*306".into(),
        call_id: "5205ea15".into(),
        called_number: "332".into(),
        extension: Some(extension(134, "000*306")),
        ..Caller::default()
    };
    let (mut call, _) = Call::new(caller);
    call.served = extension(145, "000*332");
    call
}

fn script(url: &str, dialect: Dialect) -> WebScript {
    WebScript { url: url.to_owned(), method: FetchMethod::Get, patience: PATIENCE, dialect }
}

#[track_caller]
fn check_url(script: &WebScript, occasion: &Occasion, call: &Call, expected: &str) {
    let asked = fetch(script, occasion, call, "rule 1 call_interactive").expect("a good request");
    assert_eq!(asked.url, expected);
    assert_eq!((asked.patience, asked.max_bytes, asked.redirects), (Duration::from_secs(5), 65_536, 3));
    assert_eq!(asked.body, None);
}

#[test]
fn the_request_of_ucom_says_what_the_vendors_sample_says() {
    check_url(
        &script("http://crm.example/myscript", Dialect::Ucom),
        &Occasion::Action,
        &call(),
        "http://crm.example/myscript?EventType=call_interactive&CallID=5205ea15&CallerIDNum=000%2A306&CallerIDName=000%2A306\
         &CalledExtension=000%2A332&CalledExtensionID=145&CallerExtension=000%2A306&CallerExtensionID=134&CallStatus=ANSWER\
         &CallFlow=IN&CalledNumber=332&CallAPIID=5205ea15",
    );
}

#[test]
fn a_call_from_outside_has_a_public_number_and_no_extension() {
    let mut call = call();
    call.caller = Caller {
        number: "+78121234567".into(),
        did: "+74950000000".into(),
        called_number: "74950000000".into(),
        ..call.caller
    };
    // A rule or SetCaller has changed whom later transfers name.
    call.vars.set("caller_id_number", "992").unwrap();
    call.callback.set("order", "17 / 3").unwrap();
    call.callback.set("CallID", "mine").unwrap();
    call.caller.extension = None;
    check_url(
        &script("http://crm.example/s?EventType=own&x=1#top", Dialect::Ucom),
        &Occasion::Action,
        &call,
        "http://crm.example/s?EventType=own&x=1&CallID=5205ea15&CallerIDNum=%2B78121234567&CallerIDName=000%2A306\
         &CalledDID=%2B74950000000&CalledExtension=000%2A332&CalledExtensionID=145&CallStatus=ANSWER&CallFlow=IN\
         &CalledNumber=74950000000&CallAPIID=5205ea15&cb_variable_CallID=mine&cb_variable_order=17%20%2F%203",
    );
}

#[test]
fn voipnow_names_no_event_and_no_ids() {
    let script = script("http://crm.example/s?subscription_code=$code", Dialect::Voipnow);
    let mut call = call();
    call.vars.set("code", "934924").unwrap();
    call.callback.set("order", "17").unwrap();
    let url = |rest: &str| {
        let begin = "http://crm.example/s?subscription_code=934924&CallID=5205ea15&CallerIDNum=000%2A306&CallerIDName=000%2A306";
        format!("{begin}{rest}&CallAPIID=5205ea15")
    };
    let inside = "&CalledExtension=000%2A332&CallerExtension=000%2A306";
    check_url(
        &script,
        &Occasion::Action,
        &call,
        &url(&format!("{inside}&CallStatus=ANSWER&CallFlow=IN&CalledNumber=332")),
    );
    check_url(
        &script,
        &Occasion::DialIn,
        &call,
        &url(&format!("{inside}&CallStatus=CALLING&CallFlow=IN&CalledNumber=332")),
    );
    let hangup = Occasion::Hangup { status: "BUSY" };
    check_url(&script, &hangup, &call, &url(&format!("{inside}&CallStatus=BUSY&CallFlow=IN&CalledNumber=332")));
    let out = Occasion::DialOut { numbers: "101,+7812".into() };
    check_url(
        &script,
        &out,
        &call,
        &url("&CallerExtension=000%2A332&CallStatus=CALLING&CallFlow=OUT&CalledNumber=101%2C%2B7812"),
    );
}

#[test]
fn post_sends_a_form_and_leaves_the_query_as_it_is() {
    let mut call = call();
    call.vars.set("x", "a b").unwrap();
    let script =
        WebScript { method: FetchMethod::Post, ..script("https://crm.example/s?CallID=own&x=${x}", Dialect::Ucom) };
    let asked = fetch(&script, &Occasion::Action, &call, "step").unwrap();
    assert_eq!(asked.url, "https://crm.example/s?CallID=own&x=a%20b");
    let body = asked.body.unwrap();
    assert_eq!(body.content_type, "application/x-www-form-urlencoded");
    let form = String::from_utf8(body.bytes).unwrap();
    assert!(form.starts_with("EventType=call_interactive&CallID=5205ea15&CallerIDNum=000%2A306&"), "{form}");
}

#[test]
fn a_request_that_variables_spoil_is_not_made() {
    let mut call = call();
    call.vars.set("long", &"x".repeat(4096)).unwrap();
    let ask = |url: &str| fetch(&script(url, Dialect::Ucom), &Occasion::Action, &call, "step").map(|asked| asked.url);
    assert_eq!(ask("http://$host/s"), Err(BadRequest::NoAddress));
    assert_eq!(ask(&format!("http://a/?{}", "$long&".repeat(5))), Err(BadRequest::TooLong));
    for number in 0..20 {
        call.callback.set(&format!("v{number}"), &"x".repeat(4096)).unwrap();
    }
    let post = WebScript { method: FetchMethod::Post, ..script("http://a/", Dialect::Ucom) };
    assert_eq!(fetch(&post, &Occasion::Action, &call, "step").unwrap_err(), BadRequest::TooLong);
}

#[test]
fn the_address_of_a_script_is_one_of_the_web() {
    for (url, good) in [
        ("http://a", true),
        ("HTTPS://user:secret@[::1]:8443/s?x=${y}", true),
        ("http://$host/", true),
        ("https://пример.рф/", true),
        ("", false),
        ("http:", false),
        ("http://", false),
        ("http:///etc/passwd", false),
        ("http://?x", false),
        ("http://:80/", false),
        ("ftp://a/", false),
        ("file:///etc/passwd", false),
        ("//a/", false),
        (" http://a/", false),
        ("http://a/ b", false),
        ("http://a/\n", false),
        ("жttp://a", false),
    ] {
        assert_eq!(is_address(url), good, "{url}");
    }
}

/// What an answer comes to: verbs as they describe themselves, problems in brackets.
fn read(dialect: Dialect, verbs: &str) -> Vec<String> {
    let document = wire::read(format!("<Response>{verbs}</Response>").as_bytes(), None).expect("well-formed");
    let told = |item: Item| match item {
        Item::Verb(verb) => verb.to_string(),
        Item::Problem(problem) => format!("({})", problem.split_once(": ").expect("a place").1),
    };
    items(&document, dialect, Names::AnyCase).into_iter().map(told).collect()
}

#[test]
fn each_dialect_has_its_verbs_whatever_their_case() {
    let both = "<hangup/><PAUSE/><setvar name='a'/><jump context='3'/><playsound>a.wav</playsound>";
    let read_both = ["Hangup", "Pause 10 s", "SetVar a", "Jump to start of context 3", "PlaySound a.wav"];
    for dialect in [Dialect::Ucom, Dialect::Voipnow] {
        assert_eq!(read(dialect, both), read_both);
        assert_eq!(read(dialect, "<SetCaller Name='n' Number='9'/>"), ["SetCaller 9 n"]);
        assert_eq!(read(dialect, "<Redirect/><Hangup/>"), ["(Redirect is no verb; it is passed over)", "Hangup"]);
    }
    assert_eq!(read(Dialect::Ucom, "<SimpleTransfer>1</SimpleTransfer>"), ["SimpleTransfer 1"]);
    assert_eq!(
        read(Dialect::Voipnow, "<SimpleTransfer>1</SimpleTransfer>"),
        ["(SimpleTransfer is no verb of the dialect VoipNow; it is passed over)"]
    );
    assert_eq!(read(Dialect::Voipnow, "<PlayTTS>ab</PlayTTS>"), ["PlayTTS, 2 characters"]);
    assert_eq!(
        read(Dialect::Ucom, "<PlayTTS>ab</PlayTTS>"),
        ["(PlayTTS is no verb of the dialect Ucom; it is passed over)"]
    );
    for name in ["TextToSpeech", "text_to_speech"] {
        assert_eq!(read(Dialect::Ucom, &format!("<{name}>abc</{name}>")), ["TextToSpeech, 3 characters"]);
    }
}

#[test]
fn values_that_cannot_be_used_are_told() {
    for (verb, told) in [
        ("<Pause length='0'/>", vec!["Pause 0 s"]),
        ("<Pause length=' 300 '/>", vec!["Pause 300 s"]),
        (
            "<Pause length='301'/>",
            vec!["(Pause length must be a whole number from 0 to 300; it is taken as 10)", "Pause 10 s"],
        ),
        (
            "<Pause length='-1'/>",
            vec!["(Pause length must be a whole number from 0 to 300; it is taken as 10)", "Pause 10 s"],
        ),
        ("<SetVar>1</SetVar>", vec!["(SetVar has no name; it is passed over)"]),
        ("<Jump option='1'/>", vec!["(Jump has no context; it is passed over)"]),
        ("<PlaySound/>", vec!["(PlaySound names no sound; it is passed over)"]),
        ("<SimpleTransfer> , </SimpleTransfer>", vec!["(SimpleTransfer has no number; it is passed over)"]),
        ("<SimpleTransfer number='101,102'/>", vec!["SimpleTransfer 101,102"]),
        ("<SimpleTransfer dst='101'>102 103</SimpleTransfer>", vec!["SimpleTransfer 102,103"]),
    ] {
        assert_eq!(read(Dialect::Ucom, verb), told, "{verb}");
    }
    assert!(
        read(Dialect::Ucom, "<SetVar name='1a'>1</SetVar>")[0]
            .starts_with("(SetVar name must be the name of a variable")
    );
    let wrong = read(Dialect::Voipnow, "<PlaySound where='loud' view='all' loop='0' digitvar='a b'>a</PlaySound>");
    assert_eq!(wrong.len(), 5, "{wrong:?}");
}

/// Row A17 of `ringme-ivr.md` 6: the number as the text of the element, and 60 s of ringing.
#[test]
fn a_simple_transfer_rings_as_the_policy_says_and_is_final_unless_it_says_otherwise() {
    use super::verbs::{Finality, Verb};
    for (attributes, seconds, finality) in [
        ("", None, Finality::Final),
        ("timeout='20'", Some(20), Finality::Final),
        ("timeout='soon'", None, Finality::Final),
        ("timeout='0'", None, Finality::Final),
        ("final='no'", None, Finality::NotFinal),
        ("FINAL='No'", None, Finality::NotFinal),
        ("final='false'", None, Finality::Final),
        ("final='yes'", None, Finality::Final),
    ] {
        let xml = format!("<Response><SimpleTransfer {attributes}>101,102</SimpleTransfer></Response>");
        let items = items(&wire::read(xml.as_bytes(), None).unwrap(), Dialect::Ucom, Names::AnyCase);
        let Some(Item::Verb(Verb::SimpleTransfer(transfer))) = items.last() else { panic!("{items:?}") };
        assert_eq!(
            (transfer.ring_time.map(|time| time.as_secs()), transfer.finality),
            (seconds, finality),
            "{attributes}"
        );
        assert_eq!(transfer.numbers, ["101", "102"]);
    }
}

#[test]
fn a_caller_without_number_ends_an_answer_of_ucom_and_voids_one_of_voipnow() {
    let verbs = "<SetVar name='a'>1</SetVar><SetCaller name='n'/><Hangup/>";
    assert_eq!(
        read(Dialect::Ucom, verbs),
        ["SetVar a", "(SetCaller has no number; neither it nor what follows is run)"]
    );
    assert_eq!(read(Dialect::Voipnow, verbs), ["(SetCaller has no number; nothing of the answer is run)"]);
}

#[test]
fn names_are_taken_as_they_are_written_where_that_is_wanted() {
    let xml =
        "<Response><setvar name=\"a\">1</setvar><SetVar Name=\"a\">1</SetVar><SetVar name=\"a\">1</SetVar></Response>";
    let document = wire::read(xml.as_bytes(), None).expect("well-formed");
    let verbs =
        |names| items(&document, Dialect::Ucom, names).iter().filter(|item| matches!(item, Item::Verb(_))).count();
    assert_eq!((verbs(Names::AnyCase), verbs(Names::Exact)), (3, 1));
    let all = "<Response><Hangup/><Pause/><PlaySound>a</PlaySound><Jump context=\"1\"/><SetCaller name=\"a\" number=\"1\"/>\
               <SimpleTransfer>1</SimpleTransfer><TextToSpeech>a</TextToSpeech><text_to_speech>a</text_to_speech></Response>";
    let document = wire::read(all.as_bytes(), None).expect("well-formed");
    assert!(items(&document, Dialect::Ucom, Names::Exact).iter().all(|item| matches!(item, Item::Verb(_))));
}
