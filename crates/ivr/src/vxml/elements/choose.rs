//! `<if>` with `<elseif>` and `<else>` (VoiceXML 2.0 §5.3.4).

use super::{
    Reader,
    exec::{self, Content},
};
use crate::vxml::{
    run::{Flow, Interpreter, Stop},
    wire::{Attributes, Fault},
};

/// Branches, of which the first that is true is run; one without a condition is.
#[derive(Clone, Debug)]
pub(crate) struct Choose {
    branches: Vec<(Option<String>, Content)>,
}

impl Choose {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let mut branches = Vec::new();
        let mut cond = Some(from.required("cond")?);
        let mut nodes = Vec::new();
        for node in from.0.children() {
            let next = match node.tag_name().name() {
                "elseif" => Some(Attributes(node).required("cond")?),
                "else" => None,
                _ => {
                    nodes.push(node);
                    continue;
                }
            };
            if cond.is_none() {
                return Err(Attributes(node).fault("stands behind <else>"));
            }
            branches.push((std::mem::replace(&mut cond, next), exec::of_nodes(nodes.drain(..), reader)?));
        }
        branches.push((cond, exec::of_nodes(nodes.into_iter(), reader)?));
        Ok(Self { branches })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        for (cond, content) in &self.branches {
            if interpreter.holds(cond.as_deref())? {
                // No scope of its own (VoiceXML 2.0 §5.1.2).
                return interpreter.exec_here(content).await;
            }
        }
        Ok(Flow::On)
    }
}
