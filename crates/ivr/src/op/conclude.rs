//! What a script leaves for the world outside when its call ends.
//!
//! Shape: [`Conclusion`], pairs of names and values. It takes no time, and may be asked after the call's end too.
//! Units: at most [`MAX_CONCLUSION`] bytes; what is more is left out.
//! Sources: RFC 5552 §4 (data in the body of the BYE).

/// Most bytes of all names and values.
pub const MAX_CONCLUSION: usize = 4 << 10;

/// What a script has come to. Of several the last one counts; a caller who is hung up later is told it in the BYE.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Conclusion {
    /// Names and values, in the order of the script.
    pub fields: Vec<(String, String)>,
}

impl Conclusion {
    /// As many of these pairs as there is room for.
    pub fn of(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut room = MAX_CONCLUSION;
        let fits = |(name, value): &(String, String)| {
            let left = room.checked_sub(name.len() + value.len());
            room = left.unwrap_or(room);
            left.is_some()
        };
        Self { fields: fields.into_iter().filter(fits).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_left_out_and_what_is_behind_it_is_not() {
        let pair = |name: &str, length: usize| (name.to_owned(), "x".repeat(length));
        let told = Conclusion::of([pair("a", 4_000), pair("b", 100), pair("c", 90)]);
        assert_eq!(told.fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    }
}
