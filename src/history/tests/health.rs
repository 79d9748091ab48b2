//! A look that changes nothing.

use std::fs;

use super::{Home, run};
use crate::history::Health;

#[test]
fn a_sound_history_is_counted() {
    let home = Home::new();
    assert_eq!(Health::of(&home.path()), Health::Missing);
    home.record();
    let started = run().started_unix_ms;
    for _ in 0..2 {
        match Health::of(&home.path()) {
            Health::Sound {
                runs,
                newest_unix_ms,
                bytes,
                ..
            } => {
                assert_eq!((runs, newest_unix_ms), (1, Some(started)));
                assert!(bytes > 0);
            }
            other => panic!("{other:?}"),
        }
        // The second time with everything in the one file.
        home.open().close();
    }
}

#[test]
fn damage_is_told_and_left_as_it_is() {
    for (bytes, damaged) in [
        (&b"this is no database, though it has some length: more than a header of 100 bytes has, to be read at all..............."[..], true),
        (&b""[..], false),
    ] {
        let home = Home::new();
        home.holds(bytes);
        let found = Health::of(&home.path());
        assert_eq!(matches!(found, Health::Damaged { .. }), damaged, "{found:?}");
        assert_eq!(fs::read(home.path()).expect("readable"), bytes);
        assert_eq!(home.files(), ["history.db"]);
    }
}

#[test]
fn damage_behind_a_good_header_is_found() {
    let home = Home::new();
    let mut history = home.open();
    for _ in 0..200 {
        history.record(&run()).expect("written");
    }
    history.close();
    let mut bytes = fs::read(home.path()).expect("readable");
    let page = 4096;
    for byte in bytes.iter_mut().skip(2 * page) {
        *byte = 0x5a;
    }
    home.holds(&bytes);
    let found = Health::of(&home.path());
    assert!(matches!(found, Health::Damaged { .. }), "{found:?}");
}

#[test]
fn others_are_told_apart() {
    let newer = "PRAGMA application_id = 1869767528; PRAGMA user_version = 7; CREATE TABLE a (x)";
    for (sql, expected) in [
        (newer, Health::Newer { format: 7 }),
        ("CREATE TABLE history (command)", Health::Foreign),
    ] {
        let home = Home::new();
        home.database(sql);
        assert_eq!(Health::of(&home.path()), expected);
    }
}
