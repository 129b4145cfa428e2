//! Eastern Armenian: nothing changes with number or gender; 21 to 99 are one word of a ten and a unit; an ordinal ends its last word,
//! and 1 to 4 have an own form where they stand alone.

use super::{
    Currency, Date, Grammar, MINUS, Names, SIGNS, Time, groups,
    names::{MONTHS, ORDINALS, SCALES, TEENS, TENS, UNITS, names, ordinal},
};

const HUNDRED: &str = "numbers/hundred";
/// Of the year.
const YEAR: &str = "months/year";
/// 20 to 90 as the beginning of a longer word.
const PREFIXES: [&str; 8] = names!("numbers/", "20" "30" "40" "50" "60" "70" "80" "90", "-prefix");
/// 2 and 3 within a word, where they begin with another vowel than by themselves.
const JOINED: [&str; 2] = names!("numbers/", "2" "3", "-joined");
/// The ordinals of 1 to 4 behind anything else.
const COMPOUND: [&str; 4] = names!("ordinals/", "1" "2" "3" "4", "-compound");
/// The same of 2 and 3 within a word.
const COMPOUND_JOINED: [&str; 2] = names!("ordinals/", "2" "3", "-joined");
const TIMES: [&str; 4] = names!("times/", "hour" "past" "minute" "second");
const MONEY: [&str; 9] = names!("money/", "dollar" "cent" "euro" "ruble" "kopeck" "dram" "luma" "pound" "penny");

pub(super) const GRAMMAR: Grammar = Grammar {
    cardinal,
    ordinal: ordinal_number,
    date,
    time,
    // `տասներկու դրամ հիսուն լումա`
    units: |number, currency, names| counted(number, nouns(currency)[0], names),
    coins: |number, currency, names| counted(number, nouns(currency)[1], names),
    and: None,
};

fn cardinal(number: u64, names: &mut Names) {
    if number == 0 {
        names.push(UNITS[0]);
    }
    for (power, group) in groups(number) {
        // A thousand is no one thousand, but a million is one million.
        if (power, group) != (1, 1) {
            below_thousand(group, names);
        }
        names.extend(power.checked_sub(1).map(|scale| SCALES[scale]));
    }
}

/// Nothing for 0.
fn below_thousand(number: usize, names: &mut Names) {
    match number / 100 {
        0 => {}
        1 => names.push(HUNDRED),
        hundreds => names.extend([UNITS[hundreds], HUNDRED]),
    }
    match number % 100 {
        0 => {}
        unit @ 1..=9 => names.push(UNITS[unit]),
        teen @ 10..=19 => names.push(TEENS[teen - 10]),
        tens if tens % 10 == 0 => names.push(TENS[tens / 10 - 2]),
        rest => {
            let unit = match rest % 10 {
                unit @ 2..=3 => JOINED[unit - 2],
                unit => UNITS[unit],
            };
            names.extend([PREFIXES[rest / 10 - 2], unit]);
        }
    }
}

/// A cardinal whose last word is an ordinal.
fn ordinal_number(number: u64, names: &mut Names) {
    cardinal(number, names);
    let alone = names.len() == 1;
    if let Some(last) = names.last_mut() {
        let find = |units: &[&str]| units.iter().position(|unit| unit == last);
        *last = match (find(&UNITS[1..=4]), find(&JOINED)) {
            (Some(unit), _) if !alone => COMPOUND[unit],
            (_, Some(unit)) => COMPOUND_JOINED[unit],
            _ => ordinal(last, &ORDINALS, ""),
        };
    }
}

/// `երկու հազար քսանվեց թվականի մարտի հինգ`
fn date(date: Date, names: &mut Names) {
    cardinal(date.year() as u64, names);
    names.extend([YEAR, MONTHS[date.month() - 1]]);
    cardinal(date.day() as u64, names);
}

/// `ժամը տասնյոթ անց երեսուն րոպե`
fn time(time: Time, names: &mut Names) {
    let [hour, past, minute, second] = TIMES;
    names.push(hour);
    cardinal(time.hour() as u64, names);
    if time.minute() == 0 && time.second() == 0 {
        return;
    }
    names.push(past);
    if time.minute() > 0 {
        counted(time.minute() as u64, minute, names);
    }
    if time.second() > 0 {
        counted(time.second() as u64, second, names);
    }
}

/// A currency's unit and its coin.
fn nouns(currency: Currency) -> [&'static str; 2] {
    let [dollar, cent, euro, ruble, kopeck, dram, luma, pound, penny] = MONEY;
    match currency {
        Currency::Usd => [dollar, cent],
        Currency::Eur => [euro, cent],
        Currency::Rub => [ruble, kopeck],
        Currency::Amd => [dram, luma],
        Currency::Gbp => [pound, penny],
    }
}

fn counted(number: u64, noun: &'static str, names: &mut Names) {
    cardinal(number, names);
    names.push(noun);
}

/// Every name that can be said.
pub(super) fn all() -> Names {
    let numbers = [&SIGNS[..], &UNITS, &TEENS, &TENS, &PREFIXES, &SCALES, &[MINUS, HUNDRED, YEAR]].concat();
    [&numbers[..], &JOINED, &ORDINALS, &COMPOUND, &COMPOUND_JOINED, &MONTHS, &TIMES, &MONEY].concat()
}
