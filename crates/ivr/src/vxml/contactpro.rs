//! The dialect of Contact Pro: IVRs that were drawn in its editor, as VoiceXML with vendor elements and Python in place of ECMAScript.
//!
//! Shape: *supported* knows the elements, [`import`] and [`export`] take a document in and out, *top* reads what may stand at the top,
//! *element* is one vendor element of content with a file for each kind; *place* is where the flow goes. The rest is the interpreter's.
//! Errors: elements that the vendor does not have are removed and told; an expression that cannot be evaluated makes a page void.
//! Sources: `voicexml-customizers.md` 1, 2.2, 2.3, 6.

pub(crate) mod attached;
pub(crate) mod callout;
pub(crate) mod customstate;
pub(crate) mod element;
mod envelope;
mod export;
mod import;
pub(crate) mod place;
pub(crate) mod query;
pub(crate) mod queue;
pub(crate) mod settings;
pub(crate) mod soap;
mod sound;
mod supported;
pub(crate) mod top;
mod wsdl;

pub use export::export;
pub(crate) use import::taken;
pub use import::{Imported, import};
pub(crate) use supported::{WITHOUT_EFFECT, attributes, is_element};

use roxmltree::Node;

use super::{
    elements::Reader,
    wire::{Attributes, Fault},
};

/// The namespace that is written; any that is bound to the prefix is taken.
pub const NAMESPACE: &str = "urn:contactpro:bcm";
/// The prefix by which a document says that it is of this dialect.
pub const PREFIX: &str = "bcm";

/// Whether a page is one of this dialect: its root binds the prefix, and does not say that its expressions are ECMAScript.
pub(crate) fn is_spoken(root: Node<'_, '_>) -> bool {
    let is_bound = root.namespaces().any(|namespace| namespace.name() == Some(PREFIX));
    is_bound && Attributes(root).vendor("exprlang").is_none_or(|language| language == "python")
}

/// Whether the expressions of a page are Python.
pub(crate) fn is_python(root: Node<'_, '_>) -> bool {
    is_spoken(root) || Attributes(root).vendor("exprlang") == Some("python")
}

/// Refuses a page with an expression that could not be evaluated.
pub(crate) fn check_expressions(root: Node<'_, '_>, reader: &mut Reader) -> Result<(), Fault> {
    for node in root.descendants().filter(Node::is_element) {
        for attribute in node.attributes() {
            let name = attribute.name();
            let is_expression = name.ends_with("expr") || matches!(name, "cond" | "reportcond" | "array" | "params");
            if !is_expression {
                continue;
            }
            let checked = super::script::python::check(attribute.value()).map_err(|refusal| Fault {
                element: Some(node.tag_name().name().to_owned()),
                ..Fault::new(reader.place(node), format!("{name}, {refusal}"))
            });
            reader.past(checked)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
