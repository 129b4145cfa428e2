//! The telephone-event payload and the keys it can say.
//!
//! Shape: four bytes an event; [`blocks`] walks a payload that holds several.
//! Units: durations and timestamps are in ticks of 8 kHz, 8 a millisecond; volume is dBm0 without its minus sign.
//! Errors: bytes after the last whole block are left out.
//! Sources: RFC 4733 sections 2.3 (payload), 2.5.1.5 (several in one packet), 3.2 (the 16 keys).

/// Bytes of one event block.
pub const BLOCK_LEN: usize = 4;
/// More blocks than this in one packet are left out; RFC 4733 packs the few events that fit a packet time.
const MAX_BLOCKS: usize = 8;

/// A key of a telephone, as its event code 0 to 15.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct Digit(u8);

impl Digit {
    const KEYS: &[u8; 16] = b"0123456789*#ABCD";

    /// The key of an event code; `None` beyond 15, which are tones that no caller presses.
    pub const fn from_event(code: u8) -> Option<Self> {
        if code < 16 { Some(Self(code)) } else { None }
    }

    /// The key that a character names: `0` to `9`, `*`, `#`, `A` to `D`, in either case.
    pub fn from_char(key: char) -> Option<Self> {
        let upper = key.to_ascii_uppercase();
        let code = Self::KEYS.iter().position(|&known| char::from(known) == upper)?;
        u8::try_from(code).ok().map(Self)
    }

    /// The event code, 0 to 15.
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The character of the key.
    pub const fn as_char(self) -> char {
        Self::KEYS[self.0 as usize] as char
    }
}

/// One block of a telephone-event payload.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct TelephoneEvent {
    /// The event code; 0 to 15 are keys.
    pub code: u8,
    /// Whether this report is the last of the event.
    pub end: bool,
    /// Power in dBm0 without the sign, 0 to 63.
    pub volume: u8,
    /// How long the event lasts so far, in ticks.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads four bytes (RFC 4733 section 2.3); the reserved bit is not looked at.
    pub const fn parse(block: [u8; BLOCK_LEN]) -> Self {
        Self {
            code: block[0],
            end: block[1] & 0x80 != 0,
            volume: block[1] & 0x3F,
            duration: u16::from_be_bytes([block[2], block[3]]),
        }
    }

    /// The four bytes of this report.
    pub fn to_bytes(self) -> [u8; BLOCK_LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, (u8::from(self.end) << 7) | (self.volume & 0x3F), high, low]
    }
}

/// The events of a payload, each with its own timestamp: each begins where the one before it stops.
pub fn blocks(timestamp: u32, payload: &[u8]) -> impl Iterator<Item = (u32, TelephoneEvent)> + '_ {
    let mut starts = timestamp;
    payload.as_chunks::<BLOCK_LEN>().0.iter().take(MAX_BLOCKS).map(move |&block| {
        let event = TelephoneEvent::parse(block);
        let start = starts;
        starts = starts.wrapping_add(u32::from(event.duration));
        (start, event)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_keys_have_codes_and_characters() {
        for (code, key) in "0123456789*#ABCD".chars().enumerate() {
            let digit = Digit::from_char(key).unwrap();
            assert_eq!(usize::from(digit.event()), code);
            assert_eq!(digit.as_char(), key);
            assert_eq!(Digit::from_event(digit.event()), Some(digit));
        }
        assert_eq!(Digit::from_char('d').map(Digit::as_char), Some('D'));
        assert_eq!(Digit::from_char('E'), None);
        assert_eq!(Digit::from_event(16), None);
    }

    #[test]
    fn a_block_goes_to_bytes_and_back() {
        let event = TelephoneEvent { code: 11, end: true, volume: 10, duration: 0x1234 };
        assert_eq!(event.to_bytes(), [11, 0x8A, 0x12, 0x34]);
        assert_eq!(TelephoneEvent::parse(event.to_bytes()), event);
    }

    #[test]
    fn packed_events_follow_one_another_in_time() {
        let payload = [1, 0x80, 0, 100, 2, 0x80, 0, 50, 3, 0, 0, 10, 99];
        let starts: Vec<_> = blocks(u32::MAX, &payload).map(|(start, event)| (start, event.code)).collect();
        assert_eq!(starts, [(u32::MAX, 1), (99, 2), (149, 3)]);
    }
}
