//! The server's HTTP client against web servers that do as they should not.
//!
//! Shape: the client of the library and web servers of ours, all on loopback; 127.0.0.9 is a denied address, and names are told.
//! Time: the clock of the machine; a web server that never answers costs a test a fraction of a second.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::{Fetch, FetchBody, FetchError, FetchMethod, Meanwhile, Page};
use antiphon_server::locate::{Answers, Names, Question, Record};
use antiphon_server::net::{Machine, Network};
use antiphon_server::settings::WebSettings;
use antiphon_server::store::ClientId;
use antiphon_server::web::Web;
use antiphon_server::web::policy::Policy;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use crate::web_server::{Act, WebServer, page};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const DENIED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// Names as a test needs them: a name server that says what an attacker wants.
struct Told;

impl Names for Told {
    fn ask<'a>(&'a self, name: &'a str, _: Question) -> Answers<'a> {
        let addresses: &[Ipv4Addr] = match name {
            "web.test" => &[HERE],
            "evil.test" => &[DENIED],
            "both.test" => &[DENIED, HERE],
            _ => &[],
        };
        Box::pin(std::future::ready(addresses.iter().map(|ip| Record::Address(IpAddr::V4(*ip))).collect()))
    }
}

fn client_trusting(tls_ca: Option<PathBuf>) -> Web {
    let networks = |text: &str| vec![text.parse().expect("a network")];
    let policy = Policy { allow: networks("127.0.0.0/8"), deny: networks("127.0.0.9/32") };
    let settings = WebSettings { policy, tls_ca, ..WebSettings::default() };
    let wire = Machine.web(&settings, Arc::new(Told)).expect("a client");
    Web::new(&settings, wire)
}

fn client() -> Web {
    client_trusting(None)
}

fn get(url: impl Into<String>) -> Fetch {
    Fetch {
        method: FetchMethod::Get,
        url: url.into(),
        headers: Vec::new(),
        body: None,
        patience: Duration::from_secs(10),
        max_bytes: 65_536,
        redirects: 3,
        step: "a test".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    }
}

async fn ask(web: &Web, fetch: &Fetch) -> Result<Page, FetchError> {
    web.fetch(ClientId(1), fetch).await.outcome
}

/// Asks a new web server, which answers so, with a new client.
async fn answered(acts: Vec<Act>) -> Result<Page, FetchError> {
    let server = WebServer::start(HERE, None, move |_| acts.clone()).await;
    ask(&client(), &get(server.url("/"))).await
}

fn raw(text: &str) -> Vec<Act> {
    vec![Act::Send(text.into()), Act::Close]
}

#[track_caller]
fn assert_no_http(outcome: Result<Page, FetchError>) {
    assert!(matches!(outcome, Err(FetchError::NotHttp(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_page_is_read_however_its_length_is_told() {
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let page = answered(raw(chunks)).await.expect("chunks are a body");
    assert_eq!((page.status, &page.body[..], page.header("x-a")), (200, &b"abcde"[..], Some("b")));
    let page = answered(raw("HTTP/1.0 404 No\r\n\r\nuntil the end")).await.expect("the end ends a body");
    assert_eq!((page.status, &page.body[..]), (404, &b"until the end"[..]));
    let page = answered(raw("HTTP/1.1 204 No Content\r\n\r\n")).await.expect("no body is a body");
    assert_eq!((page.status, page.body.len()), (204, 0));
}

#[tokio::test]
async fn what_is_sent_is_what_the_script_says_and_little_else() {
    let server = WebServer::start(HERE, None, |_| page(200, "", "")).await;
    let mut fetch = get(server.url("/a%20b?c=%2A#d").replace("//127", "//us%65r:pass@127"));
    fetch.method = FetchMethod::Post;
    fetch.body = Some(FetchBody { content_type: "text/plain".into(), bytes: b"hello".to_vec() });
    fetch.headers = vec![("X-Mine".into(), "yes".into())];
    ask(&client(), &fetch).await.expect("an answer");
    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    assert_eq!(body, "hello");
    let mut lines: Vec<_> = head.lines().map(str::to_owned).collect();
    lines[1..].sort();
    let agent = concat!("user-agent: Antiphon/", env!("CARGO_PKG_VERSION"));
    let host = format!("host: {}", server.at);
    let expect = [
        "POST /a%20b?c=%2A HTTP/1.1",
        "accept-encoding: gzip",
        "accept: */*",
        "authorization: Basic dXNlcjpwYXNz",
        "content-length: 5",
        "content-type: text/plain",
        &host,
        agent,
        "x-mine: yes",
    ];
    assert_eq!(lines, expect);
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_patience() {
    let server = WebServer::start(HERE, None, |request| match request.contains("/half") {
        true => vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()), Act::Wait],
        false => vec![Act::Wait],
    })
    .await;
    for path in ["/never", "/half"] {
        let fetch = Fetch { patience: Duration::from_millis(200), ..get(server.url(path)) };
        let exchange = client().fetch(ClientId(1), &fetch).await;
        assert_eq!(exchange.outcome, Err(FetchError::TimedOut), "{path}");
        assert!(exchange.took < Duration::from_secs(5), "{path}: {:?}", exchange.took);
        server.client_gone().await;
    }
}

#[tokio::test]
async fn a_body_without_end_is_read_no_further_than_allowed() {
    let told = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec();
    assert_eq!(answered(vec![Act::Send(told), Act::Wait]).await, Err(FetchError::TooLarge));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4_096)).into_bytes();
    assert_eq!(answered(vec![Act::Send(chunked), Act::SendForEver(chunk)]).await, Err(FetchError::TooLarge));
    let open = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    assert_eq!(answered(vec![Act::Send(open), Act::SendForEver(vec![0; 4_096])]).await, Err(FetchError::TooLarge));
}

#[tokio::test]
async fn what_is_no_answer_in_http_is_told_so() {
    assert_no_http(answered(raw("SSH-2.0-OpenSSH_9.9\r\n")).await);
    assert_no_http(answered(raw("")).await);
    assert_no_http(answered(raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")).await);
    assert_no_http(answered(raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")).await);
    let begin = Act::Send(b"HTTP/1.1 200 OK\r\n".to_vec());
    let field = Act::SendForEver(b"X-Header: and one more of them\r\n".to_vec());
    assert_no_http(answered(vec![begin.clone(), field]).await);
    assert_no_http(answered(vec![begin, Act::SendForEver(vec![b'a'; 4_096])]).await);
    let wide = format!("HTTP/1.1 200 OK\r\nX-Wide: {}\r\nContent-Length: 0\r\n\r\n", "a".repeat(70_000));
    assert_no_http(answered(raw(&wide)).await);
}

#[tokio::test]
async fn a_redirect_to_a_denied_address_reaches_nobody_there() {
    let denied = WebServer::start(DENIED, None, |_| page(200, "", "the inner network")).await;
    let inner = denied.at;
    let port = inner.port();
    let server = WebServer::start(HERE, None, move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let location = match path {
            "/address" => format!("http://{inner}/"),
            "/mapped" => format!("http://[::ffff:127.0.0.9]:{port}/"),
            "/decimal" => format!("http://2130706441:{port}/"),
            "/name" => format!("http://evil.test:{port}/"),
            _ => "/loop".to_owned(),
        };
        page(302, &format!("Location: {location}\r\n"), "")
    })
    .await;
    for path in ["/address", "/mapped", "/decimal", "/name"] {
        let outcome = ask(&client(), &get(server.url(path))).await;
        assert!(matches!(outcome, Err(FetchError::Denied(_))), "{path}: {outcome:?}");
    }
    assert_eq!(ask(&client(), &get(server.url("/loop"))).await, Err(FetchError::Redirects));
    let outcome = ask(&client(), &get(denied.url("/"))).await;
    assert_eq!(outcome, Err(FetchError::Denied("127.0.0.9 is denied by the settings".to_owned())));
    assert_eq!(denied.connections(), 0, "nobody knocked there");
}

#[tokio::test]
async fn a_name_leads_only_to_those_of_its_addresses_that_are_open() {
    let server = WebServer::start(HERE, None, |_| page(200, "", "here")).await;
    let port = server.at.port();
    let ask_at = async |host: &str| ask(&client(), &get(format!("http://{host}:{port}/"))).await;
    for name in ["web.test", "both.test", "WEB.test"] {
        assert_eq!(ask_at(name).await.expect(name).body, b"here", "{name}");
    }
    assert_eq!(ask_at("evil.test").await, Err(FetchError::Denied("127.0.0.9 is denied by the settings".to_owned())));
    let nameless = Err(FetchError::Unreachable("its name has no address".to_owned()));
    assert_eq!(ask_at("nobody.test").await, nameless);
}

#[tokio::test]
async fn nobody_there_is_told_so() {
    let server = WebServer::start(HERE, None, |_| Vec::new()).await;
    let url = server.url("/");
    let closed = std::net::TcpListener::bind((HERE, 0)).and_then(|listener| listener.local_addr()).expect("a port");
    let outcome = ask(&client(), &get(format!("http://{closed}/"))).await;
    assert!(matches!(outcome, Err(FetchError::Unreachable(_))), "{outcome:?}");
    // TLS towards a server that speaks none.
    let outcome = ask(&client(), &get(url.replace("http:", "https:"))).await;
    assert!(matches!(outcome, Err(FetchError::Unreachable(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_for_the_name() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let authority = Authority::new();
    authority.issue(folder.path());
    let acceptor = |name: &str| Some(TlsAcceptor::from(authority.server(name)));
    let good = WebServer::start(HERE, acceptor("web.test"), |_| page(200, "", "secret")).await;
    let other = WebServer::start(HERE, acceptor("other.test"), |_| page(200, "", "secret")).await;
    let url = |server: &WebServer| format!("https://web.test:{}/", server.at.port());
    let trusting = client_trusting(Some(folder.path().join("ca.pem")));
    assert_eq!(ask(&trusting, &get(url(&good))).await.expect("a trusted server").body, b"secret");
    for (web, server, cause) in [(&client(), &good, "UnknownIssuer"), (&trusting, &other, "not valid for name")] {
        let outcome = ask(web, &get(url(server))).await;
        let Err(FetchError::Unreachable(why)) = &outcome else { panic!("{outcome:?}") };
        assert!(why.contains(cause), "{why}");
        assert_eq!(server.requests().len(), usize::from(std::ptr::eq(server, &good)), "nothing was told");
    }
}

#[tokio::test]
async fn two_hundred_calls_ask_at_once_and_those_after_them_find_connections() {
    const CALLS: usize = 200;
    let server = WebServer::start(HERE, None, |_| {
        // Nobody is answered before all have asked.
        [vec![Act::WaitFor(CALLS)], page(200, "", "ok")].concat()
    })
    .await;
    let (web, url) = (client(), server.url("/"));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let (web, url) = (web.clone(), url.clone());
        calls.spawn(async move { ask(&web, &get(url)).await });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(server.connections(), CALLS);
    for _ in 0..10 {
        ask(&web, &get(server.url("/again"))).await.expect("an answer");
    }
    assert_eq!(server.connections(), CALLS, "connections are used again");
}

#[tokio::test]
async fn a_request_that_is_given_up_ends_its_connection() {
    let server = WebServer::start(HERE, None, |_| vec![Act::Wait]).await;
    let (web, fetch) = (client(), get(server.url("/")));
    tokio::select! {
        outcome = ask(&web, &fetch) => panic!("nobody answers: {outcome:?}"),
        () = async { while server.requests().is_empty() { tokio::task::yield_now().await } } => {}
    }
    server.client_gone().await;
}

/// What python3 makes: `gzip.compress(b"<Response/>", 9, mtime=0)`.
const PACKED: &[u8] = b"\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\xB3\x09\x4A\x2D\x2E\xC8\xCF\x2B\x4E\xD5\xB7\x03\x00\x2D\xEB\x1E\x17\x0B\x00\x00\x00";
/// The same of 128 KiB of zeros, around a run of 127 bytes.
const BOMB: (&[u8], &[u8]) = (
    b"\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\xED\xC1\x31\x01\x00\x00\x00\xC2\xA0\xF5\x4F\xED\x61\x0D\xA0",
    b"\x6E\xCD\xCD\xE8\x7E\x00\x00\x02\x00",
);

#[tokio::test]
async fn an_answer_in_gzip_is_unpacked_up_to_what_any_answer_may_have() {
    let packed = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
        vec![Act::Send([head.as_bytes(), body].concat()), Act::Close]
    };
    let page = answered(packed(PACKED)).await.expect("an answer");
    assert_eq!((page.body.as_slice(), page.header("content-encoding")), (&b"<Response/>"[..], None));
    let bomb = [BOMB.0, &[0x00; 127], BOMB.1].concat();
    assert_eq!(answered(packed(&bomb)).await, Err(FetchError::TooLarge));
    let broken = answered(packed(b"no gzip at all")).await;
    assert!(matches!(broken, Err(FetchError::NotHttp(_) | FetchError::Unreachable(_))), "{broken:?}");
}
