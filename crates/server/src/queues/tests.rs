use super::*;
use antiphon_media::StreamId;

use crate::call::executor::clock;

const CLIENT: ClientId = ClientId(1);

fn waiting(number: &str, since: Instant) -> Waiting {
    Waiting {
        call: CallId::new(),
        who: CallerId { number: number.to_owned(), name: String::new() },
        since,
        priority: 0,
        about: Vec::new(),
    }
}

fn listen() -> (mpsc::Sender<CallEvent>, mpsc::Receiver<CallEvent>) {
    mpsc::channel(4)
}

fn taker(message: &str) -> Taker {
    Taker { inbox: listen().0, message: Some(message.to_owned()), missed: Vec::new() }
}

#[test]
fn whoever_waits_longest_is_taken_first_and_all_know_where_they_stand() {
    let (queues, start) = (Queues::default(), clock());
    let (one_inbox, mut one_events) = listen();
    let one = queues.join((CLIENT, "sales"), 2, waiting("1", start), one_inbox).unwrap();
    let later = start + Duration::from_secs(10);
    let two = queues.join((CLIENT, "sales"), 2, waiting("2", later), listen().0).unwrap();
    assert_eq!(queues.join((CLIENT, "sales"), 2, waiting("3", later), listen().0).err(), Some(Full));
    assert!(queues.join((ClientId(2), "sales"), 2, waiting("3", later), listen().0).is_ok(), "another client's");
    assert_eq!((one.stands(later).position, two.stands(later).position, two.stands(later).size), (1, 2, 2));
    let numbers = |client| -> Vec<String> {
        queues.of(client).iter().flat_map(|shown| &shown.waiting).map(|w| w.who.number.clone()).collect()
    };
    assert_eq!((numbers(CLIENT), numbers(ClientId(2)).len()), (vec!["1".to_owned(), "2".to_owned()], 0));
    let now = start + Duration::from_secs(30);
    let mut wish = queues.take((CLIENT, "sales"), taker("hello")).unwrap();
    let found = wish.found.try_recv().expect("somebody waits");
    let Ok(CallEvent::Taken(handover)) = one_events.try_recv() else { panic!("it is not told") };
    assert_eq!((handover.meeting, handover.message.as_deref()), (found.meeting, Some("hello")));
    assert_eq!((one.stands(now).position, two.stands(now).position), (0, 1));
    found.promise.keep();
    assert_eq!(one.leave_for_the_talk(now), Duration::from_secs(30));
    let stands = two.stands(now);
    assert_eq!((stands.position, stands.size, stands.average), (1, 1, Duration::from_secs(30)));
    assert_eq!(stands.waited, Duration::from_secs(20));
    drop(two);
    assert!(queues.of(CLIENT).is_empty());
}

#[test]
fn somebody_who_comes_later_goes_to_whoever_has_wanted_somebody_longest() {
    let (queues, now) = (Queues::default(), clock());
    let gone = queues.take((CLIENT, "sales"), taker("gone")).unwrap();
    let mut first = queues.take((CLIENT, "sales"), taker("first")).unwrap();
    let mut second = queues.take((CLIENT, "sales"), taker("second")).unwrap();
    assert_eq!(queues.of(CLIENT)[0].wanting, 3);
    drop(gone);
    let (inbox, mut events) = listen();
    let place = queues.join((CLIENT, "sales"), 5, waiting("1", now), inbox).unwrap();
    let found = first.found.try_recv();
    assert!(found.is_ok());
    assert!(second.found.try_recv().is_err());
    assert!(
        matches!(events.try_recv(), Ok(CallEvent::Taken(handover)) if handover.message.as_deref() == Some("first"))
    );
    assert_eq!(place.stands(now).position, 0);
    drop((first, second, place));
    assert!(queues.of(CLIENT).is_empty());
}

#[test]
fn whoever_takes_somebody_and_is_gone_before_they_meet_costs_it_no_place() {
    let (queues, now) = (Queues::default(), clock());
    let (inbox, mut events) = listen();
    let mut one = queues.join((CLIENT, "sales"), 5, waiting("1", now), inbox).unwrap();
    let two = queues.join((CLIENT, "sales"), 5, waiting("2", now), listen().0).unwrap();
    let mut taken = || match events.try_recv() {
        Ok(CallEvent::Taken(handover)) => Some(handover),
        _ => None,
    };
    // Before it knows whom it has found, and after that.
    for reads in [false, true] {
        let mut wish = queues.take((CLIENT, "sales"), taker("gone")).unwrap();
        let found = reads.then(|| wish.found.try_recv().expect("somebody waits"));
        one.taken = taken();
        assert!(one.is_taken() && one.stands(now).position == 0 && two.stands(now).position == 1);
        drop((wish, found));
        assert!(!one.is_taken() && one.stands(now).message.is_none());
        assert_eq!((one.stands(now).position, two.stands(now).position), (1, 2));
    }
    let mut wish = queues.take((CLIENT, "sales"), taker("next")).unwrap();
    let mut other = queues.take((CLIENT, "sales"), taker("other")).unwrap();
    assert_eq!(taken().and_then(|handover| handover.message).as_deref(), Some("next"));
    let found = wish.found.try_recv().expect("the first waits");
    assert!(other.found.try_recv().is_ok(), "the second waits");
    assert_eq!(one.stands(now).average, Duration::ZERO, "nobody has talked yet");
    found.promise.keep();
    one.leave_for_the_talk(now);
    assert_eq!(queues.of(CLIENT)[0].waiting.len(), 1);
}

#[test]
fn whoever_does_not_come_in_time_is_left_to_others() {
    let (queues, now) = (Queues::default(), clock());
    let one = queues.join((CLIENT, "sales"), 5, waiting("1", now), listen().0).unwrap();
    let again = |place| Taker { missed: vec![place], ..taker("again") };
    let place = {
        let mut wish = queues.take((CLIENT, "sales"), taker("patient")).unwrap();
        wish.found.try_recv().expect("somebody waits").promise.place()
    };
    assert!(one.is(place));
    let mut patient = queues.take((CLIENT, "sales"), again(place)).unwrap();
    assert!(patient.found.try_recv().is_err(), "it has waited for this one");
    let mut other = queues.take((CLIENT, "sales"), taker("other")).unwrap();
    let found = other.found.try_recv().expect("another takes it");
    let two = queues.join((CLIENT, "sales"), 5, waiting("2", now), listen().0).unwrap();
    assert!(patient.found.try_recv().is_ok_and(|found| two.is(found.promise.place())));
    drop(found);
}

#[tokio::test]
async fn the_other_hears_that_a_partner_has_gone() {
    let (inbox, mut events) = listen();
    let mut partner = Partner::new(MeetingId(7), inbox);
    partner.stream = Some(StreamId(3));
    partner.tell(Step::Joined(StreamId(3)));
    drop(partner);
    let steps: Vec<_> = std::iter::from_fn(|| events.try_recv().ok()).collect();
    let meets = |event: &CallEvent, expected| matches!(event, CallEvent::Meeting(Meeting { id, step }) if *id == MeetingId(7) && *step == expected);
    assert!(meets(&steps[0], Step::Joined(StreamId(3))) && meets(&steps[1], Step::Parted), "{steps:?}");
}
