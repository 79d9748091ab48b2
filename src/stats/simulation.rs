//! A machine as noisy as those that were seen, for tests of whatever measures on one.

use fastrand::Rng;

use super::Pair;

/// The noise of a shared host as it was seen, on the logarithm of a time: a load that comes and goes
/// slowly, bursts of others, and what differs from run to run.
pub(crate) struct SharedHost {
    random: Rng,
    load: f64,
    /// Runs that the burst of another program will still last.
    burst: u32,
}

impl SharedHost {
    const LOAD_SD: f64 = 0.04;
    const STAYS: f64 = 0.95;
    const BURST: f64 = 0.25;
    const BURST_BEGINS: f64 = 0.03;
    const RUN_SD: f64 = 0.008;

    pub(crate) fn new(seed: u64) -> Self {
        let mut host = Self {
            random: Rng::with_seed(seed),
            load: 0.0,
            burst: 0,
        };
        host.load = Self::LOAD_SD * host.normal();
        host
    }

    /// Box & Muller 1958.
    pub(crate) fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.random.f64(), self.random.f64());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// How long a run takes here that takes this long on a quiet machine.
    pub(crate) fn run(&mut self, quiet: f64) -> f64 {
        let fresh = (1.0 - Self::STAYS * Self::STAYS).sqrt() * Self::LOAD_SD;
        self.load = Self::STAYS * self.load + fresh * self.normal();
        if self.burst > 0 {
            self.burst -= 1;
        } else if self.random.f64() < Self::BURST_BEGINS {
            self.burst = self.random.u32(1..=3);
        }
        let burst = if self.burst > 0 { Self::BURST } else { 0.0 };
        quiet * (self.load + burst + Self::RUN_SD * self.normal()).exp()
    }

    /// A night of pairs in random order; the candidate is slower by this share.
    pub(crate) fn night(&mut self, pairs: usize, slower: f64) -> Vec<Pair> {
        (0..pairs)
            .map(|_| {
                if self.random.bool() {
                    let base = self.run(50.0);
                    let candidate = self.run(50.0 * (1.0 + slower));
                    Pair { base, candidate }
                } else {
                    let candidate = self.run(50.0 * (1.0 + slower));
                    let base = self.run(50.0);
                    Pair { base, candidate }
                }
            })
            .collect()
    }
}
