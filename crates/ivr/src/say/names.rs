//! Names of sounds that several languages have.

/// Names in a folder: `names!("numbers/", "10" "11")`, and with an ending behind each: `names!("ordinals/", "1" "2", "-neuter")`.
macro_rules! names {
    ($folder:literal, $($name:literal)+) => { [$(concat!($folder, $name)),+] };
    ($folder:literal, $($name:literal)+, $ending:literal) => { [$(concat!($folder, $name, $ending)),+] };
}
pub(super) use names;

/// 0 to 9.
pub(super) const UNITS: [&str; 10] = names!("digits/", "0" "1" "2" "3" "4" "5" "6" "7" "8" "9");
/// 10 to 19.
pub(super) const TEENS: [&str; 10] = names!("numbers/", "10" "11" "12" "13" "14" "15" "16" "17" "18" "19");
/// 20, 30 to 90.
pub(super) const TENS: [&str; 8] = names!("numbers/", "20" "30" "40" "50" "60" "70" "80" "90");
/// A thousand, a million and so on, where they have one form.
pub(super) const SCALES: [&str; 5] = names!("numbers/", "thousand" "million" "billion" "trillion" "quadrillion");
/// The months.
pub(super) const MONTHS: [&str; 12] = names!("months/", "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12");
/// The ordinals, where they have one form. Russian has hundreds of its own beside them.
pub(super) const ORDINALS: [&str; 34] = names!(
    "ordinals/",
    "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19"
    "20" "30" "40" "50" "60" "70" "80" "90"
    "hundred" "thousand" "million" "billion" "trillion" "quadrillion"
);

/// The ordinal among these of what a cardinal's last sound says: `ordinals/20` for `numbers/20`, `ordinals/5-neuter` for `digits/5`.
///
/// # Panics
/// Where there is none, which a test of all of them rules out.
pub(super) fn ordinal(cardinal: &str, ordinals: &[&'static str], ending: &str) -> &'static str {
    let wanted = cardinal.split_once('/').map_or(cardinal, |(_, stem)| stem);
    let is_it = |name: &&&'static str| {
        name.strip_prefix("ordinals/").and_then(|name| name.strip_suffix(ending)).is_some_and(|name| name == wanted)
    };
    ordinals.iter().find(is_it).copied().expect("every last sound of a cardinal has an ordinal")
}
