//! The sounds of web servers that are in memory, whoever holds them: the shelf, a call that plays one, both.
//!
//! Shape: a sound is added once it is made, and is gone when nobody holds it any more; it is charged to the client that had it fetched.
//! Units: bytes of samples, in every codec that a sound was made ready for.
//! Errors: whose sounds leave no room, those of the client or of all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use antiphon_media::{Audio, Band, Codec};

use crate::{speech::bytes_of, store::ClientId};

/// What a sound takes beside its samples, about.
const ENTRY: u64 = 1_024;

/// The sounds of all clients.
#[derive(Debug)]
pub(super) struct Live {
    most: u64,
    most_of_client: u64,
    clients: BTreeMap<ClientId, Sounds>,
}

/// Those of one client, and what they took when they were counted last.
#[derive(Debug, Default)]
struct Sounds {
    held: Vec<Weak<Audio>>,
    bytes: u64,
}

impl Live {
    /// None yet, and so many bytes in all and for one client at most.
    pub(super) fn new(most: u64, most_of_client: u64) -> Self {
        Self { most, most_of_client, clients: BTreeMap::new() }
    }

    /// Adds a sound; where there is no room for it, those of whom would have to go: of the client, or of anybody (`None`).
    pub(super) fn add(&mut self, client: ClientId, audio: &Arc<Audio>) -> Result<(), Option<ClientId>> {
        let bytes = takes(audio);
        self.clients.entry(client).or_default().count();
        if self.clients.get(&client).is_some_and(|sounds| sounds.bytes + bytes > self.most_of_client) {
            return Err(Some(client));
        }
        if self.total() + bytes > self.most {
            // What the others hold may be less by now.
            self.clients.values_mut().for_each(Sounds::count);
            self.clients.retain(|_, sounds| !sounds.held.is_empty());
        }
        if self.total() + bytes > self.most {
            return Err(None);
        }
        let sounds = self.clients.entry(client).or_default();
        sounds.held.push(Arc::downgrade(audio));
        sounds.bytes += bytes;
        Ok(())
    }

    fn total(&self) -> u64 {
        self.clients.values().map(|sounds| sounds.bytes).sum()
    }
}

impl Sounds {
    /// Forgets what is gone, and counts the rest: a sound grows as it is made ready for further codecs.
    fn count(&mut self) {
        let mut bytes = 0;
        self.held.retain(|sound| sound.upgrade().inspect(|audio| bytes += takes(audio)).is_some());
        self.bytes = bytes;
    }
}

/// What a sound takes now. The packets of Opus, which are small, count among what every sound takes.
fn takes(audio: &Audio) -> u64 {
    let made = [Codec::G722, Codec::L16(Band::Narrow), Codec::L16(Band::Wide)];
    let made: usize = made.into_iter().map(|codec| audio.payload(codec).len()).sum();
    bytes_of(audio) + made as u64 + ENTRY
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound that takes 1,024 bytes of samples and as much beside them.
    fn sound() -> Arc<Audio> {
        Arc::new(Audio::from_pcm(&[1; 512]))
    }

    #[test]
    fn a_client_has_its_share_and_what_nobody_holds_is_free_again() {
        let (one, other) = (ClientId(1), ClientId(2));
        let mut live = Live::new(6 * ENTRY, 4 * ENTRY);
        let held = [sound(), sound()];
        assert_eq!(held.each_ref().map(|audio| live.add(one, audio)), [Ok(()), Ok(())]);
        let (third, others) = (sound(), sound());
        assert_eq!(live.add(one, &third), Err(Some(one)), "it holds its share");
        assert_eq!(live.add(other, &others), Ok(()));
        assert_eq!(live.add(other, &third), Err(None), "all hold what there is");
        drop(held);
        assert_eq!(live.add(other, &third), Ok(()));
    }

    #[test]
    fn a_sound_that_was_made_ready_for_a_codec_takes_more() {
        let (client, audio) = (ClientId(1), sound());
        let mut live = Live::new(8 * ENTRY, 5 * ENTRY);
        assert_eq!(live.add(client, &audio), Ok(()));
        audio.prepare(Codec::L16(Band::Wide));
        assert_eq!(live.add(client, &sound()), Err(Some(client)));
    }
}
