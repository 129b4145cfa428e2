//! Hearing messages by telephone: the owner's own menu, made from its template.
//!
//! Time: virtual, but for the store and files, which are worked on apart: what comes of it is waited for on the machine's clock.

use std::time::Duration;

use antiphon_media::Codec;
use antiphon_server::store::changes::{MarkHeard, UpdateIvr, UpdatePhone};
use antiphon_server::store::{ClientId, Count};
use antiphon_server::templates::CreateFromTemplate;
use antiphon_testkit::{SimPhone, Stage, likeness, linear};
use serde_json::json;

use crate::world::{World, pass, prompt};

const CLIENT: ClientId = ClientId(1);

/// A world with a menu 098, by which messages are heard; the telephone 004 has the mailbox 085.
async fn world() -> World {
    let world = World::new().await;
    let store = &world.server.rooms.store;
    let body = json!({ "name": "098", "template": "voicemail_menu" });
    let menu = CreateFromTemplate::stage(store, CLIENT, body).expect("a template");
    store.commit(menu).await.expect("a menu");
    let extension = store.snapshot().find_extension("004", Some(CLIENT)).expect("it is there").id;
    store.commit(UpdatePhone { client: CLIENT, extension, body: json!({ "mailbox": "085" }) }).await.expect("a menu");
    world
}

/// Leaves a message of what the caller says.
async fn leave(world: &World, expect: Count) {
    let caller = world.caller();
    caller.speak(Some(prompt("caller"))).await;
    caller.call("085").await;
    caller.up().await;
    pass(10_000).await;
    caller.hang_up().await;
    world.until_mailbox_has(expect).await;
    drop(caller);
    // Its sockets are free once its task has heard that it is gone.
    pass(1_000).await;
}

/// Whether a telephone has heard this.
fn has_heard(phone: &SimPhone, said: &[i16]) -> bool {
    likeness(&linear(&phone.received(), Codec::Pcma), said) > 0.8
}

#[tokio::test]
async fn the_owner_hears_a_message_by_telephone_keeps_it_and_deletes_it() {
    let world = world().await;
    leave(&world, Count { new: 1, old: 0 }).await;
    let owner = world.connect(World::setup_at("004", [10, 5, 5, 5].into()));
    assert_eq!(owner.register("secret").await, 200);
    owner.call("098").await;
    owner.until("is up", |stage| *stage == Stage::Up).await;
    pass(8_000).await;
    let words: Vec<i16> = antiphon_testkit::noise(seed("caller"), Duration::from_millis(700));
    assert!(has_heard(&owner, &words), "the message is said");
    owner.press('9').await;
    pass(3_000).await;
    world.until_mailbox_has(Count { new: 1, old: 0 }).await;
    owner.hang_up().await;
    pass(1_000).await;
    owner.call("098").await;
    owner.until("is up", |stage| *stage == Stage::Up).await;
    pass(8_000).await;
    owner.press('3').await;
    world.until_mailbox_has(Count::default()).await;
    pass(15_000).await;
    // There are no more, and the menu has said so and gone.
    assert!(matches!(owner.stage(), Stage::Over(_)), "{:?}", owner.stage());
    world.leaves_nothing().await;
}

/// The seed of what a phone says.
fn seed(name: &str) -> u64 {
    name.bytes().fold(1_000, |sum: u64, byte| sum * 31 + u64::from(byte))
}

#[tokio::test]
async fn whoever_takes_the_place_of_the_owner_does_not_hear_the_messages() {
    let world = world().await;
    leave(&world, Count { new: 1, old: 0 }).await;
    let owner = world.connect(World::setup_at("004", [10, 5, 5, 5].into()));
    assert_eq!(owner.register("secret").await, 200);
    owner.call("098").await;
    owner.until("is up", |stage| *stage == Stage::Up).await;
    pass(1_000).await;
    let newcomer = world.connect(World::setup("desk", 20));
    newcomer.call_replacing("098", &owner.dialog()).await;
    newcomer.up().await;
    pass(12_000).await;
    let words: Vec<i16> = antiphon_testkit::noise(seed("caller"), Duration::from_millis(700));
    assert!(!has_heard(&owner, &words), "the message was not said before");
    assert!(!has_heard(&newcomer, &words), "the message is the owner's");
    world.until_mailbox_has(Count { new: 1, old: 0 }).await;
    newcomer.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_message_that_was_heard_is_old() {
    let world = world().await;
    leave(&world, Count { new: 1, old: 0 }).await;
    let owner = world.connect(World::setup_at("004", [10, 5, 5, 5].into()));
    assert_eq!(owner.register("secret").await, 200);
    owner.call("098").await;
    owner.until("is up", |stage| *stage == Stage::Up).await;
    pass(6_000).await;
    owner.press('1').await;
    world.until_mailbox_has(Count { new: 0, old: 1 }).await;
    owner.hang_up().await;
    let record = world.server.rooms.store.mailboxes().messages()[0];
    let change = MarkHeard { client: CLIENT, record, heard: false };
    world.server.rooms.store.commit(change).await.expect("it is there");
    world.until_mailbox_has(Count { new: 1, old: 0 }).await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_is_elsewhere_hears_messages_with_the_pin_and_without_it_nothing() {
    let world = world().await;
    leave(&world, Count { new: 1, old: 0 }).await;
    let store = &world.server.rooms.store;
    let extension = store.snapshot().find_extension("085", Some(CLIENT)).expect("it is there").id;
    store.commit(UpdateIvr { client: CLIENT, extension, body: json!({ "vm_pin": "4711" }) }).await.expect("a PIN");
    let body = json!({ "name": "097", "template": "voicemail_menu", "mailbox": "085" });
    let menu = CreateFromTemplate::stage(store, CLIENT, body).expect("a template");
    store.commit(menu).await.expect("a menu");
    let words = antiphon_testkit::noise(seed("caller"), Duration::from_millis(700));
    for (pins, hears) in [(["1111#", "4711#"], true), (["1111#", "1112#"], false)] {
        let caller = world.caller();
        caller.call("097").await;
        caller.up().await;
        for pin in pins {
            pass(4_000).await;
            for key in pin.chars() {
                caller.press(key).await;
                pass(300).await;
            }
        }
        pass(8_000).await;
        assert_eq!(has_heard(&caller, &words), hears, "{pins:?}");
        caller.hang_up().await;
        drop(caller);
        pass(1_000).await;
    }
    world.leaves_nothing().await;
}
