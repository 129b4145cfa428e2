//! A tree and its names to a value.
//!
//! Shape: an [`Evaluator`] has the names around it, those of comprehensions and functions, and a budget.
//! Errors: [`Failure`].

use std::sync::Arc;

use super::{
    Failure, Names, World, args,
    args::Args,
    budget::Budget,
    builtins, datetimes, format, methods, modules, nested, ops, text,
    tree::{Comprehension, Kind, Lambda, Makes, Names as Targets, Node, Piece},
    value::Value,
};

/// A function with what it has seen when it was made.
#[derive(Debug)]
pub(super) struct Closure {
    lambda: Arc<Lambda>,
    defaults: Vec<Option<Value>>,
    locals: Vec<(Arc<str>, Value)>,
    /// How many levels of values and functions it holds.
    pub(super) depth: usize,
}

pub(super) struct Evaluator<'a> {
    pub(super) names: &'a dyn Names,
    pub(super) world: &'a mut World,
    pub(super) budget: &'a mut Budget,
    locals: Vec<(Arc<str>, Value)>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(names: &'a dyn Names, world: &'a mut World, budget: &'a mut Budget) -> Self {
        Self { names, world, budget, locals: Vec::new() }
    }

    pub(super) fn eval(&mut self, node: &Node) -> Result<Value, Failure> {
        self.budget.steps(1)?;
        self.budget.down()?;
        let value = self.node(node);
        self.budget.up();
        value.and_then(nested::bounded)
    }

    fn node(&mut self, node: &Node) -> Result<Value, Failure> {
        Ok(match &node.kind {
            Kind::None => Value::None,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::Int(*value),
            Kind::Float(value) => Value::Float(*value),
            Kind::Text(text) => Value::Text(text.clone()),
            Kind::Formatted(pieces) => Value::text(self.formatted(pieces)?),
            Kind::Name(name) => self.name(name),
            Kind::Reference(store, name) => self.names.reference(*store, name),
            Kind::Attribute(of, name) => {
                let of = self.eval(of)?;
                attribute(&of, name)?
            }
            Kind::Item(of, key) => {
                let (of, key) = (self.eval(of)?, self.eval(key)?);
                item(&of, &key, self.budget)?
            }
            Kind::Slice(of, parts) => self.slice(of, parts)?,
            Kind::Call { what, args, named } => self.call_of(what, args, named)?,
            Kind::Not(inner) => Value::Bool(!self.eval(inner)?.is_true()),
            Kind::Sign(sign, inner) => ops::sign(*sign, &self.eval(inner)?)?,
            Kind::Binary(operator, left, right) => {
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                ops::binary(*operator, &left, &right, self.budget)?
            }
            Kind::Compared(first, rest) => Value::Bool(self.compared(first, rest)?),
            Kind::And(left, right) => {
                let left = self.eval(left)?;
                if left.is_true() { self.eval(right)? } else { left }
            }
            Kind::Or(left, right) => {
                let left = self.eval(left)?;
                if left.is_true() { left } else { self.eval(right)? }
            }
            Kind::Choice(value, condition, other) => {
                let is_true = self.eval(condition)?.is_true();
                self.eval(if is_true { value } else { other })?
            }
            Kind::Lambda(lambda) => self.closure(lambda)?,
            Kind::List(all) => Value::List(self.all(all)?.into()),
            Kind::Tuple(all) => Value::Tuple(self.all(all)?.into()),
            Kind::Set(all) => self.set(all)?,
            Kind::Dict(all) => self.dictionary(all)?,
            Kind::Comprehension(comprehension) => self.comprehension(comprehension)?,
        })
    }

    fn compared(&mut self, first: &Node, rest: &[(ops::Compare, Node)]) -> Result<bool, Failure> {
        let mut left = self.eval(first)?;
        for (compare, right) in rest {
            let right = self.eval(right)?;
            if !ops::compare(*compare, &left, &right, self.budget)? {
                return Ok(false);
            }
            left = right;
        }
        Ok(true)
    }

    fn set(&mut self, nodes: &[Node]) -> Result<Value, Failure> {
        let mut made = Vec::new();
        for value in self.all(nodes)? {
            ops::add(&mut made, value, self.budget)?;
        }
        Ok(Value::Set(made.into()))
    }

    fn dictionary(&mut self, pairs: &[(Node, Node)]) -> Result<Value, Failure> {
        let mut made = Vec::new();
        for (key, value) in pairs {
            let (key, value) = (self.eval(key)?, self.eval(value)?);
            ops::put(&mut made, key, value, self.budget)?;
        }
        Ok(Value::Dict(made.into()))
    }

    fn all(&mut self, nodes: &[Node]) -> Result<Vec<Value>, Failure> {
        self.budget.bytes(nodes.len() * 24)?;
        nodes.iter().map(|node| self.eval(node)).collect()
    }

    /// The nearest of this name: of a comprehension or function, a variable, what Python has.
    fn name(&self, name: &str) -> Value {
        let local = self.locals.iter().rev().find(|(known, _)| **known == *name).map(|(_, value)| value.clone());
        local
            .or_else(|| self.names.name(name))
            .or_else(|| builtins::named(name))
            .or_else(|| modules::named(name))
            .unwrap_or(Value::None)
    }

    fn formatted(&mut self, pieces: &[Piece]) -> Result<String, Failure> {
        let mut made = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => made += text,
                Piece::Value { value, conversion, format } => {
                    let value = self.eval(value)?;
                    let value = match conversion {
                        Some('r') => Value::text(text::paid_repr(&value, self.budget)?),
                        Some(_) => Value::text(text::paid(&value, self.budget)?),
                        None => value,
                    };
                    let spec = self.formatted(format)?;
                    made += &format::format(&value, &spec, self.budget)?;
                }
            }
            self.budget.bytes(made.len())?;
        }
        Ok(made)
    }

    fn slice(&mut self, of: &Node, parts: &[Option<Box<Node>>; 3]) -> Result<Value, Failure> {
        let of = self.eval(of)?;
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            let value = part.as_ref().map_or(Ok(Value::None), |part| self.eval(part))?;
            if !matches!(value, Value::None) {
                *bound = Some(args::int(&value)?);
            }
        }
        methods::slice(&of, bounds, self.budget)
    }

    fn closure(&mut self, lambda: &Arc<Lambda>) -> Result<Value, Failure> {
        let mut defaults = Vec::new();
        for (_, default) in &lambda.params {
            defaults.push(default.as_ref().map(|node| self.eval(node)).transpose()?);
        }
        self.budget.steps(self.locals.len())?;
        self.budget.bytes((self.locals.len() + defaults.len()) * 48 + 96)?;
        let depth = nested::over(self.locals.iter().map(|(_, value)| value).chain(defaults.iter().flatten()));
        Ok(Value::Function(Arc::new(Closure { lambda: lambda.clone(), defaults, locals: self.locals.clone(), depth })))
    }

    fn call_of(&mut self, what: &Node, args: &[Node], named: &[(String, Node)]) -> Result<Value, Failure> {
        let method = match &what.kind {
            Kind::Attribute(of, name) => Some((self.eval(of)?, name.as_str())),
            _ => None,
        };
        let function = if method.is_none() { self.eval(what)? } else { Value::None };
        let list = self.all(args)?;
        let named = named
            .iter()
            .map(|(name, node)| Ok((name.clone(), self.eval(node)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let args = Args { list, named };
        match method {
            Some((Value::Module(module), name)) => modules::call(self, module, name, args),
            Some((Value::Builtin(class), name)) => modules::of_class(self, class, name, args),
            Some((of, name)) => methods::call(self, &of, name, args),
            None => self.call(&function, args),
        }
    }

    /// Calls a function.
    pub(super) fn call(&mut self, function: &Value, args: Args) -> Result<Value, Failure> {
        match function {
            Value::Builtin(name) => builtins::call(self, name, args),
            Value::Function(closure) => {
                let mut list = args.list.into_iter();
                let mut named = args.named;
                let mut locals = closure.locals.clone();
                self.budget.steps(locals.len())?;
                for ((name, _), default) in closure.lambda.params.iter().zip(&closure.defaults) {
                    let by_name = named.iter().position(|(known, _)| **known == **name);
                    let value =
                        list.next().or_else(|| by_name.map(|at| named.remove(at).1)).or_else(|| default.clone());
                    let value =
                        value.ok_or_else(|| Failure::new(format!("TypeError: the argument {name} is missing")))?;
                    locals.push((name.clone(), value));
                }
                if list.next().is_some() || !named.is_empty() {
                    return Err(Failure::new("TypeError: too many arguments"));
                }
                let outer = std::mem::replace(&mut self.locals, locals);
                let value = self.eval(&closure.lambda.body);
                self.locals = outer;
                value
            }
            other => Err(Failure::new(format!("TypeError: '{}' object is not callable", other.kind()))),
        }
    }

    fn comprehension(&mut self, comprehension: &Comprehension) -> Result<Value, Failure> {
        let (mut list, mut pairs) = (Vec::new(), Vec::new());
        let outer = self.locals.len();
        let done = self.clauses(comprehension, 0, &mut list, &mut pairs);
        self.locals.truncate(outer);
        done?;
        Ok(match comprehension.makes {
            Makes::List => Value::List(list.into()),
            Makes::Set => Value::Set(list.into()),
            Makes::Dict => Value::Dict(pairs.into()),
        })
    }

    fn clauses(
        &mut self,
        comprehension: &Comprehension,
        index: usize,
        list: &mut Vec<Value>,
        pairs: &mut Vec<(Value, Value)>,
    ) -> Result<(), Failure> {
        let Some(clause) = comprehension.clauses.get(index) else {
            let element = self.eval(&comprehension.element)?;
            match (comprehension.makes, &comprehension.value) {
                (Makes::Dict, Some(value)) => {
                    let value = self.eval(value)?;
                    return ops::put(pairs, element, value, self.budget);
                }
                (Makes::Set, _) => return ops::add(list, element, self.budget),
                _ => {
                    self.budget.bytes(24)?;
                    list.push(element);
                    return Ok(());
                }
            }
        };
        let of = self.eval(&clause.of)?;
        let outer = self.locals.len();
        'elements: for element in items(&of, self.budget)? {
            self.locals.truncate(outer);
            self.assign(&clause.names, &element)?;
            for condition in &clause.conditions {
                if !self.eval(condition)?.is_true() {
                    continue 'elements;
                }
            }
            self.clauses(comprehension, index + 1, list, pairs)?;
        }
        Ok(())
    }

    fn assign(&mut self, names: &Targets, value: &Value) -> Result<(), Failure> {
        self.budget.steps(1)?;
        match names {
            Targets::One(name) => self.locals.push((name.clone(), value.clone())),
            Targets::Many(names) => {
                let values = items(value, self.budget)?;
                if values.len() != names.len() {
                    let counts = (values.len(), names.len());
                    return Err(Failure::new(format!("ValueError: {} values for {} names", counts.0, counts.1)));
                }
                for (name, value) in names.iter().zip(&values) {
                    self.assign(name, value)?;
                }
            }
        }
        Ok(())
    }
}

/// What a loop goes through.
pub(super) fn items(value: &Value, budget: &mut Budget) -> Result<Vec<Value>, Failure> {
    let all = match value {
        Value::Text(text) => {
            budget.bytes(text.len() * 32)?;
            text.chars().map(|c| Value::text(c.to_string())).collect()
        }
        Value::Dict(all) => all.iter().map(|(key, _)| key.clone()).collect(),
        other => match other.elements() {
            Some(all) => all.to_vec(),
            None => return Err(Failure::new(format!("TypeError: '{}' object is not iterable", other.kind()))),
        },
    };
    let all: Vec<Value> = all;
    budget.steps(all.len())?;
    Ok(all)
}

/// `of[key]`.
fn item(of: &Value, key: &Value, budget: &mut Budget) -> Result<Value, Failure> {
    match of {
        Value::Dict(all) => {
            if let Some(value) = ops::get(all, key, budget)? {
                return Ok(value.clone());
            }
            Err(Failure::new(format!("KeyError: {}", text::paid_repr(key, budget)?)))
        }
        Value::Text(text) => {
            let length = text.chars().count();
            budget.steps(length / 16)?;
            let at = index(args::int(key)?, length)?;
            Ok(text.chars().nth(at).map_or(Value::None, |c| Value::text(c.to_string())))
        }
        Value::List(all) | Value::Tuple(all) => Ok(all[index(args::int(key)?, all.len())?].clone()),
        Value::Match(_) => methods::group(of, key),
        other => Err(Failure::new(format!("TypeError: '{}' object is not subscriptable", other.kind()))),
    }
}

fn index(at: i64, length: usize) -> Result<usize, Failure> {
    let length_signed = i64::try_from(length).unwrap_or(i64::MAX);
    let at = if at < 0 { at.saturating_add(length_signed) } else { at };
    usize::try_from(at).ok().filter(|at| *at < length).ok_or_else(|| Failure::new("IndexError: index out of range"))
}

/// `of.name`, where it is not called.
fn attribute(of: &Value, name: &str) -> Result<Value, Failure> {
    let found = match of {
        Value::Module(module) => modules::constant(module, name),
        Value::DateTime(_) | Value::Date(_) | Value::Time(_) | Value::Span(_) => datetimes::attribute(of, name),
        Value::Pattern(pattern) if name == "pattern" => Some(Value::Text(pattern.source.clone())),
        _ => None,
    };
    found.ok_or_else(|| Failure::new(format!("AttributeError: '{}' object has no attribute '{name}'", of.kind())))
}
