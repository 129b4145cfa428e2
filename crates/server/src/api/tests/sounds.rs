//! Uploads.

use axum::http::Method;
use serde_json::json;

use super::Api;

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
    assert_eq!(filename.len(), 44, "forty hexadecimal digits and .wav");
    let shape = json!({"id": 1, "client_id": 1, "dealer_id": null, "title": "welcome", "filename": filename});
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

#[tokio::test]
async fn what_cannot_be_played_is_refused_with_what_it_is() {
    let api = Api::new().await;
    let mut float = wav(80);
    float[20] = 3;
    for (file, said) in [
        (&b"ID3\x04 and so on"[..], "MP3 is not built yet"),
        (&[0xff, 0xfb, 0x90, 0x00], "MP3 is not built yet"),
        (b"hello", "file: "),
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
