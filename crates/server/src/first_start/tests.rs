use std::os::unix::fs::PermissionsExt;

use antiphon_ivr::rules::OptionKey;
use serde_json::Value;

use super::{Found, prepare};
use crate::store::{ClientId, ExtensionKind, Store};

#[tokio::test]
async fn an_empty_directory_gets_a_client_credentials_and_the_demo() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    assert_eq!(prepare(&store, data.path()).await.unwrap(), Found::Nothing);
    let config = store.snapshot();
    assert_eq!(config.client(ClientId(1)).unwrap().prefix, "000");

    let path = data.path().join("credentials.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let credentials: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let application = config.application(credentials["client_id"].as_str().unwrap()).unwrap();
    assert!(application.secret.verify(credentials["client_secret"].as_str().unwrap()));

    let demo = config.find_extension("100", None).unwrap();
    let ExtensionKind::Ivr(ivr) = &demo.kind else { panic!("the demo is a menu") };
    let entry = &ivr.contexts[&ivr.entry_context.unwrap()];
    assert_eq!(entry.name, "English");
    assert_eq!(entry.max_digits(), 1, "a key acts at once");
    assert_eq!(entry.options[&OptionKey::Start].len(), 2);
    for key in ["timeout", "invalid", "0", "1", "2", "3", "4"] {
        assert!(!entry.options[&key.parse().unwrap()].is_empty(), "{key} does something");
    }
    assert!(config.find_extension("102", None).is_some());
}

#[tokio::test]
async fn a_store_in_use_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    prepare(&store, data.path()).await.unwrap();
    let before = (store.snapshot().revision, std::fs::read(data.path().join("credentials.json")).unwrap());
    assert_eq!(prepare(&store, data.path()).await.unwrap(), Found::Clients);
    assert_eq!(before, (store.snapshot().revision, std::fs::read(data.path().join("credentials.json")).unwrap()));
}
