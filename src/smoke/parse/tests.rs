use std::time::Duration;

use proptest::prelude::*;

use super::parse;
use crate::dialect::Program;
use crate::smoke::{Act, Case, Disturbance, During, Generate, Model, Profiles, Task};

fn read(text: &str) -> Case {
    parse("name", "smoke/name.toml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn generate(case: Case) -> Generate {
    match case.task {
        Task::Generate(generate) => *generate,
        Task::Arguments(_) => panic!("no generation"),
    }
}

/// The problems, one per line.
fn wrong(text: &str) -> String {
    match parse("name", "x.toml", text) {
        Ok(case) => panic!("it was read: {case:?}"),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn a_case_is_what_its_file_says() {
    let case = read(
        r#"
        about = "ends"
        program = "server"
        model = "endless"
        prompt = "ab"
        prompt_times = 3
        freeze = "decode"
        [settings]
        max_tokens = 8
        sampling.temperature = 0.5
        stop = ["x"]
        [expect]
        end = ["eos", "limit"]
        exit = 125
        text_matches = "^a+$"
        tokens = 8
        within_s = 2.5
        streams = true
        [[again]]
        [[again]]
        text = "other"
        settings.seed = 2
        "#,
    );
    assert_eq!((&*case.name, &*case.about), ("name", "ends"));
    assert_eq!(case.programs, Some(vec![Program::Server]));
    let generate = generate(case);
    assert_eq!(
        (generate.model, &*generate.prompt),
        (Model::Endless, "ababab")
    );
    assert_eq!(
        generate.disturbance,
        Some(Disturbance {
            act: Act::Freeze,
            phase: During::Decode
        })
    );
    assert_eq!(generate.settings.len(), 3);
    let expect = &generate.expect;
    assert_eq!(expect.end, ["eos", "limit"]);
    assert_eq!((expect.exit, expect.tokens), (125, Some(8)));
    assert_eq!(expect.within, Some(Duration::from_millis(2500)));
    assert!(expect.streams && !expect.timings_add_up);
    assert!(
        expect
            .text_matches
            .as_ref()
            .is_some_and(|regex| regex.is_match("aa"))
    );
    let again: Vec<_> = generate.again.iter().map(|one| one.same_text).collect();
    assert_eq!(again, [true, false]);
}

#[test]
fn what_is_not_said_is_the_usual() {
    let case = read("about = \"x\"");
    assert_eq!(
        case.programs,
        Some(vec![Program::Completion, Program::Server])
    );
    let generate = generate(case);
    assert_eq!(generate.model, Model::Demo);
    assert_eq!(generate.expect.exit, 0);
    let own = read("about = \"x\"\nmodel = \"profile\"");
    assert_eq!(own.programs, None, "the profile says it");
    let arguments = read("about = \"x\"\narguments_of = \"all\"");
    assert!(matches!(arguments.task, Task::Arguments(Profiles::All)));
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_was_meant() {
    let text = "about = \"x\"\nprogramm = \"both\"\nmodel = \"demos\"\n[expect]\nend = [\"eos\", \"limt\"]\n\
                tokens = -1\ntext_matches = \"(\"\nwithin_s = 0\n[[again]]\ntxt = 1\n";
    assert_eq!(
        wrong(text),
        "x.toml:2:1: unknown key \"programm\"; did you mean \"program\"?\n\
         x.toml:3:9: \"model\" must be one of \"demo\", \"corrupt\", \"endless\", \"profile\", not \"demos\"; \
         did you mean \"demo\"?\n\
         x.toml:5:15: \"expect.end\" must be one of \"eos\", \"stop\", \"limit\", \"context\", \"budget\", \
         \"stalled\", \"looping\", \"waiting_for_input\", \"interrupted\", \"crashed\", \"refused\", not \
         \"limt\"; did you mean \"limit\"?\n\
         x.toml:6:1: \"expect.tokens\" must be a whole number from 0 to 4294967295, not -1\n\
         x.toml:7:1: \"expect.text_matches\" is no regular expression: unclosed group\n\
         x.toml:8:1: \"expect.within_s\" must be a number above 0, not 0\n\
         x.toml:10:1: unknown key \"again.txt\"; did you mean \"text\"?"
    );
}

#[test]
fn what_cannot_go_together_is_told() {
    assert_eq!(
        wrong("prompt = \"x\""),
        "x.toml:1:1: \"about\" is missing: say in one line what must be true"
    );
    assert_eq!(
        wrong("about = \"x\"\nfreeze = \"load\"\ninterrupt = \"load\""),
        "x.toml:3:1: \"interrupt\" cannot stand beside \"freeze\": write a case for each"
    );
    assert_eq!(
        wrong("about = \"x\"\narguments_of = \"all\"\n[expect]\nexit = 0"),
        "x.toml:3:2: \"expect\" has no meaning with \"arguments_of\", which starts nothing"
    );
    assert!(wrong("about = \"x\"\nsettings = 3").contains("x.toml:2:1: \"settings\" is a table"));
    assert!(wrong("about = \"x\"\nagain = 3").contains("is a list of tables: write [[again]]"));
    assert!(wrong("about = \"x").starts_with("x.toml:1:"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse("x", "x.toml", &text);
    }

    /// Nor do values that stand where others belong.
    #[test]
    fn no_value_makes_it_panic(
        key in prop::sample::select(super::KEYS.to_vec()),
        value in prop::sample::select(vec!["1", "-1", "nan", "1e400", "true", "\"x\"", "[]", "[1]", "{}", "[{}]", "{ a = { b = 1 } }", "2026-11-24"]),
    ) {
        let _ = parse("x", "x.toml", &format!("about = \"x\"\n{key} = {value}\n"));
        let _ = parse("x", "x.toml", &format!("about = \"x\"\n[expect]\n{key} = {value}\n"));
    }

    /// Whatever is wrong with a word, its place is told.
    #[test]
    fn a_mistake_has_its_line(before in 0_usize..20, word in "[a-z]{1,8}") {
        prop_assume!(!["demo", "corrupt", "endless", "profile"].contains(&&*word));
        let text = format!("about = \"x\"\n{}model = \"{word}\"", "\n".repeat(before));
        let told = wrong(&text);
        let place = format!("x.toml:{}:9: ", before + 2);
        prop_assert!(told.starts_with(&place), "{}", told);
    }
}
