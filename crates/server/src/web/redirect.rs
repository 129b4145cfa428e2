//! What is asked next when a web server says that something is elsewhere.
//!
//! Shape: a [`Step`] and the answer to it in, the next step out, or nothing when the answer is the last one.
//! Errors: [`FetchError::Redirects`] and [`FetchError::Denied`].
//! Sources: RFC 9110 §15.4; the Fetch standard, "HTTP-redirect fetch", which says what every browser does.

use antiphon_ivr::{Fetch, FetchBody, FetchError, FetchMethod};

use super::{place::Place, wire::Answer};

/// One request of a fetch.
#[derive(Clone, Debug)]
pub(super) struct Step<'a> {
    pub(super) place: Place,
    pub(super) method: FetchMethod,
    pub(super) body: Option<&'a FetchBody>,
    /// Whether a file goes with it. That is not lost at a 301 or 302, as a body is.
    pub(super) has_file: bool,
    /// Whether it goes to somebody else than the script named: credentials among its headers stay at home.
    pub(super) is_elsewhere: bool,
}

impl<'a> Step<'a> {
    pub(super) fn first(fetch: &'a Fetch) -> Result<Self, FetchError> {
        let place = Place::read(&fetch.url)?;
        Ok(Self { place, method: fetch.method, body: fetch.body.as_ref(), has_file: false, is_elsewhere: false })
    }

    /// What comes after this answer, where so many redirects may still be followed.
    pub(super) fn next(self, answer: &Answer, redirects_left: u8) -> Result<Option<Self>, FetchError> {
        if !is_redirect(answer.status) {
            return Ok(None);
        }
        // Without a place to go it is an answer like any other.
        let Some(location) = answer.header("location") else { return Ok(None) };
        if redirects_left == 0 {
            return Err(FetchError::Redirects);
        }
        let place = self.place.redirected(location)?;
        let is_elsewhere = self.is_elsewhere || !place.same_origin(&self.place);
        // 303 asks for something else than what was sent; 301 and 302 mean the same to a POST, as they always did.
        let becomes_get = match answer.status {
            303 => true,
            301 | 302 => self.method == FetchMethod::Post && !self.has_file,
            _ => false,
        };
        let (method, body) = if becomes_get { (FetchMethod::Get, None) } else { (self.method, self.body) };
        let has_file = self.has_file && !becomes_get;
        Ok(Some(Self { place, method, body, has_file, is_elsewhere }))
    }
}

/// Whether a status says that something is elsewhere.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use antiphon_ivr::Meanwhile;

    use super::*;

    fn fetch(method: FetchMethod) -> Fetch {
        Fetch {
            method,
            url: "http://example.com/a".to_owned(),
            headers: Vec::new(),
            body: Some(FetchBody { content_type: "text/plain".to_owned(), bytes: b"x".to_vec() }),
            patience: Duration::from_secs(5),
            max_bytes: 10,
            redirects: 3,
            step: String::new(),
            files: Vec::new(),
            meanwhile: Meanwhile::default(),
            cookies: None,
        }
    }

    fn answer(status: u16, location: Option<&str>) -> Answer {
        let headers = location.map(|location| ("location".to_owned(), location.to_owned()));
        Answer { status, headers: headers.into_iter().collect(), body: Vec::new() }
    }

    #[test]
    fn the_method_and_body_follow_where_the_status_says_so() {
        use FetchMethod::{Get, Post, Put};
        for (status, method, expect) in [
            (301, Post, Get),
            (302, Post, Get),
            (303, Post, Get),
            (307, Post, Post),
            (308, Post, Post),
            (302, Put, Put),
            (303, Put, Get),
            (302, Get, Get),
        ] {
            let fetch = fetch(method);
            let next = Step::first(&fetch).unwrap().next(&answer(status, Some("/b")), 1).unwrap().unwrap();
            assert_eq!((next.method, next.place.url().path()), (expect, "/b"), "{status} to {method}");
            assert_eq!(next.body.is_some(), expect == method, "{status} to {method}");
        }
    }

    #[test]
    fn what_leads_nowhere_or_too_often_elsewhere_ends() {
        let fetch = fetch(FetchMethod::Get);
        let next = |answer: &Answer, left| Step::first(&fetch).unwrap().next(answer, left);
        assert!(next(&answer(200, Some("/b")), 3).unwrap().is_none(), "a 200 is no redirect");
        assert!(next(&answer(304, Some("/b")), 3).unwrap().is_none(), "a 304 is no redirect");
        assert!(next(&answer(302, None), 3).unwrap().is_none(), "without Location it is an answer");
        assert_eq!(next(&answer(302, Some("/b")), 0).err(), Some(FetchError::Redirects));
        assert_eq!(next(&answer(302, Some("mailto:a@b")), 1).err(), Some(FetchError::Redirects));
    }

    #[test]
    fn it_is_known_that_somebody_else_is_asked() {
        let fetch = fetch(FetchMethod::Get);
        let first = Step::first(&fetch).unwrap();
        let same = first.next(&answer(302, Some("/b")), 2).unwrap().unwrap();
        assert!(!same.is_elsewhere);
        let other = same.next(&answer(302, Some("http://example.net/")), 1).unwrap().unwrap();
        assert!(other.is_elsewhere);
        let back = other.next(&answer(302, Some("http://example.com/")), 1).unwrap().unwrap();
        assert!(back.is_elsewhere, "who was elsewhere in between may have written where it goes");
    }
}
