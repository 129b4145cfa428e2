//! Customizers: Python classes that pages of VoiceXML call.
//!
//! Shape: `[customizer]`. Without `editors` nobody writes one through the API; without an interpreter none is active.
//! Units: `max_time` in seconds, `memory_megabytes` in megabytes of 1,048,576 bytes.
//! Errors: [`SettingsError`]; whether the interpreter is there shows when it is used.
//! Sources: `voicexml-customizers.md` 2.5, 2.6.

use std::{sync::Arc, time::Duration};

use antiphon_ivr::op::CUSTOM_PATIENCE;

use super::{SettingsError, file::CustomizerTable};

/// The longest that a method may take.
const LONGEST: u64 = 600;
/// Processes of one customizer, at most (`voicexml-customizers.md` 2.6).
const MOST_WORKERS: u64 = 8;
/// Processes of all of them, at most.
const MOST_PROCESSES: u64 = 1024;
/// The most memory of a process, in megabytes.
const MOST_MEGABYTES: u64 = 65_536;

/// What is told about customizers.
#[derive(Clone, Eq, PartialEq)]
pub struct CustomizerSettings {
    /// The interpreter, by its name on the PATH or its path; nobody where it is off.
    pub python: Option<String>,
    /// How long a method may take.
    pub max_time: Duration,
    /// Processes of one customizer.
    pub workers: usize,
    /// Processes of all of them.
    pub processes: usize,
    /// The address space of each process, in bytes.
    pub memory_bytes: u64,
    /// What they find in their environment beside PATH, LANG, ODBCINI and ODBCSYSINI.
    pub environment: Vec<(String, String)>,
}

/// The values of the environment are often passwords.
impl std::fmt::Debug for CustomizerSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("CustomizerSettings")
            .field("python", &self.python)
            .field("environment", &names)
            .finish_non_exhaustive()
    }
}

/// The applications, by their OAuth2 `client_id`, that may write and activate code; nobody where it is not said.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct CustomizerEditors(Arc<[String]>);

impl CustomizerEditors {
    /// These, of which `*` stands for all applications.
    pub fn of(editors: &[String]) -> Self {
        Self(editors.into())
    }

    /// Whether an application is one of them.
    pub fn may_edit(&self, application: &str) -> bool {
        self.0.iter().any(|editor| editor == "*" || editor == application)
    }
}

impl Default for CustomizerSettings {
    fn default() -> Self {
        Self {
            python: Some("python3".to_owned()),
            max_time: CUSTOM_PATIENCE,
            workers: 2,
            processes: 64,
            memory_bytes: 512 << 20,
            environment: Vec::new(),
        }
    }
}

pub(super) fn customizer(table: &CustomizerTable) -> Result<CustomizerSettings, SettingsError> {
    let usual = CustomizerSettings::default();
    let number = |name: &str, given: Option<u64>, least: u64, most: u64| match given {
        Some(number) if !(least..=most).contains(&number) => {
            Err(wrong(name, &format!("{number} is not between {least} and {most}")))
        }
        given => Ok(given),
    };
    let count =
        |given: Option<u64>, usual: usize| given.and_then(|number| usize::try_from(number).ok()).unwrap_or(usual);
    let max_time = number("max_time", table.max_time, 1, LONGEST)?;
    let workers = number("workers", table.workers, 1, MOST_WORKERS)?;
    let processes = number("processes", table.processes, 1, MOST_PROCESSES)?;
    let megabytes = number("memory_megabytes", table.memory_megabytes, 64, MOST_MEGABYTES)?;
    let is_name = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
    for (name, value) in &table.env {
        if !is_name(name) || value.contains('\0') {
            return Err(wrong(&format!("env.{name}"), "is no variable of an environment"));
        }
    }
    Ok(CustomizerSettings {
        python: match table.python.as_deref() {
            Some("off") => None,
            Some("") => return Err(wrong("python", "is no program; off switches customizers off")),
            Some(python) => Some(python.to_owned()),
            None => usual.python,
        },
        max_time: max_time.map_or(usual.max_time, Duration::from_secs),
        workers: count(workers, usual.workers),
        processes: count(processes, usual.processes),
        memory_bytes: megabytes.map_or(usual.memory_bytes, |megabytes| megabytes << 20),
        environment: table.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    })
}

fn wrong(name: &str, problem: &str) -> SettingsError {
    SettingsError::Value { setting: format!("customizer.{name}"), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CustomizerSettings, String> {
        customizer(&toml::from_str(text).expect("a table")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_method_without_a_timer_has_half_a_minute_or_what_the_settings_say() {
        assert_eq!(read("").unwrap().max_time, Duration::from_secs(30));
        assert_eq!(read("max_time = 7").unwrap().max_time, Duration::from_secs(7));
    }

    #[test]
    fn nobody_writes_code_unless_it_is_said_who_may() {
        assert_eq!(read("").unwrap(), CustomizerSettings::default());
        let editors = |text: &str| CustomizerEditors::of(&toml::from_str::<CustomizerTable>(text).unwrap().editors);
        assert!(!editors("").may_edit("a"));
        let some = editors("editors = [\"a\"]");
        assert!(some.may_edit("a") && !some.may_edit("b"));
        assert!(editors("editors = [\"*\"]").may_edit("b"));
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        let off = read("python = \"off\"\nenv = { DSN = \"secret\" }").unwrap();
        assert_eq!(off.python, None);
        assert!(!format!("{off:?}").contains("secret"), "a password is no part of a log");
        for (text, problem) in [
            ("max_time = 0", "customizer.max_time: 0 is not between 1 and 600"),
            ("workers = 9", "customizer.workers: 9 is not between 1 and 8"),
            ("python = \"\"", "customizer.python: is no program; off switches customizers off"),
            ("env = { \"A=B\" = \"c\" }", "customizer.env.A=B: is no variable of an environment"),
        ] {
            assert_eq!(read(text), Err(problem.to_owned()));
        }
    }
}
