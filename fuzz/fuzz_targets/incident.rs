//! Whatever stands in the place of the record of an incident: nothing panics, it is a record or an error,
//! and a record is told to people and to programs, and stays the same when it is written again.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use orchestrate::incidents::{Incident, Incidents};
use orchestrate::postmortem::{Request, execute};

const NAME: &str = "1-1";

fuzz_target!(|bytes: &[u8]| {
    let dir = std::env::temp_dir().join(format!("orchestrate-fuzz-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a directory");
    let incidents = Incidents::new(dir.clone());
    fs::write(dir.join(format!("{NAME}.json")), bytes).expect("written");
    let shown = |request: &Request, as_json| {
        let mut out = Vec::new();
        execute(request, &incidents, as_json, &mut out).map(|()| out)
    };
    let record = incidents.get(NAME);
    for as_json in [false, true] {
        let told = shown(&Request::Show(Some(NAME.to_owned())), as_json);
        assert_eq!(told.is_ok(), record.is_ok());
        assert!(shown(&Request::List, as_json).is_ok());
    }
    if let Ok(record) = record {
        let told = shown(&Request::Show(None), true).expect("a record");
        assert_eq!(
            serde_json::from_slice::<Incident>(&told).expect("JSON"),
            record
        );
        // Its own name might be a path.
        let named = Incident {
            id: NAME.to_owned(),
            ..record
        };
        incidents.write(&named).expect("written");
        assert_eq!(incidents.get(NAME).expect("a record"), named);
    }
});
