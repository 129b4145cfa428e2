//! A telephone with one codec and no other, plain and with SRTP, hears a prompt sample by sample.
//!
//! Shape: two baresip with one codec, one of them with SDES, call an extension that speaks [`crate::prompt`], which was uploaded at
//! 16 kHz. What each decodes is compared with what the prompt is at the rate of the codec, from its first second on.
//! Sources: what each codec was measured to keep is in `docs/interop.md`.

use antiphon_media::codec::{Band, Codec};

use crate::baresip::Baresip;
use crate::house::{GREETING, House, MENU};
use crate::likeness::Likeness;
use crate::phone::{Account, Sound, Telephone};
use crate::prompt::{self, NARROW, Prompt, WIDE};
use crate::scene::{Role, Scene};

const EVERY_CODEC: &str = "[rtp]\ncodecs = [\"pcma\", \"pcmu\", \"g722\", \"l16\", \"opus\"]\n";
const WITHOUT_OPUS: &str = "[rtp]\ncodecs = [\"pcma\", \"pcmu\", \"g722\", \"l16\"]\n";
/// The number that speaks the prompt.
const SPEAKER: &str = "300";
const NEEDS_OPUS: &str = "this is a build without Opus: `cargo xtask test` has it, or --features antiphon-server/opus";
const VOICE: u32 = 450;
const OTHER_VOICE: u32 = 650;
/// Which part of the prompt is compared: jitter buffers fill before, and the sound ends after.
const COMPARED: (f64, f64) = (1.0, 2.8);

/// What has to be left of a prompt.
struct Wanted {
    prompt: Prompt,
    correlation: f64,
    /// In decibels: all of it, and the worst 5 ms.
    snr: f64,
    worst: f64,
}

/// The settings of a server that speaks this.
fn settings(codec: Codec) -> &'static str {
    if codec == Codec::Opus { EVERY_CODEC } else { WITHOUT_OPUS }
}

#[track_caller]
fn is_like(heard: &Likeness, wanted: &Wanted, who: &str) {
    heard.is_whole();
    let enough = heard.correlation > wanted.correlation && heard.snr > wanted.snr && heard.worst > wanted.worst;
    assert!(enough, "{who}: {heard:?}");
    assert!(heard.gain.abs() < 0.5, "{who}: {heard:?}");
}

/// What a recording kept of a prompt.
#[track_caller]
fn likeness(prompt: Prompt, ear: &crate::tones::Recording) -> Likeness {
    let (rate, recording) = ear.all_of(prompt::SECONDS as f64 + 0.5);
    let (from, seconds) = COMPARED;
    Likeness::of(&prompt.samples(rate, from, seconds), &recording, rate)
}

/// Both calls, of which one is plain.
#[track_caller]
fn baresip_hears_the_prompt_in(codec: Codec, wanted: &Wanted) {
    let scene = Scene::new();
    let house = House::start(&scene, settings(codec), &["101", "103"]);
    house.make_speaker(SPEAKER, |file| wanted.prompt.write(file));
    let phone = |number, role, sound| {
        let account = Account::new(number, VOICE, house.sip).with_codec(codec).with_sound(sound);
        Baresip::start(&scene, role, account)
    };
    let mut plain = phone("101", Role::Baresip, Sound::Plain);
    let mut protected = phone("103", Role::Target, Sound::Srtp);
    plain.call(SPEAKER);
    protected.call(SPEAKER);
    let sounds = house.sounds();
    assert!(sounds.len() == 2 && sounds.iter().all(|sound| sound["codec"] == codec.name()), "{sounds:?}");
    assert_eq!(sounds.iter().filter(|sound| sound["srtp"] == "AES_CM_128_HMAC_SHA1_80").count(), 1, "{sounds:?}");
    for (phone, who) in [(&mut plain, "plain"), (&mut protected, "SRTP")] {
        let heard = likeness(wanted.prompt, &phone.recording("dec"));
        is_like(&heard, wanted, who);
        phone.hang_up();
    }
}

#[test]
fn baresip_hears_a_prompt_in_pcmu() {
    let wanted = Wanted { prompt: NARROW, correlation: 0.999, snr: 30.0, worst: 25.0 };
    baresip_hears_the_prompt_in(Codec::Pcmu, &wanted);
}

#[test]
fn baresip_hears_a_prompt_in_pcma() {
    let wanted = Wanted { prompt: NARROW, correlation: 0.999, snr: 30.0, worst: 25.0 };
    baresip_hears_the_prompt_in(Codec::Pcma, &wanted);
}

#[test]
fn baresip_hears_a_prompt_in_g722() {
    let wanted = Wanted { prompt: WIDE, correlation: 0.998, snr: 25.0, worst: 12.0 };
    baresip_hears_the_prompt_in(Codec::G722, &wanted);
}

#[test]
fn baresip_hears_a_prompt_in_linear_samples_at_8_khz() {
    let wanted = Wanted { prompt: NARROW, correlation: 0.999_9, snr: 70.0, worst: 60.0 };
    baresip_hears_the_prompt_in(Codec::L16(Band::Narrow), &wanted);
}

#[test]
fn baresip_hears_a_prompt_in_linear_samples_at_16_khz() {
    let wanted = Wanted { prompt: WIDE, correlation: 0.999_9, snr: 70.0, worst: 60.0 };
    baresip_hears_the_prompt_in(Codec::L16(Band::Wide), &wanted);
}

#[test]
fn baresip_hears_a_prompt_in_opus() {
    let wanted = Wanted { prompt: WIDE, correlation: 0.97, snr: 13.0, worst: 3.0 };
    assert!(Codec::Opus.is_built(), "{NEEDS_OPUS}");
    baresip_hears_the_prompt_in(Codec::Opus, &wanted);
}

#[test]
fn two_baresip_with_different_codecs_hear_each_other_at_the_right_pitch_and_level() {
    let scene = Scene::new();
    let house = House::start(&scene, settings(Codec::G722), &["101", "103"]);
    let phone = |number, role, voice, codec| {
        Baresip::start(&scene, role, Account::new(number, voice, house.sip).with_codec(codec))
    };
    let mut narrow = phone("101", Role::Baresip, VOICE, Codec::Pcma);
    let mut wide = phone("103", Role::Target, OTHER_VOICE, Codec::G722);
    narrow.call(MENU);
    narrow.hears(GREETING);
    narrow.press('3');
    wide.is_called_by("101");
    wide.pick_up();
    narrow.recording("dec").hears_as_loud(OTHER_VOICE);
    wide.recording("dec").hears_as_loud(VOICE);
    wide.hang_up();
    narrow.is_left();
}
