//! A conference in a simulation: the others are not heard, and the caller may leave, be sent out or find it full.
//!
//! Time: virtual; it lifts the lifetime, as a bridge does.
//! Errors: [`Interrupted`], as on a real call.

use std::time::Duration;

use super::{
    Conferring,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Alone, Conference, Conferred, Interrupted, Voice,
    conference::MuteKeys,
    op::{Ears, Ends, Opens},
};

impl World<'_> {
    pub(super) fn conference(&mut self, conference: &Conference) -> Result<Conferred, Interrupted> {
        self.note(announced(conference));
        let (end, out) = match self.scenario.conferring {
            Conferring::Full => {
                self.note("… full");
                return Ok(Conferred::Full);
            }
            Conferring::Kicked { after } => (Some(self.now.saturating_add(after)), Conferred::Kicked),
            Conferring::Ends { after } => (Some(self.now.saturating_add(after)), Conferred::Ended),
            Conferring::Begins { after } if conference.alone == Alone::Script && self.begins.is_none() => {
                self.begins = Some(self.now.saturating_add(after));
                self.wanted = self.begins;
                self.note("… waits");
                return Ok(Conferred::Waits);
            }
            Conferring::Begins { .. } | Conferring::Stays => (None, Conferred::Ended),
        };
        self.wanted = None;
        self.limit = None;
        let mut keys = MuteKeys::new(conference.voice);
        loop {
            // Nobody will end this conference, so the simulation does.
            if end.is_none() && self.caller_is_done() {
                self.note("… they talk on");
                return Err(Interrupted::Shutdown);
            }
            match self.wait(end.unwrap_or(Duration::MAX), Edge::Outside, Lifetime::Deferred)? {
                Waited::Through => {
                    self.note(if out == Conferred::Kicked { "… sent out" } else { "… the conference ends" });
                    return Ok(out);
                }
                Waited::Pressed(digit) if conference.leave_by.contains(digit) => {
                    self.note(format!("… left by {digit}"));
                    return Ok(Conferred::Left);
                }
                Waited::Pressed(digit) => match keys.press(digit) {
                    Some(Voice::Muted) => self.note("… muted"),
                    Some(Voice::Heard) => self.note("… heard again"),
                    None => {}
                },
            }
        }
    }
}

fn announced(conference: &Conference) -> String {
    let mut announced = format!("conference {}, at most {}", conference.name, conference.most);
    let traits = [
        (conference.voice == Voice::Muted, "muted"),
        (conference.ears == Ears::Deaf, "deaf"),
        (conference.opens == Opens::WithAnother, "begins with another"),
        (conference.ends == Ends::WithTheCaller, "ends with the caller"),
    ];
    for (_, said) in traits.into_iter().filter(|(holds, _)| *holds) {
        announced += &format!(", {said}");
    }
    announced
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;
    use crate::simulator::{Event, Scenario, simulate};
    use crate::{Announcement, Digit, conference::Entrance};
    use std::sync::Arc;
    use std::time::Instant;

    fn entrance(pin: Option<&str>) -> Script {
        Script::Conference(Arc::new(Entrance {
            name: "000*800".to_owned(),
            pin: pin.map(str::to_owned),
            most: 10,
            voice: Voice::Heard,
            announcement: Announcement::Tone,
            alone: Alone::Music,
        }))
    }

    #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
    fn transcript(script: &Script, keys: &[(u64, char)], conferring: Conferring) -> Vec<String> {
        let key = |(at, key): &(u64, char)| {
            let digit = Digit::from_char(*key).expect("a key");
            (Duration::from_millis(*at), Event::Pressed(digit))
        };
        let scenario = Scenario { conferring, timeline: keys.iter().map(key).collect(), ..Scenario::default() };
        simulate(script, &scenario, Instant::now()).lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_caller_with_the_right_pin_comes_in_and_mutes_itself() {
        let keys = [(100, '1'), (200, '2'), (300, '#'), (5_000, '*'), (5_100, '6'), (6_000, '*'), (6_100, '6')];
        let lines = transcript(&entrance(Some("12")), &keys, Conferring::Stays);
        let tail: Vec<&str> = lines.iter().map(String::as_str).skip_while(|line| !line.starts_with("conf")).collect();
        assert_eq!(tail, ["conference 000*800, at most 10", "… muted", "… heard again", "… they talk on"], "{lines:?}");
    }

    #[test]
    fn a_caller_with_three_wrong_pins_stays_outside() {
        let keys = [(100, '9'), (200, '#'), (8_000, '9'), (8_100, '#'), (16_000, '9'), (16_100, '#')];
        let lines = transcript(&entrance(Some("12")), &keys, Conferring::Stays);
        assert!(lines.iter().all(|line| !line.starts_with("conference")), "{lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("hang up"), "{lines:?}");
    }

    #[test]
    fn a_full_conference_and_one_that_sends_the_caller_out_end_the_call() {
        for (conferring, said) in
            [(Conferring::Full, "… full"), (Conferring::Kicked { after: Duration::from_secs(3) }, "… sent out")]
        {
            let lines = transcript(&entrance(None), &[], conferring);
            assert!(lines.iter().any(|line| line == said), "{lines:?}");
            assert_eq!(lines.last().map(String::as_str), Some("hang up"), "{lines:?}");
        }
    }
}
