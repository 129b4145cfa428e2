use proptest::prelude::*;

use super::*;

/// The verbs of an answer as `name[attribute=value]=text`.
fn verbs(xml: impl AsRef<[u8]>) -> Vec<String> {
    let document = read(xml.as_ref(), None).unwrap_or_else(|error| panic!("{error}"));
    let shown = |element: &Element| {
        let attributes: String = element.attributes.iter().map(|(name, value)| format!("[{name}={value}]")).collect();
        format!("{}{attributes}={}", element.name, element.text)
    };
    document.verbs.iter().map(shown).collect()
}

/// Where and why an answer is void.
fn fault(xml: impl AsRef<[u8]>) -> String {
    let xml = xml.as_ref();
    match read(xml, None) {
        Ok(document) => panic!("{} is taken as {document:?}", String::from_utf8_lossy(xml)),
        Err(error) => error.to_string(),
    }
}

#[test]
fn verbs_come_in_their_order_with_attributes_and_text() {
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <SetCaller name="ACME, order 17" number='+74950000000'/>
  <SetVar name="mgr"> 207 </SetVar>
</Response>
"#;
    assert_eq!(verbs(xml), ["SetCaller[name=ACME, order 17][number=+74950000000]=", "SetVar[name=mgr]=207"]);
    let document = read(xml.as_bytes(), None).unwrap();
    assert_eq!(document.verbs[1].at, Place { line: 4, column: 3 });
    assert_eq!(document.verbs[0].attribute("NUMBER", Names::AnyCase), Some("+74950000000"));
    assert_eq!(document.verbs[0].attribute("NUMBER", Names::Exact), None);
    assert_eq!(document.stray_text, None);
}

#[test]
fn what_says_nothing_is_passed_over() {
    for xml in [
        "<Response/>",
        "<Response></Response>",
        " \r\n\t<Response />\n",
        "\n<?xml version='1.0'?>\n<!-- a -- b --><?php echo 1; ?><Response><!-- c --><?x?></Response><!-- d -->",
        "<response\n/>",
        "<RESPONSE></RESPONSE >",
    ] {
        assert_eq!(verbs(xml), [""; 0], "{xml}");
    }
}

#[test]
fn a_comment_or_instruction_in_a_text_is_not_of_it() {
    assert_eq!(verbs("<Response><SetVar name='a'>1<!-- 2 --><?x 3?>4</SetVar></Response>"), ["SetVar[name=a]=14"]);
}

#[test]
fn references_and_cdata_become_characters() {
    let xml = "<Response><SetVar name='a&amp;&#x416;\n\tb'>&lt;a&gt; &quot;&apos;&#1078;<![CDATA[ <b>&amp; ]]>\r\n.</SetVar></Response>";
    assert_eq!(verbs(xml), ["SetVar[name=a&Ж  b]=<a> \"'ж <b>&amp; \n."]);
}

#[test]
fn markup_inside_a_verb_stays_as_it_is_written() {
    let xml = "<Response><TextToSpeech>\n<speak>a <break time='1s'/>&amp; b</speak></TextToSpeech><Hangup/></Response>";
    let document = read(xml.as_bytes(), None).unwrap();
    assert_eq!(document.verbs[0].markup.as_deref(), Some("\n<speak>a <break time='1s'/>&amp; b</speak>"));
    assert_eq!(document.verbs[0].text, "", "text of an element in it is not its own");
    assert_eq!(document.verbs[1].markup, None);
}

#[test]
fn text_between_verbs_is_told_once() {
    let document = read(b"<Response>\n <Hangup/> and\nmore <Hangup/></Response>", None).unwrap();
    assert_eq!((document.verbs.len(), document.stray_text), (2, Some(Place { line: 2, column: 12 })));
}

#[test]
fn an_encoding_is_known_by_its_mark_its_declaration_or_the_server() {
    let text = "<Response><SetVar name='a'>Анна</SetVar></Response>";
    let expected = ["SetVar[name=a]=Анна"];
    let utf16 = |bom: char, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{bom}{text}").encode_utf16().flat_map(bytes).collect()
    };
    let (cp1251, _, _) = encoding_rs::WINDOWS_1251.encode(text);
    let declared = |name: &str| [format!("<?xml version='1.0' encoding='{name}'?>").as_bytes(), &cp1251].concat();
    for bytes in [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        format!("\u{feff}<?xml version='1.0' encoding='windows-1251'?>{text}").into_bytes(),
        format!("<?xml version='1.0' encoding='utf-16'?>{text}").into_bytes(),
        utf16('\u{feff}', u16::to_le_bytes),
        utf16('\u{feff}', u16::to_be_bytes),
        declared("windows-1251"),
        declared("CP1251"),
    ] {
        assert_eq!(verbs(&bytes), expected, "{bytes:?}");
    }
    let by_server = read(&cp1251, Some("windows-1251")).unwrap();
    assert_eq!(by_server.verbs[0].text, "Анна");
    let own = read(declared("windows-1251").as_slice(), Some("utf-8")).unwrap();
    assert_eq!(own.verbs[0].text, "Анна", "a document knows itself better than its server does");
    assert_eq!(read(text.as_bytes(), Some("klingon")).unwrap().verbs[0].text, "Анна");
}

#[test]
fn a_wrong_encoding_is_told_with_its_place() {
    assert_eq!(fault(b"<Response>\n\xd0\x90\xff</Response>"), "line 2, column 2: this is no UTF-8");
    assert_eq!(
        fault("<?xml version='1.0' encoding='EBCDIC-37'?><Response/>"),
        "line 1, column 1: the encoding \"EBCDIC-37\" is not known"
    );
    assert_eq!(fault(b"\xff\xfe<\0R"), "line 1, column 1: this is no UTF-16LE");
    assert_eq!(fault(b"<\0R\0e\0s\0"), "line 1, column 2: the character U+0000 may not stand in XML");
}

#[test]
fn a_document_type_is_refused_before_anything_of_it_is_looked_at() {
    let laughs = include_str!("laughs.xml");
    assert_eq!(fault(laughs), "line 2, column 1: a document type definition is not taken");
    for xml in [
        "<!DOCTYPE Response><Response/>",
        "<!DOCTYPE Response SYSTEM \"http://127.0.0.1/x.dtd\"><Response/>",
        "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Response><SetVar name='a'>&x;</SetVar></Response>",
        "<!doctype html><html></html>",
    ] {
        assert_eq!(fault(xml), "line 1, column 1: a document type definition is not taken", "{xml}");
    }
}

#[test]
fn an_entity_that_would_have_to_be_defined_is_refused() {
    assert_eq!(
        fault("<Response>\n<SetVar>&nbsp;</SetVar></Response>"),
        "line 2, column 9: the entity &nbsp; is not known"
    );
    assert!(fault("<Response><SetVar name='&lol9;'/></Response>").contains("lol9"));
}

#[test]
fn what_is_not_well_formed_is_told_with_its_place() {
    for (xml, at) in [
        ("", "line 1, column 1"),
        (" \n\t", "line 1, column 1"),
        ("<!-- nothing -->", "line 1, column 17"),
        ("not XML", "line 1, column 1"),
        ("<html></html>", "line 1, column 1"),
        ("<Response>", "line 1, column 11"),
        ("<Response>\n<Hangup>\n</Response>", "line 3, column 1"),
        ("<Response></response>", "line 1, column 11"),
        ("<Response/><Response/>", "line 1, column 12"),
        ("<Response/>&amp;", "line 1, column 12"),
        ("<Response/><![CDATA[]]>", "line 1, column 12"),
        ("<Response/>text", "line 1, column 12"),
        ("Warning: <Response/>", "line 1, column 1"),
        ("<Response/><?xml version='1.0'?>", "line 1, column 12"),
        ("<Response><Pause length=15/></Response>", "line 1, column 11"),
        ("<Response><Pause length/></Response>", "line 1, column 11"),
        ("<Response><Pause a='1' a='2'/></Response>", "line 1, column 11"),
        ("<Response><Pause a='<'/></Response>", "line 1, column 11"),
        ("<Response><Pause a='&#0;'/></Response>", "line 1, column 11"),
        ("<Response><Pause a='&#8;'/></Response>", "line 1, column 11"),
        ("<Response><1/></Response>", "line 1, column 11"),
        ("<Response>< Pause/></Response>", "line 1, column 11"),
        ("<Response>\n a & b</Response>", "line 2, column 4"),
        ("<Response>&#1114112;</Response>", "line 1, column 11"),
        ("<Response>&#11;</Response>", "line 1, column 11"),
        ("<Response>\u{b}</Response>", "line 1, column 11"),
        ("<Response><![CDATA[ </Response>", "line 1, column 11"),
        ("<Response><!-- </Response>", "line 1, column 11"),
        ("</Response>", "line 1, column 1"),
    ] {
        let fault = fault(xml);
        assert!(fault.starts_with(&format!("{at}: ")), "{xml}: {fault}");
    }
}

#[test]
fn caps_hold() {
    let many = |count: usize| format!("<Response>{}</Response>", "<Hangup/>".repeat(count));
    assert_eq!(verbs(many(MAX_VERBS)).len(), MAX_VERBS);
    assert!(fault(many(MAX_VERBS + 1)).ends_with("more than 100 verbs"));
    let deep = |depth: usize| format!("<Response>{}{}</Response>", "<a>".repeat(depth - 1), "</a>".repeat(depth - 1));
    assert_eq!(verbs(deep(MAX_DEPTH)).len(), 1);
    assert!(fault(deep(MAX_DEPTH + 1)).ends_with("elements more than 16 deep"));
    assert!(fault("<Response>".to_owned() + &"<a>".repeat(20_000)).ends_with("elements more than 16 deep"));
    let wide = |count: usize| {
        let attributes: String = (0..count).map(|number| format!(" a{number}=''")).collect();
        format!("<Response><Pause{attributes}/></Response>")
    };
    assert_eq!(verbs(wide(MAX_ATTRIBUTES)).len(), 1);
    assert!(fault(wide(MAX_ATTRIBUTES + 1)).ends_with("an element with more than 16 attributes"));
    let long = |bytes: usize| format!("<Response><SetVar name='a'>{}</SetVar></Response>", "x".repeat(bytes - 47));
    assert_eq!(long(65_536).len(), 65_536);
    assert_eq!(verbs(long(65_536)).len(), 1);
    assert_eq!(fault(long(65_537)), "line 1, column 1: the answer has more than 65536 bytes");
}

/// What documents are made of, so that more than the first byte is looked at.
const PARTS: &[&str] = &[
    "<Response>",
    "</Response>",
    "<Response/>",
    "<Pause length=\"1\"/>",
    "<SetVar name='a'>",
    "</SetVar>",
    "&amp;",
    "&#65;",
    "&lol;",
    "&",
    ";",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version='1.0' encoding='utf-8'?>",
    "<?x?>",
    "<!DOCTYPE a [",
    "<!ENTITY a 'b'>",
    "]>",
    "<",
    ">",
    "'",
    "\"",
    "=",
    "\u{feff}",
    "ж",
    "\0",
    " ",
    "\n",
    "text",
];

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        crate::fuzzing::interactive(&bytes);
    }

    #[test]
    fn any_parts_are_read_or_refused(parts in prop::collection::vec(0..PARTS.len(), 0..60)) {
        let document: String = parts.iter().map(|part| PARTS[*part]).collect();
        crate::fuzzing::interactive(document.as_bytes());
    }
}
