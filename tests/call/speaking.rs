//! A menu that says numbers.

use antiphon_ivr::Language;
use antiphon_testkit::{Heard, KnownSounds, Sound};

use crate::world::World;

#[tokio::test]
async fn a_number_is_heard_in_the_language_of_the_extension() {
    const NAMES: [&str; 4] = ["numbers/2-feminine", "numbers/thousand-few", "numbers/20", "digits/1"];
    let world = World::new().await;
    let caller = world.caller();
    caller.call("087").await;
    caller.up().await;
    caller.over().await;
    let mut known = KnownSounds::new(caller.setup().codec);
    for language in Language::ALL {
        for name in NAMES {
            if let Some(sound) = world.server.rooms.system_sound(name, language) {
                known = known.with(&format!("{language}/{name}"), &sound);
            }
        }
    }
    let heard = Heard::of(&caller.received(), &known);
    let mut names: Vec<&str> = heard.spans.iter().filter_map(|span| name(&span.sound)).collect();
    names.dedup();
    let wanted = NAMES.map(|name| format!("ru/{name}"));
    assert_eq!(names, wanted, "{heard}");
    world.leaves_nothing().await;
}

fn name(sound: &Sound) -> Option<&str> {
    match sound {
        Sound::Known(name) => Some(name),
        _ => None,
    }
}
