//! Numbers, dates, times and money, spoken.
//!
//! Shape: a [`Spoken`] and a [`Language`] to the names of sounds of the system set, such as `numbers/20` and `digits/5`, in the order
//! in which they are played. The texts of those sounds make the words ([`words`]). One file a language has its grammar.
//! Units: whole numbers below 10^18, in integer arithmetic; money in the smallest coin.
//! Errors: [`Unsayable`] where a text is none of what its [`Kind`] says; whatever was read can be said in every language.
//! Sources: Unicode CLDR: the plural rules of `en`, `ru` and `hy`, and the rules of spelling out (RBNF) of `en`, also for years, and of `ru`
//! as far as they go, which is not to ordinals of whole hundreds and of most whole thousands. Those of `hy` write another orthography
//! than schools and print do, so that Armenian follows these. ISO 8601 and ISO 4217 for what is read.

mod armenian;
mod english;
mod names;
mod read;
mod russian;

pub use read::{Cardinal, Currency, Date, Digits, Kind, Money, Ordinal, Spoken, Time, Unsayable};

use crate::Language;

/// Names of sounds, in the order in which they are played.
pub type Names = Vec<&'static str>;

/// One more than the largest number that can be said.
pub const LIMIT: u64 = 10u64.pow(18);

/// What is played to say something in a language. It is never empty.
pub fn say(spoken: &Spoken, language: Language) -> Names {
    let grammar = match language {
        Language::English => &english::GRAMMAR,
        Language::Russian => &russian::GRAMMAR,
        Language::Armenian => &armenian::GRAMMAR,
    };
    let mut names = Names::new();
    grammar.say(spoken, &mut names);
    names
}

/// How a language says what there is to say.
struct Grammar {
    cardinal: fn(u64, &mut Names),
    ordinal: fn(u64, &mut Names),
    date: fn(Date, &mut Names),
    time: fn(Time, &mut Names),
    /// So many of the larger unit of a currency.
    units: fn(u64, Currency, &mut Names),
    /// So many of its coin.
    coins: fn(u64, Currency, &mut Names),
    /// What stands between the two.
    and: Option<&'static str>,
}

impl Grammar {
    fn say(&self, spoken: &Spoken, names: &mut Names) {
        match spoken {
            Spoken::Digits(digits) => self::digits(digits, names),
            Spoken::Cardinal(number) => {
                names.extend(number.is_negative().then_some(MINUS));
                (self.cardinal)(number.magnitude(), names);
            }
            Spoken::Ordinal(number) => (self.ordinal)(number.value(), names),
            Spoken::Date(date) => (self.date)(*date, names),
            Spoken::Time(time) => (self.time)(*time, names),
            Spoken::Money(money) => self.money(*money, names),
        }
    }

    /// No units are left out where there are coins, and no coins always.
    fn money(&self, money: Money, names: &mut Names) {
        let (units, coins, currency) = (money.units(), money.coins(), money.currency());
        names.extend(money.is_negative().then_some(MINUS));
        if units > 0 || coins == 0 {
            (self.units)(units, currency, names);
        }
        if coins > 0 {
            names.extend(self.and.filter(|_| units > 0));
            (self.coins)(coins, currency, names);
        }
    }
}

/// Every name that [`say`] can give in a language, for whoever has to have the sounds.
pub fn every_name(language: Language) -> Names {
    match language {
        Language::English => english::all(),
        Language::Russian => russian::all(),
        Language::Armenian => armenian::all(),
    }
}

/// The words of sounds with these texts: parted by spaces, but where a text ends with `-`, which says that its word goes on.
pub fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = String::new();
    for text in texts {
        if !words.is_empty() && !words.ends_with('-') {
            words.push(' ');
        } else {
            words.pop();
        }
        words.push_str(text);
    }
    words
}

/// A number in groups of three digits, the highest first, each with its power of a thousand; groups of zero are left out.
fn groups(number: u64) -> impl Iterator<Item = (usize, usize)> {
    let group = move |power: usize| (number / 1000u64.pow(power as u32) % 1000) as usize;
    (0..LIMIT.ilog10() as usize / 3).rev().map(move |power| (power, group(power))).filter(|(_, group)| *group > 0)
}

/// The sound before a number below zero.
const MINUS: &str = "numbers/minus";

/// The sound of the sign between digits, of the two other keys.
const SIGNS: [&str; 3] = ["digits/star", "digits/pound", "digits/point"];

/// Digits one by one, the two other keys by their names.
fn digits(digits: &Digits, names: &mut Names) {
    names.extend(digits.signs().map(|sign| match sign {
        '*' => "digits/star",
        '#' => "digits/pound",
        '.' => "digits/point",
        digit => names::UNITS[digit as usize - '0' as usize],
    }));
}

#[cfg(test)]
mod tests;
