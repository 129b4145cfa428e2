//! A callflow: a tree of modules, of which each leads to one of its children.
//!
//! Shape: [`Node::read`] takes the JSON of a flow, whole: every node is known and has its defaults before the first one runs.
//! [`run`] runs it, [`modules`] has one file a module.
//! Errors: every [`Problem`] at once. What can be put right is, with a [`Warning`], unless validation is strict.
//! Sources: `kazoo-pivot.md` 3.4, 3.5, 3.6, 4.

mod dialing;
mod engine;
pub mod modules;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

pub use engine::run;
pub use modules::{Module, Step, collect_dtmf::truncated};

use super::schema::{Data, Fault, Mode, Problem, Report, Warning};

/// The child of whatever has no child of its own.
pub const OTHERWISE: &str = "_";
/// How deep nodes stand in one another.
pub const MAX_DEPTH: usize = 64;
/// Most nodes of a flow.
pub const MAX_NODES: usize = 2_000;
/// The longest name of a module.
const MAX_NAME: usize = 64;

/// One node of a callflow.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// What it does.
    pub module: Module,
    /// As its author calls it.
    pub name: String,
    /// With what.
    pub data: Data,
    /// What follows, by the names of what comes of it. An empty child is none.
    pub children: BTreeMap<String, Arc<Node>>,
}

impl Node {
    /// Reads a flow: the bare node, one in `flow`, or one in the `flow` of `data`.
    ///
    /// # Errors
    /// Every [`Problem`], with its path from the root of the flow.
    pub fn read(document: &Value, mode: Mode) -> Result<(Arc<Self>, Vec<Warning>), Vec<Problem>> {
        let mut report = Report::new(mode);
        let flow = unwrapped(document, &mut report);
        let mut nodes = 0;
        let read = node(flow, 1, &mut nodes, &mut report);
        let (read, warnings) = report.finish(read)?;
        let missing = || vec![Problem { path: Vec::new(), fault: Fault::Missing }];
        read.map(|node| (Arc::new(node), warnings)).ok_or_else(missing)
    }

    /// What follows this.
    pub fn child(&self, key: &str) -> Option<&Arc<Self>> {
        self.children.get(key)
    }

    /// What follows whatever has nothing of its own.
    pub fn otherwise(&self) -> Option<&Arc<Self>> {
        self.child(OTHERWISE)
    }
}

/// The flow in a document of one (`kazoo-pivot.md` 3.4).
fn unwrapped<'a>(document: &'a Value, report: &mut Report) -> &'a Value {
    let is_node = |value: &Value| value.get("module").is_some();
    let wrapped = [document.get("flow"), document.get("data").and_then(|data| data.get("flow"))];
    match wrapped.into_iter().flatten().next() {
        Some(flow) if !is_node(document) => {
            if report.is_strict() {
                report.fail(&["module"], Fault::Missing);
            }
            flow
        }
        _ => document,
    }
}

fn node(value: &Value, depth: usize, nodes: &mut usize, report: &mut Report) -> Option<Node> {
    let Some(object) = value.as_object() else {
        report.fail(&[], Fault::WrongType("an object"));
        return None;
    };
    *nodes += 1;
    if depth > MAX_DEPTH {
        report.fail(&[], Fault::TooDeep(MAX_DEPTH));
        return None;
    }
    if *nodes > MAX_NODES {
        report.fail(&[], Fault::TooLarge(MAX_NODES));
        return None;
    }
    let named = module(object, report);
    // What stands below is looked at also where the node itself is none, so that all problems are told at once.
    let children = children(object, depth, nodes, report);
    let (module, name) = named?;
    report.enter("data");
    let data = Data::read(object.get("data").unwrap_or(&Value::Null), module.fields(), report);
    report.leave();
    let children = children.into_iter().map(|(key, child)| (key, Arc::new(child))).collect();
    Some(Node { module, name, data, children })
}

fn module(object: &Map<String, Value>, report: &mut Report) -> Option<(Module, String)> {
    let name = match object.get("module") {
        Some(Value::String(name)) if (1..=MAX_NAME).contains(&name.len()) => name,
        Some(Value::String(_)) => {
            report.fail(&["module"], Fault::WrongValue(format!("must have 1 to {MAX_NAME} characters")));
            return None;
        }
        None | Some(Value::Null) => {
            report.fail(&["module"], Fault::Missing);
            return None;
        }
        Some(_) => {
            report.fail(&["module"], Fault::WrongType("a text"));
            return None;
        }
    };
    if let Some(module) = Module::of(name) {
        return Some((module, name.clone()));
    }
    if let Some((_, meant, module)) = modules::ALIASES.iter().find(|(alias, ..)| alias == name) {
        report.put_right(&["module"], format!("{name:?} is no module; it is taken as {meant}"));
        return Some((*module, (*meant).to_owned()));
    }
    // When it is passed over, that is told.
    if !modules::SKIPPED.contains(&name.as_str()) {
        report.put_right(&["module"], format!("{name:?} is no module; it is passed over"));
    }
    Some((Module::Skipped, name.clone()))
}

fn children(
    object: &Map<String, Value>,
    depth: usize,
    nodes: &mut usize,
    report: &mut Report,
) -> BTreeMap<String, Node> {
    let mut read = BTreeMap::new();
    let Some(written) = object.get("children") else { return read };
    report.enter("children");
    match written {
        Value::Null => {}
        Value::Object(children) if children.get("module").is_some_and(Value::is_string) => {
            report.put_right(&[], "is a node itself; it is taken as the child _");
            read.extend(node(written, depth + 1, nodes, report).map(|node| (OTHERWISE.to_owned(), node)));
        }
        Value::Object(children) => {
            for (key, child) in children {
                let is_empty = child.is_null() || child.as_object().is_some_and(Map::is_empty);
                if is_empty && !report.is_strict() {
                    continue;
                }
                report.enter(key.as_str());
                let child = node(child, depth + 1, nodes, report);
                report.leave();
                read.extend(child.map(|node| (key.clone(), node)));
            }
        }
        // What PHP makes of an empty map.
        Value::Array(items) if items.is_empty() && !report.is_strict() => {}
        _ => report.fail(&[], Fault::WrongType("an object")),
    }
    report.leave();
    read
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(flow: &Value, mode: Mode) -> Vec<String> {
        Node::read(flow, mode).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_flow_is_read_bare_and_wrapped() {
        let bare = json!({"module": "answer", "children": {"_": {"module": "hangup"}}});
        let expected = Node::read(&bare, Mode::Strict).unwrap().0;
        assert_eq!(expected.otherwise().unwrap().module, Module::Hangup);
        for wrapped in [json!({"flow": bare, "numbers": ["1"]}), json!({"data": {"flow": bare}, "status": "success"})] {
            assert_eq!(Node::read(&wrapped, Mode::Lenient).unwrap().0, expected);
            assert_eq!(problems(&wrapped, Mode::Strict), ["module is missing"]);
        }
    }

    /// `kazoo-pivot.md` 3.6.
    #[test]
    fn what_examples_of_kazoo_have_wrong_is_put_right_or_refused() {
        for (flow, warning) in [
            (
                json!({"module": "response", "data": {"code": "486"}}),
                "data.code must be a whole number; it is taken as 486",
            ),
            (json!({"module": "say", "data": {"text": "a"}}), "module \"say\" is no module; it is taken as tts"),
            (
                json!({"module": "answer", "children": {"module": "hangup"}}),
                "children is a node itself; it is taken as the child _",
            ),
            (json!({"module": "no_such"}), "module \"no_such\" is no module; it is passed over"),
            (
                json!({"module": "ring_group", "data": {"endpoints": ["a"]}}),
                "data.endpoints.0 must be an object; it is taken as its id",
            ),
        ] {
            let warnings: Vec<_> =
                Node::read(&flow, Mode::Lenient).unwrap().1.iter().map(ToString::to_string).collect();
            assert_eq!(warnings, [warning]);
            assert!(Node::read(&flow, Mode::Strict).is_err(), "{flow}");
        }
        let empty = json!({"module": "answer", "children": {"_": {}}});
        assert!(Node::read(&empty, Mode::Lenient).unwrap().0.children.is_empty());
    }

    #[test]
    fn what_is_fatal_is_told_all_at_once() {
        for (flow, expected) in [
            (json!({}), vec!["module is missing"]),
            (json!([]), vec!["must be an object"]),
            (json!({"module": 5}), vec!["module must be a text"]),
            (json!({"module": ""}), vec!["module must have 1 to 64 characters"]),
            (json!({"module": "answer", "data": 5}), vec!["data must be an object"]),
            (
                json!({"module": "tts", "children": {"1": {"data": {}}, "2": {"module": "pivot", "data": {"voice_url": "x"}}}}),
                vec![
                    "children.1.module is missing",
                    "children.2.data.voice_url must be an absolute http or https URL",
                    "data.text is missing",
                ],
            ),
        ] {
            assert_eq!(problems(&flow, Mode::Lenient), expected);
        }
    }

    #[test]
    fn a_flow_has_no_end_of_nodes() {
        let mut deep = json!({"module": "answer"});
        for _ in 0..MAX_DEPTH {
            deep = json!({"module": "answer", "children": {"_": deep}});
        }
        assert!(problems(&deep, Mode::Lenient)[0].ends_with("is deeper in the flow than 64 nodes"));
        let many: Map<String, Value> = (0..MAX_NODES).map(|n| (n.to_string(), json!({"module": "answer"}))).collect();
        assert!(
            problems(&json!({"module": "answer", "children": many}), Mode::Lenient)[0]
                .ends_with("has more than 2000 nodes")
        );
    }
}
