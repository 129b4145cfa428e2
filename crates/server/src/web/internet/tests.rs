use super::*;

#[test]
fn only_open_addresses_of_a_name_are_connected_to() {
    let policy = Policy::default();
    let ask = |texts: &[&str]| {
        let addresses: Vec<IpAddr> = texts.iter().map(|text| text.parse().unwrap()).collect();
        open(&policy, addresses.into_iter()).map(|open| open.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(ask(&["8.8.8.8", "127.0.0.1", "2606:4700::1"]).unwrap(), ["8.8.8.8", "2606:4700::1"]);
    assert_eq!(ask(&[]).unwrap_err(), Nowhere::Nameless);
    assert_eq!(ask(&["10.0.0.1"]).unwrap_err().to_string(), "10.0.0.1 is private");
    assert_eq!(ask(&["8.8.8.8"; 20]).unwrap().len(), ADDRESSES);
}

#[test]
fn a_script_sets_any_header_but_those_of_the_connection() {
    for (name, value, is_sent) in [
        ("Accept", "text/xml", true),
        ("X-Mine", "späße", true),
        ("Host", "elsewhere", false),
        ("Transfer-Encoding", "chunked", false),
        ("Content-Length", "0", false),
        ("X-Mine", "a\r\nHost: b", false),
        ("X Mine", "a", false),
        ("", "a", false),
    ] {
        assert_eq!(header(name, value).is_some(), is_sent, "{name}: {value}");
    }
}
