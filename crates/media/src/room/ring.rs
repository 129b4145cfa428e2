//! The last quarter of a second of a time line of samples.
//!
//! Shape: samples by their absolute position; a position that was never written is silence, and so is one that has left.
//! Units: positions and lengths in samples.
//! Errors: none; what is outside is neither read nor written.

use std::ops::Range;

/// The last samples of a time line. Its length is a power of two, so that a position is found by a mask.
#[derive(Debug)]
pub(super) struct Ring<T> {
    cells: Box<[T]>,
    /// The position after the last one that holds something.
    head: u64,
}

impl<T: Copy + Default> Ring<T> {
    /// An empty time line that begins at `head` and remembers at least `length` samples.
    pub(super) fn new(length: usize, head: u64) -> Self {
        Self { cells: vec![T::default(); length.next_power_of_two()].into(), head }
    }

    /// The position after the last sample.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// The oldest position that is remembered.
    pub(super) fn oldest(&self) -> u64 {
        self.head.saturating_sub(self.cells.len() as u64)
    }

    /// Goes on with silence up to `to`. What is older than the ring is long is forgotten.
    pub(super) fn advance(&mut self, to: u64) {
        let Some(ahead) = to.checked_sub(self.head).filter(|ahead| *ahead > 0) else { return };
        let fresh = usize::try_from(ahead).unwrap_or(usize::MAX).min(self.cells.len());
        self.head = to;
        for cells in self.runs(to - fresh as u64, fresh) {
            self.cells[cells].fill(T::default());
        }
    }

    /// Where `count` samples from a position on lie: a run up to the end of the memory, and the rest from its beginning.
    fn runs(&self, from: u64, count: usize) -> [Range<usize>; 2] {
        let length = self.cells.len();
        // The length is a power of two, so the mask keeps what fits into it.
        let start = (from & (length as u64 - 1)) as usize;
        let first = count.min(length - start);
        [start..start + first, 0..count - first]
    }

    /// Does something to each remembered sample of a stretch, with the sample of `beside` at the same place of the stretch.
    pub(super) fn zip<U>(&mut self, from: u64, beside: &[U], mut each: impl FnMut(&mut T, &U)) {
        let known = self.known(from, beside.len());
        let [first, second] = self.runs(from + known.start as u64, known.len());
        let (early, late) = beside[known].split_at(first.len());
        self.cells[first].iter_mut().zip(early).for_each(|(cell, beside)| each(cell, beside));
        self.cells[second].iter_mut().zip(late).for_each(|(cell, beside)| each(cell, beside));
    }

    /// Does something with each remembered sample of a stretch, to the one of `into` at the same place of the stretch.
    pub(super) fn read<U>(&self, from: u64, into: &mut [U], mut each: impl FnMut(&T, &mut U)) {
        let known = self.known(from, into.len());
        let [first, second] = self.runs(from + known.start as u64, known.len());
        let (early, late) = into[known].split_at_mut(first.len());
        self.cells[first].iter().zip(early).for_each(|(cell, into)| each(cell, into));
        self.cells[second].iter().zip(late).for_each(|(cell, into)| each(cell, into));
    }

    /// Which part of a stretch is remembered.
    fn known(&self, from: u64, count: usize) -> Range<usize> {
        let within = |position: u64| usize::try_from(position.saturating_sub(from)).unwrap_or(usize::MAX).min(count);
        let (start, end) = (within(self.oldest()), within(self.head));
        start.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(ring: &Ring<i16>, from: u64, count: usize) -> Vec<i16> {
        let mut into = vec![-1; count];
        into.fill(0);
        ring.read(from, &mut into, |cell, into| *into = *cell);
        into
    }

    #[test]
    fn what_was_written_is_read_across_the_end_of_the_memory() {
        let mut ring = Ring::<i16>::new(16, 1_000);
        for turn in 0..10u64 {
            let (from, said) = (1_000 + turn * 7, [1, 2, 3, 4, 5, 6, 7]);
            ring.advance(from + 7);
            ring.zip(from, &said, |cell, said| *cell += said);
            assert_eq!(heard(&ring, from, 7), said, "turn {turn}");
        }
        assert_eq!(heard(&ring, ring.head() - 14, 14), [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_skipped_has_left_or_has_not_come_is_silence() {
        let mut ring = Ring::<i16>::new(16, 100);
        ring.advance(104);
        ring.zip(100, &[9; 4], |cell, said| *cell = *said);
        ring.advance(108);
        assert_eq!(heard(&ring, 98, 12), [0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0]);
        ring.advance(118);
        assert_eq!(heard(&ring, 100, 4), [0, 0, 9, 9], "the two oldest have left");
        ring.zip(90, &[5; 40], |cell, said| *cell = *said);
        assert_eq!(heard(&ring, 90, 40), [vec![0; 12], vec![5; 16], vec![0; 12]].concat());
        ring.advance(1_000_000);
        assert_eq!(heard(&ring, 999_984, 16), [0; 16]);
    }
}
