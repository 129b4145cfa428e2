//! A time interval as the REST API writes it.
//!
//! Shape: `id`, `name`, `timezone`, `type` and `conditions`; a condition is written with all of its 12 keys.
//! Units: days of the week from 1 for Sunday to 7; times `hh:mm:ss`, dates `YYYY-MM-DD`, both with a space between.
//! Errors: [`FieldError`] for a wrong type or range, or what is missing; what belongs together is checked in [`crate::rules::interval`].
//! Sources: `ringme-ivr.md` 1.8.

use std::{fmt, str::FromStr};

use jiff::civil;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FieldError, IntervalKind, MAX_LABEL, Patch};
use crate::IntervalId;
use crate::rules::interval::zone_name;

/// Most conditions of an interval.
const MAX_CONDITIONS: usize = 200;
/// Most days of a part of a cycle: ten years.
const MAX_DAYS: u64 = 3_650;

/// A time interval (`ringme-ivr.md` 1.8). The default is a fresh one, still without name, zone and conditions.
#[derive(Clone, Eq, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Interval {
    /// The API's name for it; 0 until it is stored.
    pub id: IntervalId,
    /// What people call it; never blank once stored.
    pub name: String,
    /// The zone whose calendar and clock count.
    pub timezone: String,
    /// Whether the conditions are shift cycles.
    #[serde(rename = "type")]
    pub kind: IntervalKind,
    /// It is active when one of them holds.
    pub conditions: Vec<IntervalCondition>,
}

/// A condition of a time interval. What is set has to hold together.
#[derive(Clone, Eq, PartialEq, Default, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct IntervalCondition {
    /// The first weekday; 1 is Sunday.
    pub start_dow: Option<u64>,
    /// The last weekday; it may come before the first.
    pub end_dow: Option<u64>,
    /// The first day of the month.
    pub start_mday: Option<u64>,
    /// The last day of the month.
    pub end_mday: Option<u64>,
    /// When it begins on each day.
    #[schema(value_type = Option<String>)]
    pub start_time: Option<ClockTime>,
    /// Its last second on each day.
    #[schema(value_type = Option<String>)]
    pub end_time: Option<ClockTime>,
    /// The month.
    pub month: Option<u64>,
    /// When it begins, once. No other field counts then.
    #[schema(value_type = Option<String>)]
    pub start_datetime: Option<Moment>,
    /// Its last second.
    #[schema(value_type = Option<String>)]
    pub end_datetime: Option<Moment>,
    /// The first day of the first shift.
    #[schema(value_type = Option<String>)]
    pub sched_start_date: Option<Day>,
    /// Days of each shift.
    pub sched_active_days: Option<u64>,
    /// Days between two shifts.
    pub sched_skip_days: Option<u64>,
}

macro_rules! written {
    ($(#[$doc:meta])* $name:ident($civil:ty), $form:literal, $problem:literal) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub $civil);

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                <$civil>::strptime($form, text).map(Self).map_err(|_| $problem)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(written: $name) -> Self {
                written.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.strftime($form))
            }
        }
    };
}

written!(
    /// A time of day, `hh:mm:ss`.
    ClockTime(civil::Time), "%H:%M:%S", "must be a time from 00:00:00 to 23:59:59, as hh:mm:ss"
);
written!(
    /// A date, `YYYY-MM-DD`.
    Day(civil::Date), "%Y-%m-%d", "must be a date, as YYYY-MM-DD"
);
written!(
    /// A date and a time of day, `YYYY-MM-DD hh:mm:ss`.
    Moment(civil::DateTime), "%Y-%m-%d %H:%M:%S", "must be a date and a time, as YYYY-MM-DD hh:mm:ss"
);

impl Interval {
    /// This interval with a request's changes; `conditions` are changed all together. A name and a zone have to be there.
    pub fn patch(&self, body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut new = self.clone();
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let (mut name, mut zone) = (text(&self.name), text(&self.timezone));
        let mut patch = Patch::new(body)?;
        patch.text("name", MAX_LABEL, &mut name);
        patch.text("timezone", MAX_LABEL, &mut zone);
        patch.word("type", &mut new.kind);
        patch.list("conditions", MAX_CONDITIONS, &mut new.conditions, IntervalCondition::read);
        match name.filter(|name| !name.trim().is_empty()) {
            Some(name) => new.name = name,
            None => patch.require("name"),
        }
        match zone.filter(|zone| !zone.trim().is_empty()) {
            Some(zone) => new.timezone = zone_name(&zone).unwrap_or(zone),
            None => patch.require("timezone"),
        }
        if match body.get("conditions") {
            None => self.conditions.is_empty(),
            Some(conditions) => conditions.is_null(),
        } {
            patch.require("conditions");
        }
        patch.done(new)
    }
}

impl IntervalCondition {
    fn read(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut new = Self::default();
        let mut patch = Patch::new(body)?;
        patch.optional_number("start_dow", 1..=7, &mut new.start_dow);
        patch.optional_number("end_dow", 1..=7, &mut new.end_dow);
        patch.optional_number("start_mday", 1..=31, &mut new.start_mday);
        patch.optional_number("end_mday", 1..=31, &mut new.end_mday);
        patch.parsed("start_time", &mut new.start_time);
        patch.parsed("end_time", &mut new.end_time);
        patch.optional_number("month", 1..=12, &mut new.month);
        patch.parsed("start_datetime", &mut new.start_datetime);
        patch.parsed("end_datetime", &mut new.end_datetime);
        patch.parsed("sched_start_date", &mut new.sched_start_date);
        patch.optional_number("sched_active_days", 1..=MAX_DAYS, &mut new.sched_active_days);
        patch.optional_number("sched_skip_days", 1..=MAX_DAYS, &mut new.sched_skip_days);
        patch.done(new)
    }
}
