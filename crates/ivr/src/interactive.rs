//! The surface of Call Interactive: a web server is told about a call, answers with XML, and its verbs run on the call.
//!
//! Shape: [`WebScript`] says whom to ask; [`ask`] asks and reads the answer; [`Verbs::perform`] runs its verbs on a [`Stage`] until one of
//! them leads somewhere, which is a [`Step`] for whoever asked. [`wire`] reads the XML, [`verbs`] has one file a verb.
//! Units: seconds and plain numbers in the XML, [`Duration`] everywhere else.
//! Errors: none. Whatever a web server does wrong is told to the people who debug it, and nothing runs: the menu goes on.
//! Sources: `ringme-ivr.md` 4, rows A17 to A20.

mod request;
mod run;
mod url;
pub mod verbs;
pub mod wire;

use std::time::Duration;

pub use request::{BadRequest, Occasion};
pub use run::{Keys, Stage, Step, Verbs, ask};
pub use verbs::Names;

use crate::FetchMethod;

/// How long a web server may take where nobody says (`ringme-ivr.md` 4.2).
pub const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read (`ringme-ivr.md` 4.2).
pub const MAX_BYTES: usize = 64 * 1024;
/// How many redirects are followed (`ringme-ivr.md` 4.2).
pub const MAX_REDIRECTS: u8 = 3;

/// Whose words are spoken: the two products that scripts were written for.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Dialect {
    /// Ucom, Telphin and RingMe.
    #[default]
    Ucom,
    /// VoipNow.
    Voipnow,
}

/// A script on a web server.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct WebScript {
    /// Where it is, with `${name}` and `$name`.
    pub url: String,
    /// How it is asked.
    pub method: FetchMethod,
    /// How long it may take.
    pub patience: Duration,
    /// Whose words it speaks.
    pub dialect: Dialect,
}

/// Whether a text can be the address of a script: `http` or `https`, and something behind it.
pub fn is_address(url: &str) -> bool {
    let rest = ["http://", "https://"].into_iter().find_map(|scheme| {
        let (head, rest) = url.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    rest.is_some_and(|rest| !rest.starts_with(['/', '?', '#', ':', '@']) && !rest.is_empty())
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

impl Dialect {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ucom => "Ucom",
            Self::Voipnow => "VoipNow",
        }
    }
}

#[cfg(test)]
mod tests;
