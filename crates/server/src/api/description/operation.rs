//! What is said of one operation.
//!
//! Shape: a summary, then what it takes and what it answers, by the kind of each. The errors that follow from these, as 401 for want of
//! a token and 404 for a path with an id, need not be named.
//! Sources: OpenAPI 3.1.0 sections 4.8.10, 4.8.16.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::schema::{Schemas, request, shown, taken};

/// An operation, described.
#[derive(Clone, Default)]
pub(in crate::api) struct Operation {
    pub(super) summary: String,
    pub(super) details: String,
    /// Whether it needs no token.
    pub(super) open: bool,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Body>,
    pub(super) answers: BTreeMap<u16, Answer>,
    pub(super) schemas: Schemas,
}

/// What a request holds.
#[derive(Clone)]
pub(super) struct Body {
    pub(super) kinds: Vec<&'static str>,
    /// The name under which its schema is kept, where it has one.
    pub(super) name: Option<String>,
    pub(super) schema: Value,
    pub(super) example: Option<Value>,
}

/// What is answered with one status.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) about: String,
    /// The types that its content may have, with the schema of each; none where there is no content.
    pub(super) content: Vec<(&'static str, Value)>,
}

const JSON: &str = "application/json";

impl Operation {
    /// An operation that does this.
    pub(in crate::api) fn new(summary: &str) -> Self {
        Self { summary: summary.to_owned(), ..Self::default() }
    }

    /// More of it, in Markdown.
    #[must_use]
    pub(in crate::api) fn details(mut self, more: impl AsRef<str>) -> Self {
        if !self.details.is_empty() {
            self.details.push_str("\n\n");
        }
        self.details.push_str(more.as_ref());
        self
    }

    /// It needs no token.
    #[must_use]
    pub(in crate::api) fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// 200 with a `T`.
    #[must_use]
    pub(in crate::api) fn shows<T: ToSchema>(self) -> Self {
        self.answers::<T>(200, "As it is.")
    }

    /// 200 with a list of `T`, of which `page`, `per_page` and `order` choose a part.
    #[must_use]
    pub(in crate::api) fn lists<T: ToSchema>(self) -> Self {
        self.lists_all::<T>()
            .query("page", json!({ "type": "integer", "minimum": 1 }), "Which page of the list; the first is 1.")
            .query(
                "per_page",
                json!({ "type": "integer", "minimum": 1 }),
                "How many are on a page; all of them without it.",
            )
            .query("order", json!({ "type": "string", "enum": ["asc", "desc"] }), "The oldest first, or the newest.")
    }

    /// 200 with a list of `T`, always whole.
    #[must_use]
    pub(in crate::api) fn lists_all<T: ToSchema>(mut self) -> Self {
        let item = shown::<T>(&mut self.schemas);
        self.json(200, "The list.", json!({ "type": "array", "items": item }))
    }

    /// 201 with the `T` that was made.
    #[must_use]
    pub(in crate::api) fn makes<T: ToSchema>(self) -> Self {
        self.answers::<T>(201, "Made, as it is now.")
    }

    /// 201 with a list of the `T` that were made.
    #[must_use]
    pub(in crate::api) fn made_all<T: ToSchema>(mut self) -> Self {
        let item = shown::<T>(&mut self.schemas);
        self.json(201, "Made, as they are now.", json!({ "type": "array", "items": item }))
    }

    /// This status with a `T`.
    #[must_use]
    pub(in crate::api) fn answers<T: ToSchema>(mut self, status: u16, about: &str) -> Self {
        let schema = shown::<T>(&mut self.schemas);
        self.json(status, about, schema)
    }

    /// This status with JSON of a schema.
    #[must_use]
    pub(in crate::api) fn json(self, status: u16, about: &str, schema: Value) -> Self {
        self.content(status, about, JSON, schema)
    }

    /// 204, which says that it was done.
    #[must_use]
    pub(in crate::api) fn empties(self) -> Self {
        self.bare(204, "Done.")
    }

    /// This status without content.
    #[must_use]
    pub(in crate::api) fn bare(mut self, status: u16, about: &str) -> Self {
        self.answers.insert(status, Answer { about: about.to_owned(), content: Vec::new() });
        self
    }

    /// This status with content of another type than JSON.
    #[must_use]
    pub(in crate::api) fn file(self, status: u16, about: &str, kind: &'static str) -> Self {
        self.content(status, about, kind, json!({ "type": "string" }))
    }

    /// The same status, with content of another type where the request says so.
    #[must_use]
    pub(in crate::api) fn also(mut self, status: u16, kind: &'static str) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer.content.push((kind, json!({ "type": "string" })));
        }
        self
    }

    fn content(mut self, status: u16, about: &str, kind: &'static str, schema: Value) -> Self {
        self.answers.insert(status, Answer { about: about.to_owned(), content: vec![(kind, schema)] });
        self
    }

    /// This status with the object that all errors have.
    #[must_use]
    pub(in crate::api) fn fails(self, status: u16, when: &str) -> Self {
        self.json(status, when, json!({ "$ref": "#/components/schemas/Error" }))
    }

    /// 409.
    #[must_use]
    pub(in crate::api) fn conflicts(self, when: &str) -> Self {
        self.fails(409, when)
    }

    /// A parameter of the query.
    #[must_use]
    pub(in crate::api) fn query(mut self, name: &str, schema: Value, about: &str) -> Self {
        self.parameters.push(json!({ "name": name, "in": "query", "description": about, "schema": schema }));
        self
    }

    /// A filter of a list.
    #[must_use]
    pub(in crate::api) fn filter(self, name: &str, about: &str) -> Self {
        self.query(name, json!({ "type": "string" }), about)
    }

    /// A header of the request.
    #[must_use]
    pub(in crate::api) fn header(mut self, name: &str, schema: Value, about: &str) -> Self {
        self.parameters.push(json!({ "name": name, "in": "header", "description": about, "schema": schema }));
        self
    }

    /// It takes the fields of a `T` that can be written; these have to be there.
    #[must_use]
    pub(in crate::api) fn takes<T: ToSchema>(self, required: &[&str]) -> Self {
        let name = if required.is_empty() { format!("{}Change", T::name()) } else { format!("New{}", T::name()) };
        self.body(&[JSON], Some(name), taken::<T>(required))
    }

    /// It takes an object with these fields; the first so many have to be there.
    #[must_use]
    pub(in crate::api) fn takes_fields(self, required: usize, fields: &[(&str, Value)]) -> Self {
        let needed: Vec<&str> = fields.iter().take(required).map(|(name, _)| *name).collect();
        let fields: Map<String, Value> =
            fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
        self.body(&[JSON], None, request(fields, &needed))
    }

    /// It takes a form, with files where a field is of the format `binary`.
    #[must_use]
    pub(in crate::api) fn takes_form(self, kinds: &[&'static str], schema: Value) -> Self {
        self.body(kinds, None, schema)
    }

    fn body(mut self, kinds: &[&'static str], name: Option<String>, schema: Value) -> Self {
        self.body = Some(Body { kinds: kinds.to_vec(), name, schema, example: None });
        self
    }

    /// Besides what it takes already, this field.
    #[must_use]
    pub(in crate::api) fn field(mut self, name: &str, schema: Value) -> Self {
        if let Some(body) = &mut self.body {
            body.schema["properties"][name] = schema;
        }
        self
    }

    /// What a request may look like.
    #[must_use]
    pub(in crate::api) fn example(mut self, example: Value) -> Self {
        if let Some(body) = &mut self.body {
            body.example = Some(example);
        }
        self
    }
}
