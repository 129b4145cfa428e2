use super::*;

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_page_that_is_run_as_it_stands_has_nothing_to_say() {
    let page = r##"<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:base="http://a.example/" xml:lang="en">
  <var name="n" expr="0"/><property name="timeout" value="3s"/>
  <form id="a">
    <field name="f" type="digits?length=2"><prompt count="1">Say <value expr="n"/></prompt><filled><goto next="#b"/></filled></field>
  </form>
  <menu id="b" dtmf="true"><choice next="#a">one</choice><noinput count="2"><exit expr="n"/></noinput></menu>
</vxml>"##;
    assert_eq!(check(page), Report::default());
}

#[test]
fn what_makes_a_page_void_is_told_with_its_place() {
    for (page, expected) in [
        ("<vxml version='2.1'>\n  <forms/></vxml>", "line 2, column 3: <forms> there is no such element"),
        (
            "<vxml version='2.1'>\n<form><block><goto/></block></form></vxml>",
            "line 2, column 14: <goto> exactly one of",
        ),
        ("<vxml version='2.1'>\n<form></vxml>", "line 2, column 7: not well-formed"),
        ("<!DOCTYPE vxml [<!ENTITY a 'b'>]><vxml version='2.1'/>", "line 1, column 1: a document type that declares"),
        ("", "not well-formed"),
    ] {
        let report = check(page);
        let told = lines(&report.errors).join("; ");
        assert!(report.errors.len() == 1 && told.contains(expected), "{page}: {told}");
    }
}

#[test]
fn hotwords_and_lists_of_results_are_told_where_they_are_wanted() {
    let wanting = |kind: &str, most: &str| {
        let page = format!(
            "<vxml version='2.1'><property name='bargeintype' value='{kind}'/><property name='maxnbest' value='{most}'/><form><block>\
             <prompt bargeintype='{kind}'>a</prompt></block></form></vxml>"
        );
        lines(&check(&page).warnings).join("\n")
    };
    assert_eq!(wanting("speech", "1"), "");
    let told = wanting("hotword", "5");
    assert_eq!(
        (told.matches("hotwords are not known").count(), told.matches("has one result").count()),
        (2, 1),
        "{told}"
    );
}

#[test]
fn everything_that_makes_a_page_void_is_told_and_not_the_first_of_it() {
    let page = "<vxml version='3.0'>
<var name='a.b'/>
<form id='f'>
<field name='x' modal='maybe'/>
<field name='y'><prompt>say <volume/></prompt><filled><goto/><if cond='y'><log><shout/></log><assign name='z'/></if></filled></field>
<block name='y'/>
<block name='y'/>
</form>
<menu dtmf='true'><choice dtmf='5' next='#f'>a</choice><choice>b</choice></menu>
<form id='f'/>
</vxml>";
    assert_eq!(
        lines(&check(page).errors),
        [
            "line 1, column 1: <vxml> version 3.0 is neither 2.0 nor 2.1",
            "line 2, column 1: <var> \"a.b\" cannot be a variable's name",
            "line 4, column 1: <field> modal is true or false, not \"maybe\"",
            "line 5, column 29: <volume> there is no such element",
            "line 5, column 55: <goto> exactly one of next, expr, nextitem, expritem has to be there",
            "line 5, column 80: <shout> there is no such element",
            "line 5, column 94: <assign> expr is missing",
            "line 6, column 1: <block> a second item y",
            "line 7, column 1: <block> a second item y",
            "line 9, column 19: <choice> the menu numbers its choices, so that this one cannot be 5",
            "line 9, column 56: <choice> exactly one of next, expr, event, eventexpr has to be there",
            "line 10, column 1: <form> a second dialog f",
        ]
    );
    let many = format!("<vxml version='2.1'><form><block>{}</block></form></vxml>", "<goto/>".repeat(19_000));
    assert_eq!(check(&many).errors.len(), MAX_ERRORS);
}

#[test]
fn what_is_passed_over_is_told_in_the_order_of_the_page() {
    let page = "<vxml version='2.1'>
<property name='sensitivity' value='0.7'/>
<form>
<object name='o' classid='x:y'/>
<field name='f' hue='red'>
<prompt bargeintype='hotword' xml:base='sounds/'>a</prompt>
<grammar mode='voice' root='r'><rule id='r'>yes</rule></grammar>
<param name='p'/>
<block/>
</field>
</form>
</vxml>";
    assert_eq!(
        lines(&check(page).warnings),
        [
            "line 2, column 1: <property name> sensitivity changes nothing here",
            "line 4, column 1: <object classid> is not run: error.unsupported.objectname is thrown",
            "line 5, column 1: <field hue> is not known",
            "line 6, column 1: <prompt bargeintype> is not run: hotwords are not known, and any voice or key stops what may be stopped",
            "line 6, column 1: <prompt base> changes nothing here: addresses are relative to the page",
            "line 9, column 1: <block> means nothing here",
        ]
    );
    let many = format!("<vxml version='2.1'><form>{}</form></vxml>", "<block a='' b=''/>".repeat(3_000));
    assert_eq!(check(&many).warnings.len(), MAX_FINDINGS);
}

#[test]
fn what_is_run_though_it_is_the_vendors_is_told_and_a_property_that_is_none_too() {
    let page = "<vxml version='2.1'>
<property name='timeout' value='3 parsecs'/>
<property name='bargein' value='false'/>
<form><block><prompt><audio src='a.wav' cond='1 == 1'/>
<audio prompt='hello'/><audio src='b.wav' hue='red'/></prompt></block></form>
</vxml>";
    assert_eq!(
        lines(&check(page).warnings),
        [
            "line 2, column 1: <property value> must be a time, such as 3s or 500ms; timeout is as if it were not there",
            "line 4, column 22: <audio cond> is not of VoiceXML but of Contact Pro; it is run all the same",
            "line 5, column 1: <audio prompt> is not of VoiceXML but of Contact Pro; it is run all the same",
            "line 5, column 24: <audio hue> is not known",
        ]
    );
}

#[test]
fn what_the_dialect_of_contact_pro_has_is_known_there_with_its_prefix_and_without() {
    let known = r##"<vxml version="2.1" xmlns:bcm="urn:contactpro:bcm" bcm:earlyqueuing="true" bcm:exprlang="python">
  <bcm:customstate id="c" method="m" timer="true" timeout="5s" params="{}" bcm:description="a query"/>
  <bcm:callout id="d" destination="1" callernumber="2"/><bcm:setskills skills="a" mode="add"/><bcm:setlanguage language="ru"/>
  <menu id="m" bcm:maxlength="2" timeout="4s"><audio bcm:prompt="hello" cond="1 == 1" bcm:description="says hello"/>
    <choice dtmf="1" next="#m"/><noinput count="2" cond="True"><disconnect bcm:cause="17"/></noinput></menu>
  <form id="f"><transfer name="t" bcm:destination="queue:sales" bcm:keeplanguage="true" connecttimeout="5s"/></form>
</vxml>"##;
    assert_eq!(check(known), Report::default());
    let more = "<vxml version='2.1' xmlns:bcm='u'>
<menu id='m'><audio prompt='hello' hue='red' bcm:hue='red'/><choice dtmf='1' next='#m'/>
<nomatch bcm:reportcond='1 == 1' answeroption='wrong'/></menu>
<bcm:callout id='d' destination='1' colour='red'/>
<object/>
</vxml>";
    let report = check(more);
    assert_eq!(
        lines(&report.warnings),
        [
            "line 2, column 14: <audio hue> is not known",
            "line 2, column 14: <audio hue> is not known",
            "line 3, column 1: <nomatch reportcond> changes nothing here",
            "line 3, column 1: <nomatch answeroption> changes nothing here",
            "line 4, column 1: <callout colour> is not known",
            "line 5, column 1: <object> there is no such element in this dialect",
            "line 5, column 1: <object classid> is not run: error.unsupported.objectname is thrown",
        ]
    );
    assert_eq!(lines(&report.removed), ["line 5, column 1: <object> there is no such element in this dialect"]);
    // What a page of the W3C calls by these names is nothing there.
    let plain = "<vxml version='2.1'><menu><prompt answeroption='a'/><choice next='#a' maxlength='1'/></menu></vxml>";
    let report = check(plain);
    assert_eq!((report.warnings.len(), report.removed.len()), (2, 0), "{report:?}");
    let many = format!("<vxml version='2.1' xmlns:bcm='u'>{}</vxml>", "<script/>".repeat(300));
    let report = check(&many);
    assert_eq!((report.warnings.len(), report.removed.len()), (MAX_FINDINGS, MAX_FINDINGS));
}

#[test]
fn code_that_cannot_be_read_is_told_and_none_is_run() {
    let page = "<vxml version='2.1'>
<script>var a = {b: 1};
while (true) { missing(a.c) }</script>
<script>function(</script>
<form>
<block cond='a.b === 1 // one'>
<if cond='a ==='><log expr='missing.thing'/></if>
<exit expr='foo(('/>
<foreach item='i' array='[1, 2'/>
<log expr='1)});while(true);(function(){return (1'/>
</block>
</form>
</vxml>";
    let told = lines(&check(page).warnings);
    let places: Vec<&str> = told.iter().map(|line| line.split(" is no script").next().unwrap()).collect();
    let expected = [
        "line 4, column 1: <script>",
        "line 7, column 1: <if cond>",
        "line 8, column 1: <exit expr>",
        "line 9, column 1: <foreach array>",
        "line 10, column 1: <log expr>",
    ];
    assert_eq!(places, expected, "{told:#?}");
    let python = "<vxml version='2.1' xmlns:bcm='urn:contactpro:bcm'><block cond='not {a}'><exit/></block></vxml>";
    assert_eq!(check(python).warnings, []);
}

/// Code of a page may end the brackets in which it is read; not even then is any of it run.
#[test]
fn code_that_ends_the_brackets_around_it_is_not_run_either() {
    let of = |content: &str| {
        let page = format!("<vxml version='2.1'><form><block>{content}</block></form></vxml>");
        lines(&check(&page).warnings).join("\n")
    };
    // It is a part of an expression as little as it would be on a call, or it is read as it would be there.
    for expr in ["1)});throw 'it is run';(function(){return (1", "1)};throw 'it is run';{(1", "1);throw 'it is run';(1"]
    {
        let told = of(&format!("<log expr=\"{expr}\"/>"));
        assert!(!told.contains("it is run"), "{told}");
    }
    for script in
        ["}); throw 'it is run'; (function(){", "}throw 'it is run'; function a(){", "return 1", "function a("]
    {
        let told = of(&format!("<script>{script}</script>"));
        assert!(told.contains("is no script") && !told.contains("it is run"), "{script}: {told}");
    }
    for script in ["throw 'it is run'", "while (true) {}", "function a() {} a();", "var eval, b; with (b) { c = 1 }"] {
        assert_eq!(of(&format!("<script>{script}</script>")), "", "{script}");
    }
    // What one leaves behind is nothing to the next.
    let told =
        of("<script>function Object() {} let a = 1; var eval = 2</script><script>let a = 2</script><log expr='a ='/>");
    assert_eq!(told.matches("is no script").count(), 1, "{told}");
}
