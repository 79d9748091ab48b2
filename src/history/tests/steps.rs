//! The way from each format to the next.

use super::*;

/// A file as version 1 has written it: the schema of that version, and two runs.
const VERSION_1: &str = include_str!("v1.sql");

#[test]
fn what_version_1_has_written_is_read() {
    let home = Home::new();
    home.database(VERSION_1);
    let mut history = home.open();
    let all = history.recent(&Filter::default()).expect("readable");
    let run = |id, run| StoredRun { id, run };
    assert_eq!(all, [run(2, unmeasured()), run(1, self::run())]);
    assert_eq!(
        expected(&mut history).map(|expected| expected.runs),
        Some(1)
    );
    assert_eq!(history.record(&self::run()).expect("written"), 3);
}

#[test]
fn the_first_step_makes_what_version_1_has_made() {
    let schema = |connection: &Connection| -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .expect("valid SQL");
        let rows = statement.query_map([], |row| row.get::<_, String>(0));
        let texts = rows.expect("readable").map(|text| text.expect("text"));
        let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        texts.map(words).collect()
    };
    let mut connection = Connection::open_in_memory().expect("opened");
    schema::migrate(&mut connection, &schema::STEPS[..1]).expect("taken");
    let made = schema(&connection);
    let other = Home::new();
    other.database(VERSION_1);
    let written = Connection::open(other.path()).expect("opened");
    assert_eq!(made, schema(&written));
}

#[test]
fn every_step_is_taken_once() {
    const STEPS: [&str; 2] = ["CREATE TABLE one (x)", "CREATE TABLE two (x)"];
    let mut connection = Connection::open_in_memory().expect("opened");
    for steps in [&STEPS[..1], &STEPS[..1], &STEPS, &STEPS, &STEPS[..1]] {
        schema::migrate(&mut connection, steps).expect("taken");
    }
    // One that fails leaves the version before it.
    let wrong = [
        STEPS[0],
        STEPS[1],
        "CREATE TABLE three (x); CREATE TABLE one (x)",
    ];
    assert!(schema::migrate(&mut connection, &wrong).is_err());
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("readable");
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .expect("readable");
    assert_eq!((version, tables), (2, 2));
}
