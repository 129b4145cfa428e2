//! The part of a list that a request wants.
//!
//! Shape: `page` from 1, `per_page` (all when absent), `order` `asc` or `desc`.
//! Errors: a value that is none of these names its parameter.
//! Sources: `ringme-ivr.md` 2.1.

use std::collections::HashMap;

use antiphon_ivr::rules::wire::FieldError;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::ApiState;
use super::error::ApiError;
use crate::store::Rejected;

/// The query parameters of a list.
pub(super) struct Paging {
    page: usize,
    per_page: usize,
    order: Order,
    filters: HashMap<String, String>,
}

#[derive(Copy, Clone)]
enum Order {
    Ascending,
    Descending,
}

impl FromRequestParts<ApiState> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Query(filters) = query.map_err(|_| ApiError::field("query", "cannot be read"))?;
        let mut problems = Vec::new();
        let mut number = |name: &str, default: usize| {
            let given =
                filters.get(name).map_or(Some(default), |digits| digits.parse().ok().filter(|number| *number > 0));
            given.unwrap_or_else(|| {
                problems.push(FieldError::new(name, "must be a whole number from 1"));
                default
            })
        };
        let (page, per_page) = (number("page", 1), number("per_page", usize::MAX));
        let order = match filters.get("order").map(String::as_str) {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(_) => {
                problems.push(FieldError::new("order", "must be asc or desc"));
                Order::Ascending
            }
        };
        if problems.is_empty() {
            Ok(Self { page, per_page, order, filters })
        } else {
            Err(Rejected::Invalid(problems).into())
        }
    }
}

impl Paging {
    /// Whether an object passes a filter of the query, which is no filter when it is absent.
    pub(super) fn admits(&self, filter: &str, value: &str) -> bool {
        self.filters.get(filter).is_none_or(|wanted| wanted == value)
    }

    /// What a filter of the query asks for.
    pub(super) fn filter(&self, name: &str) -> Option<&str> {
        self.filters.get(name).map(String::as_str)
    }

    /// How many of a list come before the wanted part, and how many it has at most.
    pub(super) fn part(&self, most: usize) -> (usize, usize) {
        let per_page = self.per_page.min(most);
        ((self.page - 1).saturating_mul(per_page), per_page)
    }

    /// Whether the end of the list is wanted first.
    pub(super) fn is_descending(&self) -> bool {
        matches!(self.order, Order::Descending)
    }

    /// The same, with the end of the list first where the query says nothing of the order.
    #[must_use]
    pub(super) fn newest_first(self) -> Self {
        let order = if self.filters.contains_key("order") { self.order } else { Order::Descending };
        Self { order, ..self }
    }

    /// The wanted part of a list, encoded.
    pub(super) fn of<T, E>(&self, list: impl Iterator<Item = T>, encode: impl Fn(T) -> E) -> Vec<E> {
        let mut list: Vec<T> = list.collect();
        match self.order {
            Order::Ascending => {}
            Order::Descending => list.reverse(),
        }
        let skipped = (self.page - 1).saturating_mul(self.per_page);
        list.into_iter().skip(skipped).take(self.per_page).map(encode).collect()
    }
}
