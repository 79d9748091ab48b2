//! The floors of the house (ARCHITECTURE.md), held against every `crate::` path of the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every module of the crate's root and its floor. A new module must find its place here.
const FLOORS: &[(&str, u8)] = &[
    // 0: pure
    ("ci", 0),
    ("dialect", 0),
    ("digest", 0),
    ("exit", 0),
    ("gguf", 0),
    ("memory", 0),
    ("profile", 0),
    ("search", 0),
    ("stats", 0),
    ("suite", 0),
    ("synth", 0),
    ("text", 0),
    ("units", 0),
    ("watchdog", 0),
    // 1: one piece of the outside world each
    ("client", 1),
    ("history", 1),
    ("host", 1),
    ("hub", 1),
    ("incidents", 1),
    ("store", 1),
    ("supervise", 1),
    ("vendor", 1),
    // 2: parts put together
    ("engine", 2),
    // 3: faces
    ("build", 3),
    ("clean", 3),
    ("cli", 3),
    ("doctor", 3),
    ("llama", 3),
    ("model", 3),
    ("postmortem", 3),
    ("past", 3),
    ("plan", 3),
    ("profiles", 3),
    ("prompt", 3),
    ("report", 3),
    ("run", 3),
    ("smoke", 3),
    ("trial", 3),
    ("bench", 3),
    ("tune", 3),
    ("ui", 3),
];

/// Words that no pure module says: clock, files, processes, environment, async.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio::",
    "rustix::",
    "libc::",
    "async fn",
    "println!",
    "eprintln!",
];

fn floor(module: &str) -> u8 {
    FLOORS
        .iter()
        .find(|(name, _)| *name == module)
        .unwrap_or_else(|| panic!("module `{module}` has no floor: give it one in {}", file!()))
        .1
}

/// (module of the crate's root, file, code without comments and tests)
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    found
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&root).expect("below src");
            let first = inside.iter().next()?.to_str()?;
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("readable");
            (!["lib", "main"].contains(&module.as_str())).then(|| (module, path, code(&text)))
        })
        .collect()
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !is_test_file(&path) {
            found.push(path);
        }
    }
}

fn is_test_file(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

/// The code of a file: no comment lines, and nothing from the unit tests at its end on.
fn code(text: &str) -> String {
    let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..tests]
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Root modules that a file names, by `crate::name` and by `crate::{name, …}`.
fn mentioned(code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let mut names = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = 0;
            for (index, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        names.insert(word(list[start..index].trim_start()));
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        names.insert(word(list[start..].trim_start()));
                        start = index + 1;
                    }
                    _ => {}
                }
            }
        } else {
            names.insert(word(rest));
        }
    }
    names.remove("");
    names
}

fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, _, code) in sources() {
        let named = mentioned(&code);
        edges.entry(module).or_default().extend(named);
    }
    for (module, used) in &mut edges {
        used.remove(module);
    }
    edges
}

#[test]
fn nothing_reaches_up() {
    let mut wrong = Vec::new();
    for (module, path, code) in sources() {
        for used in mentioned(&code) {
            if floor(&used) > floor(&module) {
                wrong.push(format!("{}: {module} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The clock of the day may jump. So nothing is measured with it: it is read in one place, to be stored
/// and shown, and all timers run on one that only goes forward.
#[test]
fn the_time_of_day_is_read_in_one_place() {
    let readers = sources().into_iter();
    let readers = readers.filter(|(_, _, code)| code.contains("SystemTime::now"));
    let modules: BTreeSet<String> = readers.map(|(module, ..)| module).collect();
    assert_eq!(modules.into_iter().collect::<Vec<_>>(), ["host"]);
}

#[test]
fn there_are_no_circles() {
    let edges = edges();
    let mut done = BTreeSet::new();
    for module in edges.keys() {
        visit(module, &edges, &mut Vec::new(), &mut done);
    }
}

fn visit<'a>(
    module: &'a str,
    edges: &'a BTreeMap<String, BTreeSet<String>>,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) {
    assert!(
        !path.contains(&module),
        "a circle: {} → {module}",
        path.join(" → ")
    );
    if !done.contains(module) {
        path.push(module);
        for used in edges.get(module).into_iter().flatten() {
            visit(used, edges, path, done);
        }
        path.pop();
        done.insert(module);
    }
}

#[test]
fn pure_modules_are_pure() {
    let mut wrong = Vec::new();
    for (module, path, code) in sources() {
        if floor(&module) == 0 {
            let found = IMPURE.iter().filter(|word| code.contains(**word));
            wrong.extend(found.map(|word| format!("{}: {word}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_supervise_sends_signals() {
    let senders = [
        "kill_process",
        "pidfd_send_signal",
        "libc::kill",
        ".start_kill(",
    ];
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(module, _, code)| {
            module != "supervise" && senders.iter().any(|word| code.contains(word))
        })
        .map(|(_, path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn main_is_short() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    let lines = fs::read_to_string(main).expect("readable").lines().count();
    assert!(lines <= 15, "{lines} lines");
}

#[test]
fn the_reader_of_paths_reads_every_form() {
    let code = "use crate::a::b;\nuse crate::{c, d::{e, f}, g};\nlet x = crate::h::i();";
    let names: Vec<_> = mentioned(code).into_iter().collect();
    assert_eq!(names, ["a", "c", "d", "g", "h"]);
}
