use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::profile::{Level, Source};
use crate::stats::simulation::SharedHost;

fn source(text: &str) -> Source {
    Source {
        name: "mine".to_owned(),
        origin: "suites/mine.toml".to_owned(),
        dir: PathBuf::from("/work/suites"),
        level: Level::User,
        text: Ok(text.to_owned()),
    }
}

fn suite(text: &str) -> Suite {
    super::read(&source(text), Some(Path::new("/home/me"))).expect("a suite")
}

fn mistakes(text: &str) -> String {
    let read = super::read(&source(text), None);
    read.expect_err("something is wrong").to_string()
}

#[test]
fn the_suites_in_the_binary_are_sound_and_can_find_something() {
    for (name, text) in BUILT_IN {
        let suite = suite(text);
        assert!(!suite.about.is_empty(), "{name}");
        let cases = suite.cases(&[], "coder");
        assert_eq!(
            cases.len(),
            suite.cases.len(),
            "{name}: two cases of one name"
        );
        assert!(suite.pairs >= least_pairs(cases.len()), "{name}");
    }
}

#[test]
fn a_suite_says_what_is_measured_of_whom() {
    let suite = suite(
        "pairs = 12\ntime_limit = '90m'\n\
         [against]\nllama_dir = 'old/bin'\n[against.settings]\nbatch = 128\n\
         [[case]]\nprofiles = ['b', 'a']\nprompt_tokens = 512\n\
         [[case]]\ngenerated_tokens = 64\ndepth = 2048\nparallel = 4\nstart = 'warm'\n\
         [[case]]\nprompts = '~/asked.txt'\nprofiles = ['a']\n",
    );
    assert_eq!((suite.pairs, suite.time_limit.as_secs()), (12, 5400));
    let against = suite.against.as_ref().expect("a second arm");
    assert_eq!(
        against.llama_dir.as_deref(),
        Some(Path::new("/work/suites/old/bin"))
    );
    assert_eq!(against.settings.len(), 1);
    let names = |instead: &[String]| -> Vec<String> {
        suite
            .cases(instead, "coder")
            .iter()
            .map(Case::name)
            .collect()
    };
    assert_eq!(
        names(&[]),
        [
            "b/pp512",
            "a/pp512",
            "a/asked-tg128",
            "coder/tg64@d2048x4-warm"
        ]
    );
    assert_eq!(
        names(&["z".to_owned()]),
        ["z/pp512", "z/tg64@d2048x4-warm", "z/asked-tg128"]
    );
    let measures = suite.cases.iter().map(|case| case.shape.measure());
    assert!(measures.eq([Measure::Prefill, Measure::Throughput, Measure::Decode]));
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_meant() {
    let found = mistakes(
        "pair = 3\n[[case]]\npromt_tokens = 5\nstart = 'wram'\n[against.settings]\nbach = 1\n",
    );
    assert_eq!(
        found,
        "suites/mine.toml:1:1: unknown key \"pair\"; did you mean \"pairs\"?\n\
         suites/mine.toml:3:1: unknown key \"promt_tokens\"; did you mean \"prompt_tokens\"?\n\
         suites/mine.toml:4:1: \"start\" must be one of \"cold\", \"warm\", not the text \"wram\"; did you mean \"warm\"?\n\
         suites/mine.toml:6:1: unknown key \"bach\"; did you mean \"batch\"?"
    );
    for (text, part) in [
        ("", "there is no case: write [[case]]"),
        ("case = 3", "there is no case"),
        ("[[cases]]\n", "did you mean \"case\"?"),
        ("against = 3\n[[case]]\n", "\"against\" is a table"),
        ("[against]\n[[case]]\n", "\"against\" says nothing"),
        (
            "[[case]]\nparallel = 2\ngenerated_tokens = 0\n",
            "give it \"generated_tokens\"",
        ),
        (
            "[[case]]\nprompts = 'a'\nprompt_tokens = 3\n",
            "leave one of them out",
        ),
        ("x = [", "suites/mine.toml:1:"),
    ] {
        assert!(mistakes(text).contains(part), "{text}: {}", mistakes(text));
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange_to_read(text in "\\PC{0,80}|(\\[\\[?case\\]?\\]?|against|=|'a'|[0-9]+|\n|\\[settings\\]|\\.){0,12}") {
        let _ = super::read(&source(&text), None);
    }

    #[test]
    fn a_night_measures_each_pair_once_side_by_side(cases in 1usize..6, pairs in 1u32..12, warm_up in 0u32..3, seed: u64) {
        let night = Night::new(cases, pairs, warm_up, Duration::MAX, seed);
        let trials = night.trials();
        prop_assert!(trials.iter().enumerate().all(|(at, trial)| trial.number == at));
        for (arm, case) in (0..cases).flat_map(|case| [(Arm::Base, case), (Arm::Candidate, case)]) {
            let of = |role| trials.iter().filter(move |one| (one.arm, one.case, one.role) == (arm, case, role)).count();
            prop_assert_eq!(of(Role::Pair), pairs as usize);
            prop_assert_eq!(of(Role::WarmUp), warm_up as usize);
        }
        // After the warm-up all trials come two by two, of one case and round.
        let (warm, rounds) = trials.split_at(2 * cases * warm_up as usize);
        prop_assert!(warm.iter().all(|trial| trial.role == Role::WarmUp));
        for two in rounds.chunks(2) {
            prop_assert_eq!((two[0].case, two[0].round), (two[1].case, two[1].round));
            prop_assert_ne!((two[0].arm, two[0].role), (two[1].arm, two[1].role));
        }
        let itself = rounds.iter().filter(|trial| matches!(trial.role, Role::Itself { .. }));
        prop_assert_eq!(itself.count(), 2 * pairs as usize);
        prop_assert!(rounds.windows(2).all(|two| two[0].round <= two[1].round));
    }

    #[test]
    fn a_night_goes_on_where_it_was_left(cases in 1usize..4, pairs in 1u32..6, seed: u64, left_at in 0usize..40, failing in prop::collection::btree_set(0usize..40, 0..6)) {
        let told = |number: usize| Told { took: Duration::from_secs(1), failed: failing.contains(&number) };
        let new = || Night::new(cases, pairs, 1, Duration::MAX, seed);
        let drive = |night: &mut Night, most: usize| -> Vec<usize> {
            let mut made = Vec::new();
            while let (Step::Measure(trial), true) = (night.next(Duration::ZERO), made.len() < most) {
                night.tell(trial.number, told(trial.number));
                made.push(trial.number);
            }
            made
        };
        let mut whole = new();
        let all = drive(&mut whole, usize::MAX);
        let mut first = new();
        let begun = drive(&mut first, left_at);
        let mut second = new();
        for number in &begun {
            second.tell(*number, told(*number));
        }
        let rest = drive(&mut second, usize::MAX);
        prop_assert_eq!([begun, rest].concat(), all.clone());
        let unique: BTreeSet<_> = all.iter().collect();
        prop_assert_eq!(unique.len(), all.len());
        prop_assert_eq!(whole.remaining(), 0);
        if failing.is_empty() {
            prop_assert_eq!(all.len(), whole.trials().len());
        }
    }

    #[test]
    fn a_judgement_does_not_depend_on_the_order_of_the_samples(seed: u64, rotate in 0usize..100) {
        let mut samples = night_of(&mut SharedHost::new(seed), &[1.0, 1.05], 8, seed);
        let one = judge(2, 8, &samples, 3);
        let length = samples.len();
        samples.rotate_left(rotate % length);
        prop_assert_eq!(judge(2, 8, &samples, 3), one);
    }
}

#[test]
fn what_fails_twice_is_left_out_with_its_other_half() {
    let mut night = Night::new(2, 5, 1, Duration::MAX, 7);
    let mut failed = 0;
    while let Step::Measure(trial) = night.next(Duration::ZERO) {
        let fails = (trial.case, trial.arm) == (0, Arm::Candidate);
        failed += usize::from(fails);
        night.tell(
            trial.number,
            Told {
                took: Duration::from_secs(60),
                failed: fails,
            },
        );
    }
    assert_eq!(failed, 2);
    assert!(night.given_up(0, Arm::Candidate) && !night.given_up(0, Arm::Base));
    assert!(!night.given_up(1, Arm::Base));
}

#[test]
fn nothing_is_begun_that_would_end_too_late() {
    let limit = Duration::from_secs(100);
    let mut night = Night::new(1, 10, 1, limit, 7);
    assert_eq!(night.left(Duration::ZERO), None);
    let mut now = Duration::ZERO;
    while let Step::Measure(trial) = night.next(now) {
        let took = Duration::from_secs(7);
        now += took;
        night.tell(
            trial.number,
            Told {
                took,
                failed: false,
            },
        );
    }
    assert_eq!(night.next(now), Step::Finished(Stop::TimeLimit));
    assert!(
        now <= limit && now > limit - Duration::from_secs(14),
        "{now:?}"
    );
}

/// A night of cases on a noisy machine, each slower than its base by a factor.
fn night_of(host: &mut SharedHost, slower: &[f64], pairs: u32, seed: u64) -> Vec<Sample> {
    let night = Night::new(slower.len(), pairs, 1, Duration::MAX, seed);
    let trials = night.trials().iter();
    trials
        .map(|trial| {
            let factor = match trial.arm {
                Arm::Base => 1.0,
                Arm::Candidate => slower[trial.case],
            };
            let quiet = 20.0 * f64::from(u32::try_from(trial.case).expect("few") + 1);
            Sample {
                case: trial.case,
                arm: trial.arm,
                role: trial.role,
                round: trial.round,
                figure: Ok(host.run(quiet * factor)),
                disturbed: None,
            }
        })
        .collect()
}

#[test]
fn a_slowdown_is_found_and_a_night_of_equals_raises_no_alarm() {
    let (mut found, mut alarms) = (0, 0);
    for seed in 0..100 {
        let mut host = SharedHost::new(seed);
        let samples = night_of(&mut host, &[1.0, 1.05, 1.0, 1.0], 10, seed);
        let judgement = judge(4, 10, &samples, seed);
        let regressions: Vec<bool> = judgement
            .cases
            .iter()
            .map(|case| case.verdict.is_regression())
            .collect();
        found += usize::from(regressions[1]);
        let equal = night_of(&mut host, &[1.0; 4], 10, seed + 1000);
        let judgement = judge(4, 10, &equal, seed);
        alarms += usize::from(
            judgement
                .cases
                .iter()
                .any(|case| case.verdict.is_regression()),
        );
    }
    println!("found {found} of 100, alarms {alarms} of 100");
    assert!(found >= 90 && alarms <= 3, "found {found}, alarms {alarms}");
}

fn quiet_pairs(pairs: u32, ratio: f64) -> Vec<Sample> {
    let night = Night::new(1, pairs, 0, Duration::MAX, 1);
    let trials = night.trials().iter();
    trials
        .map(|trial| Sample {
            case: 0,
            arm: trial.arm,
            role: trial.role,
            round: trial.round,
            figure: Ok(match trial.arm {
                Arm::Base => 10.0,
                Arm::Candidate => 10.0 * ratio,
            }),
            disturbed: None,
        })
        .collect()
}

fn verdict(samples: &[Sample], pairs: u32) -> Verdict {
    judge(1, pairs, samples, 1).cases[0].verdict.clone()
}

#[test]
fn a_disturbed_pair_is_dropped_and_a_disturbed_night_says_nothing() {
    let mut samples = quiet_pairs(10, 1.1);
    assert_eq!(verdict(&samples, 10), Verdict::Worse);
    let disturb = |samples: &mut Vec<Sample>, rounds: u32| {
        let halves = samples.iter_mut().filter(|one| one.role == Role::Pair);
        for one in halves.filter(|one| one.arm == Arm::Base && one.round < rounds) {
            one.disturbed = Some("the CPU was throttled".to_owned());
            one.figure = Ok(100.0);
        }
    };
    disturb(&mut samples, 2);
    let judgement = judge(1, 10, &samples, 1);
    let case = &judgement.cases[0];
    assert_eq!(
        (case.verdict.clone(), case.dropped.len()),
        (Verdict::Worse, 2)
    );
    assert_eq!(case.comparison.map(|found| found.pairs), Some(8));
    disturb(&mut samples, 6);
    assert_eq!(
        verdict(&samples, 10),
        Verdict::Inconclusive("4 pairs are left: the CPU was throttled".to_owned())
    );
    disturb(&mut samples, 10);
    assert_eq!(
        verdict(&samples, 10),
        Verdict::Unmeasured("the CPU was throttled".to_owned())
    );
}

#[test]
fn what_fails_where_the_base_does_not_is_broken() {
    let mut samples = quiet_pairs(10, 1.0);
    assert_eq!(verdict(&samples, 10), Verdict::Same);
    let halves = samples.iter_mut().filter(|one| one.arm == Arm::Candidate);
    for one in halves.take(2) {
        one.figure = Err("llama.cpp crashed: SIGSEGV".to_owned());
    }
    let broken = verdict(&samples, 10);
    assert!(broken.is_regression(), "{broken:?}");
    assert_eq!(broken.why(), Some("llama.cpp crashed: SIGSEGV"));
    // Where the base fails too, it says nothing of the candidate.
    for one in &mut samples {
        one.figure = Err("out of memory".to_owned());
    }
    assert!(!verdict(&samples, 10).is_regression());
}

#[test]
fn without_the_noise_nothing_is_called_slower() {
    let mut samples = quiet_pairs(10, 1.1);
    samples.retain(|one| one.role == Role::Pair);
    assert!(matches!(verdict(&samples, 10), Verdict::Inconclusive(_)));
}

#[test]
fn too_few_pairs_prove_nothing_and_say_how_many_would() {
    assert_eq!([1, 2, 6, 20].map(least_pairs), [6, 7, 8, 10]);
    let found = verdict(&quiet_pairs(4, 1.5), 4);
    assert_eq!(
        found,
        Verdict::Inconclusive("4 pairs prove nothing among 1 cases: 6 would".to_owned())
    );
}

#[test]
fn a_jump_has_a_date() {
    let night = |day: u64, ratio: f64, is_worse: bool| Past {
        started_unix_ms: day,
        ratio: ratio * (1.0 + 0.001 * f64::from(u32::try_from(day * 7 % 5).expect("small"))),
        is_worse,
    };
    let good = (0..20).map(|day| night(day, 1.0, false));
    // The first two nights after the jump did not find it for sure.
    let bad = (20..32).map(|day| night(day, 1.06, day >= 22));
    let nights: Vec<Past> = good.chain(bad).collect();
    assert_eq!(since(&nights, 1), Some(20));
    // Before the jump can be dated, the nights that found it tell.
    assert_eq!(since(&nights[..24], 1), Some(22));
    assert_eq!(since(&nights[..20], 1), None);
    assert_eq!(since(&[], 1), None);
}

#[test]
fn no_prompt_is_like_another() {
    let prompts: BTreeSet<String> = (0..200).map(|seed| synthetic(12, seed)).collect();
    assert_eq!(prompts.len(), 200);
    assert_eq!(synthetic(12, 3), synthetic(12, 3));
    assert_eq!(synthetic(7, 3).split(' ').count(), 7);
}

#[test]
fn a_verdict_is_read_from_its_own_words() {
    let why = || "a reason".to_owned();
    let all = [
        Verdict::Worse,
        Verdict::Better,
        Verdict::Same,
        Verdict::Inconclusive(why()),
        Verdict::Broken(why()),
        Verdict::Unmeasured(why()),
    ];
    for verdict in all {
        let read = Verdict::read(verdict.word(), verdict.why());
        assert_eq!(read, Some(verdict));
    }
    assert_eq!(Verdict::read("", None), None);
}
