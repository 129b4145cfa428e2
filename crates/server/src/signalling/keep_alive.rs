//! Keep-alives of a connection that we made.
//!
//! Shape: told when something was heard; says when to ping, and when nobody is there any more.
//! Time: told. A ping goes after two minutes of silence, a little earlier by chance, so that many connections do not ping at once.
//! Sources: RFC 5626 §4.4.1 (95 to 120 s, ten seconds for the pong), §3.5.1 (what ping and pong are); RFC 6223 (a peer need not
//! know them, so one that never answered a ping is not given up for that: TCP itself notices when it is gone).

use std::time::Duration;

use tokio::time::Instant;

/// The longest silence before a ping.
const EVERY: Duration = Duration::from_secs(120);
/// How much earlier a ping may go.
const EARLIER: Duration = Duration::from_secs(24);
/// How long a pong may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A ping.
pub(super) const PING: &[u8] = b"\r\n\r\n";

/// The answer to a ping.
pub(super) const PONG: &[u8] = b"\r\n";

/// What is due.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Due {
    /// Nothing.
    Nothing,
    /// Send a ping.
    Ping,
    /// The far end answered pings before and does not answer this one.
    GiveUp,
}

/// The keep-alives of one connection.
#[derive(Debug)]
pub(super) struct KeepAlive {
    every: Duration,
    ping_at: Instant,
    pong_until: Option<Instant>,
    knows_pings: bool,
}

impl KeepAlive {
    /// Of a connection that has just been made; `chance` is from 0 to 1.
    pub(super) fn new(now: Instant, chance: f32) -> Self {
        let every = EVERY - EARLIER.mul_f32(chance.clamp(0.0, 1.0));
        Self { every, ping_at: now + every, pong_until: None, knows_pings: false }
    }

    /// Something was read; `begins` are its first bytes, when they stand between messages. Says how many of them are a pong, which
    /// is nothing to the framer: two pongs there would be a ping.
    pub(super) fn heard(&mut self, now: Instant, begins: &[u8]) -> usize {
        let pong = self.pong_until.is_some() && begins.starts_with(PONG) && !begins.starts_with(PING);
        self.knows_pings |= pong;
        self.pong_until = None;
        self.ping_at = now + self.every;
        if pong { PONG.len() } else { 0 }
    }

    /// When to ask again what is due.
    pub(super) fn next(&self) -> Instant {
        self.pong_until.map_or(self.ping_at, |until| until.min(self.ping_at))
    }

    /// What is due now.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        if self.pong_until.is_some_and(|until| until <= now) {
            self.pong_until = None;
            if self.knows_pings {
                return Due::GiveUp;
            }
        }
        if self.ping_at > now {
            return Due::Nothing;
        }
        self.ping_at = now + self.every;
        self.pong_until = Some(now + PATIENCE);
        Due::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_pinged_and_one_that_stops_to_answer_is_given_up() {
        let begin = Instant::now();
        let mut keep_alive = KeepAlive::new(begin, 0.0);
        assert_eq!(keep_alive.due(begin + EVERY - Duration::from_millis(1)), Due::Nothing);
        assert_eq!(keep_alive.next(), begin + EVERY);
        assert_eq!(keep_alive.due(keep_alive.next()), Due::Ping);
        assert_eq!(keep_alive.heard(begin + EVERY + Duration::from_secs(1), b"\r\nINVITE"), 2);
        let again = keep_alive.next();
        assert_eq!(again, begin + EVERY * 2 + Duration::from_secs(1));
        assert_eq!(keep_alive.due(again), Due::Ping);
        assert_eq!((keep_alive.next(), keep_alive.due(again + PATIENCE)), (again + PATIENCE, Due::GiveUp));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_knows_no_pings_is_not_given_up_for_that() {
        let begin = Instant::now();
        let mut keep_alive = KeepAlive::new(begin, 1.0);
        let mut pings = 0;
        let mut now = begin;
        while now < begin + Duration::from_secs(600) {
            now = keep_alive.next();
            match keep_alive.due(now) {
                Due::Ping => pings += 1,
                Due::Nothing => {}
                Due::GiveUp => panic!("given up after {:?}", now - begin),
            }
            // Messages are no pongs.
            assert_eq!(keep_alive.heard(now, b"OPTIONS"), 0);
        }
        assert_eq!(pings, 7, "each 96 s");
    }
}
