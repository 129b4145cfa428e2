//! Other people's software against the real binary on loopback: baresip and linphone as telephones, Kamailio as a proxy and as a
//! carrier, on the machine's clock.
//!
//! Shape: each scene has a network of its own in 127.0.0.0/8, so that everybody is on the port that their software expects and scenes
//! may run beside each other. Telephones play a tone from a file and record what they hear into one; nobody needs a sound card.
//! Time: nothing here sleeps for a fixed time; it waits for what a program says and for what a telephone hears, with an end to each wait.
//! Errors: a missing program fails the test, and the message names `cargo xtask install`. A scene that fails shows what everybody said.
//! Sources: what these programs do is told in `docs/interop.md`.

#[allow(dead_code, reason = "the wire tests use the rest of it")]
#[path = "wire/authority.rs"]
mod authority;
#[path = "interop/baresip.rs"]
mod baresip;
#[path = "interop/bridge.rs"]
mod bridge;
#[path = "interop/codecs.rs"]
mod codecs;
#[path = "interop/house.rs"]
mod house;
#[path = "interop/kamailio.rs"]
mod kamailio;
#[path = "interop/likeness.rs"]
mod likeness;
#[path = "interop/linphone.rs"]
mod linphone;
#[path = "interop/menu.rs"]
mod menu;
#[path = "interop/phone.rs"]
mod phone;
#[allow(dead_code, reason = "the wire tests use the rest of it")]
#[path = "wire/process.rs"]
mod process;
#[path = "interop/prompt.rs"]
mod prompt;
#[path = "interop/proxy.rs"]
mod proxy;
#[path = "interop/said.rs"]
mod said;
#[path = "interop/scene.rs"]
mod scene;
#[path = "interop/srtp.rs"]
mod srtp;
#[path = "interop/tones.rs"]
mod tones;
#[path = "interop/transfer.rs"]
mod transfer;
#[path = "interop/trunk.rs"]
mod trunk;
