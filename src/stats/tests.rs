use proptest::prelude::*;

use super::simulation::SharedHost;
use super::*;

/// Of so many nights, the share in which ten pairs find each of these.
fn rates<const N: usize>(slower: f64, findings: [Finding; N]) -> [f64; N] {
    const NIGHTS: u32 = 600;
    let found: Vec<Finding> = (0..u64::from(NIGHTS))
        .map(|night| {
            let pairs = SharedHost::new(night).night(10, slower);
            compare(&pairs, LEAST_EFFECT, night)
                .expect("comparable")
                .finding
        })
        .collect();
    findings.map(|wanted| {
        let times = found.iter().filter(|&&one| one == wanted).count();
        f64::from(u32::try_from(times).expect("few")) / f64::from(NIGHTS)
    })
}

#[test]
fn a_shared_host_raises_few_false_alarms() {
    let [worse, better] = rates(0.0, [Finding::Worse, Finding::Better]);
    eprintln!(
        "false alarms: {:.1} % worse, {:.1} % better",
        worse * 100.0,
        better * 100.0
    );
    assert!(worse + better <= 0.02, "{worse} {better}");
}

#[test]
fn ten_pairs_find_a_slowdown_of_a_twentieth() {
    let [worse, better] = rates(0.05, [Finding::Worse, Finding::Better]);
    eprintln!("power at +5 %: {:.1} %", worse * 100.0);
    assert!(worse >= 0.95, "{worse}");
    assert_eq!(better, 0.0);
}

#[test]
fn blocks_instead_of_pairs_would_raise_false_alarms() {
    // All runs of the one, then all of the other, compared by the very same test: what pairs are for.
    let nights = 200;
    let alarms = (0..nights).filter(|&night| {
        let mut host = SharedHost::new(night);
        let base: Vec<f64> = (0..10).map(|_| host.run(50.0)).collect();
        let pairs: Vec<Pair> = base
            .into_iter()
            .map(|base| Pair {
                base,
                candidate: host.run(50.0),
            })
            .collect();
        let found = compare(&pairs, LEAST_EFFECT, night).expect("comparable");
        matches!(found.finding, Finding::Worse | Finding::Better)
    });
    assert!(alarms.count() > 40);
}

#[test]
fn few_pairs_say_how_little_they_say() {
    let pair = |candidate| Pair {
        base: 100.0,
        candidate,
    };
    let three = [pair(110.0), pair(120.0), pair(105.0)];
    let found = compare(&three, LEAST_EFFECT, 1).expect("comparable");
    assert!((found.ratio - 1.10).abs() < 1e-9);
    assert!((found.interval.low - 1.05).abs() < 1e-9 && (found.interval.high - 1.20).abs() < 1e-9);
    assert!((found.interval.confidence - 0.75).abs() < 1e-12);
    // Two of the eight ways to fall on one side or the other.
    assert!((found.p_value - 0.25).abs() < 1e-12);
    assert_eq!(found.finding, Finding::Worse);
}

#[test]
fn findings_need_both_certainty_and_size() {
    let night = |candidate: &[f64]| {
        let pairs: Vec<Pair> = candidate
            .iter()
            .map(|&candidate| Pair {
                base: 1.0,
                candidate,
            })
            .collect();
        compare(&pairs, LEAST_EFFECT, 7)
            .expect("comparable")
            .finding
    };
    // Certain, and too small to matter.
    assert_eq!(
        night(&[1.010, 1.011, 1.012, 1.010, 1.011, 1.012, 1.011, 1.010]),
        Finding::Same
    );
    // Large, and uncertain.
    assert_eq!(
        night(&[1.2, 0.8, 1.3, 0.9, 1.25, 0.85, 1.1, 0.95]),
        Finding::Inconclusive
    );
    assert_eq!(
        night(&[1.05, 1.06, 1.04, 1.05, 1.07, 1.05, 1.06, 1.04]),
        Finding::Worse
    );
    assert_eq!(
        night(&[0.95, 0.94, 0.96, 0.95, 0.93, 0.95, 0.94, 0.96]),
        Finding::Better
    );
}

#[test]
fn what_cannot_be_compared_is_not() {
    let pair = |base, candidate| Pair { base, candidate };
    assert_eq!(compare(&[], LEAST_EFFECT, 1), None);
    for strange in [
        pair(0.0, 1.0),
        pair(1.0, -1.0),
        pair(f64::NAN, 1.0),
        pair(1.0, f64::INFINITY),
    ] {
        assert_eq!(compare(&[pair(1.0, 1.0), strange], LEAST_EFFECT, 1), None);
    }
    assert_eq!(median(&[]), None);
    assert_eq!(percentile(&[1.0, f64::NAN], 0.5), None);
}

#[test]
fn holm_adjusts_as_its_table_says() {
    // Computed by hand from Holm 1979: sorted times 4, 3, 2, 1, and never falling.
    let adjusted = adjusted(&[0.01, 0.04, 0.03, 0.005]);
    for (found, wanted) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert!((found - wanted).abs() < 1e-12, "{adjusted:?}");
    }
}

#[test]
fn of_many_cases_without_a_difference_none_is_found() {
    // Thirty cases a night, none of them different: alone, some would seem so.
    let nights = 60;
    let alarms = (0..nights).filter(|&night| {
        let mut host = SharedHost::new(1000 + night);
        let mut cases: Vec<Comparison> = (0..30)
            .map(|case| compare(&host.night(10, 0.0), LEAST_EFFECT, case).expect("comparable"))
            .collect();
        judge_together(&mut cases);
        let differs = |one: &Comparison| matches!(one.finding, Finding::Worse | Finding::Better);
        cases.iter().any(differs)
    });
    let alarms = alarms.count();
    assert!(alarms <= 6, "{alarms} of {nights} nights");
}

#[test]
fn the_noise_of_a_host_raises_what_counts_as_a_difference() {
    let pairs = SharedHost::new(3).night(10, 0.0);
    let quiet = compare(
        &[Pair {
            base: 1.0,
            candidate: 1.0,
        }; 10],
        LEAST_EFFECT,
        1,
    );
    let noisy = compare(&pairs, LEAST_EFFECT, 1).map(|mut found| {
        found.noise = 0.03;
        found
    });
    assert!((smallest_effect(quiet.as_ref()) - LEAST_EFFECT).abs() < 1e-12);
    assert!((smallest_effect(noisy.as_ref()) - 0.06).abs() < 1e-12);
    assert!((smallest_effect(None) - LEAST_EFFECT).abs() < 1e-12);
}

/// Ratios to an anchor, night by night, with a jump.
fn nights(seed: u64, levels: &[(usize, f64)]) -> Vec<f64> {
    let mut host = SharedHost::new(seed);
    let nights = levels
        .iter()
        .flat_map(|&(nights, level)| std::iter::repeat_n(level, nights));
    nights
        .map(|level| level * (0.01 * host.normal()).exp())
        .collect()
}

#[test]
fn a_jump_is_found_and_dated() {
    let mut near = 0;
    for seed in 0..20 {
        let found = change_points(&nights(seed, &[(20, 1.0), (15, 1.04)]), seed);
        assert!(!found.is_empty(), "{seed}");
        near += u32::from(found.iter().any(|change| change.at.abs_diff(20) <= 1));
    }
    assert!(near >= 18, "{near} of 20");
}

#[test]
fn two_jumps_are_two_changes_with_their_levels() {
    let found = change_points(&nights(5, &[(20, 1.0), (20, 1.1), (20, 0.95)]), 5);
    let at: Vec<usize> = found.iter().map(|change| change.at).collect();
    assert_eq!(at, [20, 40]);
    assert!((found[0].before - 1.0).abs() < 0.01 && (found[0].after - 1.1).abs() < 0.01);
    assert!((found[1].before - 1.1).abs() < 0.01 && (found[1].after - 0.95).abs() < 0.01);
}

#[test]
fn noise_alone_seldom_changes() {
    let alarms =
        (0..100).filter(|&seed| !change_points(&nights(seed, &[(40, 1.0)]), seed).is_empty());
    let alarms = alarms.count();
    eprintln!("change points in noise: {alarms} of 100 series");
    assert!(alarms <= 4, "{alarms}");
}

#[test]
fn a_short_series_has_no_change_and_missing_nights_do_no_harm() {
    assert_eq!(change_points(&[1.0, 1.0, 2.0, 2.0], 1), []);
    let mut series = nights(5, &[(20, 1.0), (20, 1.1)]);
    series[3] = f64::NAN;
    let at: Vec<usize> = change_points(&series, 5)
        .iter()
        .map(|change| change.at)
        .collect();
    assert_eq!(at, [20]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_median_lies_in_its_interval(values in prop::collection::vec(-1e6..1e6_f64, 1..40), seed in any::<u64>()) {
        let interval = interval_of_median(&values, seed).expect("numbers");
        let median = median(&values).expect("numbers");
        prop_assert!(interval.low <= median && median <= interval.high);
        prop_assert_eq!(interval_of_median(&values, seed), Some(interval));
    }

    #[test]
    fn who_is_slower_one_way_is_faster_the_other(
        pairs in prop::collection::vec((1.0..1e4_f64, 1.0..1e4_f64), 1..12), seed in any::<u64>(),
    ) {
        let there: Vec<Pair> = pairs.iter().map(|&(base, candidate)| Pair { base, candidate }).collect();
        let back: Vec<Pair> = pairs.iter().map(|&(candidate, base)| Pair { base, candidate }).collect();
        let there = compare(&there, LEAST_EFFECT, seed).expect("comparable");
        let back = compare(&back, LEAST_EFFECT, seed).expect("comparable");
        prop_assert!((there.ratio * back.ratio - 1.0).abs() < 1e-9);
        prop_assert!((there.p_value - back.p_value).abs() < 1e-9);
        prop_assert!(there.p_value > 0.0 && there.p_value <= 1.0);
    }

    #[test]
    fn adjusting_never_makes_a_p_value_smaller(p_values in prop::collection::vec(0.0..=1.0_f64, 0..20)) {
        for (before, after) in p_values.iter().zip(adjusted(&p_values)) {
            prop_assert!(*before <= after && after <= 1.0);
        }
    }

    #[test]
    fn changes_lie_within_and_apart(series in prop::collection::vec(-10.0..10.0_f64, 0..60), seed in any::<u64>()) {
        let at: Vec<usize> = change_points(&series, seed).iter().map(|change| change.at).collect();
        for pair in at.windows(2) {
            prop_assert!(pair[1] - pair[0] >= LEAST_SEGMENT);
        }
        prop_assert!(at.iter().all(|&at| at >= LEAST_SEGMENT && at + LEAST_SEGMENT <= series.len()));
    }
}
