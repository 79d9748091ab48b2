//! The fixed table: each thing that could make a difference.

use serde_json::json;

use super::{Case, NO_REASON, cut, turn};

const TEMPERATURES: [&str; 3] = ["0", "0.8", "1.5"];
const PROMPTS: [&str; 10] = [
    "reverse a list",
    "one newline\n",
    "Write Python code for: gcd\n\n\n",
    r"back\nslash \\x41 \t \",
    "é ünïcödé",
    "😀 漢字 \u{200d}",
    "<|endoftext|> a <|im_end|><s>",
    "   leading",
    "\n\n leading newlines",
    "tab\tand \"quotes\" and 'more' and %s {{x}} $HOME",
];

/// Every token is possible, bytes that are no characters too.
const CHANCE: &str = "--temp 5 --set sampling.top_k=0 --set sampling.top_p=1 --set sampling.min_p=0 \
                      --set ignore_eos=true";

#[test]
fn the_same_text_at_every_temperature_with_and_without_stop_sequences() {
    let _turn = turn();
    let mut stopped = 0;
    for (number, prompt) in PROMPTS.iter().enumerate() {
        for temperature in TEMPERATURES {
            let seed = 1 + number;
            let args = format!("-n 40 --temp {temperature} --seed {seed}");
            let case = Case::new(prompt).args(&args);
            let text = case.text();
            // Of the text itself, so that they occur: a character in the middle, and some in a row, which
            // hardly ever are one token.
            let characters: Vec<char> = text.chars().collect();
            let piece = |at: usize, length: usize| -> String {
                characters.iter().skip(at).take(length).collect()
            };
            let word = if stopped % 2 == 0 {
                piece(characters.len() / 2, 1)
            } else {
                piece(characters.len() / 3, 4)
            };
            if word.is_empty() {
                continue;
            }
            let words = [word.as_str(), "never"];
            let report = case.stops(&words).ends("stop");
            assert_eq!(report["text"], cut(&text, &words), "{words:?} in {text:?}");
            assert_eq!(report["stop"]["word"], word);
            stopped += 1;
        }
    }
    assert!(stopped > PROMPTS.len(), "{stopped}");
}

#[test]
fn the_same_text_up_to_a_newline() {
    let _turn = turn();
    for words in [
        &["\n"][..],
        &["\n\n"],
        &["\n    ", "\n\n"],
        &[" [end", "\n\n\n"],
    ] {
        for seed in ["1", "2"] {
            let case = Case::new(PROMPTS[2])
                .args("-n 60 --temp 0.8 --seed")
                .arg(seed);
            let text = case.text();
            let stopped = case.stops(words).text();
            assert_eq!(stopped, cut(&text, words), "{words:?} in {text:?}");
        }
    }
}

#[test]
fn the_same_settings_of_the_samplers() {
    let _turn = turn();
    for settings in [
        "repeat_penalty=1.3",
        "repeat_penalty=1.3 repeat_last_n=4",
        "presence_penalty=0.7",
        "frequency_penalty=0.7 presence_penalty=-0.5",
        "top_k=3",
        "top_k=0 top_p=0.5",
        "top_p=1 min_p=0.2",
        "top_k=7 top_p=0.9 min_p=0.1 repeat_penalty=1.1",
    ] {
        let mut case = Case::new("gcd of two numbers").args("-n 60 --temp 1.5 --seed 5");
        for setting in settings.split(' ') {
            case = case.arg("--set").arg(&format!("sampling.{setting}"));
        }
        case.same();
        case.args("--set ignore_eos=true").ends("limit");
    }
}

#[test]
fn the_same_ends() {
    let _turn = turn();
    let endless =
        |prompt: &str| Case::new(prompt).args("--set ignore_eos=true --seed 3 --temp 0.8");
    for tokens in [1_u64, 2, 17] {
        let report = endless("words").args(&format!("-n {tokens}")).ends("limit");
        assert_eq!(report["timings"]["generated_tokens"], tokens);
    }
    // A context is a multiple of 256 tokens: this one is longer than the answer.
    endless("words").args("-c 64 -n 64").ends("limit");
    endless("words").args("-c 256 -n 256").ends("context");
    let text = |grammar: &str| Case::new("words").set("grammar", grammar).ends("eos");
    assert_eq!(text(r#"root ::= "yes""#)["text"], "yes");
    let nothing = text(r#"root ::= """#);
    assert_eq!(
        (&nothing["text"], &nothing["timings"]["generated_tokens"]),
        (&json!(""), &json!(1))
    );
}

/// The last tokens that fit, the last prompt that fits, and the first ones that do not.
#[test]
fn the_same_at_the_edge_of_the_context() {
    let _turn = turn();
    let mut reasons = Vec::new();
    for words in 245..=255 {
        let case =
            Case::new(&" a".repeat(words)).args("-c 256 -n 10 --set ignore_eos=true --seed 1");
        let report = case.same();
        if report["stop"]["reason"] == "crashed" {
            assert_eq!(report["exit_code"], 2, "{report}");
        }
        reasons.push(report["stop"]["reason"].as_str().unwrap().to_owned());
    }
    reasons.dedup();
    assert_eq!(reasons, ["limit", "context", "crashed"]);
}

#[test]
fn the_same_grammars() {
    let _turn = turn();
    for (grammar, tokens) in [
        (r#"root ::= "yes" | "no" | "perhaps""#, 20),
        ("root ::= [0-9]+", 20),
        (r#"root ::= "(" root ")" | "x""#, 40),
        ("root ::= item+\nitem ::= \"- \" [a-z]+ \"\\n\"", 40),
        // Characters that the tokenizer has in pieces only.
        ("root ::= [é-ÿ😀-😏]+", 61),
        (
            "root ::= ([一-龥] | [\\U0001F600-\\U0001F64F] | [α-ω])+",
            61,
        ),
    ] {
        for (seed, temperature) in [("1", "0"), ("2", "0.8"), ("3", "1.5"), ("4", "1.5")] {
            let case = Case::new("say something: ").set("grammar", grammar);
            let case = case.args(&format!("-n {tokens} --seed {seed} --temp {temperature}"));
            case.same();
        }
    }
}

#[test]
fn the_same_json_of_a_schema() {
    let _turn = turn();
    // In this order: it is that of the properties in the text.
    let schema = r#"{"type": "object", "properties": {"language": {"enum": ["rust", "c"]}, "age":
        {"type": "integer", "minimum": 1, "maximum": 99}}, "required": ["language", "age"]}"#;
    for (seed, temperature) in [("1", "0"), ("2", "0.8"), ("3", "1.5")] {
        let case = Case::new("describe it: ").set("json_schema", schema);
        let text = case
            .args(&format!("-n 200 --seed {seed} --temp {temperature}"))
            .text();
        assert!(text.find("language") < text.find("age"), "{text}");
    }
}

#[test]
fn what_is_no_grammar_is_refused_with_the_reason() {
    let _turn = turn();
    for (key, value, reason) in [
        (
            "grammar",
            "root ::= other",
            "Undefined rule identifier 'other'",
        ),
        ("grammar", r#"root ::= "a"#, "unexpected end of input"),
        ("grammar", r#"root ::= root "x" | "y""#, "left recursion"),
        (
            "json_schema",
            r#"{"type": "nonsense"}"#,
            "unrecognized type nonsense",
        ),
        (
            "json_schema",
            r##"{"$ref": "#/definitions/none"}"##,
            "cannot resolve $ref",
        ),
    ] {
        let report = Case::new("x").set(key, value).ends("crashed");
        assert_eq!(report["exit_code"], 3, "{report}");
        let message = report["error"]["message"].as_str().unwrap();
        let told = message.contains(reason) || message.contains(NO_REASON);
        assert!(told, "{message}");
    }
}

/// Random bytes, most of them no UTF-8: what a program cannot show it replaces or holds back, in the
/// same way.
#[test]
fn the_same_bytes_that_are_no_characters() {
    let _turn = turn();
    let mut replaced = 0;
    for seed in 0..5 {
        let case = Case::new("bytes")
            .args(CHANCE)
            .args(&format!("--seed {seed}"));
        for tokens in [400, 7] {
            let text = case.clone().args(&format!("-n {tokens}")).text();
            replaced += text.matches('\u{fffd}').count();
        }
    }
    assert!(replaced > 0, "no byte was one that is no character");
}

/// Bytes of characters, many of which are not whole at the end or are broken by the next.
#[test]
fn the_same_characters_that_are_cut_in_two() {
    let _turn = turn();
    for tokens in 1..=9 {
        let case = Case::new("é😀").set("grammar", "root ::= [é-ÿ😀-😏漢]+");
        case.args(&format!("-n {tokens} --temp 1.5 --seed {tokens}"))
            .same();
    }
}

#[test]
fn the_same_answers_in_a_chat() {
    let _turn = turn();
    let chat = |prompt: &str| Case {
        prompt: prompt.to_owned(),
        args: Vec::new(),
    };
    let chat = |prompt: &str| chat(prompt).set("prompt.mode", "chat").stops(&[]);
    let first = chat("x").args("-n 1").run("server");
    let complaint = String::from_utf8_lossy(&first.stderr);
    if complaint.contains("chat template") {
        println!("skipped: the model has no chat template, so that there is nothing to compare");
        return;
    }
    for (number, prompt) in PROMPTS.iter().enumerate() {
        let temperature = TEMPERATURES[number % TEMPERATURES.len()];
        let args = format!("-n 32 --temp {temperature} --seed {number}");
        let case = chat(prompt).args(&args);
        case.same();
        case.args("--system")
            .arg("You are \"brief\".\n\té \\n")
            .same();
    }
}
