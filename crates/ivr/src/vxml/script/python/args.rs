//! The arguments of a call.

use super::{Failure, value::Value};

/// What is given by its place, and by its name.
#[derive(Clone, Default, Debug)]
pub(super) struct Args {
    pub(super) list: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
}

impl Args {
    pub(super) fn of(list: Vec<Value>) -> Self {
        Self { list, named: Vec::new() }
    }

    /// The values of these parameters, of which so many have to be there.
    pub(super) fn bind<const N: usize>(self, names: [&str; N], required: usize) -> Result<[Option<Value>; N], Failure> {
        if self.list.len() > N {
            return Err(Failure::new(format!("TypeError: at most {N} arguments, not {}", self.list.len())));
        }
        let mut bound = [const { None }; N];
        for (slot, value) in bound.iter_mut().zip(self.list) {
            *slot = Some(value);
        }
        for (name, value) in self.named {
            let slot = names.iter().position(|known| *known == name);
            match slot.filter(|slot| bound[*slot].is_none()) {
                Some(slot) => bound[slot] = Some(value),
                None => return Err(Failure::new(format!("TypeError: {name} is no argument here"))),
            }
        }
        match (0..required).find(|index| bound[*index].is_none()) {
            Some(missing) => Err(Failure::new(format!("TypeError: the argument {} is missing", names[missing]))),
            None => Ok(bound),
        }
    }

    /// All by their places, none by a name.
    pub(super) fn plain(self) -> Result<Vec<Value>, Failure> {
        match self.named.first() {
            Some((name, _)) => Err(Failure::new(format!("TypeError: {name} is no argument here"))),
            None => Ok(self.list),
        }
    }
}

/// A number of an argument.
pub(super) fn int(value: &Value) -> Result<i64, Failure> {
    value.int().ok_or_else(|| Failure::new(format!("TypeError: '{}' is no integer", value.kind())))
}

/// A text of an argument.
pub(super) fn text(value: &Value) -> Result<&str, Failure> {
    value.as_text().ok_or_else(|| Failure::new(format!("TypeError: '{}' is no str", value.kind())))
}

/// A number of an argument, exact or not.
pub(super) fn float(value: &Value) -> Result<f64, Failure> {
    value.float().ok_or_else(|| Failure::new(format!("TypeError: '{}' is no number", value.kind())))
}
