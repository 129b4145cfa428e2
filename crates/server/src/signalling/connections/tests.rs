use super::*;
use crate::settings::TlsSettings;
use tokio::io::DuplexStream;

const OPTIONS: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";

/// One of our ends of a connection, which runs until it is over and says how long that took.
fn running(
    keep_alive: Option<KeepAlive>,
) -> (DuplexStream, mpsc::Receiver<Arrival>, tokio::task::JoinHandle<Duration>) {
    let (ours, theirs) = tokio::io::duplex(1_024);
    let (inlet, arrivals) = mpsc::channel(ARRIVED);
    let (outlet, queue) = mpsc::channel(1);
    let here = SocketAddr::from(([127, 0, 0, 1], 5060));
    let flow = Flow { transport: Transport::Tcp, local: here, peer: here };
    let begin = Instant::now();
    let connection = tokio::spawn(async move {
        let _outlet = outlet;
        let (reader, writer) = tokio::io::split(ours);
        exchange(reader, writer, flow, queue, &inlet, keep_alive).await;
        begin.elapsed()
    });
    (theirs, arrivals, connection)
}

/// A peer writes these pieces with this pause after each; says how long the connection lived, and the messages that came of it.
async fn lived(pieces: impl Iterator<Item = &'static [u8]>, pause: Duration) -> (Duration, usize) {
    let (mut theirs, mut arrivals, connection) = running(None);
    for piece in pieces {
        if theirs.write_all(piece).await.is_err() {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    let lived = connection.await.expect("no panic");
    let messages = std::iter::from_fn(|| arrivals.try_recv().ok()).count();
    (lived, messages)
}

const ARRIVED: usize = 100;

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_a_byte_at_a_time_does_not_hold_its_connection() {
    let (lived, messages) = lived(OPTIONS.chunks(1), Duration::from_secs(20)).await;
    assert_eq!((lived, messages), (STALLED, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_connects_and_says_nothing_is_not_waited_for_as_long_as_a_phone() {
    let silence = || std::iter::empty();
    assert_eq!(lived(silence(), Duration::ZERO).await, (STALLED, 0));
    // A line end is something: phones keep their connection alive with it.
    let (lived, _) = lived([&b"\r\n"[..]].into_iter(), Duration::ZERO).await;
    assert_eq!(lived, IDLE);
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_slow_but_whole_messages_lives_until_it_is_silent() {
    let (lived, messages) = lived(std::iter::repeat_n(OPTIONS, 3), Duration::from_secs(500)).await;
    assert_eq!((lived, messages), (Duration::from_secs(1_000) + IDLE, 3));
    // Each read ends one message and begins the next, so none is unfinished for long.
    let halves = OPTIONS.repeat(4);
    let (head, tail) = halves.split_at(10);
    let (head, tail): (&'static [u8], &'static [u8]) = (head.to_vec().leak(), tail.to_vec().leak());
    let (lived, messages) =
        self::lived([head].into_iter().chain(tail.chunks(OPTIONS.len())), Duration::from_secs(20)).await;
    assert_eq!((lived, messages), (Duration::from_secs(80) + IDLE, 4));
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_ours_is_pinged_and_lives_as_long_as_its_pings_are_answered() {
    let (mut theirs, _arrivals, connection) = running(Some(KeepAlive::new(Instant::now(), 0.0)));
    let mut pings = Vec::new();
    let begin = Instant::now();
    // Twenty minutes of pongs, which is longer than a silent connection may live.
    for _ in 0..10 {
        let mut ping = [0; 4];
        theirs.read_exact(&mut ping).await.expect("it is pinged");
        assert_eq!(&ping, PING);
        pings.push(begin.elapsed().as_secs());
        theirs.write_all(b"\r\n").await.expect("it reads");
    }
    assert_eq!(pings, (1..=10).map(|number| number * 120).collect::<Vec<_>>());
    // And then none.
    let lived = connection.await.expect("no panic");
    assert_eq!(lived, Duration::from_secs(11 * 120 + 10));
}

#[tokio::test(start_paused = true)]
async fn a_ping_gets_its_pong_and_a_lone_line_end_is_no_begun_message() {
    let (mut theirs, mut arrivals, connection) = running(None);
    theirs.write_all(PING).await.expect("it reads");
    let mut pong = [0; 2];
    theirs.read_exact(&mut pong).await.expect("it answers");
    assert_eq!(&pong, b"\r\n");
    theirs.write_all(b"\r\n").await.expect("it reads");
    tokio::time::sleep(STALLED * 2).await;
    theirs.write_all(OPTIONS).await.expect("it still reads");
    assert!(matches!(arrivals.recv().await, Some(Arrival::Message(_, message)) if message == OPTIONS));
    assert_eq!(connection.await.expect("no panic"), STALLED * 2 + IDLE);
}

/// A connection table with a server that takes connections, over TCP and real sockets.
async fn pair() -> (Connections, mpsc::Receiver<Arrival>, TcpListener, Flow) {
    let (inlet, arrivals) = mpsc::channel(ARRIVED);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let peer = listener.local_addr().expect("it is bound");
    let flow = Flow { transport: Transport::Tcp, local: SocketAddr::from(([127, 0, 0, 1], 0)), peer };
    (Connections::new(inlet, None, crate::signalling::guard::tests::usual()), arrivals, listener, flow)
}

#[tokio::test]
async fn what_goes_to_one_address_shares_a_connection_and_a_new_one_is_made_when_it_is_gone() {
    let (connections, mut arrivals, listener, flow) = pair().await;
    connections.send(flow, Bytes::from_static(OPTIONS), false);
    connections.send(flow, Bytes::from_static(OPTIONS), false);
    let (mut stream, _) = listener.accept().await.expect("it connects");
    let mut both = vec![0; OPTIONS.len() * 2];
    stream.read_exact(&mut both).await.expect("both come over one connection");
    drop(stream);
    assert!(matches!(arrivals.recv().await, Some(Arrival::Failed(failed)) if failed == flow));
    connections.send(flow, Bytes::from_static(OPTIONS), false);
    let (mut again, _) = listener.accept().await.expect("it connects again");
    let mut one = vec![0; OPTIONS.len()];
    again.read_exact(&mut one).await.expect("the message comes");
    // Nothing is told twice of the first connection.
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answers_no_syn_is_waited_for_shortly_where_the_message_has_another_way() {
    let (inlet, mut arrivals) = mpsc::channel(ARRIVED);
    let connections = Connections::new(inlet, None, crate::signalling::guard::tests::usual());
    // Nobody takes the one connection that fits its backlog, so the system drops every further SYN as a firewall does, and there is
    // no answer that the paused clock could jump over.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let listener = socket.listen(0).expect("it listens");
    let peer = listener.local_addr().expect("it is bound");
    let _first = std::net::TcpStream::connect(peer).expect("the backlog takes one");
    let flow = Flow { transport: Transport::Tcp, local: SocketAddr::from(([127, 0, 0, 1], 0)), peer };
    for (has_fallback, patience) in [(true, 3), (false, 10)] {
        let begin = Instant::now();
        connections.send(flow, Bytes::from_static(OPTIONS), has_fallback);
        assert!(matches!(arrivals.recv().await, Some(Arrival::Failed(failed)) if failed == flow));
        assert_eq!(begin.elapsed(), Duration::from_secs(patience));
    }
}

#[tokio::test]
async fn what_a_batch_of_arrivals_is_answered_with_does_not_close_the_connection() {
    let (connections, mut arrivals, listener, flow) = pair().await;
    // A batch of arrivals is answered before anything can be written, an INVITE with a few responses.
    for _ in 0..crate::signalling::BATCH * 8 {
        connections.send(flow, Bytes::from_static(OPTIONS), false);
    }
    let (mut stream, _) = listener.accept().await.expect("it connects");
    let mut all = vec![0; OPTIONS.len() * crate::signalling::BATCH * 8];
    stream.read_exact(&mut all).await.expect("all of them come");
    assert!(arrivals.try_recv().is_err(), "nothing has failed");
}

#[tokio::test]
async fn a_message_of_sixty_kilobytes_comes_whole_both_ways() {
    let (connections, mut arrivals, listener, flow) = pair().await;
    let body = "x".repeat(60_000);
    let large = format!("MESSAGE sip:a@b SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    connections.send(flow, Bytes::from(large.clone()), false);
    let (mut stream, _) = listener.accept().await.expect("it connects");
    let mut heard = vec![0; large.len()];
    stream.read_exact(&mut heard).await.expect("it comes whole");
    stream.write_all(&heard).await.expect("it is taken");
    let arrived = arrivals.recv().await;
    assert!(matches!(arrived, Some(Arrival::Message(from, message)) if from == flow && message == large.as_bytes()));
}

#[test]
fn a_name_that_was_not_proved_closes_the_connection_and_one_that_was_does_not() {
    let (inlet, _arrivals) = mpsc::channel(ARRIVED);
    let connections = Connections::new(inlet, None, crate::signalling::guard::tests::usual());
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let flow = |port| Flow { transport: Transport::Tls, local: at(5061), peer: at(port) };
    let certificate = rcgen::generate_simple_self_signed(["a.example.net", "b.example.net"].map(str::to_owned));
    let certificate = certificate.expect("a certificate").cert.der().clone();
    let proven = Proven { name: "a.example.net".try_into().expect("a name"), certificate: OnceLock::new() };
    proven.certificate.set(certificate).expect("it is the first");
    let _queue = connections.lock().open(flow(1), Some(Arc::new(proven)));
    // The far end connected to us from a port that we would call it at.
    let _other = connections.lock().open(flow(2), None);
    let expected = |port, host: &str| connections.expect(flow(port), host);
    assert_eq!(expected(1, "a.example.net"), Expected::AsBefore);
    assert_eq!(expected(1, "B.example.net."), Expected::AsBefore, "its certificate is for this one too");
    assert_eq!(expected(1, "c.example.net"), Expected::Closed);
    assert_eq!(expected(1, "c.example.net"), Expected::AsBefore, "there is no connection any more");
    assert_eq!(expected(2, "[::1]"), Expected::Closed);
    // What cannot be a name is nobody's, and not that of whoever was expected before.
    assert_eq!(expected(1, "no..name"), Expected::AsBefore);
    assert_eq!(connections.lock().expected[&at(1)].to_str(), NOBODY);
    assert_eq!(connections.lock().open.len(), 0);
}

#[test]
fn there_are_only_so_many_connections_and_names() {
    let mut table = Table::default();
    let at = |number: u32| SocketAddr::from((std::net::Ipv4Addr::from(0x0A00_0000 + number), 5060));
    let flow = |number| Flow { transport: Transport::Tcp, local: at(0), peer: at(number) };
    for number in 0..6_000 {
        let opened = table.open(flow(number), None);
        assert_eq!(opened.is_some(), number < 4_096);
    }
    table.open.clear();
    for number in 0..20_000 {
        table.expect(at(number), ServerName::from(at(number).ip()));
        assert!(table.expected.len() <= CONNECTIONS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_ends_holds_its_connection_for_ten_seconds() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    let made = rcgen::generate_simple_self_signed(["a.example.net".to_owned()]).expect("a certificate");
    std::fs::write(&certificate, made.cert.pem()).expect("the folder takes a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("the folder takes a file");
    let tls = Tls::load(&TlsSettings { certificate, key, ca: None, alpn: false }).expect("a pair");
    let (inlet, mut arrivals) = mpsc::channel(ARRIVED);
    let connections = Connections::new(inlet, None, crate::signalling::guard::tests::usual());
    let here = SocketAddr::from(([127, 0, 0, 1], 5061));
    let flow = Flow { transport: Transport::Tls, local: here, peer: here };
    // One says nothing, one says half of something, one says something else: none is heard by the endpoint.
    for said in [&b""[..], b"\x16\x03\x01\x02", OPTIONS] {
        let (ours, mut theirs) = tokio::io::duplex(1_024);
        let (_outlet, queue) = mpsc::channel(1);
        let begin = Instant::now();
        theirs.write_all(said).await.expect("there is room");
        connections.taken_secured(&tls, flow, ours, queue).await;
        let is_no_tls = said == OPTIONS;
        assert_eq!(begin.elapsed(), if is_no_tls { Duration::ZERO } else { SLOW });
    }
    assert!(arrivals.try_recv().is_err());
}
