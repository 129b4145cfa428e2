//! The index of a packet: its 16 bits of sequence number, and how often they have wrapped.
//!
//! Shape: arithmetic on plain numbers.
//! Units: 48 bits, of which the low 16 are the sequence number and the rest is the rollover counter.
//! Sources: RFC 3711 section 3.3.1 and appendix A.

/// Wraps that the counter holds; beyond, the key is used up.
const ROLLOVERS: u64 = 1 << 32;

/// The index of this sequence number that is nearest to the highest seen; `None` where it would lie before the first.
pub(super) fn estimate(highest: u64, sequence: u16) -> Option<u64> {
    let (rollover, last) = (highest >> 16, (highest & 0xFFFF) as u16);
    let rollover = match (last < 0x8000, i32::from(sequence) - i32::from(last)) {
        (true, ahead) if ahead > 0x8000 => rollover.checked_sub(1)?,
        (false, ahead) if ahead < -0x8000 => rollover + 1,
        _ => rollover,
    };
    index(rollover, sequence)
}

/// The index of a rollover counter and a sequence number; `None` beyond the last.
pub(super) fn index(rollover: u64, sequence: u16) -> Option<u64> {
    (rollover < ROLLOVERS).then_some(rollover << 16 | u64::from(sequence))
}

/// The rollover counter of an index, as a tag covers it.
pub(super) fn rollover_bytes(index: u64) -> [u8; 4] {
    let [_, _, a, b, c, d, _, _] = index.to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrap_is_guessed_from_either_side_of_it() {
        let check =
            |highest, sequence, expect| assert_eq!(estimate(highest, sequence), expect, "{highest:x} {sequence:x}");
        check(0x0_0005, 0x0007, Some(0x0_0007));
        check(0x0_0007, 0x0005, Some(0x0_0005));
        check(0x0_FFFF, 0x0000, Some(0x1_0000));
        check(0x1_0001, 0xFFFE, Some(0x0_FFFE));
        check(0x5_8000, 0x0000, Some(0x5_0000));
        check(0x5_8001, 0x0000, Some(0x6_0000));
        check(0x5_7FFF, 0xFFFF, Some(0x5_FFFF));
        check(0x5_7FFE, 0xFFFF, Some(0x4_FFFF));
        check(0x0_0002, 0xFFF0, None);
        check(0xFFFF_FFFF_FFF0, 0x0001, None);
    }
}
