//! However a process with a server ends, neither the server nor its directory is left.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{self, Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use diesel_tenants_test_support::Server;

const ENDING: &str = "DIESEL_TENANTS_TEST_ENDING";

/// What the other tests run: starts the shared server, which nothing ever drops, says where, and ends.
#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn child() {
    let Ok(ending) = env::var(ENDING) else { return };
    let db = Server::shared().database();
    let data = db.query_strings("SHOW data_directory")[0][0].clone().unwrap();
    println!("\ndata {data}");
    match ending.as_str() {
        "returns" => {}
        "exits" => process::exit(0),
        "panics" => panic!("as asked for"),
        "aborts" => process::abort(),
        _ => thread::sleep(Duration::from_secs(600)),
    }
}

fn spawn_child(ending: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(ENDING, ending)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn signal(name: &str, child: &Child) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// The server's directory, from the line that the child prints.
fn directory(output: &mut BufReader<ChildStdout>) -> PathBuf {
    let data = output
        .lines()
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix("data ").map(PathBuf::from));
    data.expect("the child starts a server").parent().unwrap().to_owned()
}

/// Servers' directories of process `pid`, wherever they may be made.
fn directories_of(pid: u32) -> Vec<PathBuf> {
    let prefix = format!("diesel-tenants-{pid}-");
    let parents = [PathBuf::from("/dev/shm"), env::temp_dir()];
    let entries = parents.iter().filter_map(|parent| fs::read_dir(parent).ok()).flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        })
        .collect()
}

/// Processes that name `directory` in their arguments: server, initdb and watchdog do. Linux only, else none.
fn processes_on(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let directory = directory.to_str().unwrap();
    let names_it = |path: &PathBuf| {
        fs::read(path.join("cmdline")).is_ok_and(|arguments| String::from_utf8_lossy(&arguments).contains(directory))
    };
    paths.filter(names_it).collect()
}

#[track_caller]
fn assert_gone(directory: &Path) {
    let begun = Instant::now();
    while directory.exists() || !processes_on(directory).is_empty() {
        let processes = processes_on(directory);
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "left: {}, {processes:?}",
            directory.display()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Each case in a thread of its own: most of the time they wait.
fn at_once<T: Copy + Send, const N: usize>(cases: [T; N], test: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            let test = &test;
            scope.spawn(move || test(case));
        }
    });
}

#[test]
fn nothing_is_left_when_the_process_ends_by_itself() {
    at_once(["returns", "exits", "panics", "aborts"], |ending| {
        let mut child = spawn_child(ending);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let directory = directory(&mut output);
        // Ends with the child, as the watchdog holds none of its outputs.
        output.read_to_end(&mut Vec::new()).unwrap();
        child.wait().unwrap();
        assert_gone(&directory);
    });
}

#[test]
fn nothing_is_left_when_the_process_is_killed() {
    at_once(["KILL", "INT", "TERM", "HUP"], |name| {
        let mut child = spawn_child("waits");
        let directory = directory(&mut BufReader::new(child.stdout.take().unwrap()));
        assert!(directory.exists());
        if cfg!(target_os = "linux") {
            assert!(processes_on(&directory).len() >= 2, "the server and its watchdog");
        }
        signal(name, &child);
        assert!(!child.wait().unwrap().success());
        assert_gone(&directory);
    });
}

#[test]
fn nothing_is_left_when_the_process_is_killed_while_the_server_starts() {
    at_once([0, 20, 100, 250, 400], |milliseconds| {
        let mut child = spawn_child("waits");
        while directories_of(child.id()).is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        let directory = directories_of(child.id()).remove(0);
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_gone(&directory);
    });
}

#[test]
fn nothing_is_left_when_the_server_is_dropped_or_does_not_start() {
    let server = Server::start();
    let data = server.database().query_strings("SHOW data_directory")[0][0]
        .clone()
        .unwrap();
    let directory = Path::new(&data).parent().unwrap().to_owned();
    drop(server);
    assert!(!directory.exists() && processes_on(&directory).is_empty());

    let before = directories_of(process::id());
    Server::builder().setting("no_such_setting", 1).start().unwrap_err();
    let left: Vec<_> = directories_of(process::id())
        .into_iter()
        .filter(|path| !before.contains(path))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
