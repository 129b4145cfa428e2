//! The lamps of telephones: they are told how many messages are in their mailboxes.
//!
//! Shape: one task, which turns a count that has changed into an order for signalling; who watches, signalling knows.
//! Sources: RFC 3842 §5.2 (the body).

use std::sync::Arc;

use antiphon_sip::Notice;

use crate::{rooms::Rooms, signalling::Order, store::Count};

/// What a telephone is told of a mailbox.
pub fn summary(count: Count) -> Notice {
    let waiting = if count.new > 0 { "yes" } else { "no" };
    let body = format!("Messages-Waiting: {waiting}\r\nVoice-Message: {}/{}\r\n", count.new, count.old);
    Notice { body: body.into() }
}

/// Tells of every change, until the process ends.
pub async fn run(rooms: Arc<Rooms>) {
    loop {
        for mailbox in rooms.store.mailboxes().take_changed() {
            let count = rooms.store.mailboxes().count(mailbox);
            rooms.signalling.order(Order::Summary(mailbox, summary(count))).await;
        }
        rooms.store.mailboxes().count_changes().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lamp_is_lit_for_new_messages() {
        for (new, old, expect) in [
            (0, 0, "Messages-Waiting: no\r\nVoice-Message: 0/0\r\n"),
            (0, 3, "Messages-Waiting: no\r\nVoice-Message: 0/3\r\n"),
            (2, 1, "Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n"),
        ] {
            assert_eq!(summary(Count { new, old }).body, expect.as_bytes());
        }
    }
}
