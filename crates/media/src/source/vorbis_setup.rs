//! A look at the setup header of a Vorbis stream, before a decoder is made of it.
//!
//! Shape: the code books and floors are walked without building anything.
//! Units: bits, the lowest of a byte first.
//! Errors: [`SetupError`]. A few bytes of a setup header can ask for gigabytes of tables, and some values that no encoder
//! writes make the decoder (symphonia 0.6.1) panic, or may do so by what its source says: all of that is refused here.
//! Sources: Xiph.Org, Vorbis I specification, 3.2.1 (code books), 4.2.4 (setup), 7.2.2 (floor 1), 9.2.3 (`lookup1_values`).

use thiserror::Error;

/// Most values in the tables of all code books: 4 MB. Those of common encoders have a tenth of it.
const MAX_VALUES: u64 = 1 << 20;
const MAX_DIMENSIONS: u32 = 32;
const MAX_CODE_LENGTH: u32 = 32;
const BOOK_SYNC: u32 = 0x56_4342;

/// Why a decoder is not made.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum SetupError {
    /// The header ends too early.
    #[error("the setup header is cut off")]
    Ended,
    /// The header holds what the format forbids.
    #[error("the setup header is no Vorbis")]
    Invalid,
    /// The tables would be too large.
    #[error("the code books are larger than any encoder makes them")]
    TooLarge,
    /// Floors of type 0, which encoders gave up in 2002.
    #[error("it is by an encoder of before 2002 (floor type 0)")]
    OldFloor,
}

/// Walks a setup header, from behind its name.
pub(super) fn check(setup: &[u8]) -> Result<(), SetupError> {
    let mut bits = Bits { bytes: setup, at: 0 };
    let mut values = 0;
    for _ in 0..=bits.take(8)? {
        values += book(&mut bits)?;
        if values > MAX_VALUES {
            return Err(SetupError::TooLarge);
        }
    }
    for _ in 0..=bits.take(6)? {
        if bits.take(16)? != 0 {
            return Err(SetupError::Invalid);
        }
    }
    for _ in 0..=bits.take(6)? {
        match bits.take(16)? {
            0 => return Err(SetupError::OldFloor),
            1 => floor(&mut bits)?,
            _ => return Err(SetupError::Invalid),
        }
    }
    Ok(())
}

/// Walks a code book and gives the number of values that its tables hold.
fn book(bits: &mut Bits<'_>) -> Result<u64, SetupError> {
    if bits.take(24)? != BOOK_SYNC {
        return Err(SetupError::Invalid);
    }
    let (dimensions, entries) = (bits.take(16)?, bits.take(24)?);
    if dimensions == 0 {
        return Err(SetupError::Invalid);
    }
    if dimensions > MAX_DIMENSIONS || u64::from(entries) > MAX_VALUES {
        return Err(SetupError::TooLarge);
    }
    code_lengths(bits, entries)?;
    let vectors = match bits.take(4)? {
        0 => return Ok(entries.into()),
        1 => lookup1_values(entries, dimensions)?,
        2 => entries * dimensions,
        _ => return Err(SetupError::Invalid),
    };
    bits.skip(64)?;
    let width = bits.take(4)? + 1;
    bits.skip(1 + u64::from(vectors) * u64::from(width))?;
    Ok(u64::from(entries) * u64::from(1 + dimensions))
}

fn code_lengths(bits: &mut Bits<'_>, entries: u32) -> Result<(), SetupError> {
    if bits.take(1)? == 1 {
        let mut length = bits.take(5)? + 1;
        let mut known = 0;
        while known < entries {
            known += bits.take(u32::BITS - (entries - known).leading_zeros())?;
            if known > entries || length > MAX_CODE_LENGTH {
                return Err(SetupError::Invalid);
            }
            length += 1;
        }
    } else if bits.take(1)? == 1 {
        for _ in 0..entries {
            if bits.take(1)? == 1 {
                bits.skip(5)?;
            }
        }
    } else {
        bits.skip(u64::from(entries) * 5)?;
    }
    Ok(())
}

/// The largest number whose power is no more than the entries.
fn lookup1_values(entries: u32, dimensions: u32) -> Result<u32, SetupError> {
    // The decoder finds it in floating point, and asserts that it did not err: what is not certain is refused.
    let found = (entries as f32).powf(1.0 / dimensions as f32).floor() as u32;
    let power = |base: u32| base.checked_pow(dimensions).ok_or(SetupError::TooLarge);
    if power(found)? <= entries && power(found + 1)? > entries { Ok(found) } else { Err(SetupError::Invalid) }
}

/// Walks a floor of type 1.
fn floor(bits: &mut Bits<'_>) -> Result<(), SetupError> {
    let partitions = bits.take(5)? as usize;
    let mut classes = [0; 31];
    for class in &mut classes[..partitions] {
        *class = bits.take(4)? as usize;
    }
    let classes = &classes[..partitions];
    let mut dimensions = [0; 16];
    for places in dimensions.iter_mut().take(classes.iter().max().map_or(0, |most| most + 1)) {
        *places = bits.take(3)? + 1;
        let subclasses = bits.take(2)?;
        bits.skip(if subclasses == 0 { 0 } else { 8 })?;
        bits.skip(8 << subclasses)?;
    }
    bits.skip(2)?;
    let width = bits.take(4)?;
    let points: u32 = classes.iter().map(|&class| dimensions[class]).sum();
    bits.skip(u64::from(points * width))
}

/// The bits of a header.
struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    /// The next number of up to 32 bits.
    fn take(&mut self, count: u32) -> Result<u32, SetupError> {
        let mut number = 0;
        for place in 0..count {
            let byte = usize::try_from(self.at / 8).ok().and_then(|at| self.bytes.get(at)).ok_or(SetupError::Ended)?;
            number |= u32::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Ok(number)
    }

    fn skip(&mut self, count: u64) -> Result<(), SetupError> {
        self.at += count;
        if self.at > self.bytes.len() as u64 * 8 { Err(SetupError::Ended) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
