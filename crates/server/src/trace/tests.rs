//! The trace as signalling and calls use it.

use std::time::Duration;

use antiphon_sip::{Config, Endpoint, Event, Listener, Rejection, StatusCode, Transport};
use tokio::sync::mpsc;

use super::*;
use crate::{call::CallEvent, store::ClientId};

pub(crate) fn flow(port: u16) -> Flow {
    let at = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    Flow { transport: Transport::Udp, local: at(5060), peer: at(port) }
}

/// Signalling around a trace, without a socket.
pub(crate) struct Desk {
    pub(crate) trace: Arc<Trace>,
    pub(crate) now: Instant,
    endpoint: Endpoint,
    inbox: mpsc::Receiver<CallEvent>,
    hang_up: mpsc::Sender<CallEvent>,
}

impl Desk {
    pub(crate) fn new(settings: TraceSettings) -> Self {
        let local = flow(5060).local;
        let listener = Listener { transport: Transport::Udp, local, advertised: local };
        let config = Config { listeners: vec![listener], max_dialogs: 100_000, ..Config::default() };
        let (hang_up, inbox) = mpsc::channel(4);
        let trace = Arc::new(Trace::new(&settings));
        Self { trace, now: Instant::now(), endpoint: Endpoint::new(config, 1), inbox, hang_up }
    }

    /// Reads a message and does what it leads to, as signalling does.
    pub(crate) fn hear(&mut self, message: &str) -> Option<(DialogId, Box<Invite>)> {
        let message = Bytes::copy_from_slice(message.as_bytes());
        self.trace.offer(self.now, Direction::Received, flow(5070), &message);
        self.endpoint.handle_datagram(self.now, flow(5070), &message);
        self.drain()
    }

    fn drain(&mut self) -> Option<(DialogId, Box<Invite>)> {
        let mut incoming = None;
        loop {
            while let Some(sent) = self.endpoint.poll_transmit() {
                self.trace.offer(self.now, Direction::Sent, sent.flow, &sent.payload);
            }
            let Some(event) = self.endpoint.poll_event() else { return incoming };
            self.trace.note(self.now, &event);
            if let Event::Incoming { dialog, invite } = event {
                incoming = Some((dialog, invite));
            }
        }
    }

    /// A call comes in under this Call-ID and is let in.
    pub(crate) fn call(&mut self, client: ClientId, sip_call_id: &str) -> (Arc<CallTrace>, DialogId) {
        let (dialog, invite) = self.hear(&invite(sip_call_id, "")).expect("a new call");
        let beginning = Beginning {
            id: CallId::new(),
            client,
            at: self.now,
            from: "caller".to_owned(),
            from_name: "Caller \u{7}".to_owned(),
            to: "071".to_owned(),
            did: None,
            extension: "000*071".to_owned(),
            inbox: self.hang_up.clone(),
        };
        (self.trace.begin(beginning, dialog, &invite), dialog)
    }

    /// A call comes in and is refused.
    pub(crate) fn refuse(&mut self, sip_call_id: &str, status: StatusCode) {
        let (dialog, _) = self.hear(&invite(sip_call_id, "")).expect("a new call");
        let refusal = Rejection::from(status);
        self.endpoint.reject(self.now, dialog, refusal).expect("the call waits for its answer");
        self.drain();
    }

    pub(crate) fn answer(&mut self, call: &CallTrace, dialog: DialogId) {
        self.endpoint.answer(self.now, dialog, "v=0\r\n".into()).expect("the call waits for its answer");
        call.answered(self.now);
        self.drain();
    }

    pub(crate) fn end(&mut self, call: &CallTrace) {
        self.trace.end(self.now, call.id, "finished");
    }

    /// What the calls' inbox holds.
    pub(crate) fn told(&mut self) -> Option<CallEvent> {
        self.inbox.try_recv().ok()
    }
}

/// An INVITE under this Call-ID, with more header lines.
pub(crate) fn invite(sip_call_id: &str, more: &str) -> String {
    let tag = sip_call_id.len();
    format!(
        "INVITE sip:071@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{sip_call_id}\r\n\
         From: <sip:caller@127.0.0.1>;tag={tag}\r\nTo: <sip:071@127.0.0.1>\r\nCall-ID: {sip_call_id}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:caller@127.0.0.1:5070>\r\nMax-Forwards: 70\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

/// The first words of what was kept of a call.
fn words(messages: &[Message]) -> Vec<String> {
    let text: Vec<_> = messages.iter().map(|message| first_line(&message.text()).into_owned()).collect();
    text.iter().map(|line| line.strip_prefix("SIP/2.0 ").unwrap_or(line)).map(|line| line[..3].to_owned()).collect()
}

#[test]
fn a_call_has_its_messages_from_the_invite_on_and_other_requests_are_not_kept() {
    let mut desk = Desk::new(TraceSettings::default());
    for number in 0..1000 {
        let options = invite(&format!("o{number}"), "").replace("INVITE", "OPTIONS");
        desk.hear(&options);
    }
    assert_eq!(desk.trace.book().load(), (0, 0, 0));
    let (call, dialog) = desk.call(ClientId(1), "a@b");
    desk.answer(&call, dialog);
    assert_eq!(words(&call.record(|record| record.messages())), ["INV", "100", "200"]);
    desk.end(&call);
    let bye = invite("a@b", "").replace("INVITE", "BYE").replace("1 BYE", "2 BYE");
    desk.hear(&bye);
    assert_eq!(words(&call.record(|record| record.messages()))[3..4], ["BYE"], "also after the end of its task");
}

#[test]
fn a_flood_of_refused_calls_keeps_the_last_hundred_and_every_real_call() {
    let mut desk = Desk::new(TraceSettings::default());
    let (call, _) = desk.call(ClientId(1), "real");
    for number in 0..500 {
        desk.refuse(&format!("r{number}"), StatusCode::FORBIDDEN);
    }
    let refused = desk.trace.refused();
    assert_eq!(refused.len(), 100);
    assert_eq!((&*refused[0].sip_call_id, &*refused[99].sip_call_id), ("r400", "r499"));
    assert_eq!(
        (refused[99].status, words(&refused[99].messages)),
        (403, vec!["INV".into(), "100".into(), "403".into()])
    );
    assert_eq!(words(&call.record(|record| record.messages())), ["INV", "100"]);
    assert_eq!(desk.trace.book().load().1, 101);
    assert_eq!(desk.trace.refusal(refused[0].id - 1).map(|refusal| refusal.id), None);
}

#[test]
fn a_call_that_was_challenged_first_keeps_the_challenge_and_is_refused_no_more() {
    let mut desk = Desk::new(TraceSettings::default());
    desk.refuse("a", StatusCode::UNAUTHORIZED);
    assert_eq!(desk.trace.refused().len(), 1);
    let again = invite("a", "Authorization: Digest username=\"u\", response=\"secret\"\r\n");
    let again = again.replace("1 INVITE", "2 INVITE").replace("z9hG4bKa", "z9hG4bKb");
    let (dialog, invite) = desk.hear(&again).expect("a new call");
    let beginning = Beginning {
        id: CallId::new(),
        client: ClientId(1),
        at: desk.now,
        from: "x".repeat(1000),
        from_name: String::new(),
        to: String::new(),
        did: None,
        extension: String::new(),
        inbox: desk.hang_up.clone(),
    };
    let call = desk.trace.begin(beginning, dialog, &invite);
    assert_eq!(desk.trace.refused().len(), 0);
    assert_eq!(words(&call.record(|record| record.messages())), ["INV", "100", "401", "INV", "100"]);
    assert!(!call.record(|record| record.messages()).iter().any(|message| message.text().contains("secret")));
    assert_eq!(call.record(|record| record.from.len()), 256, "a peer's text has a bound");
}

#[test]
fn one_call_keeps_its_first_and_last_messages_whatever_its_peer_repeats() {
    let mut desk = Desk::new(TraceSettings::default());
    let (call, _) = desk.call(ClientId(1), "a");
    for _ in 0..1000 {
        desk.hear(&invite("a", ""));
    }
    let (messages, (omitted, after)) = call.record(|record| (record.messages(), record.gap()));
    assert_eq!(messages.len(), 128);
    // Each repetition is answered with the 100 again.
    assert_eq!((omitted, after), (2002 - 128, 32));
    assert!(repetitions(&messages)[2..].iter().all(|repeated| *repeated));
}

#[test]
fn calls_that_are_over_give_way_by_number_and_their_call_ids_are_forgotten() {
    let mut desk = Desk::new(TraceSettings { calls: 10, ..TraceSettings::default() });
    let calls: Vec<_> = (0..30).map(|number| desk.call(ClientId(1), &format!("c{number}")).0).collect();
    assert_eq!(desk.trace.calls().len(), 30, "those in progress do not count");
    for call in &calls {
        desk.end(call);
    }
    let left: Vec<_> = desk.trace.calls().iter().map(|call| call.id).collect();
    let mut last: Vec<_> = calls[20..].iter().map(|call| call.id).collect();
    last.sort();
    assert_eq!(left, last);
    let (cost, call_ids, dialogs) = desk.trace.book().load();
    assert_eq!((call_ids, dialogs), (10, 10));
    assert_eq!(cost, calls[20..].iter().map(|call| call.record(|record| record.messages.cost())).sum::<usize>());
}

#[test]
fn memory_has_a_bound_and_calls_that_are_over_give_way_first() {
    let bytes = 40_000;
    let mut desk = Desk::new(TraceSettings { calls: 1000, bytes });
    let over: Vec<_> = (0..20).map(|number| desk.call(ClientId(1), &format!("o{number}")).0).collect();
    over.iter().for_each(|call| desk.end(call));
    let present: Vec<_> = (0..100).map(|number| desk.call(ClientId(1), &format!("p{number}")).0).collect();
    assert!(desk.trace.book().load().0 <= bytes);
    assert_eq!(desk.trace.calls().len(), 100, "the calls that were over went, and those in progress are there");
    assert_eq!(words(&present[0].record(|record| record.messages())), ["INV", "100"]);
    let (omitted, _) = present[99].record(|record| record.gap());
    assert_eq!(omitted, 2, "what does not fit is counted");
}

#[test]
fn one_call_id_for_many_calls_reaches_a_few_of_them() {
    let mut desk = Desk::new(TraceSettings::default());
    let mut calls = Vec::new();
    for number in 0..50 {
        let text = invite("same", "").replace("tag=4", &format!("tag={number}"));
        let (dialog, invite) =
            desk.hear(&text.replace("z9hG4bKsame", &format!("z9hG4bK{number}"))).expect("a new call");
        let id = CallId::new();
        let beginning = Beginning {
            id,
            client: ClientId(1),
            at: desk.now,
            from: String::new(),
            from_name: String::new(),
            to: String::new(),
            did: None,
            extension: String::new(),
            inbox: desk.hang_up.clone(),
        };
        calls.push(desk.trace.begin(beginning, dialog, &invite));
    }
    assert!(calls.iter().all(|call| words(&call.record(|record| record.messages()))[0] == "INV"));
    assert!(calls.iter().map(|call| call.record(|record| record.messages()).len()).sum::<usize>() < 50 * 10);
    calls.iter().for_each(|call| desk.end(call));
    assert_eq!(desk.trace.calls().len(), 50);
}

#[test]
fn switched_off_it_knows_the_calls_in_progress_and_nothing_else() {
    let mut desk = Desk::new(TraceSettings { calls: 0, ..TraceSettings::default() });
    desk.refuse("a", StatusCode::FORBIDDEN);
    let (call, _) = desk.call(ClientId(1), "b");
    assert_eq!((desk.trace.calls().len(), desk.trace.refused().len()), (1, 0));
    assert!(call.record(|record| record.messages()).is_empty());
    desk.end(&call);
    assert_eq!((desk.trace.calls().len(), desk.trace.book().load()), (0, (0, 0, 0)));
}

#[test]
fn instants_of_a_call_become_times_of_day() {
    let mut desk = Desk::new(TraceSettings::default());
    let (call, _) = desk.call(ClientId(1), "a");
    let later = call.began + Duration::from_secs(3);
    assert_eq!(call.wall(later).duration_since(call.wall(call.began)).unwrap(), Duration::from_secs(3));
}
