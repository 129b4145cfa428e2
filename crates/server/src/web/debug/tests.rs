use antiphon_ivr::{FetchError, FetchMethod, Meanwhile, Page};

use super::*;

const CLIENT: ClientId = ClientId(1);

fn asker(client: u64, call: CallId) -> Asker {
    let (from, to) = ("+374".to_owned(), "071".to_owned());
    Asker { client: ClientId(client), call, sip_call_id: String::new(), extension: "000*071".to_owned(), from, to }
}

fn fetch(url: &str, body: &str) -> Fetch {
    let content_type = "application/x-www-form-urlencoded".to_owned();
    Fetch {
        method: FetchMethod::Post,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Some(FetchBody { content_type, bytes: body.as_bytes().to_vec() }),
        patience: Duration::from_secs(5),
        max_bytes: 1_000,
        redirects: 3,
        step: "rule 7 call_interactive".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    }
}

fn answered(body: &[u8]) -> Exchange {
    let hop = |url: &str, status| Hop { url: url.to_owned(), status };
    let headers = vec![("set-cookie".to_owned(), "a=b".to_owned())];
    Exchange {
        outcome: Ok(Page { status: 200, headers, body: body.to_vec(), url: String::new(), cookies: None }),
        hops: vec![hop("http://a/?token=1", 302), hop("http://a/b", 200)],
        took: Duration::from_millis(42),
    }
}

fn debug(calls: usize, bytes: usize) -> HttpDebug {
    HttpDebug::new(DebugSettings { calls, bytes })
}

#[tokio::test]
async fn a_step_is_kept_with_its_request_its_answer_and_what_was_made_of_it() {
    let (debug, call) = (debug(10, 1 << 20), CallId::new());
    let sent = [("authorization".to_owned(), "Basic x".to_owned())];
    let running = debug.begin(asker(1, call), &fetch("http://u:p@a/?x=1", "CallID=1&password=2"), &sent);
    assert!(debug.call(CLIENT, call).unwrap().steps[0].outcome.is_none(), "it runs");
    running.finish(&answered(b"<Response/>"));
    for (kind, text) in [(NoteKind::Ran, "Pause"), (NoteKind::Problem, "what?"), (NoteKind::Next, "next rule")] {
        debug.note(CLIENT, call, &Note { kind, text: text.to_owned() });
    }
    let step = Step::clone(&debug.call(CLIENT, call).unwrap().steps[0]);
    assert_eq!((step.number, &step.step[..], &step.extension[..]), (1, "rule 7 call_interactive", "000*071"));
    let Request { method, url, headers, body } = step.request;
    assert_eq!((&method[..], &url[..], &headers[0].1[..]), ("POST", "http://***@a/?x=1", "***"));
    assert_eq!((&body.shown[..], body.length), ("CallID=1&password=***", 19));
    let outcome = step.outcome.unwrap();
    assert_eq!(outcome.redirects, [Hop { url: "http://a/?token=***".to_owned(), status: 302 }]);
    let answer = outcome.answer.unwrap();
    assert_eq!((answer.status, &answer.headers[0].1[..], &answer.body.shown[..]), (200, "***", "<Response/>"));
    assert_eq!(
        (step.ran, step.problems, step.next),
        (vec!["Pause".into()], vec!["what?".into()], Some("next rule".into()))
    );
    assert!(debug.call(ClientId(2), call).is_none(), "it is nobody else's");
}

#[tokio::test]
async fn a_request_without_an_answer_says_why() {
    let (debug, call) = (debug(10, 1 << 20), CallId::new());
    let why =
        |number: usize| debug.call(CLIENT, call).unwrap().steps[number].outcome.clone().unwrap().answer.unwrap_err();
    let exchange = Exchange { outcome: Err(FetchError::TimedOut), hops: Vec::new(), took: Duration::ZERO };
    debug.begin(asker(1, call), &fetch("http://a/", ""), &[]).finish(&exchange);
    assert_eq!(why(0), "no answer in time");
    drop(debug.begin(asker(1, call), &fetch("http://a/", ""), &[]));
    assert_eq!(why(1), "given up: the call went on without it, or ended");
}

#[tokio::test]
async fn whoever_reads_shares_what_is_kept_and_sees_it_as_it_was() {
    let (debug, call) = (debug(10, 1 << 20), CallId::new());
    debug.begin(asker(1, call), &fetch("http://a/", ""), &[]).finish(&answered(b"x"));
    let running = debug.begin(asker(1, call), &fetch("http://b/", ""), &[]);
    let (read, again) = (debug.calls(CLIENT), debug.calls(CLIENT));
    assert!(Arc::ptr_eq(&read[0], &again[0]), "nothing is copied");
    running.finish(&answered(b"y"));
    assert!(read[0].steps[1].outcome.is_none(), "it ran then");
    let now = debug.call(CLIENT, call).unwrap();
    assert!(now.steps[1].outcome.is_some());
    assert!(Arc::ptr_eq(&now.steps[0], &read[0].steps[0]), "what has not changed is shared still");
}

#[tokio::test]
async fn the_oldest_calls_of_a_client_give_way_and_not_those_of_others() {
    let debug = debug(2, 1 << 20);
    let calls: Vec<CallId> = (0..4).map(|_| CallId::new()).collect();
    for (number, call) in calls.iter().enumerate() {
        drop(debug.begin(asker(u64::from(number != 0), *call), &fetch("http://a/", ""), &[]));
    }
    let kept = |client| debug.calls(ClientId(client)).iter().map(|steps| steps.asker.call).collect::<Vec<_>>();
    assert_eq!((kept(0), kept(1)), (vec![calls[0]], vec![calls[2], calls[3]]));
}

#[tokio::test]
async fn memory_is_bounded_at_the_cost_of_whoever_takes_most() {
    let debug = debug(1_000, 1_200_000);
    let small = CallId::new();
    debug.begin(asker(2, small), &fetch("http://a/", ""), &[]).finish(&answered(b"x"));
    for _ in 0..50 {
        debug.begin(asker(1, CallId::new()), &fetch("http://a/", ""), &[]).finish(&answered(&[b'x'; 400_000]));
    }
    let kept = debug.calls(CLIENT);
    assert_eq!(kept.len(), 4, "four of 262,144 bytes and what is around them");
    let body = &kept[3].steps[0].outcome.as_ref().unwrap().answer.as_ref().unwrap().body;
    assert_eq!((body.shown.len(), body.length), (BODY, 400_000));
    assert!(debug.call(ClientId(2), small).is_some());
    let bytes: usize = kept.iter().map(|steps| steps.bytes).sum();
    assert!(debug.book().bytes >= bytes && debug.book().bytes <= 1_200_000);
}

#[tokio::test]
async fn one_call_keeps_no_more_than_its_bound_of_steps_and_notes() {
    let (debug, call) = (debug(10, 1 << 24), CallId::new());
    let ask = || debug.begin(asker(1, call), &fetch("http://a/", ""), &[]).finish(&answered(b""));
    let note = || debug.note(CLIENT, call, &Note { kind: NoteKind::Ran, text: "é".repeat(5_000) });
    (0..STEPS).for_each(|_| ask());
    (0..NOTES + 5).for_each(|_| note());
    (0..5).for_each(|_| ask());
    note();
    let steps = debug.call(CLIENT, call).unwrap();
    assert_eq!((steps.steps.len(), steps.omitted), (STEPS, 5));
    let last = steps.steps.last().unwrap();
    assert_eq!((last.ran.len(), last.ran[0].len()), (NOTES, NOTE));
    let none = debug_off();
    drop(none.begin(asker(1, call), &fetch("http://a/", ""), &[]));
    assert!(none.calls(CLIENT).is_empty());
}

fn debug_off() -> HttpDebug {
    debug(0, 1 << 20)
}

#[tokio::test]
async fn a_page_of_an_application_is_kept_once_for_all_calls_that_run_it() {
    let debug = debug(10, 8 << 20);
    let page: Arc<[u8]> = vec![b'x'; 2 << 20].into();
    let run = |page: &Arc<[u8]>| {
        let call = CallId::new();
        debug.begin_uploaded(asker(1, call), &fetch("document:application", ""), page);
        let steps = debug.call(CLIENT, call).unwrap();
        steps.steps[0].outcome.as_ref().unwrap().answer.as_ref().unwrap().body.clone()
    };
    let (one, other) = (run(&page), run(&page));
    assert_eq!((one.shown.len(), one.length), (BODY, 2 << 20));
    assert!(Arc::ptr_eq(&one.shown, &other.shown), "the text is the same");
    let next: Arc<[u8]> = b"y".as_slice().into();
    assert_eq!(&*run(&next).shown, "y");
    drop(page);
    run(&next);
    assert_eq!(debug.book().pages.len(), 1, "a page that was replaced is forgotten with its last call's configuration");
}
