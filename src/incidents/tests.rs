use std::fs::File;
use std::time::SystemTime;

use super::*;

/// A record as version 1 of the first builds wrote it, before phase, cause and the window's origin.
const OLD: &str = r#"{
  "schema": "orchestrate/incident/v1", "id": "1795456665720-7002", "at_ms": 1795456665720,
  "profile": "coder", "model": "/m.gguf", "program": "/llama-completion", "build": 11434,
  "args": ["-n", "5"], "verdict": "stalled", "message": "it stalled", "exit_code": 125,
  "silent_ms": 10500, "window_ms": 10000, "usable_cpus": 2, "processes": [], "before": [],
  "before_ms": null, "missing": [], "log": ["last words"]
}"#;

fn incidents(dir: &tempfile::TempDir) -> Incidents {
    Incidents::new(dir.path().to_owned())
}

#[test]
fn a_record_of_an_earlier_version_is_read() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("1795456665720-7002.json"), OLD).expect("written");
    let incident = incidents(&dir).get("1795456665720-7002").expect("readable");
    assert_eq!(
        (incident.window_ms, incident.phase, incident.window_from),
        (Some(10_000), None, None)
    );
}

/// It may name its fields as ours, and mean something else.
#[test]
fn a_record_of_another_format_is_not_taken_for_ours() {
    let dir = tempfile::tempdir().expect("a directory");
    let newer = OLD.replace("incident/v1", "incident/v2");
    fs::write(dir.path().join("1-1.json"), newer).expect("written");
    let error = incidents(&dir).get("1-1").expect_err("refused").to_string();
    assert!(error.contains("orchestrate/incident/v2"), "{error}");
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    let dir = tempfile::tempdir().expect("a directory");
    let old: Incident = serde_json::from_str(OLD).expect("a record");
    let incident = Incident {
        phase: Some("decode".to_owned()),
        cause: Some("hung".to_owned()),
        window_from: Some("run".to_owned()),
        slots: vec![slot(&SlotState {
            decoded: Some(40),
            ..SlotState::default()
        })],
        slots_age_ms: Some(700),
        ..old
    };
    incidents(&dir).write(&incident).expect("written");
    assert_eq!(incidents(&dir).get(&incident.id).expect("there"), incident);
}

#[test]
fn what_a_killed_write_has_left_goes_when_it_is_old() {
    let dir = tempfile::tempdir().expect("a directory");
    let left = |name: &str, age: Duration| {
        let file = File::create(dir.path().join(name)).expect("a file");
        file.set_modified(SystemTime::now() - age).expect("a time");
    };
    left(".tmpOld", ABANDONED + Duration::from_secs(60));
    left(".tmpNew", Duration::from_secs(60));
    left("notes", ABANDONED * 2);
    let incident: Incident = serde_json::from_str(OLD).expect("a record");
    incidents(&dir).write(&incident).expect("written");
    let entries = fs::read_dir(dir.path()).expect("a directory").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, [".tmpNew", "1795456665720-7002.json", "notes"]);
}
