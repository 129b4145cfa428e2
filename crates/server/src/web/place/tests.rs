use super::*;

fn read(text: &str) -> Place {
    Place::read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is said about a URL before anything is sent.
#[track_caller]
fn check(text: &str, expect: &str) {
    let policy = Policy::default();
    let said = match Place::read(text).and_then(|place| place.check(&policy)) {
        Ok(()) => "open".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(said, expect, "{text}");
}

#[test]
fn an_address_is_seen_in_every_way_of_writing_it() {
    for loopback in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://１２７．０．０．１/",
        "http://127。0。0。1/",
        "http://%31%32%37.0.0.1/",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
        "http://good.example@127.0.0.1/",
        "http://good.example:80@127.0.0.1:8080/",
        "http://127.0.0.1#@good.example/",
        "http://127.0.0.1?@good.example/",
        "http://127.0.0.1\\@good.example/",
        " http://127.0.0.1/\n",
        "http://127.0\t.0.1/",
    ] {
        check(loopback, "nobody is asked there: 127.0.0.1 is loopback");
    }
    check("http://0/", "nobody is asked there: 0.0.0.0 is of this network");
    check("http://[::]/", "nobody is asked there: :: is unspecified");
    check("http://[::ffff:127.0.0.1]/", "nobody is asked there: ::ffff:127.0.0.1 is loopback");
    check("http://[::ffff:7f00:1]/", "nobody is asked there: ::ffff:127.0.0.1 is loopback");
    check("http://[64:ff9b::a9fe:a9fe]/", "nobody is asked there: 64:ff9b::a9fe:a9fe is link-local");
    check("https://169.254.169.254/latest", "nobody is asked there: 169.254.169.254 is link-local");
}

#[test]
fn what_is_no_url_of_the_web_is_refused() {
    for (text, problem) in [
        ("ftp://example.com/", "it begins with neither http:// nor https://"),
        ("file:///etc/passwd", "it begins with neither http:// nor https://"),
        ("/path", "relative URL without a base"),
        ("", "relative URL without a base"),
        ("http://", "empty host"),
        ("http://256.0.0.1/", "invalid IPv4 address"),
        ("http://[::1/", "invalid IPv6 address"),
        ("http://a b/", "invalid international domain name"),
        ("http://example.com:65536/", "invalid port number"),
    ] {
        check(text, &format!("the URL cannot be used: {problem}"));
    }
    let long = format!("http://example.com/{}", "a".repeat(9_000));
    check(&long, "the URL cannot be used: it is longer than 8192 bytes");
}

#[test]
fn names_and_usual_ports_are_open_until_they_are_looked_up_and_ports_of_other_protocols_are_not() {
    for open in ["http://example.com/", "http://localhost:8080/", "https://example.com.:8443/", "http://пример.рф/"]
    {
        check(open, "open");
    }
    for port in [25, 5060, 6667, 0] {
        check(&format!("http://example.com:{port}/"), &format!("nobody is asked there: port {port}"));
    }
}

#[test]
fn user_and_password_become_basic_and_are_shown_nowhere() {
    let place = read("https://us%65r:p%40s+s@example.com/a?b=c#d");
    assert_eq!(place.url().as_str(), "https://example.com/a?b=c");
    assert_eq!(place.basic(), Some("Basic dXNlcjpwQHMrcw=="));
    assert_eq!(place.for_the_log(), "https://example.com/a");
    assert_eq!(read("https://example.com/").basic(), None);
    assert_eq!(read("https://user@example.com/").basic(), Some("Basic dXNlcjo="));
}

#[test]
fn credentials_follow_a_redirect_to_the_same_origin_only() {
    let place = read("https://user:secret@example.com/a/b");
    let lead = |location: &str| place.redirected(location);
    assert_eq!(lead("c").map(|next| next.url().to_string()), Ok("https://example.com/a/c".to_owned()));
    assert_eq!(lead("/d").unwrap().basic(), place.basic());
    assert_eq!(lead("https://example.com:443/d").unwrap().basic(), place.basic());
    assert_eq!(lead("https://example.com:8443/d").unwrap().basic(), None);
    assert_eq!(lead("//example.net/d").unwrap().basic(), None);
    assert_eq!(lead("https://other:word@example.net/d").unwrap().basic(), Some("Basic b3RoZXI6d29yZA=="));
}

#[test]
fn a_redirect_leads_to_the_web_and_never_from_https_to_http() {
    let place = read("https://example.com/a");
    assert_eq!(
        place.redirected("http://example.com/a"),
        Err(FetchError::Denied("a redirect from https to http".to_owned()))
    );
    for nowhere in ["ftp://example.com/", "javascript:alert(1)", "http://[", "https://"] {
        assert_eq!(place.redirected(nowhere), Err(FetchError::Redirects), "{nowhere}");
    }
    let plain = read("http://example.com/a");
    assert_eq!(plain.redirected("https://example.com/a").unwrap().url().scheme(), "https");
    let denied = plain.redirected("http://169.254.169.254/").unwrap();
    assert!(matches!(denied.check(&Policy::default()), Err(FetchError::Denied(_))));
}

#[test]
fn connections_are_counted_by_host_and_port() {
    assert_eq!(read("https://example.com/a").authority(), "example.com:443");
    assert_eq!(read("http://EXAMPLE.com.:8080/").authority(), "example.com:8080");
    assert_eq!(read("http://[::1]/").authority(), "[::1]:80");
}
