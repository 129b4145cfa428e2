//! The conferences: who is in which, and on which media worker it is mixed.
//!
//! Shape: a conference is opened by its first member, on the worker of that member's stream, and is gone with its last. A member holds a
//! [`Membership`], which takes it out when it is dropped, however its call ends.
//! Errors: [`Full`]; orders for a member who is gone answer that there is none.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use antiphon_ivr::{
    CallerId, Conferred, Voice,
    op::{Ears, Ends, Opens},
};
use antiphon_media::RoomId;
use tokio::sync::mpsc;

use crate::{call::CallEvent, calls::CallId, media::worker::Worker, store::ClientId};

/// Conferences at once, at most; one has to be in use to count.
const CONFERENCES: usize = 4096;

/// A conference as its client names it.
type Key = (ClientId, String);

/// There is no place, in this conference or for another one.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("the conference is full")]
pub struct Full;

/// A member's seat in a conference; whoever comes again has another.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SeatId(u64);

/// What an administrator or the conference asks of a member.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Wish {
    /// To be heard or not.
    Voice(Voice),
    /// To go.
    Leave,
    /// To come in: the conference has begun, or somebody is there to talk to.
    Come,
    /// To go, because somebody with whom it ends has gone.
    End,
}

/// Somebody in a conference, for the API.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its call.
    pub call: CallId,
    /// Who it is.
    pub who: CallerId,
    /// Whether the others hear it.
    pub voice: Voice,
    /// Whether it hears the others.
    pub ears: Ears,
    /// When it came.
    pub since: Instant,
}

/// A conference, for the API.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// Whether it has begun.
    pub begun: bool,
    /// Who is in it, the first who came first.
    pub members: Vec<Member>,
}

#[derive(Debug)]
struct Conference {
    room: RoomId,
    worker: Worker,
    /// Whether somebody has come with whom it begins.
    begun: bool,
    members: Vec<(Member, SeatId, mpsc::Sender<CallEvent>)>,
}

#[derive(Debug, Default)]
struct Table {
    conferences: Mutex<HashMap<Key, Conference>>,
    next_room: AtomicU64,
    next_seat: AtomicU64,
}

/// All conferences that are in use.
#[derive(Clone, Debug, Default)]
pub struct Conferences {
    table: Arc<Table>,
}

/// What somebody asks for who comes into a conference.
#[derive(Debug)]
pub struct Entry {
    /// Whose the conference is.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// How many may be in it.
    pub most: usize,
    /// Whether it begins with this one.
    pub opens: Opens,
    /// Whether it ends with this one.
    pub ends: Ends,
    /// The worker of the stream, which is the conference's if it is opened now.
    pub worker: Worker,
    /// Who comes.
    pub member: Member,
    /// Where wishes of administrators go.
    pub inbox: mpsc::Sender<CallEvent>,
}

/// A place in a conference, until it is dropped.
#[derive(Debug)]
pub struct Membership {
    table: Arc<Table>,
    key: Key,
    /// Its seat.
    pub seat: SeatId,
    /// The room on the worker.
    pub room: RoomId,
    /// The worker on which all members' streams are.
    pub worker: Worker,
    /// Whether the conference has begun with it.
    pub begins: bool,
    /// How it ended while its script was busy.
    pub out: Option<Conferred>,
    ends: Ends,
}

impl Conferences {
    /// Takes somebody in.
    ///
    /// # Errors
    /// [`Full`] when as many are in it as may be, or too many conferences are in use.
    pub fn enter(&self, entry: Entry) -> Result<Membership, Full> {
        let Entry { client, name, most, opens, ends, worker, member, inbox } = entry;
        let key = (client, name);
        let mut conferences = self.table.lock();
        if !conferences.contains_key(&key) && conferences.len() >= CONFERENCES {
            return Err(Full);
        }
        let conference = conferences.entry(key.clone()).or_insert_with(|| {
            let room = RoomId(self.table.next_room.fetch_add(1, Ordering::Relaxed));
            Conference { room, worker, begun: false, members: Vec::new() }
        });
        if conference.members.len() >= most {
            let empty = conference.members.is_empty();
            if empty {
                conferences.remove(&key);
            }
            return Err(Full);
        }
        let begins = !conference.begun && opens == Opens::AtOnce;
        conference.begun |= begins;
        if conference.begun {
            conference.ask_all(Wish::Come);
        }
        let seat = SeatId(self.table.next_seat.fetch_add(1, Ordering::Relaxed));
        conference.members.push((member, seat, inbox));
        let (room, worker) = (conference.room, conference.worker.clone());
        metrics::gauge!("antiphon_conferences_active").set(conferences.len() as f64);
        drop(conferences);
        Ok(Membership { table: Arc::clone(&self.table), key, seat, room, worker, begins, out: None, ends })
    }

    /// A room for somebody alone; it is no conference.
    pub fn own_room(&self) -> RoomId {
        RoomId(self.table.next_room.fetch_add(1, Ordering::Relaxed))
    }

    /// The conferences of a client that are in use, by their names.
    pub fn of(&self, client: ClientId) -> Vec<Shown> {
        let conferences = self.table.lock();
        let own = conferences.iter().filter(|((owner, _), _)| *owner == client);
        let mut shown: Vec<Shown> = own
            .map(|((_, name), conference)| Shown {
                name: name.clone(),
                begun: conference.begun,
                members: conference.members.iter().map(|(member, ..)| member.clone()).collect(),
            })
            .collect();
        drop(conferences);
        shown.sort_by(|one, other| one.name.cmp(&other.name));
        shown
    }

    /// Tells a member what is asked of it; whether there is such a member.
    pub fn wish(&self, client: ClientId, name: &str, call: CallId, wish: Wish) -> bool {
        let conferences = self.table.lock();
        let Some(conference) = conferences.get(&(client, name.to_owned())) else { return false };
        let member = conference.members.iter().find(|(member, ..)| member.call == call);
        let member = member.map(|(_, seat, inbox)| (*seat, inbox.clone()));
        drop(conferences);
        let Some((seat, inbox)) = member else { return false };
        crate::queue::send_now(&inbox, CallEvent::Conference(seat, wish));
        true
    }
}

impl Conference {
    fn ask_all(&self, wish: Wish) {
        let tell = |seat, inbox| crate::queue::send_now(inbox, CallEvent::Conference(seat, wish));
        self.members.iter().for_each(|(_, seat, inbox)| tell(*seat, inbox));
    }
}

impl Membership {
    /// Whether it is one of this conference.
    pub fn is_of(&self, client: ClientId, name: &str) -> bool {
        self.key.0 == client && self.key.1 == name
    }

    /// How many are in the conference.
    pub fn members(&self) -> usize {
        self.table.lock().get(&self.key).map_or(0, |conference| conference.members.len())
    }

    /// Whether the conference has begun.
    pub fn has_begun(&self) -> bool {
        self.table.lock().get(&self.key).is_some_and(|conference| conference.begun)
    }

    /// Whether it has begun, and somebody else is there.
    pub fn has_company(&self) -> bool {
        self.table.lock().get(&self.key).is_some_and(|conference| conference.begun && conference.members.len() > 1)
    }

    /// Notes whether the others hear the member, for whoever asks.
    pub fn note(&self, voice: Voice) {
        self.change(|member| member.voice = voice);
    }

    /// Somebody else has taken the member's place.
    pub fn replaced_by(&self, who: CallerId) {
        self.change(|member| member.who = who);
    }

    fn change(&self, change: impl FnOnce(&mut Member)) {
        let mut conferences = self.table.lock();
        let members = conferences.get_mut(&self.key).map(|conference| &mut conference.members);
        if let Some((member, ..)) = members.into_iter().flatten().find(|(_, seat, _)| *seat == self.seat) {
            change(member);
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut conferences = self.table.lock();
        if let Some(conference) = conferences.get_mut(&self.key) {
            conference.members.retain(|(_, seat, _)| *seat != self.seat);
            if self.ends == Ends::WithTheCaller {
                conference.ask_all(Wish::End);
            }
            if conference.members.is_empty() {
                conferences.remove(&self.key);
            }
        }
        metrics::gauge!("antiphon_conferences_active").set(conferences.len() as f64);
    }
}

impl Table {
    /// The table is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Conference>> {
        self.conferences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::executor::clock;
    use antiphon_media::Patience;

    fn entry(name: &str, most: usize, call: CallId, worker: &Worker) -> (Entry, mpsc::Receiver<CallEvent>) {
        let (inbox, events) = mpsc::channel(4);
        let who = CallerId { number: "100".to_owned(), name: String::new() };
        let member = Member { call, who, voice: Voice::Heard, ears: Ears::Open, since: clock() };
        let (client, name, worker) = (ClientId(1), name.to_owned(), worker.clone());
        let (opens, ends) = (Opens::AtOnce, Ends::WithTheLast);
        (Entry { client, name, most, opens, ends, worker, member, inbox }, events)
    }

    #[test]
    fn a_conference_begins_with_its_moderator_and_ends_with_it() {
        let (worker, _work) = Worker::new(clock(), 1, Patience::default());
        let conferences = Conferences::default();
        let (waits, mut told) = entry("800", 9, CallId::new(), &worker);
        let waits = conferences.enter(Entry { opens: Opens::WithAnother, ..waits }).unwrap();
        assert!(!waits.begins && !waits.has_begun() && !conferences.of(ClientId(1))[0].begun);
        let (moderator, _events) = entry("800", 9, CallId::new(), &worker);
        let moderator = conferences.enter(Entry { ends: Ends::WithTheCaller, ..moderator }).unwrap();
        assert!(moderator.begins && waits.has_company() && conferences.of(ClientId(1))[0].begun);
        assert!(matches!(told.try_recv(), Ok(CallEvent::Conference(_, Wish::Come))));
        drop(moderator);
        assert!(matches!(told.try_recv(), Ok(CallEvent::Conference(_, Wish::End))));
        assert!(waits.has_begun() && !waits.has_company());
    }

    #[test]
    fn a_conference_is_full_at_its_limit_and_gone_with_its_last_member() {
        let (worker, _work) = Worker::new(clock(), 1, Patience::default());
        let conferences = Conferences::default();
        let [first, second, third] = [(); 3].map(|()| CallId::new());
        let (one, mut events) = entry("800", 2, first, &worker);
        let one = conferences.enter(one).unwrap();
        let two = conferences.enter(entry("800", 2, second, &worker).0).unwrap();
        assert_eq!(one.room, two.room);
        assert_eq!(conferences.enter(entry("800", 2, third, &worker).0).err(), Some(Full));
        let other = conferences.enter(entry("801", 2, third, &worker).0).unwrap();
        assert_ne!(other.room, one.room);
        assert_eq!(conferences.of(ClientId(1)).iter().map(|shown| shown.members.len()).collect::<Vec<_>>(), [2, 1]);
        assert!(conferences.of(ClientId(2)).is_empty());
        assert!(conferences.wish(ClientId(1), "800", first, Wish::Leave));
        assert!(matches!(events.try_recv(), Ok(CallEvent::Conference(_, Wish::Come))));
        assert!(matches!(events.try_recv(), Ok(CallEvent::Conference(_, Wish::Leave))));
        assert!(!conferences.wish(ClientId(2), "800", first, Wish::Leave), "another client's");
        two.replaced_by(CallerId { number: "200".to_owned(), name: String::new() });
        let numbers: Vec<_> = conferences.of(ClientId(1))[0].members.iter().map(|m| m.who.number.clone()).collect();
        assert_eq!(numbers, ["100", "200"]);
        drop((one, two));
        let again = conferences.enter(entry("800", 1, first, &worker).0).unwrap();
        assert_ne!(again.room, other.room);
        assert!(conferences.enter(entry("802", 0, second, &worker).0).is_err());
        assert_eq!(conferences.of(ClientId(1)).len(), 2, "one that nobody came into is none");
    }
}
