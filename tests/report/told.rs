//! What a report says, as a page and as JSON.

use std::fs;

use orchestrate::history::{History, NightEnd, NightFilter, NightRecord};
use orchestrate::report::{ReportError, ReportRequest};
use orchestrate::ui::Console;
use serde_json::Value;
use tempfile::TempDir;

use crate::made::{QUIET, document, open, page, request, told, told_on};
use crate::nights::{BROKEN, DAY_MS, FASTER, HERE, LAST_NIGHT, Nights, SLOWER, case_name};

/// The history of so many nights of so many cases.
fn home_of(nights: u64, cases: usize) -> TempDir {
    let home = TempDir::new().expect("a directory");
    let mut history = open(&home);
    Nights::new(nights, cases)
        .fill(&mut history)
        .expect("written");
    history.close();
    home
}

/// The one suite of a document.
fn suite(document: &Value) -> &Value {
    let suites = document["suites"].as_array().expect("suites");
    assert_eq!(suites.len(), 1, "{document:#}");
    &suites[0]
}

fn case(document: &Value, number: usize) -> &Value {
    let cases = suite(document)["cases"].as_array().expect("cases");
    let found = cases.iter().find(|case| case["case"] == case_name(number));
    found.expect("the case")
}

/// The texts of all cells and names of a page, as a reader sees them.
fn texts(page: &str) -> Vec<String> {
    let pieces = page.split('<').filter_map(|piece| piece.split_once('>'));
    let texts = pieces
        .map(|(_, text)| text.trim())
        .filter(|text| !text.is_empty());
    let plain = |text: &str| {
        let text = text
            .replace("&#x2f;", "/")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
        text.replace("&quot;", "\"")
            .replace("&#x27;", "'")
            .replace("&amp;", "&")
    };
    texts.map(plain).collect()
}

#[test]
fn every_figure_stands_in_a_table() {
    let home = home_of(25, 7);
    let document = document(&home, request());
    let texts = texts(&page(&home));
    let has = |text: String| assert!(texts.contains(&text), "{text}");
    let number = |value: &Value| value.as_f64();
    for case in suite(&document)["cases"].as_array().expect("cases") {
        has(case["case"].as_str().expect("a name").to_owned());
        for night in case["nights"].as_array().expect("nights") {
            for ms in [
                &night["candidate_ms"],
                &night["base_ms"],
                &night["limit_ms"],
            ] {
                if let Some(ms) = number(ms) {
                    has(format!("{ms:.2}"));
                }
            }
            if let Some(ratio) = number(&night["comparison"]["ratio"]) {
                let tenths = ((ratio - 1.0) * 1000.0).round() / 10.0 + 0.0;
                has(format!("{tenths:+.1} %"));
            }
            if let Some(bytes) = number(&night["peak_rss_bytes"]) {
                has(format!("{:.0} MB", bytes / 1e6));
            }
        }
        for arm in ["base", "candidate"] {
            let arm = &case["last"][arm];
            for gap in ["gap_p50_ms", "gap_p99_ms", "gap_max_ms"] {
                if let Some(gap) = number(&arm[gap]) {
                    has(if gap < 100.0 {
                        format!("{gap:.2}")
                    } else {
                        format!("{gap:.1}")
                    });
                }
            }
            let gaps = number(&arm["gaps"]).expect("a count");
            for bucket in arm["gap_counts"].as_array().expect("buckets") {
                let count = number(&bucket["count"]).expect("a count");
                has(format!("{:.2} %", count / gaps * 100.0));
            }
        }
    }
}

#[test]
fn the_page_has_no_script_and_no_address() {
    let page = page(&home_of(12, 7));
    let lower = page.to_lowercase();
    for foreign in [
        "<script",
        "javascript",
        "http:",
        "https:",
        "//",
        "url(",
        "@import",
        "src=",
    ] {
        let found = lower
            .find(foreign)
            .map(|at| &lower[at.saturating_sub(60)..at + 20]);
        assert!(found.is_none(), "{foreign}: {found:?}");
    }
    let links = lower
        .match_indices("href=\"")
        .map(|(at, link)| &lower[at + link.len()..]);
    for link in links {
        assert!(link.starts_with('#'), "{}", &link[..20]);
    }
    // Each link leads to a place, and no two places have one name.
    let ids = || {
        lower
            .match_indices(" id=\"")
            .map(|(at, id)| lower[at + id.len()..].split('"').next())
    };
    let mut names: Vec<_> = ids().collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(names.contains(&Some("suite-0-case-0")));
}

#[test]
fn the_last_night_is_told_case_by_case() {
    let home = home_of(40, 8);
    let texts = texts(&page(&home));
    let has = |text: &str| assert!(texts.iter().any(|found| found.contains(text)), "{text}");
    has("1 case is slower, 1 is broken, 1 is faster, 5 are as fast as the base.");
    has("AMD EPYC 7B13, 8 usable CPUs, 33.6 GB of memory");
    has("performance");
    has("b12001, b11434");
    has("Qwen2.5 Coder 1.5B Instruct (qwen2, Q4_K_M, 986 MB)");
    has(&format!(
        "{}: broken: llama.cpp crashed: SIGABRT",
        case_name(BROKEN)
    ));
    has("10 pairs of each case");
    has("the CPU was throttled");
    has("Of the speed at the limit, 33.37 ms/token");
}

#[test]
fn a_change_is_dated_and_told_with_what_was_new() {
    let home = home_of(40, 8);
    let document = document(&home, request());
    let changes = |number: usize| {
        case(&document, number)["changes"]
            .as_array()
            .expect("changes")
    };
    let slower = &changes(SLOWER)[0];
    assert_eq!(changes(SLOWER).len(), 1);
    // Night 30 of 40 is the first of the last quarter.
    assert_eq!(slower["since"], "2026-11-09T01:00:00.000Z");
    assert_eq!(slower["new"][0], "llama.cpp b12001 instead of b11760");
    let after = slower["after"].as_f64().expect("a ratio");
    assert!((after - 1.061).abs() < 0.004, "{after}");
    let faster = &changes(FASTER)[0];
    let new: Vec<&str> = faster["new"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        new.iter()
            .any(|new| new.starts_with("threads 8 instead of 4")),
        "{new:?}"
    );
    // What nothing has happened to.
    assert_eq!(changes(1).len(), 0);
}

#[test]
fn nights_of_other_machines_and_against_other_bases_are_of_no_series() {
    let home = home_of(20, 2);
    let mut history = open(&home);
    let elsewhere = Nights {
        host: "fedcba9876543210",
        ..Nights::new(5, 2)
    };
    elsewhere.fill(&mut history).expect("written");
    // The same case against something else, in the middle of it.
    let like = history.night(20).expect("readable").expect("there");
    let mut other = like.night;
    other.started_unix_ms -= DAY_MS / 2;
    for case in &mut other.cases {
        case.base.settings.hash = "00000000000000cc".to_owned();
        case.base.label = "threads=1".to_owned();
    }
    let number = history.begin_night(&other).expect("written");
    let end = NightEnd {
        end: "interrupted".to_owned(),
        ..like.end.expect("ended")
    };
    history.end_night(number, &end).expect("written");
    history.close();
    let document = document(&home, request());
    assert_eq!(document["nights_elsewhere"], 5);
    assert_eq!(suite(&document)["nights"], 21);
    let nights = case(&document, 1)["nights"].as_array().expect("nights");
    let foreign = nights
        .iter()
        .filter(|night| night["is_comparable"] == false);
    let foreign: Vec<_> = foreign.map(|night| night["base_label"].clone()).collect();
    assert_eq!(foreign, ["threads=1"]);
    let page = page(&home);
    assert!(page.contains("against another base"));
    assert!(page.contains("Left out: 5 nights of other machines"));
    let there = ReportRequest {
        host: Some("fedc".to_owned()),
        ..request()
    };
    let there = crate::made::document(&home, there);
    assert_eq!(there["host"]["is_here"], false);
    assert_eq!(suite(&there)["nights"], 5);
}

#[test]
fn the_last_night_is_the_latest_that_came_to_its_end() {
    let home = home_of(4, 2);
    let mut history = open(&home);
    let like = history.night(4).expect("readable").expect("there");
    let later = |days: u64| NightRecord {
        started_unix_ms: LAST_NIGHT + days * DAY_MS,
        ..like.night.clone()
    };
    let interrupted = history.begin_night(&later(1)).expect("written");
    let end = NightEnd {
        end: "interrupted".to_owned(),
        ..like.end.clone().expect("ended")
    };
    history.end_night(interrupted, &end).expect("written");
    history.begin_night(&later(2)).expect("written");
    history.close();
    let document = document(&home, request());
    assert_eq!(suite(&document)["last"]["night"], 4);
    assert_eq!(suite(&document)["unfinished"], 2);
    // What was measured until then is worth showing; what is under way has found nothing.
    let nights = case(&document, 0)["nights"]
        .as_array()
        .expect("nights")
        .len();
    assert_eq!(nights, 5);
    assert!(page(&home).contains("2 later nights did not come to an end."));
}

#[test]
fn a_suite_without_a_whole_night_says_so() {
    let home = TempDir::new().expect("a directory");
    let mut history = open(&home);
    let made = home_of(1, 2);
    let like = open(&made)
        .nights(&NightFilter::default())
        .expect("readable");
    history.begin_night(&like[0].night).expect("written");
    history.close();
    let page = page(&home);
    assert!(page.contains("No night of this suite has come to its end yet."));
    assert!(!page.contains("<svg"));
}

#[test]
fn names_are_texts_and_no_markup() {
    let home = home_of(2, 1);
    let mut history = open(&home);
    let mut night = history.night(2).expect("readable").expect("there");
    night.night.suite = "<b>\"&'".to_owned();
    night.night.started_unix_ms += DAY_MS;
    let name = "</title><i>/&quot;";
    night.night.cases[0].name = name.to_owned();
    let number = history.begin_night(&night.night).expect("written");
    let end = night.end.expect("ended");
    history.end_night(number, &end).expect("written");
    history.close();
    let page = page(&home);
    assert!(!page.contains("<b>\""), "the suite");
    assert!(!page.contains("<i>/"), "the case");
    assert!(page.contains("&lt;i&gt;"));
}

#[test]
fn what_there_is_not_is_told_with_the_next_step() {
    let nowhere = TempDir::new().expect("a directory");
    let error = told(&nowhere, &request()).expect_err("nothing there");
    assert!(error.to_string().contains("`orchestrate bench`"), "{error}");
    assert!(
        !nowhere.path().join("history.db").exists(),
        "nothing is made"
    );
    History::open(&nowhere.path().join("history.db"))
        .expect("made")
        .close();
    let error = told(&nowhere, &request()).expect_err("nothing in it");
    assert!(matches!(error, ReportError::Empty), "{error}");

    let home = home_of(3, 1);
    let of = |change: fn(&mut ReportRequest)| {
        let mut request = request();
        change(&mut request);
        let error = told(&home, &request).expect_err("not there");
        (error.to_string(), error.exit().code())
    };
    let (text, code) = of(|request| request.suite = Some("weekly".to_owned()));
    assert_eq!(code, 2);
    assert!(
        text.contains("\"weekly\"") && text.contains("\"nightly\""),
        "{text}"
    );
    let (text, code) = of(|request| request.since = Some("2026-11-19".to_owned()));
    assert_eq!(code, 2);
    assert!(
        text.contains("since 2026-11-19: the latest began on 2026-11-18"),
        "{text}"
    );
    let (text, code) = of(|request| request.since = Some("soon".to_owned()));
    assert_eq!(code, 2);
    assert!(text.contains("--since \"soon\""), "{text}");
    let (text, code) = of(|request| request.host = Some("cafe".to_owned()));
    assert_eq!(code, 2);
    assert!(text.contains("\"cafe\"") && text.contains(HERE), "{text}");
}

#[test]
fn only_nights_since_then_count() {
    let home = home_of(30, 2);
    let week = ReportRequest {
        since: Some("7d".to_owned()),
        ..request()
    };
    let document = document(&home, week);
    assert_eq!(suite(&document)["nights"], 7);
    assert_eq!(suite(&document)["first"], "2026-11-12T01:00:00.000Z");
    assert_eq!(
        case(&document, 0)["nights"].as_array().map(Vec::len),
        Some(7)
    );
}

#[test]
fn a_page_is_not_poured_onto_a_terminal() {
    let home = home_of(2, 1);
    let terminal = Console {
        stdout_is_terminal: true,
        ..QUIET
    };
    let error = told_on(&home, &request(), terminal).expect_err("a terminal");
    assert!(error.to_string().contains("-o report.html"), "{error}");
    let json = ReportRequest {
        json: true,
        ..request()
    };
    told_on(&home, &json, terminal).expect("for whoever reads JSON");
}

#[test]
fn a_file_is_replaced_when_the_new_one_is_whole() {
    let home = home_of(2, 1);
    let path = home.path().join("report.html");
    fs::write(&path, "of yesterday").expect("written");
    let into = |path: &std::path::Path| ReportRequest {
        output: Some(path.to_owned()),
        ..request()
    };
    assert_eq!(told(&home, &into(&path)).expect("a page"), "");
    let written = fs::read_to_string(&path).expect("there");
    assert!(written.starts_with("<!DOCTYPE html>") && written.trim_end().ends_with("</html>"));
    let left = fs::read_dir(home.path()).expect("readable").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    let foreign = left
        .iter()
        .filter(|name| name.to_string_lossy().starts_with(".orchestrate"));
    assert_eq!(foreign.count(), 0, "{left:?}");
    let error = told(&home, &into(&home.path().join("no/report.html"))).expect_err("no directory");
    assert!(error.to_string().contains("no/report.html"), "{error}");
    // A device stays one.
    told(&home, &into(std::path::Path::new("/dev/null"))).expect("written");
    assert!(!fs::metadata("/dev/null").expect("there").is_file());
}

#[test]
fn a_damaged_history_is_set_aside_as_everywhere() {
    let home = TempDir::new().expect("a directory");
    let path = home.path().join("history.db");
    fs::write(
        &path,
        "no database at all, and long enough to be told from one",
    )
    .expect("written");
    let error = told(&home, &request()).expect_err("nothing in it");
    assert!(matches!(error, ReportError::Empty), "{error}");
    assert!(home.path().join("history.db.corrupt-1").exists());
}
