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
