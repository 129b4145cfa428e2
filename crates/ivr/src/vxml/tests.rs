use proptest::prelude::*;

use super::fuzzing;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_page_is_made_of_it_is_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
    ) {
        fuzzing::page(format!("<vxml version='2.1'>{}</vxml>", pieces.concat()).as_bytes());
        fuzzing::page(pieces.concat().as_bytes());
    }

    #[test]
    fn whatever_a_grammar_is_made_of_it_judges_keys_as_it_matches_them(
        keys in "[12]{0,8}",
        pieces in prop::collection::vec(prop::sample::select(RULES), 0..12),
    ) {
        let rule = format!("<rule id='r'>{}</rule><rule id='s'>{}</rule>", pieces.concat(), pieces.iter().rev().copied().collect::<String>());
        fuzzing::grammar(format!("{keys}\n<grammar mode='dtmf' root='r'>{rule}</grammar>").as_bytes());
        fuzzing::grammar(format!("{keys}\n#ABNF 1.0;mode dtmf;root $r;$r = {};", pieces.concat()).as_bytes());
        fuzzing::grammar(format!("{keys}\n#JSGF V1.0;public <r> = {};", pieces.concat()).as_bytes());
    }
}

/// Runs pages that web servers have, one after the other: the address that is asked for, the cookie that is set, the page. Tells the
/// cookies of each request.
fn cookies(pages: &[(&str, &str, &str)]) -> Vec<Option<String>> {
    let scenario = crate::simulator::Scenario::default();
    let around = crate::simulator::around(&scenario);
    let (mut call, mut requests) = crate::Call::new(crate::Caller::default());
    let application = super::Application::new("http://a.example/start");
    let mut run = std::pin::pin!(super::run(&application, &mut call, &around));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut told = Vec::new();
    while run.as_mut().poll(&mut context).is_pending() {
        let request = requests.try_recv().expect("the script waits for an op");
        let outcome = match request.op {
            crate::Op::Fetch(fetch) => {
                let (url, cookie, body) = pages[told.len()];
                assert_eq!(fetch.url, url);
                let mut cookies = fetch.cookies.expect("pages keep cookies");
                told.push(cookies.of(url));
                cookies.take(url, &[("set-cookie".to_owned(), cookie.to_owned())]);
                let (headers, cookies) = (Vec::new(), Some(cookies));
                let page = crate::Page { status: 200, headers, body: body.into(), url: url.to_owned(), cookies };
                crate::Outcome::Fetched(Ok(page))
            }
            _ => crate::Outcome::Done,
        };
        request.reply.send(Ok(outcome)).expect("the script waits for it");
    }
    told
}

#[test]
fn what_a_web_server_has_set_goes_with_the_next_request() {
    let leads = |to: &str| format!("<vxml version='2.1'><form><block><goto next='{to}'/></block></form></vxml>");
    let (second, third) = (leads("/second"), leads("http://b.example/third"));
    let told = cookies(&[
        ("http://a.example/start", "id=7; Path=/", &second),
        ("http://a.example/second", "more=1", &third),
        ("http://b.example/third", "", "<vxml version='2.1'><form/></vxml>"),
    ]);
    assert_eq!(told, [None, Some("id=7".to_owned()), None]);
}

const PIECES: &[&str] = &[
    "<form>",
    "</form>",
    "<form id='a'/>",
    "<block>",
    "</block>",
    "<field name='a'>",
    "</field>",
    "<prompt>",
    "</prompt>",
    "text &amp; more",
    "<if cond='true'>",
    "<else/>",
    "</if>",
    "<goto next='#a'/>",
    "<exit/>",
    "<catch event='a.b'>",
    "</catch>",
    "<grammar mode='dtmf' root='r'>",
    "<rule id='r'>1</rule>",
    "</grammar>",
    "<audio src='a.wav'/>",
    "<menu dtmf='true'>",
    "</menu>",
    "<choice next='#a'>one</choice>",
    "<!DOCTYPE a>",
    "<transfer dest='tel:1'/>",
    "<record name='r'/>",
    "<subdialog src='#a'/>",
    "<var name='x' expr='1'/>",
    "&b;",
    "<![CDATA[x]]>",
    "<",
    "\n",
];
const RULES: &[&str] = &[
    "1",
    " 2 ",
    "12",
    "<item repeat='0-1'>1</item>",
    "<item repeat='2-'>2</item>",
    "<one-of><item>1</item><item>2</item></one-of>",
    "<tag>out=1</tag>",
    "<ruleref uri='#s'/>",
    "<ruleref special='NULL'/>",
    "[1]",
    "(1|2)",
    "1 <0-2>",
    "$NULL",
    "{x}",
    "|",
];

#[test]
fn an_expression_comes_to_an_end() {
    for text in [
        "1 +",
        "while(1);",
        "x = {",
        "function f() { return f() } f()",
        "\u{0}",
        "'use strict'; y = 1",
        "delete Object.prototype",
    ] {
        fuzzing::expression(text.as_bytes());
    }
}

#[test]
fn each_of_many_grammars_may_name_its_namespace() {
    const GRAMMAR: &str =
        "<grammar xmlns='http://www.w3.org/2001/06/grammar' mode='dtmf' root='r'><rule id='r'>1</rule></grammar>";
    let page = |content: &str| format!("<vxml version='2.1'><form>{content}</form></vxml>");
    let fields = |count| format!("<field>{GRAMMAR}</field>").repeat(count);
    assert!(super::check(&page(&fields(500))).errors.is_empty());
    let nested = |deep: usize| {
        let names = |at| (0..3).map(|n| format!(" xmlns:n{at}x{n}='urn:n'")).collect::<String>();
        (0..deep).fold("<log/>".to_owned(), |inner, at| format!("<if cond='true'{}>{inner}</if>", names(at)))
    };
    let block = |deep| page(&format!("<block>{}</block>", nested(deep)));
    assert!(super::check(&block(20)).errors.is_empty());
    let told = super::check(&block(25)).errors.first().map(ToString::to_string);
    assert!(told.is_some_and(|told| told.contains("too many attributes")));
}
