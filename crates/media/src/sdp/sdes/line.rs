//! One `a=crypto` line.
//!
//! Shape: the text after `a=crypto:` in, a key out, or nothing where the line cannot be used.
//! Units: a lifetime is a number of packets. It binds who sends under the key, and that is the peer; it is read and
//! not kept.
//! Errors: `None`. The next line is looked at then.
//! Sources: RFC 4568 section 9.1 (grammar), 6.1 (key, lifetime, MKI) and 6.3 (parameters).

use crate::srtp::{MAX_MATERIAL, MasterKey, Mki, Suite};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// As `=` at the end is written by most and forgotten by some.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Digits of a tag.
const TAG_DIGITS: usize = 9;
/// Bytes that may name the key in each packet; the grammar allows 128, and nobody uses more than these.
const MAX_MKI: u8 = 8;
/// Wraps of a lifetime: no key protects more packets than this power of two.
const MAX_LIFETIME: u64 = 1 << 48;

/// A line that can be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::sdp) struct Line {
    pub(in crate::sdp) tag: u32,
    pub(in crate::sdp) key: MasterKey,
    pub(in crate::sdp) mki: Mki,
}

impl Line {
    /// Reads what stands after `a=crypto:`.
    pub(in crate::sdp) fn read(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= TAG_DIGITS && tag.bytes().all(|b| b.is_ascii_digit()))?;
        let suite = Suite::of_name(words.next()?)?;
        let (key, mki) = key_of(suite, words.next()?)?;
        if !words.all(is_harmless) {
            return None;
        }
        Some(Self { tag: tag.parse().ok()?, key, mki })
    }
}

/// The one key of a line: `inline:<key and salt>[|<lifetime>][|<MKI>:<length>]`. Several keys want to be told apart by
/// their MKI, which we do not do.
fn key_of(suite: Suite, text: &str) -> Option<(MasterKey, Mki)> {
    let inline = text.get(..7).filter(|method| method.eq_ignore_ascii_case("inline:"));
    let parameters = inline.and_then(|method| text.get(method.len()..)).filter(|rest| !rest.contains(';'))?;
    let mut parts = parameters.split('|');
    let mut material = Zeroizing::new([0; MAX_MATERIAL + 2]);
    let length = BASE64.decode_slice(parts.next()?, &mut *material).ok()?;
    let key = MasterKey::new(suite, material.get(..length)?).ok()?;
    let mut mki = Mki::default();
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => {}
        (Some(one), None, _) if one.contains(':') => mki = mki_of(one)?,
        (Some(one), None, _) => lifetime(one)?,
        (Some(one), Some(two), None) => {
            lifetime(one)?;
            mki = mki_of(two)?;
        }
        (Some(_), Some(_), Some(_)) => return None,
    }
    Some((key, mki))
}

/// Packets that a key may protect: a number, or `2^` and the power.
fn lifetime(text: &str) -> Option<()> {
    let packets = match text.strip_prefix("2^") {
        Some(power) => 1u64.checked_shl(power.parse().ok()?),
        None => text.parse().ok(),
    };
    packets.filter(|packets| (1..=MAX_LIFETIME).contains(packets)).map(|_| ())
}

/// The name of the key in each packet, of which only the length counts, because there is only one.
fn mki_of(text: &str) -> Option<Mki> {
    let (value, length) = text.split_once(':')?;
    let _: u64 = value.parse().ok()?;
    let length = length.parse().ok().filter(|length| (1..=MAX_MKI).contains(length))?;
    Some(Mki { length })
}

/// Whether a parameter leaves everything as we do it: `KDR=0` derives keys once, a window of at least 64 is ours, and
/// what begins with `-` may be ignored. Whatever else there is changes what a packet looks like, or may.
fn is_harmless(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some(("KDR", rate)) => rate == "0",
        Some(("WSH", size)) => size.parse::<u32>().is_ok(),
        _ => parameter.starts_with('-'),
    }
}

/// What stands after `a=crypto:` for a key of ours.
pub(in crate::sdp) fn write(tag: u32, key: &MasterKey) -> Zeroizing<String> {
    let material = Zeroizing::new(BASE64.encode(key.material()));
    Zeroizing::new(format!("{tag} {} inline:{}", key.suite().name(), *material))
}
