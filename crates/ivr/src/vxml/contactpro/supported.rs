//! Which elements the vendor has, and where they may stand.
//!
//! Sources: `voicexml-customizers.md` 1.2. Where its pages show only parents, the children are those that name them.

/// Executable content of a block, and of most others.
const CONTENT: &str = "assign audio callout clear connect customstate disconnect exit goto if log prompt setextradata setlanguage \
                       setobcallresult setpriority setrecordingconsent setskills soap var";
/// What stands in an input item.
const ITEM: &str = "audio noinput nomatch prompt filled var";

/// Each element with its children.
const ELEMENTS: [(&str, &str); 33] = [
    (
        "vxml",
        "block callout customstate form menu noinput nomatch setextradata setlanguage setpriority setrecordingconsent setskills soap var",
    ),
    ("assign", ""),
    ("audio", ""),
    ("block", CONTENT),
    ("callout", "error timeout"),
    ("choice", "audio prompt"),
    ("clear", ""),
    ("connect", ""),
    ("customstate", "error timeout param"),
    ("disconnect", ""),
    ("else", ""),
    ("elseif", ""),
    ("error", CONTENT),
    ("exit", ""),
    ("field", ITEM),
    ("filled", CONTENT),
    ("form", "block callout customstate field filled noinput nomatch record soap transfer var"),
    ("goto", ""),
    ("log", "value"),
    ("menu", "choice audio prompt noinput nomatch"),
    ("noinput", CONTENT),
    ("nomatch", CONTENT),
    ("param", ""),
    ("prompt", "say-as"),
    ("say-as", "value"),
    ("value", ""),
    ("record", ITEM),
    ("soap", "error timeout param"),
    ("timeout", CONTENT),
    ("transfer", ITEM),
    ("var", ""),
    ("setextradata", ""),
    ("setlanguage", ""),
];
/// Elements without children that set something of the call.
const SETTINGS: [&str; 4] = ["setpriority", "setskills", "setrecordingconsent", "setobcallresult"];

/// Vendor elements that stand among executable content.
const VENDOR: [&str; 10] = [
    "callout",
    "connect",
    "customstate",
    "setextradata",
    "setlanguage",
    "setobcallresult",
    "setpriority",
    "setrecordingconsent",
    "setskills",
    "soap",
];

/// Whether it is a vendor element of executable content.
pub(crate) fn is_element(name: &str) -> bool {
    VENDOR.contains(&name)
}

/// Whether there is such an element at all.
pub(super) fn is_known(name: &str) -> bool {
    name == "if" || SETTINGS.contains(&name) || ELEMENTS.iter().any(|(known, _)| *known == name)
}

/// Whether one may stand in the other.
pub(super) fn may_stand(name: &str, parent: &str) -> bool {
    if parent == "if" {
        return CONTENT.split_whitespace().chain(["else", "elseif"]).any(|known| known == name);
    }
    ELEMENTS.iter().any(|(known, children)| *known == parent && children.split_whitespace().any(|child| child == name))
}

/// The vendor's attributes of each element that are read, on top of those of VoiceXML.
const ATTRIBUTES: [(&str, &str); 15] = [
    ("vxml", "exprlang earlyqueuing"),
    ("audio", "prompt cond"),
    ("field menu", "minlength maxlength termchar timeout interdigittimeout"),
    ("say-as", "interpret-as interpret-as-expr"),
    ("disconnect", "cause causeexpr"),
    ("transfer", "destination destinationexpr group groupexpr keeplanguage"),
    (
        "callout",
        "name destination destinationexpr group groupexpr callernumber callernumberexpr anumber anumberexpr callername \
         callernameexpr timeout params",
    ),
    ("customstate", "name method timer timeout params"),
    ("soap", "name source expr method namespace action timeout username password params"),
    ("param", "name value expr"),
    ("setextradata", "name value expr"),
    ("setlanguage", "language expr"),
    ("setskills", "skills value expr mode"),
    ("setobcallresult setpriority setrecordingconsent", "value expr"),
    ("timeout connect", ""),
];
/// Attributes of the vendor's that are for people and for reports, of which there are none here.
pub(crate) const WITHOUT_EFFECT: [&str; 2] = ["reportcond", "answeroption"];

/// The vendor's attributes of an element that are read; `None` where the vendor has no such element.
pub(crate) fn attributes(element: &str) -> Option<&'static str> {
    let of = |(names, _): &&(&str, &str)| names.split(' ').any(|name| name == element);
    ATTRIBUTES.iter().find(of).map(|(_, attributes)| *attributes)
}
