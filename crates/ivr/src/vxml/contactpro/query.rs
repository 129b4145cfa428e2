//! What `callout`, `customstate` and `soap` have in common: an identifier, parameters, and what is run when they fail or take too long.
//!
//! Shape: a [`Failure`] runs the child that is meant for it, with `ERROR` as a variable; where there is none it is an event.
//! Sources: `voicexml-customizers.md` 1.2, 1.6, 1.8, 2.3; 6, rows 2 and 34.

use serde_json::{Map, Value as Json, json};

use crate::vxml::{
    elements::{
        Reader,
        exec::{self, Content},
    },
    run::{Event, Flow, Interpreter, Stop},
    wire::{Attributes, Fault, Given},
};

/// How deep queries may stand in what is run when others fail.
const MAX_NESTED: usize = 8;
/// Most parameters.
const MAX_PARAMS: usize = 100;

/// What queries have in common.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) id: String,
    params: Vec<(String, Given)>,
    /// All parameters as one dictionary.
    dictionary: Option<String>,
    error: Option<Content>,
    timeout: Option<Content>,
}

/// Why a query has no result.
pub(crate) struct Failure {
    /// The event, where no child is there for it.
    pub(crate) event: String,
    /// What `ERROR` says it is.
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) is_timeout: bool,
}

impl Query {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let id = from.vendor("id").or_else(|| from.vendor("name")).ok_or_else(|| from.fault("id is missing"))?;
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(from.fault(format!("the id {id:?} has other characters than letters, digits and _")));
        }
        let is_query = |name: &str| matches!(name, "callout" | "customstate" | "soap");
        if from.0.ancestors().filter(|node| is_query(node.tag_name().name())).count() > MAX_NESTED {
            return Err(from.fault(format!("more than {MAX_NESTED} stand in one another")));
        }
        let mut query = Self {
            id: id.to_owned(),
            params: Vec::new(),
            dictionary: from.vendor("params").map(str::to_owned),
            error: None,
            timeout: None,
        };
        for node in from.0.children().filter(roxmltree::Node::is_element) {
            let child = Attributes(node);
            match node.tag_name().name() {
                "param" => {
                    let name = child.vendor("name").ok_or_else(|| child.fault("name is missing"))?;
                    let value =
                        child.direct("value", "expr").ok_or_else(|| child.fault("there is neither value nor expr"))?;
                    if query.params.len() >= MAX_PARAMS {
                        return Err(child.fault(format!("more than {MAX_PARAMS} parameters")));
                    }
                    query.params.push((name.to_owned(), value));
                }
                "error" => query.error = Some(exec::read(node, reader)?),
                "timeout" => query.timeout = Some(exec::read(node, reader)?),
                name => exec::misplaced(node, name, reader)?,
            }
        }
        Ok(query)
    }

    /// Whether a child is there for a failure.
    pub(crate) fn has_child(&self, is_timeout: bool) -> bool {
        if is_timeout { self.timeout.is_some() } else { self.error.is_some() }
    }

    /// The parameters with their values, in their order.
    pub(crate) fn values(&self, interpreter: &mut Interpreter<'_>) -> Result<Vec<(String, Json)>, Stop> {
        let mut values = Vec::new();
        if let Some(dictionary) = &self.dictionary {
            match interpreter.json(dictionary)? {
                Json::Object(all) => values.extend(all),
                _ => return Err(Event::semantic(format!("the parameters of {} are no dictionary", self.id)).into()),
            }
        }
        for (name, given) in &self.params {
            let value = interpreter.json_of(given)?;
            match values.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => *old = value,
                None => values.push((name.clone(), value)),
            }
        }
        Ok(values)
    }

    /// Runs the child that is there for a failure. Where it leads nowhere, it goes on behind the query, whose result is undefined.
    pub(crate) async fn failed(&self, failure: Failure, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let child = if failure.is_timeout { &self.timeout } else { &self.error };
        let Some(content) = child else { return Err(Event::with(&failure.event, failure.message).into()) };
        let scope = interpreter.engine.open(&[])?;
        interpreter.frame.chain.push(scope);
        interpreter.engine.put(scope, "ERROR", &json!({"type": failure.kind, "message": failure.message}))?;
        interpreter.engine.put(scope, "_event", &failure.event.into())?;
        interpreter.engine.put(scope, "_message", &failure.message.into())?;
        let flow = interpreter.exec(content).await?;
        interpreter.frame.chain.pop();
        interpreter.engine.close(scope);
        Ok(flow)
    }
}

impl Interpreter<'_> {
    /// A value of an expression; null where it is undefined.
    pub(crate) fn json(&mut self, expr: &str) -> Result<Json, Stop> {
        Ok(self.js(|engine, chain| engine.json(chain, expr))?.unwrap_or(Json::Null))
    }

    /// What an attribute says, or its expression.
    pub(crate) fn json_of(&mut self, given: &Given) -> Result<Json, Stop> {
        match given {
            Given::Text(text) => Ok(json!(text)),
            Given::Expr(expr) => self.json(expr),
        }
    }

    /// A result that is kept; null where there is none.
    pub(crate) fn result(&mut self, kind: &str, id: &str) -> Result<Json, Stop> {
        let application = [self.frame.application()];
        let expr = if self.is_python { format!("{{{kind}:{id}}}") } else { format!("{kind}[{}]", json!(id)) };
        Ok(self.engine.json(&application, &expr)?.unwrap_or(Json::Null))
    }

    /// Keeps a result under its kind and identifier, for all of the application: `{soap:ID}`, or `soap.ID` in ECMAScript.
    pub(crate) fn keep_result(&mut self, kind: &str, id: &str, value: &Json) -> Result<(), Stop> {
        let application = self.frame.application();
        if self.is_python {
            return Ok(self.engine.put(application, &format!("{kind}:{id}"), value)?);
        }
        if !self.engine.is_set(application, kind)? {
            self.engine.put(application, kind, &Json::Object(Map::new()))?;
        }
        let scope = self.engine.open(&[])?;
        let kept = self.engine.put(scope, "v", value);
        let kept = kept.and_then(|()| {
            self.engine.assign(&[application, scope], &format!("{kind}[{}]", json!(id)), "v", self.session)
        });
        self.engine.close(scope);
        Ok(kept?)
    }
}
