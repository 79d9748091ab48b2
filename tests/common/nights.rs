//! Histories of nights that were never measured, but look as if: speeds that drift with the machine, a case
//! that became slower with a build, one that became faster with a setting, bursts, and gaps with a tail.

use fastrand::Rng;
use orchestrate::history::{
    ArmRecord, CaseRecord, FindingRecord, GapCounts, History, HistoryError, HostFacts, ModelFacts,
    NightEnd, NightRecord, RatioRecord, Settings, TrialFigures, TrialRecord,
};
use orchestrate::stats::median;
use orchestrate::suite::{Arm, Night, Role, Trial};

/// When the last night begins: 2026-11-18 01:00 UTC.
pub(crate) const LAST_NIGHT: u64 = 1_794_963_600_000;
pub(crate) const DAY_MS: u64 = 86_400_000;
/// The machine.
pub(crate) const HERE: &str = "0123456789abcdef";
/// Pairs of each case.
pub(crate) const PAIRS: u32 = 10;

/// What is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Nights {
    pub(crate) suite: &'static str,
    pub(crate) host: &'static str,
    /// How many, the last of them at [`LAST_NIGHT`].
    pub(crate) nights: u64,
    /// How many cases each has.
    pub(crate) cases: usize,
    /// How many of the last ones have trials.
    pub(crate) with_trials: u64,
    pub(crate) seed: u64,
    /// Whether every case changes twice, which takes the longest to find.
    pub(crate) restless: bool,
}

impl Nights {
    pub(crate) fn new(nights: u64, cases: usize) -> Self {
        Self {
            suite: "nightly",
            host: HERE,
            nights,
            cases,
            with_trials: 1,
            seed: 77,
            restless: false,
        }
    }

    /// Puts them into a history.
    pub(crate) fn fill(&self, history: &mut History) -> Result<(), HistoryError> {
        let mut machine = Machine {
            random: Rng::with_seed(self.seed),
            load: 0.0,
            restless: self.restless,
        };
        for night in 0..self.nights {
            let left = self.nights - 1 - night;
            let record = self.night(night);
            let number = history.begin_night(&record)?;
            let figures: Vec<Figures> = (0..self.cases)
                .map(|case| machine.figures(case, share(night, self.nights)))
                .collect();
            if left < self.with_trials {
                let plan = Night::new(self.cases, PAIRS, 1, std::time::Duration::MAX, night);
                for trial in plan.trials() {
                    let made = machine.trial(trial, &figures[trial.case], record.started_unix_ms);
                    history.record_trial(number, &made)?;
                }
            }
            let end = NightEnd {
                ended_unix_ms: record.started_unix_ms + 5 * 3_600_000,
                end: "done".to_owned(),
                itself: Some(machine.ratio(1.0)),
                smallest_effect: 0.02,
                findings: figures
                    .iter()
                    .map(|figures| figures.finding(&record))
                    .collect(),
            };
            history.end_night(number, &end)?;
        }
        Ok(())
    }

    fn night(&self, night: u64) -> NightRecord {
        let share = share(night, self.nights);
        NightRecord {
            started_unix_ms: LAST_NIGHT - (self.nights - 1 - night) * DAY_MS,
            suite: self.suite.to_owned(),
            seed: night,
            plan: "00000000000000dd".to_owned(),
            pairs: PAIRS,
            host: HostFacts {
                fingerprint: self.host.to_owned(),
                cpu_model: "AMD EPYC 7B13".to_owned(),
                cpus: 8,
                cpu_quota: None,
                memory_bytes: Some(33_600_000_000),
            },
            version: "0.1.0".to_owned(),
            environment: r#"{"governor":"performance","numa_nodes":"0"}"#.to_owned(),
            cases: (0..self.cases)
                .map(|case| case_record(case, share))
                .collect(),
        }
    }
}

/// How far a night is in the year, 0 to 1.
fn share(night: u64, nights: u64) -> f64 {
    night as f64 / nights.saturating_sub(1).max(1) as f64
}

const SHAPES: [(&str, &str, f64); 5] = [
    ("tg128", "ms_per_token", 47.0),
    ("pp512", "prefill_ms_per_token", 2.4),
    ("tg64@d2048", "ms_per_token", 52.0),
    ("tg64x4-warm", "total_ms_per_token", 17.5),
    ("tg128-warm", "ms_per_token", 46.0),
];
const PROFILES: [&str; 4] = [
    "coder",
    "algorithm",
    "router",
    "translator-of-long-documents",
];

/// The case that becomes slower after three quarters of the nights.
pub(crate) const SLOWER: usize = 0;
/// The one that becomes faster after half of them.
pub(crate) const FASTER: usize = 2;
/// The one that fails in the last night.
pub(crate) const BROKEN: usize = 6;

pub(crate) fn case_name(case: usize) -> String {
    let profile = PROFILES[case / SHAPES.len() % PROFILES.len()];
    format!("{profile}/{}", SHAPES[case % SHAPES.len()].0)
}

fn case_record(case: usize, share: f64) -> CaseRecord {
    let (_, measure, base_ms) = SHAPES[case % SHAPES.len()];
    let arm = |label: &str, build: &str, json: &str, hash: &str| ArmRecord {
        label: label.to_owned(),
        build: build.to_owned(),
        model: ModelFacts {
            fingerprint: "fedcba9876543210".to_owned(),
            path: "/models/coder.gguf".to_owned(),
            name: Some("Qwen2.5 Coder 1.5B Instruct".to_owned()),
            architecture: "qwen2".to_owned(),
            quantization: Some("Q4_K_M".to_owned()),
            file_bytes: 986_000_000,
        },
        settings: Settings {
            hash: hash.to_owned(),
            json: json.to_owned(),
        },
        args: "[]".to_owned(),
    };
    let build = ["b11434", "b11502", "b11760", "b12001"][((share * 4.0) as usize).min(3)];
    let faster = case == FASTER && share >= 0.5;
    let (json, hash) = if faster {
        (
            r#"{"backend":"completion","batch":512,"threads":8}"#,
            "00000000000000aa",
        )
    } else {
        (
            r#"{"backend":"completion","batch":512,"threads":4}"#,
            "00000000000000bb",
        )
    };
    CaseRecord {
        name: case_name(case),
        profile: PROFILES[case / SHAPES.len() % PROFILES.len()].to_owned(),
        measure: measure.to_owned(),
        base: arm(
            "anchor of 2025-11-19",
            "b11434",
            r#"{"backend":"completion","batch":512,"threads":4}"#,
            "00000000000000bb",
        ),
        candidate: arm("today", build, json, hash),
        limit_ms: (measure == "ms_per_token").then_some(base_ms * 0.71),
    }
}

/// What a case came to in a night.
struct Figures {
    case: usize,
    base_ms: f64,
    ratio: RatioRecord,
    peak_rss_bytes: u64,
    is_broken: bool,
}

impl Figures {
    fn finding(&self, night: &NightRecord) -> FindingRecord {
        let ratio = self.ratio;
        let slower = ratio.low > 1.0 && ratio.ratio > 1.02;
        let faster = ratio.high < 1.0 && ratio.ratio < 0.98;
        let is_wide = ratio.high - ratio.low > 0.05;
        let (verdict, why) = match () {
            () if self.is_broken => ("broken", Some("llama.cpp crashed: SIGABRT")),
            () if slower => ("slower", None),
            () if faster => ("faster", None),
            () if is_wide => (
                "inconclusive",
                Some("the interval is wider than the smallest effect"),
            ),
            () => ("same", None),
        };
        let measured = !self.is_broken;
        FindingRecord {
            verdict: verdict.to_owned(),
            why: why.map(str::to_owned),
            ratio: measured.then_some(ratio),
            base_ms: Some(self.base_ms),
            candidate_ms: measured.then_some(self.base_ms * ratio.ratio),
            peak_rss_bytes: measured.then_some(self.peak_rss_bytes),
            since_unix_ms: slower.then_some(night.started_unix_ms),
        }
    }
}

/// A machine that does other things as well.
struct Machine {
    random: Rng,
    load: f64,
    restless: bool,
}

impl Machine {
    /// About normally distributed.
    fn noise(&mut self, deviation: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.random.f64()).sum();
        (sum - 6.0) * deviation
    }

    fn ratio(&mut self, truth: f64) -> RatioRecord {
        let ratio = truth * (1.0 + self.noise(0.005));
        // One night in forty is a loud one.
        let width = if self.random.u8(..40) == 0 {
            0.03
        } else {
            0.008
        };
        let (below, above) = (self.random.f64() * width, self.random.f64() * width);
        RatioRecord {
            pairs: PAIRS.into(),
            ratio,
            low: ratio - below - 0.002,
            high: ratio + above + 0.002,
            p_value: 0.01,
        }
    }

    fn figures(&mut self, case: usize, share: f64) -> Figures {
        self.load = 0.7 * self.load + self.noise(0.01);
        let base_ms =
            SHAPES[case % SHAPES.len()].2 * (1.0 + case as f64 / 40.0) * (1.0 + self.load);
        let truth = match case {
            SLOWER if share >= 0.75 => 1.061,
            FASTER if share >= 0.5 => 0.955,
            // Too slowly for any single night.
            4 => 1.0 + 0.018 * share,
            _ if self.restless && share > 0.66 => 1.04,
            _ if self.restless && share > 0.33 => 0.97,
            _ => 1.0,
        };
        Figures {
            case,
            base_ms,
            ratio: self.ratio(truth),
            peak_rss_bytes: 1_120_000_000
                + (share * 3.999) as u64 * 9_000_000
                + self.random.u64(..400_000),
            is_broken: case == BROKEN && share >= 1.0,
        }
    }

    fn trial(&mut self, trial: &Trial, figures: &Figures, started: u64) -> TrialRecord {
        let is_candidate = trial.arm == Arm::Candidate;
        let truth = figures.base_ms
            * if is_candidate {
                figures.ratio.ratio
            } else {
                1.0
            };
        let ms = truth * (1.0 + self.noise(0.006));
        let failed = is_candidate && figures.is_broken;
        let generates = SHAPES[figures.case % SHAPES.len()].1 != "prefill_ms_per_token";
        let gaps: Vec<f64> = (0..if generates { 128 } else { 0 })
            .map(|token| {
                let tail = if self.random.u8(..50) == 0 {
                    1.0 + self.random.f64() * 2.5
                } else {
                    1.0
                };
                ms * tail * (1.0 + self.noise(0.03)) + f64::from(token) * 0.01
            })
            .collect();
        let disturbed = trial.number == 31;
        TrialRecord {
            number: trial.number as u64,
            case: trial.case as u64,
            arm: if is_candidate { "candidate" } else { "base" }.to_owned(),
            role: match trial.role {
                Role::WarmUp => "warm_up",
                Role::Itself { second: false } => "itself",
                Role::Itself { second: true } => "itself_again",
                Role::Pair => "pair",
            }
            .to_owned(),
            round: trial.round.into(),
            started_unix_ms: started + trial.number as u64 * 9_000,
            took_ms: ms * 140.0,
            figure_ms: (!failed).then_some(ms),
            failure: failed.then(|| "llama.cpp crashed: SIGABRT".to_owned()),
            disturbed: disturbed.then(|| "the CPU was throttled".to_owned()),
            figures: TrialFigures {
                prompt_tokens: Some(512),
                cached_tokens: Some(0),
                generated_tokens: Some(gaps.len() as u64),
                load_ms: Some(301.5),
                ttft_ms: Some(410.25),
                prefill_ms: Some(100.5),
                ms_per_token: generates.then_some(ms),
                tpot_ms: generates.then_some(ms * 1.001),
                total_ms_per_token: None,
                gap_p50_ms: median(&gaps),
                gap_p95_ms: median(&gaps).map(|gap| gap * 1.04),
                gap_p99_ms: median(&gaps).map(|gap| gap * 1.9),
                gap_max_ms: gaps.iter().copied().reduce(f64::max),
                peak_rss_bytes: Some(figures.peak_rss_bytes),
            },
            gaps: if failed {
                GapCounts::default()
            } else {
                GapCounts::of(&gaps)
            },
        }
    }
}
