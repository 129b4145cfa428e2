//! The table of the pack: which scenario calls whom, and who is called in turn.
//!
//! Shape: each name is a file in `tests/sipp`, which says by itself what must be answered.

/// The number of the demo menu, which answers.
pub(crate) const MENU: &str = "100";
/// A phone at which nobody answers.
pub(crate) const NOBODY: &str = "180";
/// What a trunk carries behind a plus sign, and nobody may be sent to.
pub(crate) const OUTSIDE: &str = "0000";
/// In the place of a callee: nobody is there.
pub(crate) const NOWHERE: &str = "nowhere";

/// Callers by their files, and the number that each calls.
pub(crate) const INWARD: &[(&str, &str)] = &[
    ("basic-call", MENU),
    ("cancel", NOBODY),
    ("cancel-late", MENU),
    ("no-dialog", MENU),
    ("merged", NOBODY),
    ("bad-sdp", MENU),
    ("methods", MENU),
    ("require", MENU),
    ("scheme", MENU),
    ("version", MENU),
    ("bad-request", MENU),
    ("media-type", MENU),
    ("not-acceptable", MENU),
    ("compact", MENU),
    ("folded", MENU),
    ("record-route", MENU),
    ("repeated-invite", NOBODY),
    ("repeated-bye", MENU),
    ("lost-ack", MENU),
    ("cseq-order", MENU),
    ("options", MENU),
    ("options-inside", MENU),
    ("max-forwards", MENU),
    ("hold", MENU),
    ("late-offer", MENU),
    ("reinvite-late-offer", MENU),
    ("reinvite-488", MENU),
    ("reinvite-pending", MENU),
    ("update", MENU),
    ("update-early", NOBODY),
    ("prack", NOBODY),
    ("prack-missing", NOBODY),
    ("timer-422", MENU),
    ("timer-uas", MENU),
    ("timer-uac", MENU),
    ("timer-proxy", MENU),
    ("info-digits", MENU),
    ("info-beside", MENU),
    ("refer-menu", MENU),
    ("replaces-nothing", MENU),
];

/// How a number leads to those who are called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leads {
    /// It is the extension of one phone, and the caller is answered by it.
    Phone,
    /// A menu rings several phones at once.
    Fork,
    /// A menu dials a number outside, which trunks carry, one after the other.
    Trunks,
    /// The first is the extension of one phone, which the caller is answered by; each other has the same number with its place behind.
    Transfer,
    /// It is a menu that has the caller call somebody, whose number is the same with a 1 behind.
    Refer,
    /// Nobody calls: it is a trunk, with which the server keeps in touch by itself.
    Kept,
}

/// A caller, and the callees it leads to.
pub(crate) struct Outward {
    pub(crate) caller: &'static str,
    pub(crate) leads: Leads,
    pub(crate) callees: &'static [&'static str],
    /// More lines of the settings of the trunks.
    pub(crate) keys: &'static str,
}

const fn phone(caller: &'static str, callees: &'static [&'static str]) -> Outward {
    Outward { caller, leads: Leads::Phone, callees, keys: "" }
}

const fn trunks(caller: &'static str, callees: &'static [&'static str], keys: &'static str) -> Outward {
    Outward { caller, leads: Leads::Trunks, callees, keys }
}

const fn transfer(caller: &'static str, callees: &'static [&'static str]) -> Outward {
    Outward { caller, leads: Leads::Transfer, callees, keys: "" }
}

const fn refer(caller: &'static str, callees: &'static [&'static str]) -> Outward {
    Outward { caller, leads: Leads::Refer, callees, keys: "" }
}

const fn kept(callee: &'static [&'static str], keys: &'static str) -> Outward {
    Outward { caller: "", leads: Leads::Kept, callees: callee, keys }
}

const OWN_FROM: &str = "from_user = \"74950000000\"\nfrom_host = \"carrier.test\"\ndiversion = false\n";

/// Calls that lead to calls of the server's own.
pub(crate) const OUTWARD: &[Outward] = &[
    phone("caller-through", &["callee-answers"]),
    phone("prack-answered", &["callee-answers"]),
    phone("caller-through", &["callee-reliable"]),
    phone("caller-through", &["callee-reliable-order"]),
    phone("caller-through", &["callee-update"]),
    phone("caller-through", &["callee-422"]),
    phone("caller-through", &["callee-timer"]),
    phone("caller-through", &["callee-late-offer"]),
    phone("caller-through", &["callee-hold"]),
    phone("caller-through", &["callee-forks"]),
    phone("caller-through", &["callee-lost-ack"]),
    phone("caller-through", &["callee-requests"]),
    phone("caller-private", &["callee-anonymous"]),
    phone("basic-call", &["callee-record-route"]),
    phone("caller-486", &["callee-busy"]),
    phone("caller-603", &["callee-declines"]),
    phone("caller-480", &["callee-moved"]),
    phone("caller-488", &["callee-bad-answer"]),
    phone("caller-cancels", &["callee-cancelled"]),
    phone("caller-cancels", &["callee-late-answer"]),
    Outward { caller: "caller-through", leads: Leads::Fork, callees: &["callee-answers", "callee-loses"], keys: "" },
    trunks("caller-through", &["callee-503", "callee-answers"], ""),
    trunks("caller-through", &[NOWHERE, "callee-answers"], ""),
    trunks("basic-call", &["callee-401"], ""),
    trunks("basic-call", &["callee-407"], ""),
    trunks("basic-call", &["callee-stale"], ""),
    trunks("caller-through", &["callee-wrong-password"], ""),
    trunks("caller-through", &["callee-wrong-realm"], "realm = \"carrier.test\"\n"),
    trunks("caller-asserted", &["callee-asserted"], ""),
    trunks("caller-private", &["callee-private"], ""),
    trunks("caller-through", &["callee-named"], OWN_FROM),
    trunks("caller-key", &["callee-key"], "dtmf = \"info\"\n"),
    transfer("caller-through", &["callee-refers", "callee-referred"]),
    transfer("caller-through", &["callee-refers-quietly", "callee-referred"]),
    transfer("caller-through", &["callee-refers-busy", "callee-busy-later"]),
    transfer("caller-leaves", &["callee-refers-twice"]),
    transfer("caller-refers", &["callee-stays"]),
    transfer("caller-through", &["callee-replaces"]),
    refer("caller-referred", &[NOWHERE]),
    refer("caller-not-referred", &["callee-answers"]),
    kept(&["registrar-423"], "register = true\nexpires = 60\n"),
    kept(&["registrar-stale"], "register = true\n"),
    kept(&["registrar-wrong-realm"], "register = true\nrealm = \"carrier.test\"\n"),
    kept(&["trunk-options"], "options_interval = 1\n"),
];

/// SIPp takes a message that comes again for a retransmission, and hides it, unless it is told not to.
pub(crate) const SEES_REPETITIONS: &[&str] =
    &["lost-ack", "repeated-bye", "repeated-invite", "prack-missing", "callee-lost-ack"];
/// What SIPp takes for two calls.
pub(crate) const TWICE: &[&str] = &["trunk-options"];
/// Nothing is repeated over a stream, and a transaction there ends with its answer.
pub(crate) const OVER_DATAGRAMS: &[&str] = &["repeated-bye", "repeated-invite"];
/// The scenarios that are played over IPv6 too, where loopback has it.
pub(crate) const OVER_IPV6: &[&str] = &["basic-call", "options", "late-offer", "no-dialog"];
