//! Menus that ask a caller for digits and for a rating, and that know what time it is.
//!
//! Sources: `ringme-ivr.md` 3.7 (intervals), 3.8 (record_digits), 5.2; vectors 12 and 14.

use antiphon_server::store::changes::CreateClient;
use antiphon_server::store::{ClientId, KeptRating, WantedRatings};

use crate::world::{World, pass};

/// The ratings of all calls so far.
async fn ratings(world: &World) -> Vec<KeptRating> {
    let store = &world.server.rooms.store;
    // The writer does one thing after the other.
    store.commit(CreateClient { prefix: "999".to_owned() }).await.expect("another client");
    let client = ClientId(1);
    let wanted =
        WantedRatings { client, extension: None, from: None, until: None, newest_first: false, skip: 0, most: 10 };
    store.ratings(&wanted).expect("the disk can be read")
}

#[tokio::test]
async fn digits_are_taken_a_rating_is_kept_and_an_interval_is_looked_at() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("089").await;
    caller.up().await;
    // In the prompt, which a key stops.
    pass(1_500).await;
    for key in ['1', '2', '#'] {
        caller.press(key).await;
        pass(300).await;
    }
    // The thanks, then the question; 7 is no answer to it, and 4 is.
    pass(1_500).await;
    caller.press('7').await;
    pass(1_000).await;
    caller.press('4').await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert!(heard.first("hello").duration().as_millis() < 1_200, "{heard}");
    assert_eq!(heard.all("ad").len(), 2, "{heard}");
    assert_eq!((heard.all("thanks").len(), heard.all("bye").len(), heard.all("busy").len()), (1, 1, 0), "{heard}");
    let kept = ratings(&world).await;
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((kept.rating.rating.rate, kept.rating.rating.max), (4, 5));
    let menu = world.server.rooms.store.snapshot().find_extension("089", None).map(|menu| menu.id);
    assert_eq!(Some(kept.rating.extension), menu);
    assert_eq!(kept.rating.call.len(), 32, "{}", kept.rating.call);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn who_enters_nothing_and_rates_nothing_goes_on() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("089").await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!((heard.all("thanks").len(), heard.all("ad").len(), heard.all("bye").len()), (0, 3, 1), "{heard}");
    assert!(ratings(&world).await.is_empty());
    world.leaves_nothing().await;
}
