//! What the command line says, word for word: help, lists, errors. The transcripts are in
//! `tests/cli/`; `TRYCMD=overwrite cargo test --test cli` writes them anew.

use std::path::Path;

#[test]
fn the_command_line_says_what_the_transcripts_say() {
    // Nobody's configuration, cache or build is here, whoever runs the tests and wherever.
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nobody");
    let home = home.to_str().expect("a path of text");
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "80")
        .env("HOME", home)
        .env("ORCHESTRATE_CONFIG_DIR", home)
        .env("ORCHESTRATE_CACHE_DIR", home)
        .env("ORCHESTRATE_STATE_DIR", home)
        .env("ORCHESTRATE_LLAMA_DIR", home)
        .case("tests/cli/*.trycmd")
        .case("tests/cli/*.toml")
        .run();
}
