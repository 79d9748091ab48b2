//! The random table: many small settings at once, as nobody would think of them.

use fastrand::Rng;
use serde_json::Value;

use super::{Case, cut, turn};

/// Cases unless somebody wants more.
const CASES: usize = 40;

const PARTS: [&str; 16] = [
    "reverse a list",
    " ",
    "\n",
    "\n\n",
    "\\n",
    "\\x41",
    "\\",
    "é",
    "😀",
    "漢字",
    "<|endoftext|>",
    "<|im_end|>",
    "\t",
    "Code:\n",
    "def f(x):\n    ",
    "\"'{}%$",
];
const GRAMMARS: [&str; 5] = [
    r#"root ::= "yes" | "no""#,
    "root ::= [0-9]+ \".\"",
    r#"root ::= "(" root ")" root | "x""#,
    "root ::= [é-ÿ😀-😏 ]+",
    "root ::= [^a]*",
];

fn one<'t>(random: &mut Rng, of: &[&'t str]) -> &'t str {
    of[random.usize(..of.len())]
}

/// Cases of the seed, in a row.
fn case(random: &mut Rng) -> Case {
    let parts = random.usize(1..=6);
    let prompt: String = (0..parts).map(|_| one(random, &PARTS)).collect();
    // Not empty. And llama-completion takes an end-of-text token at the end of the prompt for the model's own,
    // and ends without a word (it looks at the last token of what it has just evaluated), where a server
    // goes on: there they differ, and nothing that we pass could change it.
    let mut case = Case::new(&format!("x{prompt}."));
    let mut set = |case: Case, key: &str, values: &[&str]| match one(random, values) {
        "" => case,
        value => case.arg("--set").arg(&format!("{key}={value}")),
    };
    case = set(
        case,
        "sampling.temperature",
        &["0", "0.3", "0.8", "1.5", "5"],
    );
    case = set(case, "sampling.top_k", &["", "", "0", "1", "40"]);
    case = set(case, "sampling.top_p", &["", "", "1", "0.5"]);
    case = set(case, "sampling.min_p", &["", "", "0", "0.3"]);
    case = set(case, "sampling.repeat_penalty", &["", "", "1.3"]);
    case = set(case, "sampling.repeat_last_n", &["", "", "8", "0"]);
    case = set(case, "sampling.presence_penalty", &["", "", "0.5"]);
    case = set(case, "sampling.frequency_penalty", &["", "", "0.5"]);
    case = set(case, "micro_batch", &["", "", "8"]);
    case = set(case, "max_tokens", &["1", "2", "17", "60", "250"]);
    case = set(case, "context", &["256", "512"]);
    let seed = random.usize(..1000);
    case = case.args(&format!("--seed {seed}"));
    // Not both: where a grammar ends and the text may not, llama.cpp breaks off, in words of each program.
    match random.usize(..4) {
        0 => case.set("grammar", one(random, &GRAMMARS)),
        1 => case,
        _ => case.args("--set ignore_eos=true"),
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_same_whatever_is_asked() {
    let _turn = turn();
    let cases = number("ORCHESTRATE_EQUALITY_CASES").map_or(CASES, |cases| cases as usize);
    let seed = number("ORCHESTRATE_EQUALITY_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{cases} cases of seed {seed}");
    let mut random = Rng::with_seed(seed);
    for index in 0..cases {
        let case = case(&mut random);
        println!("{index}: {case:?}");
        let text = case.text();
        // Every third one again, to be ended by a word of its own text.
        let characters: Vec<char> = text.chars().filter(|c| *c != '\u{7f}').collect();
        if index % 3 == 0 && !characters.is_empty() {
            let at = random.usize(..characters.len());
            let length = random.usize(1..=3);
            let word: String = characters.iter().skip(at).take(length).collect();
            let report: Value = case.stops(&[&word]).same();
            assert_eq!(report["text"], cut(&text, &[&word]), "{word:?} in {text:?}");
        }
    }
}
