//! Signals: how the server ends, and how it reads its settings again.
//!
//! Shape: SIGTERM and SIGINT drain: no new calls, those in progress may end for the drain timeout, then BYE. A second signal ends the
//! wait. SIGHUP reads the settings file again; what cannot be read leaves the old settings in force. A file that may grow no further
//! (`ulimit -f`, SIGXFSZ) is an error of whoever writes it, and not the end of the process.
//! Time: the drain timeout, then two seconds for the last BYEs.

use std::{io, time::Duration};

use antiphon_sip::Admission;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{rooms::Rooms, signalling::Order};

/// How long the BYEs of the last calls may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// The signals that the server heeds.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// Held, so that it ends nobody.
    _file_too_large: Signal,
}

/// What a signal asks for.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Asked {
    /// End.
    Stop,
    /// Read the settings again.
    Reload,
}

impl Signals {
    /// Starts to heed the signals.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            _file_too_large: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }

    /// Waits for a signal to stop.
    async fn stop(&mut self) {
        while self.next().await != Asked::Stop {}
    }
}

/// Takes no new calls, lets those in progress end for this long, then ends them.
pub async fn drain(rooms: &Rooms, patience: Duration, signals: &mut Signals) {
    rooms.calls.drain();
    rooms.signalling.order(Order::Admit(Admission::Draining)).await;
    rooms.trunks.leave().await;
    let mut active = rooms.calls.active();
    let left = *active.borrow();
    tracing::info!(calls = left, "draining");
    let no_calls = async |active: &mut tokio::sync::watch::Receiver<usize>| {
        // Fails only when the rooms are gone, and we hold them.
        let _ = active.wait_for(|active| *active == 0).await;
    };
    tokio::select! {
        () = no_calls(&mut active) => {}
        () = tokio::time::sleep(patience) => {}
        () = signals.stop() => {}
    }
    let left = *active.borrow();
    if left > 0 {
        tracing::info!(calls = left, "ending the calls that are left");
        rooms.calls.shut_down();
        let _ = tokio::time::timeout(FAREWELL, no_calls(&mut active)).await;
        // The last BYEs are on their way to the wires.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tracing::info!("stopped");
}
