//! The messages of RFC 4475 and RFC 5118, byte for byte, each file named with its section.

use super::Message;
use super::wire::parse;

/// Bytes, section and name, and what becomes of it: the method or status when it is taken, else why not.
pub(crate) const TORTURE: &[(&[u8], &str, &str)] = &[
    (include_bytes!("torture/rfc4475-3.1.1.1-wsinv.dat"), "rfc4475-3.1.1.1-wsinv", "takes INVITE"),
    (include_bytes!("torture/rfc4475-3.1.1.10-transports.dat"), "rfc4475-3.1.1.10-transports", "takes OPTIONS"),
    (include_bytes!("torture/rfc4475-3.1.1.11-mpart01.dat"), "rfc4475-3.1.1.11-mpart01", "takes MESSAGE"),
    (include_bytes!("torture/rfc4475-3.1.1.12-unreason.dat"), "rfc4475-3.1.1.12-unreason", "takes 200"),
    (include_bytes!("torture/rfc4475-3.1.1.13-noreason.dat"), "rfc4475-3.1.1.13-noreason", "takes 100"),
    (
        include_bytes!("torture/rfc4475-3.1.1.2-intmeth.dat"),
        "rfc4475-3.1.1.2-intmeth",
        "takes !interesting-Method0123456789_*+`.%indeed'~",
    ),
    (include_bytes!("torture/rfc4475-3.1.1.3-esc01.dat"), "rfc4475-3.1.1.3-esc01", "takes INVITE"),
    (include_bytes!("torture/rfc4475-3.1.1.4-escnull.dat"), "rfc4475-3.1.1.4-escnull", "takes REGISTER"),
    (include_bytes!("torture/rfc4475-3.1.1.5-esc02.dat"), "rfc4475-3.1.1.5-esc02", "takes RE%47IST%45R"),
    (include_bytes!("torture/rfc4475-3.1.1.6-lwsdisp.dat"), "rfc4475-3.1.1.6-lwsdisp", "takes OPTIONS"),
    (include_bytes!("torture/rfc4475-3.1.1.7-longreq.dat"), "rfc4475-3.1.1.7-longreq", "takes INVITE"),
    (include_bytes!("torture/rfc4475-3.1.1.8-dblreq.dat"), "rfc4475-3.1.1.8-dblreq", "takes REGISTER"),
    (include_bytes!("torture/rfc4475-3.1.1.9-semiuri.dat"), "rfc4475-3.1.1.9-semiuri", "takes OPTIONS"),
    (
        include_bytes!("torture/rfc4475-3.1.2.1-badinv01.dat"),
        "rfc4475-3.1.2.1-badinv01",
        "refuses: a Via header is malformed",
    ),
    (include_bytes!("torture/rfc4475-3.1.2.10-trws.dat"), "rfc4475-3.1.2.10-trws", "takes OPTIONS"),
    (include_bytes!("torture/rfc4475-3.1.2.11-escruri.dat"), "rfc4475-3.1.2.11-escruri", "refuses: a URI is malformed"),
    (include_bytes!("torture/rfc4475-3.1.2.12-baddate.dat"), "rfc4475-3.1.2.12-baddate", "takes INVITE"),
    (include_bytes!("torture/rfc4475-3.1.2.13-regbadct.dat"), "rfc4475-3.1.2.13-regbadct", "takes REGISTER"),
    (include_bytes!("torture/rfc4475-3.1.2.14-badaspec.dat"), "rfc4475-3.1.2.14-badaspec", "takes OPTIONS"),
    (
        include_bytes!("torture/rfc4475-3.1.2.15-baddn.dat"),
        "rfc4475-3.1.2.15-baddn",
        "refuses: an address header is malformed",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.16-badvers.dat"),
        "rfc4475-3.1.2.16-badvers",
        "refuses: the version is not SIP/2.0",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.17-mismatch01.dat"),
        "rfc4475-3.1.2.17-mismatch01",
        "refuses: the CSeq header is malformed",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.18-mismatch02.dat"),
        "rfc4475-3.1.2.18-mismatch02",
        "refuses: the CSeq header is malformed",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.19-bigcode.dat"),
        "rfc4475-3.1.2.19-bigcode",
        "refuses: the start line is not a request or status line",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.2-clerr.dat"),
        "rfc4475-3.1.2.2-clerr",
        "refuses: the Content-Length does not fit the message",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.3-ncl.dat"),
        "rfc4475-3.1.2.3-ncl",
        "refuses: the Content-Length does not fit the message",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.4-scalar02.dat"),
        "rfc4475-3.1.2.4-scalar02",
        "refuses: the CSeq header is malformed",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.5-scalarlg.dat"),
        "rfc4475-3.1.2.5-scalarlg",
        "refuses: the CSeq header is malformed",
    ),
    (
        include_bytes!("torture/rfc4475-3.1.2.6-quotbal.dat"),
        "rfc4475-3.1.2.6-quotbal",
        "refuses: an address header is malformed",
    ),
    (include_bytes!("torture/rfc4475-3.1.2.7-ltgtruri.dat"), "rfc4475-3.1.2.7-ltgtruri", "refuses: a URI is malformed"),
    (include_bytes!("torture/rfc4475-3.1.2.8-lwsruri.dat"), "rfc4475-3.1.2.8-lwsruri", "refuses: a URI is malformed"),
    (include_bytes!("torture/rfc4475-3.1.2.9-lwsstart.dat"), "rfc4475-3.1.2.9-lwsstart", "refuses: a URI is malformed"),
    (include_bytes!("torture/rfc4475-3.2.1-badbranch.dat"), "rfc4475-3.2.1-badbranch", "takes OPTIONS"),
    (
        include_bytes!("torture/rfc4475-3.3.1-insuf.dat"),
        "rfc4475-3.3.1-insuf",
        "refuses: a mandatory header is missing",
    ),
    (include_bytes!("torture/rfc4475-3.3.10-bcast.dat"), "rfc4475-3.3.10-bcast", "takes 200"),
    (include_bytes!("torture/rfc4475-3.3.11-zeromf.dat"), "rfc4475-3.3.11-zeromf", "takes OPTIONS"),
    (include_bytes!("torture/rfc4475-3.3.12-cparam01.dat"), "rfc4475-3.3.12-cparam01", "takes REGISTER"),
    (include_bytes!("torture/rfc4475-3.3.13-cparam02.dat"), "rfc4475-3.3.13-cparam02", "takes REGISTER"),
    (include_bytes!("torture/rfc4475-3.3.14-regescrt.dat"), "rfc4475-3.3.14-regescrt", "takes REGISTER"),
    (include_bytes!("torture/rfc4475-3.3.2-unkscm.dat"), "rfc4475-3.3.2-unkscm", "takes OPTIONS"),
    (include_bytes!("torture/rfc4475-3.3.3-novelsc.dat"), "rfc4475-3.3.3-novelsc", "takes OPTIONS"),
    (include_bytes!("torture/rfc4475-3.3.4-unksm2.dat"), "rfc4475-3.3.4-unksm2", "takes REGISTER"),
    (include_bytes!("torture/rfc4475-3.3.5-bext01.dat"), "rfc4475-3.3.5-bext01", "takes OPTIONS"),
    (include_bytes!("torture/rfc4475-3.3.6-invut.dat"), "rfc4475-3.3.6-invut", "takes INVITE"),
    (include_bytes!("torture/rfc4475-3.3.7-regaut01.dat"), "rfc4475-3.3.7-regaut01", "takes REGISTER"),
    (
        include_bytes!("torture/rfc4475-3.3.8-multi01.dat"),
        "rfc4475-3.3.8-multi01",
        "refuses: a single header is repeated",
    ),
    (
        include_bytes!("torture/rfc4475-3.3.9-mcl01.dat"),
        "rfc4475-3.3.9-mcl01",
        "refuses: the Content-Length does not fit the message",
    ),
    (include_bytes!("torture/rfc4475-3.4.1-sdp01.dat"), "rfc4475-3.4.1-sdp01", "takes INVITE"),
    (include_bytes!("torture/rfc4475-3.4.2-inv2543.dat"), "rfc4475-3.4.2-inv2543", "takes INVITE"),
    (include_bytes!("torture/rfc5118-4.1-ipv6-good.dat"), "rfc5118-4.1-ipv6-good", "takes REGISTER"),
    (
        include_bytes!("torture/rfc5118-4.10-ipv6-bug-abnf-3-colons.dat"),
        "rfc5118-4.10-ipv6-bug-abnf-3-colons",
        "refuses: a URI is malformed",
    ),
    (
        include_bytes!("torture/rfc5118-4.10-ipv6-correct-abnf-2-colons.dat"),
        "rfc5118-4.10-ipv6-correct-abnf-2-colons",
        "takes OPTIONS",
    ),
    (include_bytes!("torture/rfc5118-4.2-ipv6-bad.dat"), "rfc5118-4.2-ipv6-bad", "refuses: a URI is malformed"),
    (include_bytes!("torture/rfc5118-4.3-port-ambiguous.dat"), "rfc5118-4.3-port-ambiguous", "takes REGISTER"),
    (include_bytes!("torture/rfc5118-4.4-port-unambiguous.dat"), "rfc5118-4.4-port-unambiguous", "takes REGISTER"),
    (
        include_bytes!("torture/rfc5118-4.5-via-received-param-no-delim.dat"),
        "rfc5118-4.5-via-received-param-no-delim",
        "takes OPTIONS",
    ),
    (
        include_bytes!("torture/rfc5118-4.5-via-received-param-with-delim.dat"),
        "rfc5118-4.5-via-received-param-with-delim",
        "takes BYE",
    ),
    (include_bytes!("torture/rfc5118-4.6-ipv6-in-sdp.dat"), "rfc5118-4.6-ipv6-in-sdp", "takes INVITE"),
    (include_bytes!("torture/rfc5118-4.7-mult-ip-in-header.dat"), "rfc5118-4.7-mult-ip-in-header", "takes BYE"),
    (include_bytes!("torture/rfc5118-4.8-mult-ip-in-sdp.dat"), "rfc5118-4.8-mult-ip-in-sdp", "takes INVITE"),
    (include_bytes!("torture/rfc5118-4.9-ipv4-mapped-ipv6.dat"), "rfc5118-4.9-ipv4-mapped-ipv6", "takes INVITE"),
];

fn verdict(bytes: &[u8]) -> String {
    match parse(bytes) {
        Ok(Message::Request(request)) => format!("takes {}", request.method()),
        Ok(Message::Response(response)) => format!("takes {}", response.status.code()),
        Err(broken) => format!("refuses: {}", broken.why()),
    }
}

#[test]
fn every_torture_message_meets_its_fate() {
    let wrong: Vec<_> = TORTURE
        .iter()
        .map(|(bytes, name, expected)| (name, expected, verdict(bytes)))
        .filter(|(_, expected, got)| *expected != got)
        .map(|(name, expected, got)| format!("{name}: expected {expected:?}, got {got:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
