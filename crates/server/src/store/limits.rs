//! How large the tables may grow.
//!
//! Shape: one constant a table; a change beyond it is refused with the table's name.
//! Units: counts of objects; [`SOUND_BYTES`] is bytes, [`SOUND_HOURS_OF_A_CLIENT`] hours.
//! Sources: `ringme-ivr.md` 2.3 (10 MB a sound); the rest are ours, far above what a menu needs.

/// Extensions of one client.
pub const EXTENSIONS_OF_A_CLIENT: usize = 100_000;
/// Sounds of one client.
pub const SOUNDS_OF_A_CLIENT: usize = 10_000;
/// Hours of sound of one client, all sounds together, since all of them lie in memory: 58 MB an hour, 1.4 GB in all.
pub const SOUND_HOURS_OF_A_CLIENT: u32 = 24;
/// Public numbers of one client.
pub const DIDS_OF_A_CLIENT: usize = 100_000;
/// Subscriptions to events of one extension.
pub const EVENTS_OF_AN_EXTENSION: usize = 20;
/// Time intervals of one client.
pub const INTERVALS_OF_A_CLIENT: usize = 10_000;
/// Variables of one client.
pub const VARIABLES_OF_A_CLIENT: usize = 1_000;
/// Ratings that are kept of one client; the oldest go first, a thousand together.
pub const RATINGS_OF_A_CLIENT: u64 = 1_000_000;
/// Ratings that wait for the writer; beyond it a rating is lost.
pub const WAITING_RATINGS: usize = 10_000;
/// Named callflows of one client.
pub const FLOWS_OF_A_CLIENT: usize = 10_000;
/// Versions of the customizer of one extension; the code of all of them lies in memory, a megabyte each at most.
pub const CUSTOMIZERS_OF_AN_EXTENSION: usize = 50;
/// Bytes of the code of a customizer (`voicexml-customizers.md` 2.5).
pub const CUSTOMIZER_BYTES: usize = 1024 * 1024;
/// Bytes of the code of all versions of all customizers of one client, since all of them lie in memory.
pub const CUSTOMIZER_BYTES_OF_A_CLIENT: usize = 64 * 1024 * 1024;
/// Bytes of what the versions of a customizer are told as `ivr.config`, as JSON.
pub const CUSTOMIZER_CONFIG_BYTES: usize = 16 * 1024;
/// The same of all extensions of one client, since all of it lies in memory.
pub const CUSTOMIZER_CONFIG_BYTES_OF_A_CLIENT: usize = 16 * 1024 * 1024;
/// Rows that say who changed customizers; the oldest go first.
pub(super) const AUDITED_CUSTOMIZERS: i64 = 100_000;
/// Bytes of an uploaded page of VoiceXML.
pub const VXML_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of all uploaded pages of one client, since all of them lie in memory.
pub const VXML_BYTES_OF_A_CLIENT: usize = 64 * 1024 * 1024;
/// Contexts of one menu.
pub const CONTEXTS_OF_AN_IVR: usize = 1_000;
/// Options of one context.
pub const OPTIONS_OF_A_CONTEXT: usize = 1_000;
/// Rules of one option.
pub const RULES_OF_AN_OPTION: usize = 200;
/// Rules of one menu, all options together.
pub const RULES_OF_AN_IVR: usize = 10_000;
/// Members of one conference, since every one of them costs a mix, an encoding and a quarter of a second of sound in memory.
pub const MEMBERS_OF_A_CONFERENCE: u64 = 500;
/// Mails in the outbox of one client. Beyond it the oldest that are over go; while all wait, no other is written down, and its message is in
/// the mailbox all the same.
pub const MAILS_OF_A_CLIENT: usize = 10_000;
/// Bytes of an uploaded sound.
pub const SOUND_BYTES: usize = 10 * 1024 * 1024;
/// Live access tokens of one application; beyond it the oldest goes.
pub const TOKENS_OF_AN_APPLICATION: usize = 1_000;
/// How often a change on a condition is tried, while others come before it.
pub(super) const TRIES_OF_A_CONDITION: usize = 16;
/// Changes that wait for the writer; beyond it a change is refused as busy.
pub const WAITING_CHANGES: usize = 256;
