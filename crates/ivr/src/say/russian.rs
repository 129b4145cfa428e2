//! Russian: what is counted has a gender and three forms (CLDR: one, few, many); the last word of an ordinal is declined; an ordinal of
//! whole thousands is one word, such as двадцатипятитысячный.

use super::{
    Currency, Date, Grammar, MINUS, Names, SIGNS, Time, groups,
    names::{MONTHS, TEENS, TENS, UNITS, names, ordinal},
};

/// Of the year.
const YEAR: &str = "months/year";
/// 1 and 2 before what is feminine.
const FEMININE: [&str; 2] = names!("numbers/", "1" "2", "-feminine");
/// 100, 200 to 900.
const HUNDREDS: [&str; 9] = names!("numbers/", "100" "200" "300" "400" "500" "600" "700" "800" "900");

const THOUSAND: Noun = Noun::feminine(names!("numbers/thousand-", "one" "few" "many"));
const LARGER: [Noun; 4] = [
    Noun::masculine(names!("numbers/million-", "one" "few" "many")),
    Noun::masculine(names!("numbers/billion-", "one" "few" "many")),
    Noun::masculine(names!("numbers/trillion-", "one" "few" "many")),
    Noun::masculine(names!("numbers/quadrillion-", "one" "few" "many")),
];
const HOUR: Noun = Noun::masculine(names!("times/hour-", "one" "few" "many"));
const MINUTE: Noun = Noun::feminine(names!("times/minute-", "one" "few" "many"));
const SECOND: Noun = Noun::feminine(names!("times/second-", "one" "few" "many"));
const DOLLAR: Noun = Noun::masculine(names!("money/dollar-", "one" "few" "many"));
const CENT: Noun = Noun::masculine(names!("money/cent-", "one" "few" "many"));
/// It is not declined. A neuter 1 is not needed: the word is masculine as well.
const EURO: Noun = Noun::masculine(["money/euro"; 3]);
const RUBLE: Noun = Noun::masculine(names!("money/ruble-", "one" "few" "many"));
const KOPECK: Noun = Noun::feminine(names!("money/kopeck-", "one" "few" "many"));
const DRAM: Noun = Noun::masculine(names!("money/dram-", "one" "few" "many"));
const LUMA: Noun = Noun::feminine(names!("money/luma-", "one" "few" "many"));
const POUND: Noun = Noun::masculine(names!("money/pound-", "one" "few" "many"));
const PENNY: Noun = Noun::masculine(names!("money/penny-", "one" "few" "many"));

/// Ordinals in the masculine nominative.
const MASCULINE: [&str; 42] = names!(
    "ordinals/",
    "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19"
    "20" "30" "40" "50" "60" "70" "80" "90" "100" "200" "300" "400" "500" "600" "700" "800" "900"
    "thousand" "million" "billion" "trillion" "quadrillion"
);
/// Ordinals in the neuter nominative, as far as a month has days.
const NEUTER: [&str; 21] = names!(
    "ordinals/",
    "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19" "20" "30",
    "-neuter"
);
/// Ordinals in the masculine genitive, as far as there are years.
const GENITIVE: [&str; 37] = names!(
    "ordinals/",
    "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19"
    "20" "30" "40" "50" "60" "70" "80" "90" "100" "200" "300" "400" "500" "600" "700" "800" "900" "thousand",
    "-genitive"
);

/// The beginnings of an ordinal of whole thousands: 1 to 9, 10 to 19, 20 to 90, 100 to 900.
const STEMS: [&str; 36] = names!(
    "stems/",
    "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19"
    "20" "30" "40" "50" "60" "70" "80" "90" "100" "200" "300" "400" "500" "600" "700" "800" "900"
);
const STEM_TENS: usize = 19;
const STEM_HUNDREDS: usize = 27;

#[derive(Copy, Clone, Eq, PartialEq)]
enum Gender {
    Masculine,
    Feminine,
}

/// What is counted.
#[derive(Copy, Clone)]
struct Noun {
    gender: Gender,
    /// After 1; after 2 to 4; after all else.
    forms: [&'static str; 3],
}

impl Noun {
    const fn masculine(forms: [&'static str; 3]) -> Self {
        Self { gender: Gender::Masculine, forms }
    }

    const fn feminine(forms: [&'static str; 3]) -> Self {
        Self { gender: Gender::Feminine, forms }
    }

    /// The form behind a number (CLDR, plural rules of `ru`).
    fn after(&self, number: u64) -> &'static str {
        let [one, few, many] = self.forms;
        match (number % 10, number % 100) {
            (_, 11..=14) => many,
            (1, _) => one,
            (2..=4, _) => few,
            _ => many,
        }
    }
}

/// The declension of an ordinal, and the ending of its sounds.
struct Declension {
    ordinals: &'static [&'static str],
    ending: &'static str,
}

const NOMINATIVE: Declension = Declension { ordinals: &MASCULINE, ending: "" };
const OF_A_DAY: Declension = Declension { ordinals: &NEUTER, ending: "-neuter" };
const OF_A_YEAR: Declension = Declension { ordinals: &GENITIVE, ending: "-genitive" };

pub(super) const GRAMMAR: Grammar = Grammar {
    cardinal: |number, names| cardinal(number, Gender::Masculine, names),
    ordinal: |number, names| ordinal_number(number, &NOMINATIVE, names),
    date,
    time,
    units: |number, currency, names| counted(number, nouns(currency)[0], names),
    coins: |number, currency, names| counted(number, nouns(currency)[1], names),
    and: None,
};

/// The number before something of this gender.
fn cardinal(number: u64, gender: Gender, names: &mut Names) {
    if number == 0 {
        names.push(UNITS[0]);
    }
    for (power, group) in groups(number) {
        let noun = match power {
            0 => None,
            1 => Some(THOUSAND),
            _ => Some(LARGER[power - 2]),
        };
        below_thousand(group, noun.map_or(gender, |noun| noun.gender), names);
        names.extend(noun.map(|noun| noun.after(group as u64)));
    }
}

/// Nothing for 0.
fn below_thousand(number: usize, gender: Gender, names: &mut Names) {
    names.extend((number / 100).checked_sub(1).map(|hundred| HUNDREDS[hundred]));
    let rest = number % 100;
    if (10..20).contains(&rest) {
        return names.push(TEENS[rest - 10]);
    }
    names.extend((rest / 10).checked_sub(2).map(|ten| TENS[ten]));
    match (rest % 10, gender) {
        (0, _) => {}
        (unit @ 1..=2, Gender::Feminine) => names.push(FEMININE[unit - 1]),
        (unit, _) => names.push(UNITS[unit]),
    }
}

fn ordinal_number(number: u64, declension: &Declension, names: &mut Names) {
    let first = names.len();
    let lowest = groups(number).last().filter(|(power, _)| *power > 0);
    let last = match lowest {
        None => {
            cardinal(number, Gender::Masculine, names);
            names.pop().unwrap_or(UNITS[0])
        }
        Some((power, group)) => {
            let rest = number - group as u64 * 1000u64.pow(power as u32);
            if rest > 0 {
                cardinal(rest, Gender::Masculine, names);
            }
            if group > 1 {
                stems(group, names);
            }
            super::names::SCALES[power - 1]
        }
    };
    names.push(ordinal(last, declension.ordinals, declension.ending));
    // One thousand and one million are not counted here: тысяча девятьсот пятый.
    if groups(number).next().is_some_and(|(power, group)| power > 0 && group == 1) && names.len() > first + 1 {
        names.remove(first);
    }
}

/// A number below 1000 as the beginning of a longer word.
fn stems(number: usize, names: &mut Names) {
    names.extend((number / 100).checked_sub(1).map(|hundred| STEMS[STEM_HUNDREDS + hundred]));
    let rest = number % 100;
    if (1..20).contains(&rest) {
        return names.push(STEMS[rest - 1]);
    }
    names.extend((rest / 10).checked_sub(2).map(|ten| STEMS[STEM_TENS + ten]));
    names.extend((rest % 10).checked_sub(1).map(|unit| STEMS[unit]));
}

/// `пятое марта две тысячи двадцать шестого года`
fn date(date: Date, names: &mut Names) {
    ordinal_number(date.day() as u64, &OF_A_DAY, names);
    names.push(MONTHS[date.month() - 1]);
    ordinal_number(date.year() as u64, &OF_A_YEAR, names);
    names.push(YEAR);
}

/// `семнадцать часов тридцать минут`
fn time(time: Time, names: &mut Names) {
    let (hour, minute, second) = (time.hour() as u64, time.minute() as u64, time.second() as u64);
    counted(hour, HOUR, names);
    if minute > 0 || second > 0 {
        counted(minute, MINUTE, names);
    }
    if second > 0 {
        counted(second, SECOND, names);
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

fn counted(number: u64, noun: Noun, names: &mut Names) {
    cardinal(number, noun.gender, names);
    names.push(noun.after(number));
}

/// Every name that can be said.
pub(super) fn all() -> Names {
    let nouns = [HOUR, MINUTE, SECOND, DOLLAR, CENT, RUBLE, KOPECK, DRAM, LUMA, POUND, PENNY, THOUSAND];
    let nouns: Names = nouns.iter().chain(&LARGER).flat_map(|noun| noun.forms).collect();
    let numbers = [&SIGNS[..], &UNITS, &TEENS, &TENS, &HUNDREDS, &FEMININE, &[MINUS, YEAR, EURO.forms[0]]].concat();
    [&numbers[..], &nouns, &MONTHS, &MASCULINE, &NEUTER, &GENITIVE, &STEMS].concat()
}
