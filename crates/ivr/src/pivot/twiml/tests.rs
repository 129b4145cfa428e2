use std::time::Duration;

use super::{
    verbs::{Whom, *},
    *,
};
use crate::FetchMethod;

/// The verbs of a document with this in it, and what is wrong with it.
fn document(verbs: &str) -> Document {
    read(format!("<Response>{verbs}</Response>").as_bytes()).expect("a document")
}

/// The one verb of a document in which nothing is wrong.
#[track_caller]
fn verb(written: &str) -> Verb {
    let Document { mut verbs, warnings } = document(written);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(verbs.len(), 1, "{written}");
    verbs.remove(0)
}

/// What is wrong with a document.
fn warnings(written: &str) -> Vec<String> {
    document(written).warnings
}

fn say(written: &str) -> Say {
    match verb(written) {
        Verb::Say(say) => say,
        other => panic!("{other:?}"),
    }
}

fn dial(written: &str) -> Dial {
    match verb(written) {
        Verb::Dial(dial) => dial,
        other => panic!("{other:?}"),
    }
}

fn parties(written: &str) -> Vec<Party> {
    match dial(written).whom {
        Whom::Parties(parties) => parties,
        other => panic!("{other:?}"),
    }
}

#[test]
fn verbs_stand_in_their_order_and_text_between_them_means_nothing() {
    let Document { verbs, warnings } = document("before<Pause/>between<Hangup/>after");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(verbs, [Verb::Pause(Pause { length: Duration::from_secs(1) }), Verb::Hangup(Hangup)]);
    assert_eq!(document("").verbs, []);
}

#[test]
fn what_is_no_verb_and_what_means_nothing_is_told_with_its_place() {
    let Document { verbs, warnings } = document("<Sms>a</Sms><say>a</say><Pause foo=\"1\" length=\"2\"/>");
    assert_eq!(verbs, [Verb::Pause(Pause { length: Duration::from_secs(2) })]);
    assert_eq!(
        warnings,
        [
            "line 1, column 11: Sms is no verb that is run here; it is skipped",
            "line 1, column 23: say is no verb that is run here; it is skipped",
            "line 1, column 35: Pause foo means nothing here; it is ignored",
        ]
    );
}

#[test]
fn a_bad_value_is_told_and_the_default_or_the_nearest_holds() {
    let length = |written: &str| {
        let Document { verbs, warnings } = document(&format!("<Pause length=\"{written}\"/>"));
        let Verb::Pause(pause) = &verbs[0] else { panic!("{verbs:?}") };
        (pause.length.as_secs(), warnings.len())
    };
    assert_eq!(length("7"), (7, 0));
    assert_eq!(length(""), (1, 0));
    assert_eq!(length("x"), (1, 1));
    assert_eq!(length("1.5"), (1, 1));
    assert_eq!(length("-"), (1, 1));
    assert_eq!(length("-5"), (0, 1));
    assert_eq!(length("5000"), (3_600, 1));
    assert_eq!(length("99999999999999999999"), (3_600, 1));
    let told = warnings("<Gather bargeIn=\"yes\" input=\"dtmf morse\" finishOnKey=\"12\"/>");
    assert_eq!(told.len(), 3, "{told:?}");
    let told = warnings("<Redirect method=\"PUT\">/a</Redirect>");
    assert_eq!(told, ["line 1, column 11: Redirect method is \"PUT\", none of GET, POST; its default is taken"]);
}

#[test]
fn a_text_is_said_with_its_voice_and_language() {
    let said = say("<Say voice=\"woman\" language=\"en-gb\" loop=\"0\" terminators=\"\">\n Hello\n  world </Say>");
    assert_eq!(said.text, "Hello world");
    assert_eq!((said.voice.as_deref(), said.language.as_deref()), (Some("female"), Some("en-GB")));
    assert_eq!(said.times, 1_000);
    assert!(said.terminators.is_empty());
    assert_eq!(say("<Say language=\"ru-RU\">a</Say>").language.as_deref(), Some("ru-RU"));
    assert!(document("<Say/>").verbs.is_empty());
    assert_eq!(warnings("<Say language=\"en_US!\">a</Say>").len(), 1);
}

#[test]
fn elements_in_a_text_become_ssml_and_unknown_ones_their_text() {
    let said = say(
        "<Say>a &amp; <break time=\"1s\"/><say-as interpret-as=\"date\" format=\"dmy\">1</say-as> <w role=\"x\">b</w></Say>",
    );
    assert_eq!(
        said.text,
        "<speak>a &amp; <break time=\"1s\"/><say-as interpret-as=\"date\" format=\"dmy\">1</say-as> b</speak>"
    );
    let lang = say("<Say><lang xml:lang=\"fr-FR\">oui</lang></Say>");
    assert_eq!(lang.text, "<speak><lang xml:lang=\"fr-FR\">oui</lang></speak>");
    let Document { verbs, warnings } = document("<Say>a<audio src=\"/etc/passwd\">b</audio>c</Say>");
    let Verb::Say(said) = &verbs[0] else { panic!("{verbs:?}") };
    assert_eq!((said.text.as_str(), warnings.len()), ("<speak>abc</speak>", 1));
    // Words that look like markup are words.
    assert_eq!(say("<Say>&lt;speak&gt;a</Say>").text, "speak>a");
}

#[test]
fn a_long_text_is_cut_between_two_characters() {
    let Document { verbs, warnings } = document(&format!("<Say>a{}</Say>", "é".repeat(3_000)));
    let Verb::Say(said) = &verbs[0] else { panic!("{verbs:?}") };
    assert_eq!((said.text.len(), warnings.len()), (3_999, 1));
}

#[test]
fn a_play_is_a_sound_or_keys() {
    let Verb::Play(play) = verb("<Play loop=\"3\"> http://example.com/a.wav </Play>") else { panic!() };
    assert_eq!((play.what, play.times), (Played::Sound("http://example.com/a.wav".to_owned()), 3));
    let Verb::Play(keys) = verb("<Play digits=\"ww12\"/>") else { panic!() };
    assert!(matches!(keys.what, Played::Digits(digits) if digits.count() == 2));
    assert!(document("<Play/>").verbs.is_empty());
    assert_eq!(warnings("<Play digits=\"x\"/>").len(), 2);
}

#[test]
fn a_gather_has_what_is_heard_meanwhile() {
    let Verb::Gather(gather) = verb(
        "<Gather input=\"dtmf speech\" action=\"/a\" method=\"get\" timeout=\"3\" finishOnKey=\"\" numDigits=\"4\" \
         actionOnEmptyResult=\"true\" bargeIn=\"false\" speechTimeout=\"auto\" maxSpeechTime=\"9\" language=\"en\" \
         hints=\"a, b c,\" partialResultCallback=\"/p\"><Say>a</Say><Pause/><Play>b</Play></Gather>",
    ) else {
        panic!()
    };
    let words = gather.words.expect("words");
    assert_eq!(words.hints, ["a", "b c"]);
    assert_eq!((words.end_silence, words.longest), (Duration::from_millis(800), Duration::from_secs(9)));
    assert_eq!(words.partial.map(|partial| partial.url).as_deref(), Some("/p"));
    assert!(gather.keys && gather.action_on_empty && !gather.barge_in && gather.finish_on.is_empty());
    assert_eq!((gather.most, gather.timeout, gather.meanwhile.len()), (4, Duration::from_secs(3), 3));
    assert_eq!(gather.action, Way { url: Some("/a".to_owned()), method: Some(FetchMethod::Get) });
    assert_eq!(warnings("<Gather><Dial>1</Dial></Gather>"), ["line 1, column 19: Dial in Gather is skipped"]);
}

#[test]
fn a_dial_calls_its_text_before_all_else() {
    let both = document("<Dial>+1 (415) 886-7900<Number>2</Number></Dial>");
    let Verb::Dial(dial) = &both.verbs[0] else { panic!("{both:?}") };
    let Whom::Parties(parties) = &dial.whom else { panic!("{dial:?}") };
    assert_eq!((parties.len(), parties[0].target.as_str()), (1, "+14158867900"));
    assert_eq!(dial.timeout, Duration::from_secs(30));
    assert_eq!(dial.longest, Duration::from_secs(14_400));
    assert!(document("<Dial/>").verbs.is_empty());
    assert!(document("<Dial>nobody</Dial>").verbs.is_empty());
    assert!(document("<Dial><Sim>1</Sim></Dial>").verbs.is_empty());
}

#[test]
fn parties_have_terms_of_their_own() {
    let rung = parties(
        "<Dial><Number sendDigits=\"w1\" statusCallback=\"/s\" statusCallbackEvent=\"ringing answered\">1</Number>\
         <Sip username=\"a\" password=\"b\">bob@example.com;transport=tcp?X-A=1%202&amp;x-b</Sip>\
         <Client><Identity>alice</Identity><Parameter name=\"Case\" value=\"7\"/></Client><User>101</User></Dial>",
    );
    let targets: Vec<_> = rung.iter().map(|party| party.target.as_str()).collect();
    assert_eq!(targets, ["1", "sip:bob@example.com;transport=tcp", "alice", "101"]);
    assert_eq!(rung[0].terms.digits.as_ref().map(crate::SendDigits::count), Some(1));
    let listener = rung[0].listener.as_ref().expect("a listener");
    assert!(listener.wants("ringing") && !listener.wants("completed") && listener.method == FetchMethod::Post);
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(rung[1].terms.headers, [own("X-A", "1 2"), own("x-b", "")]);
    assert_eq!(rung[1].terms.login.as_ref().map(|login| login.user.as_str()), Some("a"));
    assert_eq!(rung[2].terms.headers, [own("X-Case", "7")]);
}

#[test]
fn a_sip_party_has_the_best_of_its_addresses_and_no_header_that_cannot_be_sent() {
    let rung = parties(
        "<Dial><Sip><Uri priority=\"2\">sip:c@example.com</Uri><Uri priority=\"1\" weight=\"5\">sip:b@example.com</Uri>\
         <Uri priority=\"1\" weight=\"9\" username=\"u\" password=\"p\">sips:a@example.com</Uri>\
         <Headers><Header name=\"X-One\" value=\"1\"/></Headers></Sip></Dial>",
    );
    assert_eq!(rung[0].target, "sips:a@example.com");
    assert_eq!(rung[0].terms.login.as_ref().map(|login| login.password.as_str()), Some("p"));
    assert_eq!(rung[0].terms.headers.len(), 1);
    let told = warnings("<Dial><Sip>a@example.com?X-A=1%0d%0aVia:x&amp;b c=1</Sip></Dial>");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_conference_and_a_queue_stand_alone() {
    let Whom::Conference(room) = dial(
        "<Dial><Conference muted=\"true\" beep=\"onEnter\" startConferenceOnEnter=\"false\" endConferenceOnExit=\"true\" \
         waitUrl=\"\" maxParticipants=\"5\">the room</Conference></Dial>",
    )
    .whom
    else {
        panic!()
    };
    assert_eq!((room.name.as_str(), room.most), ("the room", 5));
    assert!(room.manners.muted && room.manners.ends && !room.manners.starts && !room.manners.deaf);
    let Whom::Queue(queue) = dial("<Dial><Queue url=\"/before\">support</Queue></Dial>").whom else { panic!() };
    assert_eq!((queue.name.as_str(), queue.before.url.as_deref()), ("support", Some("/before")));
    assert_eq!(warnings("<Dial><Number>1</Number><Queue>a</Queue></Dial>").len(), 1);
}

#[test]
fn verbs_without_what_they_need_are_skipped() {
    for written in [
        "<Refer/>",
        "<Refer><Sip/></Refer>",
        "<Enqueue/>",
        "<Start/>",
        "<Stop/>",
        "<Connect/>",
        "<Connect><Room>a</Room></Connect>",
    ] {
        let Document { verbs, warnings } = document(written);
        assert!(verbs.is_empty() && !warnings.is_empty(), "{written}");
    }
    assert_eq!(warnings("<Start><Stream url=\"http://example.com/\"/></Start>").len(), 2);
    assert!(matches!(verb("<Start><Stream name=\"a\" url=\"wss://example.com/\"/></Start>"), Verb::Start(_)));
    assert!(matches!(verb("<Stop><Stream name=\"a\"/></Stop>"), Verb::Stop(_)));
    assert!(matches!(verb("<Echo/>"), Verb::Echo(_)));
}

#[test]
fn warnings_are_bounded() {
    assert_eq!(warnings(&"<Sms/>".repeat(500)).len(), 100);
}
