//! Whether the scripts and expressions of a page can be read at all.
//!
//! Shape: an element in, what is wrong with its code out. The code is compiled as the inside of a function that nobody calls.
//! Errors: none; where the engine does not start, or has had enough, nothing more is found.

use roxmltree::Node;

use crate::vxml::script::{QuickJs, ScopeId, ScriptEngine};

/// The attributes whose values are expressions.
const EXPRESSIONS: [&str; 9] =
    ["array", "aaiexpr", "cond", "destexpr", "eventexpr", "expr", "expritem", "messageexpr", "srcexpr"];
/// Elements that hold something, and nothing at first where their expression is empty.
const HOLDING: [&str; 8] = ["block", "field", "initial", "object", "record", "subdialog", "transfer", "var"];
/// Expressions of one page that are looked at.
const MOST: usize = 5_000;

/// Reads code. It runs nothing that the page may be taken to mean; what gets out of its function all the same is bounded as on a call.
pub(super) struct Scripts {
    engine: Box<dyn ScriptEngine>,
    scope: ScopeId,
    looked_at: usize,
}

impl Scripts {
    /// `None` where there is no engine to be had.
    pub(super) fn new() -> Option<Self> {
        let mut engine: Box<dyn ScriptEngine> = Box::new(QuickJs::new(1).ok()?);
        let scope = engine.open(&["document"]).ok()?;
        Some(Self { engine, scope, looked_at: 0 })
    }

    /// What is wrong with the code of an element, with the attribute where it is in one.
    pub(super) fn faults<'a>(&mut self, node: Node<'a, '_>) -> Vec<(Option<&'a str>, String)> {
        let mut faults = Vec::new();
        for attribute in node.attributes().filter(|attribute| attribute.namespace().is_none()) {
            let is_none = attribute.name() == "expr"
                && attribute.value().trim().is_empty()
                && HOLDING.contains(&node.tag_name().name());
            if EXPRESSIONS.contains(&attribute.name()) && !is_none {
                let fault = self.fault(&format!("return ({}\n);", attribute.value()));
                faults.extend(fault.map(|fault| (Some(attribute.name()), fault)));
            }
        }
        if node.tag_name().name() == "script" && node.attribute("src").is_none() {
            let source: String = node.children().filter_map(|child| child.text()).collect();
            faults.extend(self.fault(&source).map(|fault| (None, fault)));
        }
        faults
    }

    fn fault(&mut self, body: &str) -> Option<String> {
        if self.looked_at >= MOST {
            return None;
        }
        self.looked_at += 1;
        let error = self.engine.truth(&[self.scope], &format!("function(){{{body}\n}}")).err()?.0;
        if matches!(error.as_str(), "interrupted" | "out of memory") || error.starts_with("too many steps") {
            self.looked_at = MOST;
            return None;
        }
        Some(format!("is no script: {error}"))
    }
}
