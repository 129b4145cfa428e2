//! Recordings of the whole call in a simulation: which there are, and how they stand.
//!
//! Time: virtual; switching one takes none.

use std::{sync::Arc, time::Duration};

use super::{transcript::seconds, world::World};
use crate::{
    CallRecording, Recording, RecordingId, RecordingState,
    op::{Begins, Gap, Sides, StartRecording, Which},
};

/// A recording of the call.
pub(super) struct OfCall {
    id: RecordingId,
    asked: Arc<StartRecording>,
    state: RecordingState,
    /// How long it was when it last began or went on, and when that was.
    length: Duration,
    since: Duration,
    cut: bool,
}

impl OfCall {
    /// How long it is, at this moment.
    fn length(&self, now: Duration) -> Duration {
        let counts = match self.state {
            RecordingState::Running => true,
            RecordingState::Paused => !self.cut,
            RecordingState::Armed | RecordingState::Off => false,
        };
        let length = self.length + if counts { now.saturating_sub(self.since) } else { Duration::ZERO };
        self.asked.max_length.map_or(length, |longest| length.min(longest))
    }

    /// It is in another state from now on.
    fn turn(&mut self, now: Duration, state: RecordingState) {
        self.length = self.length(now);
        (self.since, self.state) = (now, state);
    }
}

impl World<'_> {
    pub(super) fn recording(&mut self, recording: &Recording) -> CallRecording {
        let index = match recording {
            Recording::Start(asked) => return self.start_recording(asked),
            Recording::Pause(which, _) | Recording::Resume(which) | Recording::Stop(which) | Recording::Ask(which) => {
                self.recordings.iter().rposition(|of| is_meant(of, which))
            }
        };
        let Some(index) = index else { return CallRecording::NONE };
        let now = self.now;
        let of = &mut self.recordings[index];
        let (said, state) = match (recording, of.state) {
            (Recording::Pause(_, gap), RecordingState::Running) => {
                of.cut = *gap == Gap::Cut;
                let said = match gap {
                    Gap::Cut => "pause the recording",
                    Gap::Silent => "silence the recording",
                };
                (said, RecordingState::Paused)
            }
            (Recording::Resume(_), RecordingState::Paused) => ("go on with the recording", RecordingState::Running),
            (Recording::Stop(_), RecordingState::Running | RecordingState::Paused | RecordingState::Armed) => {
                ("stop the recording", RecordingState::Off)
            }
            _ => return self.stands(index),
        };
        of.turn(now, state);
        let name = named(&of.asked.name);
        self.note(format!("{said}{name}"));
        self.stands(index)
    }

    fn start_recording(&mut self, asked: &Arc<StartRecording>) -> CallRecording {
        let same = |of: &OfCall| of.state != RecordingState::Off && of.asked.name == asked.name;
        if let Some(index) = self.recordings.iter().position(same) {
            return self.stands(index);
        }
        let (when, state) = match asked.begins {
            Begins::OnAnswer if !self.is_answered() => (", from the answer on", RecordingState::Armed),
            Begins::OnBridge => (", from the first talk on", RecordingState::Armed),
            Begins::Now | Begins::OnAnswer => ("", RecordingState::Running),
        };
        let sides = match asked.sides {
            Sides::Apart => "",
            Sides::Mixed => ", mixed",
            Sides::Caller => ", what it says",
            Sides::Heard => ", what it hears",
        };
        let longest = asked.max_length.map(|longest| format!(", up to {}", seconds(longest))).unwrap_or_default();
        self.note(format!("record the call{}{sides}{longest}{when}", named(&asked.name)));
        self.messages += 1;
        let (id, asked) = (RecordingId(self.messages), asked.clone());
        self.recordings.push(OfCall { id, asked, state, length: Duration::ZERO, since: self.now, cut: false });
        self.stands(self.recordings.len() - 1)
    }

    /// What waited for this begins.
    pub(super) fn recordings_begin(&mut self, begins: Begins) {
        let now = self.now;
        let mut begun = Vec::new();
        for of in &mut self.recordings {
            if of.state == RecordingState::Armed && of.asked.begins == begins {
                of.turn(now, RecordingState::Running);
                begun.push(of.asked.name.clone());
            }
        }
        for name in begun {
            self.note(format!("… the recording{} begins", named(&name)));
        }
    }

    /// The call is over, and so are its recordings.
    pub(super) fn recordings_end(&mut self) {
        let now = self.now;
        self.recordings.iter_mut().for_each(|of| of.turn(now, RecordingState::Off));
    }

    /// How a recording stands.
    fn stands(&self, index: usize) -> CallRecording {
        let Some(of) = self.recordings.get(index) else { return CallRecording::NONE };
        let length = of.length(self.now);
        let is_over = of.state == RecordingState::Off;
        let kept = !is_over || (length >= of.asked.min_length && !length.is_zero());
        CallRecording {
            recording: kept.then_some(of.id),
            state: of.state,
            length: if is_over && kept { length } else { Duration::ZERO },
        }
    }
}

fn is_meant(of: &OfCall, which: &Which) -> bool {
    match which {
        Which::Newest => of.state != RecordingState::Off,
        Which::Named(name) => of.asked.name == *name,
        Which::Id(id) => of.id == *id,
    }
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" {name:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Interrupted, Op, Outcome, simulator::Scenario};

    fn asked(world: &mut World<'_>, recording: Recording) -> (Option<u128>, RecordingState, u64) {
        match world.perform(&Op::Recording(recording)) {
            Ok(Outcome::Recording(CallRecording { recording, state, length })) => {
                (recording.map(|id| id.0), state, length.as_secs())
            }
            other => panic!("a recording is answered with Recording, not {other:?}"),
        }
    }

    fn start(name: &str, begins: Begins, min_length: u64) -> Recording {
        let min_length = Duration::from_secs(min_length);
        Recording::Start(Arc::new(StartRecording { name: name.to_owned(), begins, min_length, ..Default::default() }))
    }

    #[test]
    fn several_go_on_at_once_and_the_newest_is_stopped_first() -> Result<(), Interrupted> {
        use RecordingState::{Armed, Off, Paused, Running};
        let scenario = Scenario::default();
        #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
        let mut world = World::new(&scenario, std::time::Instant::now());
        assert_eq!(asked(&mut world, start("a", Begins::OnAnswer, 0)), (Some(1), Armed, 0));
        world.now = Duration::from_secs(3);
        world.perform(&Op::Answer)?;
        assert_eq!(asked(&mut world, start("a", Begins::Now, 0)), (Some(1), Running, 0), "it goes on");
        world.now = Duration::from_secs(5);
        assert_eq!(asked(&mut world, start("b", Begins::Now, 4)), (Some(2), Running, 0));
        assert_eq!(asked(&mut world, Recording::Pause(Which::Named("a".into()), Gap::Cut)), (Some(1), Paused, 0));
        world.now = Duration::from_secs(8);
        assert_eq!(asked(&mut world, Recording::Stop(Which::Newest)), (None, Off, 0), "3 s are too short");
        assert_eq!(asked(&mut world, Recording::Resume(Which::Newest)), (Some(1), Running, 0));
        world.now = Duration::from_secs(9);
        assert_eq!(asked(&mut world, Recording::Stop(Which::Id(RecordingId(1)))), (Some(1), Off, 3));
        assert_eq!(asked(&mut world, Recording::Ask(Which::Id(RecordingId(1)))), (Some(1), Off, 3));
        assert_eq!(asked(&mut world, Recording::Stop(Which::Newest)), (None, Off, 0));
        let said: Vec<_> = world.transcript().lines.into_iter().map(|line| line.text).collect();
        let expected = [
            "record the call \"a\", from the answer on",
            "answer",
            "… the recording \"a\" begins",
            "record the call \"b\"",
            "pause the recording \"a\"",
            "stop the recording \"b\"",
            "go on with the recording \"a\"",
            "stop the recording \"a\"",
        ];
        assert_eq!(said, expected);
        Ok(())
    }
}
