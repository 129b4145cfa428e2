//! Variables of a client, and where requests may name them.

use serde_json::json;

use super::Api;

#[tokio::test]
async fn variables_are_added_set_and_removed() {
    let mut api = Api::new().await;
    let path = "/client/@me/variables/";
    let list = json!([{"var": "DESK", "value": "201"}, {"var": "SHOP", "value": 7}]);
    let made = api.post(path, json!({"variables": list})).await.expect(201);
    assert_eq!(made, json!([{"var": "DESK", "value": "201"}, {"var": "SHOP", "value": "7"}]));
    assert_eq!(api.get(path).await.expect(200), made);
    assert_eq!(api.get(&format!("{path}SHOP")).await.expect(200), json!({"var": "SHOP", "value": "7"}));
    let again = json!({"variables": [{"var": "NEW", "value": "1"}, {"var": "SHOP", "value": "8"}]});
    assert_eq!(api.post(path, again.clone()).await.refused(409), "variables: there is a variable SHOP already");
    api.get(&format!("{path}NEW")).await.refused(404);
    assert_eq!(api.put(path, again).await.expect(200).as_array().unwrap().len(), 2);
    let removed = json!({"variables": [{"var": "NEW", "value": null}]});
    assert_eq!(api.put(path, removed).await.expect(200), json!([]));
    api.delete(&format!("{path}DESK")).await.expect(204);
    api.delete(&format!("{path}DESK")).await.refused(404);
    assert_eq!(api.get(path).await.expect(200), json!([{"var": "SHOP", "value": "8"}]));
    api.become_other().await;
    assert_eq!(api.get(path).await.expect(200), json!([]));
}

#[tokio::test]
async fn wrong_variables_are_refused_by_their_place() {
    let api = Api::new().await;
    for (body, said) in [
        (json!({}), "variables: is required"),
        (json!({"variables": {}}), "variables: must be a list"),
        (json!({"variables": [{"value": "1"}]}), "variables[0].var: must be a letter"),
        (json!({"variables": [{"var": "A", "value": "1"}, {"var": "1", "value": "1"}]}), "variables[1].var"),
        (json!({"variables": [{"var": "A", "value": [1]}]}), "variables[0].value: must be a text"),
        (json!({"variables": [{"var": "A", "value": "a\nb"}]}), "variables[0].value: has at most"),
        (json!({"variables": [{"var": "A", "value": "1"}, {"var": "A", "value": "2"}]}), "variables[1].var: names A"),
        (json!({"variables": [{"var": "A"}]}), "variables: A has no value"),
    ] {
        let message = api.post("/client/@me/variables/", body.clone()).await.refused(400);
        assert!(message.contains(said), "{body}: {message}");
    }
    assert_eq!(api.get("/client/@me/variables/").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_variable_stands_for_an_extension_in_every_path() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    let id = menu.split('/').nth(2).unwrap().to_owned();
    let set = json!({"variables": [{"var": "MENU", "value": id}, {"var": "BAD", "value": "x"}]});
    api.post("/client/@me/variables/", set).await.expect(201);
    for path in ["/extension/@{MENU}/ivr/", "/extension/@%7BMENU%7D/ivr/context/1", "/ivr/@%7BMENU%7D/context/"] {
        let path = path.replace('{', "%7B").replace('}', "%7D");
        let plain = path.replace("@%7BMENU%7D", &id);
        assert_eq!(api.get(&path).await.expect(200), api.get(&plain).await.expect(200), "{path}");
    }
    api.get("/client/@me/extension/@%7BMENU%7D").await.expect(200);
    assert_eq!(api.get("/extension/@%7BNOBODY%7D/ivr/").await.refused(404), "variable not found");
    api.get("/extension/@%7BBAD%7D/ivr/").await.refused(404);
}
