//! What is said between the server and a process that runs a customizer.
//!
//! Shape: four bytes of length, big-endian, then an object of JSON in UTF-8. A request has a number, which its answer repeats.
//! Errors: an answer that cannot be read ends the process: the customizer's code can reach the socket. For the same reason the bounds of an
//! answer are those of this file, whatever the process has checked before.

use antiphon_ivr::op::{
    AboutCall, AllowFlow, Changes, CustomError, CustomErrorKind, CustomLog, CustomResult, Customize, Flow,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{self, AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

use super::Loads;

/// Most bytes of a frame.
pub(super) const MAX_FRAME: usize = 4 << 20;
/// Most bytes of a result, and of what a method wants changed.
const MAX_RESULT: usize = 1 << 20;
/// Most variables that a method may set.
const MAX_VARIABLES: usize = 1_000;
/// Most lines that a method may log, and most characters of their level and their text.
const MAX_LOG: (usize, usize, usize) = (100, 20, 1_000);
/// Most classes and methods of code, and most characters of the name of one.
const MAX_NAMES: (usize, usize) = (200, 200);
/// Most characters of what is told of a fault, and of where it happened.
const MAX_FAULT: (usize, usize) = (500, 4_000);
/// Most bytes of the parameters of a call and of what it is told.
const MAX_REQUEST: usize = 2 << 20;

/// Asks for what is in the code.
pub(super) fn inspect(code: &[u8], class_name: Option<&str>) -> Value {
    json!({ "op": "inspect", "code": STANDARD.encode(code), "class_name": class_name })
}

/// Has the code run, and the instance made.
pub(super) fn load(loads: &Loads) -> Value {
    let ivr = json!({
        "id": loads.extension.0, "name": loads.extension_name, "version": loads.version,
        "config": loads.config.reveal(),
    });
    json!({ "op": "load", "code": STANDARD.encode(&loads.code), "class_name": loads.class_name, "ivr": ivr })
}

/// Calls a method.
pub(super) fn call(customize: &Customize) -> Result<Value, CustomError> {
    let AboutCall { id, from_number, to_number, language, vars, extra_data, headers, flow } = &customize.about;
    let about = json!({
        "id": id, "from_number": from_number, "to_number": to_number, "language": language,
        "vars": vars, "extra_data": extra_data, "headers": headers, "flow": *flow == AllowFlow::Yes,
    });
    let frame = json!({ "op": "call", "method": customize.method, "params": customize.params, "call": about });
    if frame.to_string().len() > MAX_REQUEST {
        let message = format!("its parameters and variables have more than {MAX_REQUEST} bytes");
        return Err(CustomError { kind: CustomErrorKind::BadMethod, message });
    }
    Ok(frame)
}

/// Sends a request, and waits for its answer.
pub(super) async fn ask(socket: &mut UnixStream, id: u64, mut request: Value) -> io::Result<Answer> {
    request["id"] = id.into();
    let request = request.to_string();
    let length = u32::try_from(request.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    socket.write_all(&length.to_be_bytes()).await?;
    socket.write_all(request.as_bytes()).await?;
    let length = socket.read_u32().await? as usize;
    if length > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too large"));
    }
    let mut frame = vec![0; length];
    socket.read_exact(&mut frame).await?;
    let answer: Answer = serde_json::from_slice(&frame)?;
    if answer.id == id {
        Ok(answer.bounded())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "another answer"))
    }
}

fn cut(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
    }
}

/// What a process answers.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    id: u64,
    ok: bool,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    changes: WireChanges,
    #[serde(default)]
    log: Vec<(String, String)>,
    #[serde(default)]
    pub(super) methods: Vec<String>,
    #[serde(default)]
    pub(super) classes: Vec<String>,
    error: Option<Fault>,
    /// The memory that the process has in use, in bytes.
    #[serde(default)]
    pub(super) memory: u64,
}

/// What went wrong.
#[derive(Deserialize, Default, Debug)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fault {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) message: String,
    pub(super) traceback: String,
    pub(super) line: u64,
    pub(super) col: u64,
}

#[derive(Deserialize, Default, Debug)]
#[serde(default, deny_unknown_fields)]
struct WireChanges {
    vars: Vec<(String, Value)>,
    extra_data: Option<Vec<(String, Value)>>,
    language: Option<String>,
    priority: Option<Value>,
    skills: Option<Value>,
    flow: Option<WireFlow>,
}

#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum WireFlow {
    Goto {
        goto: String,
    },
    Throw {
        throw: String,
        #[serde(default)]
        message: String,
    },
}

impl WireChanges {
    /// How much of an answer it is.
    fn bytes(&self) -> usize {
        let value = |value: &Value| value.to_string().len();
        let pairs = |pairs: &[(String, Value)]| pairs.iter().map(|(name, of)| name.len() + value(of)).sum::<usize>();
        let flow = match &self.flow {
            Some(WireFlow::Goto { goto }) => goto.len(),
            Some(WireFlow::Throw { throw, message }) => throw.len() + message.len(),
            None => 0,
        };
        let said = self.language.as_ref().map_or(0, String::len) + flow;
        let wanted = self.priority.iter().chain(&self.skills).map(value).sum::<usize>();
        pairs(&self.vars) + self.extra_data.as_deref().map_or(0, pairs) + said + wanted
    }
}

impl Answer {
    /// The answer without what is too much of it.
    fn bounded(mut self) -> Self {
        let (lines, level, text) = MAX_LOG;
        self.log.truncate(lines);
        for line in &mut self.log {
            cut(&mut line.0, level);
            cut(&mut line.1, text);
        }
        let (names, characters) = MAX_NAMES;
        for list in [&mut self.methods, &mut self.classes] {
            list.truncate(names);
            list.iter_mut().for_each(|name| cut(name, characters));
        }
        if let Some(fault) = &mut self.error {
            cut(&mut fault.message, MAX_FAULT.0);
            cut(&mut fault.traceback, MAX_FAULT.1);
        }
        let is_large = self.result.to_string().len() > MAX_RESULT || self.changes.bytes() > MAX_RESULT;
        let problem = match self.changes.vars.len() > MAX_VARIABLES {
            _ if is_large => format!("it has more than {MAX_RESULT} bytes"),
            true => format!("it sets more than {MAX_VARIABLES} variables"),
            false => return self,
        };
        let fault = Fault { kind: "badresult".to_owned(), message: problem, ..Fault::default() };
        Self { ok: false, error: Some(fault), result: Value::Null, changes: WireChanges::default(), ..self }
    }

    /// The answer, unless it tells of a fault.
    pub(super) fn checked(self) -> Result<Self, Fault> {
        if self.ok { Ok(self) } else { Err(self.error.unwrap_or_default()) }
    }

    /// What a method wrote into the log.
    pub(super) fn log(&self) -> Vec<CustomLog> {
        self.log.iter().map(|(level, text)| CustomLog { level: level.clone(), text: text.clone() }).collect()
    }

    /// What a method returned.
    pub(super) fn returned(self) -> Result<CustomResult, Fault> {
        let log = self.log();
        let answer = self.checked()?;
        let WireChanges { vars, extra_data, language, priority, skills, flow } = answer.changes;
        let flow = flow.map(|flow| match flow {
            WireFlow::Goto { goto } => Flow::Goto(goto),
            WireFlow::Throw { throw, message } => Flow::Throw { event: throw, message },
        });
        let changes = Changes { vars, extra_data, language, priority, skills, flow };
        Ok(CustomResult { value: answer.result, changes, log })
    }
}

impl Fault {
    /// The class of an exception, for the log: its text may have what callers said and pressed in it.
    pub(super) fn class(&self) -> &str {
        if self.kind == "exception" { self.message.split(':').next().unwrap_or_default() } else { &self.kind }
    }

    /// As a script is told of it.
    pub(super) fn told(self) -> CustomError {
        let kind = match self.kind.as_str() {
            "badmethod" => CustomErrorKind::BadMethod,
            "badresult" => CustomErrorKind::BadResult,
            _ => CustomErrorKind::Exception,
        };
        CustomError { kind, message: self.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<Answer> {
        serde_json::from_str(text)
    }

    #[test]
    fn what_a_method_wants_changed_comes_with_its_value() {
        let text = r##"{"id": 3, "ok": true, "result": [1], "log": [["info", "here"]], "changes": {
            "vars": [["a", 1]], "extra_data": [["k", null]], "language": "fr", "priority": 3, "flow": {"goto": "#x"}}}"##;
        let result = read(text).unwrap().returned().unwrap();
        assert_eq!((result.value, result.changes.language.as_deref()), (json!([1]), Some("fr")));
        assert_eq!(result.changes.vars, [("a".to_owned(), json!(1))]);
        assert_eq!(result.changes.extra_data, Some(vec![("k".to_owned(), Value::Null)]));
        assert_eq!(result.changes.flow, Some(Flow::Goto("#x".to_owned())));
        assert_eq!(result.log[0].text, "here");
    }

    #[test]
    fn an_answer_of_another_shape_is_none() {
        for text in ["[]", "{}", r#"{"id": -1, "ok": true}"#, r#"{"id": 1, "ok": true, "result": 1e999}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        let fault = read(r#"{"id": 1, "ok": false}"#).unwrap().returned().unwrap_err().told();
        assert_eq!(fault.kind, CustomErrorKind::Exception);
    }

    #[test]
    fn an_answer_that_the_process_has_not_checked_is_no_larger_than_one_that_it_has() {
        let long = "x".repeat(2_000);
        let log: Vec<_> = (0..5_000).map(|_| (&long, &long)).collect();
        let names = vec![&long; 5_000];
        let fault = json!({"type": "exception", "message": "m".repeat(9_000), "traceback": "t".repeat(9_000)});
        let text = json!({"id": 1, "ok": false, "log": log, "methods": names, "classes": names, "error": fault});
        let answer = read(&text.to_string()).unwrap().bounded();
        assert_eq!((answer.log().len(), answer.log()[0].level.len(), answer.log()[0].text.len()), (100, 20, 1_000));
        assert_eq!((answer.methods.len(), answer.classes.len(), answer.methods[0].len()), (200, 200, 200));
        let fault = answer.returned().unwrap_err();
        assert_eq!((fault.message.len(), fault.traceback.len()), (500, 4_000));
        let many: Vec<_> = (0..1_001).map(|number| (format!("v{number}"), 1)).collect();
        for (part, problem) in [
            (json!({"result": "x".repeat(MAX_RESULT)}), "bytes"),
            (json!({"changes": {"language": "x".repeat(MAX_RESULT + 1)}}), "bytes"),
            (json!({"changes": {"vars": many}}), "1000 variables"),
        ] {
            let mut text = json!({"id": 1, "ok": true});
            text.as_object_mut().unwrap().extend(part.as_object().cloned().unwrap());
            let fault = read(&text.to_string()).unwrap().bounded().returned().unwrap_err();
            assert!(fault.kind == "badresult" && fault.message.contains(problem), "{fault:?}");
        }
    }

    #[test]
    fn the_log_has_the_class_of_an_exception_and_not_its_text() {
        let fault = |kind: &str, message: &str| {
            let (kind, message) = (kind.to_owned(), message.to_owned());
            Fault { kind, message, ..Fault::default() }.class().to_owned()
        };
        assert_eq!(fault("exception", "LookupError: no card 4111:1"), "LookupError");
        assert_eq!(
            (fault("exception", "KeyError"), fault("badresult", "4111")),
            ("KeyError".into(), "badresult".into())
        );
    }

    #[test]
    fn a_call_that_says_too_much_is_not_made() {
        let params = vec![("a".to_owned(), Value::from("x".repeat(MAX_REQUEST)))];
        let customize = Customize {
            extension: antiphon_ivr::ExtensionId(1),
            method: "m".to_owned(),
            params,
            about: AboutCall::default(),
            timer: None,
        };
        assert_eq!(call(&customize).unwrap_err().kind, CustomErrorKind::BadMethod);
    }
}
