//! Whether a trunk is there.
//!
//! Shape: what came of one OPTIONS in, [`Health`] out. Whoever answers is there, also with a refusal:
//!
//! | what came of OPTIONS                             | the trunk is |
//! |--------------------------------------------------|--------------|
//! | 200 to 499 but 408, 500 to 699 but 503           | up           |
//! | 408, 503                                         | down         |
//! | no answer in time, no transport, no address      | down         |
//!
//! A trunk with several addresses is up when one of them is.
//! Sources: RFC 3261 §11.1, §21.5.4 (503 with `Retry-After`).

use std::time::Duration;

use antiphon_sip::{Outcome, StatusCode};

/// The longest pause that a 503 may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Whether a trunk is there, as far as its last answer says.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Health {
    /// It is not asked, or has not been yet.
    #[default]
    Unknown,
    /// It answers.
    Up,
    /// It does not, or refuses everything.
    Down,
}

impl Health {
    /// The word of logs and of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What one OPTIONS said.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) struct Finding {
    pub(super) health: Health,
    /// The final response, when there was one.
    pub(super) status: Option<StatusCode>,
    /// How long a 503 wants to be left alone.
    pub(super) pause: Option<Duration>,
}

impl Finding {
    /// Nobody answered.
    pub(super) const SILENCE: Self = Self { health: Health::Down, status: None, pause: None };

    pub(super) fn of(outcome: &Outcome) -> Self {
        let Outcome::Response(response) = outcome else { return Self::SILENCE };
        let down = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::REQUEST_TIMEOUT].contains(&response.status());
        let pause = response.header("Retry-After").filter(|_| response.status() == StatusCode::SERVICE_UNAVAILABLE);
        Self {
            health: if down { Health::Down } else { Health::Up },
            status: Some(response.status()),
            pause: pause.and_then(retry_after),
        }
    }

    /// What holds of a trunk of which two addresses were asked.
    pub(super) fn or(self, other: Self) -> Self {
        if self.health == Health::Up { self } else { other }
    }
}

/// The seconds of a `Retry-After`, before its comment and parameters (RFC 3261 §20.33).
pub(crate) fn retry_after(value: &str) -> Option<Duration> {
    let seconds = value.split(['(', ';']).next().unwrap_or_default().trim();
    let seconds = seconds.parse().ok().filter(|_| seconds.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_before_its_comment_and_has_a_bound() {
        for (value, seconds) in [
            ("30", Some(30)),
            (" 18000;duration=3600", Some(3600)),
            ("120 (I'm in a meeting)", Some(120)),
            ("+5", None),
            ("soon", None),
            ("", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(retry_after(value), seconds.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn one_address_that_answers_is_enough() {
        let up = Finding { health: Health::Up, status: Some(StatusCode::OK), pause: None };
        assert_eq!(Finding::SILENCE.or(up), up);
        assert_eq!(up.or(Finding::SILENCE), up);
        assert_eq!(Finding::SILENCE.or(Finding::SILENCE).health, Health::Down);
    }
}
