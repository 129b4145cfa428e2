//! A name server on loopback that knows what a test tells it.
//!
//! Shape: one thread and one socket; it answers over UDP from a list of records, with NXDOMAIN for what is not in it, and counts
//! what it is asked.
//! Errors: what is no question it can read is not answered.
//! Sources: RFC 1035 §4.1 (messages), RFC 2782 (SRV), RFC 3403 §4.1 (NAPTR).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use antiphon_server::locate::{Names, Naptr, Question, Record, Resolver, Srv};

/// How often the thread looks whether it is to end.
const POLL: Duration = Duration::from_millis(20);
/// How long a record may be remembered, in seconds.
const TTL: u32 = 1;

pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    questions: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A name and one of its records.
pub(crate) type Known = (&'static str, Record);

/// A record of a service.
pub(crate) fn srv(name: &'static str, priority: u16, port: u16, target: &str) -> Known {
    (name, Record::Srv(Srv { priority, weight: 0, port, target: target.to_owned() }))
}

/// The address of a host.
pub(crate) fn address(name: &'static str, ip: [u8; 4]) -> Known {
    (name, Record::Address(ip.into()))
}

impl NameServer {
    pub(crate) fn start(known: Vec<Known>) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        socket.set_read_timeout(Some(POLL)).expect("a timeout that is not zero");
        let address = socket.local_addr().expect("a bound socket has an address");
        let (questions, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, told) = (questions.clone(), stop.clone());
        let known = Mutex::new(known);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 1_500];
            while !told.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                let known = known.lock().expect("nobody else has it");
                if let Some(answer) = answer(&buffer[..length], &known) {
                    count.fetch_add(1, Ordering::Relaxed);
                    // Whoever asked may have gone.
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, questions, stop, thread: Some(thread) }
    }

    /// How many questions have come.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of it has been seen where it was asked.
            let _ = thread.join();
        }
    }
}

fn answer(query: &[u8], known: &[Known]) -> Option<Vec<u8>> {
    let (name, end) = name_at(query, 12)?;
    let kind = u16::from_be_bytes(query.get(end..end + 2)?.try_into().ok()?);
    let records: Vec<_> = known.iter().filter(|(told, _)| told.eq_ignore_ascii_case(&name)).collect();
    let datas: Vec<_> = records.iter().filter_map(|(_, record)| data(record, kind)).collect();
    let count = u16::try_from(datas.len()).ok()?.to_be_bytes();
    // A response, recursion desired and available; 3 says that there is no such name.
    let code = if records.is_empty() { 3 } else { 0 };
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0]);
    answer.extend(&query[12..end + 4]);
    for data in datas {
        // The name is that of the question.
        answer.extend([0xC0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1]);
        answer.extend(TTL.to_be_bytes());
        answer.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        answer.extend(data);
    }
    Some(answer)
}

/// The name at this place of a message, and where it ends.
fn name_at(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        match length {
            0 => return Some((name, at)),
            1..=63 => {
                let label = message.get(at..at + length)?;
                let dot = if name.is_empty() { "" } else { "." };
                name = format!("{name}{dot}{}", String::from_utf8_lossy(label));
                at += length;
            }
            _ => return None,
        }
    }
}

fn written(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels.flat_map(text).collect();
    bytes.push(0);
    bytes
}

/// A text behind its length.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("the texts of tests are short");
    [&[length], text.as_bytes()].concat()
}

/// The data of a record, when it is of this type.
fn data(record: &Record, kind: u16) -> Option<Vec<u8>> {
    match (record, kind) {
        (Record::Address(std::net::IpAddr::V4(ip)), 1) => Some(ip.octets().to_vec()),
        (Record::Address(std::net::IpAddr::V6(ip)), 28) => Some(ip.octets().to_vec()),
        (Record::Srv(srv), 33) => {
            let numbers = [srv.priority, srv.weight, srv.port].map(u16::to_be_bytes).concat();
            Some([numbers, written(&srv.target)].concat())
        }
        (Record::Naptr(naptr), 35) => {
            let numbers = [naptr.order, naptr.preference].map(u16::to_be_bytes).concat();
            let texts = [text(&naptr.flags), text(&naptr.service), text("")].concat();
            Some([numbers, texts, written(&naptr.replacement)].concat())
        }
        _ => None,
    }
}

/// What the resolver hears of this name server.
#[test]
fn every_kind_of_record_is_asked_for_and_remembered_as_long_as_it_says() {
    let (flags, service, replacement) = ("s".to_owned(), "SIP+D2T".to_owned(), "_sip._tcp.a.test.".to_owned());
    let naptr = Record::Naptr(Naptr { order: 10, preference: 20, flags, service, replacement });
    let six: std::net::IpAddr = "2001:db8::7".parse().expect("an address");
    let known = vec![
        ("a.test", naptr.clone()),
        srv("_sip._tcp.a.test", 3, 5070, "b.test."),
        address("b.test", [192, 0, 2, 7]),
        ("b.test", Record::Address(six)),
    ];
    let server = NameServer::start(known);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let names = Resolver::new(&[server.address]).expect("a resolver");
        assert_eq!(names.ask("a.test", Question::Naptr).await, std::slice::from_ref(&naptr));
        let hosts = names.ask("_sip._tcp.a.test", Question::Srv).await;
        assert_eq!(hosts, [srv("", 3, 5070, "b.test.").1]);
        let addresses = names.ask("b.test.", Question::Address).await;
        assert!(addresses.contains(&Record::Address(Ipv4Addr::new(192, 0, 2, 7).into())), "{addresses:?}");
        assert!(addresses.contains(&Record::Address(six)), "{addresses:?}");
        assert_eq!(names.ask("nowhere.test", Question::Address).await, []);
        // What a loaded machine keeps waiting for a second was forgotten meanwhile, and is asked for again.
        let mut remembered = false;
        for _ in 0..5 {
            let asked = server.questions();
            assert_eq!(names.ask("a.test", Question::Naptr).await, std::slice::from_ref(&naptr));
            remembered |= server.questions() == asked;
        }
        assert!(remembered, "it is remembered");
        let asked = server.questions();
        tokio::time::sleep(Duration::from_secs(u64::from(TTL)) + Duration::from_millis(200)).await;
        assert_eq!(names.ask("a.test", Question::Naptr).await, [naptr]);
        assert_eq!(server.questions(), asked + 1, "and no longer than its TTL");
    });
}
