//! `conference`: talks with all others who are in the same room. It answers the call first; no child follows.
//!
//! Shape: the room is called `config.name` or `id`. `moderator`; `welcome_prompt`; `play_entry_tone` and `play_exit_tone`; of `config`
//! `max_participants`, `member` and `moderator` (`join_muted`, `join_deaf`, `pins`), `wait_for_moderator`, `require_moderator`, `language`.
//! Errors: after three wrong PINs the flow ends.
//! Sources: `kazoo-pivot.md` 4.2.

use std::time::Duration;

use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{
    Announcement, Collect, Conference, Conferred, DigitSet, Interrupted, TypeAhead, Voice,
    op::{Ears, Opens},
    pivot::{Times, schema::Data},
};

const MEMBER: &[Field] = &[
    Field::flag("join_deaf").or_flag(false),
    Field::flag("join_muted").or_flag(true),
    Field::texts("numbers").or_texts(&[]),
    Field::texts("pins").or_texts(&[]),
    Field::flag("play_entry_prompt"),
];

const MODERATOR: &[Field] = &[
    Field::flag("join_deaf").or_flag(false),
    Field::flag("join_muted").or_flag(false),
    Field::texts("numbers").or_texts(&[]),
    Field::texts("pins").or_texts(&[]),
];

const CONFIG: &[Field] = &[
    Field::text("name").length(1, 128),
    Field::integer("max_participants"),
    Field::fields("member", MEMBER).or_empty(),
    Field::fields("moderator", MODERATOR).or_empty(),
    Field::texts("conference_numbers").or_texts(&[]),
    Field::flag("require_moderator"),
    Field::flag("wait_for_moderator"),
    Field::flag("play_name").or_flag(false),
    Field::flag("play_welcome"),
    Field::any("play_entry_tone"),
    Field::any("play_exit_tone"),
    Field::text("language"),
];

const WELCOME: &[Field] = &[Field::flag("play").or_flag(true), Field::text("media_id")];

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::fields("config", CONFIG),
    Field::flag("moderator"),
    Field::fields("welcome_prompt", WELCOME),
    Field::any("play_entry_tone"),
    Field::any("play_exit_tone"),
    Field::flag("skip_module"),
];

/// Most members where nobody says.
const MOST: u64 = 250;
/// How often a PIN may be wrong.
const TRIES: usize = 3;

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let (data, config) = (&node.data, node.data.inner("config"));
    let Some(name) = config.said("name").or_else(|| data.said("id")).map(str::to_owned) else {
        session.warn("conference names no room: config.name or id").await?;
        return Ok(Step::Next);
    };
    session.answer().await?;
    let Some(is_moderator) = admitted(data, &config, session).await? else { return Ok(Step::Stop) };
    welcome(data, session).await?;
    let role = config.inner(if is_moderator { "moderator" } else { "member" });
    // Whoever names a room only, without a configuration, is heard.
    let muted = role.flag("join_muted");
    let waits = (config.flag("wait_for_moderator") || config.flag("require_moderator")) && !is_moderator;
    let conference = Conference {
        voice: if muted { Voice::Muted } else { Voice::Heard },
        ears: if role.flag("join_deaf") { Ears::Deaf } else { Ears::Open },
        opens: if waits { Opens::WithAnother } else { Opens::AtOnce },
        announcement: announcement(data, &config),
        ..Conference::new(name, usize::try_from(config.count("max_participants", MOST).max(2)).unwrap_or(250))
    };
    if session.call.conference(conference).await? == Conferred::Full {
        session.warn("the conference is full").await?;
    }
    Ok(Step::Stop)
}

/// Whether the caller comes in, and as whom.
async fn admitted(data: &Data, config: &Data, session: &mut Session<'_>) -> Result<Option<bool>, Interrupted> {
    let pins = |role: &str| config.inner(role).texts("pins").into_iter().map(str::to_owned).collect::<Vec<_>>();
    let (members, moderators) = (pins("member"), pins("moderator"));
    let is_moderator = data.flag("moderator");
    let wanted = if is_moderator { &moderators } else { &members };
    if wanted.is_empty() && (is_moderator || moderators.is_empty()) {
        return Ok(Some(is_moderator));
    }
    for _ in 0..TRIES {
        let prompt = session.prompt("conf-enter_conf_pin", session.call.language).unwrap_or_default();
        let early = session.say(prompt, Times::Count(1), DigitSet::ALL).await?.digits;
        let wait = Duration::from_secs(5);
        let (early, ended) = early.split_once('#').map_or((early.as_str(), false), |(early, _)| (early, true));
        let mut pin = early.to_owned();
        if !ended {
            let collect = Collect {
                type_ahead: TypeAhead::Keep,
                max_digits: 16,
                terminators: crate::Digit::from_char('#').into_iter().collect(),
                first_digit: wait,
                inter_digit: wait,
                longest: None,
            };
            pin += &session.call.collect(collect).await?.digits;
        }
        if moderators.contains(&pin) {
            return Ok(Some(true));
        }
        if members.contains(&pin) || (members.is_empty() && !is_moderator) {
            return Ok(Some(false));
        }
        let wrong = session.prompt("conf-bad_pin", session.call.language).unwrap_or_default();
        session.say(wrong, Times::Count(1), DigitSet::NONE).await?;
    }
    Ok(None)
}

async fn welcome(data: &Data, session: &mut Session<'_>) -> Result<(), Interrupted> {
    let welcome = data.inner("welcome_prompt");
    if let Some(media) = welcome.said("media_id").filter(|_| welcome.flag("play"))
        && let Some(prompts) = session.media(media).await?
    {
        session.say(prompts, Times::Count(1), DigitSet::NONE).await?;
    }
    Ok(())
}

fn announcement(data: &Data, config: &Data) -> Announcement {
    let plays = |name: &str| {
        let written = data.value(name).or_else(|| config.value(name));
        !matches!(written, Some(Value::Bool(false)))
    };
    match (plays("play_entry_tone"), plays("play_exit_tone")) {
        (true, true) => Announcement::Tone,
        (true, false) => Announcement::Entry,
        (false, true) => Announcement::Exit,
        (false, false) => Announcement::Silent,
    }
}
