//! Which SSML is said.
//!
//! Shape: a text in; whether it holds nothing but elements that shape speech. Everything else is refused and not left out, so that its
//! author hears of it. Above all nothing may name a file or an address: an engine would read it with the rights of the server.
//! Sources: SSML 1.1 §3.1 to 3.3, without `audio`, `lexicon`, `lookup` and `meta`.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// The elements that are said, by their names without a prefix.
const ELEMENTS: [&str; 12] =
    ["speak", "p", "s", "voice", "prosody", "emphasis", "break", "say-as", "sub", "phoneme", "lang", "mark"];
/// Attributes that name places, by their names without a prefix.
const PLACES: [&str; 4] = ["src", "href", "base", "uri"];
/// The deepest nesting.
const DEEPEST: usize = 20;

/// Whether all of it may be said.
pub(super) fn is_harmless(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if depth < DEEPEST && may_be_said(&element) => depth += 1,
            Ok(Event::Empty(element)) if may_be_said(&element) => {}
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Text(_) | Event::Comment(_)) => {}
            Ok(Event::GeneralRef(entity)) if entity.is_char_ref() || is_predefined(&entity) => {}
            Ok(Event::Eof) => return depth == 0,
            // A DTD, a processing instruction, CDATA, another element or entity, or what is no XML.
            Ok(_) | Err(_) => return false,
        }
    }
}

fn is_predefined(name: &str) -> bool {
    ["amp", "lt", "gt", "quot", "apos"].contains(&name)
}

fn may_be_said(element: &BytesStart<'_>) -> bool {
    let names_no_place = element.attributes().all(|attribute| {
        attribute.is_ok_and(|attribute| {
            !PLACES.iter().any(|place| place.eq_ignore_ascii_case(attribute.key.local_name().as_ref()))
        })
    });
    names_no_place && ELEMENTS.contains(&element.local_name().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shapes_speech_is_said_and_what_names_files_is_not() {
        for said in [
            "<speak>one <break time=\"2s\"/> two</speak>",
            "<speak version=\"1.1\" xml:lang=\"ru\"><p><s>a &amp; b &#233;</s></p><prosody rate=\"slow\">c</prosody></speak>",
            "<speak><say-as interpret-as=\"date\">2026-11-27</say-as><!-- a remark --></speak>",
        ] {
            assert!(is_harmless(said), "{said}");
        }
        for refused in [
            "<speak>a <audio src=\"/etc/passwd\"/></speak>",
            "<speak><x:audio src=\"/etc/passwd\"/></speak>",
            "<speak xml:base=\"file:///etc/\">a</speak>",
            "<speak><voice SRC=\"/etc/passwd\">a</voice></speak>",
            "<speak><lexicon uri=\"http://127.0.0.1/\"/>a</speak>",
            "<!DOCTYPE speak><speak>a</speak>",
            "<speak><![CDATA[<audio src='/etc/passwd'/>]]></speak>",
            "<speak>&file;</speak>",
            "<speak><?php echo ?></speak>",
            "<speak>never closed",
            "<speak>a</s></speak>",
            "<speaker>a</speaker>",
            "<speak><AUDIO src='/etc/passwd'/></speak>",
        ] {
            assert!(!is_harmless(refused), "{refused}");
        }
        let deep = format!("<speak>{}a{}</speak>", "<p>".repeat(30), "</p>".repeat(30));
        assert!(!is_harmless(&deep));
    }
}
