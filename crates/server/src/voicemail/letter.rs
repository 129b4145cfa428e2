//! The letter about a message.
//!
//! Shape: what is kept of a mail, and the sound, in; an envelope and the bytes of RFC 5322, out: a text in UTF-8, and the WAV beside it.
//! Every attempt makes the same letter: its date is when the message ended, its Message-ID is kept with the mail.
//! Units: times in UTC.
//! Errors: [`NoLetter`] for an address that mail cannot be sent to.
//! Sources: RFC 5322, RFC 2045-2047 and RFC 2231 (by lettre); RFC 3834 §5 (`Auto-Submitted`).
//!
//! What callers and administrators wrote is made one line of plain characters before it comes near a header, and lettre encodes what is
//! not ASCII: nothing in it can end a header and begin another.

use std::time::{Duration, UNIX_EPOCH};

use antiphon_ivr::rules::mailto::Recipient;
use lettre::{
    Message,
    address::{AddressError, Envelope},
    message::{
        Attachment, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use crate::store::MailBody;

/// Most characters of a name or number in a letter.
const MAX_NAME: usize = 100;

/// Why there is no letter.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoLetter {
    /// An address is none.
    #[error("the address cannot be written to: {0}")]
    Address(#[from] AddressError),
    /// The sound cannot be written as text.
    #[error("the sound cannot be encoded")]
    Sound,
    /// A part of it cannot be written.
    #[error("the letter cannot be written: {0}")]
    Parts(#[from] lettre::error::Error),
}

/// A letter and whom it is for.
pub(super) struct Letter {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// Writes the letter about a message, with its sound where there is one.
pub(super) fn write(mail: &MailBody, from: &Recipient, sound: Option<Vec<u8>>) -> Result<Letter, NoLetter> {
    let from = mailbox(from)?;
    let message_id = format!("<{}@{}>", mail.message_id, from.email.domain());
    let ended = UNIX_EPOCH + Duration::from_millis(mail.left_ms.saturating_add(mail.length_ms));
    let letter = Message::builder()
        .from(from)
        .to(mailbox(&mail.recipient())?)
        .date(ended)
        .message_id(Some(message_id))
        .subject(format!("Voicemail for {} from {}", line(&mail.mailbox), caller(mail)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    let text = SinglePart::plain(text(mail, sound.is_some()));
    let letter = match sound {
        None => letter.singlepart(text)?,
        Some(sound) => {
            let kind = ContentType::parse("audio/wav").expect("it is a media type");
            // Left to itself, lettre sends what happens to be ASCII as it is.
            let sound = Body::new_with_encoding(sound, ContentTransferEncoding::Base64).map_err(|_| NoLetter::Sound)?;
            let attached = Attachment::new(file_name(mail)).body(sound, kind);
            letter.multipart(MultiPart::mixed().singlepart(text).singlepart(attached))?
        }
    };
    Ok(Letter { envelope: letter.envelope().clone(), bytes: letter.formatted() })
}

fn mailbox(recipient: &Recipient) -> Result<Mailbox, AddressError> {
    let name = recipient.name.as_deref().map(line).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, recipient.address.parse()?))
}

fn text(mail: &MailBody, has_sound: bool) -> String {
    let length = mail.length_ms.saturating_add(500) / 1_000;
    format!(
        "A message was left in the mailbox {}.\n\nFrom:   {}\nTime:   {} UTC\nLength: {}:{:02}\n\n{}",
        line(&mail.mailbox),
        caller(mail),
        stamp(mail.left_ms, "%Y-%m-%d %H:%M:%S"),
        length / 60,
        length % 60,
        if has_sound { "The message is attached." } else { "The message is in the mailbox; it is not attached." },
    )
}

/// Who called, for people.
fn caller(mail: &MailBody) -> String {
    let (name, number) = (line(&mail.from_name), line(&mail.from_number));
    match (name.is_empty(), number.is_empty()) {
        (true, true) => "a hidden number".to_owned(),
        (true, false) => number,
        (false, true) => name,
        (false, false) if name == number => number,
        (false, false) => format!("{name} ({number})"),
    }
}

/// The name of the file, of letters and digits of any script, and of what no file system minds.
fn file_name(mail: &MailBody) -> String {
    let plain = |text: &str| -> String {
        let kept = |c: char| if c.is_alphanumeric() || c == '+' { c } else { '-' };
        line(text).chars().map(kept).collect::<String>().trim_matches('-').to_owned()
    };
    let from = if mail.from_name.is_empty() { plain(&mail.from_number) } else { plain(&mail.from_name) };
    let parts = ["voicemail".to_owned(), plain(&mail.mailbox), stamp(mail.left_ms, "%Y%m%d-%H%M%S"), from];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}.wav", parts.join("-"))
}

/// A text as one line: without what is no character to be read, and no longer than a name is.
fn line(text: &str) -> String {
    // Besides controls: separators of lines and paragraphs, and what turns the direction of writing.
    let is_hidden =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let text: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(MAX_NAME).collect()
}

pub(super) fn stamp(ms: u64, form: &str) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voicemail::tests::mail_body;

    fn from() -> Recipient {
        Recipient { name: Some("Phones".to_owned()), address: "vm@here.example".to_owned() }
    }

    fn letter(mail: &MailBody, sound: Option<&[u8]>) -> String {
        let letter = write(mail, &from(), sound.map(<[u8]>::to_vec)).expect("a letter");
        String::from_utf8(letter.bytes).expect("all of it is ASCII")
    }

    fn headers(letter: &str) -> Vec<&str> {
        letter.split("\r\n\r\n").next().unwrap_or_default().split("\r\n").collect()
    }

    #[test]
    fn a_letter_says_who_called_and_when() {
        let text = letter(&mail_body(), None);
        let expect = [
            "From: Phones <vm@here.example>",
            "To: Ani <ani@b.example>",
            "Date: Fri, 27 Nov 2026 03:10:42 +0000",
            "Message-ID: <vm.5.0@here.example>",
            "Subject: Voicemail for 071 from +37410000001",
            "Auto-Submitted: auto-generated",
        ];
        let found = headers(&text);
        for header in expect {
            assert!(found.contains(&header), "{header}: {found:?}");
        }
        let body = "A message was left in the mailbox 071.\r\n\r\nFrom:   +37410000001\r\nTime:   2026-11-27 03:10:00 UTC\r\n\
                    Length: 0:42\r\n\r\nThe message is in the mailbox; it is not attached.\r\n";
        assert!(text.ends_with(body), "{text}");
    }

    #[test]
    fn names_of_other_letters_are_encoded_and_so_is_the_name_of_the_file() {
        let mut mail = mail_body();
        mail.from_name = "Անի Պետրոսյան".to_owned();
        mail.name = Some("Հրանտ".to_owned());
        let text = letter(&mail, Some(b"RIFF"));
        let found = headers(&text);
        let starts = |beginning: &str| found.iter().any(|header| header.starts_with(beginning));
        assert!(starts("Subject: Voicemail for 071 from =?utf-8?b?"), "{found:?}");
        assert!(starts("To: =?utf-8?b?"), "{found:?}");
        // RFC 2231: the file's name in percent-encoded UTF-8.
        assert!(text.contains("filename*0*=utf-8''voicemail-071-20261127-031000-%D4%B1"), "{text}");
        assert!(text.contains("Content-Type: audio/wav"), "{text}");
        assert!(text.contains("\r\nUklGRg==\r\n"), "{text}");
    }

    #[test]
    fn nothing_that_a_caller_wrote_becomes_a_header() {
        let evil = "x\r\nBcc: evil@e.example\r\n\r\n<b>\u{2028}Cc: evil@e.example\u{202e}";
        let mut mail = mail_body();
        mail.from_name = evil.to_owned();
        mail.from_number = evil.to_owned();
        mail.mailbox = evil.to_owned();
        mail.name = Some(evil.to_owned());
        for sound in [None, Some(&b"RIFF"[..])] {
            let letter = write(&mail, &from(), sound.map(<[u8]>::to_vec)).expect("a letter");
            let to: Vec<_> = letter.envelope.to().iter().map(ToString::to_string).collect();
            assert_eq!(to, ["ani@b.example"]);
            let text = String::from_utf8(letter.bytes).expect("ASCII");
            let found = headers(&text);
            assert!(!found.iter().any(|line| line.starts_with("Bcc") || line.starts_with("Cc")), "{found:?}");
            assert_eq!(found.iter().filter(|line| line.starts_with("Subject:")).count(), 1, "{found:?}");
        }
        assert!(file_name(&mail).chars().all(|c| c.is_alphanumeric() || "+-.".contains(c)), "{}", file_name(&mail));
    }

    #[test]
    fn a_hidden_caller_has_no_name() {
        let mut mail = mail_body();
        mail.from_number = String::new();
        assert!(letter(&mail, None).contains("Subject: Voicemail for 071 from a hidden number\r\n"));
        assert_eq!(file_name(&mail), "voicemail-071-20261127-031000.wav");
    }
}
