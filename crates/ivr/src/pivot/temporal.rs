//! When a rule of time is active.
//!
//! Shape: [`Rule::next_date`] is the day on which a rule is active next, [`Rule::is_active`] whether that is now.
//! Units: seconds of a day; days of the local calendar. `start_date` counts seconds from the year 0, as Erlang does.
//! Errors: a rule without a weekday or a day, where its cycle needs one, is never active.
//! Sources: `kazoo-pivot.md` 4.2 (temporal_route), and the dates that KAZOO's own tests expect.

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
};

use super::schema::{Data, Field};

/// A rule.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Rule {
    /// How it repeats.
    pub cycle: Cycle,
    /// Every how many days, weeks, months or years; at least 1.
    pub interval: i64,
    /// Days of the month, in order.
    pub days: Vec<i64>,
    /// Days of the week from 1, Monday, in order.
    pub weekdays: Vec<i64>,
    /// Which of the weekdays of a month.
    pub ordinal: Ordinal,
    /// The month of a yearly rule.
    pub month: i64,
    /// From when on it repeats.
    pub start: Date,
    /// From which second of a day to which it is active.
    pub window: (i64, i64),
    /// Whether it is active in any case, or in none.
    pub enabled: Option<bool>,
}

/// How a rule repeats.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Cycle {
    /// Not: it is for one day.
    Date,
    /// By days.
    Daily,
    /// By weeks.
    Weekly,
    /// By months.
    Monthly,
    /// By years.
    Yearly,
}

/// Which of the weekdays of a month.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Ordinal {
    /// All of them.
    Every,
    /// This one, from 0.
    Nth(i64),
    /// The last one.
    Last,
}

/// The properties of a rule, as KAZOO writes it.
pub const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::one_of("cycle", &["date", "daily", "weekly", "monthly", "yearly"]).required(),
    Field::integer("interval").at_least(1).or_integer(1),
    Field::any("days"),
    Field::texts("wdays"),
    Field::one_of("ordinal", &["every", "first", "second", "third", "fourth", "fifth", "last"]),
    Field::integer("month").within(1, 12),
    Field::integer("start_date").or_integer(62_586_115_200),
    Field::integer("time_window_start").within(0, 86_400),
    Field::integer("time_window_stop").within(0, 86_400),
    Field::flag("enabled"),
];

/// Seconds from the year 0 to 1970.
pub(crate) const GREGORIAN: i64 = 62_167_219_200;
const A_DAY: i64 = 86_400;
/// How many intervals ahead a day is looked for.
const MOST_INTERVALS: i64 = 400;

impl Rule {
    /// A rule of checked data.
    pub fn of(data: &Data) -> Self {
        let mut days: Vec<i64> = match data.value("days").and_then(serde_json::Value::as_array) {
            Some(days) => {
                days.iter().filter_map(serde_json::Value::as_i64).filter(|day| (1..=31).contains(day)).collect()
            }
            None => Vec::new(),
        };
        days.sort_unstable();
        let mut weekdays: Vec<i64> = data.texts("wdays").into_iter().filter_map(weekday).collect();
        weekdays.sort_unstable();
        let start = Date::constant(1970, 1, 1);
        let since = (data.integer("start_date").unwrap_or(GREGORIAN) - GREGORIAN).div_euclid(A_DAY);
        Self {
            cycle: match data.text("cycle") {
                Some("date") => Cycle::Date,
                Some("daily") => Cycle::Daily,
                Some("weekly") => Cycle::Weekly,
                Some("monthly") => Cycle::Monthly,
                _ => Cycle::Yearly,
            },
            interval: data.integer("interval").unwrap_or(1).clamp(1, 10_000),
            days,
            weekdays,
            ordinal: match data.text("ordinal") {
                Some("every") => Ordinal::Every,
                Some("second") => Ordinal::Nth(1),
                Some("third") => Ordinal::Nth(2),
                Some("fourth") => Ordinal::Nth(3),
                Some("fifth") => Ordinal::Nth(4),
                Some("last") => Ordinal::Last,
                _ => Ordinal::Nth(0),
            },
            month: data.integer("month").unwrap_or(1),
            start: later(start, since).unwrap_or(start),
            window: (data.integer("time_window_start").unwrap_or(0), data.integer("time_window_stop").unwrap_or(A_DAY)),
            enabled: data.value("enabled").and_then(serde_json::Value::as_bool),
        }
    }

    /// Whether it is active at this time of its place.
    pub fn is_active(&self, now: DateTime) -> bool {
        if let Some(enabled) = self.enabled {
            return enabled;
        }
        let today = now.date();
        let from = if self.cycle == Cycle::Weekly { Some(today) } else { later(today, -1) };
        let base = from.and_then(|from| self.next_date(from));
        let second = i64::from(now.hour()) * 3_600 + i64::from(now.minute()) * 60 + i64::from(now.second());
        base == Some(today) && today >= self.start && (self.window.0..=self.window.1).contains(&second)
    }

    /// The next day of the rule behind this one; of a weekly rule, this one or the next.
    pub fn next_date(&self, from: Date) -> Option<Date> {
        match self.cycle {
            Cycle::Date => Some(self.start),
            Cycle::Daily => {
                let (_, offset) = self.distance(days_between(self.start, from));
                later(self.start, offset + self.interval)
            }
            Cycle::Weekly => self.next_of_week(from),
            Cycle::Monthly if self.days.is_empty() => self.next_of_month(from),
            Cycle::Monthly => {
                let (is_active, offset) = self.distance(months_between(self.start, from));
                let day = self.days.iter().find(|day| is_active && **day > i64::from(from.day()));
                match day {
                    Some(day) => date(i64::from(from.year()), i64::from(from.month()), *day),
                    None => date(year(self.start), month(self.start) + offset + self.interval, *self.days.first()?),
                }
            }
            Cycle::Yearly => self.next_of_year(from),
        }
    }

    /// Whether a distance is one at which the rule repeats, and the last one before at which it does.
    fn distance(&self, distance: i64) -> (bool, i64) {
        let offset = distance / self.interval * self.interval;
        (offset == distance, offset)
    }

    fn next_of_week(&self, from: Date) -> Option<Date> {
        let (monday, this) = (monday_of(self.start)?, monday_of(from)?);
        let (is_active, offset) = self.distance(days_between(monday, this) / 7);
        let today = weekday_of(from);
        if let Some(day) = self.weekdays.iter().find(|day| is_active && **day >= today) {
            let date = later(from, day - today)?;
            if date >= self.start {
                return Some(date);
            }
        }
        later(monday, 7 * (offset + self.interval) + self.weekdays.first()? - 1)
    }

    fn next_of_month(&self, from: Date) -> Option<Date> {
        let weekday = *self.weekdays.first()?;
        let (is_active, offset) = self.distance(months_between(self.start, from));
        let (y, m) = (i64::from(from.year()), i64::from(from.month()));
        let next = month(self.start) + offset + self.interval;
        if self.ordinal == Ordinal::Every {
            let date = next_weekday(from, weekday)?;
            let stays = (year(date), month(date)) == (y, m);
            if is_active && (stays || self.interval == 1) {
                return Some(date);
            }
            return nth(year(self.start), next, weekday, Ordinal::Nth(0));
        }
        if is_active {
            // A fifth weekday that a month does not have is in the next one, and days are compared without their months, as KAZOO does.
            let date = nth(y, m, weekday, self.ordinal)?;
            if date.day() > from.day() {
                return Some(date);
            }
        }
        nth(year(self.start), next, weekday, self.ordinal)
    }

    fn next_of_year(&self, from: Date) -> Option<Date> {
        let (is_active, offset) = self.distance(year(from) - year(self.start));
        let (this, first) = (year(from), year(self.start) + offset + self.interval);
        let here = month(from) == self.month;
        if let Some(day) = self.days.first() {
            let later = self.days.iter().find(|day| **day > i64::from(from.day()));
            return match later.filter(|_| is_active && here) {
                Some(day) => date(this, self.month, *day),
                None if is_active && month(from) < self.month => date(this, self.month, *day),
                None => date(first, self.month, *day),
            };
        }
        let weekday = *self.weekdays.first()?;
        if self.ordinal == Ordinal::Every {
            let next = next_weekday(from, weekday).filter(|next| here && month(*next) == self.month);
            return match next.filter(|_| is_active) {
                Some(next) => Some(next),
                None if is_active && month(from) < self.month => nth(this, self.month, weekday, Ordinal::Nth(0)),
                None => nth(first, self.month, weekday, Ordinal::Nth(0)),
            };
        }
        // Of a fifth weekday, years whose month has none are passed over.
        let of = |year: i64| nth(year, self.month, weekday, self.ordinal).filter(|date| month(*date) == self.month);
        let now = of(this).filter(|date| is_active && *date > from);
        now.or_else(|| (0..MOST_INTERVALS).find_map(|times| of(first + times * self.interval)))
    }
}

fn weekday(name: &str) -> Option<i64> {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let name = name.to_ascii_lowercase();
    // KAZOO's own spelling of one of them.
    let name = if name == "wensday" { "wednesday" } else { name.as_str() };
    NAMES.iter().position(|known| *known == name).and_then(|at| i64::try_from(at + 1).ok())
}

fn year(date: Date) -> i64 {
    i64::from(date.year())
}

fn month(date: Date) -> i64 {
    i64::from(date.month())
}

fn weekday_of(date: Date) -> i64 {
    i64::from(date.weekday().to_monday_one_offset())
}

fn later(date: Date, days: i64) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map(|span| i64::from(span.get_days())).unwrap_or_default()
}

fn months_between(from: Date, to: Date) -> i64 {
    (year(to) - year(from)) * 12 + month(to) - month(from)
}

fn monday_of(date: Date) -> Option<Date> {
    later(date, 1 - weekday_of(date))
}

/// A day whose month and day may be beyond their ends.
fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    let months = year * 12 + month - 1;
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    later(Date::new(year, month, 1).ok()?, day - 1)
}

/// The next such weekday behind a day.
fn next_weekday(from: Date, weekday: i64) -> Option<Date> {
    later(from, (weekday - weekday_of(from) - 1).rem_euclid(7) + 1)
}

/// This one of the weekdays of a month; a fifth that it does not have is in the next one.
fn nth(year: i64, month: i64, weekday: i64, ordinal: Ordinal) -> Option<Date> {
    match ordinal {
        Ordinal::Last => {
            let last = later(date(year, month + 1, 1)?, -1)?;
            later(last, -(weekday_of(last) - weekday).rem_euclid(7))
        }
        Ordinal::Every | Ordinal::Nth(_) => {
            let first = date(year, month, 1)?;
            let which = if let Ordinal::Nth(which) = ordinal { which } else { 0 };
            later(first, (weekday - weekday_of(first)).rem_euclid(7) + 7 * which)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pivot::schema::{Mode, Report};

    fn rule(written: &serde_json::Value) -> Rule {
        let mut report = Report::new(Mode::Strict);
        Rule::of(&Data::read(written, FIELDS, &mut report))
    }

    fn at(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    #[test]
    fn a_rule_is_active_on_its_days_within_its_window() {
        let weekly = json!({
            "cycle": "weekly", "wdays": ["monday", "wensday"], "time_window_start": 32_400, "time_window_stop": 64_800
        });
        for (now, active) in [
            ("2026-11-25T09:00:00", true),
            ("2026-11-25T18:00:00", true),
            ("2026-11-25T18:00:01", false),
            ("2026-11-26T10:00:00", false),
            ("2026-11-30T10:00:00", true),
        ] {
            assert_eq!(rule(&weekly).is_active(at(now)), active, "{now}");
        }
        let yearly = rule(&json!({"cycle": "yearly", "month": 12, "days": [24, 25]}));
        for (now, active) in
            [("2026-12-24T00:00:00", true), ("2026-12-25T23:59:59", true), ("2026-12-26T00:00:00", false)]
        {
            assert_eq!(yearly.is_active(at(now)), active, "{now}");
        }
        let forced = rule(&json!({"cycle": "date", "enabled": true}));
        assert!(forced.is_active(at("2026-01-01T00:00:00")));
        let none = rule(&json!({"cycle": "weekly"}));
        assert!(!none.is_active(at("2026-01-01T00:00:00")));
        let later = rule(&json!({"cycle": "daily", "start_date": GREGORIAN + 20_000 * A_DAY}));
        assert!(!later.is_active(at("2024-10-03T12:00:00")) && later.is_active(at("2024-10-04T12:00:00")));
    }

    #[test]
    fn the_next_day_of_a_rule_is_found() {
        for (written, from, next) in [
            (json!({"cycle": "daily", "interval": 3, "start_date": GREGORIAN}), "1970-01-02", "1970-01-04"),
            (
                json!({"cycle": "weekly", "interval": 2, "wdays": ["friday"], "start_date": GREGORIAN}),
                "1970-01-03",
                "1970-01-16",
            ),
            (json!({"cycle": "monthly", "days": [5, 20]}), "2026-11-05", "2026-11-20"),
            (json!({"cycle": "monthly", "ordinal": "last", "wdays": ["friday"]}), "2026-11-27", "2026-12-25"),
            (json!({"cycle": "monthly", "ordinal": "every", "wdays": ["friday"]}), "2026-11-27", "2026-12-04"),
            (
                json!({"cycle": "yearly", "ordinal": "fifth", "month": 4, "wdays": ["monday"]}),
                "2026-01-01",
                "2029-04-30",
            ),
            (
                json!({"cycle": "yearly", "ordinal": "every", "month": 4, "wdays": ["monday"]}),
                "2026-04-27",
                "2027-04-05",
            ),
        ] {
            let from: Date = from.parse().unwrap();
            assert_eq!(rule(&written).next_date(from).map(|date| date.to_string()).as_deref(), Some(next), "{written}");
        }
    }
}
