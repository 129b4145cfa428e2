//! Whatever two sides say to each other in whatever order, it ends.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const STATUSES: [&str; 14] = [
    "100 Trying",
    "180 Ringing",
    "183 Session Progress",
    "200 OK",
    "200 OK",
    "200 OK",
    "401 Unauthorized",
    "405 Method Not Allowed",
    "408 Request Timeout",
    "422 Session Interval Too Small",
    "481 Call/Transaction Does Not Exist",
    "487 Request Terminated",
    "491 Request Pending",
    "503 Service Unavailable",
];

const HEADERS: [&str; 7] = [
    "X: y",
    "Require: 100rel\nRSeq: 1",
    "Require: 100rel\nRSeq: 2",
    "Allow: UPDATE\nRequire: timer\nSession-Expires: 90;refresher=uac",
    "Session-Expires: 90;refresher=uas",
    "Min-SE: 200",
    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"",
];

/// What a peer or an owner does next; the numbers choose among what there is.
#[derive(Debug, Clone)]
struct Step {
    what: usize,
    which: usize,
    cseq: u32,
    body: bool,
    seconds: u64,
}

fn step() -> impl Strategy<Value = Step> {
    (0..26_usize, any::<usize>(), 1..6_u32, any::<bool>(), 0..50_u64)
        .prop_map(|(what, which, cseq, body, seconds)| Step { what, which, cseq, body, seconds })
}

/// What is remembered of a conversation.
#[derive(Default)]
struct Story {
    /// Our requests and responses, the latest at the end.
    said: Vec<Sent>,
    /// Each dialog, and how often it was said to be over.
    dialogs: BTreeMap<DialogId, u32>,
    number: usize,
}

impl Story {
    fn act(&mut self, rig: &mut Rig, step: &Step) {
        self.number += 1;
        let nth = |length: usize| step.which.checked_rem(length).unwrap_or_default();
        let dialog = self.dialogs.keys().nth(nth(self.dialogs.len())).copied().unwrap_or(DialogId(0));
        let (now, body) = (rig.now, if step.body { OFFER } else { "" });
        let endpoint = &mut rig.endpoint;
        match step.what {
            0 => {
                let text = with_headers(&invite(body), ["X: y", "Require: 100rel", "Supported: 100rel, timer"][nth(3)]);
                let number = format!("-{}", self.number);
                rig.receive(
                    &text
                        .replace("call-1", &format!("call{number}"))
                        .replace("z9hG4bKi1", &format!("z9hG4bKi{number}")),
                );
            }
            1..=6 => self.respond(rig, step),
            7..=11 => self.request(rig, step, body),
            12 => drop(endpoint.ring(now, dialog, step.body.then(|| ANSWER.into()))),
            13 => drop(endpoint.answer(now, dialog, ANSWER.into())),
            14 => drop(endpoint.hang_up(now, dialog, None)),
            15 => drop(endpoint.accept_reoffer(now, dialog, ANSWER.into())),
            16 => drop(endpoint.reject_reoffer(now, dialog, StatusCode::NOT_ACCEPTABLE_HERE)),
            17 => drop(endpoint.reject(now, dialog, StatusCode::BUSY_HERE.into())),
            18 => drop(endpoint.reoffer(now, dialog, sdp(OFFER))),
            20 => {
                let target = "sip:300@192.0.2.9".parse().expect("a URI");
                let _ = endpoint.refer(now, dialog, target, ReferOptions::default());
            }
            21 => drop(endpoint.accept_refer(now, dialog)),
            22 => drop(endpoint.reject_refer(now, dialog, StatusCode::DECLINE)),
            23 => {
                let status = if step.body { StatusCode::OK } else { StatusCode::RINGING };
                let _ = endpoint.notify_refer(now, dialog, status);
            }
            19 if self.dialogs.len() < 8 => {
                self.note(rig);
                let (dialog, sent) = rig.calling(None);
                self.dialogs.entry(dialog).or_default();
                self.said.push(sent);
            }
            _ => self.pass(rig, Duration::from_secs(step.seconds)),
        }
        self.note(rig);
    }

    /// The peer responds to a request of ours.
    fn respond(&mut self, rig: &mut Rig, step: &Step) {
        let requests: Vec<_> = self.said.iter().filter(|sent| !sent.first_line().starts_with("SIP")).collect();
        let Some(request) = requests.get(step.which % requests.len().max(1)) else { return };
        let known = request.to_tag();
        let tag = if known.is_empty() { ["one", "two"][step.which % 2].to_owned() } else { known };
        let choose = step.which / 7;
        let headers = format!("Contact: <sip:200@192.0.2.7:5060>\n{}", HEADERS[choose % HEADERS.len()]);
        let body = if step.body { ANSWER } else { "" };
        rig.receive(&reply_with(request, STATUSES[choose / 7 % STATUSES.len()], &tag, &headers, body));
    }

    /// The peer sends a request in some dialog.
    fn request(&mut self, rig: &mut Rig, step: &Step, body: &str) {
        let Some(context) = self.said.get(step.which % self.said.len().max(1)) else { return };
        let method =
            ["BYE", "INVITE", "ACK", "UPDATE", "PRACK", "CANCEL", "INFO", "REFER", "NOTIFY"][step.which / 3 % 9];
        let ours = context.first_line().starts_with("SIP");
        let (here, there) = if ours { ("To", "From") } else { ("From", "To") };
        let tag = |header: &str| context.header(header).split("tag=").nth(1).unwrap_or("one").to_owned();
        let rack =
            format!("Refer-To: <sip:x@192.0.2.9>\nEvent: refer\nRAck: {} {} INVITE", context.header("RSeq"), step.cseq);
        let text = with_headers(&in_dialog(method, step.cseq, &tag(here), body), &rack)
            .replace("tag=alice", &format!("tag={}", tag(there)))
            .replace("call-1", context.header("Call-ID"))
            .replace("z9hG4bK", &format!("z9hG4bK{}", self.number));
        rig.receive(&text);
    }

    fn note(&mut self, rig: &mut Rig) {
        self.said.extend(rig.sent());
        for event in rig.events() {
            match event {
                Event::Incoming { dialog, .. } => drop(self.dialogs.entry(dialog).or_default()),
                Event::Ended { dialog, .. } => *self.dialogs.entry(dialog).or_default() += 1,
                _ => {}
            }
        }
    }

    fn pass(&mut self, rig: &mut Rig, time: Duration) {
        let end = rig.now + time;
        while let Some(next) = rig.endpoint.poll_timeout().filter(|next| *next <= end) {
            rig.now = rig.now.max(next);
            rig.endpoint.handle_timeout(rig.now);
            self.note(rig);
        }
        rig.now = end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Each dialog ends once, and when the owner has hung up, nothing is left 64 * T1 and T4 after the last message.
    #[test]
    fn every_conversation_ends_once_and_leaves_nothing(steps in proptest::collection::vec(step(), 1..60)) {
        let mut rig = Rig::new();
        let mut story = Story::default();
        for step in &steps {
            story.act(&mut rig, step);
        }
        let dialogs: Vec<_> = story.dialogs.keys().copied().collect();
        for dialog in dialogs {
            if rig.endpoint.hang_up(rig.now, dialog, None) == Err(SipError::WrongState) {
                rig.endpoint.reject(rig.now, dialog, StatusCode::DECLINE.into()).expect("it is unanswered");
            }
        }
        story.note(&mut rig);
        let (mut last, mut rounds) = (rig.now, 0);
        while let Some(next) = rig.endpoint.poll_timeout() {
            rig.now = rig.now.max(next);
            rig.endpoint.handle_timeout(rig.now);
            let before = story.said.len();
            story.note(&mut rig);
            if story.said.len() > before {
                last = rig.now;
            }
            rounds += 1;
            prop_assert!(rounds < 2_000);
        }
        prop_assert!(rig.now - last <= Duration::from_secs(37), "{:?}", rig.now - last);
        prop_assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
        prop_assert!(story.dialogs.values().all(|ends| *ends == 1), "{:?}", story.dialogs);
    }
}
