//! The sources of one direction, each with the numbers that it has used.
//!
//! Shape: a table with room for [`SOURCES`]; a peer changes its source now and then, and has one at a time.
//! Errors: none. In a full table a new source takes the place of the one that was heard longest ago. Only a packet with a
//! true tag gets here, so a stranger fills nothing.
//! Sources: RFC 3711 section 3.2.3 (one context a source).

use super::replay::Window;

/// Sources that are known at once.
pub(super) const SOURCES: usize = 8;

/// The numbers of one source.
#[derive(Copy, Clone, Debug)]
pub(super) struct Source {
    pub(super) ssrc: u32,
    pub(super) window: Window,
    /// The highest index under the key before this one, as long as nothing came under this one.
    pub(super) inherited: Option<u64>,
    heard: u64,
}

/// The sources of one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    places: [Option<Source>; SOURCES],
    /// Counts packets that were taken, so that the oldest place is known.
    taken: u64,
}

impl Sources {
    pub(super) fn find(&self, ssrc: u32) -> Option<&Source> {
        self.places.iter().flatten().find(|source| source.ssrc == ssrc)
    }

    /// Notes a packet whose tag was true.
    pub(super) fn take(&mut self, ssrc: u32, index: u64) {
        self.taken += 1;
        let heard = self.taken;
        let known = self.places.iter_mut().flatten().find(|source| source.ssrc == ssrc);
        if let Some(source) = known {
            source.window.take(index);
            (source.inherited, source.heard) = (None, heard);
            return;
        }
        let oldest = self.places.iter_mut().min_by_key(|place| place.map_or(0, |source| source.heard));
        if let Some(place) = oldest {
            let mut window = Window::default();
            window.take(index);
            *place = Some(Source { ssrc, window, inherited: None, heard });
        }
    }

    /// The same sources under a new key: the counters go on, and no packet was taken yet (RFC 3711 section 3.3.1).
    pub(super) fn rekeyed(&self) -> Self {
        let inherit = |place: &Option<Source>| {
            place.map(|source| {
                let highest = source.inherited.unwrap_or(source.window.highest());
                Source { window: Window::default(), inherited: Some(highest), ..source }
            })
        };
        let mut places = [None; SOURCES];
        places.iter_mut().zip(&self.places).for_each(|(to, from)| *to = inherit(from));
        Self { places, taken: self.taken }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_forgets_whoever_was_heard_longest_ago() {
        let mut sources = Sources::default();
        for ssrc in 0..8 {
            sources.take(ssrc, 7);
        }
        sources.take(0, 8);
        sources.take(99, 1);
        assert!(sources.find(1).is_none() && sources.find(0).is_some() && sources.find(99).is_some());
        assert!(!sources.find(0).is_none_or(|source| source.window.allows(7)));
    }

    #[test]
    fn a_new_key_keeps_the_counter_and_forgets_the_packets() {
        let mut sources = Sources::default();
        sources.take(5, 0x3_0001);
        let again = sources.rekeyed().rekeyed();
        let source = again.find(5).expect("it is known");
        assert_eq!((source.inherited, source.window.allows(0x3_0001)), (Some(0x3_0001), true));
    }
}
