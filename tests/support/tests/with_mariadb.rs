//! MariaDB: the command `with-mariadb`, and sessions.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use diesel_tenants_test_support::MariaDb;

#[test]
fn the_command_starts_a_server_and_gives_the_exit_code() {
    let output = Command::new(env!("CARGO_BIN_EXE_with-mariadb"))
        .args(["--", "sh", "-c", "echo \"$DATABASE_URL\"; exit 7"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7));
    let url = String::from_utf8(output.stdout).unwrap();
    assert!(url.starts_with("mysql://root:") && url.contains("@127.0.0.1:"), "{url}");
}

#[test]
fn a_session_gives_rows_and_errors_in_order() {
    let mut session = MariaDb::shared().session().unwrap();
    let rows = |rows: &[&[&str]]| -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| row.iter().map(|&value| value.to_owned()).collect())
            .collect()
    };
    assert_eq!(
        session.run("SELECT 'a;b', \"it's\" # end"),
        Ok(rows(&[&["a;b", "it's"]]))
    );
    let (number, message) = session.run("SELECT * FROM t").unwrap_err();
    assert_eq!((number, &*message), (1046, "No database selected"));
    assert_eq!(session.run("DO 1"), Ok(Vec::new()));
    assert_eq!(
        session.run("SELECT 1 UNION SELECT 2 -- end"),
        Ok(rows(&[&["1"], &["2"]]))
    );
}

#[test]
fn a_server_is_gone_with_the_process_that_was_killed() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-mariadb"))
        .args(["sleep", "60"])
        .spawn()
        .unwrap();
    let name = format!("diesel-tenants-{}-", command.id());
    let left = || {
        let in_folder = |folder: &Path| {
            let mut entries = folder.read_dir().ok()?.filter_map(Result::ok);
            entries.find(|entry| entry.file_name().to_string_lossy().starts_with(&name))
        };
        in_folder(Path::new("/dev/shm")).or_else(|| in_folder(&std::env::temp_dir()))
    };
    let wait = |exists: bool| {
        let begun = Instant::now();
        while left().is_some_and(|entry| !exists || entry.path().join("socket").exists()) != exists {
            assert!(begun.elapsed() < Duration::from_secs(60), "waited for {exists}");
            thread::sleep(Duration::from_millis(20));
        }
    };
    wait(true);
    command.kill().unwrap();
    command.wait().unwrap();
    wait(false);
}
