//! The `web` fences: what web servers answer, one fence a request, in the order in which they are asked.
//!
//! Shape: the first line says how, all others are the body as it stands.
//! Units: seconds from the request.
//! Errors: [`Problem`] on the first line where it is not understood.
//!
//! | first line                      | meaning                                                       |
//! |---------------------------------|---------------------------------------------------------------|
//! | `200`                           | this status at once, as `text/xml`                            |
//! | `200 after 6 s`                 | it takes a time                                               |
//! | `200 with 70000 bytes`          | a body of so many spaces                                      |
//! | `200 as text/xml; charset=…`    | another media type                                            |
//! | `denied`, `unreachable`, `too many redirects`, `no HTTP` | no answer, and why; also `after 6 s` |

use std::time::Duration;

use antiphon_ivr::{FetchError, Page, simulator::WebAnswer};

use crate::{
    caller::seconds,
    document::{Fence, Problem},
};

/// The answer of a fence.
pub(crate) fn read(fence: &Fence) -> Result<WebAnswer, Problem> {
    let (head, body) = fence.text.split_once('\n').unwrap_or((&fence.text, ""));
    let not_understood = || Problem::new(fence.line + 1, format!("not understood: `{}`", head.trim()));
    let (what, after) = match head.trim().rsplit_once(" after ") {
        Some((what, time)) => (what, time.strip_suffix(" s").and_then(seconds).ok_or_else(not_understood)?),
        None => (head.trim(), Duration::ZERO),
    };
    let answer = match what {
        "denied" => Err(FetchError::Denied("127.0.0.2".to_owned())),
        "unreachable" => Err(FetchError::Unreachable("connection refused".to_owned())),
        "too many redirects" => Err(FetchError::Redirects),
        "no HTTP" => Err(FetchError::NotHttp("invalid version".to_owned())),
        _ => Ok(page(what, body).ok_or_else(not_understood)?),
    };
    Ok(WebAnswer { after, answer })
}

fn page(what: &str, body: &str) -> Option<Page> {
    let (what, media_type) = what.split_once(" as ").unwrap_or((what, "text/xml"));
    let (status, body) = match what.split_once(" with ") {
        Some((status, size)) => {
            (status, " ".repeat(size.strip_suffix(" bytes").and_then(|size| size.parse().ok())?).into_bytes())
        }
        None => (what, body.as_bytes().to_vec()),
    };
    let headers = vec![("content-type".to_owned(), media_type.to_owned())];
    Some(Page { status: status.parse().ok()?, headers, body, url: String::new(), cookies: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(text: &str) -> Fence {
        Fence { line: 10, text: text.to_owned() }
    }

    #[test]
    fn a_first_line_says_status_time_size_and_type() {
        let answer = read(&fence("200 after 1.5 s\n<Response/>\n")).expect("a good fence");
        assert_eq!(
            (answer.after, answer.answer.expect("a page").body),
            (Duration::from_millis(1500), b"<Response/>\n".into())
        );
        let large = read(&fence("404 with 70000 bytes as text/plain after 2 s\n")).expect("a good fence");
        let page = large.answer.expect("a page");
        assert_eq!((page.status, page.body.len(), page.header("content-type")), (404, 70_000, Some("text/plain")));
        let denied = read(&fence("denied after 1 s")).expect("a good fence");
        assert!(matches!(denied.answer, Err(FetchError::Denied(_))) && denied.after == Duration::from_secs(1));
    }

    #[test]
    fn a_first_line_that_is_not_understood_is_told_with_its_number() {
        for text in ["", "OK\n", "200 soon\n", "200 after x s\n", "200 with 5 pages\n"] {
            assert_eq!(read(&fence(text)).expect_err(text).line, 11, "{text}");
        }
    }
}
