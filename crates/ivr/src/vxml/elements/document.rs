//! `<vxml>`: the page (VoiceXML 2.0 §1.5).

use roxmltree::Node;

use super::{Reader, catch::Catch, exec, form, item, link::Link, menu, script::Script, var::Var};
use crate::vxml::{
    Dialect, contactpro,
    model::{Document, Start},
    wire::{Attributes, Fault, xml},
};

/// Reads a page in a dialect, which a page may also choose itself.
pub(crate) fn read_as(text: &str, url: &str, dialect: Dialect) -> Result<Document, Fault> {
    read_by(text, url, dialect, &mut Reader::default())
}

/// The same, and the reader says whether it goes on behind a fault.
pub(crate) fn read_by(text: &str, url: &str, dialect: Dialect, reader: &mut Reader) -> Result<Document, Fault> {
    let checked = xml::checked(text)?;
    let tree = xml::parse(&checked)?;
    if dialect == Dialect::ContactPro || contactpro::is_spoken(tree.root_element()) {
        let imported = contactpro::taken(&checked)?;
        let tree = xml::parse(&imported.document)?;
        let mut document = of_root(Attributes(tree.root_element()), url, reader)?;
        document.is_vendor = true;
        let identified = contactpro::place::check_identifiers(&document, Attributes(tree.root_element()));
        reader.past(identified)?;
        document.warnings.splice(0..0, imported.removed);
        document.warnings.truncate(Reader::MOST);
        return Ok(document);
    }
    of_root(Attributes(tree.root_element()), url, reader)
}

fn of_root(from: Attributes<'_, '_>, url: &str, reader: &mut Reader) -> Result<Document, Fault> {
    if from.0.tag_name().name() != "vxml" {
        return Err(from.fault("the root is not <vxml>"));
    }
    let version = match from.get("version") {
        // What the first has otherwise is understood wherever it stands.
        Some("1.0" | "2.0" | "2.1") => Ok(()),
        Some(other) => Err(from.fault(format!("version {other} is neither 2.0 nor 2.1"))),
        None => Err(from.fault("version is missing")),
    };
    reader.past(version)?;
    let is_python = contactpro::is_python(from.0);
    if is_python {
        contactpro::check_expressions(from.0, reader)?;
    }
    let plain = url.split('#').next().unwrap_or_default();
    let mut document = Document {
        base: from
            .base()
            .or_else(|| from.owned("base").filter(|base| base.contains("://")))
            .unwrap_or_else(|| plain.to_owned()),
        language: from.language().or_else(|| from.owned("lang")),
        root: from.owned("application").filter(|root| !root.trim().is_empty()),
        is_python,
        is_early: from.vendor("earlyqueuing") == Some("true"),
        ..Document::empty(plain)
    };
    for node in from.0.children().filter(Node::is_element) {
        let added = add(Attributes(node), &mut document, reader);
        reader.past(added)?;
    }
    document.warnings = std::mem::take(&mut reader.warnings);
    Ok(document)
}

fn add(child: Attributes<'_, '_>, document: &mut Document, reader: &mut Reader) -> Result<(), Fault> {
    if let Some(catch) = Catch::read(child, reader)? {
        document.handlers.push(catch);
        return Ok(());
    }
    if contactpro::is_spoken(child.0.document().root_element())
        && let Some(dialog) = contactpro::top::read(child, reader)?
    {
        document.add(dialog);
        return Ok(());
    }
    let dialog = match child.0.tag_name().name() {
        "form" => form::read(child, reader)?,
        "menu" => menu::read(child, reader)?,
        "var" => {
            document.start.push(Start::Var(Var::read(child)?));
            return Ok(());
        }
        "script" => {
            document.start.push(Start::Script(Script::read(child)?));
            return Ok(());
        }
        "data" => {
            document.start.push(Start::Data(super::data::Data::read(child)?));
            return Ok(());
        }
        "property" => {
            document.properties.extend([item::property(child)?]);
            return Ok(());
        }
        "link" => {
            document.links.push(Link::read(child)?);
            return Ok(());
        }
        "meta" | "metadata" => return Ok(()),
        name => return exec::misplaced(child.0, name, reader),
    };
    if dialog.id.is_some() && document.dialog(dialog.id.as_deref()).is_some() {
        return Err(child.fault(format!("a second dialog {}", dialog.id.unwrap_or_default())));
    }
    document.add(dialog);
    Ok(())
}
