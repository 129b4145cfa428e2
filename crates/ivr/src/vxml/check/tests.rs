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
            "line 6, column 1: <prompt bargeintype> changes nothing here",
            "line 6, column 1: <prompt base> changes nothing here: addresses are relative to the page",
            "line 9, column 1: <block> means nothing here",
        ]
    );
    let many = format!("<vxml version='2.1'><form>{}</form></vxml>", "<block a='' b=''/>".repeat(3_000));
    assert_eq!(check(&many).warnings.len(), MAX_FINDINGS);
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
    ];
    assert_eq!(places, expected, "{told:#?}");
    let python = "<vxml version='2.1' xmlns:bcm='urn:contactpro:bcm'><block cond='not {a}'><exit/></block></vxml>";
    assert_eq!(check(python).warnings, []);
}
