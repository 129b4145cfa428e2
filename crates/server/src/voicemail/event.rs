//! What subscribers of a menu are told of a new message.
//!
//! Shape: as every event of an extension that is called, with the recording and how long it is. It is told when the message is in its
//! mailbox, so also after a start that finds one.
//! Units: `Duration` in seconds.
//! Sources: `ringme-ivr.md` 4.6.

use super::shown;
use crate::{
    events::Event,
    recording::{Entry, Left},
    store::{EventType, Extension},
};

/// The event of a message.
pub(super) fn of(entry: &Entry, left: &Left, mailbox: &Extension) -> Event {
    let (number, name) = shown(&entry.of.from, &left.from_name);
    let parameters = vec![
        ("CallID", entry.of.call.to_string()),
        ("CallAPIID", entry.of.call.to_string()),
        ("CallerIDNum", number),
        ("CallerIDName", name),
        ("CallStatus", "ANSWER".to_owned()),
        ("CallFlow", "IN".to_owned()),
        ("CalledExtension", mailbox.name.clone()),
        ("CalledExtensionID", mailbox.id.0.to_string()),
        ("CalledNumber", entry.of.to.clone()),
        ("RecordID", entry.id.to_string()),
        ("Duration", entry.duration().as_secs().to_string()),
    ];
    let (extension, client, call) = (mailbox.id, mailbox.client, Some(entry.of.call));
    Event { extension, client, call, kind: EventType::Voicemail, parameters }
}
