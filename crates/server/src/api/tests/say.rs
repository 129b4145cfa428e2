use serde_json::json;

use super::Api;

#[tokio::test]
async fn what_is_said_is_told_in_words_and_in_files() {
    let api = Api::new().await;
    let said = api.get("/client/@me/say?lang=ru&type=money&text=21.02%20RUB").await.expect(200);
    assert_eq!(
        said,
        json!({
            "lang": "ru", "type": "money", "text": "21.02 RUB", "words": "двадцать один рубль две копейки",
            "sounds": [
                "ru/numbers/20.wav", "ru/digits/1.wav", "ru/money/ruble-one.wav",
                "ru/numbers/2-feminine.wav", "ru/money/kopeck-few.wav",
            ],
            "missing": [],
        })
    );
    let number = api.get("/client/@me/say/?text=21").await.expect(200);
    assert_eq!(
        (&number["lang"], &number["type"], &number["words"]),
        (&json!("en"), &json!("cardinal"), &json!("twenty one"))
    );
    for (query, words) in [
        ("lang=hy-AM&text=21", "քսանմեկ"),
        ("type=ordinal&text=21", "twenty first"),
        ("type=digits&text=%2B7*", "seven star"),
        ("type=date&text=2026-03-05", "March fifth twenty twenty six"),
        ("type=time&text=17:30", "five thirty P M"),
    ] {
        assert_eq!(api.get(&format!("/client/@me/say?{query}")).await.expect(200)["words"], words, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_with_its_reasons() {
    let api = Api::new().await;
    for (query, message) in [
        ("", "text: is required"),
        ("text=x", "text: must be a whole number, as 21 or -21"),
        ("text=1&lang=xx", "lang: must be one of: en, ru, hy"),
        ("text=1&type=song", "type: must be one of: cardinal, ordinal, digits, date, time, money"),
        (
            "text=x&lang=xx&type=date",
            "lang: must be one of: en, ru, hy; text: must be a day of the years 1 to 9999, as 2026-03-05",
        ),
        ("text=1%20XYZ&type=money", "text: must be in one of: USD, EUR, RUB, AMD, GBP"),
        ("text=1&text=2", "query: cannot be read"),
    ] {
        assert_eq!(api.get(&format!("/client/@me/say?{query}")).await.refused(400), message, "{query}");
    }
    let long = format!("/client/@me/say?type=digits&text={}", "1".repeat(256));
    assert_eq!(api.get(&long).await.refused(400), "text: has more than 255 characters");
    api.get("/client/77/say?text=1").await.expect(404);
}

#[tokio::test]
async fn an_extension_has_a_language_of_its_own_or_none() {
    let api = Api::new().await;
    let path = format!("/client/@me/extension/{}", api.extension("071", "ivr").await);
    assert_eq!(api.get(&path).await.expect(200)["language"], json!(null));
    assert_eq!(api.put(&path, json!({"language": "hy"})).await.expect(200)["language"], "hy");
    assert_eq!(api.put(&path, json!({"label": "x"})).await.expect(200)["language"], "hy");
    assert_eq!(api.put(&path, json!({"language": "xx"})).await.refused(400), "language: must be one of: en, ru, hy");
    assert_eq!(api.put(&path, json!({"language": null})).await.expect(200)["language"], json!(null));
}
