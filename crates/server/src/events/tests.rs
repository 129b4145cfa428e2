use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use antiphon_ivr::{Fetch, FetchBody, FetchError, FetchMethod, Meanwhile};
use tokio::time::Instant;

use super::*;
use crate::{
    settings::{DebugSettings, WebSettings},
    store::{EventId, Subscription},
    web::{
        Answer, Answering, Errand, WebWire,
        debug::{Asker, HttpDebug},
    },
};

/// A web server that answers with these statuses, 0 for none at all, and what it was told.
#[derive(Default)]
struct Subscriber {
    statuses: Mutex<VecDeque<u16>>,
    told: Mutex<Vec<(Duration, Errand)>>,
    began: Mutex<Option<Instant>>,
}

impl WebWire for Subscriber {
    fn carry(&self, errand: Errand) -> Answering<'_> {
        let began = *self.began.lock().unwrap().get_or_insert_with(Instant::now);
        self.told.lock().unwrap().push((began.elapsed(), errand));
        let status = self.statuses.lock().unwrap().pop_front().unwrap_or(200);
        Box::pin(async move {
            match status {
                0 => Err(FetchError::Unreachable("nobody is there".to_owned())),
                1 => std::future::pending().await,
                status => Ok(Answer { status, ..Answer::default() }),
            }
        })
    }
}

fn start(statuses: &[u16]) -> (Events, Arc<Subscriber>) {
    let subscriber =
        Arc::new(Subscriber { statuses: Mutex::new(statuses.iter().copied().collect()), ..Subscriber::default() });
    let (events, owner) = Events::new(Web::new(&WebSettings::default(), subscriber.clone()));
    tokio::spawn(owner.run());
    (events, subscriber)
}

/// A configuration in which somebody wants to be told of the hang-ups of extension 1, in this way.
fn config(url: &str, method: FetchMethod) -> Config {
    let mut config = Config::default();
    let (url, event_type) = (url.to_owned(), EventType::Hangup);
    config.put_subscription(Subscription { id: EventId(1), extension: ExtensionId(1), url, event_type, method });
    config
}

fn event(call: Option<CallId>, status: &str) -> Event {
    let parameters = vec![("CallStatus", status.to_owned()), ("CallerIDName", "Ann & *Bob*".to_owned())];
    Event { extension: ExtensionId(1), client: ClientId(1), call, kind: EventType::Hangup, parameters }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_is_told_by_a_form_or_in_the_query() {
    let parameters = "EventType=hangup&CallStatus=ANSWER&CallerIDName=Ann+%26+*Bob*";
    let told = async |url: &str, method| {
        let (events, subscriber) = start(&[]);
        events.raise(&config(url, method), event(None, "ANSWER"));
        events.settle(Duration::from_secs(1)).await;
        let (_, errand) = subscriber.told.lock().unwrap().remove(0);
        (errand.url.to_string(), errand.body.map(|body| String::from_utf8(body).unwrap()))
    };
    assert_eq!(told("http://a/b?c=d", FetchMethod::Post).await, ("http://a/b?c=d".into(), Some(parameters.to_owned())));
    for (url, expect) in
        [("http://a/b", "http://a/b?"), ("http://a/b?c=d#e", "http://a/b?c=d&"), ("http://a/?", "http://a/?")]
    {
        assert_eq!(told(url, FetchMethod::Get).await, (format!("{expect}{parameters}"), None));
    }
}

#[tokio::test(start_paused = true)]
async fn only_who_wants_to_know_is_told() {
    let (events, subscriber) = start(&[]);
    let config = config("http://a/", FetchMethod::Get);
    events.raise(&config, Event { kind: EventType::DialIn, ..event(None, "") });
    events.raise(&config, Event { extension: ExtensionId(2), ..event(None, "") });
    events.settle(Duration::from_secs(1)).await;
    assert!(subscriber.told.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_a_few_times_and_what_cannot_be_is_not() {
    for (statuses, tries) in [
        (&[0, 500, 429, 200][..], &[0, 1, 6, 31][..]),
        (&[0, 0, 0, 0, 200], &[0, 1, 6, 31]),
        (&[1, 200], &[0, 6]),
        (&[404, 200], &[0]),
    ] {
        let (events, subscriber) = start(statuses);
        events.raise(&config("http://a/", FetchMethod::Post), event(None, "ANSWER"));
        events.settle(Duration::from_secs(100)).await;
        let told: Vec<u64> = subscriber.told.lock().unwrap().iter().map(|(at, _)| at.as_secs()).collect();
        assert_eq!(told, tries, "{statuses:?}");
    }
    let (events, subscriber) = start(&[]);
    events.raise(&config("http://127.0.0.1/", FetchMethod::Post), event(None, "ANSWER"));
    events.settle(Duration::from_secs(100)).await;
    assert!(subscriber.told.lock().unwrap().is_empty(), "nobody may be asked there");
}

#[tokio::test(start_paused = true)]
async fn notices_of_one_call_come_in_their_order_and_do_not_keep_others_waiting() {
    let (events, subscriber) = start(&[0, 200]);
    let config = config("http://a/", FetchMethod::Post);
    let call = Some(CallId::new());
    for (call, status) in [(call, "first"), (call, "second"), (None, "other")] {
        events.raise(&config, event(call, status));
    }
    events.settle(Duration::from_secs(100)).await;
    let told = subscriber.told.lock().unwrap();
    let statuses = told.iter().map(|(at, errand)| {
        let body = String::from_utf8(errand.body.clone().unwrap()).unwrap();
        (at.as_secs(), body.split(['=', '&']).nth(3).unwrap().to_owned())
    });
    let expect = [(0, "first"), (0, "other"), (1, "first"), (1, "second")].map(|(at, status)| (at, status.to_owned()));
    assert_eq!(statuses.collect::<Vec<_>>(), expect);
}

#[tokio::test(start_paused = true)]
async fn a_web_server_that_never_answers_delays_nobody_and_loses_only_what_is_too_much() {
    let (events, subscriber) = start(&vec![1; 2 * WAITING]);
    let config = config("http://a/", FetchMethod::Post);
    for _ in 0..OF_CLIENT + 100 {
        events.raise(&config, event(Some(CallId::new()), ""));
    }
    assert_eq!(events.under_way.borrow().all, OF_CLIENT, "the rest is dropped");
    // What one client cannot send is nobody else's matter, as long as there is room at all.
    for client in 2..20 {
        for _ in 0..OF_CLIENT {
            events.raise(&config, Event { client: ClientId(client), ..event(Some(CallId::new()), "") });
        }
        let expected = WAITING.min(usize::try_from(client).unwrap() * OF_CLIENT);
        assert_eq!(events.under_way.borrow().all, expected);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(subscriber.told.lock().unwrap().len(), 64, "as many as are sent at once, of all clients");
}

fn tell(url: &str, retries: u8) -> Tell {
    let body = FetchBody { content_type: "application/x-www-form-urlencoded".to_owned(), bytes: b"a=1".to_vec() };
    let fetch = Fetch {
        method: FetchMethod::Post,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Some(body),
        patience: Duration::from_secs(5),
        max_bytes: 1_000,
        redirects: 0,
        step: "webhook".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    };
    Tell { fetch, retries, pause: Duration::from_secs(2) }
}

/// A call that tells, and the debug of all.
fn watched() -> (Asker, HttpDebug) {
    let nothing = String::new;
    let (sip_call_id, extension, from, to) = (nothing(), nothing(), nothing(), nothing());
    let asker = Asker { client: ClientId(1), call: CallId::new(), sip_call_id, extension, from, to };
    (asker, HttpDebug::new(DebugSettings::default()))
}

#[tokio::test(start_paused = true)]
async fn a_script_is_heard_by_success_only_and_its_news_to_one_server_stay_in_order() {
    let (events, subscriber) = start(&[404, 0, 200, 200]);
    let (asker, debug) = watched();
    for path in ["first", "second"] {
        let tell = tell(&format!("http://example.com/{path}"), 2);
        let step = debug.begin_aside(asker.clone(), &tell.fetch, &[]);
        events.tell(asker.client, asker.call, tell, step);
    }
    events.settle(Duration::from_secs(100)).await;
    let told: Vec<_> = subscriber
        .told
        .lock()
        .unwrap()
        .iter()
        .map(|(at, errand)| (at.as_secs(), errand.url.path().to_owned()))
        .collect();
    let expected = [(0, "/first"), (2, "/first"), (4, "/first"), (4, "/second")];
    assert_eq!(told, expected.map(|(at, path)| (at, path.to_owned())));
    let call = debug.call(asker.client, asker.call).expect("it was noted");
    let first = call.steps[0].outcome.as_ref().and_then(|outcome| outcome.answer.as_ref().ok());
    assert_eq!(first.map(|answer| answer.status), Some(404), "the first try is what is shown");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_hears_is_given_up_after_its_retries() {
    let (events, subscriber) = start(&[500, 500, 500, 500]);
    let (asker, debug) = watched();
    let tell = tell("http://example.com/", 1);
    let step = debug.begin_aside(asker.clone(), &tell.fetch, &[]);
    events.tell(asker.client, asker.call, tell, step);
    events.settle(Duration::from_secs(100)).await;
    assert_eq!(subscriber.told.lock().unwrap().len(), 2);
}
