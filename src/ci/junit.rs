//! JUnit files as Jenkins defines them (`junit-10.xsd` of its xunit plugin), which GitLab, GitHub's
//! reporters, Azure and Buildkite read too. Only what all of them take is written.

use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

/// Results under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// What was run, such as `orchestrate smoke`.
    pub name: String,
    /// When it began: RFC 3339, UTC.
    pub timestamp: String,
    /// How long all of it took.
    pub took: Duration,
    /// What else is to be known of it, by name.
    pub properties: Vec<(String, String)>,
    /// What was checked, in order.
    pub cases: Vec<Case>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it belongs to: readers group by it.
    pub class: String,
    /// Its name.
    pub name: String,
    /// How long it took.
    pub took: Duration,
    /// What went wrong, if anything.
    pub failure: Option<Failure>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A word for its kind.
    pub kind: String,
    /// In one line.
    pub message: String,
    /// In full.
    pub details: String,
}

/// Writes the file's text.
///
/// # Errors
/// None: it is written to memory.
pub fn write(suite: &Suite) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let name = clean(&suite.name);
    let (tests, failures) = counts(suite);
    let time = seconds(suite.took);
    let totals = [
        ("name", name.as_str()),
        ("tests", &tests),
        ("failures", &failures),
        ("errors", "0"),
        ("time", &time),
    ];
    writer
        .create_element("testsuites")
        .with_attributes(totals)
        .write_inner_content(|writer| {
            writer
                .create_element("testsuite")
                .with_attributes(totals)
                .with_attribute(("skipped", "0"))
                .with_attribute(("timestamp", clean(&suite.timestamp).as_str()))
                .write_inner_content(|writer| {
                    properties(writer, &suite.properties)?;
                    suite.cases.iter().try_for_each(|one| case(writer, one))
                })?;
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn counts(suite: &Suite) -> (String, String) {
    let failures = suite.cases.iter().filter(|case| case.failure.is_some());
    (suite.cases.len().to_string(), failures.count().to_string())
}

fn properties(writer: &mut Writer<Vec<u8>>, properties: &[(String, String)]) -> io::Result<()> {
    // Some readers take an empty element for a mistake.
    if properties.is_empty() {
        return Ok(());
    }
    writer
        .create_element("properties")
        .write_inner_content(|writer| {
            for (name, value) in properties {
                writer
                    .create_element("property")
                    .with_attribute(("name", clean(name).as_str()))
                    .with_attribute(("value", clean(value).as_str()))
                    .write_empty()?;
            }
            Ok(())
        })?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    let element = writer
        .create_element("testcase")
        .with_attribute(("name", clean(&case.name).as_str()))
        .with_attribute(("classname", clean(&case.class).as_str()))
        .with_attribute(("time", seconds(case.took).as_str()));
    let Some(failure) = &case.failure else {
        element.write_empty()?;
        return Ok(());
    };
    element.write_inner_content(|writer| {
        writer
            .create_element("failure")
            .with_attribute(("type", clean(&failure.kind).as_str()))
            .with_attribute(("message", clean(&failure.message).as_str()))
            .write_text_content(BytesText::new(&clean(&failure.details)))?;
        Ok(())
    })?;
    Ok(())
}

/// Seconds with three places and without separators, as the schema wants times.
fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

/// Without what XML 1.0 cannot hold in any form, such as the escape character of colours; in its place
/// stands U+FFFD.
fn clean(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..);
    let chars = text.chars();
    chars
        .map(|c| if allowed(c) { c } else { '\u{fffd}' })
        .collect()
}
