//! The command `with-postgres`.

use std::process::{Command, Output};

fn with_postgres(arguments: &[&str], database_url: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-postgres"));
    command.args(arguments).env_remove("DATABASE_URL");
    if let Some(url) = database_url {
        command.env("DATABASE_URL", url);
    }
    command.output().unwrap()
}

#[test]
fn the_command_finds_a_server_and_gives_the_exit_code() {
    for code in [0, 1, 101] {
        let script = format!("echo \"$DATABASE_URL\"; exit {code}");
        let output = with_postgres(&["--", "sh", "-c", &script], None);
        assert_eq!(output.status.code(), Some(code));
        let url = String::from_utf8(output.stdout).unwrap();
        assert!(
            url.starts_with("postgres://postgres:") && url.ends_with("/postgres\n"),
            "{url}"
        );
    }
}

#[test]
fn a_signal_is_reported_as_a_shell_does() {
    let output = with_postgres(&["sh", "-c", "kill -KILL $$"], None);
    assert_eq!(output.status.code(), Some(137));
}

#[test]
fn a_server_that_is_given_is_passed_on() {
    let output = with_postgres(&["sh", "-c", "echo \"$DATABASE_URL\""], Some("postgres://given"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "postgres://given\n");
}

#[test]
fn what_cannot_be_run_is_an_error_of_its_own() {
    for (arguments, message) in [(&[][..], "usage"), (&["/no/such/program"], "/no/such/program")] {
        let output = with_postgres(arguments, Some("postgres://given"));
        assert_eq!(output.status.code(), Some(125));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(message), "{errors}");
    }
}
