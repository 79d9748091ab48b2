//! Nights of benchmarks.

use super::*;
use crate::history::nights::{TRIALS, cases_sql, nights_sql, trends_sql};
use proptest::prelude::*;

fn arm(label: &str) -> ArmRecord {
    ArmRecord {
        label: label.to_owned(),
        build: BUILD.to_owned(),
        model: run().model,
        settings: run().settings,
        args: r#"["-c","4096"]"#.to_owned(),
    }
}

fn night_of(suite: &str, cases: &[&str]) -> NightRecord {
    NightRecord {
        started_unix_ms: 1_795_000_000_000,
        suite: suite.to_owned(),
        seed: 77,
        plan: "00000000000000dd".to_owned(),
        pairs: 10,
        host: run().host,
        version: "0.1.0".to_owned(),
        environment: r#"{"governor":"performance"}"#.to_owned(),
        cases: cases
            .iter()
            .map(|name| CaseRecord {
                name: (*name).to_owned(),
                profile: "coder".to_owned(),
                measure: "ms_per_token".to_owned(),
                base: arm("anchor of 2026-11-02"),
                candidate: ArmRecord {
                    build: "b12000".to_owned(),
                    ..arm("b12000")
                },
                limit_ms: Some(31.5),
            })
            .collect(),
    }
}

/// A trial of which everything was measured.
fn trial(number: u64) -> TrialRecord {
    TrialRecord {
        number,
        case: 0,
        arm: "candidate".to_owned(),
        role: "pair".to_owned(),
        round: 3,
        started_unix_ms: 1_795_000_100_000,
        took_ms: 2_500.0,
        figure_ms: Some(48.25),
        failure: None,
        disturbed: Some("the CPU was throttled".to_owned()),
        figures: TrialFigures {
            prompt_tokens: Some(16),
            cached_tokens: Some(0),
            generated_tokens: Some(128),
            load_ms: Some(300.5),
            ttft_ms: Some(410.0),
            prefill_ms: Some(100.0),
            ms_per_token: Some(48.25),
            tpot_ms: Some(48.5),
            total_ms_per_token: Some(49.0),
            gap_p50_ms: Some(48.0),
            gap_p95_ms: Some(51.0),
            gap_p99_ms: Some(60.0),
            gap_max_ms: Some(71.0),
            peak_rss_bytes: Some(1 << 30),
        },
        gaps: GapCounts::of(&[48.0, 48.5, 60.0]),
    }
}

fn end(findings: usize) -> NightEnd {
    let ratio = RatioRecord {
        pairs: 10,
        ratio: 1.061,
        low: 1.042,
        high: 1.079,
        p_value: 0.002,
    };
    NightEnd {
        ended_unix_ms: 1_795_003_600_000,
        end: "done".to_owned(),
        itself: Some(ratio),
        smallest_effect: 0.02,
        findings: vec![
            FindingRecord {
                verdict: "slower".to_owned(),
                why: None,
                ratio: Some(ratio),
                base_ms: Some(45.5),
                candidate_ms: Some(48.25),
                peak_rss_bytes: Some(1 << 30),
                since_unix_ms: Some(1_794_000_000_000),
            };
            findings
        ],
    }
}

#[test]
fn a_night_comes_back_as_it_was() {
    let home = Home::new();
    let mut history = home.open();
    let night = night_of("nightly", &["coder/tg128", "coder/pp512"]);
    let id = history.begin_night(&night).expect("written");
    let unmeasured = TrialRecord {
        number: 1,
        arm: "base".to_owned(),
        role: "warm_up".to_owned(),
        failure: Some("llama.cpp crashed".to_owned()),
        ..TrialRecord::default()
    };
    // In whatever order they come.
    history.record_trial(id, &unmeasured).expect("written");
    history.record_trial(id, &trial(0)).expect("written");
    let under_way = history.night(id).expect("readable").expect("there");
    assert_eq!((&under_way.night, &under_way.end), (&night, &None));
    history.end_night(id, &end(2)).expect("written");
    let all = history.nights(&NightFilter::default()).expect("readable");
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].night, night);
    assert_eq!(all[0].end, Some(end(2)));
    let alone = history.nights_alone(&NightFilter::default());
    let without_cases = StoredNight {
        night: NightRecord {
            cases: Vec::new(),
            ..night
        },
        end: Some(end(0)),
        ..all[0].clone()
    };
    assert_eq!(alone.expect("readable"), [without_cases]);
    assert_eq!(
        history.trials(id).expect("readable"),
        [trial(0), unmeasured]
    );
    assert_eq!(history.night(id + 1).expect("readable"), None);
}

#[test]
fn what_was_not_found_is_null() {
    let home = Home::new();
    let mut history = home.open();
    let id = history
        .begin_night(&night_of("quick", &["coder/tg32"]))
        .expect("written");
    let nothing = NightEnd {
        end: "interrupted".to_owned(),
        findings: vec![FindingRecord {
            verdict: "not measured".to_owned(),
            why: Some("no pair was measured".to_owned()),
            candidate_ms: Some(f64::NAN),
            ..FindingRecord::default()
        }],
        ..NightEnd::default()
    };
    history.end_night(id, &nothing).expect("written");
    let mut expected = nothing;
    expected.findings[0].candidate_ms = None;
    let found = history.night(id).expect("readable").expect("there");
    assert_eq!(found.end, Some(expected));
}

#[test]
fn a_night_that_is_not_done_can_be_gone_on_with() {
    let home = Home::new();
    let mut history = home.open();
    let night = night_of("nightly", &["coder/tg128"]);
    let to_resume =
        |history: &mut History, plan: &str| history.night_to_resume(plan, HOST).expect("readable");
    assert_eq!(to_resume(&mut history, &night.plan), None);
    let id = history.begin_night(&night).expect("written");
    assert_eq!(to_resume(&mut history, &night.plan), Some(id));
    assert_eq!(to_resume(&mut history, "another"), None);
    let interrupted = NightEnd {
        end: "interrupted".to_owned(),
        ..end(1)
    };
    history.end_night(id, &interrupted).expect("written");
    assert_eq!(to_resume(&mut history, &night.plan), Some(id));
    history.end_night(id, &end(1)).expect("written");
    assert_eq!(to_resume(&mut history, &night.plan), None);
}

#[test]
fn a_trend_is_the_cases_of_all_nights_from_the_oldest_on() {
    let home = Home::new();
    let mut history = home.open();
    for day in 0..4 {
        let night = NightRecord {
            started_unix_ms: 1_795_000_000_000 + day * DAY_MS,
            ..night_of("nightly", &["coder/tg128", "coder/pp512"])
        };
        let id = history.begin_night(&night).expect("written");
        history.end_night(id, &end(2)).expect("written");
    }
    let mut trend = |filter: NightFilter| -> Vec<(u64, String)> {
        let cases = history.case_trends(&filter).expect("readable").into_iter();
        cases.map(|case| (case.night, case.case.name)).collect()
    };
    assert_eq!(trend(NightFilter::default()).len(), 8);
    let of_one = NightFilter {
        case: Some("coder/tg128".to_owned()),
        since_unix_ms: Some(1_795_000_000_000 + DAY_MS),
        ..NightFilter::default()
    };
    let name = || "coder/tg128".to_owned();
    assert_eq!(
        trend(of_one.clone()),
        [(2, name()), (3, name()), (4, name())]
    );
    let last = NightFilter {
        limit: Some(1),
        ..of_one
    };
    assert_eq!(trend(last), [(4, name())]);
    let other_host = NightFilter {
        host: Some("elsewhere".to_owned()),
        ..NightFilter::default()
    };
    assert_eq!(trend(other_host), []);
}

#[test]
fn pruning_runs_leaves_what_nights_refer_to() {
    let home = Home::new();
    let mut history = home.open();
    let night = night_of("nightly", &["coder/tg128"]);
    let id = history.begin_night(&night).expect("written");
    history.record(&run()).expect("written");
    let removed = history.prune(Retention::new(1, 0), u64::MAX / 2);
    assert_eq!(removed.expect("pruned"), 1);
    let found = history.night(id).expect("readable").expect("there");
    assert_eq!(found.night, night);
}

/// How much a year takes, and that what a report asks for is found by an index.
#[test]
fn a_year_of_nights_takes_less_than_100_mb() {
    let home = Home::new();
    let mut history = home.open();
    let names: Vec<String> = (0..20).map(|case| format!("coder/case{case}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let gaps: Vec<f64> = (0..128_u32).map(|i| 45.0 + f64::from(i % 13)).collect();
    let gaps = GapCounts::of(&gaps);
    let id = history
        .begin_night(&night_of("nightly", &names))
        .expect("written");
    // Ten pairs of twenty cases, their warm-up, and ten pairs of the base with itself.
    let trials = 20 * 2 * 11 + 2 * 10;
    for number in 0..trials {
        let trial = TrialRecord {
            gaps: gaps.clone(),
            ..trial(number)
        };
        history.record_trial(id, &trial).expect("written");
    }
    history.end_night(id, &end(20)).expect("written");
    history.close();
    let bytes = fs::metadata(home.path()).expect("there").len();
    println!(
        "a night of 20 cases: {bytes} bytes; 365 of them: {} MB",
        bytes * 365 / 1_000_000
    );
    assert!(bytes * 365 < 100_000_000, "{bytes}");
}

/// The statements themselves, as they are: of a year there are 365 nights, and 168 000 trials.
#[test]
fn whatever_is_asked_of_nights_is_found_by_an_index() {
    let home = Home::new();
    let history = home.open();
    let statements = [nights_sql(), cases_sql(), trends_sql(), TRIALS.to_owned()];
    for sql in statements {
        let explained = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = history.connection.prepare(&explained).expect("explained");
        let mut rows = statement.raw_query();
        let (mut searches, mut scans) = (0, Vec::new());
        while let Some(row) = rows.next().expect("explained") {
            let step: String = row.get("detail").expect("a text");
            searches += usize::from(step.starts_with("SEARCH"));
            // The nights themselves are few, and read from the latest on.
            if step.starts_with("SCAN") && !step.starts_with("SCAN nights") {
                scans.push(step);
            }
        }
        assert!(searches > 0, "{sql}");
        assert!(scans.is_empty(), "{sql}: {scans:?}");
    }
}

proptest! {
    /// Nothing is lost but what lies within a bucket.
    #[test]
    fn gaps_come_back_within_a_bucket(gaps in prop::collection::vec(0.01..50_000.0_f64, 0..200)) {
        let counts = GapCounts::of(&gaps);
        prop_assert_eq!(counts.total(), gaps.len() as u64);
        let mut twice = counts.clone();
        twice.add(&counts);
        prop_assert_eq!(twice.total(), 2 * counts.total());
        for gap in gaps {
            let near = |(start, end, _): (f64, f64, u32)| {
                start <= gap * (1.0 + 1e-9) && gap * (1.0 - 1e-9) <= end
            };
            prop_assert!(counts.buckets().any(near), "{}", gap);
        }
    }

    /// As the percentile of the gaps themselves, within half a bucket.
    #[test]
    fn percentiles_are_those_of_the_gaps(
        gaps in prop::collection::vec(0.02..50_000.0_f64, 1..200),
        share in 0.01..1.0_f64,
    ) {
        let exact = crate::stats::percentile(&gaps, share).expect("numbers");
        let counted = GapCounts::of(&gaps).percentile_ms(share).expect("gaps");
        prop_assert!((counted / exact - 1.0).abs() < 0.026, "{counted} {exact}");
    }
}
