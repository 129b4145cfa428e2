use serde_json::json;

use super::{envelope::Answer, place::Destination, *};

const PAGE: &str = "<?xml version='1.0'?>\n<vxml version='2.1' xmlns:bcm='urn:other'>\n  <script>var a = 1;</script> <var name='x' expr='1'/>\n  \
                    <form id='f'>\n    <subdialog src='#g'><param name='p'/></subdialog>\n    <field name='pin'><option/></field>\n  </form>\n\
                    <filled/>\n  <bcm:customstate id='c' method='m'><bcm:error><exit/></bcm:error></bcm:customstate>\n</vxml>";

#[test]
fn what_is_not_supported_is_removed_and_told_and_all_else_stays_where_it_is() {
    let imported = import(PAGE).expect("it is a page");
    let told: Vec<_> = imported.removed.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 3, column 3: <script> there is no such element in this dialect",
            "line 5, column 5: <subdialog> there is no such element in this dialect",
            "line 6, column 23: <option> there is no such element in this dialect",
            "line 8, column 1: <filled> does not stand in <vxml> in this dialect",
        ]
    );
    assert_eq!(imported.document.lines().count(), PAGE.lines().count());
    let at = imported.document.lines().nth(2).expect("a line").find("<var").expect("it stays");
    assert_eq!(PAGE.lines().nth(2).expect("a line").find("<var"), Some(at));
    assert!(import(&imported.document).expect("again").removed.is_empty());
    assert_eq!(import("<a/>").expect_err("no page").element.as_deref(), Some("a"));
    assert!(import("<vxml>").is_err());
}

#[test]
fn a_document_goes_out_with_our_namespace() {
    let out = export(PAGE).expect("it is a page");
    assert!(out.contains("xmlns:bcm='urn:contactpro:bcm'") && !out.contains("urn:other"), "{out}");
    assert_eq!(export(&out).expect("again"), out);
    let other = "<vxml version='2.1' xmlns:bcm2='urn:another' xmlns:bcm='urn:other'><form/></vxml>";
    assert_eq!(
        export(other).expect("it is a page"),
        "<vxml version='2.1' xmlns:bcm2='urn:another' xmlns:bcm='urn:contactpro:bcm'><form/></vxml>"
    );
    assert_eq!(
        export("<vxml version='2.1'><form/></vxml>").expect("it is a page"),
        "<vxml xmlns:bcm=\"urn:contactpro:bcm\" version='2.1'><form/></vxml>"
    );
    assert!(import("<vxml version='2.1'/>").expect("a page").document.contains("xmlns:bcm"));
}

#[test]
fn every_supported_element_may_stand_somewhere() {
    for name in [
        "assign",
        "audio",
        "block",
        "callout",
        "choice",
        "clear",
        "connect",
        "customstate",
        "disconnect",
        "else",
        "elseif",
        "error",
        "exit",
        "field",
        "filled",
        "form",
        "goto",
        "if",
        "log",
        "menu",
        "noinput",
        "nomatch",
        "prompt",
        "say-as",
        "value",
        "record",
        "setextradata",
        "setlanguage",
        "setobcallresult",
        "setpriority",
        "setskills",
        "setrecordingconsent",
        "soap",
        "timeout",
        "transfer",
        "var",
    ] {
        assert!(supported::is_known(name), "{name}");
        let parents = ["vxml", "block", "form", "if", "menu", "field", "customstate", "prompt", "say-as"];
        assert!(parents.iter().any(|parent| supported::may_stand(name, parent)), "{name}");
    }
    assert!(!supported::is_known("script"));
}

#[test]
fn an_envelope_is_written_and_read() {
    let params =
        [("phone".to_owned(), json!("1<2")), ("list".to_owned(), json!([1, 2])), ("in".to_owned(), json!({"a": null}))];
    let text = envelope::write("find", "urn:x", &params).expect("names");
    assert!(text.contains("<find xmlns=\"urn:x\"><phone>1&lt;2</phone><list>1</list><list>2</list><in><a xsi:nil=\"true\"/></in></find>"), "{text}");
    assert!(envelope::write("find", "", &[("a b".to_owned(), json!(1))]).is_err());
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!({"a": deep});
    }
    assert!(envelope::write("find", "", &[("a".to_owned(), deep)]).is_err());
    let body = |inner: &str| format!("<s:Envelope xmlns:s='e'><s:Header/><s:Body>{inner}</s:Body></s:Envelope>");
    for (inner, expected) in [
        (
            "<r><name>Ann</name><n>1</n><n>2</n><o><p/></o></r>",
            Answer::Result(json!({"name": "Ann", "n": ["1", "2"], "o": {"p": ""}})),
        ),
        ("<r>5</r>", Answer::Result(json!("5"))),
        ("<r xmlns:x='i' x:nil='true'/>", Answer::Result(json!(null))),
        ("", Answer::Result(json!(null))),
        (
            "<s:Fault><faultcode>c</faultcode><faultstring> No such </faultstring></s:Fault>",
            Answer::Fault("No such".to_owned()),
        ),
    ] {
        assert_eq!(envelope::read(&body(inner)).expect(inner), expected, "{inner}");
    }
    for wrong in ["<a/>", "no", "<s:Envelope xmlns:s='e'/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"] {
        assert!(envelope::read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_description_says_where_a_server_is() {
    let text = "<d xmlns='http://schemas.xmlsoap.org/wsdl/' xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/' targetNamespace='urn:c'>\
                <binding><operation name='find'><s:operation soapAction='urn:c/find'/></operation></binding>\
                <service><port><s:address location='http://a.example/c'/></port></service></d>";
    let found = wsdl::read(text, "find").expect("it is there");
    assert_eq!((found.address.as_str(), found.namespace.as_deref()), ("http://a.example/c", Some("urn:c")));
    assert_eq!(found.action.as_deref(), Some("urn:c/find"));
    assert!(wsdl::read("<d/>", "find").is_err());
}

#[test]
fn a_destination_is_a_text_a_number_or_a_dictionary() {
    let number = |text: &str| Destination::Number(text.to_owned());
    let queue = |text: &str| Destination::Queue(text.to_owned());
    for (value, expected) in [
        (json!("queue:sales"), queue("sales")),
        (json!("tel:+374"), number("+374")),
        (json!(101), number("101")),
        (json!({"number": "5"}), number("5")),
        (json!({"queue": "s"}), queue("s")),
        (json!({"destination": "queue: sales desk "}), queue("sales desk")),
        (json!({"number": "5", "queue": "s"}), number("5")),
    ] {
        assert_eq!(place::destination(&value), Ok(expected), "{value}");
    }
    for wrong in [json!(null), json!(""), json!({"a": 1}), json!([1]), json!("queue:"), json!({"queue": ""})] {
        assert!(place::destination(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn queries_stand_eight_deep_in_one_another() {
    let page = |depth: usize| {
        let begin: String = (0..depth).map(|n| format!("<bcm:customstate id='c{n}' method='m'><error>")).collect();
        format!("<vxml version='2.1' xmlns:bcm='u'>{begin}{}</vxml>", "</error></bcm:customstate>".repeat(depth))
    };
    let read =
        |depth| crate::vxml::elements::document::read_as(&page(depth), "http://a.example/", crate::vxml::Dialect::W3c);
    assert!(read(8).is_ok());
    assert!(read(9).expect_err("too deep").text.contains("in one another"));
}
