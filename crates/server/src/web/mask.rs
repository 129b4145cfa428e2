//! What of a request and its answer people may see.
//!
//! Shape: text in, the same text out with what proves somebody's identity replaced by [`HIDDEN`].
//! Errors: none; what cannot be read is shown with everything hidden that may be a secret.

use url::Url;

/// What stands for something hidden.
const HIDDEN: &str = "***";
/// Words in the name of a parameter whose value is a secret.
const SECRET_WORDS: [&str; 9] =
    ["token", "secret", "password", "passwd", "pwd", "apikey", "api_key", "api-key", "signature"];
/// Headers whose value is one.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", super::signature::SIGNATURE];

/// A URL without user and password, and without the values of secret parameters.
pub(crate) fn url(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return unreadable(text) };
    if !url.username().is_empty() || url.password().is_some() {
        // Only a URL without a host refuses, and it has no user either.
        let _ = url.set_username(HIDDEN).and_then(|()| url.set_password(None));
    }
    if let Some(query) = url.query().map(parameters) {
        url.set_query(Some(&query));
    }
    url.into()
}

/// A text in which URLs may stand, each without its secrets.
pub(super) fn text(text: &str) -> String {
    let is_between = |c: char| c.is_whitespace() || "<>()[]{}\"'`|\\".contains(c);
    let shown = text.split_inclusive(is_between).map(|word| {
        let address = word.trim_end_matches(|c| is_between(c) || ":;,".contains(c));
        let is_web = address.starts_with("http://") || address.starts_with("https://");
        let masked = is_web.then(|| url(address)).filter(|masked| masked.contains(HIDDEN));
        masked.map_or_else(|| word.to_owned(), |masked| masked + &word[address.len()..])
    });
    shown.collect()
}

/// What is no URL may still hold a password: all before the last `@` is hidden.
fn unreadable(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("{HIDDEN}@{rest}"),
        None => text.to_owned(),
    }
}

/// Parameters as in a query or a form, without the values of secret ones. Everything else stays as it is written.
pub(super) fn parameters(text: &str) -> String {
    let shown = text.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => parameter.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Header fields, without the values of secret ones.
pub(super) fn headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    let shown = headers.iter().map(|(name, value)| {
        let value = if SECRET_HEADERS.contains(&name.as_str()) || is_secret(name) { HIDDEN } else { value };
        (name.clone(), value.to_owned())
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_hidden_and_nothing_else() {
        for (text, shown) in [
            ("https://u:p@example.com/a?b=c", "https://***@example.com/a?b=c"),
            ("https://u@example.com/", "https://***@example.com/"),
            (
                "http://example.com/?Auth_Token=x&a=%2A&password=&b",
                "http://example.com/?Auth_Token=***&a=%2A&password=***&b",
            ),
            ("http://example.com/p?a=b#c", "http://example.com/p?a=b#c"),
            ("http://u:p@[::1/", "***@[::1/"),
            ("no url", "no url"),
        ] {
            assert_eq!(url(text), shown, "{text}");
        }
    }

    #[test]
    fn secrets_in_urls_within_a_text_are_hidden() {
        for (given, shown) in [
            (
                "error.badfetch: http://u:p@a.example/x?token=1: line 2",
                "error.badfetch: http://***@a.example/x?token=***: line 2",
            ),
            ("nothing (line 3 of https://a.example/?pwd=1&b=2)", "nothing (line 3 of https://a.example/?pwd=***&b=2)"),
            ("http://a.example/a b: token=1", "http://a.example/a b: token=1"),
            ("first\nhttp://a.example/?token=1\n", "first\nhttp://a.example/?token=***\n"),
            ("('https://u:p@a.example/', 1)", "('https://***@a.example/', 1)"),
        ] {
            assert_eq!(text(given), shown);
        }
    }

    #[test]
    fn secret_headers_are_hidden() {
        let given =
            [("authorization", "Basic x"), ("x-auth-token", "y"), ("x-antiphon-signature", "v1=z"), ("accept", "*/*")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let shown: Vec<_> = headers(&given).into_iter().map(|(_, value)| value).collect();
        assert_eq!(shown, ["***", "***", "***", "*/*"]);
    }
}
