//! The table of tones: one row a country.
//!
//! Units: Hz; milliseconds on and off in turns.
//! Sources: ITU-T E.180 and its Supplement 2. Where a country has several, the row has the first.
//!
//! Most rows were compared with a second published table. These are doubtful, in some part:
//!
//! * `am`, `az`, `by`, `ge`, `kz`, `md`, `uz`: what was common to the network that they were one with; nothing newer was found.
//! * `ru`: 0.8 s in 4 s is common; the national standard of 2001 has also 1 s in 5 s, 0.35 s busy and 0.175 s congestion.
//! * `ua`, `ae`: found in no second table.
//! * `ie`: others have 0.45 s busy and 0.375 s congestion. `gr`: others have 0.2 s congestion. `il`: others have 414 Hz.
//! * `jp`: the second frequency may be 15 to 20 Hz. `au`: congestion has two levels in turns, of which this is the louder.
//! * `us`, `ca`: the frequencies are those of the precise tone plan; exchanges before it modulated 420 Hz and 500 Hz.

use super::{Cadence, Pitch};

/// The tones of one country.
#[derive(Debug)]
pub(super) struct Row {
    /// Two letters of ISO 3166-1; `eu` is none of them.
    pub(super) code: &'static str,
    pub(super) ringback: Cadence,
    pub(super) busy: Cadence,
    pub(super) congestion: Cadence,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Row {}

/// What E.180 recommends.
pub(super) static RECOMMENDED: &Row = &ROWS[0];

pub(super) static ROWS: &[Row] = &[
    Row {
        code: "eu",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "ae",
        ringback: Cadence { pitch: Pitch::Two(400.0, 450.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(400.0), milliseconds: &[375, 375] },
        congestion: Cadence { pitch: Pitch::One(400.0), milliseconds: &[400, 350, 225, 525] },
    },
    Row {
        code: "am",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "at",
        ringback: Cadence { pitch: Pitch::One(420.0), milliseconds: &[1_000, 5_000] },
        busy: Cadence { pitch: Pitch::One(420.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(420.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "au",
        ringback: Cadence { pitch: Pitch::Two(413.0, 438.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[375, 375] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[375, 375] },
    },
    Row {
        code: "az",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "be",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 3_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[167, 167] },
    },
    Row {
        code: "br",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250, 750, 250] },
    },
    Row {
        code: "by",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "ca",
        ringback: Cadence { pitch: Pitch::Two(440.0, 480.0), milliseconds: &[2_000, 4_000] },
        busy: Cadence { pitch: Pitch::Two(480.0, 620.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::Two(480.0, 620.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "ch",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "cn",
        ringback: Cadence { pitch: Pitch::One(450.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(450.0), milliseconds: &[350, 350] },
        congestion: Cadence { pitch: Pitch::One(450.0), milliseconds: &[700, 700] },
    },
    Row {
        code: "cz",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[330, 330] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[165, 165] },
    },
    Row {
        code: "de",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[480, 480] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[240, 240] },
    },
    Row {
        code: "dk",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "es",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_500, 3_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200, 200, 200, 200, 600] },
    },
    Row {
        code: "fi",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[300, 300] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "fr",
        ringback: Cadence { pitch: Pitch::One(440.0), milliseconds: &[1_500, 3_500] },
        busy: Cadence { pitch: Pitch::One(440.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(440.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "gb",
        ringback: Cadence { pitch: Pitch::Two(400.0, 450.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(400.0), milliseconds: &[375, 375] },
        congestion: Cadence { pitch: Pitch::One(400.0), milliseconds: &[400, 350, 225, 525] },
    },
    Row {
        code: "ge",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "gr",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[300, 300] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[150, 150] },
    },
    Row {
        code: "hk",
        ringback: Cadence { pitch: Pitch::Two(440.0, 480.0), milliseconds: &[400, 200, 400, 3_000] },
        busy: Cadence { pitch: Pitch::Two(480.0, 620.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::Two(480.0, 620.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "ie",
        ringback: Cadence { pitch: Pitch::Two(400.0, 450.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "il",
        ringback: Cadence { pitch: Pitch::One(400.0), milliseconds: &[1_000, 3_000] },
        busy: Cadence { pitch: Pitch::One(400.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(400.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "in",
        ringback: Cadence { pitch: Pitch::Modulated(400.0, 25.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(400.0), milliseconds: &[750, 750] },
        congestion: Cadence { pitch: Pitch::One(400.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "it",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "jp",
        ringback: Cadence { pitch: Pitch::Modulated(400.0, 16.0), milliseconds: &[1_000, 2_000] },
        busy: Cadence { pitch: Pitch::One(400.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(400.0), milliseconds: &[500, 500] },
    },
    Row {
        code: "kz",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[800, 3_200] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "lt",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[350, 350] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "md",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "mx",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "nl",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "no",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "nz",
        ringback: Cadence { pitch: Pitch::Two(400.0, 450.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(400.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(400.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "pl",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
    },
    Row {
        code: "pt",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 5_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "ru",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[800, 3_200] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "se",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 5_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 750] },
    },
    Row {
        code: "sg",
        ringback: Cadence { pitch: Pitch::Modulated(425.0, 24.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[750, 750] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "tr",
        ringback: Cadence { pitch: Pitch::One(450.0), milliseconds: &[2_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(450.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(450.0), milliseconds: &[200, 200, 200, 200, 200, 200, 600, 200] },
    },
    Row {
        code: "ua",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[1_000, 4_000] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "us",
        ringback: Cadence { pitch: Pitch::Two(440.0, 480.0), milliseconds: &[2_000, 4_000] },
        busy: Cadence { pitch: Pitch::Two(480.0, 620.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::Two(480.0, 620.0), milliseconds: &[250, 250] },
    },
    Row {
        code: "uz",
        ringback: Cadence { pitch: Pitch::One(425.0), milliseconds: &[800, 3_200] },
        busy: Cadence { pitch: Pitch::One(425.0), milliseconds: &[400, 400] },
        congestion: Cadence { pitch: Pitch::One(425.0), milliseconds: &[200, 200] },
    },
    Row {
        code: "za",
        ringback: Cadence { pitch: Pitch::Modulated(400.0, 33.0), milliseconds: &[400, 200, 400, 2_000] },
        busy: Cadence { pitch: Pitch::One(400.0), milliseconds: &[500, 500] },
        congestion: Cadence { pitch: Pitch::One(400.0), milliseconds: &[250, 250] },
    },
];
