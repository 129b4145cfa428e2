//! What an expression names, looked through when the page is read.
//!
//! Shape: whatever the evaluator could never do is refused here, at its place: functions, methods and parts of modules that are not there.
//! What depends on values is found when they are there.

use super::{
    Refusal, builtins, datetimes, methods, modules, regexes, strings,
    tree::{Clause, Comprehension, Kind, Node, Piece},
};

/// Refuses a tree that could not be evaluated.
pub(super) fn check(node: &Node) -> Result<(), Refusal> {
    Check { bound: Vec::new() }.node(node)
}

struct Check {
    /// Names of comprehensions and functions around.
    bound: Vec<String>,
}

impl Check {
    fn node(&mut self, node: &Node) -> Result<(), Refusal> {
        match &node.kind {
            Kind::None
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::Name(_)
            | Kind::Reference(..) => Ok(()),
            Kind::Formatted(pieces) => self.pieces(pieces),
            Kind::Attribute(of, name) => {
                self.node(of)?;
                self.attribute(node, of, name)
            }
            Kind::Call { what, args, named } => {
                self.called(what)?;
                args.iter().chain(named.iter().map(|(_, node)| node)).try_for_each(|node| self.node(node))
            }
            Kind::Slice(of, parts) => {
                self.node(of)?;
                parts.iter().flatten().try_for_each(|part| self.node(part))
            }
            Kind::Not(inner) | Kind::Sign(_, inner) => self.node(inner),
            Kind::Item(left, right) | Kind::Binary(_, left, right) | Kind::And(left, right) | Kind::Or(left, right) => {
                self.node(left)?;
                self.node(right)
            }
            Kind::Compared(first, rest) => {
                self.node(first)?;
                rest.iter().try_for_each(|(_, node)| self.node(node))
            }
            Kind::Choice(value, condition, other) => {
                [value, condition, other].into_iter().try_for_each(|node| self.node(node))
            }
            Kind::Lambda(lambda) => {
                lambda
                    .params
                    .iter()
                    .filter_map(|(_, default)| default.as_ref())
                    .try_for_each(|node| self.node(node))?;
                let outer = self.bound.len();
                self.bound.extend(lambda.params.iter().map(|(name, _)| name.to_string()));
                self.node(&lambda.body)?;
                self.bound.truncate(outer);
                Ok(())
            }
            Kind::List(all) | Kind::Tuple(all) | Kind::Set(all) => all.iter().try_for_each(|node| self.node(node)),
            Kind::Dict(all) => all.iter().flat_map(|(key, value)| [key, value]).try_for_each(|node| self.node(node)),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
        }
    }

    fn pieces(&mut self, pieces: &[Piece]) -> Result<(), Refusal> {
        for piece in pieces {
            if let Piece::Value { value, format, .. } = piece {
                self.node(value)?;
                self.pieces(format)?;
            }
        }
        Ok(())
    }

    fn comprehension(&mut self, comprehension: &Comprehension) -> Result<(), Refusal> {
        let outer = self.bound.len();
        for Clause { names, of, conditions } in &comprehension.clauses {
            self.node(of)?;
            names.each(&mut |name| self.bound.push(name.to_owned()));
            conditions.iter().try_for_each(|node| self.node(node))?;
        }
        self.node(&comprehension.element)?;
        comprehension.value.iter().try_for_each(|node| self.node(node))?;
        self.bound.truncate(outer);
        Ok(())
    }

    /// The module that a node names.
    fn module<'n>(&self, node: &'n Node) -> Option<&'n str> {
        match &node.kind {
            Kind::Name(name) if !self.bound.contains(name) && modules::named(name).is_some() => Some(name),
            _ => None,
        }
    }

    fn attribute(&self, node: &Node, of: &Node, name: &str) -> Result<(), Refusal> {
        let is_there = match self.module(of) {
            Some(module) => modules::constant(module, name).is_some(),
            None => datetimes::ATTRIBUTES.contains(&name) || name == "pattern",
        };
        if is_there {
            return Ok(());
        }
        Err(Refusal { at: node.at, text: format!("there is no attribute {name} here; a key stands in brackets") })
    }

    fn called(&mut self, what: &Node) -> Result<(), Refusal> {
        let refuse = |text: String| Err(Refusal { at: what.at, text });
        match &what.kind {
            Kind::Name(name) => {
                let is_there = self.bound.contains(name) || builtins::named(name).is_some();
                if is_there { Ok(()) } else { refuse(format!("there is no function {name} here")) }
            }
            Kind::Attribute(of, name) => {
                if let Some(module) = self.module(of) {
                    let is_there = modules::has(module, name);
                    return if is_there { Ok(()) } else { refuse(format!("there is no {module}.{name} here")) };
                }
                self.node(of)?;
                if methods::CHANGING.contains(&name.as_str()) {
                    return refuse(format!("{name} would change its value, which an expression does not"));
                }
                let known = [
                    &strings::NAMES[..],
                    &methods::COLLECTIONS,
                    &methods::MATCHES,
                    &datetimes::METHODS,
                    &regexes::FUNCTIONS,
                ];
                let is_there = known.iter().any(|names| names.contains(&name.as_str()));
                if is_there { Ok(()) } else { refuse(format!("there is no method {name} here")) }
            }
            _ => self.node(what),
        }
    }
}
