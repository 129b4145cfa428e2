use super::*;
use std::f64::consts::TAU;

const RATES: [u32; 5] = [8_000, 16_000, 22_050, 44_100, 48_000];

/// A sine of a peak in dB of full scale.
fn sine(rate: u32, hertz: f64, decibels: f64, seconds: f64) -> Vec<i16> {
    let (step, peak) = (TAU * hertz / f64::from(rate), 32_767.0 * 10_f64.powf(decibels / 20.0));
    let samples = (seconds * f64::from(rate)) as u32;
    (0..samples).map(|at| (peak * (step * f64::from(at)).sin()).round() as i16).collect()
}

fn quiet(rate: u32, milliseconds: u32) -> Vec<i16> {
    vec![0; (rate / 1_000 * milliseconds) as usize]
}

fn sentences(quality: &Quality) -> Vec<String> {
    quality.warnings().iter().map(ToString::to_string).collect()
}

#[track_caller]
fn near(found: Option<f64>, wanted: f64, within: f64) {
    assert!(found.is_some_and(|found| (found - wanted).abs() < within), "{found:?} is not {wanted}");
}

/// BS.1770: a sine of full scale at 997 Hz in one channel is -3.01 LKFS.
#[test]
fn a_sine_of_one_kilohertz_is_as_loud_at_each_rate() {
    for rate in RATES {
        for level in [-20.0, -30.0] {
            let quality = assess(&sine(rate, 997.0, level, 5.0), rate);
            near(quality.loudness, level - 3.01, 0.1);
            near(quality.peak, level, 0.1);
            assert_eq!(sentences(&quality), Vec::<String>::new(), "{rate} {level}");
            assert_eq!(quality.duration, Duration::from_secs(5));
        }
    }
}

/// EBU Tech 3341, cases 3 to 5 with one channel: what is far softer does not count.
#[test]
fn the_gates_leave_pauses_out() {
    let rate = 48_000;
    let part = |level, seconds| sine(rate, 1_000.0, level, seconds);
    let pauses = [part(-36.0, 10.0), part(-23.0, 60.0), part(-36.0, 10.0)].concat();
    near(assess(&pauses, rate).loudness, -26.0, 0.1);
    let silence = [part(-72.0, 10.0), part(-36.0, 10.0), part(-23.0, 60.0), part(-36.0, 10.0), part(-72.0, 10.0)];
    near(assess(&silence.concat(), rate).loudness, -26.0, 0.1);
    let levels = [part(-26.0, 20.0), part(-20.0, 20.1), part(-26.0, 20.0)].concat();
    near(assess(&levels, rate).loudness, -26.0, 0.1);
}

/// Below the first gate nothing counts, also where the second one is lower still.
#[test]
fn what_is_below_the_first_gate_never_counts() {
    let part = |level, seconds| sine(8_000, 997.0, level, seconds);
    let alone = assess(&part(-63.0, 5.0), 8_000).loudness.unwrap();
    let among = assess(&[part(-63.0, 5.0), part(-71.0, 60.0)].concat(), 8_000).loudness.unwrap();
    assert!((alone - among).abs() < 0.2, "{alone} {among}");
}

#[test]
fn a_word_shorter_than_a_block_has_a_loudness_too() {
    near(assess(&sine(8_000, 997.0, -20.0, 0.2), 8_000).loudness, -23.0, 0.2);
}

#[test]
fn silence_before_and_after_is_measured_and_a_long_one_is_told() {
    for rate in [8_000, 48_000] {
        let tone = sine(rate, 1_000.0, -20.0, 1.0);
        let quality = assess(&[quiet(rate, 500), tone.clone(), quiet(rate, 1_200)].concat(), rate);
        assert_eq!(quality.leading_silence, Duration::from_millis(500), "{rate}");
        assert_eq!(quality.trailing_silence, Duration::from_millis(1_200), "{rate}");
        let told =
            ["It begins with 500 ms of silence, for which every caller waits.", "It ends with 1200 ms of silence."];
        assert_eq!(sentences(&quality), told);
        assert!(assess(&[quiet(rate, 300), tone, quiet(rate, 1_000)].concat(), rate).warnings().is_empty());
    }
}

#[test]
fn nothing_but_silence_says_only_that() {
    let hum = sine(8_000, 50.0, -60.0, 1.0);
    for samples in [quiet(8_000, 1_000), hum, vec![3_000; 8_000]] {
        let quality = assess(&samples, 8_000);
        assert_eq!(quality.warnings(), [Warning::Silent], "{quality:?}");
        assert_eq!(quality.leading_silence, Duration::from_secs(1));
    }
    let nothing = assess(&[], 8_000);
    assert_eq!((nothing.loudness, nothing.peak, nothing.duration), (None, None, Duration::ZERO));
}

#[test]
fn cut_peaks_are_counted_and_whole_ones_are_not() {
    let loud = |over: f64| {
        let cut = |sample: f64| sample.clamp(-32_768.0, 32_767.0) as i16;
        sine(8_000, 440.0, -6.0, 1.0).into_iter().map(|sample| cut(f64::from(sample) * over)).collect::<Vec<_>>()
    };
    assert_eq!(assess(&loud(1.99), 8_000).clipped_samples, 0, "a full sine");
    let clipped = assess(&loud(8.0), 8_000);
    assert!(clipped.clipped_samples > 4_000, "{clipped:?}");
    assert!(clipped.warnings().contains(&Warning::Clipped(clipped.clipped_samples)));
    let square: Vec<i16> = (0..8_000).map(|at| if at / 10 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    assert_eq!(assess(&square, 8_000).clipped_samples, 8_000);
    let soft: Vec<i16> = square.iter().map(|sample| sample / 2).collect();
    assert_eq!(assess(&soft, 8_000).clipped_samples, 0, "a square wave that is not at full scale");
    // The loudest bytes of both laws.
    for sample in [32_124, -32_124, 32_256] {
        assert_eq!(assess(&[sample; 3], 8_000).clipped_samples, 3);
    }
}

#[test]
fn what_is_far_from_the_level_of_speech_is_told() {
    let told = |level| sentences(&assess(&sine(8_000, 997.0, level, 1.0), 8_000));
    assert!(told(-40.0)[0].starts_with("It is soft, -43.0 LUFS"), "{:?}", told(-40.0));
    assert!(told(-6.0)[0].starts_with("It is loud, -9.0 LUFS"), "{:?}", told(-6.0));
}

#[test]
fn an_offset_is_told_and_is_no_sound() {
    let tone = sine(8_000, 997.0, -20.0, 1.0);
    let shifted: Vec<i16> = [quiet(8_000, 200), tone].concat().iter().map(|sample| sample + 983).collect();
    let quality = assess(&shifted, 8_000);
    assert!((quality.dc_offset - 0.03).abs() < 1e-4, "{quality:?}");
    assert_eq!(quality.leading_silence, Duration::from_millis(200));
    assert_eq!(sentences(&quality), ["Its average is 3.0 % of full scale and not zero, which clicks."]);
}

#[test]
fn the_tones_of_keys_are_told_at_each_rate_and_a_lone_tone_is_none() {
    let both = |rate, low, high| {
        let pair = sine(rate, low, -16.0, 0.1).into_iter().zip(sine(rate, high, -16.0, 0.1));
        pair.map(|(low, high)| low + high).collect::<Vec<i16>>()
    };
    for rate in RATES {
        let hello = sine(rate, 440.0, -20.0, 0.5);
        let keys = [hello.clone(), both(rate, 770.0, 1_336.0), quiet(rate, 100), both(rate, 941.0, 1_477.0), hello];
        let quality = assess(&keys.concat(), rate);
        assert_eq!(quality.digits.iter().map(|digit| digit.as_char()).collect::<String>(), "5#", "{rate}");
        let told = "The tones of keys are in it, 5#: what hears them may take them for pressed.";
        assert_eq!(sentences(&quality), [told], "{rate}");
    }
    assert_eq!(assess(&sine(8_000, 697.0, -20.0, 1.0), 8_000).digits, []);
    let dialler = [both(8_000, 697.0, 1_209.0), quiet(8_000, 100)].concat().repeat(70);
    assert_eq!(assess(&dialler, 8_000).digits.len(), 64);
}
