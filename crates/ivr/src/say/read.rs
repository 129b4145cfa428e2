//! What can be said, read from texts.
//!
//! Shape: one type a [`Kind`], none of which can hold what could not be said.
//! Errors: [`Unsayable`] in words for whoever wrote the text.
//! Sources: ISO 8601 (dates and times), ISO 4217 (currencies), `ringme-ivr.md` 3.8 (digits).

use std::{fmt, str::FromStr};

use super::LIMIT;

/// What a text is taken for.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Kind {
    /// A number: `-21`.
    Cardinal,
    /// The number of something in a row: `21`.
    Ordinal,
    /// Digits one by one: `+7 (812) 123-45-67*2#`.
    Digits,
    /// A day: `2026-03-05`.
    Date,
    /// A time of day: `17:30`, `17:30:05`.
    Time,
    /// An amount: `12.50 USD`.
    Money,
}

/// Why a text cannot be said.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Unsayable {
    /// It is no number.
    #[error("must be a whole number, as 21 or -21")]
    NoNumber,
    /// It is no number that something in a row can have.
    #[error("must be a whole number without a sign, as 21")]
    NoOrdinal,
    /// The number is too large.
    #[error("must have at most 18 digits")]
    TooLarge,
    /// There is no digit or key in it.
    #[error("must hold one of 0-9 * #")]
    NoDigits,
    /// It is no day of the calendar.
    #[error("must be a day of the years 1 to 9999, as 2026-03-05")]
    NoDate,
    /// It is no time of day.
    #[error("must be a time of day, as 17:30 or 17:30:05")]
    NoTime,
    /// It is no amount.
    #[error("must be an amount with at most 2 digits behind the point and a currency, as 12.50 USD")]
    NoMoney,
    /// The amount is in another currency.
    #[error("must be in one of: USD, EUR, RUB, AMD, GBP")]
    UnknownCurrency,
}

/// Something that can be said.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Spoken {
    /// A number.
    Cardinal(Cardinal),
    /// The number of something in a row.
    Ordinal(Ordinal),
    /// Digits one by one.
    Digits(Digits),
    /// A day.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// An amount.
    Money(Money),
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Cardinal, Self::Ordinal, Self::Digits, Self::Date, Self::Time, Self::Money];

    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cardinal => "cardinal",
            Self::Ordinal => "ordinal",
            Self::Digits => "digits",
            Self::Date => "date",
            Self::Time => "time",
            Self::Money => "money",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Spoken {
    /// Reads a text as one kind; spaces around it do not count.
    ///
    /// # Errors
    /// [`Unsayable`] where it is none of that kind.
    pub fn read(kind: Kind, text: &str) -> Result<Self, Unsayable> {
        let text = text.trim();
        match kind {
            Kind::Cardinal => text.parse().map(Self::Cardinal),
            Kind::Ordinal => text.parse().map(Self::Ordinal),
            Kind::Digits => text.parse().map(Self::Digits),
            Kind::Date => text.parse().map(Self::Date),
            Kind::Time => text.parse().map(Self::Time),
            Kind::Money => text.parse().map(Self::Money),
        }
    }
}

/// Digits alone, below [`LIMIT`].
fn number(digits: &str, none: Unsayable) -> Result<u64, Unsayable> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(none);
    }
    // More digits than a u64 has are too many, whatever stands before them.
    digits.parse().ok().filter(|number| *number < LIMIT).ok_or(Unsayable::TooLarge)
}

/// Two digits at most, at least one.
fn short(digits: &str, none: Unsayable) -> Result<u8, Unsayable> {
    if digits.len() > 2 {
        return Err(none);
    }
    number(digits, none).map(|number| number as u8)
}

/// A whole number, -10^18 to 10^18, both left out.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Cardinal(i64);

impl Cardinal {
    pub(super) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(super) fn magnitude(self) -> u64 {
        self.0.unsigned_abs()
    }
}

impl FromStr for Cardinal {
    type Err = Unsayable;

    fn from_str(text: &str) -> Result<Self, Unsayable> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let number = number(digits, Unsayable::NoNumber)? as i64;
        Ok(Self(if digits.len() < text.len() { -number } else { number }))
    }
}

/// The number of something in a row, 0 to 10^18, which is left out.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Ordinal(u64);

impl Ordinal {
    pub(super) fn value(self) -> u64 {
        self.0
    }
}

impl FromStr for Ordinal {
    type Err = Unsayable;

    fn from_str(text: &str) -> Result<Self, Unsayable> {
        number(text, Unsayable::NoOrdinal).map(Self)
    }
}

/// Digits and keys, one after the other. At least one of them is no point.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Digits(String);

impl Digits {
    /// `0` to `9`, `*`, `#`, and `.` for a point between two digits.
    pub(super) fn signs(&self) -> impl Iterator<Item = char> {
        self.0.chars()
    }
}

impl FromStr for Digits {
    type Err = Unsayable;

    /// Takes the digits and keys of a text. A point or comma between two digits counts; whatever else there is, such as a plus, does not.
    fn from_str(text: &str) -> Result<Self, Unsayable> {
        let chars: Vec<char> = text.chars().collect();
        let is_digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
        let signs = chars.iter().enumerate().filter_map(|(at, sign)| match sign {
            '0'..='9' | '*' | '#' => Some(*sign),
            '.' | ',' if is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)) => Some('.'),
            _ => None,
        });
        let signs: String = signs.collect();
        if signs.is_empty() { Err(Unsayable::NoDigits) } else { Ok(Self(signs)) }
    }
}

/// A day of the years 1 to 9999.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    pub(super) fn year(self) -> usize {
        self.year.into()
    }

    pub(super) fn month(self) -> usize {
        self.month.into()
    }

    pub(super) fn day(self) -> usize {
        self.day.into()
    }
}

impl FromStr for Date {
    type Err = Unsayable;

    fn from_str(text: &str) -> Result<Self, Unsayable> {
        let none = Unsayable::NoDate;
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(none);
        let (year, month, day) = (part()?, part()?, part()?);
        if parts.next().is_some() || year.len() != 4 {
            return Err(none);
        }
        let year = number(year, none)? as u16;
        let (month, day) = (short(month, none)?, short(day, none)?);
        let every = |years: u16| year.is_multiple_of(years);
        let leap = every(4) && (!every(100) || every(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        if year == 0 || !(1..=days).contains(&day) { Err(none) } else { Ok(Self { year, month, day }) }
    }
}

/// A time of day.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Time {
    hour: u8,
    minute: u8,
    second: u8,
}

impl Time {
    pub(super) fn hour(self) -> usize {
        self.hour.into()
    }

    pub(super) fn minute(self) -> usize {
        self.minute.into()
    }

    pub(super) fn second(self) -> usize {
        self.second.into()
    }
}

impl FromStr for Time {
    type Err = Unsayable;

    fn from_str(text: &str) -> Result<Self, Unsayable> {
        let none = Unsayable::NoTime;
        let parts = text.split(':').map(|part| short(part, none)).collect::<Result<Vec<_>, _>>()?;
        match parts[..] {
            [hour @ 0..=23, minute @ 0..=59] => Ok(Self { hour, minute, second: 0 }),
            [hour @ 0..=23, minute @ 0..=59, second @ 0..=59] => Ok(Self { hour, minute, second }),
            _ => Err(none),
        }
    }
}

/// A currency whose money can be said.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Currency {
    /// Dollars of the United States, and cents.
    Usd,
    /// Euros and cents.
    Eur,
    /// Russian rubles and kopecks.
    Rub,
    /// Armenian drams and lumas.
    Amd,
    /// Pounds sterling and pence.
    Gbp,
}

impl Currency {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Usd, Self::Eur, Self::Rub, Self::Amd, Self::Gbp];

    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Rub => "RUB",
            Self::Amd => "AMD",
            Self::Gbp => "GBP",
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of less than 10^18 units.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Money {
    negative: bool,
    units: u64,
    coins: u8,
    currency: Currency,
}

impl Money {
    pub(super) fn is_negative(self) -> bool {
        self.negative
    }

    /// Whole units.
    pub(super) fn units(self) -> u64 {
        self.units
    }

    /// Hundredths.
    pub(super) fn coins(self) -> u64 {
        self.coins.into()
    }

    pub(super) fn currency(self) -> Currency {
        self.currency
    }
}

impl FromStr for Money {
    type Err = Unsayable;

    /// Reads `12.50 USD`; the parts may be the other way round, the point a comma, and the space left out.
    fn from_str(text: &str) -> Result<Self, Unsayable> {
        let none = Unsayable::NoMoney;
        let is_letter = |c: char| c.is_ascii_alphabetic();
        let amount = text.trim_matches(is_letter);
        let code = if text.starts_with(is_letter) { text.strip_suffix(amount) } else { text.strip_prefix(amount) };
        let code = code.filter(|code| !code.is_empty()).ok_or(none)?;
        let currency = Currency::ALL.into_iter().find(|currency| currency.code().eq_ignore_ascii_case(code));
        let currency = currency.ok_or(Unsayable::UnknownCurrency)?;
        let amount = amount.trim();
        let positive = amount.strip_prefix('-').unwrap_or(amount);
        let (units, coins) = match positive.split_once(['.', ',']) {
            Some((units, coins)) => (number(units, none)?, (short(coins, none)?, coins.len())),
            None => (number(positive, none)?, (0, 2)),
        };
        let coins = match coins {
            (tenths, 1) => tenths * 10,
            (coins, _) => coins,
        };
        let negative = positive.len() < amount.len() && (units > 0 || coins > 0);
        Ok(Self { negative, units, coins, currency })
    }
}
