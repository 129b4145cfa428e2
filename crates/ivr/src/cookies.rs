//! Cookies of a call: what a web server has its pages bring along.
//!
//! Shape: [`Cookies`] take what answers set, and say what goes with a request. They go along with a [`crate::Fetch`], so that each answer on
//! the way is heard, and come back with its [`crate::Page`].
//! Units: seconds, by the clock that is told.
//! Errors: none; a cookie that is malformed, or is for somebody else, is not kept.
//! Sources: RFC 6265 §5; `voicexml-customizers.md` 3.10.

use jiff::fmt::rfc2822::DateTimeParser;
use url::Url;

/// Most cookies, and most bytes of one.
const MOST: usize = 50;
const LONGEST: usize = 4_096;
/// How many parts the name of a domain has at least all of whose hosts get a cookie: no list of those is kept under which all have names.
const LEAST_LABELS: usize = 3;

/// The cookies of a call, the oldest in front.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Cookies {
    cookies: Vec<Cookie>,
    now: i64,
}

#[derive(Clone, Eq, PartialEq, Debug)]
struct Cookie {
    name: String,
    value: String,
    host: String,
    /// Whether hosts below it get it too.
    is_wide: bool,
    path: String,
    is_secure: bool,
    /// Until when, if not for the whole call.
    until: Option<i64>,
}

impl Cookies {
    /// Tells the time, in seconds since 1970.
    pub fn tell(&mut self, now: i64) {
        self.now = now;
    }

    /// Takes what an answer sets that came from this address.
    pub fn take(&mut self, address: &str, headers: &[(String, String)]) {
        let now = self.now;
        let Ok(url) = Url::parse(address) else { return };
        for (_, text) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let Some(cookie) = read(text, &url, now) else { continue };
            self.cookies.retain(|old| (&old.name, &old.host, &old.path) != (&cookie.name, &cookie.host, &cookie.path));
            if cookie.until.is_some_and(|until| until <= now) {
                continue;
            }
            if self.cookies.len() >= MOST {
                self.cookies.remove(0);
            }
            self.cookies.push(cookie);
        }
    }

    /// What goes with a request to this address: the longest paths first.
    pub fn of(&self, address: &str) -> Option<String> {
        let now = self.now;
        let url = Url::parse(address).ok()?;
        let mut found: Vec<_> = self.cookies.iter().filter(|cookie| cookie.goes_to(&url, now)).collect();
        found.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = found.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        Some(pairs.join("; ")).filter(|text| !text.is_empty())
    }
}

impl Cookie {
    fn goes_to(&self, url: &Url, now: i64) -> bool {
        let host = url.host_str().unwrap_or_default();
        let is_host = host == self.host || (self.is_wide && is_below(host, &self.host));
        let path = url.path();
        let is_path = path
            .strip_prefix(&self.path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'));
        let is_safe = !self.is_secure || url.scheme() == "https";
        is_host && is_path && is_safe && self.until.is_none_or(|until| now < until)
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')) && host.parse::<std::net::IpAddr>().is_err()
}

fn read(text: &str, url: &Url, now: i64) -> Option<Cookie> {
    if text.len() > LONGEST || text.chars().any(char::is_control) {
        return None;
    }
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let host = url.host_str()?.to_owned();
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        host,
        is_wide: false,
        path: match url.path().rsplit_once('/') {
            Some((path, _)) if !path.is_empty() => path.to_owned(),
            _ => "/".to_owned(),
        },
        is_secure: false,
        until: None,
    };
    let (mut lasts, mut expires) = (None, None);
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match attribute.trim().to_ascii_lowercase().as_str() {
            "max-age" => lasts = value.parse::<i64>().ok(),
            "expires" => expires = DateTimeParser::new().parse_timestamp(value).ok().map(jiff::Timestamp::as_second),
            "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
            "secure" => cookie.is_secure = true,
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                let is_own = cookie.host == domain;
                // With fewer parts it may be one under which everybody has a name: `example.com` or `co.uk`, who knows.
                let is_narrow = domain.split('.').filter(|label| !label.is_empty()).count() >= LEAST_LABELS;
                let is_above = is_narrow && is_below(&cookie.host, &domain);
                if !(is_own || is_above) {
                    // In doubt it is its own host's alone; one for somebody else is not kept.
                    if domain.contains('.') && is_below(&cookie.host, &domain) {
                        continue;
                    }
                    return None;
                }
                cookie.is_wide = domain.split('.').count() >= LEAST_LABELS;
                cookie.host = domain;
            }
            _ => {}
        }
    }
    cookie.until = lasts.map(|seconds| now.saturating_add(seconds)).or(expires);
    (!cookie.name.is_empty()).then_some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(address: &str, cookies: &[&str]) -> Cookies {
        let mut jar = Cookies::default();
        jar.tell(1_000);
        let headers: Vec<_> = cookies.iter().map(|text| ("set-cookie".to_owned(), (*text).to_owned())).collect();
        jar.take(address, &headers);
        jar
    }

    #[test]
    fn a_cookie_goes_where_it_belongs() {
        let set = [
            "a=1",
            "b=2; Path=/",
            "c=3; Domain=x.example.com",
            "d=4; Secure",
            "e=5; Domain=com",
            "f=6; Domain=b.example",
            "g=7; Domain=example.com",
        ];
        let mut jar = jar("http://www.x.example.com/x/start", &set);
        for (address, expected) in [
            ("http://www.x.example.com/x/y", Some("a=1; c=3; g=7; b=2")),
            ("http://www.x.example.com/", Some("b=2")),
            ("https://www.x.example.com/x/", Some("a=1; c=3; d=4; g=7; b=2")),
            ("http://other.x.example.com/x/y", Some("c=3")),
            ("http://other.example.com/x/y", None),
            ("http://www.x.example.com/xy", Some("b=2")),
            ("http://www.example.org/x/y", None),
        ] {
            jar.tell(1_000);
            assert_eq!(jar.of(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn a_cookie_lasts_as_long_as_it_says_and_there_is_an_end_to_their_number() {
        let set = ["a=1; Max-Age=10", "b=2; Expires=Thu, 01 Jan 1970 00:20:00 GMT", "c=3"];
        let mut jar = jar("http://a.example/", &set);
        jar.tell(1_005);
        assert_eq!(jar.of("http://a.example/").as_deref(), Some("a=1; b=2; c=3"));
        jar.tell(1_010);
        assert_eq!(jar.of("http://a.example/").as_deref(), Some("b=2; c=3"));
        jar.tell(1_200);
        assert_eq!(jar.of("http://a.example/").as_deref(), Some("c=3"));
        jar.take("http://a.example/", &[("set-cookie".to_owned(), "c=; Max-Age=0".to_owned())]);
        jar.tell(1_200);
        assert_eq!(jar.of("http://a.example/"), None);
        for n in 0..200 {
            jar.take("http://a.example/", &[("set-cookie".to_owned(), format!("n{n}=1"))]);
        }
        assert_eq!(jar.cookies.len(), MOST);
        let long = [
            ("set-cookie".to_owned(), format!("l={}", "x".repeat(5_000))),
            ("set-cookie".to_owned(), "x=1\r\nA: b".to_owned()),
        ];
        jar.take("http://b.example/", &long);
        jar.tell(1_200);
        assert_eq!(jar.of("http://b.example/"), None);
    }
}
