//! Uploads.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, header};
use hyper::body::Frame;
use serde_json::json;
use tower::ServiceExt as _;

use super::Api;

/// A file that a program of others has encoded.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../media/fixtures/", $name)).as_slice()
    };
}

/// A WAV file of 16-bit samples at 8 kHz.
fn wav_of(samples: &[i16]) -> Vec<u8> {
    let mut file = wav(u32::try_from(samples.len()).unwrap());
    let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
    file[44..].iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    file
}

/// A sine of 1 kHz, which is 8 samples long.
fn sine(peak: f64, seconds: usize) -> Vec<i16> {
    let turn = |at: usize| (at as f64 * std::f64::consts::FRAC_PI_4).sin();
    (0..seconds * 8_000).map(|at| (peak * turn(at)) as i16).collect()
}

/// A WAV file of so many 16-bit samples at 8 kHz.
pub(super) fn wav(samples: u32) -> Vec<u8> {
    let length = samples * 2;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend([16, 0, 0, 0, 1, 0, 1, 0]);
    file.extend(8000_u32.to_le_bytes());
    file.extend(16000_u32.to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.resize(44 + length as usize, 0);
    file
}

#[tokio::test]
async fn a_sound_is_uploaded_retitled_replaced_and_deleted() {
    let api = Api::new().await;
    let made = api.upload("/client/@me/sound/", Some("welcome"), Some(&wav(800))).await.expect(201);
    let filename = made["filename"].as_str().unwrap();
    assert!(filename.len() == 44 && filename.ends_with(".wav"), "forty hexadecimal digits and .wav");
    let mut shape = json!({"id": 1, "client_id": 1, "dealer_id": null, "title": "welcome", "filename": filename});
    shape["quality"] = json!({
        "format": "wav", "rate_hz": 8000, "channels": 1, "duration_ms": 100, "loudness_lufs": null, "peak_dbfs": null,
        "clipped_samples": 0, "leading_silence_ms": 100, "trailing_silence_ms": 100, "dc_offset_percent": 0.0,
        "digits": "", "warnings": ["Nothing can be heard in the whole sound."],
    });
    assert_eq!(made, shape);
    assert_eq!(api.get("/client/@me/sound/").await.expect(200), json!([shape]));
    assert_eq!(api.get("/client/@me/sound/1").await.expect(200), shape);

    let renamed = api.put("/client/@me/sound/1", json!({"title": "hello"})).await.expect(200);
    assert_eq!((&renamed["title"], &renamed["filename"]), (&json!("hello"), &json!(filename)));
    assert!(api.put("/client/@me/sound/1", json!({})).await.refused(400).contains("title: is required"));

    let replaced = api.upload("/client/@me/sound/1", None, Some(&wav(1600))).await.expect(201);
    assert_eq!((&replaced["id"], &replaced["title"]), (&json!(1), &json!("hello")));
    assert_ne!(replaced["filename"], *filename);

    api.delete("/client/@me/sound/1").await.expect(204);
    api.get("/client/@me/sound/1").await.refused(404);
    api.upload("/client/@me/sound/1", None, Some(&wav(1600))).await.refused(404);
}

/// The body of somebody who sends nothing for the time being.
struct Stalled;

impl hyper::body::Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_client_that_sends_slowly_keeps_no_other_waiting() {
    let mut api = Api::new().await;
    for _ in 0..50 {
        let request = Request::post("/api/ver1.0/client/@me/sound/")
            .header(header::AUTHORIZATION, format!("Bearer {}", api.token))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=X")
            .body(Body::new(Stalled))
            .unwrap();
        tokio::spawn(api.router.clone().oneshot(request));
    }
    api.become_other().await;
    let file = wav(800);
    let upload = api.upload("/client/@me/sound/", Some("x"), Some(&file));
    let answer = tokio::time::timeout(Duration::from_secs(20), upload).await.expect("nobody keeps it waiting");
    answer.expect(201);
}

#[tokio::test]
async fn what_cannot_be_played_is_refused_with_what_it_is() {
    let api = Api::new().await;
    let mut float = wav(80);
    float[20] = 3;
    for (file, said) in [
        (&b"ID3\x04 and so on"[..], "file: MP3: there is no frame of MPEG layer III in it"),
        (&[0xff, 0xfd, 0x90, 0x00], "file: MP3: it is of MPEG layer 2; only layer 3 is read"),
        (fixture!("mono-16k.opus"), "file: Ogg: Opus in Ogg is not read; send Vorbis, MP3 or WAV"),
        (&fixture!("mono-16k.ogg")[..2_000], "file: Ogg: the headers of Vorbis are missing or wrong"),
        (b"fLaC\0\0\0\x22", "file: a file in the format FLAC is not read; send WAV, MP3 or Ogg Vorbis"),
        (b"hello", "file: neither a WAV file nor MP3 nor Ogg"),
        (b"", "file: "),
        (&float, "file: "),
        (&wav(800)[..12], "file: "),
    ] {
        let message = api.upload("/client/@me/sound/", Some("x"), Some(file)).await.refused(400);
        assert!(message.contains(said), "{message}");
    }
    assert!(api.upload("/client/@me/sound/", None, Some(&wav(80))).await.refused(400).contains("title: is required"));
    assert!(api.upload("/client/@me/sound/", Some("x"), None).await.refused(400).contains("file: is required"));
    let message = api.post("/client/@me/sound/", json!({"title": "x"})).await.refused(400);
    assert!(message.contains("multipart/form-data"), "{message}");
    let torn = api.raw(Method::POST, "/client/@me/sound/", "multipart/form-data; boundary=X", "--X\r\nConte").await;
    torn.refused(400);
    assert_eq!(api.get("/client/@me/sound/").await.expect(200), json!([]));
}

#[tokio::test]
async fn mp3_and_ogg_are_known_by_their_content_and_last_as_long_as_they_sound() {
    let api = Api::new().await;
    for (file, format, rate, channels) in [
        (fixture!("mono-16k.ogg"), "ogg", 16_000, 1),
        (fixture!("stereo-44k.ogg"), "ogg", 44_100, 2),
        (fixture!("stereo-44k.mp3"), "mp3", 44_100, 2),
    ] {
        // Every upload of these tests is named `hello.wav` and says that it is `audio/wav`.
        let made = api.upload("/client/@me/sound/", Some("tone"), Some(file)).await.expect(201);
        let filename = made["filename"].as_str().unwrap();
        assert!(filename.len() == 44 && filename.ends_with(format), "{filename}");
        let quality = &made["quality"];
        assert_eq!(quality["format"], format);
        assert_eq!((&quality["rate_hz"], &quality["channels"]), (&json!(rate), &json!(channels)));
        assert_eq!(quality["duration_ms"], 600, "{quality}");
        let loudness = quality["loudness_lufs"].as_f64().unwrap();
        assert!((loudness + 23.0).abs() < 0.6, "{quality}");
        assert_eq!(quality["warnings"], json!([]), "{quality}");
        assert_eq!(api.get(&format!("/client/@me/sound/{}", made["id"])).await.expect(200), made);
    }
}

#[tokio::test]
async fn the_answer_says_what_is_wrong_with_a_prompt_and_takes_it() {
    let api = Api::new().await;
    let late = [vec![0; 4_000], sine(3_276.7, 2)].concat();
    let made = api.upload("/client/@me/sound/", Some("late"), Some(&wav_of(&late))).await.expect(201);
    assert_eq!(made["quality"]["leading_silence_ms"], 500);
    // -23.0, and a little less by the blocks of 400 ms that begin in the silence.
    assert_eq!(made["quality"]["loudness_lufs"], -23.3);
    assert_eq!(made["quality"]["peak_dbfs"], -20.0);
    let told = json!(["It begins with 500 ms of silence, for which every caller waits."]);
    assert_eq!(made["quality"]["warnings"], told);

    // Another content has its own report, another title keeps it.
    let path = format!("/client/@me/sound/{}", made["id"]);
    let loud: Vec<i16> =
        sine(300_000.0, 1).iter().map(|&sample| if sample < 0 { i16::MIN } else { i16::MAX }).collect();
    let replaced = api.upload(&path, None, Some(&wav_of(&loud))).await.expect(201);
    assert_eq!(replaced["quality"]["clipped_samples"], 8_000);
    assert_eq!(replaced["quality"]["leading_silence_ms"], 0);
    let warnings = replaced["quality"]["warnings"].as_array().unwrap();
    assert!(warnings[0].as_str().unwrap().starts_with("It is clipped: 8000 samples"), "{warnings:?}");
    let renamed = api.put(&path, json!({"title": "square"})).await.expect(200);
    assert_eq!(renamed["quality"], replaced["quality"]);
    assert_eq!(api.get("/client/@me/sound/").await.expect(200)[0]["quality"], replaced["quality"]);
}

#[tokio::test]
async fn the_answer_says_which_keys_are_in_a_prompt_and_a_report_of_before_has_none() {
    let api = Api::new().await;
    let tone = |hertz: f64, at: u32| 5_000.0 * (std::f64::consts::TAU * hertz * f64::from(at) / 8_000.0).sin();
    let key = |low, high| (0..800).map(|at| (tone(low, at) + tone(high, at)) as i16).collect::<Vec<_>>();
    let prompt = [sine(3_276.7, 1), key(697.0, 1_336.0), vec![0; 800], key(852.0, 1_477.0)].concat();
    let made = api.upload("/client/@me/sound/", Some("dialler"), Some(&wav_of(&prompt))).await.expect(201);
    assert_eq!(made["quality"]["digits"], "29");
    let told = json!(["The tones of keys are in it, 29: what hears them may take them for pressed."]);
    assert_eq!(made["quality"]["warnings"], told);
    let mut before = made["quality"].clone();
    before.as_object_mut().unwrap().remove("digits");
    let before: crate::store::SoundQuality = serde_json::from_value(before).expect("what the database has kept");
    assert_eq!(before.digits, None);
}

#[tokio::test]
async fn ten_megabytes_are_the_most() {
    let api = Api::new().await;
    let most = 10 * 1024 * 1024;
    let fits = api.upload("/client/@me/sound/", Some("x"), Some(&wav(u32::try_from(most - 44).unwrap() / 2))).await;
    fits.expect(201);
    for size in [most + 2, 2 * most] {
        let answer =
            api.upload("/client/@me/sound/", Some("x"), Some(&wav(u32::try_from(size - 44).unwrap() / 2))).await;
        assert_eq!(answer.expect(413)["status"], "payload_too_large");
    }
}

#[tokio::test]
async fn a_sound_that_a_menu_plays_stays() {
    let api = Api::new().await;
    let (menu, sound) = (api.menu("071").await, api.sound("hello").await);
    let rules = format!("{menu}/context/1/options/start/rules/");
    let body = json!({"action": "play_sound", "sound": sound, "sound_type": "background"});
    let rule = api.post(&rules, body).await.expect(201);
    let path = format!("/client/@me/sound/{sound}");
    let refusal = api.delete(&path).await.expect(409);
    assert_eq!(refusal["status"], "conflict");
    assert!(refusal["message"].as_str().unwrap().contains("000*071"));
    api.delete(&format!("{rules}{}", rule[0]["id"])).await.expect(204);
    api.delete(&path).await.expect(204);
}

#[tokio::test]
async fn a_text_needs_an_engine_and_has_to_be_one() {
    let api = Api::new().await;
    let path = "/client/@me/sound/";
    let refused = api.post(path, json!({"title": "x", "text": "hello"})).await.refused(409);
    assert!(refused.contains("no engine for speech"), "{refused}");
    for (body, problem) in [
        (json!({"text": ""}), "text: is required"),
        (json!({"text": ["a"]}), "text: must be a string"),
        (json!({"text": "a".repeat(5_001)}), "text: has at most 5000 characters"),
        (json!({"text": "a", "speed": 5}), "speed: must be a whole number from 25 to 400"),
    ] {
        let refused = api.post(path, body).await.refused(400);
        assert!(refused.contains(problem), "{refused}");
    }
    let form = "--X\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhello\r\n--X--\r\n";
    api.raw(Method::POST, path, "multipart/form-data; boundary=X", form).await.refused(409);
}
