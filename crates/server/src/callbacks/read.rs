//! Reading an order for a callback.
//!
//! Shape: a request's body in, an [`Order`] out; a field that is absent, `null` or 0 is not set, and unknown ones are ignored. A number
//! may come as a text and the other way round.
//! Units: seconds.
//! Errors: all that is wrong, each with its field: a number that leads nowhere, a sound that is not there, a variable that cannot be one.
//! Sources: `ringme-ivr.md` 2.7, 1.7 (variables and their reserved names), 1.1 (types).

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{
    Callback, CallerId, Dial, Join, SendDigits, SoundId, Terms, Vars, rules::wire::FieldError, send_digits::HELD,
};
use serde_json::{Map, Value};

use super::Order;
use crate::{
    directory::{self, Target},
    settings::Trunk,
    store::{ClientId, Config},
};

/// Numbers that ring at once at most, as of a transfer.
const SOURCES: usize = 10;
/// Variables of one order at most; a call holds more.
const VARIABLES: usize = 64;
/// Most characters of a number or a name.
const LONGEST: usize = 255;
/// How many seconds the sources ring at most.
const LONGEST_RING: u64 = 300;
/// How long a call may be made to last at most: a day.
const LASTS: u64 = 86_400;
/// Seconds after which a telephone may be asked to answer by itself.
const ANSWER_AFTER: u64 = 300;

/// What an order is read against.
pub struct Directory<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The trunks: what they do not allow is not dialled.
    pub trunks: &'a [Arc<Trunk>],
    /// Whose order it is.
    pub client: ClientId,
}

/// What stands behind a number.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Kind {
    Service,
    Phone,
    Outside,
}

impl Directory<'_> {
    fn kind(&self, number: &str) -> Result<Kind, String> {
        match directory::resolve(self.config, self.trunks, self.client, number) {
            Ok(Target::Ivr(_)) => Ok(Kind::Service),
            Ok(Target::Phone(_)) => Ok(Kind::Phone),
            Ok(Target::Trunks { .. }) => Ok(Kind::Outside),
            Err(why) => Err(format!("\"{number}\": {why}")),
        }
    }
}

/// A number that a call is sent to: a menu, a conference, a telephone, or one that a trunk allows.
///
/// # Errors
/// What is wrong with this field of the body.
pub fn destination(body: &Value, field: &str, directory: &Directory<'_>) -> Result<String, Vec<FieldError>> {
    let body = object(body)?;
    let mut fields = Fields { body, directory, problems: Vec::new() };
    let number = fields.required(field);
    if let Some(number) = &number {
        fields.leads(field, number);
    }
    fields.done(number)
}

/// An order for a callback.
///
/// # Errors
/// Everything that is wrong with the body.
pub fn read(body: &Value, directory: &Directory<'_>) -> Result<Order, Vec<FieldError>> {
    let mut fields = Fields { body: object(body)?, directory, problems: Vec::new() };
    let sources = fields.sources();
    let to = fields.required("dst_num");
    let kind = to.as_deref().and_then(|number| fields.leads("dst_num", number));
    let (variables, answers) = fields.variables();
    let stays_inside = !fields.flag("allow_public_transfer", true);
    let digits = fields.text("dst_dtmf");
    let digits = digits.and_then(|text| match SendDigits::parse(&text, HELD) {
        Ok(digits) => Some(digits),
        Err(problem) => fields.refuse("dst_dtmf", problem.to_string()),
    });
    let announce = fields.sound("dst_announce_sound_id");
    let terms = Terms { join: Join::Here, announce, digits, answer_after: answers.destination, ..Terms::default() };
    let after = fields.after("transfer_after_dst_hangup", kind, stays_inside);
    let after_caller = fields.after("transfer_after_src_hangup", kind, stays_inside);
    let only_of_a_party = [("dst_announce_sound_id", announce.is_some()), ("dst_dtmf", terms.digits.is_some())];
    for (field, is_set) in only_of_a_party {
        if is_set && kind == Some(Kind::Service) {
            fields.refuse::<()>(field, "needs a dst_num that is a telephone or a number outside");
        }
    }
    let callback = Callback {
        announce: fields.sound("announce_sound_id"),
        to: to.clone().unwrap_or_default(),
        number: fields.text("dst_ani"),
        terms,
        after,
    };
    let order = Order {
        sources,
        shown: CallerId {
            number: fields.text("caller_id_number").or(to).unwrap_or_default(),
            name: fields.text("caller_id_name").unwrap_or_default(),
        },
        ring_time: fields.number("wait_for_pickup", LONGEST_RING).map_or(Dial::RING_TIME, Duration::from_secs),
        answer_after: answers.source,
        callback: Arc::new(callback),
        after_caller,
        stays_inside,
        lasts: fields.number("call_duration", LASTS).map(Duration::from_secs),
        sounds_are_accepted: variables.get("answering_machine").is_some_and(is_true),
        tag: variables.get("tag").map(str::to_owned),
        variables,
    };
    fields.done(Some(order))
}

fn object(body: &Value) -> Result<&Map<String, Value>, Vec<FieldError>> {
    body.as_object().ok_or_else(|| vec![FieldError::new("", "the body must be a JSON object")])
}

/// Who is asked to answer by itself, and after how many seconds.
#[derive(Default)]
struct Answers {
    source: Option<u16>,
    destination: Option<u16>,
}

/// The fields of a body that is being read.
struct Fields<'a> {
    body: &'a Map<String, Value>,
    directory: &'a Directory<'a>,
    problems: Vec<FieldError>,
}

impl Fields<'_> {
    fn refuse<T>(&mut self, field: &str, problem: impl Into<String>) -> Option<T> {
        self.problems.push(FieldError::new(field, problem));
        None
    }

    fn done<T>(self, read: Option<T>) -> Result<T, Vec<FieldError>> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            _ => Err(self.problems),
        }
    }

    fn text(&mut self, field: &str) -> Option<String> {
        match text(self.body.get(field)?) {
            Ok(text) => text.filter(|text| !text.trim().is_empty()),
            Err(problem) => self.refuse(field, problem),
        }
    }

    fn required(&mut self, field: &str) -> Option<String> {
        let before = self.problems.len();
        let text = self.text(field).map(|text| text.trim().to_owned());
        if text.is_none() && self.problems.len() == before {
            self.problems.push(FieldError::required(field));
        }
        text
    }

    /// What stands behind a number; one that leads nowhere is refused.
    fn leads(&mut self, field: &str, number: &str) -> Option<Kind> {
        match self.directory.kind(number) {
            Ok(kind) => Some(kind),
            Err(problem) => self.refuse(field, problem),
        }
    }

    /// A number of seconds, up to so many; 0 is not set.
    fn number(&mut self, field: &str, most: u64) -> Option<u64> {
        let number = match self.body.get(field)? {
            Value::Null => Some(0),
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.trim().parse().ok(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match number.filter(|number| *number <= most) {
            Some(number) => Some(number).filter(|number| *number > 0),
            None => self.refuse(field, format!("must be a whole number of seconds, at most {most}")),
        }
    }

    fn flag(&mut self, field: &str, fresh: bool) -> bool {
        match self.body.get(field) {
            None | Some(Value::Null) => fresh,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => self.refuse(field, "must be true or false").unwrap_or(fresh),
        }
    }

    fn sound(&mut self, field: &str) -> Option<SoundId> {
        let id = match self.body.get(field)? {
            Value::Null => Some(0),
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.trim().parse().ok(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let Some(id) = id else { return self.refuse(field, "must be the id of a sound") };
        let found = self.directory.config.sound(SoundId(id)).filter(|sound| sound.client == self.directory.client);
        match found {
            _ if id == 0 => None,
            Some(sound) => Some(sound.id),
            None => self.refuse(field, format!("there is no sound {id}")),
        }
    }

    /// The numbers that ring, each of which somebody answers.
    fn sources(&mut self) -> Vec<String> {
        const FIELD: &str = "src_num";
        let numbers = match self.body.get(FIELD) {
            None | Some(Value::Null) => return self.required(FIELD).into_iter().collect(),
            Some(Value::Array(numbers)) => numbers.iter().map(text).collect(),
            Some(number) => text(number).map(|number| vec![number]),
        };
        let numbers: Vec<String> = match numbers {
            Ok(numbers) => numbers.into_iter().flatten().map(|number| number.trim().to_owned()).collect(),
            Err(problem) => return self.refuse(FIELD, problem).unwrap_or_default(),
        };
        if !(1..=SOURCES).contains(&numbers.len()) {
            return self.refuse(FIELD, format!("must be a list of 1 to {SOURCES} numbers")).unwrap_or_default();
        }
        for number in &numbers {
            if self.leads(FIELD, number) == Some(Kind::Service) {
                self.refuse::<()>(
                    FIELD,
                    format!("\"{number}\" is no telephone: nobody answers there who could be joined"),
                );
            }
        }
        numbers
    }

    /// Where a party goes after the other has hung up.
    fn after(&mut self, field: &str, to: Option<Kind>, stays_inside: bool) -> Option<String> {
        let number = self.text(field)?.trim().to_owned();
        let kind = self.leads(field, &number)?;
        if to == Some(Kind::Service) {
            return self.refuse(field, "needs a dst_num that is a telephone or a number outside");
        }
        if stays_inside && kind == Kind::Outside {
            return self.refuse(field, "is a number outside, and allow_public_transfer is false");
        }
        Some(number)
    }

    /// The variables, and what the reserved ones among them say.
    fn variables(&mut self) -> (Vars, Answers) {
        let (mut vars, mut answers) = (Vars::default(), Answers::default());
        let given = match self.body.get("variables") {
            None | Some(Value::Null) => return (vars, answers),
            Some(Value::Object(given)) if given.len() <= VARIABLES => given,
            Some(Value::Object(_)) => {
                self.refuse::<()>("variables", format!("has more than {VARIABLES} of them"));
                return (vars, answers);
            }
            Some(_) => {
                self.refuse::<()>("variables", "must be an object of names and values");
                return (vars, answers);
            }
        };
        for (name, value) in given {
            let field = format!("variables.{name}");
            let Some(value) = scalar(value) else {
                self.refuse::<()>(&field, "must be a text, a number, true or false");
                continue;
            };
            if let Err(problem) = vars.set(name, &value) {
                self.refuse::<()>(&field, problem.to_string());
                continue;
            }
            self.reserved(&field, name, &value, &mut answers);
        }
        (vars, answers)
    }

    fn reserved(&mut self, field: &str, name: &str, value: &str, answers: &mut Answers) {
        match name {
            "autoanswer" | "autoanswer_src" | "autoanswer_dst" => {
                let Some(seconds) = value.trim().parse().ok().filter(|seconds| u64::from(*seconds) <= ANSWER_AFTER)
                else {
                    self.refuse::<()>(field, format!("must be a whole number of seconds, at most {ANSWER_AFTER}"));
                    return;
                };
                // What is said of one of the two counts before what is said of both, in whatever order they come.
                if name == "autoanswer" {
                    answers.source.get_or_insert(seconds);
                    answers.destination.get_or_insert(seconds);
                } else if name == "autoanswer_src" {
                    answers.source = Some(seconds);
                } else {
                    answers.destination = Some(seconds);
                }
            }
            _ => {}
        }
    }
}

/// What a word says that is a flag.
fn is_true(word: &str) -> bool {
    !["", "0", "false", "no"].contains(&word.trim().to_ascii_lowercase().as_str())
}

/// A text of a request; a number is one too.
fn text(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::String(text) if text.chars().any(char::is_control) => Err("must not hold control characters".to_owned()),
        Value::String(text) if text.chars().count() > LONGEST => Err(format!("has more than {LONGEST} characters")),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err("must be a text".to_owned()),
    }
}

/// The value of a variable.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
