//! The page as a browser lays it out, on a telephone, on a desk and on paper.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::browser::{Browser, found};
use crate::made;

/// What a reader would trip over.
const LAYOUT: &str = include_str!("layout.js");
/// The least size of text and of labels in plots, in pixels, on a screen and on paper.
const ON_SCREEN: &str = "(14, 9)";
const ON_PAPER: &str = "(10.5, 8)";
/// The narrowest telephone and a usual desk, in pixels.
const WIDTHS: [u32; 2] = [360, 1280];
/// Paper of A4 at 96 pixels an inch, without the margins.
const PAPER: u32 = 718;

/// Where pictures are left for people to look at.
fn pictures() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../report");
    fs::create_dir_all(&target).expect("a directory");
    target
}

fn complaints(told: &Value) -> Vec<String> {
    let kinds = ["wide", "small", "overlapping", "cut", "pale"];
    let all = kinds.iter().flat_map(|kind| {
        let list = told[kind].as_array().expect("a list").iter();
        list.map(move |one| format!("{kind}: {one}"))
    });
    all.collect()
}

#[test]
fn nothing_overlaps_and_all_is_legible_wherever_it_is_shown() {
    let Some(program) = found() else { return };
    let page = made::page_of_a_year();
    let mut browser = Browser::start(&program);
    let mut wrong = Vec::new();
    let shown = WIDTHS
        .iter()
        .flat_map(|width| ["light", "dark"].map(|scheme| (*width, "screen", scheme)));
    for (width, media, scheme) in shown.chain([(PAPER, "print", "dark")]) {
        browser.show(&page, width, media, scheme);
        let name = format!("{media}-{width}-{scheme}");
        let height = browser.evaluate("document.documentElement.scrollHeight");
        let height = height.as_f64().expect("a height").min(6000.0);
        let picture = browser.picture(0.0, width, height);
        assert!(picture.starts_with(b"\x89PNG"), "{name}");
        fs::write(pictures().join(format!("{name}.png")), picture).expect("written");
        for opened in [false, true] {
            // Thousands of rows are of the same colours.
            if opened && (media, scheme) == ("screen", "dark") {
                continue;
            }
            if opened {
                browser
                    .evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
            }
            let least = if media == "print" {
                ON_PAPER
            } else {
                ON_SCREEN
            };
            let told = browser.evaluate(&format!("{LAYOUT}{least}"));
            // That it was looked at at all.
            assert!(told["texts"].as_u64() > Some(300), "{name}: {told:#}");
            assert_eq!(told["plots"], made::PLOTS, "{name}");
            let found = complaints(&told).into_iter().take(20);
            wrong.extend(found.map(|one| format!("{name}, tables open {opened}: {one}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A canary: each kind of mistake, made on purpose, is complained about.
#[test]
fn what_is_wrong_is_seen() {
    let Some(program) = found() else { return };
    let page = made::page_of_a_year();
    let mut browser = Browser::start(&program);
    for (kind, mistake) in [
        (
            "wide",
            "document.querySelector('h1').style.width = '2000px'",
        ),
        (
            "small",
            "document.querySelector('h2').style.fontSize = '9px'",
        ),
        (
            "small",
            "document.querySelector('svg').style.width = '200px'",
        ),
        (
            "overlapping",
            "document.querySelector('h1').style.marginBottom = '-40px'",
        ),
        (
            "overlapping",
            "document.querySelectorAll('svg text').forEach((t, i) => i < 3 && t.setAttribute('y', 900))",
        ),
        (
            "cut",
            "document.querySelector('svg text').setAttribute('x', -900)",
        ),
        (
            "pale",
            "document.querySelector('h2').style.color = '#AAAAAA'",
        ),
        (
            "pale",
            "document.querySelector('svg text').style.fill = '#AAAAAA'",
        ),
    ] {
        browser.show(&page, 1280, "screen", "light");
        browser.evaluate(mistake);
        let told = browser.evaluate(&format!("{LAYOUT}{ON_SCREEN}"));
        let found = complaints(&told);
        assert!(
            found.iter().any(|one| one.starts_with(kind)),
            "{mistake}: {found:#?}"
        );
        let others = found.iter().filter(|one| !one.starts_with(kind));
        assert_eq!(others.count(), 0, "{mistake}: {found:#?}");
    }
}

#[test]
fn dark_ground_is_dark_and_paper_is_white() {
    let Some(program) = found() else { return };
    let page = made::page_of_a_year();
    let mut browser = Browser::start(&program);
    let mut colors = |media: &str, scheme: &str| {
        browser.show(&page, 1280, media, scheme);
        let ground = "getComputedStyle(document.body).backgroundColor";
        let line = "getComputedStyle(document.querySelector('svg polyline')).stroke";
        browser.evaluate(&format!("[{ground}, {line}]"))
    };
    let (light, dark) = (colors("screen", "light"), colors("screen", "dark"));
    assert_eq!(light[0], "rgb(255, 255, 255)");
    assert_eq!(dark[0], "rgb(21, 25, 29)");
    assert_ne!(
        light[1], dark[1],
        "the plots have colours of their own for it"
    );
    assert_eq!(colors("print", "dark"), light);
}

#[test]
fn the_page_asks_for_nothing_but_itself() {
    let Some(program) = found() else { return };
    let page = made::page_of_a_year();
    let mut browser = Browser::start(&program);
    browser.show(&page, 1280, "screen", "light");
    browser.evaluate("1");
    assert_eq!(browser.asked_for, [format!("file://{}", page.display())]);
}

#[test]
fn the_page_can_be_printed() {
    let Some(program) = found() else { return };
    let page = made::page_of_a_year();
    let mut browser = Browser::start(&program);
    browser.show(&page, PAPER, "print", "light");
    let printed = browser.printed();
    assert!(printed.starts_with(b"%PDF"));
    fs::write(pictures().join("report.pdf"), &printed).expect("written");
}
