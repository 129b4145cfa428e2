//! Which recordings give way to others.
//!
//! Shape: the settings and what is kept in; what goes, out. The oldest go first, and none that still goes on or is waited for by a mail.
//! Time: told.

use std::{sync::Arc, time::SystemTime};

use super::{disk::Disk, shelf::Shelf, sidecar::Entry};
use crate::settings::RecordingSettings;

/// Removes what is too old or too much.
pub(super) fn sweep(disk: &dyn Disk, shelf: &Shelf, settings: &RecordingSettings, now: SystemTime) {
    if settings.max_age.is_none() && settings.max_bytes.is_none() {
        return;
    }
    let (ended, bytes) = shelf.dispensable();
    let surplus = surplus(&ended, bytes, settings, now);
    for entry in surplus {
        match shelf.remove(disk, entry.id) {
            Ok(()) => tracing::info!(recording = %entry.id, "a recording was removed: too old, or too many are kept"),
            Err(error) => tracing::error!(%error, recording = %entry.id, "an old recording could not be removed"),
        }
    }
}

/// What goes of recordings in the order of their beginning, of which all together have so many bytes.
fn surplus<'a>(
    ended: &'a [Arc<Entry>],
    mut bytes: u64,
    settings: &RecordingSettings,
    now: SystemTime,
) -> Vec<&'a Arc<Entry>> {
    let is_old = |entry: &Entry| {
        let age = now.duration_since(entry.started).unwrap_or_default();
        settings.max_age.is_some_and(|most| age > most)
    };
    let mut surplus = Vec::new();
    for entry in ended {
        if is_old(entry) || settings.max_bytes.is_some_and(|most| bytes > most) {
            bytes = bytes.saturating_sub(entry.samples);
            surplus.push(entry);
        }
    }
    surplus
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use antiphon_media::record::{Channels, Rate, RecordEnd, RecordingId, wav::Format};

    use super::*;
    use crate::{
        calls::CallId,
        recording::{
            State,
            sidecar::{Beginning, Kind},
        },
        store::ClientId,
    };

    const DAY: Duration = Duration::from_secs(86_400);

    fn entry(id: u128, day: u32, samples: u64) -> Arc<Entry> {
        let of = Beginning {
            client: ClientId(1),
            call: CallId::new(),
            extension: String::new(),
            from: String::new(),
            to: String::new(),
            kind: Kind::Call,
            label: String::new(),
            left: None,
        };
        let format = Format { channels: Channels::Mono, rate: Rate::Narrow };
        let mut entry = Entry::new(RecordingId(id), of, format, UNIX_EPOCH + DAY * day);
        entry.samples = samples;
        entry.state = State::Ended(RecordEnd::Stopped);
        Arc::new(entry)
    }

    #[test]
    fn what_is_held_neither_gives_way_nor_makes_others_give_way() {
        let shelf = Shelf::new([entry(1, 1, 100), entry(2, 5, 200)].map(Arc::unwrap_or_clone).into());
        shelf.hold(RecordingId(1));
        let (ended, bytes) = shelf.dispensable();
        assert_eq!((ended.iter().map(|entry| entry.id.0).collect::<Vec<_>>(), bytes), (vec![2], 200));
        shelf.release(RecordingId(1));
        assert_eq!(shelf.dispensable().1, 300);
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let kept = [entry(1, 1, 100), entry(2, 5, 200), entry(3, 9, 300)];
        let check = |max_age: Option<u32>, max_bytes: Option<u64>, running: u64, expect: &[u128]| {
            let max_age = max_age.map(|days| DAY * days);
            let settings = RecordingSettings { max_age, max_bytes, ..RecordingSettings::default() };
            let gone = surplus(&kept, 600 + running, &settings, UNIX_EPOCH + DAY * 10);
            assert_eq!(gone.iter().map(|entry| entry.id.0).collect::<Vec<_>>(), expect, "{settings:?}");
        };
        check(None, None, 0, &[]);
        check(Some(9), None, 0, &[]);
        check(Some(8), None, 0, &[1]);
        check(Some(0), None, 0, &[1, 2, 3]);
        check(None, Some(600), 0, &[]);
        check(None, Some(600), 50, &[1]);
        check(None, Some(599), 0, &[1]);
        check(None, Some(400), 0, &[1, 2]);
        check(Some(2), Some(200), 0, &[1, 2, 3]);
    }
}
