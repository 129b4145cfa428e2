//! A ladder of what passed between parties, for people and for comparing.
//!
//! Shape: the network's tape in, a line a message out: when, from whom, to whom, what. No ids, ports or tags.
//! Units: seconds since the first message, to the hundredth.

use crate::net::{Fate, Passed};
use crate::sip_text::SipText;
use std::fmt::Write;
use std::net::IpAddr;

/// Draws the SIP messages of a tape. Hosts are called as `names` says, others by their address.
pub fn ladder(tape: &[Passed], names: &[(IpAddr, &str)]) -> String {
    let name = |ip: IpAddr| {
        let known = names.iter().find(|(host, _)| *host == ip);
        known.map_or_else(|| ip.to_string(), |(_, name)| (*name).to_owned())
    };
    let mut text = String::new();
    let Some(first) = tape.first() else { return text };
    for passed in tape {
        let message = SipText::parse(&passed.payload);
        let Some(what) = what(&message) else { continue };
        let (seconds, from, to) = ((passed.at - first.at).as_secs_f64(), name(passed.from.ip()), name(passed.to.ip()));
        let fate = match passed.fate {
            Fate::Arrives(_) => "",
            Fate::Lost => "  (lost)",
            Fate::Unreachable => "  (nobody there)",
            Fate::NoRoute => "  (no route)",
            Fate::Overrun => "  (queue full)",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{seconds:6.2}  {from:>8} -> {to:<8}  {what}{fate}");
    }
    text
}

/// What a message says, in a few words.
fn what(message: &SipText) -> Option<String> {
    let mut said = match (message.method(), message.status()) {
        (Some(method), _) => {
            let user = message.start.split(' ').nth(1).and_then(|uri| uri.strip_prefix("sip:")?.split_once('@'));
            let user = user.filter(|_| matches!(method, "INVITE" | "REGISTER"));
            format!("{method}{}", user.map_or_else(String::new, |(user, _)| format!(" {user}")))
        }
        (None, Some(status)) => format!("{status} ({})", message.cseq_method()),
        (None, None) => return None,
    };
    if !message.body.is_empty() {
        said.push_str(if message.body.starts_with("v=0") { " +sdp" } else { " +body" });
    }
    if let Some(reason) = message.header("Reason") {
        said.push_str(&format!(" [{reason}]"));
    }
    Some(said)
}
