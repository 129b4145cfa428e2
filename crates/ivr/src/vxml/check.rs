//! What a page would do that is not run, before any call runs it.
//!
//! Shape: [`check`] takes a page and gives a [`Report`]: errors make the page void, warnings are passed over on a call. What a page asks
//! web servers for is not looked at.
//! Units: lines and columns from 1.
//! Errors: none; they are the result.
//! Sources: VoiceXML 2.0 and 2.1, their schemas; `voicexml-customizers.md` 3.2, 3.5.

mod properties;
mod scripts;

use std::fmt;

use roxmltree::Node;

pub use self::properties::{Unfit, property};
use self::scripts::Scripts;

use super::{
    Dialect, contactpro,
    elements::{Reader, document, object},
    wire::{Attributes, Fault, Place, decode, xml},
};

/// Most warnings of a report.
pub const MAX_FINDINGS: usize = 200;
/// Most errors of a report.
pub const MAX_ERRORS: usize = 100;

/// What there is to say about a page.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Report {
    /// Why it cannot be run, each fault once: what has one is passed over, and what stands behind it is read. Of a text that is no XML the
    /// first; at most [`MAX_ERRORS`], in the order of the page.
    pub errors: Vec<Finding>,
    /// What in it is passed over, in the order of the page; at most [`MAX_FINDINGS`].
    pub warnings: Vec<Finding>,
    /// Those of the warnings that are about elements which the dialect of Contact Pro removes; at most [`MAX_FINDINGS`].
    pub removed: Vec<Finding>,
}

/// Something about one element.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Finding {
    /// The line of the element.
    pub line: usize,
    /// Its column.
    pub column: usize,
    /// Its name; `None` where the text is no XML.
    pub element: Option<String>,
    /// The attribute that it is about, if it is about one.
    pub attribute: Option<String>,
    /// What it is.
    pub text: String,
}

impl Finding {
    pub(crate) fn of(node: Node<'_, '_>, at: Place, attribute: Option<&str>, text: &str) -> Self {
        let element = Some(node.tag_name().name().to_owned());
        Self {
            line: at.line,
            column: at.column,
            element,
            attribute: attribute.map(str::to_owned),
            text: text.to_owned(),
        }
    }
}

impl From<Fault> for Finding {
    fn from(Fault { at: Place { line, column }, element, text }: Fault) -> Self {
        Self { line, column, element, attribute: None, text }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        match (&self.element, &self.attribute) {
            (Some(element), Some(attribute)) => write!(f, "<{element} {attribute}> {}", self.text),
            (Some(element), None) => write!(f, "<{element}> {}", self.text),
            (None, _) => write!(f, "{}", self.text),
        }
    }
}

/// Attributes that every element may have, and that are read or mean nothing to us.
const EVERYWHERE: [&str; 2] = ["id", "class"];
/// The attributes of each element that are run.
const RUN: [(&str, &str); 41] = [
    ("assign", "name expr"),
    ("audio", "src expr fetchtimeout"),
    ("block", "name expr cond"),
    ("break", "time strength size msecs"),
    ("catch", "event count cond"),
    ("choice", "accept dtmf next expr event eventexpr message messageexpr fetchaudio fetchtimeout maxage maxstale"),
    ("clear", "namelist"),
    ("data", "name src srcexpr method enctype namelist fetchaudio fetchtimeout maxage maxstale"),
    ("disconnect", "namelist"),
    ("elseif", "cond"),
    ("emphasis", "level"),
    ("error help noinput nomatch", "count cond"),
    ("exit", "expr namelist"),
    ("field", "name expr cond type slot modal"),
    ("filled", "mode namelist"),
    ("foreach", "item array"),
    ("form", "scope"),
    ("goto", "next expr nextitem expritem fetchaudio fetchtimeout maxage maxstale"),
    ("grammar dtmf", "src srcexpr type mode root version tag-format scope fetchtimeout maxage maxstale"),
    ("if", "cond"),
    ("initial", "name expr cond"),
    ("link", "next expr event eventexpr message messageexpr dtmf fetchaudio fetchtimeout maxage maxstale"),
    ("log", "label expr"),
    ("mark", "name nameexpr"),
    ("menu", "accept scope dtmf"),
    ("option", "accept dtmf value"),
    ("param", "name expr value"),
    ("phoneme", "ph alphabet"),
    ("prompt", "bargein cond count timeout"),
    ("property", "name value"),
    ("prosody", "pitch contour range rate duration volume"),
    ("record", "name expr cond beep maxtime finalsilence dtmfterm modal"),
    ("return", "namelist event eventexpr message messageexpr"),
    ("say-as", "interpret-as type"),
    ("script", "src srcexpr fetchtimeout maxage maxstale"),
    ("subdialog", "name expr cond src srcexpr method enctype namelist fetchaudio fetchtimeout maxage maxstale"),
    ("submit", "next expr method enctype namelist fetchaudio fetchtimeout maxage maxstale"),
    ("sub", "alias"),
    ("throw", "event eventexpr message messageexpr"),
    ("transfer", "name expr cond dest destexpr bridge type connecttimeout maxtime transferaudio aai aaiexpr"),
    ("value", "expr"),
];
/// The rest: elements with others, and those of which nothing is looked at.
const MORE: [(&str, &str); 5] = [
    ("object", "name expr cond classid data fetchtimeout"),
    ("var", "name expr"),
    ("voice", "gender age variant name"),
    ("vxml", "version application schemaLocation lang base"),
    ("else enumerate p s reprompt", ""),
];
/// Attributes that the standards have, and that change nothing here.
const WITHOUT_EFFECT: [&str; 10] =
    ["fetchhint", "bargeintype", "weight", "charset", "type", "valuetype", "maxage", "maxstale", "format", "detail"];
/// Attributes of `<audio>` that the vendor has, and that are run in any page.
const OF_VENDOR: [&str; 2] = ["cond", "prompt"];

/// Looks through a page of an application, in whatever encoding the page says it has.
pub fn bytes(page: &[u8], dialect: Dialect) -> Report {
    match decode(page, None) {
        Ok(source) => check_as(&source, dialect),
        Err(fault) => Report { errors: vec![Finding::from(fault)], ..Report::default() },
    }
}

/// Looks through a page. Relative addresses are not followed, and nothing is run.
pub fn check(source: &str) -> Report {
    check_as(source, Dialect::default())
}

fn check_as(source: &str, dialect: Dialect) -> Report {
    let mut report = Report::default();
    let mut scripts = None;
    let mut reader = Reader::of_all();
    let last = match document::read_by(source, "http://antiphon.example/", dialect, &mut reader) {
        Ok(document) => {
            // Expressions in Python were read with the page.
            scripts = (!document.is_python).then(Scripts::new).flatten();
            report.warnings = document.warnings;
            None
        }
        Err(fault) => Some(fault),
    };
    report.errors = reader.faults.into_iter().flatten().chain(last).map(Finding::from).collect();
    report.errors.sort_by_key(|finding| (finding.line, finding.column));
    report.errors.truncate(MAX_ERRORS);
    if let Ok(text) = xml::checked(source)
        && let Ok(tree) = xml::parse(&text)
    {
        let root = tree.root_element();
        let is_vendor = dialect == Dialect::ContactPro || contactpro::is_spoken(root);
        if is_vendor && let Ok(imported) = contactpro::taken(&text) {
            report.removed = imported.removed;
            // A page keeps only the first of what it passes over.
            let untold = |one: &&Finding| !report.warnings.contains(one);
            let untold: Vec<_> = report.removed.iter().filter(untold).cloned().collect();
            report.warnings.extend(untold);
            report.removed.truncate(MAX_FINDINGS);
        }
        let mut looking = Looking { is_vendor, reader: Reader::default(), scripts, found: Vec::new() };
        looking.at(root);
        report.warnings.append(&mut looking.found);
    }
    report.warnings.sort_by_key(|finding| (finding.line, finding.column));
    report.warnings.truncate(MAX_FINDINGS);
    report
}

/// A look through a page.
struct Looking {
    /// Whether the page is one of Contact Pro.
    is_vendor: bool,
    reader: Reader,
    /// Who reads its code, where it has some that was not read yet.
    scripts: Option<Scripts>,
    found: Vec<Finding>,
}

impl Looking {
    /// Looks at an element and all in it but grammars, which have a language of their own. The depth is bounded by the reading.
    fn at(&mut self, node: Node<'_, '_>) {
        if self.found.len() >= 2 * MAX_FINDINGS {
            return;
        }
        let name = node.tag_name().name();
        match name {
            "object" if !object::is_known(Attributes(node)) => {
                return self.add(node, Some("classid"), "is not run: error.unsupported.objectname is thrown");
            }
            "metadata" | "meta" | "desc" | "lexicon" => return,
            "vxml" if node.attribute("version") == Some("1.0") => self.add(node, Some("version"), "1.0 is run as 2.0"),
            "property" => {
                let name = node.attribute("name").unwrap_or_default().trim();
                match property(name, node.attribute("value").unwrap_or_default()) {
                    Ok(()) => {}
                    Err(unfit @ Unfit::Name) => self.add(node, Some("name"), &format!("{name} {unfit}")),
                    Err(Unfit::Unknown(text)) => self.add(node, Some("value"), text),
                    Err(unfit) => {
                        self.add(node, Some("value"), &format!("{unfit}; {name} is as if it were not there"));
                    }
                }
            }
            _ => {}
        }
        self.attributes(node);
        let xml = "http://www.w3.org/XML/1998/namespace";
        if name != "vxml" && node.attribute((xml, "base")).is_some() {
            self.add(node, Some("base"), "changes nothing here: addresses are relative to the page");
        }
        if !matches!(name, "grammar" | "dtmf") {
            let faults = self.scripts.as_mut().map(|scripts| scripts.faults(node)).unwrap_or_default();
            for (attribute, fault) in faults {
                self.add(node, attribute, &format!("{fault}; error.semantic is thrown"));
            }
            node.children().filter(Node::is_element).for_each(|child| self.at(child));
        }
    }

    fn attributes(&mut self, node: Node<'_, '_>) {
        let name = node.tag_name().name();
        let of = |table: &[(&str, &'static str)]| {
            table
                .iter()
                .find(|(names, _)| names.split(' ').any(|known| known == name))
                .map(|(_, attributes)| *attributes)
        };
        let of_vendor = contactpro::attributes(name).filter(|_| self.is_vendor);
        // In the dialect `error` is a vendor element, and all of the vendor's may stand without their prefix.
        let run = of(&RUN).or_else(|| of(&MORE));
        if run.is_none() && of_vendor.is_none() {
            return;
        }
        let prefixed = node.lookup_namespace_uri(Some(contactpro::PREFIX));
        for attribute in node.attributes() {
            let own = attribute.name();
            let is_one_of = |list: Option<&str>| list.unwrap_or_default().split(' ').any(|known| known == own);
            let is_prefixed = attribute.namespace().is_some() && attribute.namespace() == prefixed;
            if !is_prefixed && attribute.namespace().is_some() {
                continue;
            }
            match one_way(own, attribute.value().trim()) {
                Some(Ok(())) => continue,
                Some(Err(text)) => {
                    self.add(node, Some(own), text);
                    continue;
                }
                None => {}
            }
            let is_for_people = self.is_vendor && own == "description";
            let is_run =
                is_for_people || EVERYWHERE.contains(&own) || is_one_of(of_vendor) || !is_prefixed && is_one_of(run);
            let is_idle = !is_prefixed && WITHOUT_EFFECT.contains(&own)
                || self.is_vendor && contactpro::WITHOUT_EFFECT.contains(&own);
            match (is_run, is_idle) {
                (true, _) => {}
                (false, true) => self.add(node, Some(own), "changes nothing here"),
                // Prefixed attributes of plain pages are whosoever's they may be.
                (false, false) if is_prefixed && !self.is_vendor => {}
                (false, false) if name == "audio" && OF_VENDOR.contains(&own) => {
                    self.add(node, Some(own), "is not of VoiceXML but of Contact Pro; it is run all the same");
                }
                (false, false) => self.add(node, Some(own), "is not known"),
            }
        }
    }

    fn add(&mut self, node: Node<'_, '_>, attribute: Option<&str>, text: &str) {
        let at = self.reader.place(node);
        self.found.push(Finding::of(node, at, attribute, text));
    }
}

/// Whether something of which we know one way alone is wanted so; nothing where it is something else.
fn one_way(name: &str, value: &str) -> Option<Result<(), &'static str>> {
    let (ours, text) = match name {
        "bargeintype" => {
            ("speech", "is not run: hotwords are not known, and any voice or key stops what may be stopped")
        }
        "maxnbest" => ("1", "is not run: what was said has one result"),
        _ => return None,
    };
    Some(if value == ours { Ok(()) } else { Err(text) })
}

#[cfg(test)]
mod tests;
