//! `orchestrate report` of nights that `orchestrate bench` has measured.

use std::fs;

use crate::common::World;

#[tokio::test]
async fn what_bench_has_measured_is_reported() {
    let world = World::new();
    world.profile(
        "timed",
        "extends = \"plain\"\ncontext = 512\nthreads = 1\nbatch_threads = 1\n",
    );
    for _ in 0..2 {
        let args = ["--profile", "timed", "--pairs", "2"];
        let night = world.orchestrate("bench", args);
        let night = night.script("ready;write fn;timed 33 10;eos;close");
        night.end().await.left_with(0);
    }
    let document = world.orchestrate("report", ["--json"]).end().await;
    let document = document.left_with(0).json_pretty();
    assert_eq!(document["schema"], "orchestrate.report/1");
    assert_eq!(document["host"]["is_here"], true);
    let suite = &document["suites"][0];
    assert_eq!(
        (&suite["suite"], &suite["nights"]),
        (&"quick".into(), &2.into())
    );
    let cases = suite["cases"].as_array().expect("cases");
    let names: Vec<_> = cases.iter().map(|case| case["case"].clone()).collect();
    assert_eq!(names, ["timed/pp128", "timed/tg32"]);
    for case in cases {
        assert_eq!(case["nights"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            case["last"]["base"]["build"],
            case["last"]["candidate"]["build"]
        );
    }
    let page = world.path("report.html");
    let args = ["-o", page.to_str().expect("UTF-8"), "--suite", "quick"];
    let written = world.orchestrate("report", args).end().await.left_with(0);
    let _ = written.said(&["wrote 2 nights to"]);
    let page = fs::read_to_string(page).expect("a page");
    assert!(
        page.contains("timed&#x2f;tg32") && page.contains("<svg"),
        "{page}"
    );
}
