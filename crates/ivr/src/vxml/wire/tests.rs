use super::*;

#[test]
fn a_document_type_is_passed_over_and_what_declares_entities_is_refused() {
    let named = "<?xml version='1.0'?>\n<!DOCTYPE vxml PUBLIC '-//W3C//DTD VOICEXML 2.1//EN'\n 'http://127.0.0.1/vxml.dtd'>\n<vxml/>";
    let text = xml::checked(named).expect("it is only named");
    let tree = xml::parse(&text).expect("well-formed");
    assert_eq!(xml::place(tree.root_element()), Place { line: 4, column: 1 });
    let bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>";
    assert!(xml::checked(bomb).expect_err("refused").text.contains("document type"));
    let unknown = xml::checked("<a>\n&b;</a>").and_then(|text| xml::parse(&text).map(|_| ()));
    assert_eq!(unknown.expect_err("there is none").at.line, 2);
}

#[test]
fn a_text_that_is_written_is_read_again_as_it_was() {
    let text = "a<b & \"c\" > ends\r\nof\rlines\n\tand a tab";
    let escaped = xml::escaped(text);
    let document = format!("<a b=\"{escaped}\">{escaped}</a>");
    let tree = xml::parse(&document).expect("well-formed");
    assert_eq!(tree.root_element().text(), Some(text));
    assert_eq!(tree.root_element().attribute("b"), Some(text));
    let forbidden = format!("<a>{}</a>", xml::escaped("\u{0}\u{1b}\u{fffe}x"));
    assert_eq!(xml::parse(&forbidden).expect("blanks stand there").root_element().text(), Some("   x"));
}

#[test]
fn what_is_too_deep_too_long_or_too_much_is_refused_before_a_tree_is_made() {
    let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
    let wide = format!("<a>{}</a>", "<b/>".repeat(30_000));
    let attributes: String = (0..50_000).map(|n| format!(" a{n}=''")).collect();
    let spaces: String = (0..30).map(|n| format!(" xmlns:a{n}='u'")).collect();
    for (text, why) in [
        (deep, "deep"),
        (wide, "elements"),
        (format!("<a{attributes}/>"), "attributes"),
        (format!("<a{spaces}><b{spaces}><c{spaces}/></b></a>"), "attributes"),
        (" ".repeat(3 << 20), "bytes"),
        ("<!DOCTYPE a>".repeat(100_000) + "<a/>", "second document type"),
        ("<a><b></a>".to_owned(), "well-formed"),
    ] {
        let error = xml::checked(&text).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn the_encoding_is_the_servers_or_the_documents_own() {
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>";
    assert!(decode(latin, None).expect("latin").contains('é'));
    assert!(decode("é".as_bytes(), Some("text/xml; charset=utf-8")).expect("utf-8").contains('é'));
    assert!(decode(b"\xff", None).is_err());
    assert!(decode(b"a", Some("text/xml;charset=klingon")).is_err());
}

#[test]
fn times_have_units() {
    for (text, milliseconds) in [("5s", 5_000), ("500ms", 500), ("1.5s", 1_500), ("10", 10_000), ("+1s", 1_000)] {
        assert_eq!(time(text), Some(Duration::from_millis(milliseconds)), "{text}");
    }
    for text in ["", "s", "5m", "-1s", "5 s s"] {
        assert_eq!(time(text), None, "{text}");
    }
}
