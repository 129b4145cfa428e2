//! Whether the scripts and expressions of a page can be read at all.
//!
//! Shape: an element in, what is wrong with its code out. The code is read as it would be before it is run, and none of it is.
//! Errors: none; where the engine does not start, or has had enough, nothing more is found.

use roxmltree::Node;

use crate::vxml::script::{QuickJs, ScriptError};

/// The attributes whose values are expressions.
const EXPRESSIONS: [&str; 9] =
    ["array", "aaiexpr", "cond", "destexpr", "eventexpr", "expr", "expritem", "messageexpr", "srcexpr"];
/// Elements that hold something, and nothing at first where their expression is empty.
const HOLDING: [&str; 8] = ["block", "field", "initial", "object", "record", "subdialog", "transfer", "var"];
/// Expressions of one page that are looked at.
const MOST: usize = 5_000;

/// Reads code.
pub(super) struct Scripts {
    engine: QuickJs,
    looked_at: usize,
}

impl Scripts {
    /// `None` where there is no engine to be had.
    pub(super) fn new() -> Option<Self> {
        Some(Self { engine: QuickJs::new(1).ok()?, looked_at: 0 })
    }

    /// What is wrong with the code of an element, with the attribute where it is in one.
    pub(super) fn faults<'a>(&mut self, node: Node<'a, '_>) -> Vec<(Option<&'a str>, String)> {
        let mut faults = Vec::new();
        for attribute in node.attributes().filter(|attribute| attribute.namespace().is_none()) {
            let is_none = attribute.name() == "expr"
                && attribute.value().trim().is_empty()
                && HOLDING.contains(&node.tag_name().name());
            if EXPRESSIONS.contains(&attribute.name()) && !is_none {
                let fault = self.fault(|engine| engine.read_expression(attribute.value()));
                faults.extend(fault.map(|fault| (Some(attribute.name()), fault)));
            }
        }
        if node.tag_name().name() == "script" && node.attribute("src").is_none() {
            let source: String = node.children().filter_map(|child| child.text()).collect();
            faults.extend(self.fault(|engine| engine.read_script(&source)).map(|fault| (None, fault)));
        }
        faults
    }

    fn fault(&mut self, read: impl FnOnce(&mut QuickJs) -> Result<(), ScriptError>) -> Option<String> {
        if self.looked_at >= MOST {
            return None;
        }
        self.looked_at += 1;
        let error = read(&mut self.engine).err()?.0;
        if error == "out of memory" || error.starts_with("too many steps") {
            self.looked_at = MOST;
            return None;
        }
        Some(format!("is no script: {error}"))
    }
}
