//! The exact text of every kind of mistake.

use super::{message, project, set, source};
use crate::exit::Exit;
use crate::profile::{Config, Level, Override};

#[test]
fn wrong_configuration_is_told_like_a_wrong_profile() {
    let text = "memory_buget = \"1 GB\"\nmemory_budget = 8000\nllama_dir = 3";
    let error = Config::read(vec![source("c", Level::Project, text)], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "profiles/c.toml:1:1: unknown key \"memory_buget\"; did you mean \"memory_budget\"?\n\
         profiles/c.toml:2:1: \"memory_budget\" must be at least 1 MB, not 8 kB: give it a unit, such as \"8000 MB\"\n\
         profiles/c.toml:3:1: \"llama_dir\" must be one line of text, not 3"
    );
}

#[test]
fn messages_name_place_key_and_remedy() {
    let base = "model = \"demo\"\n";
    for (text, expected) in [
        (
            "contxt = 1",
            ":2:1: unknown key \"contxt\"; did you mean \"context\"?",
        ),
        (
            "n_predict = 1",
            ":2:1: unknown key \"n_predict\"; did you mean \"max_tokens\"?",
        ),
        (
            "temperature = 0.2",
            ":2:1: unknown key \"temperature\"; did you mean \"sampling.temperature\"?",
        ),
        (
            "[sampling]\n temprature = 0",
            ":3:2: unknown key \"sampling.temprature\"; did you mean \"sampling.temperature\"?",
        ),
        (
            "[limit]\ntimeout = 1",
            ":2:2: unknown key \"limit\"; did you mean \"limits\"?",
        ),
        ("zzz = 1", ":2:1: unknown key \"zzz\""),
        (
            "context = \"4k\"",
            ":2:1: \"context\" must be a whole number of at least 8, not the text \"4k\"",
        ),
        (
            "context = 4.5",
            ":2:1: \"context\" must be a whole number of at least 8, not 4.5",
        ),
        (
            "context = 7",
            ":2:1: \"context\" must be a whole number of at least 8, not 7",
        ),
        (
            "max_tokens = -1",
            ":2:1: \"max_tokens\" must be a whole number of at least 1, not -1",
        ),
        (
            "max_tokens = 99999999999999999999",
            ":2:1: \"max_tokens\" is a number that does not fit into 64 bits",
        ),
        (
            "threads = 0",
            ":2:1: \"threads\" must be a whole number from 1 to 512 or \"auto\", not 0",
        ),
        (
            "sampling = 1",
            ":2:1: \"sampling\" is a table: write [sampling] and its keys below it",
        ),
        (
            "context = { a = 1 }",
            ":2:1: \"context\" must be a whole number of at least 8, not a table",
        ),
        (
            "sampling.top_p = 1.5",
            ":2:10: \"sampling.top_p\" must be a number from 0 to 1 or \"auto\", not 1.5",
        ),
        (
            "limits.timeout = -5",
            ":2:8: \"limits.timeout\": a time cannot be negative, as -5 is",
        ),
        (
            "limits.timeout = 0",
            ":2:8: \"limits.timeout\": a limit of 0 would end everything at once; use \"none\" for no limit",
        ),
        (
            "limits.load = \"soon\"",
            ":2:8: \"limits.load\": \"soon\" is no time (expected number at 0); write it as \"120s\", \"2m\" or \"1h 30m\"",
        ),
        (
            "kv_type_k = \"q8\"",
            ":2:1: \"kv_type_k\" must be one of \"f32\", \"f16\", \"bf16\", \"q8_0\", \"q5_1\", \"q5_0\", \"q4_1\", \"q4_0\", \"iq4_nl\", not the text \"q8\"; did you mean \"q8_0\"?",
        ),
        (
            "flash_attention = true",
            ":2:1: \"flash_attention\" must be one of \"auto\", \"on\", \"off\", not true",
        ),
        ("stop = [\"a\", \"\"]", ":2:1: item 2 of \"stop\" is empty"),
        (
            "stop = \"a\"",
            ":2:1: \"stop\" must be a list of texts such as [\"a\", \"b\"], not the text \"a\"",
        ),
        (
            "description = \"\"\"a\nb\"\"\"",
            ":2:1: \"description\" must be one line of text, not the text \"a\\nb\"",
        ),
        (
            "context = 64\nmax_tokens = 65",
            ":3:1: \"max_tokens\" (65) is more than \"context\" (64, profiles/x.toml:2:1)",
        ),
        (
            "context = 64",
            ":2:1: \"context\" (64) is less than \"max_tokens\" (512, the default)",
        ),
        (
            "micro_batch = 300",
            ":2:1: \"micro_batch\" (300) is more than \"batch\" (256, the default)",
        ),
        (
            "grammar = \"root ::= [a-z]\"\njson_schema = \"{}\"",
            ":3:1: \"json_schema\" and \"grammar\" cannot both hold; set one of them to \"\"",
        ),
        (
            "grammar = \"[a-z]\"",
            ":2:1: \"grammar\" has no rule \"root ::= …\" to start from",
        ),
        (
            "json_schema = \"[]\"",
            ":2:1: \"json_schema\" is no JSON object: invalid type: sequence, expected a map at line 1 column 0",
        ),
        (
            "kv_type_v = \"q4_0\"\nflash_attention = \"off\"",
            ":2:1: \"kv_type_v\" = \"q4_0\" needs flash attention, and \"flash_attention\" is \"off\"",
        ),
        (
            "[environment]\nLLAMA_ARG_N_PREDICT = \"3\"",
            ":3:1: the environment variable \"LLAMA_ARG_N_PREDICT\" would change what llama.cpp does behind this profile's back; use a key, or extra_args",
        ),
        (
            "[environment]\n\"A=B\" = \"3\"",
            ":3:1: \"A=B\" cannot be the name of an environment variable",
        ),
        (
            "[prompt]\ntemplate = \"{{ prompt\"",
            ":3:1: \"prompt.template\": line 1 of the template: unexpected end of input, expected end of variable block",
        ),
        (
            "[prompt.variables]\nprompt = \"a\"",
            ":3:1: \"prompt\" is the request itself and cannot be a variable",
        ),
        (
            "extends = \"codr\"",
            ":2:1: \"extends\" names \"codr\", which is no profile; did you mean \"coder\"?",
        ),
        (
            "extends = \"x\"",
            ":2:1: profile \"x\" extends itself, and there is no other \"x\"",
        ),
        (
            "context = ",
            ":2:11: string values must be quoted, expected literal string",
        ),
        ("context = 8\ncontext = 9", ":3:1: duplicate key"),
    ] {
        let set = project(&format!("{base}{text}"));
        assert_eq!(
            message(&set, "x", &[]),
            format!("profiles/x.toml{expected}"),
            "{text}"
        );
    }
}

#[test]
fn messages_about_models() {
    for (model, expected) in [
        (
            "dmo",
            "no built-in model \"dmo\" (there is \"demo\"); a file needs a path, such as \"./dmo.gguf\"; did you mean \"demo\"?",
        ),
        (
            "m.bin",
            "no built-in model \"m.bin\" (there is \"demo\"); a file needs a path, such as \"./m.bin\"",
        ),
        (
            "llama",
            "no built-in model \"llama\" (there is \"demo\"); a file needs a path, such as \"./llama.gguf\"",
        ),
        (
            "~you/a.gguf",
            "\"~you/a.gguf\": only ~/ is replaced; write the path out",
        ),
    ] {
        let set = project(&format!("model = \"{model}\""));
        assert_eq!(
            message(&set, "x", &[]),
            format!("profiles/x.toml:1:1: {expected}")
        );
    }
    assert_eq!(
        message(&project(""), "x", &[]),
        "profiles/x.toml: no model: set model = \"demo\", to the path of a GGUF file, or to \"hf:OWNER/REPO:QUANT\""
    );
}

#[test]
fn messages_about_options() {
    for (given, expected) in [
        (
            "contxt=3",
            "--set: unknown key \"contxt\"; did you mean \"context\"?",
        ),
        (
            "temp=3",
            "--set: unknown key \"temp\"; did you mean \"sampling.temperature\"?",
        ),
        (
            "sampling=3",
            "--set: \"sampling\" is a table: set one key in it, as in sampling.NAME=VALUE",
        ),
        (
            "extends=router",
            "--set: \"extends\" cannot be set for one run: name the other profile instead",
        ),
        (
            "context=lots",
            "--set: \"context\" must be a whole number of at least 8, not the text \"lots\"",
        ),
        (
            "max_tokens=5000",
            "--set: \"max_tokens\" (5000) is more than \"context\" (4096, built-in profiles/coder.toml:13:1)",
        ),
        (
            "context=100",
            "--set: \"context\" (100) is less than \"max_tokens\" (512, built-in profiles/coder.toml:14:1)",
        ),
    ] {
        assert_eq!(message(&set([]), "coder", &[given]), expected);
    }
    assert_eq!(
        "context".parse::<Override>().unwrap_err().to_string(),
        "\"context\" sets nothing; write KEY=VALUE, such as sampling.temperature=0.2"
    );
}

#[test]
fn a_missing_profile_names_the_nearest() {
    assert_eq!(
        message(&set([]), "codr", &[]),
        "no profile \"codr\"; did you mean \"coder\"? (there are: algorithm, coder, router)"
    );
    assert_eq!(
        message(&set([]), "zzz", &[]),
        "no profile \"zzz\"; there are: algorithm, coder, router"
    );
}

#[test]
fn all_problems_are_told_at_once_and_the_exit_code_says_whose_they_are() {
    let set = project("model = \"demo\"\nthreads = 0\ncontxt = 4");
    let lines = message(&set, "x", &["seed=-1"]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    let exit = |name: &str, given: &str| {
        set.resolve(name, &[given.parse().unwrap()])
            .map(|_| ())
            .map_err(|error| error.exit())
    };
    assert_eq!(exit("coder", "seed=-1"), Err(Exit::Usage));
    assert_eq!(exit("x", "seed=-1"), Err(Exit::Configuration));
    assert_eq!(exit("nobody", "seed=1"), Err(Exit::Configuration));
}

#[test]
fn a_circle_is_told() {
    let set = set([
        source("a", Level::Project, "extends = \"b\""),
        source("b", Level::Project, "extends = \"c\""),
        source("c", Level::User, "extends = \"a\""),
    ]);
    assert_eq!(
        message(&set, "a", &[]),
        "~/.config/orchestrate/profiles/c.toml:1:1: profiles extend each other in a circle: a → b → c → a\n"
            .trim_end()
    );
}

#[test]
fn a_key_that_is_like_none_gets_no_suggestion() {
    for key in ["zzz", "colour", "language", "q", "sampling.wizardry", "été"] {
        let set = project(&format!(
            "model = \"demo\"\n\"{}\" = 1",
            key.replace('.', "\".\"")
        ));
        let said = message(&set, "x", &[]);
        let end = format!(": unknown key \"{key}\"");
        assert!(said.ends_with(&end), "{said}");
    }
}

#[test]
fn other_names_lead_to_the_key() {
    for (key, meant) in [
        ("n_ctx", "context"),
        ("ngl", "gpu_layers"),
        ("timeout", "limits.timeout"),
        ("env", "environment"),
        ("vars", "prompt.variables"),
        ("template", "prompt.template"),
        ("limits.context", "context"),
        ("sampling.temp", "sampling.temperature"),
        ("max_token", "max_tokens"),
        ("microbatch", "micro_batch"),
        ("Context", "context"),
    ] {
        let set = project(&format!("model = \"demo\"\n{key} = 1"));
        let said = message(&set, "x", &[]);
        let end = format!("unknown key \"{key}\"; did you mean \"{meant}\"?");
        assert!(said.ends_with(&end), "{said}");
    }
}
