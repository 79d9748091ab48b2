use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::*;
use crate::stats::simulation::SharedHost;

/// Long enough for any space of these tests.
const FOREVER: Duration = Duration::from_secs(100_000);
/// How long each trial takes here.
const TRIAL: Duration = Duration::from_secs(3);

/// A machine whose every setting has a cost of its own, and noise.
struct Machine {
    /// Factor of each option of each dimension.
    factors: Vec<Vec<f64>>,
    /// What the last option of the first dimension costs together with the last of the second.
    interaction: f64,
    host: SharedHost,
    now: Duration,
    /// A setting that fails.
    broken: Option<Place>,
    /// A setting that gives wrong answers.
    wrong: Option<Place>,
}

impl Machine {
    /// Three to five options in each of five dimensions; those of the first differ most.
    fn random(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let spread = [0.8, 0.3, 0.25, 0.2, 0.1];
        let factors = spread.map(|spread| {
            let options = random.usize(2..=5);
            let factor = |_| 1.0 + spread * random.f64();
            (0..options).map(factor).collect()
        });
        Self {
            factors: factors.into(),
            interaction: 1.0 + 0.05 * random.f64(),
            host: SharedHost::new(seed),
            now: Duration::ZERO,
            broken: None,
            wrong: None,
        }
    }

    /// All options alike.
    fn flat(seed: u64) -> Self {
        let mut machine = Self::random(seed);
        machine.interaction = 1.0;
        for factor in machine.factors.iter_mut().flatten() {
            *factor = 1.0;
        }
        machine
    }

    fn space(&self) -> Space {
        let dimensions = self
            .factors
            .iter()
            .enumerate()
            .map(|(at, options)| Dimension {
                name: format!("d{at}"),
                options: (0..options.len())
                    .map(|option| option.to_string())
                    .collect(),
            });
        let default = Setting(vec![0; self.factors.len()]);
        Space {
            dimensions: dimensions.collect(),
            conflicts: Vec::new(),
            start: default.clone(),
            default,
            important: 2,
        }
    }

    fn quiet(&self, setting: &Setting) -> f64 {
        let factors = setting.0.iter().zip(&self.factors);
        let cost: f64 = factors.map(|(option, of)| of[*option]).product();
        let last = |at: usize| setting.0[at] + 1 == self.factors[at].len();
        40.0 * cost
            * if last(0) && last(1) {
                self.interaction
            } else {
                1.0
            }
    }

    fn best(&self) -> f64 {
        let mut settings = vec![Setting(Vec::new())];
        for options in &self.factors {
            let longer = settings.iter().flat_map(|setting| {
                (0..options.len()).map(|option| {
                    let mut longer = setting.clone();
                    longer.0.push(option);
                    longer
                })
            });
            settings = longer.collect();
        }
        let costs = settings
            .iter()
            .filter(|one| !self.is_at(one, self.broken) && !self.is_at(one, self.wrong));
        costs
            .map(|one| self.quiet(one))
            .fold(f64::INFINITY, f64::min)
    }

    fn is_at(&self, setting: &Setting, place: Option<Place>) -> bool {
        place.is_some_and(|(dimension, option)| setting.0[dimension] == option)
    }

    /// Does one step; whether there was one.
    fn step(&mut self, search: &mut Search) -> bool {
        match search.next(self.now) {
            Step::Finished => return false,
            Step::Guard(setting) => {
                let wrong = self.is_at(&setting, self.wrong);
                search.guarded(if wrong {
                    Err("other".to_owned())
                } else {
                    Ok(())
                });
            }
            Step::Measure(trial) => {
                self.now += TRIAL;
                if self.is_at(&trial.setting, self.broken) {
                    search.failed("hung".to_owned());
                } else {
                    let cost = self.host.run(self.quiet(&trial.setting));
                    search.measured(self.now, cost);
                }
            }
        }
        true
    }

    /// Searches to the end, or to so many steps.
    fn search(&mut self, space: Space, budget: Duration, seed: u64, steps: usize) -> Search {
        let mut search = Search::new(space, Terms { budget, seed });
        for _ in 0..steps {
            if !self.step(&mut search) {
                break;
            }
        }
        search
    }

    fn found(&mut self, budget: Duration, seed: u64) -> Outcome {
        let space = self.space();
        self.search(space, budget, seed, usize::MAX).outcome()
    }
}

#[test]
fn comes_near_the_best_of_the_grid() {
    let machines: u32 = 300;
    let (mut near, mut trials) = (0, Duration::ZERO);
    for seed in 0..u64::from(machines) {
        let mut machine = Machine::random(seed);
        let found = machine.found(FOREVER, seed);
        let share = machine.best() / machine.quiet(&found.standing);
        near += u32::from(share >= 0.95);
        trials += machine.now;
    }
    eprintln!(
        "within 5 % of the best: {near} of {machines} machines, {:.0} trials each",
        (trials / machines).as_secs_f64() / TRIAL.as_secs_f64()
    );
    assert!(near * 100 >= machines * 95, "{near} of {machines}");
}

#[test]
fn nothing_worse_than_the_default_is_ever_confirmed() {
    for seed in 150..250 {
        let mut machine = Machine::random(seed);
        let found = machine.found(FOREVER, seed);
        let default = machine.quiet(&machine.space().default);
        let standing = machine.quiet(&found.standing);
        assert!(standing <= default, "{seed}: {standing} {default}");
    }
}

#[test]
fn where_nothing_differs_nothing_is_confirmed() {
    let confirmed = (0..200).filter(|&seed| {
        let found = Machine::flat(seed).found(FOREVER, seed);
        found.accepted.is_some()
    });
    let confirmed = confirmed.count();
    eprintln!("confirmed without a difference: {confirmed} of 200 machines");
    assert!(confirmed <= 4, "{confirmed}");
}

#[test]
fn what_stands_today_is_not_replaced_by_something_worse() {
    for seed in 0..60 {
        let mut machine = Machine::random(seed);
        let mut space = machine.space();
        space.start = space.default.with(0, 1).with(3, 1);
        let before = machine.quiet(&space.start);
        let found = machine
            .search(space.clone(), FOREVER, seed, usize::MAX)
            .outcome();
        let after = machine.quiet(&found.standing);
        assert!(after <= before, "{seed}: {after} {before}");
        assert_eq!(found.accepted.is_some(), found.standing != space.start);
    }
}

#[test]
fn a_budget_is_kept_and_what_was_left_out_is_said() {
    for (seed, minutes) in [(1, 1), (2, 3), (3, 5), (4, 8)] {
        let mut machine = Machine::random(seed);
        let budget = Duration::from_secs(60 * minutes);
        let found = machine.found(budget, seed);
        assert!(machine.now <= budget + TRIAL, "{seed}: {:?}", machine.now);
        let space = machine.space();
        for (dimension, varied) in space.dimensions.iter().enumerate() {
            let told = |option: usize| {
                let left_out =
                    |one: &LeftOut| one.dimension == dimension && one.options.contains(&option);
                let tried = |one: &Tried| (one.dimension, one.option) == (dimension, option);
                found.left_out.iter().any(left_out) || found.tried.iter().any(tried)
            };
            assert!((0..varied.options.len()).all(told), "{seed}: {found:?}");
        }
        if minutes == 1 {
            assert!(!found.left_out.is_empty());
        }
    }
}

#[test]
fn what_fails_or_answers_wrongly_is_never_chosen() {
    for seed in 0..40 {
        let mut machine = Machine::random(seed);
        // The fastest options of two dimensions, where they are not the default's own.
        let fastest = |options: &[f64]| {
            let order = options.iter().enumerate().skip(1);
            order
                .min_by(|a, b| a.1.total_cmp(b.1))
                .map_or(1, |(at, _)| at)
        };
        machine.broken = Some((0, fastest(&machine.factors[0])));
        machine.wrong = Some((2, fastest(&machine.factors[2])));
        let found = machine.found(FOREVER, seed);
        assert!(!machine.is_at(&found.standing, machine.broken), "{seed}");
        assert!(!machine.is_at(&found.standing, machine.wrong), "{seed}");
        let failed = found
            .tried
            .iter()
            .filter(|one| matches!(one.verdict, Verdict::Failed(_)));
        assert_eq!(failed.count(), 1, "{seed}");
    }
}

#[test]
fn a_default_that_fails_ends_it_with_the_reason() {
    let mut machine = Machine::random(1);
    machine.broken = Some((0, 0));
    let found = machine.found(FOREVER, 1);
    assert_eq!(found.unusable.as_deref(), Some("hung"));
    assert_eq!(found.left_out.len(), machine.factors.len());
    assert_eq!(found.standing, machine.space().start);
}

#[test]
fn options_that_exclude_each_other_do_not_meet() {
    for seed in 0..20 {
        let mut machine = Machine::random(seed);
        let mut space = machine.space();
        space.conflicts.push([(0, 1), (1, 1)]);
        let mut search = Search::new(
            space.clone(),
            Terms {
                budget: FOREVER,
                seed,
            },
        );
        loop {
            if let Step::Measure(trial) = search.next(machine.now) {
                assert!(space.allows(&trial.setting));
            }
            if !machine.step(&mut search) {
                break;
            }
        }
    }
}

#[test]
fn a_machine_that_changes_discards_what_was_measured_meanwhile() {
    let mut machine = Machine::flat(7);
    let mut search = Search::new(
        machine.space(),
        Terms {
            budget: FOREVER,
            seed: 7,
        },
    );
    // The first trials on a machine at half its speed, which it regains.
    for _ in 0..4 {
        search.next(machine.now);
        machine.now += TRIAL;
        search.measured(machine.now, 80.0);
    }
    let mut looks = 0;
    while search.outcome().discarded == 0 {
        search.next(machine.now);
        machine.now += TRIAL;
        search.measured(machine.now, 40.0);
        looks += 1;
    }
    // The trials up to the next anchor, the anchor, and a second look at it.
    assert!(looks <= 4, "{looks}");
    assert!(search.outcome().discarded >= 3);
}

#[test]
fn a_trial_is_given_up_after_several_times_what_is_usual() {
    let mut machine = Machine::random(1);
    let mut search = Search::new(
        machine.space(),
        Terms {
            budget: FOREVER,
            seed: 1,
        },
    );
    let patience = |search: &mut Search, now| match search.next(now) {
        Step::Measure(trial) => trial.patience,
        step => panic!("{step:?}"),
    };
    assert_eq!(patience(&mut search, machine.now), None);
    machine.step(&mut search);
    assert_eq!(patience(&mut search, machine.now), Some(TRIAL * 5));
    assert_eq!(search.usual(), Some(TRIAL));
    assert!(search.left(machine.now) > TRIAL * 30);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Ctrl-C at any point keeps the best that was confirmed, and never anything else.
    #[test]
    fn whenever_it_ends_it_keeps_what_was_confirmed(seed in any::<u64>(), steps in 0_usize..400) {
        let mut machine = Machine::random(seed);
        let space = machine.space();
        let found = machine.search(space.clone(), FOREVER, seed, steps).outcome();
        match &found.accepted {
            Some(confirmation) => {
                prop_assert_eq!(&found.standing, &confirmation.candidate);
                prop_assert!(confirmation.is_better());
            }
            None => prop_assert_eq!(&found.standing, &space.start),
        }
    }

    /// It ends, whatever is measured.
    #[test]
    fn any_costs_come_to_an_end(seed in any::<u64>(), costs in prop::collection::vec(prop_oneof![
        1.0..100.0_f64, Just(0.0), Just(-1.0), Just(f64::NAN), Just(f64::INFINITY)], 1..50)) {
        let space = Machine::random(seed).space();
        let mut search = Search::new(space, Terms { budget: FOREVER, seed });
        let mut now = Duration::ZERO;
        for cost in costs.iter().cycle().take(5000) {
            now += TRIAL;
            match search.next(now) {
                Step::Finished => break,
                Step::Guard(_) => search.guarded(Ok(())),
                Step::Measure(_) => search.measured(now, *cost),
            }
            let _ = search.outcome();
        }
        prop_assert_eq!(search.next(now), Step::Finished);
    }
}
