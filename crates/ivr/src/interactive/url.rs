//! The URL of a request: variables put in, parameters added.
//!
//! Shape: `${name}` and `$name` become the variable's value, percent-encoded, an unset one nothing. Parameters follow the query that is
//! there already, and leave out what it names itself.
//! Errors: none; what is no name stays as it is written.
//! Sources: `ringme-ivr.md` 4.2, 4.5, row A19; RFC 3986 §2.3 (unreserved), §3.4, §3.5.

use std::fmt::Write;

use crate::vars::{MAX_NAME, Vars};

/// The URL with every variable put in.
pub(super) fn expanded(url: &str, vars: &Vars) -> String {
    let mut expanded = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        rest = match reference(behind) {
            Some((name, after)) => {
                encode(vars.get(name).unwrap_or_default(), &mut expanded);
                after
            }
            None => {
                expanded.push('$');
                behind
            }
        };
    }
    expanded.push_str(rest);
    expanded
}

/// The name behind a `$`, in braces or bare, and what follows it.
fn reference(behind: &str) -> Option<(&str, &str)> {
    let inside = behind.strip_prefix('{');
    let text = inside.unwrap_or(behind);
    // One more than a name may have, so that one that is too long is none.
    let length = text.bytes().take(MAX_NAME + 1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let (name, after) = text.split_at(length);
    let after = if inside.is_some() { after.strip_prefix('}')? } else { after };
    Vars::is_name(name).then_some((name, after))
}

/// The URL with these parameters at the end of its query, but for those that are in its query already.
pub(super) fn with_query(url: &str, parameters: &[(String, String)]) -> String {
    // A fragment is not sent, and a query behind it would be none.
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let query = url.split_once('?').map(|(_, query)| query);
    let own: Vec<String> = query.into_iter().flat_map(|query| query.split('&')).map(name_of).collect();
    let added: Vec<_> = parameters.iter().filter(|(name, _)| !own.contains(name)).cloned().collect();
    let separator = match query {
        _ if added.is_empty() => "",
        None => "?",
        Some(query) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{}", form(&added))
}

/// Parameters as `application/x-www-form-urlencoded`, with everything that is not unreserved in percent-encoding.
pub(super) fn form(parameters: &[(String, String)]) -> String {
    let mut form = String::new();
    for (name, value) in parameters {
        if !form.is_empty() {
            form.push('&');
        }
        encode(name, &mut form);
        form.push('=');
        encode(value, &mut form);
    }
    form
}

fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

/// The name of a parameter of a query, decoded.
fn name_of(parameter: &str) -> String {
    let name = parameter.split_once('=').map_or(parameter, |(name, _)| name).as_bytes();
    let mut decoded = Vec::with_capacity(name.len());
    let mut at = 0;
    while let Some(byte) = name.get(at) {
        let hex = name.get(at + 1..at + 3).filter(|digits| *byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let encoded = hex.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        at += if encoded.is_some() { 3 } else { 1 };
        decoded.push(encoded.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars() -> Vars {
        let mut vars = Vars::default();
        vars.set("subscription", "934924").unwrap();
        vars.set("name", "Анна & Co/é+*").unwrap();
        vars.set("loop", "$loop").unwrap();
        vars
    }

    /// Row A19 of `ringme-ivr.md` 6: both ways to write a variable, encoded.
    #[test]
    fn variables_are_put_in_encoded_and_unset_ones_vanish() {
        let long = "a".repeat(MAX_NAME + 1);
        for (url, expected) in [
            ("http://a/?code=$subscription", "http://a/?code=934924"),
            ("http://a/?code=${subscription}&b=1", "http://a/?code=934924&b=1"),
            ("http://a/${subscription}x/$subscription/y", "http://a/934924x/934924/y"),
            ("http://a/?n=$name", "http://a/?n=%D0%90%D0%BD%D0%BD%D0%B0%20%26%20Co%2F%C3%A9%2B%2A"),
            ("http://a/?n=$nobody&m=${nobody}", "http://a/?n=&m="),
            ("http://a/?n=$loop", "http://a/?n=%24loop"),
            (
                "http://a/?n=$&m=$1&o=${}&p=${a-b}&q=${subscription",
                "http://a/?n=$&m=$1&o=${}&p=${a-b}&q=${subscription",
            ),
            ("http://a/?n=$$subscription", "http://a/?n=$934924"),
        ] {
            assert_eq!(expanded(url, &vars()), expected, "{url}");
        }
        assert_eq!(expanded(&format!("${long}"), &vars()), format!("${long}"), "too long for a name");
    }

    #[test]
    fn parameters_follow_the_query_and_overwrite_nothing() {
        let parameters = [("CallID".to_owned(), "5:2*".to_owned()), ("CallFlow".to_owned(), "IN".to_owned())];
        for (url, expected) in [
            ("http://a", "http://a?CallID=5%3A2%2A&CallFlow=IN"),
            ("http://a/?", "http://a/?CallID=5%3A2%2A&CallFlow=IN"),
            ("http://a/?b=1", "http://a/?b=1&CallID=5%3A2%2A&CallFlow=IN"),
            ("http://a/?b=1&", "http://a/?b=1&CallID=5%3A2%2A&CallFlow=IN"),
            ("http://a/?b=1#part?x", "http://a/?b=1&CallID=5%3A2%2A&CallFlow=IN"),
            ("http://a/?CallID=mine", "http://a/?CallID=mine&CallFlow=IN"),
            ("http://a/?Call%49D=mine&callflow=x", "http://a/?Call%49D=mine&callflow=x&CallFlow=IN"),
            ("http://a/?CallID&CallFlow=", "http://a/?CallID&CallFlow="),
        ] {
            assert_eq!(with_query(url, &parameters), expected, "{url}");
        }
    }

    #[test]
    fn a_name_in_a_query_is_decoded_as_far_as_it_can_be() {
        for (written, name) in [("a+b=c", "a b"), ("%41%zz%4=1", "A%zz%4"), ("%", "%"), ("", ""), ("%ff=", "\u{fffd}")]
        {
            assert_eq!(name_of(written), name, "{written}");
        }
    }
}
