use std::collections::BTreeSet;

use super::*;

fn read(kind: Kind, text: &str) -> Result<Spoken, Unsayable> {
    Spoken::read(kind, text)
}

#[test]
fn a_text_is_read_as_its_kind_or_refused() {
    use Kind::*;
    use Unsayable::*;
    for (kind, text, problem) in [
        (Cardinal, " 007 ", None),
        (Cardinal, "-0", None),
        (Cardinal, "999999999999999999", None),
        (Cardinal, "1000000000000000000", Some(TooLarge)),
        (Cardinal, "99999999999999999999999999999999", Some(TooLarge)),
        (Cardinal, "000000000000000000000000000000001", None),
        (Cardinal, "", Some(NoNumber)),
        (Cardinal, "-", Some(NoNumber)),
        (Cardinal, "--1", Some(NoNumber)),
        (Cardinal, "1.5", Some(NoNumber)),
        (Cardinal, "٣", Some(NoNumber)),
        (Ordinal, "-1", Some(NoOrdinal)),
        (Ordinal, "0", None),
        (Digits, "+", Some(NoDigits)),
        (Digits, ".", Some(NoDigits)),
        (Digits, "#", None),
        (Date, "2026-03-05", None),
        (Date, "2024-2-29", None),
        (Date, "2026-02-29", Some(NoDate)),
        (Date, "1900-02-29", Some(NoDate)),
        (Date, "2026-04-31", Some(NoDate)),
        (Date, "2026-13-01", Some(NoDate)),
        (Date, "2026-00-01", Some(NoDate)),
        (Date, "0000-01-01", Some(NoDate)),
        (Date, "26-01-01", Some(NoDate)),
        (Date, "2026-01-01-01", Some(NoDate)),
        (Date, "2026-01", Some(NoDate)),
        (Time, "0:00", None),
        (Time, "23:59:59", None),
        (Time, "24:00", Some(NoTime)),
        (Time, "12:60", Some(NoTime)),
        (Time, "12", Some(NoTime)),
        (Time, "12:00:00:00", Some(NoTime)),
        (Time, "12:", Some(NoTime)),
        (Money, "12.50 USD", None),
        (Money, "usd12,5", None),
        (Money, "-1RUB", None),
        (Money, "12.505 USD", Some(NoMoney)),
        (Money, "12. USD", Some(NoMoney)),
        (Money, ".5 USD", Some(NoMoney)),
        (Money, "12", Some(NoMoney)),
        (Money, "USD", Some(NoMoney)),
        (Money, "12 XYZ", Some(UnknownCurrency)),
        (Money, "USD 12 USD", Some(NoMoney)),
    ] {
        assert_eq!(read(kind, text).err(), problem, "{} {text}", kind.as_str());
    }
}

#[test]
fn digits_lose_what_nobody_says() {
    for (text, names) in [
        ("+7 (812) 1-0", "digits/7 digits/8 digits/1 digits/2 digits/1 digits/0"),
        ("*2#", "digits/star digits/2 digits/pound"),
        ("12.50", "digits/1 digits/2 digits/point digits/5 digits/0"),
        ("1,5", "digits/1 digits/point digits/5"),
        ("No. 7.", "digits/7"),
    ] {
        let digits = read(Kind::Digits, text).unwrap();
        for language in Language::ALL {
            assert_eq!(say(&digits, language).join(" "), names, "{text}");
        }
    }
}

#[test]
fn words_are_parted_but_where_a_word_goes_on() {
    assert_eq!(words([]), "");
    assert_eq!(words(["две", "тысячи"]), "две тысячи");
    assert_eq!(words(["сто-", "двадцати-", "пяти-", "тысячный"]), "стодвадцатипятитысячный");
    assert_eq!(words(["հազար", "քսան-", "մեկ"]), "հազար քսանմեկ");
}

/// Whatever is said has to have a sound, and a sound that nothing says would lie in the repository for nothing.
#[test]
fn the_names_of_a_language_are_those_that_it_says() {
    let mut texts: Vec<(Kind, String)> = Vec::new();
    for number in (0..2000).chain((2000..1_000_000).step_by(499)) {
        texts.push((Kind::Cardinal, format!("-{number}")));
        texts.push((Kind::Ordinal, number.to_string()));
    }
    texts.extend((1..1000).map(|thousands| (Kind::Ordinal, format!("{thousands}000"))));
    for zeros in 3..18 {
        for digits in [1, 2, 3, 5, 21, 22, 25, 100, 111, 999] {
            let number = format!("{digits}{}", "0".repeat(zeros));
            if number.len() <= 18 {
                texts.push((Kind::Cardinal, number.clone()));
                texts.push((Kind::Ordinal, number));
            }
        }
    }
    for day in 1..=31 {
        texts.push((Kind::Date, format!("1905-01-{day:02}")));
        texts.push((Kind::Date, format!("20{day:02}-{:02}-01", day % 12 + 1)));
    }
    texts.extend((1..100).map(|century| (Kind::Date, format!("{century:02}00-01-01"))));
    texts.extend((1..10_000).step_by(7).map(|year| (Kind::Date, format!("{year:04}-01-01"))));
    for hour in 0..24 {
        texts.extend((0..60).map(|minute| (Kind::Time, format!("{hour}:{minute}:{}", (minute + hour) % 60))));
    }
    for currency in Currency::ALL {
        texts.extend((0..300).map(|amount| (Kind::Money, format!("-{}.{:02} {currency}", amount / 3, amount % 100))));
    }
    texts.push((Kind::Digits, "0123456789*#1.1".to_owned()));
    for language in Language::ALL {
        let mut said = BTreeSet::new();
        for (kind, text) in &texts {
            said.extend(say(&read(*kind, text).unwrap(), language));
        }
        let listed: BTreeSet<_> = every_name(language).into_iter().collect();
        assert_eq!(said.symmetric_difference(&listed).collect::<Vec<_>>(), [&""; 0], "{language}");
    }
}
