//! How long an answer of a web server may be used again, and how it is asked whether it still holds.
//!
//! Shape: an answer's header in, a [`Freshness`] out.
//! Units: `max-age` is in seconds.
//! Sources: RFC 9111 §4.2.1, §5.2.2; RFC 9110 §8.8, §13.1.

use std::time::Duration;

use antiphon_ivr::Page;

/// What is fetched is good for so long at least, whatever its server says: a call that has loaded a sound says it afterwards.
pub const LEAST: Duration = Duration::from_secs(10);
/// Where the server says nothing.
const FRESH: Duration = Duration::from_secs(60);
/// Whatever the server says.
const MOST: Duration = Duration::from_secs(86_400);

/// What a server says of the use of its answer.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Freshness {
    /// How long it holds.
    pub(super) lasts: Duration,
    /// The header by which is asked whether it still does.
    pub(super) validator: Option<(String, String)>,
}

impl Freshness {
    pub(super) fn of(page: &Page) -> Self {
        let etag = page.header("etag").map(|etag| ("if-none-match".to_owned(), etag.to_owned()));
        let since = || page.header("last-modified").map(|since| ("if-modified-since".to_owned(), since.to_owned()));
        let said = page.headers.iter().filter(|(name, _)| name == "cache-control").map(|(_, value)| value.as_str());
        Self { lasts: lasts(said), validator: etag.or_else(since) }
    }
}

fn lasts<'a>(said: impl Iterator<Item = &'a str>) -> Duration {
    let mut age = None;
    for directive in said.flat_map(|value| value.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return LEAST,
            "max-age" => age = value.trim().trim_matches('"').parse().ok().map(Duration::from_secs).or(age),
            _ => {}
        }
    }
    age.unwrap_or(FRESH).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_holds_within_bounds() {
        for (said, seconds) in [
            (None, 60),
            (Some("max-age=300"), 300),
            (Some("public, Max-Age=\"300\""), 300),
            (Some("max-age=300, no-cache"), 10),
            (Some("no-store"), 10),
            (Some("max-age=0"), 10),
            (Some("max-age=9999999999"), 86_400),
            (Some("max-age=soon"), 60),
            (Some("s-maxage=5"), 60),
        ] {
            assert_eq!(lasts(said.into_iter()), Duration::from_secs(seconds), "{said:?}");
        }
    }

    #[test]
    fn an_etag_counts_before_a_date() {
        let page = |headers: &[(&str, &str)]| Page {
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..Page::default()
        };
        let validator = |page| Freshness::of(&page).validator;
        let (etag, date) = (("etag", "\"a\""), ("last-modified", "Fri, 01 Jan 2027 00:00:00 GMT"));
        assert_eq!(validator(page(&[date, etag])), Some(("if-none-match".into(), "\"a\"".into())));
        assert_eq!(validator(page(&[date])), Some(("if-modified-since".into(), date.1.into())));
        assert_eq!(validator(page(&[])), None);
    }
}
