//! Files that are damaged, newer, foreign, held, or cannot be written.

use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::Connection;

use super::{BUILD, HOST, Home, MODEL, SETTINGS, run};
use crate::history::{Filter, History, HistoryError, Retention, read_only, schema};

#[test]
fn a_newer_file_and_a_strange_one_are_left_as_they_are() {
    for (sql, words) in [
        (
            "PRAGMA application_id = 1869767528; PRAGMA user_version = 7; CREATE TABLE a (x)",
            "a newer version of orchestrate has written it (format 7; this one knows 2)",
        ),
        (
            "CREATE TABLE history (command)",
            "it is the database of another program",
        ),
    ] {
        let home = Home::new();
        home.database(sql);
        let before = fs::read(home.path()).expect("readable");
        let error = History::open(&home.path()).expect_err("left").to_string();
        assert!(error.contains(words), "{error}");
        let path = home.path();
        assert!(error.contains(path.to_str().expect("text")), "{error}");
        assert_eq!(fs::read(home.path()).expect("readable"), before);
        assert_eq!(home.files(), ["history.db"]);
    }
}

#[test]
fn a_damaged_file_is_set_aside() {
    for damaged in [
        &b"this is no database, though it has some length: more than a header of 100 bytes has, to be read at all..............."[..],
        &b"SQLite format 3\0 and then nothing of the kind"[..],
    ] {
        let home = Home::new();
        home.holds(damaged);
        let mut history = home.open();
        let aside = history.set_aside().map(Path::to_owned).expect("set aside");
        assert!(aside.ends_with("history.db.corrupt-1"), "{}", aside.display());
        assert_eq!(fs::read(&aside).expect("readable"), damaged);
        assert_eq!(history.record(&run()).expect("written"), 1);
        history.close();
        assert_eq!(home.open().set_aside(), None, "said once");
        home.holds(damaged);
        let again = home.open().set_aside().map(Path::to_owned);
        assert!(again.expect("set aside").ends_with("history.db.corrupt-2"));
    }
}

/// The first page of each table and index, from 1.
fn roots(home: &Home) -> Vec<usize> {
    let connection = Connection::open(home.path()).expect("opened");
    let sql = "SELECT rootpage FROM sqlite_schema WHERE rootpage > 1";
    let mut statement = connection.prepare(sql).expect("valid SQL");
    let rows = statement.query_map([], |row| row.get::<_, i64>(0));
    let roots = rows.expect("readable").map(|root| root.expect("a number"));
    let roots = roots.map(|root| usize::try_from(root).expect("positive"));
    roots.collect()
}

#[test]
fn damage_behind_a_good_header_is_found_when_it_is_met() {
    let home = Home::new();
    home.record();
    let mut bytes = fs::read(home.path()).expect("readable");
    // Everything but the header and the list of tables.
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    for root in roots(&home) {
        bytes[(root - 1) * page..root * page].fill(0xff);
    }
    home.holds(&bytes);
    let mut history = home.open();
    assert_eq!(history.set_aside(), None);
    assert_eq!(history.record(&run()).expect("written"), 1);
    assert!(history.set_aside().is_some());

    // A table that is not there is damage, too.
    let home = Home::new();
    drop(home.open());
    let connection = Connection::open(home.path()).expect("opened");
    connection.execute_batch("DROP TABLE runs").expect("valid");
    drop(connection);
    let mut history = home.open();
    assert_eq!(history.recent(&Filter::default()).expect("fresh"), []);
    assert!(history.set_aside().is_some());
}

#[test]
fn who_comes_second_to_the_damage_takes_the_fresh_file() {
    let home = Home::new();
    home.record();
    let (mut first, mut second) = (home.open(), home.open());
    for history in [&mut first, &mut second] {
        history.start_over().expect("fresh");
        history.record(&run()).expect("written");
    }
    assert!(first.set_aside().is_some());
    assert_eq!(second.set_aside(), None);
    assert_eq!(home.open().count().expect("readable"), 2);
}

#[test]
fn a_full_disk_is_named_and_leaves_what_was_there() {
    let home = Home::new();
    let mut history = home.open();
    history.record(&run()).expect("written");
    let pages: i64 = history
        .connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .expect("readable");
    history
        .connection
        .pragma_update(None, "max_page_count", pages)
        .expect("set");
    let mut large = run();
    large.settings.hash = "other".to_owned();
    large.settings.json = "x".repeat(100_000);
    let error = history.record(&large).expect_err("no room").to_string();
    assert!(error.contains("its disk is full"), "{error}");
    assert_eq!(history.count().expect("readable"), 1);
}

#[test]
fn a_writer_that_holds_the_file_is_waited_for_and_then_named() {
    let home = Home::new();
    let mut history = home.open();
    let other = home.open();
    other
        .connection
        .execute_batch("BEGIN IMMEDIATE")
        .expect("held");
    // Not for as long as a user would have to.
    history
        .connection
        .busy_timeout(Duration::from_millis(1))
        .expect("set");
    let error = history.record(&run()).expect_err("held").to_string();
    assert!(error.contains("another process has held it"), "{error}");
    // Who reads need not wait.
    assert_eq!(history.count().expect("readable"), 0);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let home = Home::new();
    fs::write(home.directory.path().join("state"), "a file").expect("written");
    let error = History::open(&home.path()).expect_err("in the way");
    let words = error.to_string();
    assert!(words.contains("ORCHESTRATE_STATE_DIR"), "{words}");
    assert!(matches!(error, HistoryError::Directory { .. }), "{words}");
}

#[test]
fn a_file_that_cannot_be_written_is_read() {
    let home = Home::new();
    home.record();
    // With every character that means something in a URI.
    let name = home.directory.path().join("a%20 ?immutable=0#é.db");
    fs::copy(home.path(), &name).expect("copied");
    let connection = read_only(&name).expect("opened");
    assert!(schema::is_current(&connection));
    assert!(connection.execute_batch("DELETE FROM runs").is_err());
}

#[test]
fn nothing_is_created_for_who_only_asks_whether_there_is_one() {
    let home = Home::new();
    let history = History::open_existing(&home.path()).expect("no error");
    assert!(history.is_none());
    assert!(!home.path().exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_damage_is_survived(at in 0_usize..60_000, bytes in prop::collection::vec(any::<u8>(), 1..64)) {
        let home = Home::new();
        home.record();
        let mut file = fs::read(home.path()).expect("readable");
        let at = at % file.len();
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        home.holds(&file);
        // Whatever it is, it is a history or an error.
        if let Ok(mut history) = History::open(&home.path()) {
            let _ = history.recent(&Filter::default());
            let _ = history.expected(HOST, MODEL, BUILD, SETTINGS);
            let _ = history.record(&run());
            let _ = history.prune(Retention::new(1, 1), u64::MAX);
        }
    }
}
