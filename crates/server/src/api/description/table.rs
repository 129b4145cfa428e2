//! The table of operations.
//!
//! Shape: [`Table::on`] puts a path into the router and into the description, so neither has one that the other lacks.
//! Errors: a path that was added by [`Table::both`] alone is a problem of the description.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter};

use super::operation::Operation;
use super::{Description, document};
use crate::api::ApiState;

/// A group of operations, as the description lists them.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
}

/// One operation: a method of a path.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) path: String,
    pub(super) method: Method,
    pub(super) group: &'static str,
    /// The name of its handler: `dids_list`.
    pub(super) id: String,
    pub(super) operation: Operation,
}

/// What is routed, and what is said of it.
#[derive(Clone)]
pub(in crate::api) struct Table {
    router: Router<ApiState>,
    /// The group of what is added.
    own: &'static str,
    pub(super) groups: Vec<Group>,
    pub(super) rows: Vec<Row>,
}

impl Table {
    /// An empty table; what is added to it belongs to this group.
    pub(in crate::api) fn of(name: &'static str, about: &'static str) -> Self {
        let groups = vec![Group { name, about }];
        Self { router: Router::new(), own: name, groups, rows: Vec::new() }
    }

    /// A path with its methods, good with and without a slash at its end.
    #[must_use]
    pub(in crate::api) fn on(mut self, path: &str, methods: Methods) -> Self {
        for (method, id, operation) in methods.operations {
            self.rows.push(Row { path: path.to_owned(), method, group: self.own, id, operation });
        }
        self.route(path, methods.router)
    }

    fn route(mut self, path: &str, methods: MethodRouter<ApiState>) -> Self {
        let router = self.router.route(path, methods.clone());
        self.router = if path == "/" { router } else { router.route(&format!("{path}/"), methods) };
        self
    }

    /// Both tables.
    #[must_use]
    pub(in crate::api) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.describe(other.groups, other.rows, |path| path);
        self
    }

    /// Another table, all of whose paths begin with this prefix.
    #[must_use]
    pub(in crate::api) fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.router = self.router.nest(prefix, other.router);
        self.describe(other.groups, other.rows, |path| format!("{prefix}{path}"));
        self
    }

    fn describe(&mut self, groups: Vec<Group>, rows: Vec<Row>, whole: impl Fn(String) -> String) {
        for group in groups {
            if !self.groups.iter().any(|known| known.name == group.name) {
                self.groups.push(group);
            }
        }
        self.rows.extend(rows.into_iter().map(|row| Row { path: whole(row.path), ..row }));
    }

    /// The same operations for a second spelling of their paths, with names of their own.
    #[must_use]
    pub(in crate::api) fn spelled_again(mut self, like: &str) -> Self {
        for row in &mut self.rows {
            row.id.push_str("_again");
            row.operation = std::mem::take(&mut row.operation).details(format!("As under `{like}`."));
        }
        self
    }

    /// The same table, with its router changed, as by a layer.
    #[must_use]
    pub(in crate::api) fn layered(mut self, change: impl FnOnce(Router<ApiState>) -> Router<ApiState>) -> Self {
        self.router = change(self.router);
        self
    }

    /// The router alone.
    pub(in crate::api) fn router(&self) -> Router<ApiState> {
        self.router.clone()
    }

    /// The router, and the description of all that is in it.
    pub(in crate::api) fn finish(self) -> (Router<ApiState>, Description) {
        let description = document::describe(&self);
        (self.router, description)
    }
}

/// The methods of a path.
#[derive(Default)]
pub(in crate::api) struct Methods {
    router: MethodRouter<ApiState>,
    operations: Vec<(Method, String, Operation)>,
}

impl Methods {
    fn with<H: Handler<T, ApiState>, T: 'static>(mut self, method: Method, handler: H, operation: Operation) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("the methods here are those that axum knows");
        self.router = self.router.on(filter, handler);
        self.operations.push((method, name_of::<H>(), operation));
        self
    }

    /// Besides, POST.
    #[must_use]
    pub(in crate::api) fn post<H: Handler<T, ApiState>, T: 'static>(self, handler: H, operation: Operation) -> Self {
        self.with(Method::POST, handler, operation)
    }

    /// Besides, PUT.
    #[must_use]
    pub(in crate::api) fn put<H: Handler<T, ApiState>, T: 'static>(self, handler: H, operation: Operation) -> Self {
        self.with(Method::PUT, handler, operation)
    }

    /// Besides, PATCH.
    #[must_use]
    pub(in crate::api) fn patch<H: Handler<T, ApiState>, T: 'static>(self, handler: H, operation: Operation) -> Self {
        self.with(Method::PATCH, handler, operation)
    }

    /// Besides, DELETE.
    #[must_use]
    pub(in crate::api) fn delete<H: Handler<T, ApiState>, T: 'static>(self, handler: H, operation: Operation) -> Self {
        self.with(Method::DELETE, handler, operation)
    }
}

/// A path's methods, of which the first is GET.
pub(in crate::api) fn get<H: Handler<T, ApiState>, T: 'static>(handler: H, operation: Operation) -> Methods {
    Methods::default().with(Method::GET, handler, operation)
}

/// A path's methods, of which the first is POST.
pub(in crate::api) fn post<H: Handler<T, ApiState>, T: 'static>(handler: H, operation: Operation) -> Methods {
    Methods::default().with(Method::POST, handler, operation)
}

/// A path's methods, of which the first is PUT.
pub(in crate::api) fn put<H: Handler<T, ApiState>, T: 'static>(handler: H, operation: Operation) -> Methods {
    Methods::default().with(Method::PUT, handler, operation)
}

/// A path's methods, of which the first is DELETE.
pub(in crate::api) fn delete<H: Handler<T, ApiState>, T: 'static>(handler: H, operation: Operation) -> Methods {
    Methods::default().with(Method::DELETE, handler, operation)
}

/// `dids_list` of the handler `antiphon_server::api::dids::list`.
fn name_of<H>() -> String {
    let path = std::any::type_name::<H>();
    path.rsplit("::").take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("_")
}
