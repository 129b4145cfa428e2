//! Subscriptions of a telephone to its messages, as the telephone and our owner see them.

use super::*;

const NONE: &str = "Messages-Waiting: no\r\n";
const ONE: &str = "Messages-Waiting: yes\r\nVoice-Message: 1/0\r\n";
const TWO: &str = "Messages-Waiting: yes\r\nVoice-Message: 2/0\r\n";

fn notice(body: &str) -> Notice {
    Notice { body: Bytes::copy_from_slice(body.as_bytes()) }
}

/// A SUBSCRIBE of the phone at [`PEER`]; `tag` is ours in one that goes on.
fn subscribe(cseq: u32, tag: &str, more: &str) -> String {
    let to = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    format!(
        "SUBSCRIBE sip:201@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bKs{cseq}\r\nMax-Forwards: 70\r\n\
         From: <sip:201@10.0.0.1>;tag=phone\r\nTo: <sip:201@10.0.0.1>{to}\r\nCall-ID: mwi\r\nCSeq: {cseq} SUBSCRIBE\r\n\
         Contact: <sip:201@{PEER}>\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

/// A subscription for so many seconds, and our tag; its first NOTIFY is answered.
fn subscribed(rig: &mut Rig, expires: u32) -> (SubscriptionId, String) {
    rig.receive(&subscribe(1, "", &format!("Event: message-summary\r\nExpires: {expires}\r\n")));
    assert!(rig.sent().is_empty(), "the owner has to say");
    let Some(Event::Subscribing { request, .. }) = rig.events().pop() else { panic!("nobody subscribes") };
    let id = rig.endpoint.accept_subscription(rig.now, request, notice(NONE)).expect("it waits");
    let sent = rig.sent();
    assert_eq!(sent.iter().map(Sent::kind).collect::<Vec<_>>(), ["200", "NOTIFY"]);
    assert_eq!((sent[0].header("Expires"), sent[0].header("Contact").is_empty()), (&*expires.to_string(), false));
    let (tag, first) = (sent[0].to_tag(), &sent[1]);
    assert_eq!(first.header("Event"), "message-summary");
    assert_eq!(first.header("Content-Type"), "application/simple-message-summary");
    assert_eq!(first.header("From"), format!("<sip:201@10.0.0.1>;tag={tag}"));
    assert_eq!(first.header("To"), "<sip:201@10.0.0.1>;tag=phone");
    assert_eq!(first.body(), NONE);
    rig.receive(&reply(first, "200 OK", "phone", ""));
    (id, tag)
}

#[test]
fn a_subscriber_is_told_the_state_and_its_news_one_at_a_time() {
    let mut rig = Rig::new();
    let (id, _) = subscribed(&mut rig, 600);
    rig.endpoint.notify(rig.now, id, notice(ONE)).expect("it is subscribed");
    let first = rig.only();
    assert_eq!((first.kind(), first.body(), first.header("Subscription-State")), ("NOTIFY", ONE, "active;expires=600"));
    // What comes while a NOTIFY is unanswered waits, the last of it alone.
    rig.endpoint.notify(rig.now, id, notice(NONE)).expect("it is subscribed");
    rig.endpoint.notify(rig.now, id, notice(TWO)).expect("it is subscribed");
    assert!(rig.sent().is_empty());
    rig.receive(&reply(&first, "200 OK", "phone", ""));
    let second = rig.only();
    assert_eq!(second.body(), TWO);
    rig.receive(&reply(&second, "200 OK", "phone", ""));
    assert!(rig.sent().is_empty() && rig.events().is_empty());
}

#[test]
fn a_subscription_runs_out_unless_it_is_refreshed() {
    let mut rig = Rig::new();
    let (id, tag) = subscribed(&mut rig, 600);
    rig.pass(Duration::from_secs(500));
    rig.receive(&subscribe(2, &tag, "Event: message-summary\r\nExpires: 600\r\n"));
    let sent = rig.sent();
    assert_eq!(sent.iter().map(Sent::kind).collect::<Vec<_>>(), ["200", "NOTIFY"]);
    assert_eq!(rig.events(), [Event::Resubscribed { subscription: id }]);
    rig.receive(&reply(&sent[1], "200 OK", "phone", ""));
    assert_eq!(rig.pass(Duration::from_secs(599)), []);
    rig.now += Duration::from_secs(1);
    rig.endpoint.handle_timeout(rig.now);
    let last = rig.only();
    assert_eq!(last.header("Subscription-State"), "terminated;reason=timeout");
    assert_eq!(rig.endpoint.notify(rig.now, id, notice(ONE)), Err(SipError::UnknownSubscription));
    rig.receive(&reply(&last, "200 OK", "phone", ""));
    assert_eq!(rig.events(), [Event::SubscriptionEnded { subscription: id }]);
    assert_eq!(rig.endpoint.subscriptions(), 0);
    rig.receive(&subscribe(3, &tag, "Event: message-summary\r\nExpires: 600\r\n"));
    assert_eq!(rig.kinds(), ["481"]);
}

#[test]
fn a_subscriber_leaves_or_only_asks() {
    let mut rig = Rig::new();
    let (id, tag) = subscribed(&mut rig, 600);
    rig.receive(&subscribe(2, &tag, "Event: message-summary\r\nExpires: 0\r\n"));
    let sent = rig.sent();
    assert_eq!(sent[1].header("Subscription-State"), "terminated;reason=timeout");
    assert_eq!(sent[1].body(), NONE);
    rig.receive(&reply(&sent[1], "200 OK", "phone", ""));
    assert_eq!(rig.events(), [Event::SubscriptionEnded { subscription: id }]);
    // One that asks for no time is told once.
    let mut rig = Rig::new();
    rig.receive(&subscribe(1, "", "Event: message-summary\r\nExpires: 0\r\n"));
    let Some(Event::Subscribing { request, .. }) = rig.events().pop() else { panic!("nobody subscribes") };
    let id = rig.endpoint.accept_subscription(rig.now, request, notice(ONE)).expect("it waits");
    let sent = rig.sent();
    assert_eq!((sent[1].header("Subscription-State"), sent[1].body()), ("terminated;reason=timeout", ONE));
    rig.receive(&reply(&sent[1], "200 OK", "phone", ""));
    assert_eq!(rig.events(), [Event::SubscriptionEnded { subscription: id }]);
}

#[test]
fn whoever_does_not_take_what_it_is_told_is_told_no_more() {
    for status in ["481 Gone", "489 Bad Event", "500 No", ""] {
        let mut rig = Rig::new();
        let (id, _) = subscribed(&mut rig, 600);
        rig.endpoint.notify(rig.now, id, notice(ONE)).expect("it is subscribed");
        let sent = rig.only();
        match status {
            "" => drop(rig.pass(Duration::from_secs(32))),
            status => rig.receive(&reply(&sent, status, "phone", "")),
        }
        assert_eq!(rig.events(), [Event::SubscriptionEnded { subscription: id }], "{status}");
        assert_eq!(rig.endpoint.subscriptions(), 0, "{status}");
    }
}

#[test]
fn an_owner_refuses_or_ends_a_subscription() {
    let mut rig = Rig::new();
    rig.receive(&subscribe(1, "", "Event: message-summary\r\n"));
    let Some(Event::Subscribing { request, .. }) = rig.events().pop() else { panic!("nobody subscribes") };
    let refusal = Reply { status: StatusCode::FORBIDDEN, headers: Vec::new(), body: Bytes::new() };
    rig.endpoint.respond(rig.now, request, refusal).expect("it waits");
    assert_eq!((rig.kinds(), rig.endpoint.subscriptions()), (vec!["403".to_owned()], 0));
    assert_eq!(rig.endpoint.accept_subscription(rig.now, request, notice(NONE)), Err(SipError::UnknownRequest));
    let mut rig = Rig::new();
    let (id, _) = subscribed(&mut rig, 600);
    rig.endpoint.end_subscription(rig.now, id, SubscriptionEnd::Rejected).expect("it is subscribed");
    let last = rig.only();
    assert_eq!((last.header("Subscription-State"), last.body()), ("terminated;reason=rejected", ""));
}

#[test]
fn what_cannot_be_subscribed_to_is_refused_at_once() {
    let event = "Event: message-summary\r\n";
    for (more, status) in [
        (String::new(), "489"),
        ("Event: presence\r\n".to_owned(), "489"),
        (format!("{event}Accept: text/plain\r\n"), "406"),
        (format!("{event}Expires: 59\r\n"), "423"),
    ] {
        let mut rig = Rig::new();
        rig.receive(&subscribe(1, "", &more));
        assert_eq!((rig.kinds(), rig.events().len()), (vec![status.to_owned()], 0), "{more}");
    }
    for more in
        ["Accept: application/simple-message-summary\r\n", "Accept: text/plain, */*\r\n", "Expires: 4294967295\r\n"]
    {
        let mut rig = Rig::new();
        rig.receive(&subscribe(1, "", &format!("{event}{more}")));
        assert_eq!((rig.sent().len(), rig.events().len()), (0, 1), "{more}");
    }
    let mut rig = Rig::with(|config| config.max_subscriptions = 1);
    subscribed(&mut rig, 600);
    rig.receive(&subscribe(9, "", event).replace("mwi", "another"));
    assert_eq!(rig.kinds(), ["503"]);
}

#[test]
fn a_subscription_belongs_to_one_peer_and_one_event() {
    let mut rig = Rig::new();
    let (id, tag) = subscribed(&mut rig, 600);
    let go_on = subscribe(2, &tag, "Event: message-summary\r\nExpires: 0\r\n");
    for (what, other) in [
        ("from another", go_on.replace("tag=phone", "tag=other")),
        ("in another call", go_on.replace("Call-ID: mwi", "Call-ID: other")),
        ("of another event", go_on.replace("message-summary", "message-summary;id=2")),
    ] {
        rig.receive(&other.replace("z9hG4bKs2", &format!("z9hG4bK{}", what.replace(' ', ""))));
        assert_eq!(rig.kinds(), ["481"], "{what}");
    }
    rig.endpoint.notify(rig.now, id, notice(ONE)).expect("it is subscribed still");
}
