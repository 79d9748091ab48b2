//! What can be varied, on machines of several sizes.

use std::collections::BTreeSet;

use super::Objective;
use super::knobs::{Givens, Knobs};
use crate::dialect::{Capabilities, Program};
use crate::profile::{Bases, KvType, Level, Profile, ProfileSet, Source, Threads};
use crate::search::Setting;

const VERSION: &str = include_str!("../../tests/data/help/llama-completion-b11434.version.txt");
const HELP: &str = include_str!("../../tests/data/help/llama-completion-b11434.help.txt");

fn profile() -> Profile {
    let source = Source {
        name: "it".to_owned(),
        level: Level::User,
        origin: "it.toml".to_owned(),
        text: Ok("model = \"/m.gguf\"".to_owned()),
        dir: "/".into(),
    };
    let set = ProfileSet::new(vec![source], Bases::default());
    set.resolve("it", &[]).expect("a profile").profile
}

/// The knobs on a machine with so many CPUs, of which llama.cpp would take so many, where the user has set
/// these keys.
fn knobs(cpus: u32, default_threads: u32, own: &[&str], objective: Objective) -> Knobs {
    let own: BTreeSet<String> = own.iter().map(|&key| key.to_owned()).collect();
    Knobs::new(&Givens {
        profile: &profile(),
        own: &own,
        objective,
        cpus,
        default_threads,
        depth: 256,
        capabilities: &Capabilities::parse(Program::Completion, VERSION, HELP),
        has_server: true,
        speculation: false,
    })
}

/// The options of a dimension.
fn options(knobs: &Knobs, name: &str) -> Vec<String> {
    let space = knobs.space();
    let found = space.dimensions.into_iter().find(|one| one.name == name);
    found.map(|one| one.options).unwrap_or_default()
}

#[test]
fn threads_are_tried_in_quarters_of_what_may_be_used() {
    let threads =
        |cpus, default| options(&knobs(cpus, default, &[], Objective::Balanced), "threads");
    assert_eq!(threads(8, 8), ["8", "1", "2", "4", "6"]);
    // Two threads on each core: llama.cpp counts cores, and all CPUs may be better.
    assert_eq!(threads(8, 4), ["4", "1", "2", "6", "8"]);
    // One CPU of two is ours: llama.cpp's own default would wait for itself.
    assert_eq!(threads(1, 2), ["2", "1"]);
}

#[test]
fn what_the_user_has_set_is_not_varied_and_said() {
    let knobs = knobs(8, 8, &["threads", "batch"], Objective::Balanced);
    assert!(options(&knobs, "threads").is_empty());
    assert!(options(&knobs, "micro-batch").is_empty());
    assert!(!options(&knobs, "batch threads").is_empty());
    assert_eq!(
        knobs.fixed,
        [
            "threads: \"threads\" is set by you",
            "micro-batch: \"batch\" is set by you"
        ]
    );
}

#[test]
fn an_objective_leaves_out_what_cannot_help_it() {
    let of = |objective| {
        let space = knobs(8, 8, &[], objective).space();
        space.dimensions.into_iter().map(|one| one.name).collect()
    };
    let throughput: Vec<String> = of(Objective::Throughput);
    assert!(!throughput.contains(&"batch threads".to_owned()));
    let prefill: Vec<String> = of(Objective::Prefill);
    assert!(!prefill.contains(&"threads".to_owned()));
    let latency: Vec<String> = of(Objective::Latency);
    assert!(latency.contains(&"loading".to_owned()));
}

#[test]
fn the_first_option_of_each_is_what_llama_cpp_does_by_itself() {
    let knobs = knobs(8, 4, &[], Objective::Balanced);
    let space = knobs.space();
    let default = knobs.apply(&space.default, &profile());
    assert_eq!(default.threads, Threads::Count(4));
    assert_eq!((default.batch, default.micro_batch), (2048, 512));
    assert_eq!(knobs.words(&space.default), "llama.cpp's defaults");
    // And what is used today is among them.
    let today = knobs.apply(&space.start, &profile());
    assert_eq!((today.batch, today.micro_batch), (256, 256));
}

#[test]
fn a_quantised_cache_is_never_tried_without_flash_attention() {
    let knobs = knobs(8, 8, &[], Objective::Balanced);
    let space = knobs.space();
    let is_allowed = |setting: &Setting| {
        let at = |place: &(usize, usize)| setting.0[place.0] == place.1;
        !space.conflicts.iter().any(|pair| pair.iter().all(at))
    };
    let place = |name: &str, option: &str| {
        let found = space.dimensions.iter().position(|one| one.name == name);
        let at = found.expect("varied");
        let options = &space.dimensions[at].options;
        let option = options.iter().position(|one| one == option);
        (at, option.expect("an option"))
    };
    let (off, quantised) = (place("flash attention", "off"), place("KV type", "q8_0"));
    let both = space
        .default
        .with(off.0, off.1)
        .with(quantised.0, quantised.1);
    assert!(!is_allowed(&both));
    assert!(is_allowed(&space.default.with(quantised.0, quantised.1)));
    let profile = knobs.apply(&both, &profile());
    assert_eq!(profile.kv_type_k, KvType::Q8_0);
}
