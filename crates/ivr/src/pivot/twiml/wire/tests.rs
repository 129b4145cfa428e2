use super::*;

fn root(document: &str) -> Element {
    read(document.as_bytes()).expect("a document")
}

fn refused(document: &[u8]) -> (u32, u32, Fault) {
    let BadDocument { at, fault } = read(document).expect_err("no document");
    (at.line, at.column, fault)
}

#[test]
fn elements_have_their_attributes_texts_and_places() {
    let root = root(
        "\u{feff} <?xml version=\"1.0\"?>\n<Response>\n  <Say a=\"1\" b=\"&lt;2\">one <p> two\n</p>three</Say>x\n</Response>",
    );
    let verbs: Vec<_> = root.elements().collect();
    assert_eq!(verbs.len(), 1);
    assert_eq!((verbs[0].name.as_str(), verbs[0].at), ("Say", Place { line: 3, column: 3 }));
    assert_eq!(verbs[0].attribute("b"), Some("<2"));
    assert_eq!((verbs[0].attribute("A"), verbs[0].attribute("c")), (None, None));
    assert_eq!(verbs[0].text(), "one three");
    assert_eq!(verbs[0].whole_text(), "one two three");
    assert_eq!(root.text(), "x");
}

#[test]
fn what_is_no_document_is_told_with_its_place() {
    assert_eq!(refused(b""), (1, 1, Fault::Empty));
    assert_eq!(refused(b" \n"), (1, 1, Fault::Empty));
    assert_eq!(refused(b"<Response>\n\xff</Response>"), (2, 1, Fault::NotUtf8));
    assert_eq!(refused(b"<Foo/>"), (1, 1, Fault::Root("Foo".to_owned())));
    assert_eq!(refused(b"<response/>"), (1, 1, Fault::Root("response".to_owned())));
    assert_eq!(refused(b"\n\n  <Foo/>"), (3, 3, Fault::Root("Foo".to_owned())));
    let (line, column, fault) = refused(b"\n <Response>\n<Say>hello</Response>");
    assert!(matches!(fault, Fault::IllFormed(_)), "{fault}");
    assert_eq!((line, column), (3, 11));
    assert!(!fault.to_string().contains(" at "), "{fault}");
    assert!(matches!(refused(b"<Response><Say></Response>").2, Fault::IllFormed(_)));
    assert!(matches!(refused(b"{\"module\":").2, Fault::IllFormed(_)));
    assert!(matches!(refused(b"<Response/><Response/>").2, Fault::IllFormed(_)));
}

#[test]
fn no_document_defines_or_names_anything_outside() {
    let entity = b"<!DOCTYPE Response [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><Response><Say>&f;</Say></Response>";
    assert_eq!(refused(entity).2, Fault::DocumentType);
    assert!(matches!(refused(b"<Response><Say>&f;</Say></Response>").2, Fault::IllFormed(_)));
}

#[test]
fn a_document_is_bounded() {
    let deep = |levels: usize| format!("<Response>{}{}</Response>", "<p>".repeat(levels), "</p>".repeat(levels));
    assert!(read(deep(MAX_DEPTH - 1).as_bytes()).is_ok());
    assert_eq!(refused(deep(MAX_DEPTH).as_bytes()).2, Fault::TooDeep);
    assert_eq!(refused(deep(9_999).as_bytes()).2, Fault::TooDeep);
    let wide = format!("<Response>{}</Response>", "<p/>".repeat(20_001));
    assert_eq!(refused(wide.as_bytes()).2, Fault::TooMany);
    let long = format!("<Response>{}</Response>", " ".repeat(MAX_BYTES));
    assert_eq!(refused(long.as_bytes()), (1, 1, Fault::TooLong));
}
