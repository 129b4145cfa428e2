//! What a start finds: recordings of the last run, some of which were cut.
//!
//! Shape: every sidecar becomes an entry; a recording without an end gets one: its file is cut to whole samples, its head says how long it
//! is, and the sidecar has its last line. What holds no sound, or belongs to nobody, goes away.
//! Time: only files that were cut are opened; the others are known from their sidecars.
//! Errors: a file that cannot be repaired stays as it is, and the log says so; only a directory that cannot be listed is an error.

use std::{collections::BTreeSet, io};

use antiphon_media::record::{RecordingId, wav};

use super::{
    State,
    disk::Disk,
    sidecar::{self, Entry},
};

/// The recordings of a disk.
pub(super) fn recover(disk: &dyn Disk) -> io::Result<Vec<Entry>> {
    let names: BTreeSet<String> = disk.names()?.into_iter().collect();
    let mut entries = Vec::new();
    let mut interrupted = 0u64;
    for name in &names {
        let Some(id) = name.strip_suffix(".json").and_then(|id| id.parse().ok()) else {
            remove_remains(disk, name, &names);
            continue;
        };
        match read(disk, id, &names) {
            Ok(Some((entry, was))) => {
                interrupted += u64::from(was == State::Running);
                entries.push(entry);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, recording = %id, "a recording cannot be read; its files stay"),
        }
    }
    if interrupted > 0 {
        tracing::warn!(interrupted, "recordings of the last run were cut; what there is of them is kept");
    }
    Ok(entries)
}

/// The recording of a sidecar, and what its state was; `None` where nothing is left of it.
fn read(disk: &dyn Disk, id: RecordingId, names: &BTreeSet<String>) -> io::Result<Option<(Entry, State)>> {
    let sound = sidecar::sound_name(id);
    let has_sound = names.contains(&sound);
    let Some(mut entry) = Entry::read(disk, id)? else {
        // Its first line was never whole, and so there is no sound either, or nobody can say whose it is.
        match has_sound {
            true => tracing::error!(recording = %id, "nobody knows whose this recording is; its files stay"),
            false => disk.remove(&sidecar::sidecar_name(id))?,
        }
        return Ok(None);
    };
    let was = entry.state;
    if has_sound && was != State::Running {
        return Ok(Some((entry, was)));
    }
    entry.samples = if has_sound { entry.format.samples_in(disk.length(&sound)?) } else { 0 };
    if entry.samples == 0 {
        disk.remove(&sound)?;
        disk.remove(&sidecar::sidecar_name(id))?;
        return Ok(None);
    }
    entry.state = State::Interrupted;
    repair(disk, &entry)?;
    Ok(Some((entry, was)))
}

/// Makes a file that was cut whole: samples, then head, then the sidecar's last line.
fn repair(disk: &dyn Disk, entry: &Entry) -> io::Result<()> {
    let file = disk.update(&sidecar::sound_name(entry.id))?;
    file.set_length(wav::HEAD + entry.samples)?;
    file.write_at(0, &entry.format.head(entry.samples))?;
    file.flush()?;
    let name = sidecar::sidecar_name(entry.id);
    let end = disk.length(&name)?;
    // The line before may be torn.
    let line = [b"\n", &entry.second_line()[..]].concat();
    disk.update(&name)?.write_at(end, &line)
}

/// Removes a file that was never finished. Any other that is not ours stays.
fn remove_remains(disk: &dyn Disk, name: &str, names: &BTreeSet<String>) {
    let is_unfinished = name.ends_with(".json.new") || name.ends_with(".wav.new");
    if is_unfinished && let Err(error) = disk.remove(name) {
        tracing::warn!(%error, name, "the remains of a recording could not be removed");
    }
    let orphan = name.strip_suffix(".wav").is_some_and(|id| !names.contains(&format!("{id}.json")));
    if orphan {
        tracing::warn!(name, "a sound file that belongs to no recording; it stays");
    }
}
