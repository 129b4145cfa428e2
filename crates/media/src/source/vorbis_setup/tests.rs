use super::*;

/// Writes bits, the lowest first.
#[derive(Default)]
struct Writer(Vec<bool>);

impl Writer {
    fn put(mut self, fields: &[(u32, u32)]) -> Self {
        for &(number, bits) in fields {
            self.0.extend((0..bits).map(|place| number >> place & 1 == 1));
        }
        self
    }

    fn check(&self) -> Result<(), SetupError> {
        let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        check(&self.0.chunks(8).map(byte).collect::<Vec<_>>())
    }
}

/// A setup of so many books and what comes after their number.
fn setup(books: u32) -> Writer {
    Writer::default().put(&[(books - 1, 8)])
}

const SYNC: (u32, u32) = (BOOK_SYNC, 24);
/// Two entries of one bit each, with nothing to look up.
const BOOK: [(u32, u32); 8] = [SYNC, (1, 16), (2, 24), (0, 1), (0, 1), (0, 5), (0, 5), (0, 4)];
const NO_TRANSFORM: [(u32, u32); 2] = [(0, 6), (0, 16)];

#[test]
fn a_small_setup_is_taken() {
    let floor = [(0, 6), (1, 16), (1, 5), (0, 4), (1, 3), (0, 2), (0, 8), (1, 2), (4, 4), (0, 8)];
    let whole = setup(1).put(&BOOK).put(&NO_TRANSFORM).put(&floor);
    assert_eq!(whole.check(), Ok(()));
    assert_eq!(setup(1).put(&BOOK).put(&NO_TRANSFORM).put(&floor[..6]).check(), Err(SetupError::Ended));
}

/// Each book is 20 bytes long; 16 of them make symphonia 0.6.1 take more than 2 GB.
#[test]
fn a_few_bytes_do_not_get_gigabytes() {
    let entries = 1 << 17;
    let book =
        [SYNC, (32, 16), (entries, 24), (1, 1), (16, 5), (entries, 18), (1, 4), (0, 32), (0, 32), (0, 4), (0, 1)];
    let mut hostile = setup(256);
    for _ in 0..256 {
        hostile = hostile.put(&book).put(&[(0, 1)]);
    }
    assert!(hostile.0.len() / 8 < 8_000);
    assert_eq!(hostile.check(), Err(SetupError::TooLarge));
    assert_eq!(setup(1).put(&[SYNC, (33, 16), (2, 24)]).check(), Err(SetupError::TooLarge));
    assert_eq!(setup(1).put(&[SYNC, (1, 16), (0xFF_FFFF, 24)]).check(), Err(SetupError::TooLarge));
}

/// Symphonia 0.6.1 panics at the codes of 33 bits. That the other two may end in the same is read in its source: the second entry of a
/// lookup in floating point, and a list of 16 books of which 5 bits pick one.
#[test]
fn what_would_end_the_decoder_is_refused() {
    let powers = [SYNC, (32, 16), (2, 24), (0, 1), (0, 1), (0, 5), (0, 5), (1, 4)];
    assert_eq!(setup(1).put(&powers).check(), Err(SetupError::TooLarge), "2 to the 32nd");
    let mut lengths = setup(1).put(&[SYNC, (1, 16), (1, 24), (1, 1), (31, 5)]);
    lengths = lengths.put(&[(0, 1), (0, 1), (1, 1)]);
    assert_eq!(lengths.check(), Err(SetupError::Invalid), "codes of 33 bits and more");
    let old = setup(1).put(&BOOK).put(&NO_TRANSFORM).put(&[(0, 6), (0, 16)]);
    assert_eq!(old.check(), Err(SetupError::OldFloor), "its list of books is read past its end");
}

#[test]
fn what_the_format_forbids_is_refused() {
    assert_eq!(check(&[]), Err(SetupError::Ended));
    assert_eq!(setup(1).put(&[(0, 24)]).check(), Err(SetupError::Invalid), "no sync");
    assert_eq!(setup(1).put(&[SYNC, (0, 16), (2, 24)]).check(), Err(SetupError::Invalid), "no dimensions");
    let more = [SYNC, (1, 16), (2, 24), (1, 1), (0, 5), (3, 2)];
    assert_eq!(setup(1).put(&more).check(), Err(SetupError::Invalid), "more codes than entries");
    assert_eq!(setup(1).put(&BOOK[..7]).put(&[(3, 4)]).check(), Err(SetupError::Invalid), "an unknown lookup");
    assert_eq!(setup(1).put(&BOOK).put(&[(0, 6), (1, 16)]).check(), Err(SetupError::Invalid), "a transform");
    let floor = setup(1).put(&BOOK).put(&NO_TRANSFORM).put(&[(0, 6), (2, 16)]);
    assert_eq!(floor.check(), Err(SetupError::Invalid), "an unknown floor");
}
