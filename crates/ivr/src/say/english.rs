//! English, as in the United States: no "and" in numbers, ordinal days, years in two halves, the clock of twelve hours.

use super::{
    Currency, Date, Grammar, MINUS, Names, Time, groups,
    names::{MONTHS, ORDINALS, SCALES, TEENS, TENS, UNITS, names, ordinal},
};

const HUNDRED: &str = "numbers/hundred";
const AND: &str = "numbers/and";
/// The 0 of 1905, and of 5:07.
const OH: &str = "numbers/oh";

/// What is counted: its form after 1, and after all else.
type Noun = [&'static str; 2];

const SECOND: Noun = names!("times/second-", "one" "other");
const DOLLAR: Noun = names!("money/dollar-", "one" "other");
const CENT: Noun = names!("money/cent-", "one" "other");
const EURO: Noun = names!("money/euro-", "one" "other");
const RUBLE: Noun = names!("money/ruble-", "one" "other");
const KOPECK: Noun = names!("money/kopeck-", "one" "other");
const DRAM: Noun = names!("money/dram-", "one" "other");
const LUMA: Noun = names!("money/luma-", "one" "other");
const POUND: Noun = names!("money/pound-", "one" "other");
const PENNY: Noun = names!("money/penny-", "one" "other");

pub(super) const GRAMMAR: Grammar = Grammar {
    cardinal,
    ordinal: ordinal_number,
    date,
    time,
    units: |number, currency, names| counted(number, nouns(currency)[0], names),
    coins: |number, currency, names| counted(number, nouns(currency)[1], names),
    // `twelve dollars and fifty cents`
    and: Some(AND),
};

fn cardinal(number: u64, names: &mut Names) {
    if number == 0 {
        names.push(UNITS[0]);
    }
    for (power, group) in groups(number) {
        if group >= 100 {
            names.extend([UNITS[group / 100], HUNDRED]);
        }
        below_hundred(group % 100, names);
        names.extend(power.checked_sub(1).map(|scale| SCALES[scale]));
    }
}

/// Nothing for 0.
fn below_hundred(number: usize, names: &mut Names) {
    match number {
        0 => {}
        1..=9 => names.push(UNITS[number]),
        10..=19 => names.push(TEENS[number - 10]),
        _ => {
            names.push(TENS[number / 10 - 2]);
            below_hundred(number % 10, names);
        }
    }
}

/// A cardinal whose last word is an ordinal.
fn ordinal_number(number: u64, names: &mut Names) {
    cardinal(number, names);
    if let Some(last) = names.last_mut() {
        *last = ordinal(last, &ORDINALS, "");
    }
}

/// `March fifth, twenty twenty-six`
fn date(date: Date, names: &mut Names) {
    names.push(MONTHS[date.month() - 1]);
    ordinal_number(date.day() as u64, names);
    year(date.year(), names);
}

/// The two halves of a year; a year that ends a millennium or begins one is a number.
fn year(year: usize, names: &mut Names) {
    if year < 1000 || year % 1000 < 10 {
        return cardinal(year as u64, names);
    }
    below_hundred(year / 100, names);
    match year % 100 {
        0 => names.push(HUNDRED),
        rest @ 1..=9 => names.extend([OH, UNITS[rest]]),
        rest => below_hundred(rest, names),
    }
}

/// `five oh seven P M`, `noon`
fn time(time: Time, names: &mut Names) {
    match (time.hour(), time.minute()) {
        (0, 0) => names.push("times/midnight"),
        (12, 0) => names.push("times/noon"),
        (hour, minute) => {
            below_hundred((hour + 11) % 12 + 1, names);
            names.extend((1..10).contains(&minute).then_some(OH));
            below_hundred(minute, names);
            names.push(if hour < 12 { "times/am" } else { "times/pm" });
        }
    }
    if time.second() > 0 {
        names.push(AND);
        counted(time.second() as u64, SECOND, names);
    }
}

/// A currency's unit and its coin.
fn nouns(currency: Currency) -> [Noun; 2] {
    match currency {
        Currency::Usd => [DOLLAR, CENT],
        Currency::Eur => [EURO, CENT],
        Currency::Rub => [RUBLE, KOPECK],
        Currency::Amd => [DRAM, LUMA],
        Currency::Gbp => [POUND, PENNY],
    }
}

fn counted(number: u64, [one, other]: Noun, names: &mut Names) {
    cardinal(number, names);
    names.push(if number == 1 { one } else { other });
}

/// Every name that can be said.
pub(super) fn all() -> Names {
    let single = [HUNDRED, MINUS, AND, OH, "times/midnight", "times/noon", "times/am", "times/pm"];
    let nouns = [SECOND, DOLLAR, CENT, EURO, RUBLE, KOPECK, DRAM, LUMA, POUND, PENNY];
    let tables = [&super::SIGNS[..], &UNITS, &TEENS, &TENS, &SCALES, &MONTHS, &ORDINALS, &single, nouns.as_flattened()];
    tables.concat()
}
