//! Scripts that a test writes in Rust, for ops that no menu asks for.
//!
//! Shape: [`install`] has the menu 075 run one; what it notes is read afterwards.

use std::fmt;
use std::sync::{Arc, Mutex};

use antiphon_ivr::op::{CustomError, CustomResult, Customize, PartyTerms, Whisper};
use antiphon_ivr::{
    BargeIn, Call, CallerId, Collect, Custom, Dial, Digit, DigitSet, Interrupted, Play, Prompt, Running, SoundId,
    TargetRules, Terms, TypeAhead,
};
use antiphon_server::scripts::Methods;
use antiphon_server::store::ClientId;
use std::time::Duration;

use crate::world::World;
use crate::written::Written;

/// What a script has noted.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(crate) fn add(&self, note: impl fmt::Debug) {
        self.0.lock().expect("nobody panics here").push(format!("{note:?}"));
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics here").clone()
    }
}

/// Has calls to this menu run that; what it notes.
pub(crate) fn install<F>(world: &World, menu: &str, script: F) -> Notes
where
    F: for<'a> Fn(&'a mut Call, Notes) -> Running<'a> + Send + Sync + 'static,
{
    let notes = Notes::default();
    let script: Arc<dyn Custom> = Arc::new(Written(script, notes.clone()));
    world.server.rooms.scripts.install(&format!("000*{menu}"), &script);
    notes
}

struct Answering<F>(F);

impl<F> fmt::Debug for Answering<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a customizer of a test")
    }
}

impl<F: Fn(&Customize) -> Result<CustomResult, CustomError> + Send + Sync> Methods for Answering<F> {
    fn call(&self, customize: &Customize) -> Result<CustomResult, CustomError> {
        (self.0)(customize)
    }
}

/// Has pages of this application call that in place of a customizer.
pub(crate) fn install_customizer(
    world: &World,
    application: &str,
    methods: impl Fn(&Customize) -> Result<CustomResult, CustomError> + Send + Sync + 'static,
) {
    let methods: Arc<dyn Methods> = Arc::new(Answering(methods));
    world.server.rooms.scripts.install_customizer(&format!("000*{application}"), &methods);
}

/// A sound of the world by its title.
pub(crate) fn sound(world: &World, title: &str) -> Prompt {
    let config = world.server.rooms.store.snapshot();
    let id: Option<SoundId> =
        config.sounds().find(|sound| sound.client == ClientId(1) && sound.title == title).map(|sound| sound.id);
    Prompt::Sound(id.expect("a known sound"))
}

pub(crate) fn key(key: char) -> Digit {
    Digit::from_char(key).expect("a key")
}

pub(crate) fn only(keys: &str) -> DigitSet {
    keys.chars().map(key).collect()
}

/// Says a prompt to its end.
pub(crate) async fn say(call: &mut Call, prompt: &Prompt) -> Result<(), Interrupted> {
    let barge_in = BargeIn { by: DigitSet::NONE, otherwise: TypeAhead::Keep };
    call.play(Play { prompts: vec![prompt.clone()], barge_in }).await.map(drop)
}

/// Waits for digits.
pub(crate) async fn digits(call: &mut Call, most: usize) -> Result<String, Interrupted> {
    let wait = Duration::from_secs(2);
    let collect = Collect {
        type_ahead: TypeAhead::Keep,
        max_digits: most,
        terminators: DigitSet::NONE,
        first_digit: wait,
        inter_digit: wait,
        longest: None,
    };
    call.collect(collect).await.map(|collected| collected.digits)
}

/// A dial for half a minute under these terms.
pub(crate) fn dial(targets: &[&str], terms: Terms) -> Dial {
    Dial {
        targets: targets.iter().map(|&target| target.to_owned()).collect(),
        rules: TargetRules::Ignore,
        no_answer: Duration::from_secs(30),
        caller_id: CallerId { number: "caller".to_owned(), name: String::new() },
        terms,
    }
}

/// Terms with something for each target.
pub(crate) fn each(parties: impl IntoIterator<Item = PartyTerms>) -> Terms {
    Terms { parties: parties.into_iter().collect(), ..Terms::default() }
}

/// Terms under which the script speaks first.
pub(crate) fn whispering() -> Terms {
    Terms { whisper: Whisper::Script, ..Terms::default() }
}
