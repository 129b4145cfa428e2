use std::{collections::VecDeque, sync::Mutex};

use antiphon_ivr::{FetchBody, FetchMethod, Meanwhile};

use super::*;

/// Answers by themselves, each after a time.
#[derive(Default)]
struct Told {
    answers: Mutex<VecDeque<(u64, Result<Answer, FetchError>)>>,
    asked: Mutex<Vec<Errand>>,
}

impl WebWire for Told {
    fn carry(&self, errand: Errand) -> Answering<'_> {
        self.asked.lock().unwrap().push(errand);
        let (ms, answer) = self.answers.lock().unwrap().pop_front().expect("an answer for each request");
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            answer
        })
    }
}

fn page(status: u16, location: Option<&str>, body: &str) -> Result<Answer, FetchError> {
    let headers = location.map(|location| ("location".to_owned(), location.to_owned())).into_iter().collect();
    Ok(Answer { status, headers, body: body.into() })
}

fn told(answers: impl IntoIterator<Item = (u64, Result<Answer, FetchError>)>) -> Arc<Told> {
    Arc::new(Told { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
}

fn web(told: &Arc<Told>, settings: WebSettings) -> Web {
    Web::new(&settings, told.clone())
}

fn get(url: &str) -> Fetch {
    Fetch {
        method: FetchMethod::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        patience: Duration::from_secs(5),
        max_bytes: 1_000,
        redirects: 3,
        step: "rule 1".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    }
}

const CLIENT: ClientId = ClientId(1);

fn value<'a>(errand: &'a Errand, name: &str) -> Option<&'a str> {
    errand.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

#[tokio::test(start_paused = true)]
async fn a_page_comes_with_all_that_was_asked_on_the_way() {
    let told = told([(10, page(302, Some("/b?x=1"), "")), (20, page(200, None, "<Response/>"))]);
    let exchange = web(&told, WebSettings::default()).fetch(CLIENT, &get("http://u:p@example.com/a#f")).await;
    let page = exchange.outcome.unwrap();
    assert_eq!((page.status, &page.body[..], &page.url[..]), (200, &b"<Response/>"[..], "http://example.com/b?x=1"));
    let hops: Vec<_> = exchange.hops.iter().map(|hop| (hop.status, hop.url.as_str())).collect();
    assert_eq!(hops, [(302, "http://example.com/a"), (200, "http://example.com/b?x=1")]);
    assert_eq!(exchange.took, Duration::from_millis(30));
    let asked = told.asked.lock().unwrap();
    assert!(asked.iter().all(|errand| value(errand, "authorization") == Some("Basic dTpw")));
    assert!(asked.iter().all(|errand| value(errand, "user-agent").unwrap().starts_with("Antiphon/")));
    assert!(asked.iter().all(|errand| value(errand, SIGNATURE).is_none()), "without a secret nothing is signed");
}

#[tokio::test(start_paused = true)]
async fn patience_is_for_all_redirects_together_and_the_settings_end_it() {
    let slow = || told([(3_000, page(302, Some("/b"), "")), (3_000, page(200, None, ""))]);
    let exchange = web(&slow(), WebSettings::default()).fetch(CLIENT, &get("http://example.com/")).await;
    assert_eq!((exchange.outcome, exchange.took), (Err(FetchError::TimedOut), Duration::from_secs(5)));
    let short = WebSettings { timeout: Duration::from_secs(2), ..WebSettings::default() };
    let exchange = web(&slow(), short).fetch(CLIENT, &get("http://example.com/")).await;
    assert_eq!((exchange.outcome, exchange.took), (Err(FetchError::TimedOut), Duration::from_secs(2)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_where_it_may_not_go_at_any_hop() {
    let nothing = told([]);
    let client = web(&nothing, WebSettings::default());
    for closed in ["http://127.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://2130706433/", "http://example.com:25/"] {
        let exchange = client.fetch(CLIENT, &get(closed)).await;
        assert!(matches!(exchange.outcome, Err(FetchError::Denied(_))), "{closed}: {:?}", exchange.outcome);
    }
    assert!(matches!(client.fetch(CLIENT, &get("gopher://a/")).await.outcome, Err(FetchError::BadUrl(_))));
    assert!(nothing.asked.lock().unwrap().is_empty());
    for location in ["http://169.254.169.254/latest/meta-data", "http://0/", "//[::1]/"] {
        let leads = told([(0, page(302, Some(location), ""))]);
        let exchange = web(&leads, WebSettings::default()).fetch(CLIENT, &get("http://example.com/")).await;
        assert!(matches!(exchange.outcome, Err(FetchError::Denied(_))), "{location}: {:?}", exchange.outcome);
        assert_eq!(leads.asked.lock().unwrap().len(), 1, "{location}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_redirects_ends_after_as_many_as_are_followed() {
    let told = told((0..10).map(|_| (0, page(301, Some("/"), ""))));
    let exchange = web(&told, WebSettings::default()).fetch(CLIENT, &get("http://example.com/")).await;
    assert_eq!(exchange.outcome, Err(FetchError::Redirects));
    assert_eq!((exchange.hops.len(), told.asked.lock().unwrap().len()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_form_is_sent_again_where_the_status_says_so_and_credentials_stay_at_home() {
    let told = told([
        (0, page(307, Some("http://other.example/"), "")),
        (0, page(303, Some("http://other.example/done"), "")),
        (0, page(200, None, "")),
    ]);
    let mut fetch = get("http://u:p@example.com/");
    fetch.method = FetchMethod::Post;
    fetch.body =
        Some(FetchBody { content_type: "application/x-www-form-urlencoded".to_owned(), bytes: b"a=b".to_vec() });
    let headers = [("Cookie", "c"), ("X-Api-Key", "k"), ("Accept", "text/xml")];
    fetch.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    web(&told, WebSettings::default()).fetch(CLIENT, &fetch).await.outcome.unwrap();
    let asked = told.asked.lock().unwrap();
    let seen: Vec<_> = asked
        .iter()
        .map(|errand| {
            let headers = ["authorization", "cookie", "x-api-key", "accept", "content-type"]
                .map(|name| value(errand, name).is_some());
            (errand.method, errand.body.as_deref(), headers)
        })
        .collect();
    let form = Some(&b"a=b"[..]);
    assert_eq!(
        seen,
        [
            (FetchMethod::Post, form, [true, true, true, true, true]),
            (FetchMethod::Post, form, [false, false, false, true, true]),
            (FetchMethod::Get, None, [false, false, false, true, false]),
        ]
    );
}

/// RFC 6265 §5: whoever leads on sets cookies as whoever answers does.
#[tokio::test(start_paused = true)]
async fn each_answer_on_the_way_sets_cookies_and_each_request_has_those_of_its_host() {
    let setting = |location: Option<&str>, cookie: &str| {
        let mut answer = page(if location.is_some() { 302 } else { 200 }, location, "").unwrap();
        answer.headers.push(("set-cookie".to_owned(), cookie.to_owned()));
        Ok(answer)
    };
    let told = told([
        (0, setting(Some("/b"), "login=1; Path=/")),
        (0, setting(Some("http://other.example/"), "more=2; Path=/b")),
        (0, setting(None, "theirs=3")),
    ]);
    let cookies = Some(antiphon_ivr::Cookies::default());
    let fetch = Fetch { cookies, ..get("http://example.com/a") };
    let page = web(&told, WebSettings::default()).fetch(CLIENT, &fetch).await.outcome.unwrap();
    let asked = told.asked.lock().unwrap();
    let sent: Vec<_> = asked.iter().map(|errand| value(errand, "cookie").map(str::to_owned)).collect();
    assert_eq!(sent, [None, Some("login=1".to_owned()), None]);
    let kept = page.cookies.unwrap();
    for (url, expected) in [
        ("http://example.com/b", Some("more=2; login=1")),
        ("http://example.com/", Some("login=1")),
        ("http://other.example/x", Some("theirs=3")),
    ] {
        assert_eq!(kept.of(url).as_deref(), expected, "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_request_is_signed_over_the_url_that_it_asks() {
    let told = told([(0, page(307, Some("/b"), "")), (0, page(200, None, ""))]);
    let secret = Some(SigningSecret::new("sixteen or more bytes"));
    let client = web(&told, WebSettings { signing_secret: secret, ..WebSettings::default() });
    let mut fetch = get("http://example.com/a?x=1#f");
    // What a script says about these headers counts for nothing.
    fetch.headers = vec![("X-Antiphon-Signature".to_owned(), "forged".to_owned())];
    client.fetch(CLIENT, &fetch).await.outcome.unwrap();
    let key = client.signing_key(CLIENT).unwrap();
    for (errand, url) in told.asked.lock().unwrap().iter().zip(["http://example.com/a?x=1", "http://example.com/b"]) {
        let timestamp: u64 = value(errand, TIMESTAMP).unwrap().parse().unwrap();
        assert_eq!(value(errand, SIGNATURE), Some(&key.sign("GET", url, timestamp, b"")[..]));
        assert_eq!(errand.headers.iter().filter(|(name, _)| name == SIGNATURE).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_turn_in_time_is_told_so_and_two_hundred_find_one() {
    let settings = WebSettings { max_per_host: 1, ..WebSettings::default() };
    let waits = told([(60_000, page(200, None, ""))]);
    let client = web(&waits, settings);
    let (patient, url) = (get("http://example.com/"), "http://example.com/x");
    let first = client.fetch(CLIENT, &patient);
    let second = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        client.fetch(CLIENT, &Fetch { patience: Duration::from_secs(1), ..get(url) }).await.outcome
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.outcome, second), (Err(FetchError::TimedOut), Err(FetchError::Busy)));
    let many = told((0..200).map(|_| (1_000, page(200, None, ""))));
    let client = web(&many, WebSettings::default());
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let client = client.clone();
        asked.spawn(async move { client.fetch(CLIENT, &get("http://example.com/")).await });
    }
    for exchange in asked.join_all().await {
        assert!(exchange.outcome.is_ok());
        assert_eq!(exchange.took, Duration::from_secs(1), "all ran at once");
    }
}
