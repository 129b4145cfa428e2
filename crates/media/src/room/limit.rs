//! Sums that are too loud, bent into the range of a sample.
//!
//! Shape: below the knee a sum is what it is; above, it comes nearer to full scale the larger it is and never reaches further, so
//! that loud voices together sound compressed and do not crackle as wrapped or cut-off ones do.
//! Units: linear samples.

/// Where the bend begins: 2.5 dB below full scale.
const KNEE: i32 = 24_576;
/// What is left above the knee.
const ROOM: i32 = i16::MAX as i32 - KNEE;

/// One sum as a sample. The curve is continuous and so is its slope: above the knee it is a hyperbola that begins with slope 1.
pub(super) fn soften(sum: i32) -> i16 {
    let over = i64::from(sum.unsigned_abs()) - i64::from(KNEE);
    if over <= 0 {
        return sum as i16;
    }
    let room = i64::from(ROOM);
    let bent = i64::from(KNEE) + room * over / (room + over);
    (if sum < 0 { -bent } else { bent }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_sums_grow_slower_and_never_wrap() {
        assert_eq!([-24_576, -1, 0, 24_576].map(soften), [-24_576, -1, 0, 24_576]);
        let mut last = i16::MIN;
        for sum in (-2_000_000..2_000_000).step_by(17) {
            let now = soften(sum);
            assert!(now >= last, "{sum}");
            assert_eq!(soften(-sum), -now, "{sum}");
            last = now;
        }
        assert!(soften(i32::MAX) > 32_700 && soften(i32::MIN) < -32_700);
        assert!(soften(KNEE + 100) - soften(KNEE) >= 98, "no corner at the knee");
    }
}
