//! The attributes of an element.
//!
//! Shape: each method reads one or a group of which some exclude one another.
//! Errors: [`Fault`] at the element.

use std::time::Duration;

use roxmltree::Node;

use super::{Fault, is_name, time, xml};
use crate::vxml::contactpro;

/// An element, asked for its attributes.
#[derive(Copy, Clone)]
pub(crate) struct Attributes<'a, 'i>(pub(crate) Node<'a, 'i>);

/// A value that is written, or an expression for it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Given {
    Text(String),
    Expr(String),
}

impl<'a, 'i> Attributes<'a, 'i> {
    pub(crate) fn fault(&self, text: impl std::fmt::Display) -> Fault {
        Fault { element: Some(self.0.tag_name().name().to_owned()), ..Fault::new(xml::place(self.0), text.to_string()) }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.attribute(name)
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(crate) fn required(&self, name: &str) -> Result<String, Fault> {
        self.owned(name).ok_or_else(|| self.fault(format!("{name} is missing")))
    }

    /// The expression of what a variable holds at first; an empty one in ECMAScript is none.
    pub(crate) fn initial(&self) -> Option<String> {
        self.owned("expr").filter(|expr| self.is_vendor() || !expr.trim().is_empty())
    }

    pub(crate) fn language(&self) -> Option<String> {
        self.0.attribute(("http://www.w3.org/XML/1998/namespace", "lang")).map(str::to_owned)
    }

    pub(crate) fn base(&self) -> Option<String> {
        self.0.attribute(("http://www.w3.org/XML/1998/namespace", "base")).map(str::to_owned)
    }

    /// The name of a variable, where there is one.
    pub(crate) fn name(&self, attribute: &str) -> Result<Option<String>, Fault> {
        match self.get(attribute) {
            Some(name) if !is_name(name) => Err(self.fault(format!("{name:?} cannot be a variable's name"))),
            name => Ok(name.map(str::to_owned)),
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(self.fault(format!("{name} is true or false, not {other:?}"))),
        }
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Duration>, Fault> {
        self.get(name)
            .map(|text| time(text).ok_or_else(|| self.fault(format!("{name} is no time: {text:?}"))))
            .transpose()
    }

    pub(crate) fn count(&self) -> Result<u32, Fault> {
        match self.get("count") {
            None => Ok(1),
            Some(text) => text
                .trim()
                .parse()
                .ok()
                .filter(|count| *count > 0)
                .ok_or_else(|| self.fault("count is a number from 1")),
        }
    }

    /// One of two at most: as text or as an expression.
    pub(crate) fn given(&self, text: &str, expr: &str) -> Result<Option<Given>, Fault> {
        match (self.owned(text), self.owned(expr)) {
            (Some(value), Some(_)) if self.is_vendor() => Ok(Some(Given::Text(value))),
            (Some(_), Some(_)) => Err(self.fault(format!("{text} and {expr} exclude each other"))),
            (Some(value), None) => Ok(Some(Given::Text(value))),
            (None, Some(value)) => Ok(Some(Given::Expr(value))),
            (None, None) => Ok(None),
        }
    }

    /// Exactly one of these.
    pub(crate) fn exactly_one(&self, names: &[&str]) -> Result<(), Fault> {
        match names.iter().filter(|name| self.get(name).is_some()).count() {
            1 => Ok(()),
            2.. if self.is_vendor() => Ok(()),
            _ => Err(self.fault(format!("exactly one of {} has to be there", names.join(", ")))),
        }
    }

    /// At most one of these.
    pub(crate) fn at_most_one(&self, names: &[&str]) -> Result<(), Fault> {
        match names.iter().filter(|name| self.get(name).is_some()).count() {
            0 | 1 => Ok(()),
            _ if self.is_vendor() => Ok(()),
            _ => Err(self.fault(format!("{} exclude each other", names.join(", ")))),
        }
    }

    /// An attribute of the vendor's, with its prefix or without.
    pub(crate) fn vendor(&self, name: &str) -> Option<&'a str> {
        let of_vendor = self.0.attributes().find(|own| own.name() == name && own.namespace().is_some());
        of_vendor.map(|own| own.value()).or_else(|| self.get(name))
    }

    /// A time of the vendor's.
    pub(crate) fn vendor_time(&self, name: &str) -> Result<Option<Duration>, Fault> {
        let read = |text| time(text).ok_or_else(|| self.fault(format!("{name} is no time: {text:?}")));
        self.vendor(name).map(read).transpose()
    }

    /// One of two of the vendor's, of which the direct one counts where both are there.
    pub(crate) fn direct(&self, text: &str, expr: &str) -> Option<Given> {
        let direct = self.vendor(text).map(|value| Given::Text(value.to_owned()));
        direct.or_else(|| self.vendor(expr).map(|value| Given::Expr(value.to_owned())))
    }

    /// Whether the page is one of Contact Pro, where nothing that is given twice excludes the other.
    pub(crate) fn is_vendor(&self) -> bool {
        contactpro::is_spoken(self.0.document().root_element())
    }

    /// A list of names.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        self.get(name).map(|text| text.split_whitespace().map(str::to_owned).collect())
    }

    /// Everything in it that is text.
    pub(crate) fn text(&self) -> String {
        self.0.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
    }
}
