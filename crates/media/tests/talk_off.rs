//! Talk-off: half an hour of speech and half an hour of music hold no key.
//!
//! Shape: espeak-ng says sentences and numbers in several languages and voices; music is made here. All of it goes through
//! G.711, as it would on a line, and is heard by one detector.
//! Errors: without espeak-ng the test says how to get it; `cargo xtask test` installs it.

use antiphon_media::codec::Law;
use antiphon_media::dtmf::{Detector, Edge};
use antiphon_media::{Audio, Codec};
use std::f32::consts::TAU;
use std::process::{Command, Stdio};

const RATE: usize = 8_000;
const HALF_AN_HOUR: usize = 1_800 * RATE;

/// Sentences in a language, with numbers to be said between them.
const LANGUAGES: [(&str, [&str; 4]); 8] = [
    (
        "en",
        [
            "Please hold the line, somebody will be with you soon.",
            "Where did you leave the key of the old house?",
            "Eight green apples fell off the tree last night.",
            "We moved the meeting to the room beside the stairs.",
        ],
    ),
    (
        "en-us",
        [
            "You owe me an honest answer, and you know why.",
            "The weather will be warm and a little windy.",
            "I would like to change my order, please.",
            "Our new office opens early in the morning.",
        ],
    ),
    (
        "de",
        [
            "Bitte warten Sie, bis sich jemand meldet.",
            "Im Garten hinter dem Haus blühen die Rosen.",
            "Wie weit ist es von hier bis zum Bahnhof?",
            "Übermorgen fahren wir mit dem Zug ans Meer.",
        ],
    ),
    (
        "fr",
        [
            "Veuillez patienter, nous arrivons tout de suite.",
            "Où avez-vous laissé la clé de la maison ?",
            "Le train de nuit part à une heure du matin.",
            "Il fera beau demain, avec un peu de vent.",
        ],
    ),
    (
        "ru",
        [
            "Пожалуйста, подождите, вам скоро ответят.",
            "Где вы оставили ключ от старого дома?",
            "Завтра утром мы едем к морю на поезде.",
            "Вчера вечером шёл сильный дождь.",
        ],
    ),
    (
        "es",
        [
            "Por favor, espere un momento en la línea.",
            "La casa vieja está al otro lado del río.",
            "Mañana saldremos temprano hacia la playa.",
            "¿Cuánto cuesta el billete de ida y vuelta?",
        ],
    ),
    (
        "it",
        [
            "Resti in linea, le rispondiamo subito.",
            "Domani partiamo per il mare con il treno.",
            "La vecchia casa è vicino alla stazione.",
            "Quanto costa il biglietto di andata e ritorno?",
        ],
    ),
    (
        "hy",
        [
            "Խնդրում եմ սպասեք մի փոքր։",
            "Վաղը առավոտյան մենք գնում ենք ծով։",
            "Հին տունը կայարանի մոտ է։",
            "Որքա՞ն արժե տոմսը։",
        ],
    ),
];
const VARIANTS: [&str; 8] = ["", "+m3", "+f2", "+m7", "+f4", "+m1", "+f1", "+croak"];

/// Chances that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }

    fn part(&mut self) -> f32 {
        self.below(10_000) as f32 / 10_000.0
    }
}

/// What a detector says of a sound that went through A-law: the keys, and where.
fn heard(detector: &mut Detector, audio: &Audio) -> Vec<(char, u64)> {
    let mut keys = Vec::new();
    let mut frame = [0; 160];
    for payload in audio.payload(Codec::Pcma).chunks(160) {
        for (sample, &byte) in frame.iter_mut().zip(payload) {
            *sample = Law::A.decode(byte);
        }
        detector.hear(&frame[..payload.len()], |edge| {
            if edge.edge == Edge::Began {
                keys.push((edge.digit.as_char(), edge.at));
            }
        });
    }
    keys
}

/// Some forty seconds of speech.
fn speech(dice: &mut Dice, part: usize) -> Audio {
    let (language, sentences) = LANGUAGES[part % LANGUAGES.len()];
    let voice = format!("{language}{}", VARIANTS[(part / LANGUAGES.len() + part) % VARIANTS.len()]);
    let (pitch, pace) = (20 + dice.below(70), 120 + dice.below(90));
    let mut text = String::new();
    for _ in 0..8 {
        text.push_str(sentences[dice.below(sentences.len())]);
        text.push_str(&format!(" {}, {}. ", dice.below(1_000_000), dice.below(100)));
    }
    let mut espeak = Command::new("espeak-ng");
    espeak.args(["-v", &voice, "-p", &pitch.to_string(), "-s", &pace.to_string(), "-a", "150", "--stdout", &text]);
    let said = espeak.stderr(Stdio::null()).output().expect("espeak-ng is installed; `cargo xtask test` does that");
    assert!(said.status.success(), "espeak-ng has no voice {voice}");
    Audio::from_wav(&whole(said.stdout)).unwrap_or_else(|error| panic!("what espeak-ng says as {voice}: {error}"))
}

/// A WAV file that was written to a pipe does not know its own length.
fn whole(mut wav: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(wav.len()).expect("a minute of sound is short");
    wav[4..8].copy_from_slice(&(length - 8).to_le_bytes());
    wav[40..44].copy_from_slice(&(length - 44).to_le_bytes());
    wav
}

#[test]
fn half_an_hour_of_speech_holds_no_key() {
    let (mut dice, mut detector) = (Dice(7), Detector::new(8_000));
    let (mut samples, mut part) = (0, 0);
    while samples < HALF_AN_HOUR {
        let audio = speech(&mut dice, part);
        assert_eq!(heard(&mut detector, &audio), [], "part {part}, which began at sample {samples}");
        samples += audio.payload(Codec::Pcma).len();
        part += 1;
    }
    assert!(part > 20, "many voices have spoken");
}

/// Adds a key to a sound: two tones of -10 dBm0.
fn press(pcm: &mut [i16], key: usize) {
    let low = [697.0, 770.0, 852.0, 941.0][key / 4];
    let high = [1_209.0, 1_336.0, 1_477.0, 1_633.0][key % 4];
    for (at, sample) in pcm.iter_mut().enumerate() {
        let sine = |hertz: f32| (TAU * hertz * at as f32 / RATE as f32).sin();
        *sample = sample.saturating_add((7_200.0 * (sine(low) + sine(high))) as i16);
    }
}

#[test]
fn a_voice_under_the_tones_hides_no_key_and_doubles_none() {
    let mut dice = Dice(11);
    for part in 0..8 {
        let audio = speech(&mut dice, part);
        let voice: Vec<f32> = audio.payload(Codec::Pcma).iter().map(|&byte| f32::from(Law::A.decode(byte))).collect();
        let power = voice.iter().map(|sample| sample * sample).sum::<f32>() / voice.len() as f32;
        // The voice is on average 15 dB softer than the two tones together, and in its loudest moments 5 dB.
        let gain = 7_200.0 * 10f32.powf(-15.0 / 20.0) / power.sqrt();
        let mut pcm: Vec<i16> = voice.iter().map(|sample| (sample * gain) as i16).collect();
        let mut pressed = String::new();
        for begin in (RATE..pcm.len() - RATE).step_by(RATE / 4) {
            let key = dice.below(16);
            pressed.push(char::from(b"123A456B789C*0#D"[key]));
            press(&mut pcm[begin..begin + RATE / 10], key);
        }
        let keys = heard(&mut Detector::new(8_000), &Audio::from_pcm(&pcm));
        let keys: String = keys.into_iter().map(|(key, _)| key).collect();
        assert!(pressed.len() > 50);
        assert_eq!(keys, pressed, "part {part}");
    }
}

/// One note: its partials, each by its recursion, and how fast it fades.
struct Note {
    partials: Vec<(f32, f32, f32)>,
    gain: f32,
    fade: f32,
}

impl Note {
    fn new(dice: &mut Dice, semitone: usize) -> Self {
        let frequency = 110.0 * 2f32.powf(semitone as f32 / 12.0);
        let brightness = 0.3 + 0.6 * dice.part();
        let count = (1..=10).take_while(|&partial| frequency * (partial as f32) < 3_700.0).count();
        let partials = (1..=count).map(|partial| {
            let step = TAU * frequency * partial as f32 / RATE as f32;
            // Organs and flutes have few partials, strings many.
            (2.0 * step.cos(), -brightness.powi(partial as i32 - 1) * step.sin(), 0.0)
        });
        let fade = [1.0, 0.9999, 0.9997, 0.9993][dice.below(4)];
        Self { partials: partials.collect(), gain: 900.0 + 3_000.0 * dice.part(), fade }
    }

    fn next(&mut self) -> f32 {
        self.gain *= self.fade;
        let mut sum = 0.0;
        for (turn, last, before) in &mut self.partials {
            let now = *turn * *last - *before;
            (*last, *before) = (now, *last);
            sum += now;
        }
        self.gain * sum
    }
}

#[test]
fn half_an_hour_of_music_holds_no_key() {
    let (mut dice, mut detector) = (Dice(3), Detector::new(8_000));
    const CHORDS: [&[usize]; 6] = [&[0, 4, 7], &[0, 3, 7], &[0, 7, 12], &[0, 4, 7, 10], &[0, 12], &[0]];
    let mut samples = 0;
    while samples < HALF_AN_HOUR {
        let root = dice.below(30);
        let length = RATE / 20 * (1 + dice.below(20));
        let mut notes: Vec<Note> =
            CHORDS[dice.below(CHORDS.len())].iter().map(|step| Note::new(&mut dice, root + step)).collect();
        if dice.below(2) == 0 {
            // A melody over the chord.
            let high = root + 12 + dice.below(24);
            notes.push(Note::new(&mut dice, high));
        }
        let pcm: Vec<i16> = (0..length).map(|_| notes.iter_mut().map(Note::next).sum::<f32>() as i16).collect();
        assert_eq!(heard(&mut detector, &Audio::from_pcm(&pcm)), [], "from sample {samples} on, root {root}");
        samples += length;
    }
}
