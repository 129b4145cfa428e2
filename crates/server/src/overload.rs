//! When new calls are refused, so that those that are up sound as they did.
//!
//! Shape: what was measured over the last second in, the [`Cause`] to refuse for out; pure. [`watch`] measures and tells the calls.
//! Units: frames of sound, messages, ports, each a number; times are `Duration`.
//! Time: one judgement a second. Sound has to be late for two seconds in a row, so that one pause of the machine refuses nobody; the
//! end of overload takes three calm ones, where calm is half of what began it, so that it does not flap.
//! Sources: RFC 3261 §21.5.4 (503 and Retry-After), RFC 6357 (overload is best refused early).

pub mod watch;

use std::time::Duration;

/// With fewer frames in a second, a late one says nothing: ten calls.
const FEW: u64 = 500;
/// Sound is late when more than one frame of so many is.
const LATE_OF: u64 = 100;
/// Signalling is behind when so much of its queue is used, in hundredths.
const FILL: usize = 50;
/// Signalling is behind when an order waits so long.
const DELAY: Duration = Duration::from_millis(250);
/// Of so many ports one is kept free, for the transfers of calls that are up.
const SPARE_PORTS: usize = 64;
/// Seconds of late sound that begin overload.
const BEGIN: u8 = 2;
/// Calm seconds that end it.
const END: u8 = 3;

/// What a second was like.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Measured {
    /// Frames of sound sent.
    pub frames: u64,
    /// Those that were later than the settings allow.
    pub late: u64,
    /// Messages that wait for signalling.
    pub waiting: usize,
    /// How many can wait.
    pub queue: usize,
    /// How long an order to signalling waited.
    pub delay: Duration,
    /// Media ports that are free.
    pub free_ports: usize,
    /// All media ports.
    pub ports: usize,
}

/// Why new calls are refused.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// Sound is sent late.
    Lateness,
    /// Signalling is behind.
    Signalling,
    /// The last media ports are kept for calls that are up.
    Ports,
}

impl Cause {
    /// The label of metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Lateness => "lateness",
            Self::Signalling => "signalling",
            Self::Ports => "ports",
        }
    }
}

/// Whether the server is at its limit.
#[derive(Debug, Default)]
pub struct Overload {
    cause: Option<Cause>,
    late_seconds: u8,
    calm_seconds: u8,
}

impl Overload {
    /// Judges a second; answers why new calls are refused now, if they are.
    pub fn judge(&mut self, measured: &Measured) -> Option<Cause> {
        self.late_seconds = if measured.is_late(1) { self.late_seconds.saturating_add(1) } else { 0 };
        let strain = match measured {
            _ if measured.is_behind(1) => Some(Cause::Signalling),
            _ if self.late_seconds >= BEGIN => Some(Cause::Lateness),
            _ if measured.lacks_ports(1) => Some(Cause::Ports),
            _ => None,
        };
        self.calm_seconds = if measured.is_calm() { self.calm_seconds.saturating_add(1) } else { 0 };
        self.cause = match (strain, self.cause) {
            (Some(cause), _) => Some(cause),
            // A port that is free is free, where sound may be late again in the next second.
            (None, Some(Cause::Ports)) if self.calm_seconds > 0 => None,
            (None, Some(cause)) if self.calm_seconds < END => Some(cause),
            (None, _) => None,
        };
        self.cause
    }
}

impl Measured {
    fn is_late(&self, factor: u64) -> bool {
        self.frames >= FEW && self.late * LATE_OF * factor > self.frames
    }

    fn is_behind(&self, factor: u32) -> bool {
        let fill = self.waiting * 100 * factor as usize;
        self.delay * factor > DELAY || (self.queue > 0 && fill > self.queue * FILL)
    }

    fn lacks_ports(&self, factor: usize) -> bool {
        self.free_ports * SPARE_PORTS < self.ports * factor
    }

    /// Half of what begins overload.
    fn is_calm(&self) -> bool {
        !self.is_late(2) && !self.is_behind(2) && !self.lacks_ports(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second in which nothing is wrong.
    const FINE: Measured = Measured {
        frames: 50_000,
        late: 0,
        waiting: 10,
        queue: 4_096,
        delay: Duration::from_millis(1),
        free_ports: 4_000,
        ports: 8_192,
    };
    const LATE: Measured = Measured { late: 501, ..FINE };

    fn check(seconds: &[Measured], expect: &[Option<Cause>]) {
        let mut overload = Overload::default();
        let got: Vec<_> = seconds.iter().map(|measured| overload.judge(measured)).collect();
        assert_eq!(got, expect, "{seconds:?}");
    }

    #[test]
    fn each_limit_refuses_for_its_own_cause() {
        let (late, signalling, ports) = (Some(Cause::Lateness), Some(Cause::Signalling), Some(Cause::Ports));
        for (measured, expect) in [
            (FINE, None),
            (Measured { late: 500, ..FINE }, None),
            (LATE, late),
            (Measured { frames: 499, late: 499, ..FINE }, None),
            (Measured { waiting: 2_048, ..FINE }, None),
            (Measured { waiting: 2_049, ..FINE }, signalling),
            (Measured { delay: Duration::from_millis(251), ..FINE }, signalling),
            (Measured { free_ports: 128, ..FINE }, None),
            (Measured { free_ports: 127, ..FINE }, ports),
            (Measured { free_ports: 0, ports: 2, ..FINE }, ports),
            (Measured { free_ports: 1, ports: 2, ..FINE }, None),
            (Measured { waiting: 4_000, late: 40_000, free_ports: 0, ..FINE }, signalling),
        ] {
            let mut overload = Overload::default();
            overload.judge(&measured);
            assert_eq!(overload.judge(&measured), expect, "{measured:?}");
        }
    }

    #[test]
    fn one_late_second_refuses_nobody_and_overload_ends_after_three_calm_ones() {
        let late = Some(Cause::Lateness);
        check(&[LATE, FINE, LATE, FINE], &[None; 4]);
        check(&[LATE, LATE, FINE, FINE, FINE], &[None, late, late, late, None]);
        check(&[LATE, LATE, FINE, FINE, LATE, FINE, FINE, FINE], &[None, late, late, late, late, late, late, None]);
    }

    #[test]
    fn between_the_two_limits_nothing_changes() {
        let between = Measured { late: 300, ..FINE };
        check(&[between; 5], &[None; 5]);
        let mut seconds = vec![LATE, LATE];
        seconds.extend([between; 20]);
        let mut expect = vec![None];
        expect.extend([Some(Cause::Lateness); 21]);
        check(&seconds, &expect);
        let scarce = Measured { free_ports: 100, ..FINE };
        let few = Measured { free_ports: 200, ..FINE };
        check(&[scarce, few, few, few, few], &[Some(Cause::Ports); 5]);
        check(&[scarce, FINE], &[Some(Cause::Ports), None]);
    }
}
