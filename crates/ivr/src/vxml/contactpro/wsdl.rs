//! A description of a SOAP server: its address, its namespace and what a method wants to be called by.
//!
//! Sources: WSDL 1.1 §2.1, §3; `voicexml-customizers.md` 6, row 33.

use roxmltree::Node;

use crate::vxml::wire::{Attributes, Fault, xml};

/// Where a server is, and what it wants.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Service {
    pub(super) address: String,
    pub(super) namespace: Option<String>,
    pub(super) action: Option<String>,
}

/// What a description says of a method.
pub(super) fn read(text: &str, method: &str) -> Result<Service, Fault> {
    let text = xml::checked(text)?;
    let tree = xml::parse(&text)?;
    let root = tree.root_element();
    let all =
        |name: &'static str| root.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name);
    let is_soap = |node: &Node<'_, '_>| node.tag_name().namespace() == Some("http://schemas.xmlsoap.org/wsdl/soap/");
    let address = all("address").find(is_soap).and_then(|node| node.attribute("location"));
    let address = address.ok_or_else(|| Attributes(root).fault("there is no address of a server of SOAP 1.1"))?;
    let of_method = |node: &Node<'_, '_>| {
        is_soap(node) && node.parent().is_some_and(|parent| parent.attribute("name") == Some(method))
    };
    Ok(Service {
        address: address.to_owned(),
        namespace: root.attribute("targetNamespace").map(str::to_owned),
        action: all("operation").find(of_method).and_then(|node| node.attribute("soapAction")).map(str::to_owned),
    })
}
