//! `vm_mailto`: who is told of a message by e-mail.
//!
//! Shape: addresses separated by commas, each bare or behind a display name: `a@b.example, "Mane, sales" <m@b.example>`.
//! Errors: a text for the author that quotes the address which is wrong.
//! Sources: RFC 5321 §4.1.2 and §4.5.3.1 (address and its lengths), RFC 5322 §3.4 (names before addresses); `ringme-ivr.md` 1.2.
//!
//! Addresses are written in ASCII (a domain of other letters in its `xn--` form), without the quoted local parts and address literals
//! that nobody's mail has; names may have any letters.

/// Most addresses of one mailbox.
pub const MAX_RECIPIENTS: usize = 20;
/// Most bytes of what stands before the `@`, and of an address in all (RFC 5321 §4.5.3.1).
const MAX_LOCAL: usize = 64;
const MAX_ADDRESS: usize = 254;

/// Somebody who is told of a message.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Recipient {
    /// The name before the address, in any letters; none where there is none.
    pub name: Option<String>,
    /// The address, in ASCII.
    pub address: String,
}

/// Reads a list; a blank text is an empty one.
pub fn parse(text: &str) -> Result<Vec<Recipient>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let parts = split(text)?;
    if parts.len() > MAX_RECIPIENTS {
        return Err(format!("has more than {MAX_RECIPIENTS} addresses"));
    }
    parts.into_iter().map(recipient).collect()
}

/// The parts between commas that are in no quotes.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err("has a quote that is not closed".to_owned());
    }
    parts.push(&text[begin..]);
    Ok(parts)
}

fn recipient(text: &str) -> Result<Recipient, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("has a comma without an address beside it".to_owned());
    }
    let wrong = || format!("\"{text}\" is no e-mail address; addresses are separated by commas");
    let (name, address) = match text.strip_suffix('>') {
        Some(rest) => {
            let (name, address) = rest.rsplit_once('<').ok_or_else(wrong)?;
            (display_name(name.trim()).ok_or_else(wrong)?, address.trim())
        }
        None => (None, text),
    };
    if !address.is_ascii() {
        return Err(format!("\"{address}\" has letters that are not ASCII; a domain of such letters is written xn--…"));
    }
    if is_address(address) { Ok(Recipient { name, address: address.to_owned() }) } else { Err(wrong()) }
}

/// A name as it stands before an address, without its quotes; `None` where it is none.
fn display_name(text: &str) -> Option<Option<String>> {
    let name: String = match text.strip_prefix('"') {
        None if text.contains(['"', '<', '>']) => return None,
        None => text.to_owned(),
        Some(rest) => {
            let (mut name, mut chars) = (String::new(), rest.strip_suffix('"')?.chars());
            while let Some(c) = chars.next() {
                match c {
                    '\\' => name.push(chars.next()?),
                    '"' => return None,
                    c => name.push(c),
                }
            }
            name
        }
    };
    if name.chars().any(char::is_control) {
        return None;
    }
    Some(Some(name.trim().to_owned()).filter(|name| !name.is_empty()))
}

/// Whether a text is an address; only the mail server knows whether somebody is there.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |atom: &str| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let is_label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= MAX_ADDRESS
        && local.len() <= MAX_LOCAL
        && local.split('.').all(is_atom)
        && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_their_names() {
        let check = |text: &str, expect: &[(Option<&str>, &str)]| {
            let read = parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
            let read: Vec<_> = read.iter().map(|it| (it.name.as_deref(), it.address.as_str())).collect();
            assert_eq!(read, expect, "{text}");
        };
        check("", &[]);
        check("  ", &[]);
        check("a@b.example", &[(None, "a@b.example")]);
        check(" a@b.example ,c+d@localhost", &[(None, "a@b.example"), (None, "c+d@localhost")]);
        check("<a@b.example>", &[(None, "a@b.example")]);
        check("Անի Պետրոսյան <ani@b.example>", &[(Some("Անի Պետրոսյան"), "ani@b.example")]);
        check(
            "\"Mane, \\\"sales\\\"\" <m@b.example>, \"\" <x@y.example>",
            &[(Some("Mane, \"sales\""), "m@b.example"), (None, "x@y.example")],
        );
    }

    #[test]
    fn what_is_no_list_is_refused_with_what_is_wrong() {
        let long = format!("{}@b.example", "a".repeat(65));
        let many = vec!["a@b.example"; MAX_RECIPIENTS + 1].join(",");
        let cases = [
            ("nobody", "\"nobody\" is no e-mail address"),
            ("a@b.example,c", "\"c\" is no e-mail address"),
            ("a@b.example,", "a comma without an address"),
            ("a@@b.example", "is no e-mail address"),
            (".a@b.example", "is no e-mail address"),
            ("a@-b.example", "is no e-mail address"),
            ("a@b..example", "is no e-mail address"),
            ("a b@c.example", "is no e-mail address"),
            ("a@b.example c@d.example", "is no e-mail address"),
            ("a@b.example;c@d.example", "is no e-mail address"),
            ("name <a@b.example", "is no e-mail address"),
            ("na\"me <a@b.example>", "a quote that is not closed"),
            ("<x> <a@b.example>", "is no e-mail address"),
            ("a@b.example>\r\nBcc: <c@d.example>", "is no e-mail address"),
            ("\"x\r\nBcc: c@d.example\" <a@b.example>", "is no e-mail address"),
            ("a@պ.example", "letters that are not ASCII"),
            (&long, "is no e-mail address"),
            (&many, "more than 20 addresses"),
        ];
        for (text, expect) in cases {
            let problem = parse(text).expect_err(text);
            assert!(problem.contains(expect), "{text}: {problem}");
        }
    }
}
