//! A SIP message as a test reads it.
//!
//! Shape: text in; the start line, headers by name and the body out. Knows nothing of transactions and is not the
//! parser under test.
//! Errors: what is no SIP message has an empty start line and no headers.
//! Sources: RFC 3261 §7.

use std::fmt::Write;

/// A message taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SipText {
    /// The request or status line.
    pub start: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl SipText {
    /// Reads a message.
    pub fn parse(message: &[u8]) -> Self {
        let text = String::from_utf8_lossy(message);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        if !start.contains("SIP/2.0") {
            return Self::default();
        }
        let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        Self { start, headers: lines.filter_map(header).collect(), body: body.to_owned() }
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&str> {
        let word = self.start.split(' ').next()?;
        (!word.is_empty() && !word.starts_with("SIP/")).then_some(word)
    }

    /// The status of a response.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The number of the `CSeq` header.
    pub fn cseq(&self) -> u32 {
        let number = self.header("CSeq").and_then(|value| value.split_whitespace().next()?.parse().ok());
        number.unwrap_or_default()
    }

    /// The method of the `CSeq` header: what a response answers.
    pub fn cseq_method(&self) -> &str {
        self.header("CSeq").and_then(|value| value.split_whitespace().nth(1)).unwrap_or_default()
    }

    /// The branch of the top `Via`.
    pub fn branch(&self) -> &str {
        let branch = self.header("Via").and_then(|via| via.split(';').find_map(|part| part.strip_prefix("branch=")));
        branch.unwrap_or_default()
    }

    /// The URI between the angle brackets of the first header of that name.
    pub fn uri(&self, name: &str) -> Option<&str> {
        let value = self.header(name)?;
        let inner = value.split_once('<').map_or(value, |(_, rest)| rest.split('>').next().unwrap_or_default());
        Some(inner)
    }

    /// Replaces or adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.headers.iter_mut().find(|(found, _)| found.eq_ignore_ascii_case(name)) {
            Some((_, old)) => value.clone_into(old),
            None => self.headers.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Replaces the body, with the headers that go with it.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self.with("Content-Type", content_type)
    }

    /// The message as bytes, with the right `Content-Length`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in self.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Length")) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart_and_put_together() {
        let text = "INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKx;rport\r\n\
                    CSeq: 7 INVITE\r\nContact: <sip:a@127.0.0.2:5060>\r\nContent-Length: 2\r\n\r\nhi";
        let message = SipText::parse(text.as_bytes());
        assert_eq!(message.method(), Some("INVITE"));
        assert_eq!((message.cseq(), message.cseq_method()), (7, "INVITE"));
        assert_eq!(message.branch(), "z9hG4bKx");
        assert_eq!(message.uri("contact"), Some("sip:a@127.0.0.2:5060"));
        assert_eq!(message.to_bytes(), text.as_bytes());
        assert_eq!(SipText::parse(b"SIP/2.0 486 Busy Here\r\n\r\n").status(), Some(486));
        assert_eq!(SipText::parse(b"\x80\x00rtp").method(), None);
    }
}
