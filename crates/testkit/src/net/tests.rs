use super::*;
use std::time::Duration;

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, last], 5060))
}

/// Sends a hundred numbered datagrams and answers with what arrived and when.
async fn hundred(seed: u64, path: Path) -> Vec<(u8, Duration)> {
    let net = VirtualNet::new(seed);
    net.set_usual_path(path);
    let (sender, receiver) = (net.bind(address(1)).unwrap(), net.bind(address(2)).unwrap());
    let began = Instant::now();
    for number in 0..100 {
        sender.send(&[number], receiver.local_addr());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut arrived = Vec::new();
    while let Ok(datagram) = tokio::time::timeout(Duration::from_secs(5), receiver.receive()).await {
        assert_eq!(datagram.from, sender.local_addr());
        arrived.push((datagram.payload[0], datagram.at - began));
    }
    arrived
}

#[tokio::test(start_paused = true)]
async fn a_plain_path_delivers_everything_in_order_and_at_once() {
    let expected: Vec<_> = (0..100u8).map(|number| (number, Duration::from_millis(20) * u32::from(number))).collect();
    assert_eq!(hundred(1, Path::default()).await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_fate_and_another_is_another() {
    let rough = Path {
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(50),
        loss: 0.1,
        duplicate: 0.1,
        reorder: 0.1,
    };
    let once = hundred(7, rough).await;
    assert_eq!(once, hundred(7, rough).await);
    assert_ne!(once, hundred(8, rough).await);
    let mut sorted = once.clone();
    sorted.sort();
    assert_ne!(sorted, once, "nothing overtook anything");
    sorted.dedup_by_key(|(number, _)| *number);
    assert!(sorted.len() < 100, "nothing was lost");
    assert!(sorted.len() < once.len(), "nothing came twice");
}

#[tokio::test(start_paused = true)]
async fn a_datagram_is_seen_only_from_its_arrival_on() {
    let net = VirtualNet::new(1);
    net.set_path(address(1).ip(), address(2).ip(), Path::after(Duration::from_millis(40)));
    let (sender, receiver) = (net.bind(address(1)).unwrap(), net.bind(address(2)).unwrap());
    sender.send(b"x", address(2));
    assert_eq!(receiver.try_receive(), None);
    tokio::time::sleep(Duration::from_millis(39)).await;
    assert_eq!(receiver.try_receive(), None);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(receiver.try_receive().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_arrive_is_lost_and_remembered() {
    let net = VirtualNet::new(1);
    let sender = net.bind(address(1)).unwrap();
    sender.send(b"nobody there", address(9));
    let receiver = net.bind(address(2)).unwrap();
    net.lose(1, |_, _, datagram| datagram == b"picked");
    sender.send(b"picked", address(2));
    sender.send(b"picked", address(2));
    assert_eq!(receiver.receive().await.payload, "picked");
    assert_eq!(receiver.try_receive(), None);
    for _ in 0..2_000 {
        sender.send(b"flood", address(2));
    }
    let fates: Vec<_> = net.tape().iter().map(|passed| passed.fate).collect();
    assert_eq!(fates[..2], [Fate::Unreachable, Fate::Lost]);
    assert_eq!(fates.last(), Some(&Fate::Overrun));
}

#[test]
fn an_address_has_one_owner_and_port_0_becomes_a_free_one() {
    let net = VirtualNet::new(1);
    let first = net.bind(address(1)).unwrap();
    assert_eq!(net.bind(address(1)).err(), Some(BindError(address(1))));
    drop(first);
    assert!(net.bind(address(1)).is_ok());
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (one, other) = (net.bind(any).unwrap(), net.bind(any).unwrap());
    assert_ne!(one.local_addr(), other.local_addr());
}
