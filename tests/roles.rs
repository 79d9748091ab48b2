//! `orchestrate run auto`, with the real llama.cpp and the embedded model in all of its three roles: the
//! router sends each request to the profile that suits it, and that profile answers with the function that
//! was asked for.
//!
//! What the model has learnt in general, `make evaluate` asks; these are requests as people type them.

#![expect(
    clippy::unwrap_used,
    reason = "clippy lets tests unwrap, but not their helpers; here all is test"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Requests for small functions, and the function that each is for.
const CODER: [(&str, &str); 10] = [
    ("a function that reverses a string", "reverse_string"),
    ("Write a function to check if a number is even", "is_even"),
    ("is_palindrome", "is_palindrome"),
    ("compute the factorial of a number", "factorial"),
    ("count the vowels in a text", "count_vowels"),
    (
        "I need a function that finds the largest number in a list",
        "find_max",
    ),
    ("add two numbers", "add"),
    (
        "how do I remove duplicates from a list?",
        "remove_duplicates",
    ),
    ("convert celsius to fahrenheit", "celsius_to_fahrenheit"),
    ("a function for the average of a list of numbers", "average"),
];

/// Requests for classic algorithms.
const ALGORITHM: [(&str, &str); 10] = [
    ("merge sort", "merge_sort"),
    ("dijkstra's algorithm", "dijkstra"),
    ("implement binary search", "binary_search"),
    ("breadth-first search", "breadth_first_search"),
    ("quick sort", "quick_sort"),
    (
        "the longest common subsequence of two strings",
        "longest_common_subsequence",
    ),
    ("topological sort", "topological_sort"),
    ("the n queens problem", "n_queens"),
    ("heap sort", "heap_sort"),
    ("levenshtein distance", "edit_distance"),
];

fn orchestrate(args: &[&str]) -> Output {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("roles");
    std::fs::create_dir_all(&home).unwrap();
    Command::new(env!("CARGO_BIN_EXE_orchestrate"))
        .args(args)
        .env("ORCHESTRATE_CONFIG_DIR", home.join("config"))
        .env("ORCHESTRATE_STATE_DIR", home.join("state"))
        .current_dir(&home)
        .output()
        .unwrap()
}

/// The report of a run of `auto`.
fn routed(request: &str) -> Value {
    let steady = ["--set", "threads=1", "--set", "batch_threads=1"];
    let output = orchestrate(&[&["run", "auto", request, "--json"][..], &steady].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What is wrong with the answer to a request, if anything.
fn fault(profile: &str, request: &str, function: &str) -> Option<String> {
    let report = routed(request);
    let text = report["text"].as_str().unwrap();
    if report["profile"] != profile || report["route"]["router"] != "router" {
        return Some(format!(
            "{request:?} went to {}: {}",
            report["profile"], report["route"]
        ));
    }
    if !text.contains(&format!("def {function}(")) || report["stop"]["reason"] != "eos" {
        return Some(format!("{request:?} for {function} got {text:?}"));
    }
    if profile == "algorithm" && !text.contains("# Complexity: O(") {
        return Some(format!(
            "{request:?} got no line on its complexity: {text:?}"
        ));
    }
    None
}

#[test]
fn each_of_ten_requests_of_both_kinds_reaches_its_profile_and_gets_its_function() {
    let coder = CODER.map(|(request, function)| fault("coder", request, function));
    let algorithm = ALGORITHM.map(|(request, function)| fault("algorithm", request, function));
    let faults: Vec<_> = coder.into_iter().chain(algorithm).flatten().collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
