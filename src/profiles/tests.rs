//! Requests answered on real directories, which each test has to itself.

use std::fs;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

use super::{NewProfile, ProfilesError, Request, Surroundings, execute};
use crate::exit::Exit;
use crate::profile::{Level, ModelRef};
use crate::store::{Paths, Places};

pub(super) struct World {
    pub(super) places: Places,
    _root: TempDir,
}

pub(super) fn world(files: &[(&str, &str)]) -> World {
    let root = TempDir::new().unwrap();
    let at = |name: &str| root.path().join(name);
    for dir in ["config", "work", "home"] {
        fs::create_dir(at(dir)).unwrap();
    }
    for (path, text) in files {
        fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        fs::write(at(path), text).unwrap();
    }
    let places = Places {
        user: at("config"),
        current: at("work"),
        home: Some(at("home")),
    };
    World {
        places,
        _root: root,
    }
}

impl World {
    /// The answer, with the test's own directory taken out, and how it ended.
    pub(super) fn ask(&self, request: &Request) -> (String, Result<(), ProfilesError>) {
        let mut out = Vec::new();
        let result = self.execute(request, &mut out);
        let root = self.places.current.parent().unwrap().display().to_string();
        (
            String::from_utf8(out).unwrap().replace(&root, "ROOT"),
            result,
        )
    }

    /// There is no history here, and no program.
    fn execute(&self, request: &Request, out: &mut dyn Write) -> Result<(), ProfilesError> {
        let root = self.places.current.parent().unwrap();
        let paths = Paths {
            config: self.places.user.clone(),
            cache: root.join("cache"),
            state: root.join("state"),
        };
        let surroundings = Surroundings {
            places: &self.places,
            paths: &paths,
            llama_dir: Some(root.join("llama")),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime
            .unwrap()
            .block_on(execute(request, &surroundings, out))
    }

    pub(super) fn answer(&self, request: &Request) -> String {
        let (text, result) = self.ask(request);
        result.unwrap_or_else(|error| panic!("{error}\n{text}"));
        text
    }

    pub(super) fn file(&self, path: &str) -> String {
        fs::read_to_string(self.places.current.parent().unwrap().join(path)).unwrap()
    }
}

fn new(name: &str, model: &str) -> NewProfile {
    NewProfile {
        name: name.to_owned(),
        model: model.to_owned(),
        extends: "coder".to_owned(),
        force: false,
    }
}

fn show(name: &str, json: bool) -> Request {
    Request::Show {
        name: name.to_owned(),
        overrides: Vec::new(),
        json,
    }
}

const CHECK_ALL: Request = Request::Check { names: Vec::new() };

#[test]
fn files_are_found_at_every_level() {
    let world = world(&[
        ("config/profiles/coder.toml", "seed = 1"),
        (
            "config/profiles/mine.toml",
            "extends = \"coder\"\nmodel = \"~/m.gguf\"",
        ),
        ("config/profiles/.hidden.toml", "]["),
        ("config/profiles/note.txt", "]["),
        ("work/profiles/coder.toml", "max_tokens = 7"),
        (
            "config/orchestrate.toml",
            "memory_budget = \"1 GB\"\ndefault_profile = \"mine\"",
        ),
        (
            "work/orchestrate.toml",
            "memory_budget = \"2 GB\"\nllama_dir = \"build/bin\"",
        ),
        ("profiles/above.toml", "]["),
    ]);
    let set = world.places.profiles().unwrap();
    assert_eq!(
        set.names().collect::<Vec<_>>(),
        ["algorithm", "coder", "mine", "router"]
    );
    let levels: Vec<_> = set.sources("coder").map(|source| source.level).collect();
    assert_eq!(levels, [Level::Project, Level::User, Level::BuiltIn]);
    let coder = set.resolve("coder", &[]).unwrap().profile;
    assert_eq!(
        (coder.seed, coder.max_tokens, coder.context),
        (Some(1), 7, 4096)
    );
    let home = world.places.home.clone().unwrap();
    assert_eq!(
        set.resolve("mine", &[]).unwrap().profile.model,
        ModelRef::File(home.join("m.gguf"))
    );
    let config = world.places.config().unwrap();
    assert_eq!(
        (
            config.memory_budget.unwrap().0,
            config.default_profile.as_str()
        ),
        (2_000_000_000, "mine")
    );
    assert_eq!(
        config.llama_dir,
        Some(world.places.current.join("build/bin"))
    );
}

/// What a file's own name gets to hear, while all the others work.
fn told(world: &World, name: &str) -> String {
    let profiles = world.places.profiles().unwrap();
    assert!(profiles.resolve("coder", &[]).is_ok(), "a neighbour");
    profiles.resolve(name, &[]).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_read_is_named_to_whoever_asks_for_it() {
    let files = world(&[]);
    let path = files.places.project_profiles();
    fs::create_dir_all(path.join("odd.toml")).unwrap();
    let error = told(&files, "odd");
    assert_eq!(
        error,
        "profiles/odd.toml: cannot be read: not a regular file"
    );
    fs::remove_dir(path.join("odd.toml")).unwrap();
    fs::write(path.join("odd.toml"), b"a = \"\xff\"").unwrap();
    let error = told(&files, "odd");
    assert_eq!(error, "profiles/odd.toml: not valid UTF-8 at byte 5");
}

/// Opening a named pipe waits for somebody who writes into it.
#[test]
fn only_regular_files_of_a_sensible_size_are_read() {
    let files = world(&[("work/profiles/large.toml", &"#".repeat(1 << 21))]);
    let large = files.places.project_profiles().join("large.toml");
    let error = told(&files, "large");
    assert!(
        error.ends_with("larger than 1 MiB, which no configuration is"),
        "{error}"
    );
    fs::remove_file(&large).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&large).unwrap();
    let error = told(&files, "large");
    assert!(error.ends_with("not a regular file"), "{error}");
}

#[test]
fn list_is_aligned_and_keeps_broken_ones() {
    let world = world(&[("work/profiles/broken.toml", "model = 3")]);
    assert_eq!(
        world.answer(&Request::List { json: false }),
        "\
NAME       MODEL  CONTEXT  MAX TOKENS  TIMEOUT  FROM
algorithm  demo      4096        1024     auto  built-in profiles/algorithm.toml
broken     -            -           -        -  profiles/broken.toml (wrong: see profiles check)
coder      demo      4096         512     auto  built-in profiles/coder.toml
router     demo      8192          64     auto  built-in profiles/router.toml
"
    );
    let list: serde_json::Value =
        serde_json::from_str(&world.answer(&Request::List { json: true })).unwrap();
    assert_eq!(list[0]["timeout_seconds"], serde_json::Value::Null);
    assert_eq!(list[0]["timeout"], "auto");
    assert_eq!(
        list[1]["error"],
        "profiles/broken.toml:1:1: \"model\" must be one line of text, not 3"
    );
    assert_eq!(list[2]["from"], "built-in profiles/coder.toml");
}

#[test]
fn show_is_itself_a_profile() {
    let world = world(&[]);
    let shown = world.answer(&show("algorithm", false));
    fs::create_dir_all(world.places.project_profiles()).unwrap();
    fs::write(world.places.project_profiles().join("again.toml"), &shown).unwrap();
    let again = world.answer(&show("again", false));
    let values = |text: &str| {
        let table: toml::Table = toml::from_str(text).unwrap();
        table
    };
    assert_eq!(values(&again), values(&shown));
    let json: serde_json::Value =
        serde_json::from_str(&world.answer(&show("coder", true))).unwrap();
    assert_eq!(json["profile"]["sampling"]["temperature"], 0.0);
    assert_eq!(json["profile"]["prompt"]["variables"]["language"], "Python");
    assert_eq!(
        json["origins"]["context"],
        "built-in profiles/coder.toml:13:1"
    );
}

#[test]
fn show_takes_overrides_and_names_the_nearest() {
    let world = world(&[]);
    let overrides = vec!["seed=7".parse().unwrap()];
    let request = Request::Show {
        name: "coder".to_owned(),
        overrides,
        json: false,
    };
    let shown = world.answer(&request);
    assert!(shown.contains("\nseed = 7  # --set\n"), "{shown}");
    let error = world.ask(&show("codr", false)).1.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no profile \"codr\"; did you mean \"coder\"?")
    );
    assert_eq!(error.exit(), Exit::Configuration);
}

#[test]
fn check_tells_each_problem_once() {
    let world = world(&[
        ("work/profiles/coder.toml", "contxt = 1\nthreads = 0"),
        ("work/profiles/lost.toml", "model = \"lost.gguf\""),
        ("work/orchestrate.toml", "default_profile = \"codr\""),
    ]);
    let (text, result) = world.ask(&CHECK_ALL);
    assert_eq!(
        text,
        "\
warning: profiles/lost.toml:1:1: the model ROOT/work/profiles/lost.gguf of profile \"lost\" is missing
profiles/coder.toml:1:1: unknown key \"contxt\"; did you mean \"context\"?
profiles/coder.toml:2:1: \"threads\" must be a whole number from 1 to 512 or \"auto\", not 0
orchestrate.toml: \"default_profile\": no profile \"codr\"; did you mean \"coder\"? (there are: algorithm, coder, lost, router)
"
    );
    let error = result.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.exit()),
        ("3 problems found", Exit::Configuration)
    );
    let some = Request::Check {
        names: vec!["router".to_owned()],
    };
    assert_eq!(world.answer(&some), "1 profile checked, no problems\n");
}

#[test]
fn check_warns_of_a_profile_that_no_command_can_reach() {
    let world = world(&[("work/profiles/auto.toml", "extends = \"coder\"")]);
    assert_eq!(
        world.answer(&CHECK_ALL),
        "\
warning: a profile named \"auto\" cannot be run: `orchestrate run auto` chooses among the profiles that have \
a \"route\"; give its file another name
4 profiles and orchestrate.toml checked, no problems
"
    );
}

#[test]
fn check_of_the_shipped_files_finds_nothing() {
    let expected = "3 profiles and orchestrate.toml checked, no problems\n";
    assert_eq!(world(&[]).answer(&CHECK_ALL), expected);
}

#[test]
fn new_writes_to_the_user_or_to_the_project() {
    let world = world(&[("work/models/a.gguf", "")]);
    let made = world.answer(&Request::New(new("mine", "models/a.gguf")));
    assert_eq!(
        made,
        "wrote ROOT/config/profiles/mine.toml\ntry it: orchestrate run mine \"…\"\n"
    );
    fs::create_dir(world.places.project_profiles()).unwrap();
    world.answer(&Request::New(new("ours", "./models/a.gguf")));
    assert!(
        world
            .file("work/profiles/ours.toml")
            .contains("\nmodel = \"../models/a.gguf\"\n")
    );
    let set = world.places.profiles().unwrap();
    for name in ["mine", "ours"] {
        let profile = set.resolve(name, &[]).unwrap().profile;
        let ModelRef::File(path) = profile.model else {
            panic!("{name}")
        };
        assert!(path.exists(), "{}", path.display());
        assert_eq!(
            (profile.description.as_str(), profile.max_tokens),
            ("coder with a.gguf", 512)
        );
    }
    assert_eq!(
        world
            .answer(&Request::New(new("demo-too", "demo")))
            .lines()
            .next(),
        Some("wrote profiles/demo-too.toml")
    );
}

#[test]
fn new_refuses_what_would_not_work_and_writes_nothing() {
    let world = world(&[("work/profiles/there.toml", "model = \"demo\"")]);
    let refused = |request: NewProfile| {
        let error = world.ask(&Request::New(request)).1.unwrap_err();
        (error.to_string(), error.exit())
    };
    let orphan = NewProfile {
        extends: "codr".to_owned(),
        ..new("x", "demo")
    };
    let (message, exit) = refused(orphan);
    assert!(message.contains("did you mean \"coder\""), "{message}");
    assert_eq!(exit, Exit::Configuration);
    assert_eq!(
        refused(new("there", "demo")),
        (
            "profiles/there.toml is there already; --force replaces it".to_owned(),
            Exit::Usage
        )
    );
    for name in ["", "A", "a b", "../a", "-a", "ä"] {
        assert_eq!(refused(new(name, "demo")).1, Exit::Usage, "{name}");
    }
    assert_eq!(
        fs::read_dir(world.places.project_profiles())
            .unwrap()
            .count(),
        1
    );
    world.answer(&Request::New(NewProfile {
        force: true,
        ..new("there", "demo")
    }));
    assert!(
        world
            .file("work/profiles/there.toml")
            .contains("extends = \"coder\"")
    );
}

#[test]
fn new_warns_when_the_model_is_missing() {
    let world = world(&[]);
    let text = world.answer(&Request::New(new("x", "/nowhere/a.gguf")));
    assert!(
        text.contains("\nwarning: the model /nowhere/a.gguf is missing\n"),
        "{text}"
    );
}

#[test]
fn the_schema_is_json() {
    let text = world(&[]).answer(&Request::Schema);
    assert!(
        serde_json::from_str::<serde_json::Value>(&text)
            .unwrap()
            .is_object()
    );
}

/// A reader that goes away at once, as `head -0` does.
struct Gone;

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = world(&[]);
    for request in [
        Request::List { json: false },
        Request::Schema,
        show("coder", true),
        CHECK_ALL,
    ] {
        assert!(world.execute(&request, &mut Gone).is_ok(), "{request:?}");
    }
    assert!(Path::new(&world.places.current).is_dir());
}
