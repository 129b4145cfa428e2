//! What is known of a recording, and how it is written beside its file.
//!
//! Shape: an [`Entry`] in memory; on the disk `<id>.json` with one JSON object a line: the first when the recording begins, before there
//! is a sound file, and the second appended when it ends. A file that a dying process left with one line, or with a torn second one,
//! is a recording that was interrupted, and how long it is follows from its sound file.
//! Units: times are milliseconds since 1970.
//! Errors: a first line that cannot be read is no recording.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use antiphon_ivr::{
    ExtensionId,
    op::{Attachment, Mailbox},
    rules::mailto::Recipient,
};
use antiphon_media::record::{Channels, Rate, RecordEnd, Recorded, RecordingId, wav::Format};
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use crate::{calls::CallId, store::ClientId};

/// The longest that a sidecar may be.
const MOST: u64 = 64 * 1024;

/// The name of a recording's sound file.
pub fn sound_name(id: RecordingId) -> String {
    format!("{id}.wav")
}

/// The name of the file beside it.
pub(super) fn sidecar_name(id: RecordingId) -> String {
    format!("{id}.json")
}

/// What a recording is of.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The whole call: what its caller says and hears.
    Call,
    /// A message of the caller.
    Message,
}

/// What a recording begins with.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Beginning {
    /// Whose it is.
    pub client: ClientId,
    /// The call.
    pub call: CallId,
    /// The extension that records.
    pub extension: String,
    /// Who calls.
    pub from: String,
    /// What was dialled.
    pub to: String,
    /// What it is of.
    pub kind: Kind,
    /// What its script calls it; may be empty.
    pub label: String,
    /// The mailbox it is left in, where it is.
    pub left: Option<Arc<Left>>,
}

/// Where a message is left, and who is told of it. It is written with the recording's first line, so that it is known however the
/// recording ends.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Left {
    /// The extension whose mailbox it is.
    pub mailbox: ExtensionId,
    /// What the caller is called; may be empty.
    pub from_name: String,
    /// Who is told.
    pub told: Arc<Mailbox>,
}

/// A recording.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Entry {
    /// Its name.
    pub id: RecordingId,
    /// What it began with.
    pub of: Beginning,
    /// What its file holds.
    pub format: Format,
    /// When it began.
    pub started: SystemTime,
    /// Bytes of samples in its file.
    pub samples: u64,
    /// How much of it is silent because the disk was too slow.
    pub lost: Duration,
    /// Whether it goes on.
    pub state: State,
}

/// Whether a recording goes on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum State {
    /// It does, even if it pauses.
    Running,
    /// It has ended.
    Ended(RecordEnd),
    /// The server was killed, or the power failed, while it went on.
    Interrupted,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct FirstLine {
    client: u64,
    call_id: String,
    extension: String,
    from: String,
    to: String,
    kind: Kind,
    started_ms: u64,
    channels: u16,
    rate: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<LeftLine>,
}

/// What the first line says of the mailbox.
#[derive(Debug, Serialize, Deserialize)]
struct LeftLine {
    mailbox: u64,
    from_name: String,
    /// Name and address of each who is told.
    mailto: Vec<(Option<String>, String)>,
    attach: bool,
}

/// The second line.
#[derive(Debug, Serialize, Deserialize)]
struct SecondLine {
    ended: Word,
    samples: u64,
    lost_ms: u64,
}

/// Why a recording ended, as it is written.
#[derive(Copy, Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Stopped,
    MaxLength,
    EndSilence,
    CallOver,
    Storage,
    Interrupted,
}

impl Entry {
    pub(super) fn new(id: RecordingId, of: Beginning, format: Format, started: SystemTime) -> Self {
        Self { id, of, format, started, samples: 0, lost: Duration::ZERO, state: State::Running }
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        self.format.duration(self.samples)
    }

    /// It has ended so, with so many bytes of samples in its file.
    pub(super) fn ended(&mut self, recorded: &Recorded, samples: u64) {
        self.state = State::Ended(recorded.why);
        self.lost = recorded.lost;
        self.samples = samples;
    }

    /// The line to write when it begins.
    pub(super) fn first_line(&self) -> Vec<u8> {
        let of = &self.of;
        line(&FirstLine {
            client: of.client.0,
            call_id: of.call.to_string(),
            extension: of.extension.clone(),
            from: of.from.clone(),
            to: of.to.clone(),
            kind: of.kind,
            started_ms: millis(self.started.duration_since(UNIX_EPOCH).unwrap_or_default()),
            channels: self.format.channels.count() as u16,
            rate: self.format.rate.hertz(),
            label: of.label.clone(),
            left: of.left.as_deref().map(LeftLine::of),
        })
    }

    /// The line to append when it has ended.
    pub(super) fn second_line(&self) -> Vec<u8> {
        let ended = match self.state {
            State::Ended(RecordEnd::Stopped) => Word::Stopped,
            State::Ended(RecordEnd::MaxLength) => Word::MaxLength,
            State::Ended(RecordEnd::EndSilence) => Word::EndSilence,
            State::Ended(RecordEnd::CallOver) => Word::CallOver,
            State::Ended(RecordEnd::Storage) => Word::Storage,
            State::Interrupted | State::Running => Word::Interrupted,
        };
        line(&SecondLine { ended, samples: self.samples, lost_ms: millis(self.lost) })
    }

    /// Reads what was written beside a recording; `None` where that is none. One without an end is [`State::Running`].
    pub(super) fn read(disk: &dyn Disk, id: RecordingId) -> io::Result<Option<Self>> {
        let mut text = String::new();
        let file = disk.read(&sidecar_name(id))?;
        match io::Read::read_to_string(&mut io::Read::take(file, MOST), &mut text) {
            Ok(_) => Ok(Self::parse(id, &text)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn parse(id: RecordingId, text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let first: FirstLine = serde_json::from_str(lines.next()?).ok()?;
        let channels = if first.channels == 2 { Channels::Stereo } else { Channels::Mono };
        let of = Beginning {
            client: ClientId(first.client),
            call: first.call_id.parse().ok()?,
            extension: first.extension,
            from: first.from,
            to: first.to,
            kind: first.kind,
            label: first.label,
            left: first.left.map(|left| Arc::new(left.read())),
        };
        let started = UNIX_EPOCH.checked_add(Duration::from_millis(first.started_ms))?;
        let mut entry = Self::new(id, of, Format { channels, rate: Rate::of_leg(first.rate) }, started);
        let second = lines.find_map(|line| serde_json::from_str::<SecondLine>(line).ok());
        if let Some(second) = second {
            entry.samples = second.samples;
            entry.lost = Duration::from_millis(second.lost_ms);
            entry.state = match second.ended {
                Word::Stopped => State::Ended(RecordEnd::Stopped),
                Word::MaxLength => State::Ended(RecordEnd::MaxLength),
                Word::EndSilence => State::Ended(RecordEnd::EndSilence),
                Word::CallOver => State::Ended(RecordEnd::CallOver),
                Word::Storage => State::Ended(RecordEnd::Storage),
                Word::Interrupted => State::Interrupted,
            };
        }
        Some(entry)
    }
}

impl LeftLine {
    fn of(left: &Left) -> Self {
        let told = left.told.recipients.iter();
        Self {
            mailbox: left.mailbox.0,
            from_name: left.from_name.clone(),
            mailto: told.map(|recipient| (recipient.name.clone(), recipient.address.clone())).collect(),
            attach: left.told.attachment == Attachment::Sound,
        }
    }

    fn read(self) -> Left {
        let recipients = self.mailto.into_iter().map(|(name, address)| Recipient { name, address }).collect();
        let attachment = if self.attach { Attachment::Sound } else { Attachment::None };
        let told = Arc::new(Mailbox { recipients, attachment });
        Left { mailbox: ExtensionId(self.mailbox), from_name: self.from_name, told }
    }
}

fn line(value: &impl Serialize) -> Vec<u8> {
    // Nothing in these lines can fail to be JSON.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let of = Beginning {
            client: ClientId(1),
            call: CallId::new(),
            extension: "000*071".to_owned(),
            from: "line\nbreak \"quoted\"".to_owned(),
            to: String::new(),
            kind: Kind::Message,
            label: "a label".to_owned(),
            left: Some(Arc::new(Left {
                mailbox: ExtensionId(7),
                from_name: "Անի\u{0}".to_owned(),
                told: Arc::new(Mailbox {
                    recipients: vec![
                        Recipient { name: None, address: "a@b.example".to_owned() },
                        Recipient { name: Some("\"Ma\ne\"".to_owned()), address: "c@d.example".to_owned() },
                    ],
                    attachment: Attachment::Sound,
                }),
            })),
        };
        let format = Format { channels: Channels::Stereo, rate: Rate::Wide };
        Entry::new(RecordingId(5), of, format, UNIX_EPOCH + Duration::from_millis(1_764_210_000_123))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut entry = entry();
        let mut text = String::from_utf8(entry.first_line()).expect("UTF-8");
        assert_eq!(Entry::parse(entry.id, &text), Some(entry.clone()));
        for why in
            [RecordEnd::Stopped, RecordEnd::MaxLength, RecordEnd::EndSilence, RecordEnd::CallOver, RecordEnd::Storage]
        {
            let (length, lost) = (Duration::from_secs(1), Duration::from_millis(20));
            entry.ended(&Recorded { why, length, sounded: length, lost }, 64_000);
            let whole = text.clone() + std::str::from_utf8(&entry.second_line()).expect("UTF-8");
            assert_eq!(Entry::parse(entry.id, &whole), Some(entry.clone()));
            assert_eq!(entry.duration(), length);
        }
        // A torn second line is none, and one after it counts.
        text.push_str("{\"ended\":\"stop");
        assert_eq!(Entry::parse(entry.id, &text).map(|entry| entry.state), Some(State::Running));
        entry.state = State::Interrupted;
        text.push('\n');
        text.push_str(std::str::from_utf8(&entry.second_line()).expect("UTF-8"));
        assert_eq!(Entry::parse(entry.id, &text).map(|entry| entry.state), Some(State::Interrupted));
    }

    #[test]
    fn a_torn_first_line_is_no_recording() {
        let line = entry().first_line();
        let text = std::str::from_utf8(&line).expect("UTF-8");
        for torn in (0..text.len() - 1).filter_map(|end| text.get(..end)) {
            assert_eq!(Entry::parse(RecordingId(5), torn), None, "{torn}");
        }
    }
}
