//! `json.dumps`: a value as Python writes it.
//!
//! Shape: [`dumps`] writes a value that was paid for; what the indent adds is paid for line by line.
//! Errors: what has no place in JSON is a `TypeError`.
//! Sources: Python 3.12 library reference, `json`.

use std::fmt::Write;

use super::{
    Failure,
    args::{self, Args},
    budget::Budget,
    text,
    value::Value,
};

/// How it is written.
struct Writer<'a> {
    text: String,
    /// What each level is indented by; all is on one line where there is none.
    indent: Option<String>,
    is_ascii: bool,
    budget: &'a mut Budget,
}

/// `json.dumps(obj, indent=None, ensure_ascii=True)`.
pub(super) fn dumps(args: Args, budget: &mut Budget) -> Result<Value, Failure> {
    if args.list.len() > 1 {
        return Err(Failure::new("TypeError: dumps() takes 1 positional argument"));
    }
    let [value, indent, ascii] = args.bind(["obj", "indent", "ensure_ascii"], 1)?;
    let value = value.unwrap_or(Value::None);
    text::pay(&value, budget)?;
    if !value.is_plain() {
        return Err(Failure::new(format!("TypeError: Object of type {} is not JSON serializable", value.kind())));
    }
    let indent = match indent {
        None | Some(Value::None) => None,
        Some(Value::Text(indent)) => Some(indent.to_string()),
        Some(count) => {
            let count = usize::try_from(args::int(&count)?.max(0)).unwrap_or(usize::MAX);
            budget.bytes(count)?;
            Some(" ".repeat(count))
        }
    };
    let is_ascii = ascii.is_none_or(|ascii| ascii.is_true());
    let mut writer = Writer { text: String::new(), indent, is_ascii, budget };
    writer.value(&value, 0)?;
    Ok(Value::text(writer.text))
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        match value {
            Value::List(all) | Value::Tuple(all) | Value::Set(all) => {
                self.all(('[', ']'), all, depth, |writer, value| writer.value(value, depth + 1))
            }
            Value::Dict(all) => self.all(('{', '}'), all, depth, |writer, (key, value)| {
                writer.key(key)?;
                writer.text += ": ";
                writer.value(value, depth + 1)
            }),
            Value::Text(text) => self.quoted(text),
            Value::Float(value) if value.is_nan() => self.plain("NaN"),
            Value::Float(value) if value.is_infinite() => {
                self.plain(if *value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Value::None => self.plain("null"),
            Value::Bool(true) => self.plain("true"),
            Value::Bool(false) => self.plain("false"),
            Value::Int(_) | Value::Float(_) => {
                let text = text::str(value);
                self.plain(&text)
            }
            other => self.quoted(&text::str(other)),
        }
    }

    /// A key is a text, whatever it was.
    fn key(&mut self, key: &Value) -> Result<(), Failure> {
        match key {
            Value::Text(text) => self.quoted(text),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                self.text.push('"');
                self.value(key, 0)?;
                self.plain("\"")
            }
            other => Err(Failure::new(format!(
                "TypeError: keys must be str, int, float, bool or None, not {}",
                other.kind()
            ))),
        }
    }

    fn all<T>(
        &mut self,
        (open, close): (char, char),
        all: &[T],
        depth: usize,
        write: impl Fn(&mut Self, &T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.text.push(open);
        for (index, one) in all.iter().enumerate() {
            if index > 0 {
                self.text += if self.indent.is_some() { "," } else { ", " };
            }
            self.line(depth + 1)?;
            write(self, one)?;
        }
        if !all.is_empty() {
            self.line(depth)?;
        }
        self.text.push(close);
        Ok(())
    }

    /// A new line, where all is not on one.
    fn line(&mut self, depth: usize) -> Result<(), Failure> {
        if let Some(indent) = &self.indent {
            self.budget.bytes(indent.len().saturating_mul(depth).saturating_add(1))?;
            self.text.push('\n');
            self.text += &indent.repeat(depth);
        }
        Ok(())
    }

    // Never fails; the others do.
    #[allow(clippy::unnecessary_wraps)]
    fn plain(&mut self, text: &str) -> Result<(), Failure> {
        self.text += text;
        Ok(())
    }

    fn quoted(&mut self, text: &str) -> Result<(), Failure> {
        let quoted = serde_json::Value::String(text.to_owned()).to_string();
        if !self.is_ascii {
            return self.plain(&quoted);
        }
        for c in quoted.chars() {
            if c.is_ascii() && c != '\u{7f}' {
                self.text.push(c);
                continue;
            }
            // Three times what a letter took at most was paid for.
            self.budget.bytes(12)?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(self.text, "\\u{unit:04x}");
            }
        }
        Ok(())
    }
}
