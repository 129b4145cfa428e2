//! A time interval: when it is active.
//!
//! Shape: conditions, one of which has to hold; the parts of a condition have to hold together.
//! Units: the calendar and clock of the interval's own time zone.
//! Time: told. Where a clock is put back, the hour that comes twice counts twice; the hour that is left out does not come. Two
//! moments with dates are one stretch of time: of a moment that comes twice its beginning is the first and its end the second.
//! Errors: [`FieldError`], all of an interval's at once.
//! Sources: `ringme-ivr.md` 1.8 (fields), 3.7; the time zone database of IANA, built in.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::{TimeZone, TimeZoneDatabase},
};

use super::wire::{self, FieldError, IntervalKind};

/// When something is in force.
#[derive(Clone, PartialEq, Debug)]
pub struct Interval {
    zone: TimeZone,
    conditions: Vec<Condition>,
}

/// A part of an interval.
#[derive(Clone, PartialEq, Debug)]
enum Condition {
    /// From one moment up to the other.
    Once { from: Timestamp, until: Timestamp },
    /// Whenever calendar and clock are so.
    Recurring(Recurring),
}

/// Ranges with both ends included; what is not given holds always.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
struct Recurring {
    month: Option<i8>,
    days_of_month: Option<(i8, i8)>,
    /// 1 is Sunday; the range may go over the end of the week.
    days_of_week: Option<(i8, i8)>,
    time: Option<(Time, Time)>,
    shift: Option<Shift>,
}

/// Days that are worked and days that are not, in turns.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
struct Shift {
    first: Date,
    working: i64,
    free: i64,
}

impl Interval {
    /// Checks an interval.
    pub fn check(interval: &wire::Interval) -> Result<Self, Vec<FieldError>> {
        let mut problems = Vec::new();
        let zone = zone(&interval.timezone);
        if zone.is_none() {
            let problem = "must be a time zone of the IANA database, such as Europe/Moscow, Asia/Yerevan or UTC";
            problems.push(FieldError::new("timezone", problem));
        }
        let zone = zone.unwrap_or(TimeZone::UTC);
        if interval.conditions.is_empty() {
            problems.push(FieldError::new("conditions", "must hold a condition"));
        }
        let mut conditions = Vec::with_capacity(interval.conditions.len());
        for (index, written) in interval.conditions.iter().enumerate() {
            let mut check = Check { written, place: format!("conditions[{index}]"), problems: &mut problems };
            conditions.extend(check.condition(interval.kind, &zone));
        }
        if problems.is_empty() { Ok(Self { zone, conditions }) } else { Err(problems) }
    }

    /// Whether it is active at this moment.
    pub fn is_active(&self, now: Timestamp) -> bool {
        let local = self.zone.to_datetime(now);
        self.conditions.iter().any(|condition| match condition {
            Condition::Once { from, until } => (*from..*until).contains(&now),
            Condition::Recurring(recurring) => recurring.holds(local),
        })
    }
}

/// The zone of this name, in whatever case.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown())
}

/// The name of a zone as the database writes it.
pub(super) fn zone_name(name: &str) -> Option<String> {
    zone(name)?.iana_name().map(str::to_owned)
}

impl Recurring {
    fn holds(&self, local: DateTime) -> bool {
        let within = |range: Option<(i8, i8)>, value: i8| match range {
            Some((start, end)) if start <= end => (start..=end).contains(&value),
            Some((start, end)) => value >= start || value <= end,
            None => true,
        };
        let to_the_second = local.time().with().subsec_nanosecond(0).build().unwrap_or(local.time());
        self.month.is_none_or(|month| month == local.month())
            && within(self.days_of_month, local.day())
            && within(self.days_of_week, local.weekday().to_sunday_one_offset())
            && self.time.is_none_or(|(start, end)| (start..=end).contains(&to_the_second))
            && self.shift.is_none_or(|shift| shift.is_working(local.date()))
    }
}

impl Shift {
    fn is_working(self, day: Date) -> bool {
        let days = day.duration_since(self.first).as_hours() / 24;
        days >= 0 && days % (self.working + self.free) < self.working
    }
}

/// The check of one condition.
struct Check<'a> {
    written: &'a wire::IntervalCondition,
    place: String,
    problems: &'a mut Vec<FieldError>,
}

impl Check<'_> {
    fn refuse(&mut self, field: &str, problem: &str) {
        self.problems.push(FieldError::new(&format!("{}.{field}", self.place), problem));
    }

    fn condition(&mut self, kind: IntervalKind, zone: &TimeZone) -> Option<Condition> {
        let written = self.written;
        let moments = self.pair(["start_datetime", "end_datetime"], (written.start_datetime, written.end_datetime));
        if written.start_datetime.is_some() || written.end_datetime.is_some() {
            let (from, until) = self.ordered(["start_datetime", "end_datetime"], moments)?;
            return self.once(from.0, until.0, zone);
        }
        let before = self.problems.len();
        let days = (written.start_mday, written.end_mday);
        let days = self.pair(["start_mday", "end_mday"], days);
        let days_of_month = self.ordered(["start_mday", "end_mday"], days);
        let week = self.pair(["start_dow", "end_dow"], (written.start_dow, written.end_dow));
        let time = self.pair(["start_time", "end_time"], (written.start_time, written.end_time));
        let time = self.ordered(["start_time", "end_time"], time);
        let small = |(start, end): (u64, u64)| i8::try_from(start).ok().zip(i8::try_from(end).ok());
        let recurring = Recurring {
            month: written.month.and_then(|month| i8::try_from(month).ok()),
            days_of_month: days_of_month.and_then(small),
            days_of_week: week.and_then(small),
            time: time.map(|(start, end)| (start.0, end.0)),
            shift: self.shift(kind),
        };
        if recurring == Recurring::default() && self.problems.len() == before {
            self.problems.push(FieldError::new(&self.place, "names neither days nor times"));
        }
        Some(Condition::Recurring(recurring))
    }

    fn once(&mut self, from: DateTime, until: DateTime, zone: &TimeZone) -> Option<Condition> {
        let from = zone.to_ambiguous_timestamp(from).compatible().ok();
        // The last second is in it whole.
        let until = zone.to_ambiguous_timestamp(until).later().ok();
        let until = until.and_then(|until| until.checked_add(SignedDuration::from_secs(1)).ok());
        match from.zip(until) {
            Some((from, until)) => Some(Condition::Once { from, until }),
            None => {
                self.refuse("end_datetime", "is beyond the calendar");
                None
            }
        }
    }

    /// Two fields that go together.
    fn pair<T>(&mut self, names: [&str; 2], ends: (Option<T>, Option<T>)) -> Option<(T, T)> {
        match ends {
            (Some(start), Some(end)) => return Some((start, end)),
            (Some(_), None) => self.refuse(names[1], &format!("is required where {} is set", names[0])),
            (None, Some(_)) => self.refuse(names[0], &format!("is required where {} is set", names[1])),
            (None, None) => {}
        }
        None
    }

    /// Two ends of which the first comes first.
    fn ordered<T: PartialOrd>(&mut self, names: [&str; 2], ends: Option<(T, T)>) -> Option<(T, T)> {
        let (start, end) = ends?;
        if start > end {
            let midnight = if names[1] == "end_time" { "; what goes over midnight is two conditions" } else { "" };
            self.refuse(names[1], &format!("must not come before {}{midnight}", names[0]));
            return None;
        }
        Some((start, end))
    }

    fn shift(&mut self, kind: IntervalKind) -> Option<Shift> {
        let written = self.written;
        let days = [
            ("sched_start_date", written.sched_start_date.is_some()),
            ("sched_active_days", written.sched_active_days.is_some()),
            ("sched_skip_days", written.sched_skip_days.is_some()),
        ];
        for (field, is_set) in days {
            match kind {
                IntervalKind::ScheduledDays if !is_set => {
                    self.refuse(field, "is required where type is scheduled_days")
                }
                IntervalKind::Usual if is_set => self.refuse(field, "goes with the type scheduled_days"),
                IntervalKind::ScheduledDays | IntervalKind::Usual => {}
            }
        }
        let number = |days: Option<u64>| days.and_then(|days| i64::try_from(days).ok());
        Some(Shift {
            first: written.sched_start_date?.0,
            working: number(written.sched_active_days)?,
            free: number(written.sched_skip_days)?,
        })
    }
}

#[cfg(test)]
mod tests;
