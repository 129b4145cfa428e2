//! Whole calls: phones on a virtual network call the whole server, on virtual time.
//!
//! Shape: a [`world::World`] is a server with a menu, phones around it and the network between them; each file here is one
//! side of what a call is.
//! Time: tokio's paused clock; no test sleeps for real, and none opens a real socket.

#[path = "call/access.rs"]
mod access;
#[path = "call/adapter.rs"]
mod adapter;
#[path = "call/asking.rs"]
mod asking;
#[path = "call/attack.rs"]
mod attack;
#[path = "call/callback.rs"]
mod callback;
#[path = "call/chaos.rs"]
mod chaos;
#[path = "call/codecs.rs"]
mod codecs;
#[path = "call/conference.rs"]
mod conference;
#[path = "call/contactpro.rs"]
mod contactpro;
#[path = "call/custom.rs"]
mod custom;
#[path = "call/demo.rs"]
mod demo;
#[path = "call/digits.rs"]
mod digits;
#[path = "call/early.rs"]
mod early;
#[path = "call/endings.rs"]
mod endings;
#[path = "call/events.rs"]
mod events;
#[path = "call/failover.rs"]
mod failover;
#[path = "call/fetching.rs"]
mod fetching;
#[path = "call/filler.rs"]
mod filler;
#[path = "call/hearing.rs"]
mod hearing;
#[path = "call/hold.rs"]
mod hold;
#[path = "call/house.rs"]
mod house;
#[path = "call/identity.rs"]
mod identity;
#[path = "call/interactive.rs"]
mod interactive;
#[path = "call/keys.rs"]
mod keys;
#[path = "call/lamps.rs"]
mod lamps;
#[path = "call/loss.rs"]
mod loss;
#[path = "call/menu.rs"]
mod menu;
#[path = "call/messages.rs"]
mod messages;
#[path = "call/moments.rs"]
mod moments;
#[path = "call/offers.rs"]
mod offers;
#[cfg(feature = "cases")]
#[path = "call/others.rs"]
mod others;
#[path = "call/parties.rs"]
mod parties;
#[path = "call/peers.rs"]
mod peers;
#[path = "call/pivot.rs"]
mod pivot;
#[path = "call/queues.rs"]
mod queues;
#[path = "call/recording.rs"]
mod recording;
#[path = "call/referred.rs"]
mod referred;
#[path = "call/referring.rs"]
mod referring;
#[path = "call/replacing.rs"]
mod replacing;
#[path = "call/reports.rs"]
mod reports;
#[path = "call/scenarios.rs"]
mod scenarios;
#[path = "call/seeds.rs"]
mod seeds;
#[path = "call/seen.rs"]
mod seen;
#[path = "call/sending.rs"]
mod sending;
#[path = "call/speaking.rs"]
mod speaking;
#[path = "call/speech.rs"]
mod speech;
#[path = "call/srtp.rs"]
mod srtp;
#[path = "call/stream.rs"]
mod stream;
#[path = "call/streams.rs"]
mod streams;
#[path = "call/timers.rs"]
mod timers;
#[path = "call/tones.rs"]
mod tones;
#[path = "call/transfer.rs"]
mod transfer;
#[path = "call/trunks.rs"]
mod trunks;
#[path = "call/vxml.rs"]
mod vxml;
#[path = "call/vxml_between.rs"]
mod vxml_between;
#[cfg(feature = "cases")]
#[path = "call/vxml_cases.rs"]
mod vxml_cases;
#[path = "call/vxml_far.rs"]
mod vxml_far;
#[path = "call/vxml_keys.rs"]
mod vxml_keys;
#[cfg(feature = "cases")]
#[path = "cases/vxml_pages.rs"]
mod vxml_pages;
#[path = "call/vxml_record.rs"]
mod vxml_record;
#[path = "call/vxml_sounds.rs"]
mod vxml_sounds;
#[path = "call/web.rs"]
mod web;
#[path = "call/world.rs"]
mod world;
#[path = "call/written.rs"]
mod written;
