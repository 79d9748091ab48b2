//! Directories for sockets, in a base of each test's own.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use tempfile::TempDir;

use super::*;

/// In `/tmp`, whatever TMPDIR says: the tests' own directory may be too long.
fn room() -> TempDir {
    TempDir::new_in("/tmp").expect("a directory")
}

fn create(base: &Path) -> Result<SocketDir, SocketDirError> {
    SocketDir::create_in_first(&[base.to_owned()])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o7777
}

/// What a run leaves that was killed.
fn dead(base: &Path, name: &str) -> PathBuf {
    let dir = base.join(name);
    fs::create_dir(&dir).expect("a directory");
    fs::write(dir.join(LOCK), "").expect("a file");
    drop(UnixListener::bind(dir.join(SOCKET)).expect("a socket"));
    dir
}

#[test]
fn it_is_private_and_gone_in_the_end() {
    let room = room();
    let base = room.path().join("not/yet/there");
    let dir = create(&base).expect("made");
    let inside = dir.socket().parent().expect("a directory").to_owned();
    assert_eq!((mode(&base), mode(&inside)), (0o700, 0o700));
    assert_eq!(inside.parent(), Some(base.as_path()));
    let socket = dir.socket().to_str().expect("text");
    assert!(socket.ends_with(".sock") && socket.len() <= 107, "{socket}");
    assert_eq!(socket.len(), base.as_os_str().len() + below_base());
    let _listener = UnixListener::bind(dir.socket()).expect("a socket");
    drop(dir);
    assert!(!inside.exists());
    assert!(base.exists());
}

#[test]
fn the_dead_are_swept_and_the_living_are_kept() {
    let room = room();
    let base = room.path().join("base");
    let living = create(&base).expect("made");
    let killed = dead(&base, "run-aaaaaa");
    let unlocked = base.join("run-bbbbbb");
    fs::create_dir(&unlocked).expect("a directory");
    let second = create(&base).expect("made");
    assert!(!killed.exists() && !unlocked.exists());
    let of = |dir: &SocketDir| dir.socket().parent().expect("a directory").to_owned();
    assert!(of(&living).is_dir() && of(&second).is_dir());
    assert_ne!(of(&living), of(&second));
}

#[test]
fn nothing_else_is_swept() {
    let room = room();
    let base = room.path().join("base");
    drop(create(&base).expect("made"));
    let elsewhere = dead(room.path(), "run-cccccc");
    symlink(&elsewhere, base.join("run-dddddd")).expect("a link");
    let named = dead(&base, "run-long-name");
    let more = dead(&base, "run-eeeeee");
    fs::write(more.join("notes"), "").expect("a file");
    fs::write(base.join("run-ffffff"), "").expect("a file");
    create(&base).expect("made");
    for kept in [
        elsewhere.join(LOCK),
        base.join("run-dddddd"),
        named.join(SOCKET),
        more.join(LOCK),
        base.join("run-ffffff"),
    ] {
        assert!(fs::symlink_metadata(&kept).is_ok(), "{}", kept.display());
    }
}

#[test]
fn a_base_that_others_may_enter_is_refused() {
    let room = room();
    fs::set_permissions(room.path(), fs::Permissions::from_mode(0o750)).expect("changed");
    let error = create(room.path()).expect_err("open");
    let text = error.to_string();
    assert!(
        text.contains("750") && text.contains("`chmod 700 /tmp/"),
        "{text}"
    );
    assert_eq!(mode(room.path()), 0o750);
}

#[test]
fn a_base_that_is_not_ours_is_refused() {
    let room = room();
    fs::set_permissions(room.path(), fs::Permissions::from_mode(PRIVATE)).expect("changed");
    let user = geteuid().as_raw();
    assert!(check(room.path(), user).is_ok());
    let error = check(room.path(), user + 1).expect_err("foreign");
    assert!(matches!(error, SocketDirError::Foreign { owner, .. } if owner == user));
    assert!(!is_dir_of(room.path(), user + 1));
}

#[test]
fn a_base_that_is_a_link_or_a_file_is_refused() {
    let room = room();
    let real = room.path().join("real");
    create(&real).expect("made");
    let link = room.path().join("link");
    symlink(&real, &link).expect("a link");
    let nowhere = room.path().join("nowhere");
    symlink(room.path().join("none"), &nowhere).expect("a link");
    let file = room.path().join("file");
    fs::write(&file, "").expect("a file");
    for base in [link, nowhere, file] {
        let error = create(&base).expect_err("refused");
        assert!(
            matches!(error, SocketDirError::NotADirectory { .. }),
            "{error}"
        );
    }
}

#[test]
fn the_first_base_that_is_short_enough_is_taken() {
    let room = room();
    let of_length = |length: usize| {
        let missing = length - room.path().as_os_str().len() - 1;
        room.path().join("x".repeat(missing))
    };
    let longest = of_length(LONGEST - below_base());
    let too_long = of_length(LONGEST - below_base() + 1);
    let dir = SocketDir::create_in_first(&[too_long.clone(), longest.clone()]).expect("made");
    assert!(dir.socket().starts_with(&longest));
    assert_eq!(dir.socket().as_os_str().len(), LONGEST);
    UnixListener::bind(dir.socket()).expect("a path that the system takes");

    let error = create(&too_long).expect_err("too long").to_string();
    let said = format!("has {} bytes, and the system takes {LONGEST}", LONGEST + 1);
    assert!(error.contains(&said), "{error}");
    assert!(error.contains("ORCHESTRATE_RUNTIME_DIR"), "{error}");
    assert!(!too_long.exists());
}

#[test]
fn the_environment_says_where() {
    let room = room();
    let ours = room.path().to_str().expect("text").to_owned();
    let own = format!("orchestrate-{}", geteuid().as_raw());
    let last = [Path::new("/tmp").join(&own)];
    let bases_of = |given: &[(&str, &str)]| {
        bases(|name| {
            let found = given.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    };
    let all = [
        (VARIABLE, "/somewhere/of/mine"),
        ("XDG_RUNTIME_DIR", &ours),
        ("TMPDIR", &ours),
    ];
    assert_eq!(bases_of(&all), [Path::new("/somewhere/of/mine")]);
    assert_eq!(
        bases_of(&all[1..]),
        [
            room.path().join("orchestrate"),
            room.path().join(&own),
            last[0].clone()
        ]
    );
    // As under cron.
    assert_eq!(bases_of(&[]), last);
    for bad in ["", "relative", "/none/at/all", "/proc/self/status"] {
        let given = [(VARIABLE, ""), ("XDG_RUNTIME_DIR", bad), ("TMPDIR", bad)];
        assert_eq!(bases_of(&given), last, "{bad}");
    }
}

#[test]
fn a_look_makes_nothing_and_finds_what_creating_would() {
    let room = room();
    let look = |base: &Path| {
        let base = base.as_os_str().to_owned();
        SocketPlace::by(move |name| (name == VARIABLE).then(|| base.clone()))
    };
    let absent = room.path().join("sockets");
    let found = look(&absent);
    assert!(found.problem.is_none() && !found.is_there, "{found:?}");
    assert!(!absent.exists());
    assert_eq!(found.length, absent.as_os_str().len() + below_base());

    let open = room.path().join("open");
    fs::create_dir(&open).expect("created");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("changed");
    let problem = look(&open).problem;
    assert!(
        matches!(problem, Some(SocketDirError::Open { .. })),
        "{problem:?}"
    );

    let long = look(&room.path().join("x".repeat(LONGEST)));
    let problem = long.problem;
    assert!(
        matches!(problem, Some(SocketDirError::TooLong { .. })),
        "{problem:?}"
    );

    let file = room.path().join("file");
    fs::write(&file, "").expect("written");
    let below = look(&file.join("below"));
    assert!(below.problem.is_some(), "{below:?}");
}
