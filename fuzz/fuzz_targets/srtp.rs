//! Datagrams on a protected stream: none is authentic, and none changes anything.
#![no_main]

use antiphon_media::srtp::{Keying, MAX_TAG, MasterKey, Mki, Protection, Suite};

fn master(suite: Suite, seed: u8) -> MasterKey {
    MasterKey::new(suite, &vec![seed; suite.material_len()]).expect("as long as the suite wants it")
}

/// The first byte picks suite and length of the MKI, the second cuts the rest into datagrams.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [pick, cut, rest @ ..] = bytes else { return };
    let suite = Suite::ALL[usize::from(pick & 3)];
    let mki = Mki { length: (pick >> 2) % 9 };
    let mut there = Protection::new(&Keying { ours: master(suite, 1), theirs: master(suite, 2), mki });
    let mut here = Protection::new(&Keying { ours: master(suite, 2), theirs: master(suite, 1), mki: Mki::default() });
    for datagram in rest.chunks(usize::from(*cut).max(1)) {
        assert!(there.unprotect_rtp(datagram).is_err() && there.unprotect_rtcp(datagram).is_err());
    }
    there.rekey(&Keying { ours: master(suite, 1), theirs: master(suite, 3), mki: Mki::default() });
    here.rekey(&Keying { ours: master(suite, 3), theirs: master(suite, 1), mki: Mki::default() });
    for datagram in rest.chunks(usize::from(*cut).max(1)) {
        assert!(there.unprotect_rtp(datagram).is_err() && there.unprotect_rtcp(datagram).is_err());
    }
    let mut buffer = [&rest[..rest.len().min(1_000)], &[0; MAX_TAG]].concat();
    let plain = rest[..rest.len().min(1_000)].to_vec();
    if let Ok(length) = here.protect_rtp(&mut buffer, plain.len()) {
        assert_eq!(there.unprotect_rtp(&buffer[..length]), Ok(&plain[..]), "what the peer protects is taken");
    }
});
