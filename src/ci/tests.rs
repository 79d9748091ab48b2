//! What is written is read again by a strict parser, and held against Jenkins' `junit-10.xsd` in the
//! parts that are used.

use std::time::Duration;

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

use super::github;
use super::junit::{Case, Failure, Suite, write};

fn suite(cases: Vec<Case>) -> Suite {
    Suite {
        name: "orchestrate smoke".to_owned(),
        timestamp: "2026-11-23T16:43:00.123Z".to_owned(),
        took: Duration::from_millis(1_234_567),
        properties: vec![("build".to_owned(), "b11434".to_owned())],
        cases,
    }
}

fn case(name: &str, failure: Option<&str>) -> Case {
    Case {
        class: "smoke.stop".to_owned(),
        name: name.to_owned(),
        took: Duration::from_millis(50),
        failure: failure.map(|details| Failure {
            kind: "failed".to_owned(),
            message: details.lines().next().unwrap_or_default().to_owned(),
            details: details.to_owned(),
        }),
    }
}

/// An element: its path from the root, its attributes, the text in it.
type Element = (String, Vec<(String, String)>, String);

/// Every element in the order of their beginnings. Fails on whatever is not well formed.
fn parsed(text: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut open, mut found) = (Vec::<(String, usize)>::new(), Vec::<Element>::new());
    loop {
        let event = reader.read_event().expect("well formed");
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                let name = start.name().as_ref().to_owned();
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.expect("an attribute, and no name twice");
                    let value = unescape(&attribute.value).expect("known entities");
                    (attribute.key.as_ref().to_owned(), value.into_owned())
                });
                let path = open.iter().map(|(name, _)| name.as_str());
                let path: Vec<_> = path.chain([name.as_str()]).collect();
                found.push((path.join("/"), attributes.collect(), String::new()));
                if matches!(event, Event::Start(_)) {
                    open.push((name, found.len() - 1));
                }
            }
            Event::End(_) => drop(open.pop().expect("an open element")),
            Event::Text(text) => {
                if let Some((_, at)) = open.last() {
                    found[*at].2.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                let (_, at) = open.last().expect("inside of an element");
                let text = format!("&{};", &*name);
                found[*at]
                    .2
                    .push_str(&unescape(&text).expect("a known entity"));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    found
}

/// What the schema says of the elements that are used: required attributes, and further ones.
const SCHEMA: [(&str, &[&str], &[&str]); 6] = [
    (
        "testsuites",
        &[],
        &["name", "time", "tests", "failures", "errors"],
    ),
    (
        "testsuites/testsuite",
        &["name", "tests", "failures", "errors"],
        &["time", "skipped", "timestamp"],
    ),
    ("testsuites/testsuite/properties", &[], &[]),
    (
        "testsuites/testsuite/properties/property",
        &["name", "value"],
        &[],
    ),
    (
        "testsuites/testsuite/testcase",
        &["name"],
        &["time", "classname"],
    ),
    (
        "testsuites/testsuite/testcase/failure",
        &[],
        &["type", "message"],
    ),
];

fn check_schema(elements: &[Element]) {
    for (path, attributes, _) in elements {
        let (_, required, further) = SCHEMA
            .iter()
            .find(|(known, ..)| known == path)
            .unwrap_or_else(|| panic!("{path} is not in the schema"));
        for name in *required {
            assert!(
                attributes.iter().any(|(given, _)| given == name),
                "{path} lacks {name}"
            );
        }
        for (name, value) in attributes {
            assert!(
                required.contains(&name.as_str()) || further.contains(&name.as_str()),
                "{path}: {name}"
            );
            if name == "time" {
                let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
                let (whole, rest) = value.split_once('.').expect("a point");
                assert!(
                    digits(whole) && digits(rest) && !whole.is_empty(),
                    "{value}"
                );
            }
        }
    }
}

#[test]
fn a_file_is_what_jenkins_reads() {
    let text = write(&suite(vec![
        case("starts/server", None),
        case("stop/server", Some("expected \"a < b & c\"\nby hand: x")),
    ]))
    .expect("to memory");
    let elements = parsed(&text);
    check_schema(&elements);
    let attribute = |at: usize, name: &str| {
        let (_, attributes, _) = &elements[at];
        attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(attribute(1, "tests").as_deref(), Some("2"));
    assert_eq!(attribute(1, "failures").as_deref(), Some("1"));
    assert_eq!(attribute(1, "time").as_deref(), Some("1234.567"));
    let (path, _, details) = elements.last().expect("a failure");
    assert!(path.ends_with("/failure"), "{path}");
    assert_eq!(details, "expected \"a < b & c\"\nby hand: x");
}

#[test]
fn an_annotation_is_one_command_on_one_line() {
    assert_eq!(
        github::error("smoke: a, b", "50 % of\nit: a::b"),
        "::error title=smoke%3A a%2C b::50 %25 of%0Ait: a::b"
    );
}

proptest! {
    /// Whatever a program has written gets into the file, and the file stays one.
    #[test]
    fn any_text_makes_a_sound_file(name in any::<String>(), details in any::<String>()) {
        let text = write(&suite(vec![case(&name, Some(&details))])).expect("to memory");
        let elements = parsed(&text);
        check_schema(&elements);
        prop_assert_eq!(elements.iter().filter(|(path, ..)| path.ends_with("/failure")).count(), 1);
    }

    /// Nothing that a model writes becomes a command of its own, and nothing is lost.
    #[test]
    fn any_text_makes_one_annotation(title in any::<String>(), message in any::<String>()) {
        let line = github::error(&title, &message);
        prop_assert!(!line.contains(['\n', '\r']));
        let rest = line.strip_prefix("::error title=").expect("the command");
        let (head, tail) = rest.split_once("::").expect("the end of the properties");
        prop_assert_eq!(unescaped(head), title);
        prop_assert_eq!(unescaped(tail), message);
    }
}

fn unescaped(text: &str) -> String {
    ["%3A:", "%2C,", "%0D\r", "%0A\n", "%25%"]
        .iter()
        .fold(text.to_owned(), |text, pair| {
            text.replace(&pair[..3], &pair[3..])
        })
}
